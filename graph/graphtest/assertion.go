package graphtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// FederatedCredential says whose tokens the application may show instead of a
// secret. ("Workload identity federation".) All is compared exactly.
type FederatedCredential struct {
	Issuer   string // iss
	Subject  string // sub
	Audience string // aud; default api://AzureADTokenExchange
	Key      *rsa.PublicKey
}

// Trust registers a federated credential: a token that an issuer other than
// Entra ID signed with RS256. ("Only issuers that provide tokens signed using
// the RS256 algorithm are supported".) It is known at once; that it may take
// minutes is for FailTokens with AADSTS70021. It panics if there is no Key.
func (s *Server) Trust(f FederatedCredential) {
	if f.Key == nil {
		panic("graphtest: a federated credential without a Key")
	}
	if f.Audience == "" {
		f.Audience = "api://AzureADTokenExchange"
	}
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	s.entra.trusted = append(s.entra.trusted, f)
}

// assertion is a JSON Web Token, taken apart (RFC 7515 §3.1, RFC 7519).
type assertion struct {
	header struct {
		Alg     string   `json:"alg"`
		X5t     string   `json:"x5t"`
		X5tS256 string   `json:"x5t#S256"`
		Crit    []string `json:"crit"`
	}
	claims struct {
		Aud audience `json:"aud"`
		Iss string   `json:"iss"`
		Sub string   `json:"sub"`
		Jti string   `json:"jti"`
		Nbf *float64 `json:"nbf"`
		Exp *float64 `json:"exp"`
	}
	signed    []byte
	signature []byte
}

// audience is one value or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON takes both.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// maxAssertion is how long an assertion may be here, in octets.
const maxAssertion = 16 << 10

func parseAssertion(text string) (*assertion, bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(text) > maxAssertion {
		return nil, false
	}
	a := &assertion{signed: []byte(parts[0] + "." + parts[1])}
	for i, into := range []any{&a.header, &a.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, into) != nil {
			return nil, false
		}
	}
	var err error
	a.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	// RFC 7515 §4.1.11: what must be understood and is not makes it invalid.
	return a, err == nil && len(a.header.Crit) == 0
}

// checkAssertion checks an assertion that the application signed, or one that
// an issuer signed whom it trusts. entra.mu is held.
func (s *Server) checkAssertion(text string, at endpoint) (how string, no *tokenRefusal) {
	a, ok := parseAssertion(text)
	switch {
	case !ok:
		return "", trouble(50027)
	case len(a.claims.Aud) > 1:
		// Seen in zitadel/oidc issue 887.
		return "", trouble(5002741, fmt.Sprintf("Number of audience values in the provided client credential exceed maximum allowed. %d audience values provided, maximum allowed is 1.", len(a.claims.Aud)))
	case len(a.claims.Aud) == 0 || a.claims.Exp == nil:
		return "", trouble(50027)
	}
	how, no = byCertificate, nil
	if a.claims.Iss != s.client.id && a.header.X5t+a.header.X5tS256 == "" {
		how, no = byFederation, s.checkFederated(a)
	} else {
		no = s.checkOwn(a, at)
	}
	if no == nil {
		no = s.checkTimes(a)
	}
	if no == nil && s.opts.AssertionOnce {
		if key := a.claims.Iss + " " + a.claims.Jti; !s.entra.used.put(key, struct{}{}) {
			// No number of Entra ID's is known for this.
			no = trouble(700027, "Client assertion failed signature validation. [Reason - The jti was used before.]")
		}
	}
	return how, no
}

// checkOwn checks what the application signed with a certificate's key.
func (s *Server) checkOwn(a *assertion, at endpoint) *tokenRefusal {
	cert := s.certificateOf(a)
	switch {
	case cert == nil:
		return trouble(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]")
	case !a.signedBy(cert.PublicKey):
		return trouble(700027, "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the expected signature value.]")
	case !s.Now().Before(cert.NotAfter):
		return trouble(700027, "Client assertion contains an invalid signature. [Reason - The key used is expired.]")
	case a.claims.Iss != s.client.id:
		return trouble(700021)
	case a.claims.Sub != a.claims.Iss:
		return trouble(50048)
	case !at.is(a.claims.Aud[0]):
		return trouble(700023)
	case a.claims.Jti == "":
		return trouble(50027) // the page has it among the claims, and names none as optional
	}
	return nil
}

func (s *Server) certificateOf(a *assertion) *x509.Certificate {
	for _, c := range s.entra.certificates {
		long, short := sha256.Sum256(c.Raw), sha1.Sum(c.Raw)
		if h := a.header; h.X5tS256 == base64.RawURLEncoding.EncodeToString(long[:]) ||
			h.X5tS256 == "" && h.X5t == base64.RawURLEncoding.EncodeToString(short[:]) {
			return c
		}
	}
	return nil
}

// signedBy checks the signature: PS256, or RS256 as it was before.
func (a *assertion) signedBy(key crypto.PublicKey) bool {
	public, ok := key.(*rsa.PublicKey)
	sum := sha256.Sum256(a.signed)
	switch {
	case !ok:
		return false
	case a.header.Alg == "PS256":
		// RFC 7518 §3.5: the salt is as long as the hash.
		return rsa.VerifyPSS(public, crypto.SHA256, sum[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	case a.header.Alg == "RS256":
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], a.signature) == nil
	}
	return false
}

// checkFederated finds the one credential that an assertion agrees with, and
// says how far it got if there is none.
func (s *Server) checkFederated(a *assertion) *tokenRefusal {
	no := trouble(700211, "No matching federated identity record found for presented assertion issuer '"+a.claims.Iss+"'.")
	for _, f := range s.entra.trusted {
		switch {
		case f.Issuer != a.claims.Iss:
		case f.Subject != a.claims.Sub:
			no = trouble(700213, "No matching federated identity record found for presented assertion subject '"+a.claims.Sub+"'.")
		case f.Audience != a.claims.Aud[0]:
			no = trouble(700212, "No matching federated identity record found for presented assertion audience '"+a.claims.Aud[0]+"'.")
		case a.header.Alg != "RS256" || !a.signedBy(f.Key):
			no = trouble(50013)
		default:
			return nil
		}
	}
	return no
}

// checkTimes keeps to RFC 7519 §4.1.4 and §4.1.5 to the second; Entra ID says
// nothing of a leeway, and of no longest life either.
func (s *Server) checkTimes(a *assertion) *tokenRefusal {
	now := float64(s.Now().Unix())
	if now >= *a.claims.Exp || a.claims.Nbf != nil && now < *a.claims.Nbf {
		return trouble(700024, "Client assertion is not within its valid time range. Current time: "+s.Now().UTC().Format(time.RFC3339Nano)+".")
	}
	return nil
}
