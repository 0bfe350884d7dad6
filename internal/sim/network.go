package sim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// network is what is between the processes and the services. It holds every
// request back until nothing else in the cell can go on.
type network struct {
	mu     sync.Mutex // guards arrived
	came   []*call
	bell   chan struct{} // somebody called
	bodies atomic.Int64  // answers that nobody has closed
}

// line is a process's connection to one service.
type line struct {
	c    *cell
	life *life
	to   service
}

// call is a request on its way.
type call struct {
	life    *life
	to      service
	req     *http.Request
	body    []byte
	op      operation
	item    string
	attempt int
	trouble trouble
	answer  chan answer
	posted  func() // not a request, but what the cell is to do
}

type answer struct {
	resp *http.Response
	err  error
}

var (
	errUnreached = errors.New("connection refused")
	errLost      = errors.New("connection reset by peer")
	errDead      = errors.New("the process is dead")
)

// RoundTrip implements http.RoundTripper.
func (l line) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{life: l.life, to: l.to, req: req, op: operationOf(l.to, req), answer: make(chan answer, 1)}
	if req.Body != nil {
		var err error
		c.body, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	n := &l.c.network
	n.mu.Lock()
	n.came = append(n.came, c)
	n.mu.Unlock()
	select {
	case n.bell <- struct{}{}:
	default:
	}
	select {
	case a := <-c.answer:
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil && !errors.Is(a.err, errUnreached) {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		if a.err != nil {
			return nil, a.err
		}
		n.bodies.Add(1)
		a.resp.Request = req
		a.resp.Body.(*body).bind(req.Context(), n)
		return a.resp, nil
	case <-req.Context().Done():
		if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{}) // it was on its way
		}
		return nil, context.Cause(req.Context())
	}
}

// take returns who called since, in an order that does not depend on which
// goroutine was faster.
func (n *network) take() []*call {
	n.mu.Lock()
	came := n.came
	n.came = nil
	n.mu.Unlock()
	slices.SortStableFunc(came, func(a, b *call) int {
		return cmp.Or(strings.Compare(a.name(), b.name()), bytes.Compare(a.body, b.body))
	})
	return came
}

func (c *call) name() string {
	if c.posted != nil {
		return fmt.Sprint(c.life.n, c.op)
	}
	return fmt.Sprint(c.life.n, c.op, c.req.URL)
}

// perform lets a service act, and returns what it says.
func perform(h http.Handler, c *call) (resp *http.Response) {
	r := c.req.Clone(context.Background())
	r.Body, r.RequestURI, r.RemoteAddr = io.NopCloser(bytes.NewReader(c.body)), r.URL.RequestURI(), "192.0.2.1:1"
	r.TLS = new(tls.ConnectionState)
	r.Host = r.URL.Host
	switch {
	case c.req.Body == nil:
		r.Body, r.ContentLength = http.NoBody, 0
	case c.req.ContentLength < 0:
		r.TransferEncoding = []string{"chunked"}
	}
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			resp = nil // the connection was closed
		}
	}()
	h.ServeHTTP(w, r)
	return w.Result()
}

// body is that of an answer. It may end in the middle, or stop there.
type body struct {
	text  []byte // all that arrives
	data  io.Reader
	cut   int // -1 is not
	stall bool

	ctx    context.Context
	n      *network
	closed atomic.Bool
}

func (b *body) bind(ctx context.Context, n *network) { b.ctx, b.n = ctx, n }

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.data.Read(p)
	if err == io.EOF && b.cut >= 0 {
		if !b.stall {
			return n, io.ErrUnexpectedEOF
		}
		<-b.ctx.Done() // who waits for ever does so in vain
		return n, context.Cause(b.ctx)
	}
	return n, err
}

func (b *body) Close() error {
	if !b.closed.Swap(true) {
		b.n.bodies.Add(-1)
	}
	return nil
}

// wrap makes of what a service said what arrives of it.
func wrap(resp *http.Response, t trouble) *http.Response {
	data, _ := io.ReadAll(resp.Body)
	b := &body{cut: -1}
	if t.kind == cut || t.kind == stall {
		b.cut, b.stall = len(data)/2, t.kind == stall
		data = data[:b.cut]
	}
	b.text, b.data = data, bytes.NewReader(data)
	resp.Body = b
	return resp
}

// travel is how long a request or an answer is on its way.
func (c *cell) travel(call *call, way string) time.Duration {
	return c.dice.between(time.Millisecond, 80*time.Millisecond, way, call.op, call.item, call.attempt, call.life.n)
}
