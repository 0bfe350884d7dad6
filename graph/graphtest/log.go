package graphtest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is one HTTP request as the server saw it.
type Request struct {
	Method string
	Path   string // unescaped; a slash within an id stays %2F
	Query  string // as sent
	Status int    // 0 while it is being served, or when no answer was sent
	At     time.Time
}

// record remembers requests, unknown ones and violations.
type record struct {
	mu         sync.Mutex // guards what follows
	requests   []*Request
	total      int
	unknown    []string
	violations []string
}

// kept bounds each list of a record; the oldest go first.
const kept = 10_000

func keep[T any](list []T, v T) []T {
	if len(list) >= kept {
		list = slices.Delete(list, 0, kept/10)
	}
	return append(list, v)
}

func (l *record) begin(r *http.Request, now time.Time) *Request {
	p := r.URL.Path
	if segs, err := segments(r.URL.EscapedPath()); err == nil {
		p = plainPath(segs)
	}
	e := &Request{Method: r.Method, Path: p, Query: r.URL.RawQuery, At: now}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.requests = keep(l.requests, e)
	return e
}

func (l *record) end(e *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Status = status
}

func (l *record) violation(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations = keep(l.violations, fmt.Sprintf(format, args...))
}

func (l *record) miss(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unknown = keep(l.unknown, what)
}

// Requests returns the HTTP requests so far in the order they came, the last
// 10,000 at most. A batch is one request. Nothing of headers or bodies is kept.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	list := make([]Request, len(s.log.requests))
	for i, e := range s.log.requests {
		list[i] = *e
	}
	return list
}

// Count returns how many HTTP requests came since the server was made or
// ResetRequests was called.
func (s *Server) Count() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.total
}

// ResetRequests forgets the requests so far, and sets Count to 0.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests, s.log.total = nil, 0
}

// Unknown returns what was asked for and refused because this server does not
// implement it: routes, query options, properties. A test that means to
// exercise real behaviour should find it empty.
func (s *Server) Unknown() []string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.unknown)
}

// Violations returns what clients did that Microsoft's guidance forbids: more
// requests in flight than a mailbox allows, repeating a request before its
// Retry-After had elapsed, and sending credentials to an upload URL.
func (s *Server) Violations() []string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.violations)
}

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func readUpTo(r io.Reader, n int64) ([]byte, error) { return io.ReadAll(io.LimitReader(r, n)) }
