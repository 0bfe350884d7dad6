package entra_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
)

// When the old certificate has ended, or the old token is not to be had any more,
// the new credential does.
func TestOverlapEnded(t *testing.T) {
	t.Parallel()
	ended, key := issue(t, time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC))
	old, err := entra.NewCertificate(ended, key)
	require.NoError(t, err)
	l := &login{good: "new"}
	for _, c := range []entra.Credential{old, entra.FederatedFile(filepath.Join(t.TempDir(), "gone"))} {
		require.NoError(t, appToken(t, newApp(t, l, entra.Overlap{c, entra.Secret("new")})))
	}
	require.Len(t, l.asked, 2)
	err = appToken(t, newApp(t, l, entra.Overlap{old, old}))
	require.ErrorIs(t, err, tokens.ErrClient)
	require.ErrorContains(t, err, "the certificate ended on 2025-03-01")
	// The old one cannot be tried and the new one is refused: that is what is told.
	require.ErrorContains(t, appToken(t, newApp(t, l, entra.Overlap{old, entra.Secret("wrong")})), "AADSTS7000222")
}

// QUIRK: a federated token that fits nothing may be an invalid_request.
func TestOverlapFederated(t *testing.T) {
	t.Parallel()
	var asked []url.Values
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.PostForm)
		if r.PostForm.Has("client_assertion") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_request","error_description":"AADSTS70021: x","error_codes":[70021]}`)
			return
		}
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"access"}`)
	})
	federated := entra.Federated(func(context.Context) (string, error) { return "one.two.three", nil })
	require.NoError(t, appToken(t, newApp(t, handler, entra.Overlap{federated, entra.Secret("s")})))
	require.Len(t, asked, 2)
	require.False(t, asked[1].Has("client_assertion"))
	err := appToken(t, newApp(t, handler, federated))
	require.ErrorIs(t, err, tokens.ErrClient)
	require.ErrorContains(t, err, "no federated credential of the application fits")
}

// What hinders the proof is said, not that an answer could not be read.
func TestCredentialTold(t *testing.T) {
	t.Parallel()
	l := new(login)
	err := appToken(t, newApp(t, l, entra.FederatedFile(filepath.Join(t.TempDir(), "gone"))))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.NotErrorIs(t, err, exdesk.ErrAuth)
	require.ErrorContains(t, err, "the federated token: open ")
	require.NotContains(t, err.Error(), "answer")
	err = appToken(t, newApp(t, l, entra.Federated(func(context.Context) (string, error) { return "", errors.New("the cluster is away") })))
	require.ErrorContains(t, err, "the federated token: the cluster is away")
	require.Empty(t, l.asked)
}

// hung is a login host in virtual time that never answers.
func hung(t *testing.T, f func(app *entra.App)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		u, client, stop := memnet.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // or the server does not notice that somebody left
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
			}
		}))
		defer stop()
		app, err := entra.New("contoso.test", "app", nil, &entra.Options{HTTPClient: client, Cloud: entra.Cloud{Login: u, Graph: u}})
		require.NoError(t, err)
		f(app)
	})
}

// Nobody waits for a login host for longer than he wants to, nor for ever.
func TestLoginHostHangs(t *testing.T) {
	t.Parallel()
	in := entra.AuthRequest{Redirect: redirect}
	for name, ask := range map[string]func(context.Context, *entra.App) error{
		"exchange": func(ctx context.Context, a *entra.App) error { _, err := a.Exchange(ctx, in, "c", "v"); return err },
		"device":   func(ctx context.Context, a *entra.App) error { _, err := a.Device(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			hung(t, func(app *entra.App) {
				began := time.Now()
				err := ask(context.Background(), app)
				require.Equal(t, 20*time.Second, time.Since(began))
				var e *tokens.Error
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, exdesk.ErrTemporary)
				require.ErrorContains(t, err, "does not answer within 20s")

				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				began = time.Now()
				err = ask(ctx, app)
				require.Equal(t, time.Second, time.Since(began))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NotContains(t, err.Error(), "20s")
				gone, leave := context.WithCancel(context.Background())
				leave()
				require.ErrorIs(t, ask(gone, app), context.Canceled)
			})
		})
	}
}

// A login host may answer anything when a code is asked for.
func TestDeviceAnswers(t *testing.T) {
	t.Parallel()
	const codes = `"device_code":"d","user_code":"u","verification_uri":"https://login.example/device"`
	for _, body := range []string{`null`, `[]`, ``, `{` + codes + `,"expires_in":900,"interval":-5}`, `{` + codes + `,"expires_in":900,"interval":99999999999}`, `{` + codes + `,"interval":0.5}`,
		`{` + codes + `,"expires_in":-1}`, `{` + codes + `,"expires_in":99999999999}`, `{` + codes + `}`} {
		t.Run(body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					if r.URL.Path == "/contoso.test/oauth2/v2.0/devicecode" {
						fmt.Fprint(w, body)
						return
					}
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprint(w, `{"error":"authorization_pending"}`)
				}))
				defer stop()
				app, err := entra.New("contoso.test", "app", nil, &entra.Options{HTTPClient: client, Cloud: entra.Cloud{Login: u, Graph: u}})
				require.NoError(t, err)
				var e *tokens.Error
				auth, err := app.Device(t.Context())
				if err != nil {
					require.ErrorAs(t, err, &e)
					return
				}
				began := time.Now()
				_, err = app.DeviceToken(t.Context(), auth)
				require.ErrorIs(t, err, tokens.ErrExpired)
				require.LessOrEqual(t, time.Since(began), time.Hour)
			})
		})
	}
}

// The errors of signing in are what the documentation says.
func TestSignInErrors(t *testing.T) {
	t.Parallel()
	l := &login{code: 200, body: `{"token_type":"Bearer","access_token":"a","expires_in":3600}`}
	app := newApp(t, l, nil)
	_, err := app.Exchange(t.Context(), entra.AuthRequest{Redirect: redirect}, "code", oauth2.GenerateVerifier())
	var e *tokens.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, tokens.ErrClient)
	require.ErrorContains(t, err, "ask for the scope offline_access")
	l.body = `{"device_code":"x"}`
	_, err = app.Device(t.Context())
	require.ErrorAs(t, err, &e)
	_, err = entra.AdminConsented(url.Values{"state": {"s"}, "error": {"access_denied"}}, "s")
	require.ErrorAs(t, err, &e)
}

// A credential that is none is found at once, not by Entra or in a crash.
func TestNoCredential(t *testing.T) {
	t.Parallel()
	for _, c := range []entra.Credential{entra.Secret(""), entra.Federated(nil), (*entra.Certificate)(nil), entra.Overlap{}, entra.Overlap{entra.Secret("s"), nil}, entra.Overlap{entra.Secret("")}} {
		_, err := entra.New("contoso.test", "app", c, nil)
		require.ErrorContains(t, err, "is empty", "%T", c)
	}
}
