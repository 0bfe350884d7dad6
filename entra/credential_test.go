package entra_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/tokens"
)

const tokenURL = "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token"

func decode(t *testing.T, part string, out any) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	if out != nil {
		require.NoError(t, json.Unmarshal(raw, out))
	}
	return raw
}

// What a certificate signs is what Microsoft's page asks for.
func TestCertificate(t *testing.T) {
	cert, key := issue(t, time.Now().AddDate(1, 0, 0))
	synctest.Test(t, func(t *testing.T) {
		c, err := entra.NewCertificate(cert, key)
		require.NoError(t, err)
		require.Equal(t, cert.NotAfter, c.NotAfter())
		seen := make(map[string]bool)
		for range 2 {
			form := url.Values{}
			require.NoError(t, c.Prove(t.Context(), form, "app", tokenURL))
			require.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
			parts := strings.Split(form.Get("client_assertion"), ".")
			require.Len(t, parts, 3)
			var head map[string]string
			decode(t, parts[0], &head)
			sum := sha256.Sum256(cert.Raw)
			require.Equal(t, map[string]string{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}, head)
			var claims struct {
				Aud, Iss, Sub, Jti string
				Nbf, Iat, Exp      int64
			}
			decode(t, parts[1], &claims)
			require.Equal(t, []string{tokenURL, "app", "app"}, []string{claims.Aud, claims.Iss, claims.Sub})
			now := time.Now().Unix()
			require.Equal(t, []int64{now, now, now + 600}, []int64{claims.Nbf, claims.Iat, claims.Exp})
			require.False(t, seen[claims.Jti] || claims.Jti == "", "each has an id of its own")
			seen[claims.Jti] = true
			signed := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
			require.NoError(t, rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, signed[:], decode(t, parts[2], nil),
				&rsa.PSSOptions{SaltLength: sha256.Size}))
		}
	})
	ended, oldKey := issue(t, time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC))
	c, err := entra.NewCertificate(ended, oldKey)
	require.NoError(t, err)
	err = c.Prove(t.Context(), url.Values{}, "app", tokenURL)
	require.ErrorIs(t, err, tokens.ErrClient)
	require.Contains(t, err.Error(), "the certificate ended on 2025-03-01: register a new one")
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	cert, key := issue(t, time.Now().AddDate(1, 0, 0))
	other, otherKey := issue(t, time.Now().AddDate(1, 0, 0))
	certificate := block("CERTIFICATE", cert.Raw)
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	join := func(list ...[]byte) []byte { return slices.Concat(list...) }
	for _, good := range [][]byte{
		join(certificate, pkcs1), join(pkcs8(t, key), certificate), join([]byte("Bag Attributes\n"), pkcs8(t, key), []byte("\n# text\n"), certificate),
		join(block("CERTIFICATE", other.Raw), certificate, pkcs1),
	} {
		c, err := entra.ParseCertificate(good)
		require.NoError(t, err)
		require.Equal(t, cert.NotAfter, c.NotAfter())
	}
	for _, bad := range []struct {
		pem  []byte
		text string
	}{
		{nil, "has to hold a certificate and its private key"},
		{certificate, "has to hold a certificate and its private key"},
		{pkcs1, "has to hold a certificate and its private key"},
		{join(certificate, pkcs8(t, otherKey)), "the key is not the certificate's"},
		{join(certificate, pkcs8(t, elliptical(t))), "not RSA"},
		{join(certificate, block("ENCRYPTED PRIVATE KEY", []byte("x"))), "it has a password"},
		{join(block("CERTIFICATE", []byte("x")), pkcs1), `the PEM block "CERTIFICATE"`},
		{join(certificate, block("PRIVATE KEY", []byte("x"))), `the PEM block "PRIVATE KEY"`},
		{join(certificate, block("RSA PRIVATE KEY", []byte("x"))), `the PEM block "RSA PRIVATE KEY"`},
	} {
		_, err := entra.ParseCertificate(bad.pem)
		require.ErrorContains(t, err, bad.text)
	}
	_, err := entra.NewCertificate(nil, key)
	require.ErrorContains(t, err, "needs its key")
}

func TestFederatedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	f := entra.FederatedFile(path)
	form := url.Values{}
	require.ErrorIs(t, f.Prove(t.Context(), form, "app", tokenURL), os.ErrNotExist)
	for _, token := range []string{"one.two.three\n", "four.five.six"} { // which somebody renews
		require.NoError(t, os.WriteFile(path, []byte(token), 0o600))
		require.NoError(t, f.Prove(t.Context(), form, "app", tokenURL))
		require.Equal(t, strings.TrimSpace(token), form.Get("client_assertion"))
	}
	for _, token := range []string{"\n", strings.Repeat("x", 1<<17)} {
		require.NoError(t, os.WriteFile(path, []byte(token), 0o600))
		require.ErrorIs(t, f.Prove(t.Context(), form, "app", tokenURL), tokens.ErrClient)
	}
}

// login is a token endpoint that takes one secret.
type login struct {
	good  string
	asked []url.Values
	body  string // instead
	code  int
}

func (l *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	l.asked = append(l.asked, r.PostForm)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case l.body != "":
		w.WriteHeader(l.code)
		fmt.Fprint(w, l.body)
	case r.PostForm.Get("client_secret") != l.good:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_codes":[7000222]}`)
	default:
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"access"}`)
	}
}

func newApp(t *testing.T, handler http.Handler, credential entra.Credential) *entra.App {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	app, err := entra.New("contoso.test", "app", credential, &entra.Options{Cloud: entra.Cloud{Login: server.URL, Graph: server.URL, Resource: entra.Global.Graph}})
	require.NoError(t, err)
	return app
}

func appToken(t *testing.T, app *entra.App) error {
	t.Helper()
	source, err := app.AppSource()
	require.NoError(t, err)
	_, err = source.Token()
	return err
}

// While one credential follows the other, either will do.
func TestOverlap(t *testing.T) {
	t.Parallel()
	l := &login{good: "new & better"}
	app := newApp(t, l, entra.Overlap{entra.Secret("old"), entra.Secret("new & better")})
	require.NoError(t, appToken(t, app))
	require.Len(t, l.asked, 2)
	require.Equal(t, url.Values{"client_id": {"app"}, "client_secret": {"new & better"}, "grant_type": {"client_credentials"},
		"scope": {"https://graph.microsoft.com/.default"}}, l.asked[1])

	l.good = "another"
	require.ErrorIs(t, appToken(t, app), tokens.ErrClient)
	require.Len(t, l.asked, 4)
	for _, c := range []struct {
		code int
		body string
	}{{400, `{"error":"invalid_scope"}`}, {500, `{"error":"invalid_client"}`}, {400, "<html>"}, {429, ""}} {
		l.code, l.body, l.asked = c.code, c.body+" ", nil
		require.Error(t, appToken(t, app))
		require.Len(t, l.asked, 1, "what another credential does not mend: %d %s", c.code, c.body)
	}
	require.ErrorIs(t, entra.Overlap{}.Prove(t.Context(), url.Values{}, "", ""), tokens.ErrClient)
}

// What hinders the proof is said as it is; what a person must mend is no
// temporary trouble.
func TestCredentialTrouble(t *testing.T) {
	t.Parallel()
	l := new(login)
	ended, key := issue(t, time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC))
	c, err := entra.NewCertificate(ended, key)
	require.NoError(t, err)
	err = appToken(t, newApp(t, l, c))
	require.ErrorIs(t, err, tokens.ErrClient)
	require.ErrorIs(t, err, exdesk.ErrAuth)
	require.NotErrorIs(t, err, exdesk.ErrTemporary)
	require.Contains(t, err.Error(), "the certificate ended on 2025-03-01")
	err = appToken(t, newApp(t, l, entra.Federated(func(context.Context) (string, error) { return "", errors.New("the cluster is away") })))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.Empty(t, l.asked)
}

func TestHidden(t *testing.T) {
	t.Parallel()
	cert, key := issue(t, time.Now().AddDate(1, 0, 0))
	c, err := entra.NewCertificate(cert, key)
	require.NoError(t, err)
	var out strings.Builder
	for _, v := range []any{entra.Secret("SECRET"), entra.Overlap{entra.Secret("SECRET")}, c, []any{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		j, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(j)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	for _, s := range []string{"SECRET", fmt.Sprintf("%x", "SECRET"), key.D.String(), key.Primes[0].String()} {
		require.NotContains(t, out.String(), s)
	}
	require.Contains(t, out.String(), "entra.Certificate(serial 7)")
}
