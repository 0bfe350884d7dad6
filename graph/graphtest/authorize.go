package graphtest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// code is an authorization code.
type code struct {
	in        *signIn
	tenant    string // as it is in the path
	redirect  string
	challenge string
	method    string
	end       time.Time
	used      bool
}

// maxQuery is how long the query of a page may be here, in octets.
const maxQuery = 16 << 10

// serveAuthorize is where the application sends a browser. ("Request an
// authorization code".)
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request, at endpoint) {
	s.servePage(w, r, at, s.authorize)
}

// servePage answers the GET that begins a visit.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, at endpoint, begin func(endpoint, url.Values, *browser) *view) {
	q, no := readQuery(r)
	if no != nil {
		s.writeView(w, s.failed(no))
		return
	}
	s.entra.mu.Lock()
	v := begin(at, q, s.entra.browserOf(r))
	s.entra.mu.Unlock()
	s.writeView(w, v)
}

func readQuery(r *http.Request) (url.Values, *tokenRefusal) {
	if r.Method != http.MethodGet {
		return nil, trouble(900561, "The endpoint only accepts GET requests. Received a "+r.Method+" request.")
	}
	if len(r.URL.RawQuery) > maxQuery {
		return nil, trouble(90015)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, trouble(9002313)
	}
	for _, values := range q {
		if len(values) > 1 { // RFC 6749 §3.1
			return nil, trouble(9002313)
		}
	}
	return q, nil
}

// authorize begins a visit. entra.mu is held.
func (s *Server) authorize(at endpoint, q url.Values, b *browser) *view {
	v, no := s.newVisit(at, q)
	if no != nil {
		// Whoever sent the browser is not known: it must not be sent there.
		return s.failed(no)
	}
	if no := s.readRequest(v, q); no != nil {
		return s.leave(v, no)
	}
	v.who = v.known(b)
	if v.who == nil && v.prompt == "none" {
		if len(b.people()) > 1 {
			return s.leave(v, trouble(16000))
		}
		return s.leave(v, trouble(50058))
	}
	return s.next(v)
}

// newVisit checks what must be right before a browser is sent anywhere.
func (s *Server) newVisit(at endpoint, q url.Values) (*visit, *tokenRefusal) {
	redirect := q.Get("redirect_uri")
	switch id := q.Get("client_id"); {
	case id == "":
		return nil, missingParameter("client_id")
	case id != s.client.id:
		return nil, trouble(700016, "Application with identifier '"+id+"' was not found in the directory '"+at.tenant+"'.")
	case redirect == "":
		return nil, trouble(900971)
	case !s.registered(redirect):
		return nil, trouble(50011, "The redirect URI '"+redirect+"' specified in the request does not match the redirect URIs configured for the application '"+id+"'.")
	}
	if no := s.checkTenant(at.tenant, false); no != nil {
		return nil, no
	}
	v := &visit{id: s.dice.text(40), at: at, redirect: redirect, end: s.Now().Add(flowLife)}
	if q.Has("state") {
		v.state = []string{markup.ReplaceAllString(q.Get("state"), "")}
	}
	return v, nil
}

// markup is what a state does not keep.
//
// QUIRK: "The Microsoft Entra authorization endpoint strips HTML from the state
// parameter." ("Redirect URI (reply URL) restrictions and limitations".)
var markup = regexp.MustCompile(`<[^>]*>`)

// readRequest reads the rest of a request for a code.
func (s *Server) readRequest(v *visit, q url.Values) (no *tokenRefusal) {
	v.prompt, v.hint, v.nonce = q.Get("prompt"), q.Get("login_hint"), q.Get("nonce")
	v.challenge, v.method = q.Get("code_challenge"), q.Get("code_challenge_method")
	switch kind, mode := q.Get("response_type"), q.Get("response_mode"); {
	case kind == "":
		return missingParameter("response_type")
	case kind != "code":
		s.log.miss("authorize: response_type " + kind)
		return trouble(70005)
	case mode != "" && mode != "query":
		s.log.miss("authorize: response_mode " + mode)
		return trouble(70007)
	case !slices.Contains([]string{"", "none", "login", "select_account", "consent"}, v.prompt):
		return trouble(9002313)
	case !slices.Contains([]string{"", "plain", "S256"}, v.method):
		return trouble(9002313)
	case v.challenge == "" && v.method != "":
		return missingParameter("code_challenge") // "Required if code_challenge_method is included."
	case v.challenge != "" && !verifierLike(v.challenge):
		return trouble(501491)
	}
	if v.scope, no = s.parseScope(q.Get("scope")); no != nil {
		return no
	}
	return nil
}

// registered tells whether a browser may be sent to an address: those of
// Options.Redirects exactly, but for the port of http://localhost and
// http://127.0.0.1. ("Redirect URI (reply URL) restrictions and limitations",
// Localhost exceptions, RFC 8252 §7.3: "The IPv6 loopback address ([::1]) is not
// currently supported.")
func (s *Server) registered(redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	if s.opts.Redirects == nil {
		return ofThisMachine(u)
	}
	return slices.ContainsFunc(s.opts.Redirects, func(one string) bool {
		if one == redirect {
			return true
		}
		r, err := url.Parse(one)
		if err != nil || !ofThisMachine(r) || u.Hostname() != r.Hostname() {
			return false
		}
		same := *u
		same.Host = r.Host
		return same.String() == r.String()
	})
}

func ofThisMachine(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// verifierLike tells whether a text could be a code_verifier, or a challenge
// (RFC 7636 §4.1, §4.2).
func verifierLike(text string) bool {
	return len(text) >= 43 && len(text) <= 128 &&
		strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == ""
}

// arrive ends a visit with a code. entra.mu is held.
func (s *Server) arrive(v *visit) *view {
	text := "1.AX" + s.dice.text(150)
	s.entra.codes.put(text, &code{
		in:     &signIn{who: v.who, revoked: v.who.revoked, scope: v.scope, nonce: v.nonce},
		tenant: v.at.tenant, redirect: v.redirect, challenge: v.challenge, method: v.method,
		end: s.Now().Add(flowLife),
	})
	return v.redirectWith("code", text, "session_state", s.dice.guid())
}

// redeem answers grant_type authorization_code. entra.mu is held.
func (s *Server) redeem(form url.Values, at endpoint) (*signIn, *asked, *tokenRefusal) {
	for _, name := range []string{"code", "redirect_uri"} {
		if form.Get(name) == "" {
			return nil, nil, missingParameter(name)
		}
	}
	c := s.entra.codes.values[form.Get("code")]
	switch {
	case c == nil:
		no := trouble(9002313)
		no.err = "invalid_grant"
		return nil, nil, no
	case c.used:
		return nil, nil, trouble(54005)
	case !s.Now().Before(c.end):
		return nil, nil, trouble(70008)
	}
	// Whatever is wrong with what follows, the code is spent: a verifier may be
	// guessed once. Microsoft's page does not say.
	c.used = true
	switch verifier := form.Get("code_verifier"); {
	case !s.sameTenant(c.tenant, at.tenant):
		return nil, nil, trouble(700005)
	case c.redirect != form.Get("redirect_uri"):
		return nil, nil, trouble(500112)
	case !verified(c, verifier):
		return nil, nil, trouble(501481)
	}
	if no := c.in.void(); no != nil {
		return nil, nil, no
	}
	scope := c.in.scope
	if list := form.Get("scope"); list != "" {
		var no *tokenRefusal
		if scope, no = s.parseScope(list); no != nil {
			return nil, nil, no
		}
		scope.offline = c.in.scope.offline
	}
	if no := s.missing(c.in.who, scope); no != nil {
		no.err, no.suberror = "consent_required", ""
		return nil, nil, no
	}
	return c.in, scope, nil
}

// verified checks the proof of possession (RFC 7636 §4.6). "If excluded,
// code_challenge is assumed to be plaintext if code_challenge is included."
//
// A verifier without a challenge is refused, as RFC 9700 §2.1.1 asks; whether
// Entra ID does is not documented.
func verified(c *code, verifier string) bool {
	switch {
	case c.challenge == "":
		return verifier == ""
	case !verifierLike(verifier):
		return false
	case c.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		return same(base64.RawURLEncoding.EncodeToString(sum[:]), c.challenge)
	}
	return same(verifier, c.challenge)
}
