package graphtest

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/exdesk/exdesk/internal/fault"
)

// Server is a fake Exchange Online. Use New; the zero value does not work. It
// is safe for concurrent use.
type Server struct {
	opts   Options
	script fault.Script
	clock  clock
	dice   *dice
	log    record
	gate   gate
	client struct{ id, secret string }
	entra  entra

	mu        sync.Mutex // guards what follows; never held over I/O
	first     *mailbox
	mailboxes []*mailbox
	tokens    map[string]*token
	conflicts int // PATCHes still to be refused, see Conflict
	pages     int // pages served, for EmptyPages
	uploads   map[string]*upload
	failures  map[string]*failure // by address in lower case, see Undeliverable
	sent      []SentMail
	accepted  []Submission
}

// New returns a server with one empty mailbox. nil options are the zero
// Options.
func New(o *Options) *Server {
	s := &Server{opts: o.withDefaults(), tokens: map[string]*token{}, uploads: map[string]*upload{}, failures: map[string]*failure{}}
	s.dice = newDice(s.opts.Seed)
	s.client.id, s.client.secret = s.dice.guid(), s.dice.text(30)
	s.entra.accounts = map[*mailbox]*account{}
	s.AddSecret(s.client.secret, time.Time{})
	s.script.Answer = s.answerFault
	s.gate.init(&s.opts)
	s.first = s.addMailbox(s.opts.Mailbox, entry{plan: "Enabled"})
	s.AddUnlicensed(s.opts.Admin)
	return s
}

// ServeHTTP serves Microsoft Graph at /v1.0, Microsoft Entra ID at /{tenant},
// and upload sessions at their own addresses.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w}
	entry := s.log.begin(r, s.Now())
	defer func() { s.log.end(entry, rec.status) }()
	if lengthMissing(r) {
		refuseLength(rec)
		return
	}
	s.serve(rec, r)
}

// serve answers a request that came alone or within a batch.
func (s *Server) serve(w *recorder, r *http.Request) {
	segs, err := segments(r.URL.EscapedPath())
	if err != nil {
		c := s.newCall(w, r, nil)
		c.setHeader(w)
		c.refuse(badRequest("Invalid path: " + err.Error()))
		return
	}
	// Faults are chosen by path: a slash within an id stays escaped, so that
	// the id is one element of the pattern.
	u := *r.URL
	u.Path, u.RawPath = plainPath(segs), ""
	asked := r.Clone(r.Context())
	asked.Body, asked.URL = r.Body, &u

	switch {
	case len(segs) > 0 && segs[0] == version:
		s.serveGraph(w, asked, segs[1:])
	case len(segs) == 8 && strings.Join(segs[:2], "/") == uploadRoot && is(segs[6], "AttachmentSessions"):
		s.script.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.serveUpload(w, r, segs)
		})).ServeHTTP(w, asked)
	default:
		if entra := s.serveEntra(segs); entra != nil {
			s.script.Wrap(entra).ServeHTTP(w, asked)
			return
		}
		c := s.newCall(w, asked, segs)
		c.setHeader(w)
		c.refuse(c.unknown())
	}
}

// version is the version of Graph that is served.
const version = "v1.0"

// serveGraph stands before the routes: the log of patience, the gate, the
// faults. A request that a fault holds back counts as in flight.
func (s *Server) serveGraph(w *recorder, r *http.Request, segs []string) {
	c := s.newCall(w, r, segs)
	c.setHeader(w)
	key := c.app() + " " + r.Method + " " + r.URL.Path + "?" + r.URL.RawQuery
	if early, ok := s.gate.early(key, s.Now()); ok {
		s.log.violation("retried %s before Retry-After had elapsed: %s too early", early, r.Method+" "+r.URL.Path)
	}
	defer func() { s.gate.told(key, w, s.Now()) }()

	if c.token != nil && c.mailbox != nil {
		leave, no := s.enter(c)
		if no != nil {
			c.refuse(no)
			return
		}
		defer leave()
	}
	s.script.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := r.Context().(announcer); ok {
			a.start()
		}
		inner := *c
		inner.w, inner.r = w, r
		if no := inner.route(); no != nil {
			inner.refuse(no)
		}
	})).ServeHTTP(w, r)
}

// Mailbox returns the address of the first mailbox.
func (s *Server) Mailbox() string { return s.opts.Mailbox }

// Fault is one scripted failure: which requests it befalls, and how. Its Path
// is matched against the unescaped path, except that a slash within an id
// stays %2F so that "*" stands for the whole id, and that mailFolders('Inbox')
// is written mailFolders/Inbox. Upload sessions are at
// /api/gv1.0/users/*/messages/*/AttachmentSessions/*.
//
// The requests inside a batch pass the script one by one, in the order of the
// batch, with their path from /v1.0 on: a fault with a Path such as
// "/v1.0/users/*/messages/*" befalls them as it does the same request sent
// alone. The batch passes first, as POST /v1.0/$batch: a fault that selects it
// as well, such as one by Contains alone, befalls it as a whole. Where a fault
// drops or cuts the answer of one request in a batch, that answer is 504.
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
//	Cut                       send so many octets of the real answer, then close;
//	                          an answer without a body, as to the last fragment of
//	                          an upload, has nothing to cut: Commit and Drop lose it
//	Hang                      answer nothing until the client gives up
//
// In JSON the names begin with a small letter, and Delay is such as "1m30s".
type Fault = fault.Fault

// Duration is the type of Fault.Delay.
type Duration = fault.Duration

// Fault appends f to the script. It refuses what cannot work.
func (s *Server) Fault(f Fault) error { return s.script.Add(f) }

// ClearFaults empties the script, that of FailTokens included.
func (s *Server) ClearFaults() {
	s.script.Clear()
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	s.entra.faults = nil
}

// Conflict makes the next n PATCHes of messages fail with 412, as happens with
// and without If-Match when Exchange itself changes a message that has just
// arrived. The change key of the message is bumped each time.
func (s *Server) Conflict(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conflicts = n
}
