package graphtest

import (
	"encoding/base64"
	"slices"
)

// idToken says who signed in. It is not signed: "An unsigned JSON Web Token", as
// the page on the code flow has it, whose samples say alg none.
// entra.mu is held.
func (s *Server) idToken(in *signIn, scope *asked, at endpoint) string {
	now, m, tenant := s.Now(), in.who.who, s.tenantGUID()
	s.mu.Lock()
	display := m.display
	s.mu.Unlock()
	claims := object{
		{"aud", s.client.id},
		{"iss", at.origin + "/" + tenant + "/v2.0"},
		{"iat", now.Unix()},
		{"nbf", now.Unix()},
		{"exp", now.Add(s.opts.TokenLife).Unix()},
		{"oid", m.guid},
		{"sub", derived("", s.client.id+" "+m.guid, 43)},
		{"tid", tenant},
		{"ver", "2.0"},
	}
	if slices.Contains(scope.openID, "profile") {
		claims = append(claims, member{"name", display}, member{"preferred_username", m.address})
	}
	if slices.Contains(scope.openID, "email") {
		claims = append(claims, member{"email", m.address})
	}
	if in.nonce != "" {
		claims = append(claims, member{"nonce", in.nonce})
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + part(encode(claims)) + "."
}

// clientInfo is what MSAL asks for beside a token, and keeps accounts by: the
// person and the tenant that the person is at home in. (MSAL's reference,
// "ClientInfo type".)
func (a *account) clientInfo(tenant string) string {
	return base64.RawURLEncoding.EncodeToString(encode(object{{"uid", a.who.guid}, {"utid", tenant}}))
}

// tenantGUID is the id of the tenant in which everybody here is.
func (s *Server) tenantGUID() string { return tenantID(s.opts.Tenant) }
