package zendesktest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	authorizePath = "/oauth/authorizations/new"
	authorizing   = "response_type client_id redirect_uri scope state code_challenge code_challenge_method"
	// codeLife is how long an authorization code is valid.
	// https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
	codeLife = 120 * time.Second
)

// code is an authorization code, which is good once.
type code struct {
	asked
	user    *user
	expires time.Time
}

// asked is what a client asks of the person who opens its page.
type asked struct {
	redirect, state, challenge string
	scopes                     []string
}

// Answer is what a person does on the page that asks for authorization.
type Answer struct {
	// User is the address of the agent who is signed in; "" is Options.Agent.
	User string
	// Deny declines.
	Deny bool
}

// Authorize does what a person does who opens authURL in a browser and
// answers: it returns where the browser is sent, which is the client's redirect
// URL with a code or an error. The error says what the page shows if the
// browser is sent nowhere. It goes past Fault and Requests, of which the page
// itself, at authURL, takes notice.
func (s *Server) Authorize(authURL string, a Answer) (*url.URL, error) {
	at, err := url.Parse(authURL)
	if err != nil || at.Path != authorizePath {
		return nil, errors.New("zendesktest: not a URL of the page " + authorizePath)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ask, back, trouble := s.ask(at.Query())
	if trouble != "" {
		return nil, errors.New("zendesktest: the page says: " + trouble)
	}
	if ask != nil {
		email := a.User
		if email == "" {
			email = s.opt.Agent
		}
		who := s.byEmail[fold(email)]
		if !slices.Contains(s.signers(), who) {
			return nil, fmt.Errorf("zendesktest: %s is no agent who can sign in", email)
		}
		back = s.decide(ask, who, !a.Deny)
	}
	return url.Parse(back)
}

// ask reads what a client asks for. If that cannot be shown to anybody, it
// returns where the browser is sent instead, or, if the client or its redirect
// URL is not known, what to tell the person, who is not sent anywhere (RFC 6749
// §4.1.2.1). How the service words that, and whether it sends the other errors
// back, is not documented.
func (s *Server) ask(q url.Values) (a *asked, back, trouble string) {
	a = &asked{redirect: q.Get("redirect_uri"), state: q.Get("state"), challenge: q.Get("code_challenge"), scopes: strings.Fields(q.Get("scope"))}
	switch {
	case q.Get("client_id") != clientID:
		return nil, "", "There is no such client."
	case !s.redirects(a.redirect):
		return nil, "", "The redirect URL is not one of the client's."
	}
	refuse := func(code string) (*asked, string, string) {
		return nil, a.back("error", code, "error_description", oauthTexts[code]), ""
	}
	switch method := q.Get("code_challenge_method"); {
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type")
	case a.challenge != "" && method != "S256", a.challenge == "" && (method != "" || s.opt.PublicClient):
		// Public clients must use PKCE; only S256 is documented.
		// https://developer.zendesk.com/documentation/api-basics/authentication/oauth-pkce
		return refuse("invalid_request")
	case !s.maySpan(q.Get("scope")):
		return refuse("invalid_scope")
	}
	return a, "", ""
}

// redirects tells whether a URL is one of the client's.
func (s *Server) redirects(to string) bool {
	if s.opt.Redirects != nil {
		return slices.Contains(s.opt.Redirects, to)
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// mayLetIn tells whether u can have clients act as him: here an agent with
// access to the account.
func (u *user) mayLetIn() bool { return u.staff() && !u.Suspended }

// signers are the people who may be signed in, the API's user first.
func (s *Server) signers() []*user {
	list := slices.DeleteFunc(sorted(s.users), func(u *user) bool { return !u.mayLetIn() })
	slices.SortStableFunc(list, func(a, b *user) int {
		switch s.agent {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return list
}

// decide acts on what the person said and returns where the browser is sent.
func (s *Server) decide(a *asked, who *user, allow bool) string {
	if !allow {
		return a.back("error", "access_denied", "error_description", oauthTexts["access_denied"])
	}
	now := s.now()
	maps.DeleteFunc(s.codes, func(_ string, c *code) bool { return !now.Before(c.expires) })
	key := secretText()
	s.codes[key] = &code{asked: *a, user: who, expires: now.Add(codeLife)}
	return a.back("code", key)
}

// back is the redirect URL with these parameters, and the state if there is
// one.
func (a *asked) back(params ...string) string {
	u, _ := url.Parse(a.redirect) // which redirects has seen
	q := u.Query()
	if a.state != "" {
		params = append(params, "state", a.state)
	}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}
