package consent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
)

const (
	support = "support@contoso.test"
	sales   = "sales@contoso.test"
	ann     = "ann@contoso.test"
	adminis = "admin@contoso.test"
)

// world is an application with a Handler, and the fake that it signs in to.
type world struct {
	*testing.T
	entra  *graphtest.Server
	wire   *wire
	app    *entra.App
	store  tokens.Store
	opts   consent.Options
	log    *logged
	events []consent.Event
	ann    *browser
	root   string
	bubble bool // of testing/synctest
}

// newWorld makes one in which support and sales can be connected, below /mail.
func newWorld(t *testing.T, g *graphtest.Options, change func(*world)) *world {
	t.Helper()
	return newWorldIn(t, false, g, change)
}

func newWorldIn(t *testing.T, bubble bool, g *graphtest.Options, change func(*world)) *world {
	t.Helper()
	w := &world{T: t, bubble: bubble, entra: graphtest.New(g), store: new(tokens.Memory), log: new(logged)}
	for _, m := range []string{sales, ann} {
		w.entra.AddMailbox(m)
	}
	w.wire = &wire{next: w.reach(w.entra)}
	const login = "http://localhost"
	hc := &http.Client{Transport: w.wire}
	id, secret := w.entra.Client()
	var err error
	w.app, err = entra.New("contoso.test", id, entra.Secret(secret), &entra.Options{HTTPClient: hc,
		Cloud: entra.Cloud{Login: login, Graph: login, Resource: "https://graph.microsoft.com"}})
	require.NoError(t, err)
	keys, err := tokens.NewKeys(tokens.Key{ID: "2026", Secret: []byte("a test's key, which is known well")[:32]})
	require.NoError(t, err)
	w.opts = consent.Options{Keeper: keys, URL: "http://localhost/mail", Mailboxes: consent.Only(support, sales), Graph: &graph.Options{HTTPClient: hc},
		Logger:   slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnChange: func(_ context.Context, e consent.Event) { w.events = append(w.events, e) }}
	if change != nil {
		change(w)
	}
	w.root = w.opts.URL
	w.ann = w.browse(w.serve())
	return w
}

// serve starts a process with the Handler.
func (w *world) serve() http.RoundTripper {
	w.Helper()
	h, err := consent.New(w.app, w.store, &w.opts)
	require.NoError(w, err)
	return w.reach(h)
}

// reach serves h, whatever it is called, over TCP; in a bubble without.
func (w *world) reach(h http.Handler) http.RoundTripper {
	if w.bubble {
		_, client, stop := memnet.Serve(h)
		w.Cleanup(stop)
		return client.Transport
	}
	serve := httptest.NewServer
	if strings.HasPrefix(w.opts.URL, "https:") {
		serve = httptest.NewTLSServer
	}
	s := serve(h)
	w.Cleanup(s.Close)
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}
	w.Cleanup(tr.CloseIdleConnections)
	return tr
}

// browse opens a new browser.
func (w *world) browse(to http.RoundTripper) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(w, err)
	return &browser{world: w, client: &http.Client{Transport: to, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// source is where the application finds what was connected.
func (w *world) source(mailbox string) *tokens.Source {
	w.Helper()
	s, err := w.app.Source(mailbox, w.store)
	require.NoError(w, err)
	return s
}

// kept is what the store holds.
func (w *world) kept(mailbox string) string {
	data, _, err := w.store.Load(w.Context(), mailbox)
	if err != nil {
		require.ErrorIs(w, err, tokens.ErrNotFound)
	}
	return string(data)
}

// browser is somebody's.
type browser struct {
	*world
	client *http.Client
	seen   []*page // every answer
}

// page is an answer.
type page struct {
	*http.Response
	text string // of the body
}

var tags = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)

// words is what a person reads of it.
func (p *page) words() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(p.text, " "))), " ")
}

func (b *browser) do(method, target string, form url.Values, change ...func(*http.Request)) *page {
	b.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.Context(), method, target, body)
	require.NoError(b, err)
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://localhost")
	}
	for _, f := range change {
		f(r)
	}
	resp, err := b.client.Do(r)
	require.NoError(b, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	p := &page{resp, string(text)}
	b.seen = append(b.seen, p)
	return p
}

func (b *browser) get(path string) *page { b.Helper(); return b.do("GET", b.root+path, nil) }

func (b *browser) post(path, mailbox string) *page {
	b.Helper()
	return b.do("POST", b.root+path, url.Values{"mailbox": {mailbox}})
}

// follow opens where a page leads.
func (b *browser) follow(p *page) *page {
	b.Helper()
	require.Equal(b, http.StatusSeeOther, p.StatusCode, p.words())
	return b.do("GET", p.Header.Get("Location"), nil)
}

// start presses Connect, and returns where Microsoft sends the browser back to.
func (b *browser) start(mailbox string, as graphtest.Answer) string {
	b.Helper()
	return b.answer(b.post("/start", mailbox), as)
}

func (b *browser) answer(p *page, as graphtest.Answer) string {
	b.Helper()
	require.Equal(b, http.StatusSeeOther, p.StatusCode, p.words())
	back, err := b.entra.Authorize(p.Header.Get("Location"), as)
	require.NoError(b, err)
	return back
}

// connect signs in and comes back.
func (b *browser) connect(mailbox string, as graphtest.Answer) *page {
	b.Helper()
	return b.do("GET", b.start(mailbox, as), nil)
}

// connected is connect when it must succeed.
func (b *browser) connected(mailbox string) {
	b.Helper()
	p := b.follow(b.connect(mailbox, graphtest.Answer{User: mailbox}))
	require.Contains(b, p.words(), mailbox+" is connected")
}

// look asks for the status as a machine does.
func (b *browser) look(mailbox string) consent.Mailbox {
	b.Helper()
	p := b.do("GET", b.root+"/", nil, func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	require.Equal(b, "application/json", p.Header.Get("Content-Type"))
	var status struct{ Mailboxes []consent.Mailbox }
	require.NoError(b, json.Unmarshal([]byte(p.text), &status))
	for _, m := range status.Mailboxes {
		if m.Address == mailbox {
			return m
		}
	}
	require.Fail(b, "no such mailbox", mailbox)
	return consent.Mailbox{}
}

// wire is the network behind the application. It remembers what is secret.
type wire struct {
	next http.RoundTripper
	mu   sync.Mutex // guards what follows
	down bool
	sent int
	hook func()   // of the next request
	seen []string // bodies of requests to and answers from the token endpoint
}

func (n *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.sent++
	down, hook := n.down, n.hook
	n.hook = nil
	n.mu.Unlock()
	if hook != nil {
		hook()
	}
	if down {
		return nil, &url.Error{Op: r.Method, URL: "hidden", Err: io.ErrUnexpectedEOF}
	}
	if !strings.HasSuffix(r.URL.Path, "/token") {
		return n.next.RoundTrip(r)
	}
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(asked))
	resp, err := n.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, string(asked), string(answer))
	return resp, nil
}

func (n *wire) set(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

func (n *wire) onSend(hook func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hook = hook
}

func (n *wire) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// logged is a log.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// faultyStore fails on command.
type faultyStore struct {
	tokens.Store
	load, save error
	saves      int
}

func (s *faultyStore) Load(ctx context.Context, account string) ([]byte, string, error) {
	if s.load != nil {
		return nil, "", s.load
	}
	return s.Store.Load(ctx, account)
}

func (s *faultyStore) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	s.saves++
	if s.save != nil {
		return "", s.save
	}
	return s.Store.Save(ctx, account, data, version)
}
