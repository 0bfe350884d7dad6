package zendesktest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	clientID   = "exdesk_connector"
	tokensPath = "/oauth/tokens"
)

// The lives that a request for a token may ask for, in seconds.
// https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
const (
	shortestLife, longestLife       = 300, 172_800
	shortestRefresh, longestRefresh = 604_800, 7_776_000
)

// Client returns the account's OAuth client. The secret of a public one is "".
func (s *Server) Client() (id, secret string) { return clientID, s.secret }

// issueToken is POST /oauth/tokens.
// https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
func (s *Server) issueToken(c *call) *answer {
	in, ok := tokenForm(c.r)
	if !ok {
		return oauthError(http.StatusBadRequest, "invalid_request")
	}
	grant, ok := map[string]func(*Server, object) (*token, *answer){
		"client_credentials": (*Server).grantClient,
		"authorization_code": (*Server).grantCode,
		"refresh_token":      (*Server).grantRefresh,
	}[asText(in["grant_type"])]
	if !ok {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	life, ok1 := lifetime(in["expires_in"], shortestLife, longestLife, s.opt.TokenLife)
	refreshLife, ok2 := lifetime(in["refresh_token_expires_in"], shortestRefresh, longestRefresh, s.opt.RefreshLife)
	if in["client_id"] == clientID && !(ok1 && ok2) { // before a code or a refresh token is used up
		return oauthError(http.StatusBadRequest, "invalid_request")
	}
	t, bad := grant(s, in)
	if bad != nil {
		return bad
	}
	s.issue(t, life)
	scope := strings.Join(t.scopes, " ")
	if s.opt.DropUnknownScopes {
		scope = strings.Join(slices.DeleteFunc(slices.Clone(t.scopes), func(v string) bool { return !slices.Contains(known, v) }), " ")
	}
	out := object{"access_token": t.access, "token_type": "bearer", "scope": scope}
	if life > 0 {
		out["expires_in"] = int64(life / time.Second)
	}
	if t.refresh != "" {
		t.refreshExpires = s.now().Add(refreshLife)
		s.refresh[t.refresh] = t
		out["refresh_token"], out["refresh_token_expires_in"] = t.refresh, int64(refreshLife/time.Second)
	}
	s.enter(asText(in["grant_type"]), t)
	return reply(http.StatusCreated, out).with("Cache-Control", "no-store")
}

// identifies tells whether a request is the client's. A public client has no
// secret; neither needs one who has proven himself otherwise: a confidential
// client has "PKCE and/or the client secret".
// https://support.zendesk.com/hc/en-us/articles/4408845965210
//
// QUIRK: credentials in an Authorization header are not looked at.
func (s *Server) identifies(in object, proven bool) bool {
	switch {
	case in["client_id"] != clientID:
		return false
	case s.opt.PublicClient, proven && in["client_secret"] == nil:
		return true
	}
	return same(asText(in["client_secret"]), s.secret)
}

// grantClient is the grant client_credentials: it acts as the user who owns
// the client, and has no refresh token.
func (s *Server) grantClient(in object) (*token, *answer) {
	if !s.identifies(in, false) {
		return nil, oauthError(http.StatusUnauthorized, "invalid_client")
	}
	switch {
	case s.opt.PublicClient:
		return nil, oauthError(http.StatusBadRequest, "unauthorized_client")
	case !s.agent.mayLetIn(): // by which error is not documented
		return nil, oauthError(http.StatusBadRequest, "invalid_grant")
	}
	scope, isString := in["scope"].(string)
	if !isString && in["scope"] != nil {
		// QUIRK: an array counts as a scope nobody knows: the token is issued
		// and opens nothing.
		b, _ := json.Marshal(in["scope"])
		return &token{user: s.agent, scopes: []string{string(b)}}, nil
	}
	if !s.maySpan(scope) {
		return nil, oauthError(http.StatusBadRequest, "invalid_scope")
	}
	return &token{user: s.agent, scopes: strings.Fields(scope)}, nil
}

// maySpan tells whether the client may ask for these scopes.
//
// QUIRK: whether they exist is not asked.
func (s *Server) maySpan(scope string) bool {
	scopes := strings.Fields(scope)
	return len(scopes) > 0 && !slices.ContainsFunc(scopes, func(v string) bool {
		return s.opt.ClientScopes != nil && !slices.Contains(s.opt.ClientScopes, v)
	})
}

// grantCode is the grant authorization_code.
func (s *Server) grantCode(in object) (*token, *answer) {
	key, verifier := asText(in["code"]), asText(in["code_verifier"])
	code := s.codes[key]
	proven := code != nil && code.challenge != "" && same(challenge(verifier), code.challenge)
	switch {
	case !s.identifies(in, proven):
		return nil, oauthError(http.StatusUnauthorized, "invalid_client")
	case code == nil, !s.now().Before(code.expires), asText(in["redirect_uri"]) != code.redirect, !code.user.mayLetIn(),
		code.challenge != "" && !proven,
		code.challenge == "" && verifier != "": // RFC 9700 §4.8.2
		return nil, oauthError(http.StatusBadRequest, "invalid_grant")
	}
	s.heedScope(in, code.scopes)
	delete(s.codes, key)
	return &token{user: code.user, scopes: code.scopes, refresh: secretText()}, nil
}

// grantRefresh is the grant refresh_token, which gives a new pair for the old
// one.
//
// QUIRK: a refresh token that comes a second time is refused and does no harm to
// its successor.
func (s *Server) grantRefresh(in object) (*token, *answer) {
	old := s.refresh[asText(in["refresh_token"])]
	switch {
	case !s.identifies(in, false):
		return nil, oauthError(http.StatusUnauthorized, "invalid_client")
	case old == nil, !s.now().Before(old.refreshExpires), !old.user.mayLetIn():
		return nil, oauthError(http.StatusBadRequest, "invalid_grant")
	}
	s.heedScope(in, old.scopes)
	s.drop(old)
	return &token{user: old.user, scopes: old.scopes, refresh: secretText()}, nil
}

// heedScope notes a scope that was sent and is not acted upon: what was
// authorized counts. What the service makes of another one is not documented.
func (s *Server) heedScope(in object, authorized []string) {
	if in["scope"] != nil && !slices.Equal(strings.Fields(asText(in["scope"])), authorized) {
		remember(&s.book.unknown, "a scope of POST /oauth/tokens other than what was authorized")
	}
}

// challenge makes the S256 challenge of a verifier, RFC 7636 §4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// lifetime reads a life that a request asks for.
func lifetime(v any, least, most int64, otherwise time.Duration) (time.Duration, bool) {
	if v == nil {
		return otherwise, true
	}
	n, err := strconv.ParseInt(asText(v), 10, 64)
	return time.Duration(n) * time.Second, err == nil && n >= least && n <= most
}

// tokenForm reads a form, or the same in JSON.
func tokenForm(r *http.Request) (object, bool) {
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, false
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	in := object{}
	switch kind {
	case "application/json":
		return in, decode(b, &in) == nil
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(b))
		for k := range form {
			in[k] = form.Get(k)
		}
		return in, err == nil
	}
	return nil, false
}
