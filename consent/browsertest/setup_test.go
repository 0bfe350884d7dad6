package browsertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

const (
	support = "support@contoso.test"
	sales   = "sales@contoso.test"
	ann     = "ann@contoso.test"
	adminis = "admin@contoso.test"
)

// chromium is the browser of all tests; each opens a window of its own in it, with
// no cookies.
var chromium context.Context

func TestMain(m *testing.M) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	switch {
	case path == "" && os.Getenv("EXDESK_CHROMIUM") == "1":
		fmt.Fprintln(os.Stderr, "browsertest: EXDESK_CHROMIUM is 1, and there is no Chromium: install it, as with apt-get install chromium")
		os.Exit(1)
	case path == "":
		os.Exit(m.Run()) // each test says that it is skipped
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.IgnoreCertErrors) // of httptest's certificate
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // which root cannot have
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, end := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: Chromium does not start:", err)
		os.Exit(1)
	}
	chromium = ctx
	code := m.Run()
	end()
	stop()
	os.Exit(code)
}

// world is an application with the pages, the fake behind them, and a window of
// the browser.
type world struct {
	*testing.T
	entra *graphtest.Server
	app   *entra.App
	store *tokens.Memory
	root  string
	mux   *http.ServeMux // of the application
	*tab

	elsewhere atomic.Value // URL where people sign in whose organisation does that by itself; "" is nobody
}

func newWorld(t *testing.T, g *graphtest.Options, change func(*consent.Options)) *world {
	t.Helper()
	return newWorldOn(t, httptest.NewServer, g, change)
}

// newWorldOn is newWorld with the application on a server of one's own.
func newWorldOn(t *testing.T, serve func(http.Handler) *httptest.Server, g *graphtest.Options, change func(*consent.Options)) *world {
	t.Helper()
	if chromium == nil {
		t.Skip("there is no Chromium")
	}
	mux := http.NewServeMux()
	web := serve(mux)
	t.Cleanup(web.Close)
	if g == nil {
		g = new(graphtest.Options)
	}
	g.Redirects = []string{web.URL + "/mailboxes/callback"}
	w := &world{T: t, entra: graphtest.New(g), store: new(tokens.Memory), mux: mux}
	for _, m := range []string{sales, ann} {
		w.entra.AddMailbox(m)
	}
	w.elsewhere.Store("")
	microsoft := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if to := w.elsewhere.Load().(string); to != "" && strings.HasSuffix(r.URL.Path, "/authorize") && !r.URL.Query().Has("known") {
			http.Redirect(rw, r, to+"?back="+url.QueryEscape("http://"+r.Host+r.URL.String()+"&known="), http.StatusFound)
			return
		}
		w.entra.ServeHTTP(rw, r)
	}))
	t.Cleanup(microsoft.Close)
	// By another name it is another site, as the real one is.
	login := strings.Replace(microsoft.URL, "127.0.0.1", "localhost", 1)
	id, secret := w.entra.Client()
	var err error
	w.app, err = entra.New("contoso.test", id, entra.Secret(secret), &entra.Options{
		Cloud: entra.Cloud{Login: login, Graph: microsoft.URL, Resource: "https://graph.microsoft.com"}})
	require.NoError(t, err)
	w.root = web.URL + "/mailboxes"
	opts := &consent.Options{URL: w.root, Mailboxes: consent.Only(support, sales)}
	if change != nil {
		change(opts)
	}
	pages, err := consent.New(w.app, w.store, opts)
	require.NoError(t, err)
	mux.Handle("/mailboxes/", pages)
	w.tab = newTab(t, chromium, chromedp.WithNewBrowserContext())
	return w
}

// tab is one of a window.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // that the browser saw
}

func newTab(t *testing.T, parent context.Context, opts ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, opts...)
	t.Cleanup(cancel)
	b := &tab{t: t}
	b.ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // a first call with a time limit would end the browser with it
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Level == log.EntryLevelError && e.Entry.Source == log.EntrySourceSecurity {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.problems = append(b.problems, e.Entry.Text)
		}
	}))
	call(b, log.Enable, cdp.Empty{})
	call(b, accessibility.Enable, cdp.Empty{})
	b.size(1000, 800)
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, p := range b.problems {
			t.Error("the browser refused something: " + p)
		}
	})
	return b
}

// another opens a tab in the same window.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

// call gives the browser a command.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return result
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

func (b *tab) scheme(name string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// eval runs an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err)
	return v
}

// within waits until something is so.
func (b *tab) within(what string, is func() bool) {
	b.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			require.FailNow(b.t, "this does not come: "+what, "the page says: %s", b.words())
		}
	}
}

// at waits for the page with a title.
func (b *tab) at(title string) {
	b.t.Helper()
	b.within(title, func() bool {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState + " " + document.title`))
		return err == nil && v == "complete "+title
	})
}

// words is what is read on the page.
func (b *tab) words() string {
	b.t.Helper()
	return strings.Join(strings.Fields(eval[string](b, `document.body.innerText`)), " ")
}

func (b *tab) says(texts ...string) {
	b.t.Helper()
	for _, s := range texts {
		require.Contains(b.t, b.words(), s)
	}
}

// node is what a screen reader is told of an element.
type node struct {
	role, name string
	id         cdp.BackendNodeID
}

// tree is what a screen reader is told of the page.
func (b *tab) tree() []node {
	b.t.Helper()
	var list []node
	for _, n := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if !n.Ignored {
			list = append(list, node{text(n.Role), text(n.Name), n.BackendDOMNodeID})
		}
	}
	return list
}

func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	_ = json.Unmarshal(v.Value, &s)
	return s
}

// named returns the nodes of a role.
func (b *tab) named(role string) []string {
	b.t.Helper()
	var list []string
	for _, n := range b.tree() {
		if n.role == role {
			list = append(list, n.name)
		}
	}
	return list
}

// press clicks on the one button or link with a name.
func (b *tab) press(name string) {
	b.t.Helper()
	var found []node
	var all []string
	for _, n := range b.tree() {
		if n.role == "button" || n.role == "link" || n.role == "DisclosureTriangle" {
			all = append(all, n.name)
			if n.name == name {
				found = append(found, n)
			}
		}
	}
	require.Len(b.t, found, 1, "%q among %q", name, all)
	call(b, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: found[0].id})
	q := call(b, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: found[0].id}).Model.Border
	b.do(chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2))
}

// shoot takes pictures of a page, if there is a place for them.
func (b *tab) shoot(name string) {
	b.t.Helper()
	b.examine(name)
	dir := os.Getenv("EXDESK_SCREENSHOTS")
	if dir == "" {
		return
	}
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1000}, {"dark", "dark", 1000}, {"narrow", "light", 320}} {
		b.size(look.width, 800)
		b.scheme(look.scheme)
		picture := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)}).Data
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), picture, 0o644))
	}
	b.size(1000, 800)
	b.scheme("light")
}

// kept says whether a mailbox is connected, and by whom.
func (w *world) kept(mailbox string) string {
	w.Helper()
	state, err := tokens.Look(w.Context(), w.store, mailbox)
	if err != nil {
		require.ErrorIs(w, err, tokens.ErrMissing)
		return ""
	}
	return cmp.Or(state.User, "somebody")
}

func path(b *tab) string {
	b.t.Helper()
	u, err := url.Parse(eval[string](b, "location.href"))
	require.NoError(b.t, err)
	return u.RequestURI()
}

// tokenWith is a token that somebody has consented to that much for.
func tokenWith(scope string) *oauth2.Token {
	return (&oauth2.Token{AccessToken: "a", RefreshToken: "b"}).WithExtra(map[string]any{"scope": scope})
}
