package graphtest

import (
	"net/http"
	"strings"
)

// serveMetadata is where libraries such as MSAL learn the other addresses: they
// are given an authority, which is the tenant's address, and nothing else.
// ("OpenID Connect on the Microsoft identity platform", Find your app's OpenID
// configuration document URI.) Endpoints that this server has not are left out.
func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request, at endpoint) {
	// It is no application's: /common has one whoever asks.
	tenant, no := s.tenantGUID(), (*tokenRefusal)(nil)
	switch strings.ToLower(at.tenant) {
	case "common", "organizations":
		tenant = "{tenantid}" // so, with its braces
	case "consumers":
		tenant = consumersID
	default:
		no = s.checkTenant(at.tenant, false)
	}
	switch {
	case no != nil:
	case r.Method != http.MethodGet:
		no = trouble(900561, "The endpoint only accepts GET requests. Received a "+r.Method+" request.")
	}
	if no != nil {
		s.refuseToken(w, no)
		return
	}
	base := at.origin + "/" + at.tenant
	tokenAnswer(w, http.StatusOK, object{
		{"token_endpoint", base + "/oauth2/v2.0/token"},
		{"token_endpoint_auth_methods_supported", []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}},
		{"jwks_uri", base + "/discovery/v2.0/keys"},
		{"response_modes_supported", []string{"query"}},
		{"subject_types_supported", []string{"pairwise"}},
		{"id_token_signing_alg_values_supported", []string{"none"}}, // RS256 in reality: see idToken
		{"response_types_supported", []string{"code"}},
		{"scopes_supported", []string{"openid", "profile", "email", "offline_access"}},
		{"issuer", at.origin + "/" + tenant + "/v2.0"},
		{"request_uri_parameter_supported", false},
		{"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
		{"device_authorization_endpoint", base + "/oauth2/v2.0/devicecode"},
		{"claims_supported", []string{"sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"}},
		{"msgraph_host", r.Host},
	})
}

// consumersID is the tenant of personal accounts. ("ID token claims reference",
// tid.)
const consumersID = "9188040d-6c67-4c5b-b112-36a304b66dad"

// serveKeys is where the keys would be that ID tokens are signed with. Those of
// this server are not signed.
func (s *Server) serveKeys(w http.ResponseWriter, _ *http.Request, _ endpoint) {
	tokenAnswer(w, http.StatusOK, object{{"keys", []object{}}})
}
