package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/tokens"
)

// What is kept of a sign-in stays when it is renewed, and whoever looks learns of
// a refusal without asking anybody.
func TestLook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		_, err := tokens.Look(t.Context(), b.store, "nobody@contoso.test")
		require.ErrorIs(t, err, tokens.ErrMissing)
		began := time.Now().UTC()
		token := (&oauth2.Token{AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: began.Add(time.Hour)}).
			WithExtra(map[string]any{"scope": "Mail.Send offline_access"})
		require.NoError(t, tokens.Put(t.Context(), b.store, account, tokens.SignIn{Token: token, ClientID: "app", TokenURL: b.url + "/other", User: "ann@contoso.test"}))
		s := b.source(b.store)
		time.Sleep(2 * time.Hour)
		b.token(s, "access-1")
		scopes, err := s.Scopes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"Mail.Send", "offline_access"}, scopes, "the answer did not say, so they are the same")
		state, err := s.Look(t.Context())
		require.NoError(t, err)
		require.Equal(t, &tokens.State{User: "ann@contoso.test", Since: began, Renewed: began.Add(2 * time.Hour), Scopes: scopes, ClientID: "app"}, state)

		b.endpoint.set(func() { b.endpoint.valid = "another" })
		time.Sleep(2 * time.Hour)
		first := time.Now().UTC()
		for range 2 {
			_, err = s.Token()
			require.ErrorIs(t, err, tokens.ErrRevoked)
			time.Sleep(10 * time.Minute)
		}
		asked := b.endpoint.count()
		state, err = tokens.Look(t.Context(), b.store, account)
		require.NoError(t, err)
		require.ErrorIs(t, state.Refused, tokens.ErrRevoked)
		require.Contains(t, state.Refused.Error(), "AADSTS50173: the password was changed")
		require.Equal(t, first, state.RefusedSince)
		require.Equal(t, asked, b.endpoint.count())

		// Temporary trouble is no refusal, and a new sign-in ends one.
		b.endpoint.set(func() { b.endpoint.valid, b.endpoint.dead = "refresh-9", false })
		b.put("access-9", "refresh-9", time.Hour)
		state, err = tokens.Look(t.Context(), b.store, account)
		require.NoError(t, err)
		require.NoError(t, state.Refused)
		b.endpoint.set(func() {
			b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		})
		time.Sleep(2 * time.Hour)
		_, err = s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		state, err = tokens.Look(t.Context(), b.store, account)
		require.NoError(t, err)
		require.NoError(t, state.Refused)
	})
}

// A sign-in is renewed by the application that it was made with, and in the cloud
// where it was.
func TestOtherApplication(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		for _, in := range []tokens.SignIn{{ClientID: "other", TokenURL: b.url + "/token"}, {ClientID: "app", TokenURL: "https://login.microsoftonline.us/token"}} {
			in.Token = &oauth2.Token{AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: time.Now().Add(time.Hour)}
			require.NoError(t, tokens.Put(t.Context(), b.store, account, in))
			_, err := b.source(b.store).Token()
			require.ErrorIs(t, err, tokens.ErrClient)
			require.Contains(t, err.Error(), "made with another application")
		}
		require.Zero(t, b.endpoint.count(), "the refresh token is not lost")
	})
}

// getter is what an application gets its tokens from.
type getter struct {
	mu    sync.Mutex
	n     int
	err   error
	token oauth2.Token
}

func (g *getter) get(ctx context.Context) (*oauth2.Token, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Second):
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	if g.err != nil {
		return nil, g.err
	}
	t := g.token
	if t.Expiry = time.Now().Add(time.Hour); t.AccessToken == "" {
		t.AccessToken = string(rune('a' + g.n - 1))
	}
	return t.WithExtra(map[string]any{"scope": "tickets:read write"}), nil
}

func TestAppSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := new(getter)
		s := tokens.NewAppSource(g.get)
		all := func(want string) {
			t.Helper()
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					got, err := s.Token()
					require.NoError(t, err)
					require.Equal(t, want, got.AccessToken)
				})
			}
			wg.Wait()
		}
		all("a")
		scopes, err := s.Scopes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"tickets:read", "write"}, scopes)
		time.Sleep(54 * time.Minute)
		all("a")
		time.Sleep(2 * time.Minute)
		all("b")
		s.Refused(&oauth2.Token{AccessToken: "a"})
		all("b")
		s.Refused(&oauth2.Token{AccessToken: "b"})
		all("c")
		require.Equal(t, 3, g.n)

		// A refusal is remembered for a minute; what is still good is handed out
		// while nobody answers, and not after a refusal.
		g.err = &url.Error{Op: "Post", URL: "https://login.example?secret", Err: context.DeadlineExceeded}
		time.Sleep(57 * time.Minute)
		all("c")
		time.Sleep(10 * time.Minute)
		_, err = s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.NotContains(t, err.Error(), "secret")
		g.err = &oauth2.RetrieveError{Response: &http.Response{StatusCode: 401}, ErrorCode: "invalid_client", Body: []byte(`{"error_codes":[7000222]}`)}
		time.Sleep(6 * time.Second)
		n := g.n
		for range 3 {
			_, err = s.Token()
			require.ErrorIs(t, err, tokens.ErrClient)
			require.Contains(t, err.Error(), "401 invalid_client AADSTS7000222: the application's secret has expired")
			_, scopeless := s.Scopes(t.Context())
			require.ErrorIs(t, scopeless, tokens.ErrClient)
		}
		require.Equal(t, n+1, g.n)
		g.err, g.token.AccessToken = nil, "bad\n"
		time.Sleep(61 * time.Second)
		_, err = s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		g.token.AccessToken = "z"
		time.Sleep(6 * time.Second)
		all("z")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.TokenContext(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestRedirected(t *testing.T) {
	t.Parallel()
	require.NoError(t, tokens.Redirected("sign in", url.Values{"code": {"x"}}))
	for _, c := range []struct {
		code, description string
		class             error
		text              string
	}{
		{"access_denied", "AADSTS65004: ann@contoso.test declined", tokens.ErrConsent, "tokens: sign in: access_denied AADSTS65004: the person has declined"},
		{"permission_denied", "The admin canceled the request", tokens.ErrConsent, "permission_denied: the administrator has declined"},
		{"access_denied", "AADSTS90094: needs", tokens.ErrConsent, "an administrator has to consent"},
		{"<script>", "", exdesk.ErrAuth, "unknown_error: check the application's registration"},
		{"", "", exdesk.ErrAuth, "check the application's registration"},
		{"server_error", "AADSTS90033: busy", exdesk.ErrTemporary, "server_error AADSTS90033"},
	} {
		err := tokens.Redirected("sign in", url.Values{"error": {c.code}, "error_description": {c.description}})
		require.ErrorIs(t, err, c.class)
		require.Contains(t, err.Error(), c.text)
		require.NotContains(t, err.Error(), "ann@contoso.test")
	}
	require.NoError(t, tokens.Explain("x", nil))
	first := tokens.Redirected("sign in", url.Values{"error": {"x"}})
	require.Equal(t, first, tokens.Explain("y", first))
	require.ErrorIs(t, tokens.Explain("x", errors.New("anything secret")), exdesk.ErrTemporary)
	require.NotContains(t, tokens.Explain("x", errors.New("anything secret")).Error(), "secret")
}

// What has looked at an answer and found that somebody must act is heard; what a
// decoder says, which may quote the answer, is not.
func TestExplainKeepsWhatIsKnown(t *testing.T) {
	err := tokens.Explain("get a token", fmt.Errorf("other scopes were granted: %w", tokens.ErrClient))
	require.ErrorIs(t, err, tokens.ErrClient)
	require.NotErrorIs(t, err, exdesk.ErrTemporary)
	require.ErrorContains(t, err, "other scopes were granted")
	err = tokens.Explain("get a token", errors.New("cannot parse json: SECRET"))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.NotContains(t, err.Error(), "SECRET")
}
