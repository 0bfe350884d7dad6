package consent_test

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

func token(access, refresh string) *oauth2.Token {
	return &oauth2.Token{AccessToken: access, RefreshToken: refresh}
}

// The status asks nobody, so it tells what is wrong when everything is.
func TestStatusAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.ann.connected(support)
	w.wire.set(true)
	before := w.wire.count()
	require.Contains(t, w.ann.get("/").words(), support+" Connected Signed in as")
	require.Equal(t, consent.StateConnected, w.ann.look(support).State)
	require.Equal(t, before, w.wire.count())
}

// What is wrong with what is kept, and what to do, stands there.
func TestStatus(t *testing.T) {
	t.Parallel()
	old, err := tokens.NewKeys(tokens.Key{ID: "old", Secret: []byte("a test's key, which is well-known")[:32]})
	require.NoError(t, err)
	young, err := tokens.NewKeys(tokens.Key{ID: "new", Secret: []byte("a test's key, which is well-known")[:32]})
	require.NoError(t, err)
	granted := func(scope string) *oauth2.Token {
		return token("a", "b").WithExtra(map[string]any{"scope": scope})
	}
	for name, one := range map[string]struct {
		put   func(w *world, store *tokens.Memory, faulty *faultyStore)
		state consent.State
		says  []string
	}{
		"nothing": {func(*world, *tokens.Memory, *faultyStore) {}, consent.StateDisconnected, []string{"Not connected", "Connect support"}},
		"another key": {func(w *world, store *tokens.Memory, _ *faultyStore) {
			require.NoError(w, tokens.Put(w.Context(), &tokens.Sealed{Store: store, Keeper: old}, support, w.app.SignedIn(token("a", "b"), "")))
		}, consent.StateFailed, []string{"Not working", "Give the key back that it was sealed with, or sign in again.", "Reconnect support", "Disconnect support"}},
		"another application": {func(w *world, store *tokens.Memory, _ *faultyStore) {
			in := w.app.SignedIn(token("a", "b"), ann)
			in.ClientID = "another"
			require.NoError(w, tokens.Put(w.Context(), &tokens.Sealed{Store: store, Keeper: young}, support, in))
		}, consent.StateFailed, []string{"made with another registration", "Reconnect support"}},
		"the store is down": {func(_ *world, _ *tokens.Memory, faulty *faultyStore) {
			faulty.load = errors.New("no route to 10.0.0.1")
		},
			consent.StateUnknown, []string{"Not known", "cannot be read just now"}},
		"all permissions": {func(w *world, store *tokens.Memory, _ *faultyStore) {
			require.NoError(w, tokens.Put(w.Context(), &tokens.Sealed{Store: store, Keeper: young}, support,
				w.app.SignedIn(granted("openid profile https://graph.microsoft.com/mail.readwrite Mail.Send.Shared User.Read"), ann)))
		}, consent.StateConnected, []string{"Signed in as " + ann}},
		"nobody said which permissions": {func(w *world, store *tokens.Memory, _ *faultyStore) {
			require.NoError(w, tokens.Put(w.Context(), &tokens.Sealed{Store: store, Keeper: young}, support, w.app.SignedIn(token("a", "b"), ann)))
		}, consent.StateConnected, []string{"Signed in as " + ann}},
		"too few permissions": {func(w *world, store *tokens.Memory, _ *faultyStore) {
			require.NoError(w, tokens.Put(w.Context(), &tokens.Sealed{Store: store, Keeper: young}, support, w.app.SignedIn(granted("Mail.Read User.Read"), "")))
		}, consent.StateIncomplete, []string{"permissions are missing", "Mail.ReadWrite Mail.Send"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := new(tokens.Memory)
			faulty := &faultyStore{Store: memory}
			w := newWorld(t, nil, func(w *world) { w.store = &tokens.Sealed{Store: faulty, Keeper: young} })
			one.put(w, memory, faulty)
			p := w.ann.get("/")
			require.Equal(t, http.StatusOK, p.StatusCode)
			for _, s := range one.says {
				require.Contains(t, p.words(), s)
			}
			require.NotContains(t, p.text, "10.0.0.1")
			require.Equal(t, one.state, w.ann.look(support).State)
			if faulty.load != nil {
				require.NotContains(t, p.words(), "onnect "+support)
				require.Contains(t, w.log.String(), "no route")
				return
			}
			w.ann.connected(support)
			require.Equal(t, consent.StateConnected, w.ann.look(support).State, "which mends it")
		})
	}
}

// The names in the store are the application's to choose.
func TestAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, func(w *world) {
		w.opts.Mailboxes = consent.Only("Support@Contoso.test")
		w.opts.Account = func(mailbox string) string { return "tenant 7/" + mailbox }
	})
	require.Contains(t, w.ann.follow(w.ann.connect("support@contoso.test", graphtest.Answer{User: support})).words(), "Support@Contoso.test is connected.")
	require.NotEmpty(t, w.kept("tenant 7/Support@Contoso.test"))
	require.Equal(t, "tenant 7/Support@Contoso.test", w.events[0].Account)
}

// A letter that folds to an ASCII one is another, and its mailbox somebody else's.
func TestAccountFolds(t *testing.T) {
	t.Parallel()
	const kelvin = "\u212aate@contoso.test"
	w := newWorld(t, nil, func(w *world) { w.opts.Mailboxes = consent.Only(kelvin) })
	require.NoError(t, tokens.Put(t.Context(), w.store, "kate@contoso.test", w.app.SignedIn(token("a", "b"), ann)))
	require.Equal(t, consent.StateDisconnected, w.ann.look(kelvin).State)
	w.ann.post("/disconnect", kelvin)
	require.NotEmpty(t, w.kept("kate@contoso.test"))
}

// What is asked for is what is wanted.
func TestWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, func(w *world) { w.opts.Wants = entra.Wants{ReadOnly: true, Colours: true} })
	p := w.ann.post("/start", support)
	to, err := url.Parse(p.Header.Get("Location"))
	require.NoError(t, err)
	require.Contains(t, to.Query().Get("scope"), "MailboxSettings.ReadWrite")
	require.NotContains(t, to.Query().Get("scope"), "Mail.Send")
	require.NotContains(t, w.ann.get("/").words(), "Mail.Send")
	require.Contains(t, w.ann.get("/").words(), "give the labels colours")
	w.ann.connected(support)
}

// Parts of the pages can be replaced, or all of them.
func TestTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, func(w *world) {
		w.opts.Template = template.Must(consent.Template().Parse(`{{define "header"}}<header><img src="/logo.svg" alt="Contoso"></header>{{end}}{{define "style"}}body{color:red}{{end}}`))
	})
	p := w.ann.get("/")
	require.Contains(t, p.text, `<img src="/logo.svg" alt="Contoso">`)
	require.Contains(t, p.text, "<style nonce=\"")
	require.Contains(t, p.text, "body{color:red}")
	require.Contains(t, p.words(), "Not connected")
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "'self'; img-src 'self'; font-src 'self'")

	w.opts.Template = template.Must(template.New("mine").Parse(`{{.Kind}}: {{.Nothing}}`))
	broken := w.browse(w.serve())
	p = broken.get("/")
	require.Equal(t, http.StatusInternalServerError, p.StatusCode)
	require.NotContains(t, p.text, "status")
	require.Contains(t, w.log.String(), "the template of the pages fails")
}

// StripPrefix or not, it is the same.
func TestMount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	h, err := consent.New(w.app, w.store, &w.opts)
	require.NoError(t, err)
	stripped := w.browse(w.reach(http.StripPrefix("/mail", h)))
	stripped.connected(support)
	require.Equal(t, http.StatusOK, stripped.get("").StatusCode)
	require.Equal(t, http.StatusOK, stripped.do("HEAD", w.root+"/", nil).StatusCode)
}

// It is the same where the root is named as one of the pages is, and where what
// was stripped ends in a slash.
func TestMountNames(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/admin", "/start", "/mail"} {
		root := "http://localhost" + path
		w := newWorld(t, &graphtest.Options{Redirects: []string{root + "/callback"}}, func(w *world) { w.opts.URL = root })
		h, err := consent.New(w.app, w.store, &w.opts)
		require.NoError(t, err)
		for _, mounted := range []http.Handler{h, http.StripPrefix(path, h), http.StripPrefix(path+"/", h)} {
			b := w.browse(w.reach(mounted))
			require.Contains(t, b.get("/").words(), "Mailbox connections")
			require.Equal(t, http.StatusSeeOther, b.post("/admin", "").StatusCode)
			require.Contains(t, b.follow(b.connect(support, graphtest.Answer{User: support})).words(), "is connected")
			require.Contains(t, b.get("/disconnect?mailbox="+support).words(), "Keep it connected")
			require.Equal(t, http.StatusNotFound, b.get("/nothing").StatusCode)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	app, err := entra.New("contoso.test", "app", nil, nil)
	require.NoError(t, err)
	good := consent.Options{URL: "https://desk.example/mail", Mailboxes: consent.Only(support)}
	for text, one := range map[string]struct {
		app   *entra.App
		store tokens.Store
		opts  func(*consent.Options)
	}{
		"no application": {nil, new(tokens.Memory), func(*consent.Options) {}},
		"no store":       {app, nil, func(*consent.Options) {}},
		"no Mailboxes":   {app, new(tokens.Memory), func(o *consent.Options) { o.Mailboxes = nil }},
		"URL:":           {app, new(tokens.Memory), func(o *consent.Options) { o.URL = "" }},
		"not https":      {app, new(tokens.Memory), func(o *consent.Options) { o.URL = "http://desk.example" }},
		"name of a page": {app, new(tokens.Memory), func(o *consent.Options) { o.URL = "https://desk.example/callback/" }},
		"of the form":    {app, new(tokens.Memory), func(o *consent.Options) { o.URL = "https://desk.example/?a=b" }},
		"Graph:":         {app, new(tokens.Memory), func(o *consent.Options) { o.Graph = &graph.Options{BaseURL: "http://graph.example"} }},
	} {
		opts := good
		one.opts(&opts)
		_, err := consent.New(one.app, one.store, &opts)
		require.ErrorContains(t, err, text)
		require.True(t, strings.HasPrefix(err.Error(), "consent: "))
	}
	_, err = consent.New(app, new(tokens.Memory), nil)
	require.Error(t, err)
	_, err = consent.New(app, new(tokens.Memory), &good)
	require.NoError(t, err)
}

// keeper is a Keeper of a service that is down.
type keeper struct{ tokens.Keeper }

func (keeper) Encrypt(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("the key service is down")
}

func (keeper) Decrypt(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("the key service is down")
}

// Without its key nothing is begun, and what was begun waits.
func TestKeeperFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	up := w.ann.client.Transport
	back := w.ann.start(support, graphtest.Answer{User: support})
	w.opts.Keeper = keeper{}
	w.ann.client.Transport = w.serve()
	for _, p := range []*page{w.ann.post("/start", support), w.ann.post("/admin", ""), w.ann.do("GET", back, nil)} {
		require.Equal(t, http.StatusServiceUnavailable, p.StatusCode)
		require.Contains(t, p.words(), "This does not work just now")
	}
	require.Contains(t, w.log.String(), "the key service is down")
	w.ann.client.Transport = up
	require.Contains(t, w.ann.follow(w.ann.do("GET", back, nil)).words(), support+" is connected.")
}
