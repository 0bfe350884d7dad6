package contracts_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
)

// record serves a fake and checks all that passes.
func (l *ledger) record(by who, fake http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{method: r.Method, target: r.URL, asked: r.Header.Clone()}
		in := &question{body: r.Body}
		r.Body = in
		out := &answer{ResponseWriter: w, x: x}
		whole := false
		defer func() {
			// A fault that loses or cuts an answer ends in a panic, which goes on.
			if !whole {
				x.status = 0
			}
			x.question, x.whole = in.read.Bytes(), in.ended || int64(in.read.Len()) == r.ContentLength
			l.add(by, x)
		}()
		fake.ServeHTTP(out, r)
		if x.status == 0 {
			out.WriteHeader(http.StatusOK)
		}
		whole = true
	})
}

// question keeps what is read of a request.
type question struct {
	body  io.ReadCloser
	read  bytes.Buffer
	ended bool
}

func (q *question) Read(p []byte) (int, error) {
	n, err := q.body.Read(p)
	q.read.Write(p[:n])
	q.ended = q.ended || err == io.EOF
	return n, err
}

func (q *question) Close() error { return q.body.Close() }

// answer keeps what is written of an answer.
type answer struct {
	http.ResponseWriter
	x *exchange
}

func (a *answer) WriteHeader(status int) {
	if a.x.status == 0 {
		a.x.status, a.x.told = status, maps.Clone(a.Header())
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.x.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	a.x.answer = append(a.x.answer, p...)
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the real writer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
