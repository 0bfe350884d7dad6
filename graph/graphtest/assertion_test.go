package graphtest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// certificate is one that an application has made itself.
type certificate struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var makeKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return keys
})

func newCertificate(t *testing.T, key *rsa.PrivateKey, end time.Time) certificate {
	t.Helper()
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start.AddDate(-1, 0, 0), NotAfter: end}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return certificate{key, cert}
}

type claims map[string]any

// signJWT makes a JSON Web Token.
func signJWT(header, body claims, key *rsa.PrivateKey) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	if header["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

func encodeJWT(t *testing.T, header, body claims, key *rsa.PrivateKey) string {
	t.Helper()
	text, err := signJWT(header, body, key)
	require.NoError(t, err)
	return text
}

// assert asks for a token with an assertion in place of the secret.
func (b *bench) assert(assertion string) reply {
	b.Helper()
	v := b.credentials()
	v.Del("client_secret")
	v.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	v.Set("client_assertion", assertion)
	return b.ask("contoso.test", v)
}

func TestCertificateAssertions(t *testing.T) {
	b := setup(t, nil)
	keys := makeKeys()
	mine := newCertificate(t, keys[0], start.AddDate(0, 0, 1))
	b.fake.AddCertificate(mine.cert)
	long, short := sha256.Sum256(mine.cert.Raw), sha1.Sum(mine.cert.Raw)
	id, _ := b.fake.Client()
	ps := func() claims {
		return claims{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(long[:])}
	}
	rs := func() claims {
		return claims{"alg": "RS256", "typ": "JWT", "x5t": base64.RawURLEncoding.EncodeToString(short[:])}
	}
	good := func() claims {
		now := b.fake.Now().Unix()
		return claims{"aud": b.web.URL + "/contoso.test/oauth2/v2.0/token", "iss": id, "sub": id, "jti": "1", "nbf": now, "iat": now, "exp": now + 300}
	}
	with := func(c claims, key string, value any) claims {
		if c[key] = value; value == nil {
			delete(c, key)
		}
		return c
	}
	sign := func(h, c claims) string { return encodeJWT(t, h, c, keys[0]) }

	for _, h := range []claims{ps(), rs()} {
		r := b.assert(sign(h, good()))
		require.Equal(t, 200, r.status, r.text)
		require.Equal(t, 200, b.assert(sign(h, good())).status, "a jti may come again")
	}
	issued := b.fake.Issued()
	require.Equal(t, "private_key_jwt", issued[0].Auth)
	require.Equal(t, 200, b.assert(sign(ps(), with(good(), "aud", []string{good()["aud"].(string)}))).status)

	for name, c := range map[string]struct {
		text   string
		number float64
	}{
		"another key":         {encodeJWT(t, ps(), good(), keys[1]), 700027},
		"another certificate": {sign(with(ps(), "x5t#S256", "AAAA"), good()), 700027},
		"two that differ":     {sign(with(rs(), "x5t#S256", "AAAA"), good()), 700027},
		"none is named":       {sign(with(ps(), "x5t#S256", nil), good()), 700027},
		"none":                {strings.Join(append(strings.Split(sign(with(ps(), "alg", "none"), good()), ".")[:2], ""), "."), 700027},
		"no such algorithm":   {sign(with(rs(), "alg", "PS384"), good()), 700027},
		"audience":            {sign(ps(), with(good(), "aud", "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token")), 700023},
		"other tenant":        {sign(ps(), with(good(), "aud", b.web.URL+"/fabrikam.test/oauth2/v2.0/token")), 700023},
		"two audiences":       {sign(ps(), with(good(), "aud", []string{"a", "b"})), 5002741},
		"no audience":         {sign(ps(), with(good(), "aud", nil)), 50027},
		"issuer":              {sign(ps(), with(good(), "iss", "other")), 700021},
		"subject":             {sign(ps(), with(good(), "sub", "other")), 50048},
		"no jti":              {sign(ps(), with(good(), "jti", nil)), 50027},
		"no end":              {sign(ps(), with(good(), "exp", nil)), 50027},
		"over":                {sign(ps(), with(good(), "exp", b.fake.Now().Unix())), 700024},
		"not yet":             {sign(ps(), with(good(), "nbf", b.fake.Now().Unix()+60)), 700024},
		"critical":            {sign(with(ps(), "crit", []string{"x"}), good()), 50027},
		"garbage":             {"a.b", 50027},
		"more garbage":        {"!.!.!", 50027},
		"no JSON":             {"AAAA.AAAA.AAAA", 50027},
		"long":                {strings.Repeat("A", 20<<10), 50027},
	} {
		b.troubled(b.assert(c.text), 401, "invalid_client", c.number)
		require.NotContains(t, b.assert(c.text).text, strings.Repeat("A", 100), name)
	}
	// What was signed cannot be changed.
	parts := strings.Split(sign(ps(), good()), ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"x"}`))
	b.troubled(b.assert(strings.Join(parts, ".")), 401, "invalid_client", 50027)
	b.fake.Advance(24 * time.Hour)
	b.troubled(b.assert(sign(ps(), good())), 401, "invalid_client", 700027)

	// The type says what it is.
	v := b.credentials()
	v.Del("client_secret")
	v.Set("client_assertion", sign(ps(), good()))
	b.troubled(b.ask("contoso.test", v), 401, "invalid_client", 7000218)
}

func TestCertificateOfAnotherKind(t *testing.T) {
	b := setup(t, nil)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: start.AddDate(1, 0, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	b.fake.AddCertificate(cert)
	sum := sha256.Sum256(raw)
	id, _ := b.fake.Client()
	text := encodeJWT(t, claims{"alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])},
		claims{"aud": "x", "iss": id, "exp": start.Unix() + 100}, makeKeys()[0])
	b.troubled(b.assert(text), 401, "invalid_client", 700027)
}

func TestAssertionOnce(t *testing.T) {
	b := setup(t, &graphtest.Options{AssertionOnce: true})
	mine := newCertificate(t, makeKeys()[0], start.AddDate(1, 0, 0))
	b.fake.AddCertificate(mine.cert)
	sum := sha256.Sum256(mine.cert.Raw)
	id, _ := b.fake.Client()
	text := encodeJWT(t, claims{"alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])},
		claims{"aud": b.web.URL + "/contoso.test/oauth2/v2.0/token", "iss": id, "sub": id, "jti": "1", "exp": start.Unix() + 100}, mine.key)
	require.Equal(t, 200, b.assert(text).status)
	b.troubled(b.assert(text), 401, "invalid_client", 700027)
}

func TestFederatedCredentials(t *testing.T) {
	b := setup(t, nil)
	keys := makeKeys()
	b.fake.Trust(graphtest.FederatedCredential{Issuer: "https://issuer.test", Subject: "repo:exdesk", Key: &keys[0].PublicKey})
	good := func() claims {
		return claims{"iss": "https://issuer.test", "sub": "repo:exdesk", "aud": "api://AzureADTokenExchange", "exp": start.Unix() + 300}
	}
	with := func(key string, value any) claims { c := good(); c[key] = value; return c }
	header := claims{"alg": "RS256", "kid": "1"}
	sign := func(c claims) string { return encodeJWT(t, header, c, keys[0]) }
	r := b.assert(sign(good()))
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, "federated", b.fake.Issued()[0].Auth)

	b.troubled(b.assert(sign(with("iss", "https://Issuer.test"))), 401, "invalid_client", 700211)
	b.troubled(b.assert(sign(with("sub", "Repo:exdesk"))), 401, "invalid_client", 700213)
	b.troubled(b.assert(sign(with("aud", "api://other"))), 401, "invalid_client", 700212)
	b.troubled(b.assert(sign(with("exp", start.Unix()))), 401, "invalid_client", 700024)
	b.troubled(b.assert(encodeJWT(t, header, good(), keys[1])), 401, "invalid_client", 50013)
	b.troubled(b.assert(encodeJWT(t, claims{"alg": "PS256"}, good(), keys[0])), 401, "invalid_client", 50013)
	require.Panics(t, func() { b.fake.Trust(graphtest.FederatedCredential{Issuer: "https://issuer.test"}) })
}

func TestSecrets(t *testing.T) {
	b := setup(t, nil)
	v := b.credentials()
	old := v.Get("client_secret")
	b.fake.AddSecret("the next one", start.Add(2*time.Hour))
	b.fake.AddSecret(old, start.Add(time.Hour))
	ask := func(secret string) reply { v.Set("client_secret", secret); return b.ask("contoso.test", v) }
	require.Equal(t, 200, ask(old).status)
	require.Equal(t, 200, ask("the next one").status)
	b.fake.Advance(time.Hour)
	b.troubled(ask(old), 401, "invalid_client", 7000222)
	require.Equal(t, 200, ask("the next one").status)
	b.troubled(ask("wrong"), 401, "invalid_client", 7000215)
	b.fake.AddSecret(old, time.Time{})
	require.Equal(t, 200, ask(old).status)

	r := b.ask("contoso.test", url.Values{"grant_type": v["grant_type"], "scope": v["scope"]}, "Authorization", basic(v.Get("client_id"), old))
	require.Equal(t, 200, r.status)
	issued := b.fake.Issued()
	require.Equal(t, "client_secret_basic", issued[len(issued)-1].Auth)
	require.Equal(t, "client_secret_post", issued[0].Auth)
	require.Empty(t, issued[0].User)
}

func TestPublicClient(t *testing.T) {
	b := setup(t, &graphtest.Options{Public: true})
	b.troubled(b.ask("contoso.test", b.credentials()), 401, "invalid_client", 700025)
	conf := b.config("offline_access", "Mail.Read")
	conf.ClientSecret = ""
	q := b.authorize(conf.AuthCodeURL(""), graphtest.Answer{User: "support@contoso.test"})
	token, err := conf.Exchange(b.Context(), q.Get("code"))
	require.NoError(t, err)
	require.NotEmpty(t, token.RefreshToken)
	require.Equal(t, "none", b.fake.Issued()[0].Auth)
}
