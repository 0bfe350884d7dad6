package zendesktest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Webhooks sends the events of an account to the webhooks that are registered
// with it, signed as the service signs them. It is an http.Handler that stands
// before its Server: it answers
//
//	POST /api/v2/webhooks
//	GET  /api/v2/webhooks/{id}/signing_secret
//	POST /api/v2/webhooks/{id}/signing_secret   (a new secret; the old one ends)
//
// under the account's credentials, limits and faults, and leaves the rest to
// the Server. Make it with NewWebhooks; the zero value does not work.
//
//	srv := zendesktest.New(nil)
//	hooks := zendesktest.NewWebhooks(srv, nil)
//	web := httptest.NewServer(hooks) // instead of srv
//	_, secret := hooks.Subscribe(receiver.URL)
//	// … let somebody comment on a ticket …
//	hooks.Deliver(ctx)
//
// Comments become events however they are made: by a client, by
// [Server.Edit], by [Server.Merge]. Nothing is sent but by Deliver and Run,
// and nothing runs by itself. A Webhooks is safe for concurrent use.
type Webhooks struct {
	s      *Server
	opt    WebhookOptions
	client http.Client
	front  http.Handler
	routes []route

	mu       sync.Mutex // guards what follows; taken before s.mu, never held over I/O
	hooks    []*webhook
	seen     []int // how many comments of ticket n+1 have become events
	queue    []*sending
	log      []Delivery
	mischief Mischief
}

// WebhookOptions describes how events are sent, and chooses between answers
// where the vendor's documentation leaves them open. A zero field means the
// default named in its comment.
type WebhookOptions struct {
	// Client sends the requests; it does not follow redirects. The default is
	// a client of its own.
	Client *http.Client
	// Timeout is how long an answer is waited for; the default is 12 seconds.
	// (Pages of 2022 and 2025 say 10.)
	Timeout time.Duration

	// Backoff: undocumented. It is the wait before a try after no answer or
	// 409; the default is 5 seconds.
	Backoff time.Duration
	// SameStamp: undocumented. Another try carries the timestamp and the
	// signature of the first.
	SameStamp bool
	// QuietCreate: undocumented. The first comment of a new ticket is no
	// comment_added.
	QuietCreate bool
	// QuietImport: undocumented. What is imported makes no events.
	QuietImport bool
	// NumericIDs: contested. The ids of an event's comment and its author are
	// numbers, as one integrator's sample has them.
	NumericIDs bool
	// FlatAuthor: contested. The author's id is author_id of the comment, as
	// one integrator has seen, instead of author.id.
	FlatAuthor bool
}

// webhook is one that is registered.
type webhook struct {
	id, name, description, status, endpoint string
	method, format, secret                  string
	subscriptions                           []string
	by                                      int64
	created                                 time.Time
	breaker                                 breaker
}

// NewWebhooks returns a sender of the events of s that happen from now on. It
// does no I/O and starts no goroutine.
func NewWebhooks(s *Server, opt *WebhookOptions) *Webhooks {
	w := &Webhooks{s: s}
	if opt != nil {
		w.opt = *opt
	}
	w.opt.Timeout = cmp.Or(w.opt.Timeout, 12*time.Second)
	w.opt.Backoff = cmp.Or(w.opt.Backoff, 5*time.Second)
	if w.opt.Client != nil {
		w.client = *w.opt.Client
	}
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	serve := func(f func(*Webhooks, *call) *answer) func(*Server, *call) *answer {
		return func(_ *Server, c *call) *answer { return f(w, c) }
	}
	w.routes = []route{
		{method: "POST", pattern: webhooksPath, scope: "webhooks:write", serve: serve((*Webhooks).create)},
		{method: "GET", pattern: webhooksPath + "/{id}/signing_secret", scope: "webhooks:read", serve: serve((*Webhooks).showSecret)},
		{method: "POST", pattern: webhooksPath + "/{id}/signing_secret", scope: "webhooks:write", serve: serve((*Webhooks).resetSecret)},
	}
	w.front = s.script.Wrap(http.HandlerFunc(w.serve))
	w.collect() // what is there already makes no events: nobody has subscribed
	return w
}

const webhooksPath = "/api/v2/webhooks"

// ServeHTTP answers one request to the account.
func (w *Webhooks) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	defer w.Collect()
	if !strings.HasPrefix(r.URL.Path, webhooksPath) {
		w.s.ServeHTTP(rw, r)
		return
	}
	x, r := w.s.begin(rw, r)
	defer w.s.finish(x)
	w.front.ServeHTTP(x, r)
}

func (w *Webhooks) serve(rw http.ResponseWriter, r *http.Request) {
	c := &call{r: r, x: exchangeOf(r), base: base(r)}
	a := w.dispatch(c)
	w.s.mu.Lock()
	w.s.dress(rw.Header())
	w.s.mu.Unlock()
	a.write(rw)
}

func (w *Webhooks) dispatch(c *call) *answer {
	parts := strings.Split(strings.TrimSuffix(strings.TrimSuffix(c.r.URL.Path, "/"), ".json"), "/")
	for i := range w.routes {
		rt := &w.routes[i]
		vars, ok := rt.vars(parts)
		if !ok || rt.method != c.r.Method {
			continue
		}
		if c.route, c.vars = rt, vars; c.r.URL.RawQuery != "" {
			w.s.note(&w.s.book.unknown, "query of "+rt.method+" "+rt.pattern)
		}
		if a := w.s.admit(c); a != nil {
			return a
		}
		if c.token.user.Role != "admin" {
			return forbidden()
		}
		return rt.serve(w.s, c)
	}
	return w.s.dispatch(c) // which knows it not, and says so
}

// Subscribe registers a webhook for events of these types, or for
// ticket.comment_added if none is named, and returns its id and its signing
// secret.
func (w *Webhooks) Subscribe(endpoint string, types ...string) (id, secret string) {
	if len(types) == 0 {
		types = []string{commentAdded}
	}
	w.s.mu.Lock()
	h := &webhook{name: "Subscribe", status: "active", endpoint: endpoint, method: http.MethodPost, format: "json",
		subscriptions: slices.Clone(types), by: w.s.agent.ID}
	w.s.mu.Unlock()
	w.add(h)
	return h.id, h.secret
}

// Secret returns the signing secret of a webhook, or "".
func (w *Webhooks) Secret(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h := w.hook(id); h != nil {
		return h.secret
	}
	return ""
}

// add registers h for what happens from now on.
func (w *Webhooks) add(h *webhook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collect()
	w.s.mu.Lock()
	h.created = w.s.second()
	h.id = ulid(w.s.now())
	w.s.mu.Unlock()
	h.secret = webhookSecret()
	w.hooks = append(w.hooks, h)
}

// hook needs the lock.
func (w *Webhooks) hook(id string) *webhook {
	for _, h := range w.hooks {
		if h.id == id {
			return h
		}
	}
	return nil
}
