package zendesktest

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/exdesk/exdesk/internal/fault"
)

// Fault describes one scripted failure and the requests that it befalls.
//
//	Method, Path, Contains    which requests: by method, by a pattern of path.Match
//	                          over the whole path ("**" at its end is any rest), by
//	                          a text in the body; empty is any
//	Skip, Times               let so many pass first; then so many fail: 0 is one, -1 all
//	Delay                     hold the request back
//	Commit                    act first, then lose or replace the answer
//	Status, Code, RetryAfter  answer with these, in the service's own envelope
//	Body                      or with this text instead
//	Drop                      close the connection without an answer
//	Cut                       send so many octets of the real answer, then close
//	Hang                      answer nothing until the client gives up
//
// In JSON the names begin with a small letter, and Delay is such as "1m30s".
type Fault = fault.Fault

// Duration is the type of Fault.Delay.
type Duration = fault.Duration

// Server is one account. Make it with New; the zero value does not work.
type Server struct {
	opt    Options
	script fault.Script
	front  http.Handler
	sum    string // the account's API token
	secret string // the OAuth client's secret

	mu      sync.Mutex // guards what follows; never held over I/O or sleep
	offset  time.Duration
	lastID  int64
	agent   *user
	users   map[int64]*user
	byEmail map[string]*user // by folded address
	support []*supportAddress
	tokens  map[string]*token // by access token
	refresh map[string]*token // by refresh token
	codes   map[string]*code
	granted []Grant   // the newest
	tickets []*ticket // ticket n is at n-1
	uploads map[string]*upload
	ordered []*upload        // in order of creation
	files   map[string]*file // by the key of their content_url
	held    []*file          // whose content is kept, oldest first
	holding int64            // octets of it
	aborted int
	groups  map[int64]bool
	jobs    map[string]*job
	keys    map[string]*keyed
	sweepAt int
	buckets map[string]*bucket
	book    book
}

// New returns an account as opt says; nil is the same as no options. It does
// no I/O and starts no goroutine. It panics if there is no such Options.Role.
func New(opt *Options) *Server {
	s := &Server{
		opt:     opt.withDefaults(),
		sum:     secretText(),
		secret:  secretText(),
		lastID:  1 << 43, // QUIRK: ids of the service are beyond 2^43
		users:   map[int64]*user{},
		byEmail: map[string]*user{},
		tokens:  map[string]*token{},
		refresh: map[string]*token{},
		codes:   map[string]*code{},
		uploads: map[string]*upload{},
		files:   map[string]*file{},
		groups:  map[int64]bool{},
		jobs:    map[string]*job{},
		keys:    map[string]*keyed{},
		sweepAt: 1024,
		buckets: map[string]*bucket{},
	}
	if s.opt.PublicClient {
		s.secret = ""
	}
	if !s.opt.Epoch.IsZero() {
		s.offset = time.Until(s.opt.Epoch)
	}
	role, light := strings.CutPrefix(s.opt.Role, "light ")
	s.agent = s.addUser("API agent", s.opt.Agent, role)
	s.agent.setLight(light)
	for _, a := range s.opt.Agents {
		s.addUser(a, a, "agent")
	}
	for _, a := range s.opt.SupportAddresses {
		s.addSupport(SupportAddress{Email: a})
	}
	s.script.Answer = s.answerFault
	s.front = s.script.Wrap(http.HandlerFunc(s.serve))
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, r := s.begin(w, r)
	defer s.finish(x) // also when a fault breaks the connection
	s.front.ServeHTTP(x, r)
}

// Fault adds f to the script of failures. It refuses what cannot work.
func (s *Server) Fault(f Fault) error { return s.script.Add(f) }

// ClearFaults empties the script of failures.
func (s *Server) ClearFaults() { s.script.Clear() }

// serve is the account itself, behind the script of failures.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r, x: exchangeOf(r), base: base(r)}
	a := s.dispatch(c)
	s.mu.Lock()
	s.dress(w.Header())
	s.mu.Unlock()
	a.write(w)
}

func (s *Server) dispatch(c *call) *answer {
	rt, path := match(c)
	if rt == nil {
		// A path that nothing serves is told before credentials are looked at.
		s.note(&s.book.unknown, c.r.Method+" "+path)
		return plain(http.StatusNotFound, "InvalidEndpoint", "Not found")
	}
	c.route = rt
	if !rt.outside {
		if a := s.admit(c); a != nil {
			return a
		}
	}
	for name := range c.r.URL.Query() {
		if !rt.knows(name) {
			s.note(&s.book.unknown, "query parameter "+name+" of "+c.r.Method+" "+rt.pattern)
		}
	}
	return rt.serve(s, c)
}

// admit checks credentials, limits and scope, in this order.
func (s *Server) admit(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.authenticate(c); a != nil {
		return a
	}
	if c.token == nil && !c.route.anonymous {
		return bare(http.StatusUnauthorized, notAuthenticated)
	}
	if a := s.spend(c, accountBucket); a != nil {
		return a
	}
	if c.token != nil && !c.token.covers(s.needs(c.route)) {
		return forbidden()
	}
	return nil
}

// nextID makes the id of anything but a ticket.
func (s *Server) nextID() int64 {
	s.lastID += 10
	return s.lastID
}

// base is where the client believes the account to be.
func base(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}

// fold makes addresses comparable; the service ignores their case.
func fold(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
