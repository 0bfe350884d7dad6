package browsertest

import (
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

const (
	statusTitle  = "Mailbox connections"
	consentTitle = "Permissions requested"
)

// connect presses Connect or Reconnect, and signs in.
func (b *tab) connect(button, as string) {
	b.t.Helper()
	b.press(button)
	b.at("Sign in")
	b.press("Sign in as " + as)
}

func (w *world) connected(mailbox string) {
	w.Helper()
	w.open(w.root + "/")
	w.at(statusTitle)
	w.connect("Connect "+mailbox, mailbox)
	w.at(consentTitle)
	w.press("Accept")
	w.at(statusTitle)
	w.says(mailbox + " is connected.")
}

func TestConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.open(w.root + "/")
	w.at(statusTitle)
	w.shoot("status-empty")
	require.Equal(t, []string{support, sales}, w.named("heading")[1:])
	w.connected(support)
	require.Equal(t, support, w.kept(support))
	require.Equal(t, "/mailboxes/", path(w.tab), "the code is not left in the address")
	require.NotEmpty(t, w.named("status"))
	w.shoot("connected")
	w.do(chromedp.Reload())
	w.at(statusTitle)
	require.NotContains(t, w.words(), "is connected.")
	w.press("What this application asks for")
	w.press("For administrators")
	w.says("stay signed in", "send this address to an administrator")
	w.shoot("status-open")
}

func TestWrongAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.connected(support)
	before := w.kept(support)
	w.connect("Reconnect "+support, ann)
	w.at(consentTitle)
	w.press("Accept")
	w.at("That is another account")
	w.says("You signed in as "+ann, "not as "+support)
	require.Len(t, w.named("alert"), 1)
	require.Equal(t, before, w.kept(support))
	w.shoot("wrong-account")
	w.connect("Sign in again", support) // who has consented already
	w.at(statusTitle)
	w.says(support + " is connected again.")
}

func TestDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.open(w.root + "/")
	w.at(statusTitle)
	w.connect("Connect "+support, support)
	w.at(consentTitle)
	w.press("Cancel")
	w.at("The permissions were declined")
	w.shoot("denied")
	require.Empty(t, w.kept(support))
	w.press("Back to the mailboxes")
	w.at(statusTitle)
	w.says("Not connected")
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &graphtest.Options{NoUserConsent: true}, nil)
	w.open(w.root + "/")
	w.at(statusTitle)
	w.connect("Connect "+support, support)
	w.at("Need admin approval")
	w.press("Return to the application without granting consent")
	w.at("An administrator has to consent")
	w.shoot("admin")
	letter := eval[string](w.tab, `document.querySelector(".address a").href`)

	w.press("I am an administrator: consent for the organisation")
	w.at("Need admin approval") // it is support who is signed in
	w.press("Have an admin account? Sign in with that account")
	w.at("Sign in")
	w.press("Sign in as " + adminis)
	w.at("Permissions requested for your organization")
	w.press("Cancel")
	w.at("There was no consent")
	w.shoot("admin-declined")

	other := newTab(t, chromium, chromedp.WithNewBrowserContext()) // the administrator's own
	other.open(letter)
	other.at("Sign in")
	other.press("Sign in as " + adminis)
	other.at("Permissions requested for your organization")
	other.press("Accept")
	other.at("Thank you")
	other.shoot("consented")

	w.press("Back to the mailboxes")
	w.at(statusTitle)
	w.press("For administrators")
	w.press("I am an administrator: consent for the organisation")
	w.at("Sign in") // there are two now
	w.press("Sign in as " + adminis)
	w.at("Permissions requested for your organization")
	w.press("Accept")
	w.at(statusTitle)
	w.says("An administrator has consented.")
	w.shoot("status-consented")
	w.connect("Connect "+support, support)
	w.at(statusTitle)
	require.Equal(t, support, w.kept(support))
}

func TestReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.connected(support)
	w.entra.RevokeSignIns(support)
	source, err := w.app.Source(support, w.store)
	require.NoError(t, err)
	token, err := source.Token()
	require.NoError(t, err)
	source.Refused(token)
	_, err = source.Token()
	require.ErrorIs(t, err, tokens.ErrRevoked)

	w.do(chromedp.Reload())
	w.at(statusTitle)
	w.says("Not working: somebody has to sign in again", "The password was changed: sign in again.")
	w.shoot("status-failed")
	w.connect("Reconnect "+support, support)
	w.at(statusTitle)
	w.says(support + " is connected again.")
	_, err = source.Token()
	require.NoError(t, err)
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.connected(support)
	w.press("Disconnect " + support)
	w.at("Disconnect " + support + "?")
	w.shoot("disconnect")
	w.press("Keep it connected")
	w.at(statusTitle)
	require.Equal(t, support, w.kept(support))
	w.press("Disconnect " + support)
	w.at("Disconnect " + support + "?")
	w.press("Disconnect " + support)
	w.at(statusTitle)
	w.says(support + " is disconnected.")
	w.shoot("disconnected")
	require.Empty(t, w.kept(support))
}

// Microsoft sends people of an organisation that signs them in by itself on to a
// host that nobody knows beforehand, and the browser goes there.
func TestFederation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	organisation := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, r.URL.Query().Get("back"), http.StatusFound)
	}))
	t.Cleanup(organisation.Close)
	w.elsewhere.Store(organisation.URL)
	w.connected(support)
}

// Over https the cookies are such that no neighbour can set them.
func TestSecure(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, httptest.NewTLSServer, nil, nil)
	w.open(w.root + "/")
	w.at(statusTitle)
	w.press("Connect " + support)
	w.at("Sign in")
	cookies := call(w.tab, network.GetCookies, network.GetCookiesParams{URLs: []string{w.root}}).Cookies
	require.Len(t, cookies, 1)
	require.Regexp(t, "^__Host-exdesk-try-[0-9a-f]{20}$", cookies[0].Name)
	require.True(t, cookies[0].Secure && cookies[0].HTTPOnly)
	w.press("Sign in as " + support)
	w.at(consentTitle)
	w.press("Accept")
	w.at(statusTitle)
	w.says(support + " is connected.")
}

// An application brings its own looks.
func TestRestyled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, func(o *consent.Options) {
		o.Template = template.Must(consent.Template().Parse(`{{define "header"}}<header><img src="/logo.svg" alt="Contoso" width="120" height="40"></header>{{end}}
			{{define "style"}}body { font: 1rem/1.5 serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere } h1 { color: #0a5c36 }{{end}}`))
	})
	w.mux.HandleFunc("/logo.svg", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "image/svg+xml")
		_, _ = io.WriteString(rw, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" rx="6" fill="#0a5c36"/></svg>`)
	})
	w.connected(support)
	require.Equal(t, "rgb(10, 92, 54)", eval[string](w.tab, `getComputedStyle(document.querySelector("h1")).color`))
	require.True(t, eval[bool](w.tab, `document.querySelector("img").naturalWidth > 0`))
}

// Two tabs of a window sign in at once.
func TestTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.entra.Consent("", entra.Scopes(entra.Wants{})[1:]...)
	second := w.another()
	for _, b := range []*tab{w.tab, second} {
		b.open(w.root + "/")
		b.at(statusTitle)
	}
	w.press("Connect " + support)
	w.at("Sign in")
	second.press("Connect " + sales)
	second.at("Sign in")
	w.press("Sign in as " + support)
	w.at(statusTitle)
	w.says(support + " is connected.")
	second.press("Sign in as " + sales)
	second.at(statusTitle)
	second.says(sales + " is connected.")
	require.Equal(t, []string{support, sales}, []string{w.kept(support), w.kept(sales)})
}

// Coming back twice is told apart from coming back.
func TestBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.connected(support)
	w.open(w.root + "/callback?code=a&state=b")
	w.at("Please begin again")
	w.shoot("begin-again")
	require.Equal(t, support, w.kept(support))
	w.open(w.root + "/nothing")
	w.at("There is no such page")
	w.shoot("not-found")
}

// All of it goes by keyboard, and one sees where one is.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.entra.Consent("", entra.Scopes(entra.Wants{})[1:]...)
	tabTo := func(name string) {
		t.Helper()
		var seen []string
		for range 30 {
			w.do(chromedp.KeyEvent(kb.Tab))
			at := eval[string](w.tab, `document.activeElement.textContent.replace(/\s+/g, " ").trim()`)
			if at == name {
				require.Equal(t, "solid", eval[string](w.tab, `getComputedStyle(document.activeElement).outlineStyle`))
				return
			}
			seen = append(seen, at)
		}
		require.Fail(t, "the key Tab does not come to "+name, "%q", seen)
	}
	w.open(w.root + "/")
	w.at(statusTitle)
	tabTo("Connect " + support)
	w.do(chromedp.KeyEvent(kb.Enter))
	w.at("Sign in")
	tabTo("Sign in as " + support)
	w.do(chromedp.KeyEvent(kb.Enter))
	w.at(statusTitle)
	w.says(support + " is connected.")
	tabTo("Reconnect " + support)
	tabTo("Disconnect " + support)
	w.do(chromedp.KeyEvent(kb.Enter))
	w.at("Disconnect " + support + "?")
	tabTo("Disconnect " + support)
	w.do(chromedp.KeyEvent(" "))
	w.at(statusTitle)
	require.Empty(t, w.kept(support))
	tabTo("For administrators")
	w.do(chromedp.KeyEvent(kb.Enter))
	w.within("the details", func() bool {
		return slices.Contains(w.named("button"), "I am an administrator: consent for the organisation")
	})
}

// Long names and everything that can be wrong fit on a small screen.
func TestWrong(t *testing.T) {
	t.Parallel()
	const long = "a-really-long-name-of-a-mailbox-for-customers-of-the-northern-region@subsidiary.contoso.test"
	const shared = "team@contoso.test"
	w := newWorld(t, nil, func(o *consent.Options) {
		o.Mailboxes = consent.Only(long, support, shared, ann)
		o.Wants = entra.Wants{Shared: true}
	})
	w.entra.AddShared(shared)
	granted := w.app.SignedIn(nil, long)
	granted.Token = tokenWith("Mail.Read User.Read")
	require.NoError(t, tokens.Put(t.Context(), w.store, long, granted))
	w.open(w.root + "/")
	w.at(statusTitle)
	w.says("Connected, but permissions are missing", "Mail.ReadWrite.Shared")
	w.shoot("status-incomplete")
	w.connect("Connect "+shared, ann)
	w.at(consentTitle)
	w.press("Accept")
	w.at("The mailbox does not open")
	w.says("Full Access")
	w.shoot("does-not-open")
	w.open(w.root + "/disconnect?mailbox=" + long)
	w.at("Disconnect " + long + "?")
	w.shoot("disconnect-long")
}
