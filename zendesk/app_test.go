package zendesk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

const redirect = "http://localhost:8080/callback"

// room is a fake account and its OAuth client, in virtual time.
type room struct {
	*zendesktest.Server
	t      *testing.T
	app    *zendesk.App
	url    string
	client *http.Client
	secret string
}

func inRoom(t *testing.T, z *zendesktest.Options, f func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{Server: zendesktest.New(z), t: t}
		var stop func()
		r.url, r.client, stop = memnet.Serve(r.Server)
		t.Cleanup(stop)
		var id string
		id, r.secret = r.Client()
		var err error
		r.app, err = zendesk.NewApp("acme", id, r.secret, &zendesk.AppOptions{BaseURL: r.url, HTTPClient: r.client})
		require.NoError(t, err)
		f(t, r)
		require.Empty(t, r.Unknown())
		require.Empty(t, r.Violations())
	})
}

// desk is the account as a Client sees it.
func (r *room) desk(source oauth2.TokenSource) *zendesk.Client {
	r.t.Helper()
	c, err := zendesk.New("acme", source, &zendesk.Options{BaseURL: r.url, HTTPClient: r.client})
	require.NoError(r.t, err)
	return c
}

// signIn has somebody sign in.
func (r *room) signIn(user string, scopes ...string) *oauth2.Token {
	r.t.Helper()
	verifier := oauth2.GenerateVerifier()
	back, err := r.Authorize(r.app.AuthCodeURL(redirect, "state", verifier, scopes...), zendesktest.Answer{User: user})
	require.NoError(r.t, err)
	require.NoError(r.t, tokens.Redirected("sign in", back.Query()))
	token, err := r.app.Exchange(r.t.Context(), redirect, back.Query().Get("code"), verifier, scopes...)
	require.NoError(r.t, err)
	return token
}

// refused requires an error of the token endpoint that tells no secret.
func (r *room) refused(err error, class error, parts ...string) *tokens.Error {
	r.t.Helper()
	var e *tokens.Error
	require.ErrorAs(r.t, err, &e)
	require.ErrorIs(r.t, err, class)
	for _, part := range parts {
		require.ErrorContains(r.t, err, part)
	}
	if r.secret != "" {
		require.NotContains(r.t, err.Error(), r.secret)
	}
	return e
}

func TestNewAppRefuses(t *testing.T) {
	for _, bad := range [][3]string{
		{"acme.zendesk.com", "id"}, {"", "id"}, {"acme", ""}, {"acme", "two words"}, {"acme", "id", "http://acme.example"}, {"acme", "id", "https://acme.example?x=1"},
	} {
		_, err := zendesk.NewApp(bad[0], bad[1], "secret", &zendesk.AppOptions{BaseURL: bad[2]})
		require.ErrorContains(t, err, "zendesk: ", bad)
	}
	app, err := zendesk.NewApp("acme", "connector", "s3cret", nil)
	require.NoError(t, err)
	u, err := url.Parse(app.AuthCodeURL("https://app.example/cb", "s", oauth2.GenerateVerifier()))
	require.NoError(t, err)
	require.Equal(t, "https://acme.zendesk.com/oauth/authorizations/new", u.Scheme+"://"+u.Host+u.Path)
	require.Equal(t, strings.Join(zendesk.Scopes, " "), u.Query().Get("scope"))
	require.Equal(t, "https://acme.zendesk.com/oauth/tokens", app.SignedIn(nil, "").TokenURL)

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("app", "app", app)
	for _, shown := range []string{fmt.Sprint(app), fmt.Sprintf("%#v %+v %s %q", app, app, app, app), log.String()} {
		require.NotContains(t, shown, "s3cret")
	}
}

func TestOwnTokens(t *testing.T) {
	inRoom(t, &zendesktest.Options{TokenLife: -1, UploadScope: true, SettingsScope: true, NoAudits: true}, func(t *testing.T, r *room) {
		own, err := r.app.AppSource()
		require.NoError(t, err)
		desk := r.desk(own)
		_, err = desk.Create(t.Context(), ticket())
		require.NoError(t, err)
		_, err = desk.SupportAddresses(t.Context())
		require.NoError(t, err)
		_, err = desk.Upload(t.Context(), &exdesk.File{Name: "a.txt", Type: "text/plain", Body: strings.NewReader("x")})
		require.NoError(t, err)
		require.Len(t, r.Grants(), 1)
		g := r.Grants()[0]
		require.Equal(t, "client_credentials", g.Type)
		require.Equal(t, zendesk.Scopes, g.Scopes)
		require.WithinDuration(t, time.Now().Add(time.Hour), g.Expires, time.Minute, "it ends, though the client's tokens usually do not")

		time.Sleep(time.Hour)
		_, err = desk.Ticket(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, r.Grants(), 2)

		token, err := r.app.ClientCredentials(t.Context(), "tickets:read")
		require.NoError(t, err)
		require.Empty(t, token.RefreshToken)
		require.Equal(t, "tickets:read", token.Extra("scope"))
	})
}

func TestOwnTokensAreRefused(t *testing.T) {
	inRoom(t, &zendesktest.Options{ClientScopes: []string{"read", "reed"}, DropUnknownScopes: true}, func(t *testing.T, r *room) {
		_, err := r.app.ClientCredentials(t.Context())
		require.Equal(t, "invalid_scope", r.refused(err, tokens.ErrClient).Code)

		own, err := r.app.AppSource("read", "reed")
		require.NoError(t, err)
		_, err = own.Token()
		r.refused(err, tokens.ErrClient, `the scopes "read" were granted instead of "read reed"`, "Admin Center")
		_, err = r.desk(own).Ticket(t.Context(), 1)
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.Len(t, r.Grants(), 1, "it is not asked for again at once")

		require.NoError(t, r.Fault(zendesktest.Fault{Path: "/oauth/tokens", Status: 429, RetryAfter: "7"}))
		_, err = r.app.ClientCredentials(t.Context(), "read")
		wait, ok := r.refused(err, exdesk.ErrTemporary, "429").RetryAfter()
		require.True(t, ok)
		require.Equal(t, 7*time.Second, wait)
		time.Sleep(8 * time.Second)
		require.NoError(t, r.Fault(zendesktest.Fault{Path: "/oauth/tokens", Status: 503}))
		_, err = r.app.ClientCredentials(t.Context(), "read")
		r.refused(err, exdesk.ErrTemporary, "503")
		require.NoError(t, r.Fault(zendesktest.Fault{Path: "/oauth/tokens", Hang: true}))
		_, err = r.app.ClientCredentials(t.Context(), "read")
		r.refused(err, exdesk.ErrTemporary, "20s")
		ctx, leave := context.WithCancelCause(t.Context())
		leave(errors.New("gone home"))
		_, err = r.app.ClientCredentials(ctx, "read")
		require.ErrorContains(t, err, "gone home")

		r.app, err = zendesk.NewApp("acme", "exdesk_connector", "wrong", &zendesk.AppOptions{BaseURL: r.url, HTTPClient: r.client})
		require.NoError(t, err)
		_, err = r.app.ClientCredentials(t.Context(), "read")
		require.Equal(t, 401, r.refused(err, tokens.ErrClient, "invalid_client").Status)
	})
}

func TestSignIn(t *testing.T) {
	for name, z := range map[string]zendesktest.Options{"confidential": {}, "public": {PublicClient: true}} {
		t.Run(name, func(t *testing.T) {
			z.Agents = []string{"sam@acme.test"}
			inRoom(t, &z, func(t *testing.T, r *room) {
				token := r.signIn("sam@acme.test")
				require.WithinDuration(t, time.Now().Add(30*time.Minute), token.Expiry, time.Minute)
				require.Equal(t, "sam@acme.test", r.Grants()[0].User)

				store := new(tokens.Memory)
				require.NoError(t, tokens.Put(t.Context(), store, "acme", r.app.SignedIn(token, "sam@acme.test")))
				source, err := r.app.Source("acme", store)
				require.NoError(t, err)
				desk := r.desk(source)
				for range 3 {
					_, err = desk.SupportAddresses(t.Context())
					require.NoError(t, err)
					time.Sleep(31 * time.Minute)
				}
				require.Len(t, r.Grants(), 3)
				r.RevokeTokens("sam@acme.test")
				_, err = desk.SupportAddresses(t.Context())
				require.ErrorIs(t, err, tokens.ErrRevoked)
			})
		})
	}
}

func TestSignInIsRefused(t *testing.T) {
	inRoom(t, nil, func(t *testing.T, r *room) {
		verifier := oauth2.GenerateVerifier()
		at := r.app.AuthCodeURL(redirect, "s&te", verifier, "tickets:read")
		back, err := r.Authorize(at, zendesktest.Answer{Deny: true})
		require.NoError(t, err)
		require.Equal(t, "s&te", back.Query().Get("state"))
		require.ErrorIs(t, tokens.Redirected("sign in", back.Query()), tokens.ErrConsent)

		back, err = r.Authorize(at, zendesktest.Answer{})
		require.NoError(t, err)
		code := back.Query().Get("code")
		_, err = r.app.Exchange(t.Context(), redirect, code, oauth2.GenerateVerifier())
		r.refused(err, exdesk.ErrAuth, "invalid_grant")
		_, err = r.app.Exchange(t.Context(), redirect, code, verifier)
		r.refused(err, tokens.ErrClient, `the scopes "tickets:read" were granted instead of "read tickets:write`)
		_, err = r.app.Exchange(t.Context(), redirect, code, verifier, "tickets:read")
		e := r.refused(err, exdesk.ErrAuth, "invalid_grant")
		require.NotContains(t, e.Error(), code)
		require.NotContains(t, e.Error(), verifier)
	})
	inRoom(t, &zendesktest.Options{PublicClient: true, TokenLife: -1}, func(t *testing.T, r *room) {
		_, err := r.app.ClientCredentials(t.Context())
		r.refused(err, tokens.ErrClient, "public client")
		require.Zero(t, r.Count())
		require.True(t, r.signIn("").Expiry.IsZero(), "nobody knows when it ends")
	})
}

// A token endpoint that means harm gets the secret only itself, and nothing it
// says fills a log or the memory.
func TestHostileTokenEndpoint(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		class  error
	}{
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, exdesk.ErrAuth},
		"flood": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"access_token":"` + strings.Repeat("x", 2<<20) + `"}`))
		}, exdesk.ErrTemporary},
		"no token": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"scope":"EVIL"}`)) }, exdesk.ErrTemporary},
		"HTML":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>EVIL</p>")) }, exdesk.ErrTemporary},
		"scopes": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"access_token":"x","scope":"` + strings.Repeat(`a\n`, 9999) + `"}`))
		}, tokens.ErrClient},
		"echo": {func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.WriteHeader(400)
			_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":"EVIL %[1]s"}`, r.PostForm.Encode())
		}, exdesk.ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			var lost atomic.Int32
			mux := http.NewServeMux()
			mux.HandleFunc("/oauth/tokens", c.answer)
			mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { lost.Add(1) })
			web := httptest.NewServer(mux)
			defer web.Close()
			app, err := zendesk.NewApp("acme", "id", "s3cret", &zendesk.AppOptions{BaseURL: web.URL})
			require.NoError(t, err)
			_, err = app.ClientCredentials(t.Context())
			require.ErrorIs(t, err, c.class)
			require.Less(t, len(err.Error()), 1000)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "EVIL")
			require.NotContains(t, err.Error(), "\n")
			require.Zero(t, lost.Load())
		})
	}
}

func ExampleApp_ClientCredentials() {
	srv := zendesktest.New(nil)
	web := httptest.NewServer(srv)
	defer web.Close()
	id, secret := srv.Client()
	app, err := zendesk.NewApp("acme", id, secret, &zendesk.AppOptions{BaseURL: web.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	own, err := app.AppSource()
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := zendesk.New("acme", own, &zendesk.Options{BaseURL: web.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(desk.SupportAddresses(context.Background()))
	fmt.Println(srv.Grants()[0].Scopes)
	// Output:
	// [support@acme.zendesk.com] <nil>
	// [read tickets:write ticket_attachments:write]
}

// Somebody signs in with a browser, whose part Authorize plays here; from then on
// a Source renews what he was given.
func ExampleApp_Exchange() {
	srv := zendesktest.New(&zendesktest.Options{PublicClient: true})
	web := httptest.NewServer(srv)
	defer web.Close()
	ctx := context.Background()
	id, _ := srv.Client()
	app, err := zendesk.NewApp("acme", id, "", &zendesk.AppOptions{BaseURL: web.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	state, verifier := "kept with the browser's session", oauth2.GenerateVerifier()
	var back *url.URL
	if back, err = srv.Authorize(app.AuthCodeURL(redirect, state, verifier), zendesktest.Answer{}); err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(back.Query().Get("state") == state, tokens.Redirected("sign in", back.Query()))
	token, err := app.Exchange(ctx, redirect, back.Query().Get("code"), verifier)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := new(tokens.Memory)
	err = tokens.Put(ctx, store, "acme", app.SignedIn(token, "agent@acme.test"))
	fmt.Println(err)
	source, err := app.Source("acme", store)
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := zendesk.New("acme", source, &zendesk.Options{BaseURL: web.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(desk.SupportAddresses(ctx))
	// Output:
	// true <nil>
	// <nil>
	// [support@acme.zendesk.com] <nil>
}
