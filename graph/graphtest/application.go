package graphtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"
)

// secret is a text by which the application proves who it is.
type secret struct {
	text string
	end  time.Time // zero is never
}

// Client returns the id of the application, and the first of its secrets, which
// does not expire unless AddSecret gives it an end.
func (s *Server) Client() (id, secret string) { return s.client.id, s.client.secret }

// AddSecret gives the application a further secret, or one that it has another
// end. Any number are valid side by side, which is how one is exchanged for
// another; after its end it is refused with AADSTS7000222. The zero time is no
// end.
func (s *Server) AddSecret(text string, end time.Time) {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	for i := range s.entra.secrets {
		if s.entra.secrets[i].text == text {
			s.entra.secrets[i].end = end
			return
		}
	}
	s.entra.secrets = append(s.entra.secrets, secret{text, end})
}

// AddCertificate registers a certificate of the application's. It may then sign
// its assertions with the certificate's key, which is RSA. ("Microsoft identity
// platform application authentication certificate credentials".)
func (s *Server) AddCertificate(cert *x509.Certificate) {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	s.entra.certificates = append(s.entra.certificates, cert)
}

// The ways in which an application proves who it is, as Issue.Auth names them:
// those of RFC 8414 and OpenID Connect Core §9, and one that is Entra ID's own.
const (
	secretInForm   = "client_secret_post"
	secretInHeader = "client_secret_basic"
	byCertificate  = "private_key_jwt"
	byFederation   = "federated"
	notAtAll       = "none"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// claimant is who a request of the token endpoint says it comes from.
type claimant struct {
	id, secret, assertion string
	header                bool // the secret came in the Authorization field
}

func newClaimant(r *http.Request, form url.Values) claimant {
	c := claimant{id: form.Get("client_id"), secret: form.Get("client_secret")}
	if form.Get("client_assertion_type") == jwtBearer {
		c.assertion = form.Get("client_assertion")
	}
	if user, pass, ok := r.BasicAuth(); ok {
		// RFC 6749 §2.3.1: both are form-encoded before they are joined.
		c.id, _ = url.QueryUnescape(user)
		c.secret, _ = url.QueryUnescape(pass)
		c.header = true
	}
	return c
}

// prove returns how the application proved who it is. endpoint is the address
// that was asked. entra.mu is held.
func (s *Server) prove(c claimant, endpoint endpoint) (how string, no *tokenRefusal) {
	switch {
	case c.id == "":
		return "", missingParameter("client_id")
	case c.id != s.client.id:
		return "", trouble(700016, "Application with identifier '"+c.id+"' was not found in the directory '"+endpoint.tenant+"'.")
	case s.opts.Public && (c.secret != "" || c.assertion != ""):
		return "", trouble(700025)
	case s.opts.Public:
		return notAtAll, nil
	case c.assertion != "":
		return s.checkAssertion(c.assertion, endpoint)
	case c.secret == "":
		return "", trouble(7000218)
	}
	now, expired := s.Now(), false
	for _, k := range s.entra.secrets {
		if !same(k.text, c.secret) {
			continue
		}
		if k.end.IsZero() || now.Before(k.end) {
			if c.header {
				return secretInHeader, nil
			}
			return secretInForm, nil
		}
		expired = true
	}
	if expired {
		return "", trouble(7000222, "The provided client secret keys for app '"+c.id+"' are expired. Create new keys for your app, or consider using certificate credentials for added security.")
	}
	return "", trouble(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+c.id+"'.")
}

// same compares in a time that tells nothing.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
