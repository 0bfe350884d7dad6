package entra_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
)

const (
	mailbox  = "support@contoso.test"
	admin    = "admin@contoso.test"
	redirect = "https://app.contoso.test/connect/callback"
)

// room is a fake Entra ID in virtual time.
type room struct {
	*graphtest.Server
	t      *testing.T
	url    string
	client *http.Client
	store  tokens.Memory
}

func inRoom(t *testing.T, o graphtest.Options, f func(t *testing.T, r *room)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o.Redirects = []string{redirect}
		r := &room{Server: graphtest.New(&o), t: t}
		var stop func()
		r.url, r.client, stop = memnet.Serve(r.Server)
		defer stop()
		f(t, r)
	})
}

func (r *room) secret() entra.Secret {
	_, secret := r.Client()
	return entra.Secret(secret)
}

func (r *room) app(tenant string, credential entra.Credential) *entra.App {
	r.t.Helper()
	id, _ := r.Client()
	cloud := entra.Cloud{Login: r.url, Graph: r.url, Resource: entra.Global.Graph}
	app, err := entra.New(tenant, id, credential, &entra.Options{Cloud: cloud, HTTPClient: r.client})
	require.NoError(r.t, err)
	return app
}

// signIn has somebody sign in with a browser.
func (r *room) signIn(app *entra.App, in entra.AuthRequest, as graphtest.Answer) (*oauth2.Token, error) {
	r.t.Helper()
	in.Redirect = redirect
	verifier := oauth2.GenerateVerifier()
	back, err := r.Authorize(app.AuthCodeURL(in, "state & more", verifier), as)
	require.NoError(r.t, err)
	u, err := url.Parse(back)
	require.NoError(r.t, err)
	code, err := entra.Code(u.Query(), "state & more")
	if err != nil {
		return nil, err
	}
	return app.Exchange(r.t.Context(), in, code, verifier)
}

// reads reports whether the mailbox can be read with these tokens.
func (r *room) reads(source oauth2.TokenSource) error {
	r.t.Helper()
	box, err := graph.New(mailbox, source, &graph.Options{BaseURL: r.url + "/v1.0", HTTPClient: r.client})
	require.NoError(r.t, err)
	for _, err := range box.Unread(r.t.Context()) {
		return err
	}
	return nil
}

// Somebody signs in as the mailbox, and the mailbox can be read for months.
func TestSignIn(t *testing.T) {
	cert, key := issue(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	certificate, err := entra.NewCertificate(cert, key)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		credential func(*room) entra.Credential
		public     bool
		auth       string
	}{
		"secret":      {func(r *room) entra.Credential { return r.secret() }, false, "client_secret_post"},
		"certificate": {func(*room) entra.Credential { return certificate }, false, "private_key_jwt"},
		"public":      {func(*room) entra.Credential { return nil }, true, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, graphtest.Options{Public: c.public, Tenant: "contoso.test", RefreshReuse: graphtest.ReuseEnds}, func(t *testing.T, r *room) {
				r.AddCertificate(cert)
				app := r.app("contoso.test", c.credential(r))
				token, err := r.signIn(app, entra.AuthRequest{Mailbox: mailbox}, graphtest.Answer{User: mailbox})
				require.NoError(t, err)
				require.NoError(t, tokens.Put(t.Context(), &r.store, mailbox, app.SignedIn(token, mailbox)))
				for range 24 {
					source, err := app.Source(mailbox, &r.store)
					require.NoError(t, err)
					require.NoError(t, r.reads(source))
					scopes, err := source.Scopes(t.Context())
					require.NoError(t, err)
					require.Subset(t, scopes, []string{"https://graph.microsoft.com/Mail.ReadWrite", "https://graph.microsoft.com/Mail.Send"})
					time.Sleep(30 * 24 * time.Hour)
				}
				require.Zero(t, r.RefreshReuses())
				issued := r.Issued()
				require.Len(t, issued, 24)
				for _, i := range issued {
					require.Equal(t, c.auth, i.Auth)
					require.Equal(t, mailbox, i.User)
					require.ElementsMatch(t, []string{"User.Read", "Mail.ReadWrite", "Mail.Send"}, i.Scopes, "the least")
				}
				r.RevokeSignIns(mailbox)
				source, err := app.Source(mailbox, &r.store)
				require.NoError(t, err)
				err = r.reads(source)
				require.ErrorIs(t, err, tokens.ErrRevoked)
				require.ErrorIs(t, err, exdesk.ErrAuth)
			})
		})
	}
}

func TestSignInRefused(t *testing.T) {
	inRoom(t, graphtest.Options{}, func(t *testing.T, r *room) {
		app := r.app("contoso.test", r.secret())
		_, err := r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox, Deny: true})
		require.ErrorIs(t, err, tokens.ErrConsent)
		_, err = r.signIn(app, entra.AuthRequest{Scopes: []string{"Mail.ReadWrite"}}, graphtest.Answer{User: mailbox})
		require.ErrorContains(t, err, "there is no refresh token: ask for the scope offline_access")
		_, err = r.signIn(r.app("contoso.test", entra.Secret("wrong")), entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.ErrorIs(t, err, tokens.ErrClient)
		require.NotContains(t, err.Error(), "wrong & more")

		in, verifier := entra.AuthRequest{Redirect: redirect}, oauth2.GenerateVerifier()
		back, err := r.Authorize(app.AuthCodeURL(in, "s", verifier), graphtest.Answer{User: mailbox})
		require.NoError(t, err)
		u, err := url.Parse(back)
		require.NoError(t, err)
		code := u.Query().Get("code")
		_, err = app.Exchange(t.Context(), in, code, oauth2.GenerateVerifier())
		require.ErrorIs(t, err, exdesk.ErrAuth, "the code is bound to who asked for it")
		_, err = app.Exchange(t.Context(), in, code, verifier)
		if err == nil { // whether a wrong verifier uses the code up is not documented
			_, err = app.Exchange(t.Context(), in, code, verifier)
		}
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.NotContains(t, err.Error(), code)
		require.NotContains(t, err.Error(), verifier)

		require.NoError(t, r.FailTokens(graphtest.TokenFault{Number: 53003, Times: -1}))
		_, err = r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.ErrorIs(t, err, tokens.ErrInteraction)
		require.ErrorContains(t, err, "conditional access blocks the sign-in")
	})
}

// One who may not consent is told so, and can sign in when an administrator has.
func TestAdminConsent(t *testing.T) {
	inRoom(t, graphtest.Options{NoUserConsent: true}, func(t *testing.T, r *room) {
		app := r.app("contoso.test", r.secret())
		_, err := r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.ErrorIs(t, err, tokens.ErrConsent)

		for _, scopes := range [][]string{nil, entra.Scopes(entra.Wants{})} {
			back, err := r.Authorize(app.AdminConsentURL(redirect, "s", scopes...), graphtest.Answer{User: admin, Deny: true})
			require.NoError(t, err)
			u, err := url.Parse(back)
			require.NoError(t, err)
			_, err = entra.AdminConsented(u.Query(), "s")
			require.ErrorIs(t, err, tokens.ErrConsent)

			back, err = r.Authorize(app.AdminConsentURL(redirect, "s", scopes...), graphtest.Answer{User: admin})
			require.NoError(t, err)
			u, err = url.Parse(back)
			require.NoError(t, err)
			_, err = entra.AdminConsented(u.Query(), "another")
			require.ErrorIs(t, err, entra.ErrState)
			tenant, err := entra.AdminConsented(u.Query(), "s")
			require.NoError(t, err)
			require.NotEmpty(t, tenant)
		}
		_, err = r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.NoError(t, err)
	})
}

// A terminal shows a code, and somebody enters it elsewhere. The application is a
// public client then, whatever it is otherwise (AADSTS700025), and so is it later.
func TestDevice(t *testing.T) {
	inRoom(t, graphtest.Options{Public: true}, func(t *testing.T, r *room) {
		for _, credential := range []entra.Credential{nil, entra.Secret("not for this")} {
			app := r.app("contoso.test", credential)
			auth, err := app.Device(t.Context())
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(15*time.Minute), auth.Expiry, time.Minute)
			go func() {
				time.Sleep(time.Minute)
				require.NoError(t, r.EnterCode(auth.UserCode, mailbox))
			}()
			token, err := app.DeviceToken(t.Context(), auth)
			require.NoError(t, err)
			require.NoError(t, tokens.Put(t.Context(), &r.store, mailbox, app.SignedIn(token, mailbox)))
			source, err := app.Source(mailbox, &r.store)
			require.NoError(t, err)
			time.Sleep(2 * time.Hour)
			require.NoError(t, r.reads(source))
		}

		app := r.app("contoso.test", nil)
		auth, err := app.Device(t.Context(), "offline_access", "Mail.ReadWrite")
		require.NoError(t, err)
		require.NoError(t, r.DeclineCode(auth.UserCode))
		_, err = app.DeviceToken(t.Context(), auth)
		require.ErrorIs(t, err, tokens.ErrConsent)
		auth, err = app.Device(t.Context())
		require.NoError(t, err)
		_, err = app.DeviceToken(t.Context(), auth)
		require.ErrorIs(t, err, tokens.ErrExpired)
		require.ErrorContains(t, err, "begin again")
		auth, err = app.Device(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = app.DeviceToken(ctx, auth)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, tokens.ErrExpired)
	})
}

// The application signs in by itself.
func TestAppSource(t *testing.T) {
	cert, key := issue(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	_, wrong := issue(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	certificate, err := entra.NewCertificate(cert, key)
	require.NoError(t, err)
	// The cluster's own token: signed by it, for Entra.
	cluster := func(ctx context.Context) (string, error) {
		now := time.Now().Unix()
		return jwt(t, wrong, map[string]any{"iss": "https://cluster.example", "sub": "system:serviceaccount:exdesk:ingest", "aud": "api://AzureADTokenExchange",
			"iat": now, "nbf": now, "exp": now + 3600, "jti": "1"}), nil
	}
	for name, c := range map[string]struct {
		credential func(*room) entra.Credential
		auth       string
	}{
		"secret":      {func(r *room) entra.Credential { return r.secret() }, "client_secret_post"},
		"certificate": {func(*room) entra.Credential { return certificate }, "private_key_jwt"},
		"federated":   {func(*room) entra.Credential { return entra.Federated(cluster) }, "federated"},
		"overlap":     {func(r *room) entra.Credential { return entra.Overlap{entra.Secret("ended"), certificate} }, "private_key_jwt"},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, graphtest.Options{Tenant: "contoso.test"}, func(t *testing.T, r *room) {
				r.AddCertificate(cert)
				r.Trust(graphtest.FederatedCredential{Issuer: "https://cluster.example", Subject: "system:serviceaccount:exdesk:ingest", Key: &wrong.PublicKey})
				r.AddSecret("ended", r.Now().Add(-time.Hour))
				source, err := r.app("contoso.test", c.credential(r)).AppSource()
				require.NoError(t, err)
				for range 5 {
					require.NoError(t, r.reads(source))
					time.Sleep(2 * time.Hour)
				}
				require.Len(t, r.Issued(), 5)
				require.Equal(t, c.auth, r.Issued()[0].Auth)

				other, err := r.app("fabrikam.test", c.credential(r)).AppSource()
				require.NoError(t, err)
				_, err = other.Token()
				require.ErrorIs(t, err, tokens.ErrClient)
				require.ErrorContains(t, err, "AADSTS90002: there is no such tenant")

				r.ExpireTokens() // before their time: the source is told, and gets another
				require.NoError(t, r.reads(source))
			})
		})
	}
	inRoom(t, graphtest.Options{Tenant: "contoso.test"}, func(t *testing.T, r *room) {
		for _, c := range []struct {
			credential entra.Credential
			text       string
		}{
			{entra.Secret("wrong"), "AADSTS7000215: the application's secret is wrong"},
			{certificate, "AADSTS700027: the application's certificate does not fit"},
			{entra.Federated(cluster), "no federated credential of the application fits"},
		} {
			source, err := r.app("contoso.test", c.credential).AppSource()
			require.NoError(t, err)
			_, err = source.Token()
			require.ErrorIs(t, err, tokens.ErrClient)
			require.ErrorContains(t, err, c.text)
		}
	})
}

// An application of one tenant names it for everything (AADSTS50194).
func TestTenant(t *testing.T) {
	inRoom(t, graphtest.Options{Tenant: "contoso.test"}, func(t *testing.T, r *room) {
		app := r.app("organizations", r.secret())
		_, err := app.AppSource()
		require.ErrorContains(t, err, "give the id or a domain of the tenant")
		_, err = app.Device(t.Context())
		require.ErrorIs(t, err, tokens.ErrClient)
		require.ErrorContains(t, err, "AADSTS50194: the application is for one tenant")
		_, err = r.app("contoso.test", nil).AppSource()
		require.ErrorContains(t, err, "needs a credential")
	})
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		tenant, id string
		cloud      entra.Cloud
		text       string
	}{
		{"", "app", entra.Global, "is not a tenant"},
		{"a/b", "app", entra.Global, "is not a tenant"},
		{"..", "app", entra.Global, "is not a tenant"},
		{"Consumers", "app", entra.Global, "personal account"},
		{"contoso.test", "", entra.Global, "no client id"},
		{"contoso.test", "two words", entra.Global, "no client id"},
		{"contoso.test", "app", entra.Cloud{Login: "http://login.example", Graph: "https://graph.example"}, "login host"},
		{"contoso.test", "app", entra.Cloud{Login: "https://login.example"}, "Graph"},
	} {
		_, err := entra.New(bad.tenant, bad.id, nil, &entra.Options{Cloud: bad.cloud})
		require.ErrorContains(t, err, bad.text)
	}
	app, err := entra.New("contoso.test", "app", nil, nil)
	require.NoError(t, err)
	require.Equal(t, entra.Global, app.Cloud())
	require.Equal(t, "app", app.ClientID())
}

// Each cloud has hosts of its own, and permissions are named by its Graph.
func TestClouds(t *testing.T) {
	t.Parallel()
	for _, cloud := range []entra.Cloud{entra.Global, entra.GCCHigh, entra.DoD, entra.China} {
		app, err := entra.New("contoso.test", "app", nil, &entra.Options{Cloud: cloud})
		require.NoError(t, err)
		u, err := url.Parse(app.AuthCodeURL(entra.AuthRequest{Redirect: redirect, Scopes: []string{"openid", " Mail.Send", "https://other.example/X"}, Mailbox: mailbox}, "s", oauth2.GenerateVerifier()))
		require.NoError(t, err)
		q := u.Query()
		require.Equal(t, cloud.Login+"/contoso.test/oauth2/v2.0/authorize", u.Scheme+"://"+u.Host+u.Path)
		require.Equal(t, "openid "+cloud.Graph+"/Mail.Send https://other.example/X", q.Get("scope"))
		require.Equal(t, []string{"S256", "query", "select_account", mailbox, redirect}, []string{q.Get("code_challenge_method"), q.Get("response_mode"), q.Get("prompt"), q.Get("login_hint"), q.Get("redirect_uri")})
		require.True(t, strings.HasSuffix(cloud.BaseURL(), "/v1.0"))
		_, err = graph.New(mailbox, oauth2.StaticTokenSource(nil), &graph.Options{BaseURL: cloud.BaseURL()})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"offline_access", "User.Read", "Mail.ReadWrite", "Mail.Send"}, entra.Scopes(entra.Wants{}))
	require.Equal(t, []string{"offline_access", "User.Read", "Mail.ReadWrite"}, entra.Scopes(entra.Wants{ReadOnly: true}))
	require.Equal(t, []string{"offline_access", "User.Read", "Mail.ReadWrite.Shared", "Mail.Send.Shared", "MailboxSettings.ReadWrite"},
		entra.Scopes(entra.Wants{Shared: true, Colours: true}))
}

func TestCode(t *testing.T) {
	t.Parallel()
	for _, q := range []url.Values{{}, {"code": {"c"}}, {"code": {"c"}, "state": {""}}, {"code": {"c"}, "state": {"other"}}, {"code": {"c"}, "state": {"s", "s"}},
		{"error": {"access_denied"}, "state": {"other"}}} {
		_, err := entra.Code(q, "s")
		require.ErrorIs(t, err, entra.ErrState, "%v", q)
	}
	_, err := entra.Code(url.Values{"code": {"c"}, "state": {""}}, "")
	require.ErrorIs(t, err, entra.ErrState)
	_, err = entra.Code(url.Values{"state": {"s"}}, "s")
	require.ErrorContains(t, err, "without a code")
	code, err := entra.Code(url.Values{"state": {"s"}, "code": {"c"}}, "s")
	require.NoError(t, err)
	require.Equal(t, "c", code)
	_, err = entra.AdminConsented(url.Values{"state": {"s"}, "tenant": {"a/b"}, "admin_consent": {"True"}}, "s")
	require.ErrorContains(t, err, "without consent")
}

// A login host that leads elsewhere gets nothing there.
func TestLoginHostRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a secret went elsewhere") }))
	defer elsewhere.Close()
	app := newApp(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect), entra.Secret("s"))
	require.Error(t, appToken(t, app))
	_, err := app.Device(t.Context())
	require.Error(t, err)
	_, err = app.Exchange(t.Context(), entra.AuthRequest{Redirect: redirect}, "code", oauth2.GenerateVerifier())
	require.Error(t, err)
	short := newApp(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"device_code":"x"}`)) }), nil)
	_, err = short.Device(t.Context())
	require.ErrorContains(t, err, "answer cannot be read")
}

// Nothing is kept of a sign-in that cannot be renewed.
func TestTry(t *testing.T) {
	inRoom(t, graphtest.Options{RefreshReuse: graphtest.ReuseEnds}, func(t *testing.T, r *room) {
		app := r.app("contoso.test", r.secret())
		token, err := r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.NoError(t, err)
		trial, source, err := app.Try(t.Context(), mailbox, app.SignedIn(token, mailbox))
		require.NoError(t, err)
		require.NoError(t, r.reads(source))
		require.Equal(t, "refresh_token", r.Issued()[len(r.Issued())-1].Grant)
		require.NoError(t, tokens.Copy(t.Context(), &r.store, trial, mailbox))
		kept, err := app.Source(mailbox, &r.store)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		require.NoError(t, r.reads(kept))
		require.Zero(t, r.RefreshReuses())

		token, err = r.signIn(app, entra.AuthRequest{}, graphtest.Answer{User: mailbox})
		require.NoError(t, err)
		require.NoError(t, r.FailTokens(graphtest.TokenFault{Grant: "refresh_token", Number: 50194}))
		_, _, err = app.Try(t.Context(), mailbox, app.SignedIn(token, mailbox))
		require.ErrorIs(t, err, tokens.ErrClient)
		_, _, err = app.Try(t.Context(), mailbox, tokens.SignIn{})
		require.Error(t, err)
	})
}
