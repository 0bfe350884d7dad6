package consent_test

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	p := w.ann.get("/")
	require.Contains(t, p.words(), support+" Not connected Connect "+support)
	require.NotContains(t, p.words(), "Disconnect")
	require.Equal(t, consent.Mailbox{Address: support, State: consent.StateDisconnected}, w.ann.look(support))

	p = w.ann.post("/start", strings.ToUpper(support))
	to, err := url.Parse(p.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "/contoso.test/oauth2/v2.0/authorize", to.Path)
	require.Equal(t, "http://localhost/mail/callback", to.Query().Get("redirect_uri"))
	require.Equal(t, "select_account", to.Query().Get("prompt"))
	require.Equal(t, support, to.Query().Get("login_hint"))
	require.Equal(t, "S256", to.Query().Get("code_challenge_method"))

	p = w.ann.do("GET", w.ann.answer(p, graphtest.Answer{User: support}), nil)
	require.Equal(t, "http://localhost/mail/", p.Header.Get("Location"), "without the code")
	p = w.ann.follow(p)
	require.Contains(t, p.words(), support+" is connected.")
	require.Contains(t, p.words(), "Signed in as "+support+" Connected since")
	require.Contains(t, p.words(), "Disconnect "+support)
	require.NotContains(t, w.ann.get("/").words(), "is connected.", "it is said once")

	m := w.ann.look(support)
	require.Equal(t, consent.StateConnected, m.State)
	require.Equal(t, support, m.User)
	require.False(t, m.Since.IsZero())
	require.Equal(t, consent.StateDisconnected, w.ann.look(sales).State)
	require.Equal(t, []consent.Event{{Change: consent.Connected, Mailbox: support, Account: support, User: support}}, w.events)

	// It was renewed once, and the refresh token that is kept was not used.
	var grants []string
	for _, i := range w.entra.Issued() {
		grants = append(grants, i.Grant)
	}
	require.Equal(t, []string{"authorization_code", "refresh_token"}, grants)
	source := w.source(support)
	token, err := source.Token()
	require.NoError(t, err)
	source.Refused(token)
	_, err = source.Token()
	require.NoError(t, err)
	require.Zero(t, w.entra.RefreshReuses())
	require.Empty(t, w.entra.Unknown())
}

// A reconnect replaces the sign-in, under the same name.
func TestReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.ann.connected(support)
	before := w.kept(support)
	w.entra.RevokeSignIns(support)
	source := w.source(support)
	token, err := source.Token()
	require.NoError(t, err)
	source.Refused(token)
	_, err = source.Token()
	require.ErrorIs(t, err, tokens.ErrRevoked)

	m := w.ann.look(support)
	require.Equal(t, consent.StateFailed, m.State)
	require.Equal(t, "The password was changed: sign in again.", m.Reason)
	require.False(t, m.FailedSince.IsZero())
	p := w.ann.get("/")
	require.Contains(t, p.words(), "Not working: somebody has to sign in again The password was changed: sign in again.")
	require.Contains(t, p.words(), "Reconnect "+support)

	p = w.ann.follow(w.ann.connect(support, graphtest.Answer{User: support}))
	require.Contains(t, p.words(), support+" is connected again.")
	require.Equal(t, consent.StateConnected, w.ann.look(support).State)
	require.NotEqual(t, before, w.kept(support))
	require.Equal(t, consent.Reconnected, w.events[1].Change)
	_, err = source.Token()
	require.NoError(t, err, "who uses it need not know")
}

// Whatever goes wrong, an older sign-in stays, to the octet.
func TestFailures(t *testing.T) {
	t.Parallel()
	refuse := func(f graphtest.TokenFault) func(*world) {
		return func(w *world) { require.NoError(w, w.entra.FailTokens(f)) }
	}
	for name, one := range map[string]struct {
		fake    graphtest.Options
		as      graphtest.Answer
		happens func(*world)
		status  int
		says    []string
		without string
	}{
		"wrong account": {as: graphtest.Answer{User: ann}, status: 403,
			says: []string{"That is another account", "You signed in as ann@contoso.test, and not as support@contoso.test", "Use another account", "Sign in again"}},
		"declined": {as: graphtest.Answer{User: support, Deny: true}, status: 403,
			says: []string{"The permissions were declined", "choose “Accept”", "I am an administrator"}},
		"admin": {fake: graphtest.Options{NoUserConsent: true}, as: graphtest.Answer{User: support}, status: 403,
			says: []string{"An administrator has to consent", "I am an administrator", "Otherwise send this address"}, without: "Sign in again"},
		"admin, said otherwise": {fake: graphtest.Options{NoUserConsent: true, ConsentRequired: true}, as: graphtest.Answer{User: support}, status: 403,
			says: []string{"An administrator has to consent"}},
		"the code is refused": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Number: 54005}), status: 403,
			says: []string{"Microsoft did not complete the sign-in", "Sign in again"}},
		"nobody may use the application who is not assigned to it": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Number: 50105}), status: 403,
			says: []string{"The account is not assigned to the application", "Sign in again"}, without: "declined"},
		"consent was taken back meanwhile": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Number: 65001}), status: 403,
			says: []string{"Consent to the application's permissions again", "I am an administrator"}, without: "declined"},
		"it cannot be renewed": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Grant: "refresh_token", Number: 50194}), status: 500,
			says: []string{"This application is not set up right", "is for one tenant", "whoever runs this application"}},
		"renewing wants to see the person": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Grant: "refresh_token", Number: 50076}), status: 403,
			says: []string{"Sign in again at a screen"}},
		"the secret has expired": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Number: 7000222}), status: 500,
			says: []string{"not set up right", "secret has expired"}},
		"Microsoft is down": {as: graphtest.Answer{User: support}, happens: func(w *world) { w.wire.set(true) }, status: 503,
			says: []string{"Microsoft does not answer", "in a few minutes"}},
		"Entra is busy": {as: graphtest.Answer{User: support}, happens: refuse(graphtest.TokenFault{Number: 90033, Status: 503}), status: 503,
			says: []string{"Microsoft does not answer"}},
		"who signed in is not told": {as: graphtest.Answer{User: support}, happens: func(w *world) {
			require.NoError(w, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me", Status: 403, Times: -1}))
		}, status: 403, says: []string{"was not connected"}},
		"the Inbox is closed": {as: graphtest.Answer{User: support}, happens: func(w *world) {
			require.NoError(w, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me/mailFolders/inbox/messages", Status: 403, Code: "ErrorAccessDenied", Times: -1}))
		}, status: 403, says: []string{"The mailbox does not open", "consent to everything"}},
		"the Inbox of who signs in by another name is closed": {as: graphtest.Answer{User: support}, happens: func(w *world) {
			require.NoError(w, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me", Status: 200, Times: -1,
				Body: `{"id":"1","mail":"help@contoso.test","userPrincipalName":"Support@contoso.test"}`}))
			require.NoError(w, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me/mailFolders/inbox/messages", Status: 403, Code: "ErrorAccessDenied", Times: -1}))
		}, status: 403, says: []string{"You signed in as help@contoso.test", "consent to everything"}, without: "Full Access"},
		"the Inbox does not answer": {as: graphtest.Answer{User: support}, happens: func(w *world) {
			require.NoError(w, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me/mailFolders/inbox/messages", Status: 200, Body: "<html>A proxy is busy</html>", Times: -1}))
		}, status: 503, says: []string{"Microsoft does not answer", "in a few minutes"}, without: "does not open"},
	} {
		for _, again := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", of a reconnect"}[again], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, &one.fake, nil)
				if again { // as it was connected before the organisation closed down
					w.entra.Consent("", "Mail.ReadWrite", "Mail.Send", "User.Read")
					w.ann.connected(support)
					w.entra.RevokeConsent("")
					w.events = nil
				}
				before := w.kept(support)
				back := w.ann.start(support, one.as)
				if one.happens != nil {
					one.happens(w)
				}
				p := w.ann.do("GET", back, nil)
				require.Equal(t, one.status, p.StatusCode, p.words())
				for _, s := range one.says {
					require.Contains(t, p.words(), s)
				}
				if one.without != "" {
					require.NotContains(t, p.words(), one.without)
				}
				require.Equal(t, before, w.kept(support))
				require.Equal(t, again, w.ann.look(support).Connected())
				require.Empty(t, w.events)
				require.Contains(t, w.log.String(), "mailbox not connected")
				require.NotContains(t, w.log.String(), ann)

				w.wire.set(false)
				w.entra.ClearFaults()
				w.entra.Consent("", "Mail.ReadWrite", "Mail.Send", "User.Read")
				w.ann.connected(support)
			})
		}
	}
}

// Whose mailbox is not in Exchange Online is told so at once.
func TestNoMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, func(w *world) {
		w.entra.AddOnPremises("old@contoso.test")
		w.opts.Mailboxes = consent.Only("old@contoso.test")
	})
	p := w.ann.connect("old@contoso.test", graphtest.Answer{User: "old@contoso.test"})
	require.Equal(t, 403, p.StatusCode)
	require.Contains(t, p.words(), "The mailbox is on-premises, inactive or not licensed")
	require.Contains(t, p.words(), "authenticated SMTP connector")
	require.Empty(t, w.kept("old@contoso.test"))
}

// With Wants.Shared somebody else signs in, whom the mailbox opens to.
func TestShared(t *testing.T) {
	t.Parallel()
	const shared = "team@contoso.test"
	for _, hidden := range []bool{false, true} {
		w := newWorld(t, &graphtest.Options{HideShared: hidden}, func(w *world) {
			w.entra.AddShared(shared)
			w.opts.Mailboxes, w.opts.Wants = consent.Only(shared, support), entra.Wants{Shared: true}
		})
		p := w.ann.connect(shared, graphtest.Answer{User: ann})
		require.Equal(t, 403, p.StatusCode)
		require.Contains(t, p.words(), "You signed in as "+ann+", but the Inbox of "+shared+" does not open")
		require.Contains(t, p.words(), "Full Access")
		require.Empty(t, w.kept(shared))

		w.entra.Delegate(shared, ann, graphtest.FullAccess)
		require.Contains(t, w.ann.follow(w.ann.connect(shared, graphtest.Answer{User: ann})).words(), shared+" is connected.")
		require.Equal(t, ann, w.ann.look(shared).User)
		require.Equal(t, consent.Event{Change: consent.Connected, Mailbox: shared, Account: shared, User: ann}, w.events[0])
		w.ann.connected(support) // one's own is as good
	}
}

// An administrator consents, after which people can.
func TestAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &graphtest.Options{NoUserConsent: true}, nil)
	require.Contains(t, w.ann.connect(support, graphtest.Answer{User: support}).words(), "An administrator has to consent")

	p := w.ann.do("GET", w.ann.answer(w.ann.post("/admin", ""), graphtest.Answer{User: adminis, Deny: true}), nil)
	require.Equal(t, 403, p.StatusCode)
	require.Contains(t, p.words(), "No administrator has consented")
	p = w.ann.do("GET", w.ann.answer(w.ann.post("/admin", ""), graphtest.Answer{User: ann}), nil)
	require.Contains(t, p.words(), "sign in as one")

	p = w.ann.do("GET", w.ann.answer(w.ann.post("/admin", ""), graphtest.Answer{User: adminis}), nil)
	require.Contains(t, w.ann.follow(p).words(), "An administrator has consented.")
	w.ann.connected(support)
}

// One whom somebody has sent the address consents without access to the
// application, and changes nothing in it.
func TestLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &graphtest.Options{NoUserConsent: true}, nil)
	p := w.ann.connect(support, graphtest.Answer{User: support})
	_, address, _ := strings.Cut(p.text, `<p class="address"><a href="`)
	address, _, _ = strings.Cut(address, `"`)
	address = html.UnescapeString(address)

	w.opts.Mailboxes = consent.Only() // as for somebody who is not logged in
	stranger := w.browse(w.serve())
	back, err := w.entra.Authorize(address, graphtest.Answer{User: adminis, Deny: true})
	require.NoError(t, err)
	require.Contains(t, stranger.do("GET", back, nil).words(), "No administrator has consented")
	back, err = w.entra.Authorize(address, graphtest.Answer{User: adminis})
	require.NoError(t, err)
	p = stranger.do("GET", back, nil)
	require.Equal(t, http.StatusOK, p.StatusCode)
	require.Contains(t, p.words(), "You have consented for your organisation.")
	require.NotContains(t, p.words(), support)
	w.ann.connected(support)
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.ann.connected(support)
	p := w.ann.get("/disconnect?mailbox=" + url.QueryEscape(support))
	require.Contains(t, p.words(), "Disconnect "+support+"?")
	require.Contains(t, p.words(), "Keep it connected")
	require.True(t, w.ann.look(support).Connected(), "asking changes nothing")

	p = w.ann.follow(w.ann.post("/disconnect", support))
	require.Contains(t, p.words(), support+" is disconnected.")
	require.Equal(t, consent.StateDisconnected, w.ann.look(support).State)
	require.Empty(t, w.kept(support))
	require.Equal(t, consent.Event{Change: consent.Disconnected, Mailbox: support, Account: support}, w.events[1])
	p = w.ann.follow(w.ann.post("/disconnect", support))
	require.Contains(t, p.words(), support+" is disconnected.")
	require.Len(t, w.events, 2, "twice is once")
	w.ann.connected(support)
}

// Who uses the mailbox meanwhile hears of it, with an access token that is good
// for an hour; and as soon of who signs in instead.
func TestDisconnectInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorldIn(t, true, nil, nil)
		w.ann.connected(support)
		source := w.source(support)
		first, err := source.Token()
		require.NoError(t, err)
		require.Contains(t, w.ann.get("/disconnect?mailbox="+support).words(), "Within two minutes:")
		w.ann.follow(w.ann.post("/disconnect", support))
		for range 2 {
			time.Sleep(time.Minute)
			_, err = source.Token()
			synctest.Wait()
		}
		require.ErrorIs(t, err, tokens.ErrMissing)
		w.ann.connected(support)
		second, err := source.Token()
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, second.AccessToken)
	})
}

// What cannot be saved is not said to be connected, and what cannot be removed
// not to be disconnected.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: new(tokens.Memory)}
	w := newWorld(t, nil, func(w *world) { w.store = store })
	store.save = errors.New("the disk is full")
	p := w.ann.connect(support, graphtest.Answer{User: support})
	require.Equal(t, 503, p.StatusCode)
	require.Contains(t, p.words(), "The sign-in could not be saved")
	require.NotContains(t, p.words(), "disk")
	require.Contains(t, w.log.String(), "the disk is full")
	require.Empty(t, w.kept(support))
	require.Empty(t, w.events)

	store.save, store.saves = nil, 0
	w.ann.connected(support)
	require.Equal(t, 1, store.saves, "whole or not at all")

	store.save = errors.New("the disk is full")
	p = w.ann.post("/disconnect", support)
	require.Equal(t, 503, p.StatusCode)
	require.Contains(t, p.words(), "was not disconnected")
	store.save = nil
	require.Equal(t, consent.StateConnected, w.ann.look(support).State)
}

// A page that is loaded twice at once redeems its code once.
func TestTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	back := w.ann.start(support, graphtest.Answer{User: support})
	var loads sync.WaitGroup
	for range 8 {
		b := &browser{world: w, client: w.ann.client}
		loads.Go(func() { b.do("GET", back, nil) })
	}
	loads.Wait()
	require.Len(t, w.entra.Issued(), 2, "a code and a renewal")
	require.Equal(t, consent.StateConnected, w.ann.look(support).State)
}

// However long Microsoft took, the application has the time that it needs.
func TestOnChangeLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late error
		w := newWorldIn(t, true, nil, func(w *world) {
			w.opts.OnChange = func(ctx context.Context, _ consent.Event) {
				time.Sleep(5 * time.Second)
				late = ctx.Err()
			}
		})
		back := w.ann.start(support, graphtest.Answer{User: support})
		require.NoError(t, w.entra.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/me", Delay: graphtest.Duration(58 * time.Second), Times: 1}))
		began := time.Now()
		require.Contains(t, w.ann.follow(w.ann.do("GET", back, nil)).words(), support+" is connected.")
		require.Greater(t, time.Since(began), time.Minute)
		require.NoError(t, late)
	})
}

// Who leaves while it goes on has connected all the same: the code is spent.
func TestLeaving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	back := w.ann.start(support, graphtest.Answer{User: support})
	ctx, leave := context.WithCancel(t.Context())
	w.wire.onSend(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, back, nil)
	require.NoError(t, err)
	_, err = w.ann.client.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return w.ann.look(support).State == consent.StateConnected }, 10*time.Second, 5*time.Millisecond)
}
