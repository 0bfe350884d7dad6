package zendesktest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is one entry of the log. It holds no credentials and no bodies.
type Request struct {
	// ID is the X-Request-Id of the answer.
	ID     string
	At     time.Time
	Method string
	Path   string
	// Query is the query as sent, with upload tokens and credentials blotted
	// out.
	Query string
	// Key is the Idempotency-Key.
	Key string
	// Status is what was answered; 0 means nothing (yet).
	Status int
}

// logged is how many requests the log keeps.
const logged = 4096

// book is what the account writes down about its clients.
type book struct {
	ring       []*Request
	count      int
	unknown    []string
	violations []string
	embargoes  []embargo
}

// embargo is a Retry-After that has been given and not yet passed.
type embargo struct {
	from, until time.Time
	same        string // the request that was put off
	all         bool   // every request was
	status      int
}

// exchange is a request as the log sees it, and the ResponseWriter of its
// answer.
type exchange struct {
	http.ResponseWriter
	s     *Server
	entry *Request
	same  string
	local bool   // a 429 is about this request only, not about the account
	keyed *keyed // set when the account has served a keyed request
	tee   *bytes.Buffer
}

// Unwrap lets http.ResponseController reach the real writer.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader notes the status, before the client can know it.
func (x *exchange) WriteHeader(status int) {
	x.s.mu.Lock()
	x.entry.Status = status
	if after := x.Header().Get("Retry-After"); after != "" {
		x.s.putOff(x, after)
	}
	x.s.mu.Unlock()
	x.ResponseWriter.WriteHeader(status)
}

// Write keeps a copy of answers that may have to be replayed.
func (x *exchange) Write(p []byte) (int, error) {
	if x.tee != nil {
		x.tee.Write(p)
	}
	return x.ResponseWriter.Write(p)
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }

// begin writes a request into the log and notes what is wrong with it at
// first sight.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) (*exchange, *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.book.count++
	e := &Request{
		ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", s.book.count, s.book.count), At: now,
		Method: r.Method, Path: r.URL.Path, Query: blot(r.URL.Query()), Key: r.Header.Get("Idempotency-Key"),
	}
	x := &exchange{ResponseWriter: w, s: s, entry: e, same: fmt.Sprint(r.Method, " ", r.URL.RequestURI(), " ", e.Key, " ", r.ContentLength)}
	if s.opt.RememberFailures && e.Key != "" {
		x.tee = new(bytes.Buffer)
	}
	if len(s.book.ring) >= logged {
		s.book.ring = slices.Delete(s.book.ring, 0, logged/4)
	}
	s.book.ring = append(s.book.ring, e)
	s.dress(w.Header())
	w.Header().Set("X-Request-Id", e.ID)

	s.inspect(x, r, now)
	return x, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
}

func (s *Server) inspect(x *exchange, r *http.Request, now time.Time) {
	what := r.Method + " " + r.URL.Path
	for name := range r.URL.Query() {
		if slices.Contains(credentials, name) {
			s.violation("%s carries %s in its URL", what, name)
		}
	}
	if x.entry.Key != "" && (r.Method != http.MethodPost || strings.TrimSuffix(r.URL.Path, ".json") != "/api/v2/tickets") {
		s.violation("%s carries an Idempotency-Key, which protects nothing there", what)
	}
	s.book.embargoes = slices.DeleteFunc(s.book.embargoes, func(e embargo) bool { return !now.Before(e.until) })
	for _, e := range s.book.embargoes {
		// Other requests may have been on their way when the answer was given:
		// they have a second.
		if e.same == x.same || e.all && now.Sub(e.from) > time.Second {
			s.violation("%s comes %s before the Retry-After of a %d is over", what, e.until.Sub(now).Round(time.Millisecond), e.status)
			break
		}
	}
}

// finish runs when the answer has been given or lost.
func (s *Server) finish(x *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.keyed != nil && x.tee != nil && x.entry.Status >= 400 && x.keyed.answer != nil {
		// The account acted and its front answered otherwise: what is
		// remembered is what was said.
		h := http.Header{"Content-Type": x.Header()["Content-Type"]}
		x.keyed.answer = &answer{status: x.entry.Status, header: h, body: x.tee.Bytes()}
	}
}

// putOff remembers that a client was told to come back later.
func (s *Server) putOff(x *exchange, after string) {
	now := s.now()
	until, err := http.ParseTime(after)
	if n, e := strconv.Atoi(after); e == nil {
		until, err = now.Add(time.Duration(n)*time.Second), nil
	}
	if err == nil {
		s.book.embargoes = append(s.book.embargoes, embargo{
			from: now, until: until, same: x.same, status: x.entry.Status,
			all: x.entry.Status == http.StatusTooManyRequests && !x.local,
		})
	}
}

// credentials are the parameters that must not stand in a URL.
var credentials = []string{"access_token", "refresh_token", "client_secret", "code", "code_verifier", "api_token", "password"}

func blot(q url.Values) string {
	for name := range q {
		if name == "token" || slices.Contains(credentials, name) {
			q.Set(name, "x")
		}
	}
	return q.Encode()
}

// dress sets the headers that every answer carries.
func (s *Server) dress(h http.Header) {
	h.Set("Date", s.now().Format(http.TimeFormat)) // of the account's clock
	s.tellRate(h)
}

// Requests returns the log, oldest first; of a long one the newest.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Request, len(s.book.ring))
	for i, e := range s.book.ring {
		out[i] = *e
	}
	return out
}

// Count returns how many requests there were, forgotten ones included.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.book.count
}

// ResetRequests empties the log and sets Count to zero.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.ring, s.book.count = nil, 0
}

// Unknown returns the routes that were asked for in vain, and the fields and
// query parameters that were sent and not acted upon, each once.
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.book.unknown)
}

// Violations returns what clients did that the service would suffer from:
// coming back before Retry-After has passed, credentials in a URL, passwords,
// an idempotency key used for two bodies, guards that guard nothing.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.book.violations)
}

func (s *Server) note(list *[]string, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	remember(list, what)
}

// violation needs the lock.
func (s *Server) violation(format string, args ...any) {
	remember(&s.book.violations, fmt.Sprintf(format, args...))
}

func remember(list *[]string, what string) {
	if len(*list) < logged && !slices.Contains(*list, what) {
		*list = append(*list, what)
	}
}
