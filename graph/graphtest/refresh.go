package graphtest

import (
	"net/url"
	"slices"
	"time"
)

// RefreshReuse says what becomes of a refresh token that was used before.
type RefreshReuse int

const (
	// ReuseWorks answers it as the first time, until its own life ends: "The
	// Microsoft identity platform doesn't revoke old refresh tokens when used
	// to fetch new access tokens."
	ReuseWorks RefreshReuse = iota
	// ReuseRefused answers AADSTS70000.
	ReuseRefused
	// ReuseEnds answers AADSTS70000, and ends the sign-in: no refresh token
	// that came of it works any more (RFC 9700 §4.14.2).
	ReuseEnds
)

// signIn is one time that a person let the application in.
type signIn struct {
	who     *account
	revoked int // what account.revoked was
	scope   *asked
	nonce   string
	ended   bool
}

// renewal is a refresh token.
type renewal struct {
	of     *signIn
	issued time.Time
	end    time.Time
	used   bool
}

// void tells why a sign-in is good for nothing any more. entra.mu is held.
func (in *signIn) void() *tokenRefusal {
	switch {
	case in.who.who.disabled.Load():
		return trouble(50057)
	case in.revoked != in.who.revoked:
		return trouble(50173)
	case in.ended:
		return trouble(70000)
	}
	return nil
}

// renew answers grant_type refresh_token. ("Refresh the access token".)
// entra.mu is held.
func (s *Server) renew(form url.Values) (in *signIn, scope *asked, reused bool, no *tokenRefusal) {
	text := form.Get("refresh_token")
	if text == "" {
		return nil, nil, false, missingParameter("refresh_token")
	}
	t := s.entra.renewals.values[text]
	if t == nil {
		// Seen with tokens that were cut: error is invalid_grant.
		no = trouble(9002313)
		no.err = "invalid_grant"
		return nil, nil, false, no
	}
	in, scope, reused = t.of, t.of.scope, t.used
	if reused {
		s.entra.reuses++
		if s.opts.RefreshReuse == ReuseEnds {
			in.ended = true
		}
		if s.opts.RefreshReuse != ReuseWorks {
			return nil, nil, true, trouble(70000)
		}
	}
	if no := in.void(); no != nil {
		return nil, nil, reused, no
	}
	if !s.Now().Before(t.end) {
		return nil, nil, reused, trouble(700082, "The refresh token has expired due to inactivity. The token was issued on "+
			t.issued.UTC().Format("2006-01-02T15:04:05.0000000Z")+" and was inactive for "+s.opts.RefreshLife.String()+".")
	}
	if list := form.Get("scope"); list != "" {
		// "Refresh tokens are valid for all permissions that your client has
		// already received consent for": not only for those asked at first.
		if scope, no = s.parseScope(list); no != nil {
			return nil, nil, reused, no
		}
		// The new refresh token is for the sign-in, whatever this access
		// token is for.
		scope.offline = true
	}
	if no := s.missing(in.who, scope); no != nil {
		return nil, nil, reused, no
	}
	t.used = true
	return in, scope, reused, nil
}

// missing refuses a scope that was not consented to. entra.mu is held.
func (s *Server) missing(who *account, scope *asked) *tokenRefusal {
	have := s.entra.consents(who)
	if have == nil || slices.ContainsFunc(scope.graph, func(p string) bool { return !slices.Contains(have, p) }) {
		return trouble(65001, "The user or administrator has not consented to use the application with ID '"+s.client.id+"'. Send an interactive authorization request for this user and resource.")
	}
	return nil
}

// grants are the permissions of an access token for a person. entra.mu is held.
func (s *Server) grants(who *account, scope *asked) []string {
	have := s.entra.consents(who)
	if s.opts.ExactScopes && !scope.all {
		return slices.Clone(scope.graph)
	}
	return union(scope.graph, have)
}

// newRefreshToken returns a refresh token for a sign-in. entra.mu is held.
func (s *Server) newRefreshToken(in *signIn) string {
	now := s.Now()
	text := "1.AX" + s.dice.text(150)
	s.entra.renewals.put(text, &renewal{of: in, issued: now, end: now.Add(s.opts.RefreshLife)})
	return text
}
