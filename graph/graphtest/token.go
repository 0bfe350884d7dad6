package graphtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// maxForm is how large a form may be here, in octets.
const maxForm = 1 << 20

// readForm reads the form of a POST, or says why there is none.
func readForm(r *http.Request) (url.Values, *tokenRefusal) {
	if r.Method != http.MethodPost {
		return nil, trouble(900561, "The endpoint only accepts POST requests. Received a "+r.Method+" request.")
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return url.Values{}, nil
	}
	raw, err := readUpTo(r.Body, maxForm+1)
	if err != nil || len(raw) > maxForm {
		return nil, trouble(9002313)
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, trouble(9002313)
	}
	return form, nil
}

// serveToken is the token endpoint.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request, at endpoint) {
	form, no := readForm(r)
	var v object
	if no == nil {
		v, no = s.grant(newClaimant(r, form), form, at)
	}
	if no != nil {
		s.refuseToken(w, no)
		return
	}
	tokenAnswer(w, http.StatusOK, v)
}

// grant answers a request of the token endpoint. ("OAuth 2.0 authorization code
// flow", "OAuth 2.0 client credentials flow on the Microsoft identity platform",
// "OAuth 2.0 device authorization grant flow".)
func (s *Server) grant(c claimant, form url.Values, at endpoint) (object, *tokenRefusal) {
	kind := form.Get("grant_type")
	if kind == "device_code" {
		kind = deviceGrant // what MSAL says, instead of RFC 8628 §3.4
	}
	if kind == "" {
		return nil, missingParameter("grant_type")
	}
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	if no := s.entra.befallen(kind); no != nil {
		return nil, no
	}
	if no := s.checkTenant(at.tenant, kind == "client_credentials"); no != nil {
		return nil, no
	}
	if !slices.Contains([]string{"client_credentials", "authorization_code", "refresh_token", deviceGrant}, kind) {
		if strings.HasPrefix(kind, "urn:ietf:params:oauth:grant-type:") {
			s.log.miss("token endpoint: grant_type " + kind)
		}
		return nil, trouble(70003, "The app requested an unsupported grant type '"+kind+"'.")
	}
	how, no := s.prove(c, at)
	if no != nil {
		return nil, no
	}
	issue := Issue{Grant: kind, Auth: how, At: s.Now()}
	var in *signIn
	var scope *asked
	switch kind {
	case "client_credentials":
		return s.grantApplication(form, issue)
	case "authorization_code":
		in, scope, no = s.redeem(form, at)
	case "refresh_token":
		in, scope, issue.Reused, no = s.renew(form)
	default:
		in, scope, no = s.poll(form, at)
	}
	if no != nil {
		return nil, no
	}
	v := s.grantPerson(in, scope, issue, at)
	if form.Get("client_info") == "1" {
		v = append(v, member{"client_info", in.who.clientInfo(s.tenantGUID())})
	}
	return v, nil
}

// grantApplication answers grant_type client_credentials. entra.mu is held.
func (s *Server) grantApplication(form url.Values, issue Issue) (object, *tokenRefusal) {
	switch scope := form.Get("scope"); {
	case scope == "":
		return nil, missingParameter("scope")
	case scope != s.opts.Scope:
		return nil, trouble(70011, "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope "+scope+" is not valid.")
	}
	// Without consent there is a token all the same: one with no roles, which
	// Graph answers with 403.
	t := &token{app: s.client.id, anywhere: true}
	if !s.opts.AdminConsentFirst || s.entra.consented {
		t.scopes = s.opts.Permissions
	}
	issue.Scopes = slices.Clone(t.scopes)
	s.entra.issued = keep(s.entra.issued, issue)
	return s.tokenObject(t), nil
}

// grantPerson answers with what a sign-in is good for. entra.mu is held.
func (s *Server) grantPerson(in *signIn, scope *asked, issue Issue, at endpoint) object {
	granted := s.grants(in.who, scope)
	issue.User, issue.Scopes = in.who.who.address, granted
	s.entra.issued = keep(s.entra.issued, issue)

	v := s.tokenObject(&token{app: s.client.id, user: in.who.who, scopes: granted})
	v = slices.Insert(v, 1, member{"scope", s.names(scope, granted)})
	if scope.offline {
		v = append(v, member{"refresh_token", s.newRefreshToken(in)})
	}
	if slices.Contains(scope.openID, "openid") {
		v = append(v, member{"id_token", s.idToken(in, scope, at)})
	}
	return v
}

func (s *Server) tokenObject(t *token) object {
	life := int(s.opts.TokenLife/time.Second) - 1 // one less than an hour, as the samples have it
	return object{
		{"token_type", "Bearer"},
		{"expires_in", life},
		{"ext_expires_in", life},
		{"access_token", s.issue(t)},
	}
}

func missingParameter(name string) *tokenRefusal {
	return trouble(900144, "The request body must contain the following parameter: '"+name+"'.")
}

// description is what error_description says.
func (no *tokenRefusal) description(trace, correlation, now string) string {
	return fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
		no.number, no.text, trace, correlation, now)
}

// entraTime is how Entra ID writes a time.
const entraTime = "2006-01-02 15:04:05Z"

// refuseToken writes Entra ID's error. ("Microsoft Entra authentication and
// authorization error codes": clients go by error, the rest is for people.)
func (s *Server) refuseToken(w http.ResponseWriter, no *tokenRefusal) {
	now := s.Now().UTC().Format(entraTime)
	trace, correlation := s.dice.guid(), s.dice.guid()
	v := object{
		{"error", no.err},
		{"error_description", no.description(trace, correlation, now)},
		{"error_codes", []int{no.number}},
		{"timestamp", now},
		{"trace_id", trace},
		{"correlation_id", correlation},
		{"error_uri", fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", no.number)},
	}
	if no.suberror != "" {
		v = append(v, member{"suberror", no.suberror})
	}
	if no.claims != "" {
		v = append(v, member{"claims", no.claims})
	}
	if no.retryAfter != "" {
		w.Header().Set("Retry-After", no.retryAfter)
	}
	tokenAnswer(w, no.status, v)
}

func tokenAnswer(w http.ResponseWriter, status int, v object) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v))
}
