package zendesktest

import (
	"crypto/rand"
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
	notAuthenticated = "Couldn't authenticate you"
	clientID         = "exdesk_connector"
	settingsScope    = "account_settings:read"
)

// secretText makes a credential.
func secretText() string { return rand.Text() + rand.Text() }

// token is a credential that a request was made with.
type token struct {
	user    *user
	scopes  []string
	all     bool // an API token, which has no scopes
	expires time.Time
}

// covers tells whether t may do what needs one of the scopes. An empty list
// needs any scope that the service knows.
func (t *token) covers(scopes []string) bool {
	return t.all || slices.ContainsFunc(t.scopes, func(have string) bool {
		if len(scopes) == 0 {
			return slices.Contains(known, have)
		}
		return slices.Contains(scopes, have)
	})
}

// known are the scopes that exist; others can be had and open nothing.
var known = []string{
	"read", "write", "impersonate",
	"tickets:read", "tickets:write", "ticket_attachments:write",
	"users:read", "users:write", "requests:read", "requests:write",
	"webhooks:read", "webhooks:write", "account_settings:read", "account_settings:write",
}

// needs lists the scopes of which one opens rt.
func (s *Server) needs(rt *route) []string {
	verb := rt.scope[strings.LastIndexByte(rt.scope, ':')+1:]
	switch {
	case rt.scope == settingsScope && !s.opt.SettingsScope:
		return nil
	case rt.scope == "ticket_attachments:write" && !s.opt.UploadScope:
		return []string{verb, rt.scope, "tickets:write"}
	case strings.HasSuffix(rt.pattern, "/audits") && s.opt.NoAudits,
		strings.HasSuffix(rt.pattern, "/identities") && s.opt.NoIdentities,
		strings.HasPrefix(rt.pattern, "/api/v2/imports/") && s.opt.ImportScope:
		return []string{verb}
	}
	return []string{verb, rt.scope}
}

// authenticate finds out who calls; nobody is nil.
// https://developer.zendesk.com/api-reference/introduction/security-and-auth/
func (s *Server) authenticate(c *call) *answer {
	head := c.r.Header.Get("Authorization")
	if head == "" {
		return nil
	}
	if secret, ok := cutScheme(head, "Bearer"); ok {
		c.token = s.tokens[secret]
		if c.token != nil && (c.token.expires.IsZero() || s.now().Before(c.token.expires)) {
			return nil
		}
		c.token = nil
		if s.opt.TokenErrors {
			return reply(http.StatusUnauthorized, object{"error": "invalid_token",
				"error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons."})
		}
		return bare(http.StatusUnauthorized, notAuthenticated)
	}
	name, password, _ := c.r.BasicAuth()
	email, isToken := strings.CutSuffix(name, "/token")
	if name != "" && !isToken {
		s.violation("%s %s signs in with a password", c.r.Method, c.r.URL.Path)
	}
	// An API token may act as any user of the account; this account opens the
	// agents' API to agents only.
	u := s.byEmail[fold(email)]
	if !isToken || password != s.sum || u == nil || !u.staff() {
		return bare(http.StatusUnauthorized, notAuthenticated)
	}
	c.token = &token{user: u, all: true}
	return nil
}

func cutScheme(head, scheme string) (string, bool) {
	have, rest, _ := strings.Cut(head, " ")
	return strings.TrimSpace(rest), strings.EqualFold(have, scheme)
}

// Token returns a fresh bearer token that may do everything. It lives as long
// as Options.TokenLife says, on the account's clock.
func (s *Server) Token() string { return s.TokenFor("read", "write") }

// TokenFor returns a fresh bearer token with these scopes.
func (s *Server) TokenFor(scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addToken(scopes, s.opt.TokenLife)
}

func (s *Server) addToken(scopes []string, life time.Duration) string {
	t := &token{user: s.agent, scopes: slices.Clone(scopes)}
	if life > 0 {
		t.expires = s.now().Add(life)
	}
	secret := secretText()
	s.tokens[secret] = t
	return secret
}

// ExpireTokens makes every bearer token issued so far invalid.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Client returns the OAuth client for the client_credentials grant at
// POST /oauth/tokens.
func (s *Server) Client() (id, secret string) { return clientID, s.secret }

// APIToken returns credentials for Basic authentication: the user name is
// email with "/token" appended, the password is token.
func (s *Server) APIToken() (email, token string) { return s.opt.Agent, s.sum }

// issueToken grants client_credentials.
// https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
func (s *Server) issueToken(c *call) *answer {
	in, ok := tokenForm(c.r)
	if !ok {
		return oauthError(http.StatusBadRequest, "invalid_request", "The request is neither JSON nor a form.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in["grant_type"] != "client_credentials" {
		if in["grant_type"] == "authorization_code" || in["grant_type"] == "refresh_token" {
			remember(&s.book.unknown, "grant_type of POST /oauth/tokens")
		}
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	if in["client_id"] != clientID || in["client_secret"] != s.secret {
		// QUIRK: credentials in an Authorization header are not looked at.
		return oauthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	}
	scope, isString := in["scope"].(string)
	if in["scope"] == nil || isString && strings.TrimSpace(scope) == "" {
		return oauthError(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	}
	scopes := strings.Fields(scope)
	if !isString {
		// QUIRK: an array counts as a scope nobody knows: the token is issued
		// and opens nothing.
		b, _ := json.Marshal(in["scope"])
		scopes = []string{string(b)}
	}
	for _, want := range scopes {
		if s.opt.ClientScopes != nil && !slices.Contains(s.opt.ClientScopes, want) {
			return oauthError(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
		}
	}
	life := s.opt.TokenLife
	if in["expires_in"] != nil {
		n, err := strconv.ParseInt(asText(in["expires_in"]), 10, 64)
		if err != nil || n < 300 || n > 172_800 {
			return oauthError(http.StatusBadRequest, "invalid_request", "expires_in must be between 300 and 172800.")
		}
		life = time.Duration(n) * time.Second
	}
	out := object{"access_token": s.addToken(scopes, life), "token_type": "bearer", "scope": strings.Join(scopes, " ")}
	if life > 0 {
		out["expires_in"] = int64(life / time.Second)
	}
	return reply(http.StatusCreated, out).with("Cache-Control", "no-store")
}

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

func oauthError(status int, code, description string) *answer {
	return reply(status, object{"error": code, "error_description": description})
}
