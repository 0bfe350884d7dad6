package consent

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/tokens"
)

// Handler serves the pages. It is safe for concurrent use; make it with New. When
// a browser comes back from Microsoft the answer takes some seconds, and a minute
// at most: a server's WriteTimeout should leave it that.
type Handler struct {
	app   *entra.App
	store tokens.Store
	opts  Options
	graph graph.Options
	pages *template.Template
	log   *slog.Logger

	root   string // URL without a slash at its end
	path   string // of root
	secure bool   // https
	login  string // origin of the login host
	cross  http.CrossOriginProtection
	spent  spent
}

// New returns the Handler that signs in with app and keeps what comes of it in
// store. It is mounted where Options.URL says, with or without http.StripPrefix: of
// the path of that URL a request has all or, where a proxy takes off a part and
// StripPrefix the rest, nothing. New does no I/O.
func New(app *entra.App, store tokens.Store, opts *Options) (*Handler, error) {
	h := &Handler{app: app, store: store}
	if opts != nil {
		h.opts = *opts
	}
	switch {
	case app == nil:
		return nil, errors.New("consent: no application")
	case store == nil:
		return nil, errors.New("consent: no store")
	case h.opts.Mailboxes == nil:
		return nil, errNoMailboxes
	}
	root, err := rest.ParseBase(h.opts.URL)
	if err != nil {
		return nil, fmt.Errorf("consent: URL: %w", err)
	}
	login, err := url.Parse(app.Cloud().Login)
	if err != nil {
		return nil, errors.New("consent: the login host of the application is not a URL")
	}
	if root.Path == "/callback" || root.Path == "/disconnect" {
		return nil, fmt.Errorf("consent: URL: %s is the name of a page: end it otherwise", root.Path)
	}
	h.root, h.path, h.secure, h.login = root.String(), root.Path, root.Scheme == "https", login.Scheme+"://"+login.Host
	// A proxy may call the host by another name.
	if err := h.cross.AddTrustedOrigin(origin(root)); err != nil {
		return nil, fmt.Errorf("consent: URL: %w", err)
	}
	if h.opts.Keeper == nil {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if h.opts.Keeper, err = tokens.NewKeys(tokens.Key{ID: "process", Secret: key}); err != nil {
			return nil, err
		}
	}
	if h.opts.Graph != nil {
		h.graph = *h.opts.Graph
	}
	h.graph.BaseURL = cmp.Or(h.graph.BaseURL, app.Cloud().BaseURL())
	if _, err := rest.ParseBase(h.graph.BaseURL); err != nil {
		return nil, fmt.Errorf("consent: Graph: %w", err)
	}
	if h.opts.Account == nil {
		h.opts.Account = lower
	}
	h.pages = h.opts.Template
	if h.pages == nil {
		h.pages = Template()
	}
	h.log = cmp.Or(h.opts.Logger, slog.New(slog.DiscardHandler))
	return h, nil
}

// origin is a URL's as a browser writes it (RFC 6454 §6.1).
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]; u.Port() == port[1:] {
		host = strings.TrimSuffix(host, port)
	}
	return u.Scheme + "://" + host
}

// routes are below the root.
var routes = map[string]map[string]func(*visit){
	"":            {http.MethodGet: (*visit).status, http.MethodHead: (*visit).status},
	"/start":      {http.MethodPost: (*visit).start},
	"/admin":      {http.MethodPost: (*visit).admin},
	"/callback":   {http.MethodGet: (*visit).callback},
	"/disconnect": {http.MethodGet: (*visit).confirm, http.MethodHead: (*visit).confirm, http.MethodPost: (*visit).disconnect},
}

// mostForm bounds what a form may send.
const mostForm = 8 << 10

// visit is one request.
type visit struct {
	*Handler
	w         http.ResponseWriter
	r         *http.Request
	mailboxes []string // that the visitor may see
	nonce     string
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{Handler: h, w: w, r: r, nonce: rand.Text()}
	v.guard()
	path := h.route(r)
	methods := routes[path]
	serve := methods[r.Method]
	switch {
	case methods == nil:
		v.fail(pageNotFound)
		return
	case serve == nil:
		allowed := make([]string, 0, len(methods))
		for m := range methods {
			allowed = append(allowed, m)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		v.fail(wrongMethod)
		return
	}
	if err := h.cross.Check(r); err != nil {
		v.fail(crossSite)
		return
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			v.fail(badForm)
			return
		}
	}
	if path == "/callback" && r.URL.Query().Get("state") == letterState {
		v.letter()
		return
	}
	var err error
	if v.mailboxes, err = h.opts.Mailboxes(r); err != nil {
		h.log.ErrorContext(r.Context(), "the application cannot tell which mailboxes a visitor may see", "error", err)
		v.fail(noAccessControl)
		return
	}
	if len(v.mailboxes) == 0 {
		v.fail(noAccess)
		return
	}
	serve(v)
}

// route returns what is below the root, which http.StripPrefix may have left.
func (h *Handler) route(r *http.Request) string {
	stripped := strings.TrimSuffix(r.URL.Path, "/")
	if stripped != "" && stripped[0] != '/' {
		stripped = "/" + stripped // by a prefix that ends in a slash
	}
	path := strings.TrimPrefix(stripped, h.path)
	if routes[path][r.Method] == nil && routes[stripped][r.Method] != nil {
		return stripped // the root ends as one of the pages: https://desk.example/admin
	}
	return path
}

// guard sets the headers that every answer has.
func (v *visit) guard() {
	style := "'nonce-" + v.nonce + "'"
	if v.opts.Template != nil {
		style += " 'self'; img-src 'self'; font-src 'self'"
	}
	// QUIRK: Chromium applies form-action to each redirect that follows a form.
	// The login host is the first of them, and sends people of an organisation
	// that signs in elsewhere on to a host that nobody knows beforehand.
	policy := "default-src 'none'; style-src " + style + "; form-action 'self' " + v.login + " https:; base-uri 'none'; frame-ancestors 'none'"
	header := v.w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	// The callback's query is in nobody's Referer, and a form still has an Origin:
	// with no-referrer it would be null.
	header.Set("Referrer-Policy", "strict-origin")
}

// mailbox returns the mailbox that a request is about, as Options.Mailboxes has
// it; "" if the visitor may not see it.
func (v *visit) mailbox(asked string) string {
	for _, m := range v.mailboxes {
		if same(m, asked) {
			return m
		}
	}
	return ""
}

// same reports whether two addresses are one. Nobody has two mailboxes that
// differ by case; the length keeps out letters that fold to ASCII ones.
func same(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// lower keeps letters that fold to ASCII ones apart from these, as same does.
func lower(address string) string {
	octets := []byte(address)
	for i, c := range octets {
		if 'A' <= c && c <= 'Z' {
			octets[i] += 'a' - 'A'
		}
	}
	return string(octets)
}

// redirect sends the browser to a URL that is not the visitor's.
func (v *visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// changed tells of a change.
func (v *visit) changed(ctx context.Context, e Event) {
	v.log.InfoContext(ctx, "mailbox "+string(e.Change), "mailbox", e.Mailbox)
	if v.opts.OnChange != nil {
		v.opts.OnChange(context.WithoutCancel(ctx), e) // who signed in slowly leaves it no less time
	}
}
