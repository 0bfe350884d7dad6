package zendesktest

import (
	"slices"
	"time"
)

// Grant is one token that POST /oauth/tokens has issued, without its secrets.
type Grant struct {
	// ID is the token's, as in /api/v2/oauth/tokens/{id}.
	ID int64
	// Type is the grant_type: "authorization_code", "refresh_token" or
	// "client_credentials".
	Type string
	// User is the address of whom it acts as.
	User   string
	Scopes []string
	At     time.Time
	// Expires is when the access token ends; zero is never.
	Expires time.Time
	// RefreshExpires is when the refresh token ends; zero means that there is
	// none.
	RefreshExpires time.Time
}

// Grants returns what POST /oauth/tokens has issued, oldest first, whether it
// is still good or not; of a long list the newest. Token and TokenFor are not
// among them.
func (s *Server) Grants() []Grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.granted)
	for i := range out {
		out[i].Scopes = slices.Clone(out[i].Scopes)
	}
	return out
}

// enter writes t down.
func (s *Server) enter(kind string, t *token) {
	if len(s.granted) >= logged {
		s.granted = slices.Delete(s.granted, 0, logged/4)
	}
	s.granted = append(s.granted, Grant{ID: t.id, Type: kind, User: t.user.Email, Scopes: t.scopes,
		At: s.now(), Expires: t.expires, RefreshExpires: t.refreshExpires})
}

// RevokeTokens ends the access and refresh tokens of the users with these
// addresses, and the codes that would lead to some; if none is named, those of
// everybody. It is what an administrator does in the Admin Center.
func (s *Server) RevokeTokens(emails ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	meant := func(u *user) bool {
		return len(emails) == 0 || slices.ContainsFunc(emails, func(email string) bool { return s.byEmail[fold(email)] == u })
	}
	for _, t := range s.tokens {
		if meant(t.user) {
			s.drop(t)
		}
	}
	for _, t := range s.refresh {
		if meant(t.user) {
			s.drop(t)
		}
	}
	for key, code := range s.codes {
		if meant(code.user) {
			delete(s.codes, key)
		}
	}
}
