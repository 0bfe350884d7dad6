package zendesktest

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	notAuthenticated = "Couldn't authenticate you"
	settingsScope    = "account_settings:read"
)

// secretText makes a credential.
func secretText() string { return rand.Text() + rand.Text() }

// same compares secrets.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// token is a credential that a request was made with.
type token struct {
	id             int64
	user           *user
	scopes         []string
	all            bool // an API token, which has no scopes
	access         string
	refresh        string // "": there is none
	created, used  time.Time
	expires        time.Time // zero: never
	refreshExpires time.Time
}

// apiTokensEnd is when API tokens stop working ("OAuth migration guide"); the
// hour is not told.
var apiTokensEnd = time.Date(2027, time.April, 30, 0, 0, 0, 0, time.UTC)

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
	case rt.scope == "", rt.scope == settingsScope && !s.opt.SettingsScope:
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
			c.token.used = s.second()
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
	if !isToken || !s.takesAPITokens() || !same(password, s.sum) || u == nil || !u.staff() {
		return bare(http.StatusUnauthorized, notAuthenticated)
	}
	c.token = &token{user: u, all: true}
	return nil
}

// takesAPITokens tells whether API tokens open the account.
func (s *Server) takesAPITokens() bool {
	return !s.opt.NoAPITokens && !(s.opt.EndAPITokens && !s.now().Before(apiTokensEnd))
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
	s.issue(t, life)
	return t.access
}

// issue gives t its id and its secret, and lets it in from now on.
func (s *Server) issue(t *token, life time.Duration) {
	t.id, t.access, t.created = s.nextID(), secretText(), s.second()
	if life > 0 {
		t.expires = s.now().Add(life)
	}
	s.tokens[t.access] = t
}

// drop takes t away, with its refresh token.
func (s *Server) drop(t *token) {
	delete(s.tokens, t.access)
	delete(s.refresh, t.refresh)
}

// ExpireTokens makes every bearer token issued so far invalid. Refresh tokens
// stay good.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// APIToken returns credentials for Basic authentication: the user name is
// email with "/token" appended, the password is token.
func (s *Server) APIToken() (email, token string) { return s.opt.Agent, s.sum }
