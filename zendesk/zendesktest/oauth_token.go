package zendesktest

import (
	"net/http"
	"strconv"
)

// showCurrentToken tells about the token that the request is made with.
// https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/#show-token
//
// Which scope that takes is not documented; here any will do.
func (s *Server) showCurrentToken(c *call) *answer {
	if c.token.all {
		return notFound()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return reply(http.StatusOK, object{"token": c.describe(c.token)})
}

// revokeCurrentToken ends the token that the request is made with.
// https://developer.zendesk.com/documentation/api-basics/authentication/revoking-oauth-token
func (s *Server) revokeCurrentToken(c *call) *answer {
	if c.token.all {
		return notFound()
	}
	if !s.opt.KeepCurrent {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drop(c.token)
	}
	return &answer{status: http.StatusNoContent, header: http.Header{}}
}

func (s *Server) showToken(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, bad := s.wantedToken(c)
	if bad != nil {
		return bad
	}
	return reply(http.StatusOK, object{"token": c.describe(t)})
}

func (s *Server) revokeToken(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, bad := s.wantedToken(c)
	if bad != nil {
		return bad
	}
	s.drop(t)
	return &answer{status: http.StatusNoContent, header: http.Header{}}
}

// wantedToken finds the token that a route names: one's own, or as an
// administrator anybody's.
func (s *Server) wantedToken(c *call) (*token, *answer) {
	id, err := strconv.ParseInt(c.vars["id"], 10, 64)
	if err != nil {
		return nil, invalidAttribute("id", "an integer")
	}
	for _, t := range s.tokens {
		if t.id == id && (t.user == c.token.user || c.token.user.Role == "admin") {
			return t, nil
		}
	}
	return nil, notFound()
}

// describe is a token with the keys that the service sends.
//
// QUIRK: of the secrets only the beginning is told.
func (c *call) describe(t *token) object {
	out := object{
		"id": t.id, "url": c.url("/api/v2/oauth/tokens/%d.json", t.id), "client_id": oauthClientID, "user_id": t.user.ID,
		"scopes": t.scopes, "token": t.access[:10], "created_at": stamp(t.created), "used_at": nil,
		"expires_at": nil, "refresh_token": nil, "refresh_token_expires_at": nil,
	}
	if !t.used.IsZero() {
		out["used_at"] = stamp(t.used)
	}
	if !t.expires.IsZero() {
		out["expires_at"] = stamp(t.expires)
	}
	if t.refresh != "" {
		out["refresh_token"], out["refresh_token_expires_at"] = t.refresh[:10], stamp(t.refreshExpires)
	}
	return out
}

// oauthClientID is the number of the OAuth client, whose name clientID is.
const oauthClientID = 360_000_000_041
