package tokens

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// record is what is kept for an account, as JSON.
type record struct {
	Access  string    `json:"access_token"`
	Refresh string    `json:"refresh_token,omitempty"`
	Issued  time.Time `json:"issued"`
	Expiry  time.Time `json:"expiry,omitzero"` // zero: nobody knows
	Scope   string    `json:"scope,omitempty"`
	Claim   *claim    `json:"claim,omitempty"`

	// Of the sign-in, whatever was renewed since.
	Client   string    `json:"client_id,omitempty"`
	TokenURL string    `json:"token_url,omitempty"`
	User     string    `json:"user,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Trouble  *trouble  `json:"trouble,omitempty"`
}

// trouble notes that the refresh token was refused, for whoever looks.
type trouble struct {
	Status int       `json:"status,omitempty"`
	Code   string    `json:"error,omitempty"`
	Sub    string    `json:"suberror,omitempty"`
	AADSTS int       `json:"aadsts,omitempty"`
	Trace  string    `json:"trace_id,omitempty"`
	At     time.Time `json:"at"` // first
}

// claim notes that somebody is about to use the refresh token.
type claim struct {
	By    string    `json:"by"`
	Until time.Time `json:"until"`
}

const (
	// mostToken is far beyond any token that was seen.
	mostToken = 64 << 10
	// margin is how long a token is good at least that is handed out, by a
	// clock that may be wrong.
	margin = 10 * time.Second
	// mostScope is as much as is kept of what was consented to.
	mostScope = 16 << 10
	// longest is the longest life that an access token is believed to have;
	// Zendesk's live two days at most.
	longest = 7 * 24 * time.Hour
)

// newRecord accepts a token that can be used.
func newRecord(t *oauth2.Token, now time.Time) (*record, error) {
	r := &record{Access: t.AccessToken, Refresh: t.RefreshToken, Issued: now.Round(0).UTC(), Expiry: t.Expiry.Round(0).UTC()}
	if scope, _ := t.Extra("scope").(string); len(scope) <= mostScope {
		r.Scope = scope
	}
	if t.Expiry.IsZero() {
		r.Expiry = time.Time{}
	} else if most := r.Issued.Add(longest); r.Expiry.After(most) {
		r.Expiry = most
	}
	switch {
	case t.TokenType != "" && !strings.EqualFold(t.TokenType, "bearer"):
		return nil, errors.New("the token is not a bearer token")
	case r.Access == "" && r.Refresh == "":
		return nil, errors.New("there is no token in it")
	case !visible(r.Access) || !visible(r.Refresh):
		return nil, errors.New("the token is not one that can be sent")
	}
	return r, nil
}

// renews takes over what a renewal does not change.
func (r *record) renews(old *record) {
	r.Client, r.TokenURL, r.User, r.Since = old.Client, old.TokenURL, old.User, old.Since
	if r.Scope == "" {
		r.Scope = old.Scope // RFC 6749 §5.1: then it is the same
	}
}

// scopes is nil if the service did not say.
func (r *record) scopes() []string {
	if r.Scope == "" {
		return nil
	}
	return strings.Fields(r.Scope)
}

// isOf reports whether the sign-in was made with this application at this
// service. Who renews it with another one is refused an hour later, for a reason
// that does not say so.
func (r *record) isOf(c *oauth2.Config) bool {
	host := func(s string) string {
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		return strings.ToLower(u.Scheme + "://" + u.Host)
	}
	return (r.Client == "" || r.Client == c.ClientID) && (r.TokenURL == "" || host(r.TokenURL) == host(c.Endpoint.TokenURL))
}

// visible reports whether a token has only the characters of RFC 6749, A.12
// and A.17, so that it can stand in a header's field.
func visible(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return len(token) <= mostToken
}

func (r *record) marshal() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and times
	}
	return data
}

// parseRecord reads what marshal wrote. An error does not quote it.
func parseRecord(data []byte) (*record, error) {
	var r record
	if json.Unmarshal(data, &r) != nil || r.Access == "" && r.Refresh == "" || !visible(r.Access) || !visible(r.Refresh) {
		return nil, errDamaged
	}
	return &r, nil
}

// good reports whether the access token can be used now.
func (r *record) good(now time.Time) bool {
	return r != nil && r.Access != "" && (r.Expiry.IsZero() || now.Add(margin).Before(r.Expiry))
}

// fresh reports whether it need not be renewed yet.
func (r *record) fresh(now time.Time, leeway time.Duration) bool {
	if !r.good(now) || r.Expiry.IsZero() {
		return r.good(now)
	}
	// Of a token with a short life a fifth.
	leeway = min(leeway, r.Expiry.Sub(r.Issued)/5)
	return now.Add(leeway).Before(r.Expiry)
}

// token is what a caller gets: the refresh token is not his to use.
func (r *record) token() *oauth2.Token {
	return &oauth2.Token{AccessToken: r.Access, TokenType: "Bearer", Expiry: r.Expiry}
}
