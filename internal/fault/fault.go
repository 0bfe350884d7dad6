// Package fault scripts failures into the fake servers: a Script stands in
// front of an http.Handler and makes chosen requests fail in chosen ways.
package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault describes one failure and the requests that it befalls. The zero
// value of a field means "any" when it selects and "nothing special" when it
// acts. Its JSON form is what the sandbox's control port takes.
type Fault struct {
	// Method selects requests by method; "" is any.
	Method string `json:"method,omitempty"`
	// Path selects requests by a pattern of path.Match over the whole
	// unescaped path, in which a last element "**" stands for any rest; "" is
	// any path.
	Path string `json:"path,omitempty"`
	// Contains selects requests whose body holds this text, for picking one
	// mail out of many. Only bodies up to 1 MiB are looked into.
	Contains string `json:"contains,omitempty"`
	// Skip lets that many selected requests pass first.
	Skip int `json:"skip,omitempty"`
	// Times is how many selected requests fail: 0 is one, -1 is all.
	Times int `json:"times,omitempty"`

	// Delay holds the request back before anything else happens to it.
	Delay Duration `json:"delay,omitempty"`
	// Commit lets the server act before the answer is lost or replaced: the
	// client cannot know. Without it the server never hears the request.
	Commit bool `json:"commit,omitempty"`
	// Status answers with this status, Code, RetryAfter and Body.
	Status int `json:"status,omitempty"`
	// Code is the vendor's error code for the answer, in the vendor's own
	// envelope; "" takes one that is usual for Status.
	Code string `json:"code,omitempty"`
	// RetryAfter is sent as is, in seconds or as an HTTP date; "" sends none.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Body replaces the vendor's envelope, to send what is not JSON.
	Body string `json:"body,omitempty"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`
	// Cut sends the server's own answer up to this many octets of its body,
	// then closes the connection.
	Cut int64 `json:"cut,omitempty"`
	// Hang holds the answer back until the client gives up.
	Hang bool `json:"hang,omitempty"`
}

// Duration is a time.Duration whose JSON form is a string such as "1m30s".
type Duration time.Duration

// MarshalJSON writes d as time.Duration's String does.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

// UnmarshalJSON reads what time.ParseDuration reads.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is a string such as \"1m30s\": %w", err)
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// Script holds faults in the order they were added; of those that select a
// request the first that is not used up befalls it. The zero value is an
// empty script. It is safe for concurrent use.
type Script struct {
	// Answer writes the vendor's error envelope.
	Answer func(w http.ResponseWriter, r *http.Request, status int, code string)

	mu     sync.Mutex // guards what follows
	faults []*armed
}

type armed struct {
	Fault
	seen int
}

// Add appends f to the script. It refuses what cannot work.
func (s *Script) Add(f Fault) error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault: %d is not the status of an answer: 200 to 599", f.Status)
	case f.Delay < 0 || f.Cut < 0 || f.Skip < 0 || f.Times < -1:
		return errors.New("fault: delay, cut and skip are not negative, and times is -1 at the least")
	case f.Delay == 0 && !f.Commit && f.Status == 0 && !f.Drop && f.Cut == 0 && !f.Hang:
		return errors.New("fault: nothing would happen: give one of status, drop, cut, hang, commit and delay")
	}
	if _, err := path.Match(strings.TrimSuffix(f.Path, "/**"), ""); err != nil {
		return fmt.Errorf("fault: path %q: %w", f.Path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &armed{Fault: f})
	return nil
}

// Clear empties the script.
func (s *Script) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Wrap puts the script before h.
func (s *Script) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := s.take(r)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		s.befall(f, h, w, r)
	})
}

// peekable is how much of a body Contains looks into.
const peekable = 1 << 20

func (s *Script) take(r *http.Request) (Fault, bool) {
	text := s.peek(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.faults {
		if a.Times >= 0 && a.seen >= a.Skip+max(a.Times, 1) || !a.selects(r, text) {
			continue
		}
		a.seen++
		if a.seen > a.Skip {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

// peek reads the body of r for the faults that look into bodies, and puts it
// back. Nothing is locked while it reads.
func (s *Script) peek(r *http.Request) string {
	s.mu.Lock()
	wanted := slices.ContainsFunc(s.faults, func(a *armed) bool { return a.Contains != "" })
	s.mu.Unlock()
	if !wanted || r.ContentLength < 0 || r.ContentLength > peekable {
		return ""
	}
	body := new(strings.Builder)
	_, _ = io.Copy(body, r.Body) // what is missing, the handler misses as well
	r.Body = io.NopCloser(strings.NewReader(body.String()))
	return body.String()
}

func (f *Fault) selects(r *http.Request, text string) bool {
	return (f.Method == "" || f.Method == r.Method) && f.selectsPath(r.URL.Path) && strings.Contains(text, f.Contains)
}

func (f *Fault) selectsPath(p string) bool {
	if f.Path == "" {
		return true
	}
	if head, ok := strings.CutSuffix(f.Path, "/**"); ok {
		n := strings.Count(head, "/") + 1
		parts := strings.SplitN(p, "/", n+1)
		if len(parts) <= n {
			return false
		}
		p, f = strings.Join(parts[:n], "/"), &Fault{Path: head}
	}
	ok, _ := path.Match(f.Path, p)
	return ok
}

func (s *Script) befall(f Fault, h http.Handler, w http.ResponseWriter, r *http.Request) {
	if f.Delay > 0 {
		t := time.NewTimer(time.Duration(f.Delay))
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Cut > 0 {
		h.ServeHTTP(&cutter{ResponseWriter: w, left: f.Cut}, r)
		return
	}
	if f.Commit {
		h.ServeHTTP(&discarder{header: http.Header{}}, r)
	}
	switch {
	case f.Hang:
		// A server notices that its client has left only once the request is read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		if f.Body != "" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
			w.WriteHeader(f.Status)
			_, _ = w.Write([]byte(f.Body))
			return
		}
		s.Answer(w, r, f.Status, f.Code)
	case f.Commit:
		panic(http.ErrAbortHandler) // acted, and the answer is lost
	default:
		h.ServeHTTP(w, r) // only delayed
	}
}

// discarder lets a handler act without anybody hearing its answer.
type discarder struct{ header http.Header }

func (d *discarder) Header() http.Header         { return d.header }
func (d *discarder) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarder) WriteHeader(int)             {}

// cutter passes an answer on and breaks the connection in its middle.
type cutter struct {
	http.ResponseWriter
	left int64
}

func (c *cutter) Write(p []byte) (int, error) {
	if int64(len(p)) <= c.left {
		c.left -= int64(len(p))
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Unwrap lets http.ResponseController reach the real writer.
func (c *cutter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
