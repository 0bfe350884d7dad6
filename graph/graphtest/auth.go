package graphtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// token is an access token that was issued.
type token struct {
	app      string
	scopes   []string
	user     *mailbox   // who signed in; nil for an application
	anywhere bool       // may open other mailboxes than the user's
	only     []*mailbox // if not empty, those that an application may open
	expires  time.Time
}

// allPermissions are the permissions that the routes ask for.
var allPermissions = []string{"Mail.ReadWrite", "Mail.Send", "MailboxSettings.ReadWrite", "User.Read.All"}

// includes lists the permissions that a permission is good for besides itself.
var includes = map[string][]string{
	"Mail.ReadBasic.All":        {"Mail.ReadBasic"},
	"Mail.Read":                 {"Mail.ReadBasic"},
	"Mail.ReadWrite":            {"Mail.Read", "Mail.ReadBasic"},
	"Mail.Read.Shared":          {"Mail.ReadBasic.Shared"},
	"Mail.ReadWrite.Shared":     {"Mail.Read.Shared", "Mail.ReadBasic.Shared"},
	"MailboxSettings.ReadWrite": {"MailboxSettings.Read"},
	"User.ReadBasic.All":        {"User.Read"},
	"User.Read.All":             {"User.Read", "User.ReadBasic.All"},
}

// Grant describes an access token for TokenFor.
type Grant struct {
	// App is the client id that the token is for; default the one of Client.
	// Throttling is per application.
	App string
	// Scopes are the permissions, such as Mail.Read; default
	// Options.Permissions.
	Scopes []string
	// User is the address of the mailbox whose owner signed in; default the
	// first mailbox. Other mailboxes open only with a .Shared permission, and to
	// whom Delegate gave FullAccess.
	User string
	// AppOnly makes it the token of an application, as the token endpoint
	// issues them. It opens every mailbox, but there is no /me.
	AppOnly bool
	// Mailboxes limits an application to these addresses, as RBAC for
	// Applications and application access policies do.
	Mailboxes []string
}

// Token returns a new access token with Options.Permissions that is valid for
// Options.TokenLife. Unlike any real one it is good for /me, the first
// mailbox, and for /users of every mailbox as well; TokenFor makes real ones.
func (s *Server) Token() string {
	return s.issue(&token{app: s.client.id, scopes: s.opts.Permissions, user: s.first, anywhere: true})
}

// TokenFor returns a new access token. It panics if g names a mailbox that
// does not exist.
func (s *Server) TokenFor(g Grant) string {
	t := &token{app: g.App, scopes: slices.Clone(g.Scopes), anywhere: g.AppOnly}
	if t.app == "" {
		t.app = s.client.id
	}
	if g.Scopes == nil {
		t.scopes = s.opts.Permissions
	}
	if !g.AppOnly {
		t.user = s.first
		if g.User != "" {
			t.user = s.mustMailbox(g.User)
		}
	}
	for _, a := range g.Mailboxes {
		t.only = append(t.only, s.mustMailbox(a))
	}
	return s.issue(t)
}

func (s *Server) mustMailbox(address string) *mailbox {
	m := s.findMailbox(address)
	if m == nil {
		panic("graphtest: no mailbox " + address)
	}
	return m
}

func (s *Server) issue(t *token) string {
	t.expires = s.Now().Add(s.opts.TokenLife)
	text := "EwB" + s.dice.text(125) // opaque: not a JWT, so that nobody reads it
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= kept {
		// So many are only in long runs: then those that expired are forgotten.
		maps.DeleteFunc(s.tokens, func(_ string, old *token) bool { return !now.Before(old.expires) })
	}
	s.tokens[text] = t
	return text
}

// ExpireTokens makes every token issued so far expired.
func (s *Server) ExpireTokens() {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.expires.After(now) {
			t.expires = now
		}
	}
}

func (s *Server) tokenOf(r *http.Request) *token {
	text, ok := bearer(r)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[text]
}

func bearer(r *http.Request) (string, bool) {
	kind, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(text), strings.EqualFold(kind, "Bearer") && strings.TrimSpace(text) != ""
}

func (c *call) authenticate() *refusal {
	if _, ok := bearer(c.r); !ok {
		return unauthenticated("Access token is empty.")
	}
	if c.token == nil {
		return unauthenticated("CompactToken validation failed with reason code: 80049228.")
	}
	now := c.s.Now()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if !now.Before(c.token.expires) {
		return unauthenticated("Lifetime validation failed, the token is expired.")
	}
	return nil
}

// need asks for a permission on the mailbox of the call, and that the mailbox
// is in Exchange Online.
func (c *call) need(permission string) *refusal {
	t := c.token
	if len(t.only) > 0 && !slices.Contains(t.only, c.mailbox) {
		return &refusal{status: http.StatusForbidden, code: "ErrorAccessDenied", message: c.s.opts.OutOfScope.text()}
	}
	by := c.delegate()
	if !c.granted(permission) {
		return denied()
	}
	if c.mailbox.entry.nowhere {
		return &refusal{status: http.StatusNotFound, code: "MailboxNotEnabledForRESTAPI", message: texts["MailboxNotEnabledForRESTAPI"]}
	}
	if by != nil && !c.s.may(c.mailbox, by, FullAccess) {
		if c.s.opts.HideShared {
			return &refusal{status: http.StatusNotFound, code: "ErrorItemNotFound", message: notFoundText + ", Default folder Root not found."}
		}
		return denied()
	}
	return nil
}

// granted tells whether the token is good for a permission on the mailbox of the
// call. What opens shared mailboxes opens one's own as well. ("Microsoft Graph
// permissions reference", Mail.ReadWrite.Shared.)
func (c *call) granted(permission string) bool {
	return c.token.has(permission+".Shared") || c.delegate() == nil && c.token.has(permission)
}

func (t *token) has(permission string) bool {
	for _, s := range t.scopes {
		if s == permission || slices.Contains(includes[s], permission) {
			return true
		}
	}
	return false
}
