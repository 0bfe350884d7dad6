package contracts_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
)

const redirect = "http://localhost/callback"

// browser does what a person does whom an application sends to a page, and
// returns what the browser brings back.
func (r *replay) browser(page string, as graphtest.Answer) url.Values {
	r.Helper()
	back, err := r.fake.Authorize(page, as)
	require.NoError(r, err)
	u, err := url.Parse(back)
	require.NoError(r, err)
	return u.Query()
}

// signedIn is what EX 53 documents, for exchanges that begin with it or refer to it.
const signedIn = `200 {"token_type":"","scope":"","expires_in":1,"access_token":"","refresh_token":""}`

// signIn has somebody sign in, and redeems the code.
func (r *replay) signIn() map[string]any {
	r.Helper()
	id, _ := r.fake.Client()
	verifier, scope := oauth2.GenerateVerifier(), "offline_access https://graph.microsoft.com/Mail.Read"
	q := r.browser(r.url+"/contoso.test/oauth2/v2.0/authorize?"+url.Values{"client_id": {id}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}.Encode(), graphtest.Answer{User: r.fake.Mailbox()})
	return r.with("POST", "/contoso.test/oauth2/v2.0/token",
		r.form("scope", scope, "code", q.Get("code"), "redirect_uri", redirect, "grant_type", "authorization_code", "code_verifier", verifier))
}

// renew redeems a refresh token.
func (r *replay) renew(token string) map[string]any {
	r.Helper()
	return r.with("POST", "/contoso.test/oauth2/v2.0/token", r.form("grant_type", "refresh_token", "refresh_token", token))
}

// assertion is what asks for a token with a certificate in place of the secret.
func (r *replay) assertion() url.Values {
	r.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(r, err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	require.NoError(r, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(r, err)
	r.fake.AddCertificate(cert)
	proof, err := entra.NewCertificate(cert, key)
	require.NoError(r, err)
	id, _ := r.fake.Client()
	form := url.Values{"client_id": {id}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}}
	require.NoError(r, proof.Prove(r.Context(), form, id, r.url+"/contoso.test/oauth2/v2.0/token"))
	return form
}
