package graphtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client returns the id and the secret of the application that the token
// endpoint knows.
func (s *Server) Client() (id, secret string) { return s.client.id, s.client.secret }

// tokenRefusal is an answer of Entra ID that grants nothing.
type tokenRefusal struct {
	status int
	err    string
	number int
	text   string
}

// serveToken is the token endpoint for applications. ("OAuth 2.0 client
// credentials flow on the Microsoft identity platform".)
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request, tenant string) {
	if no := s.checkToken(r, tenant); no != nil {
		s.refuseToken(w, no)
		return
	}
	text := s.issue(&token{app: s.client.id, scopes: s.opts.Permissions, anywhere: true})
	life := int(s.opts.TokenLife/time.Second) - 1 // one less than an hour, as the samples have it
	tokenAnswer(w, http.StatusOK, object{
		{"token_type", "Bearer"},
		{"expires_in", life},
		{"ext_expires_in", life},
		{"access_token", text},
	})
}

func (s *Server) checkToken(r *http.Request, tenant string) *tokenRefusal {
	if r.Method != http.MethodPost {
		return &tokenRefusal{http.StatusBadRequest, "invalid_request", 900561,
			"The endpoint only accepts POST requests. Received a " + r.Method + " request."}
	}
	form := url.Values{}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if raw, err := readUpTo(r.Body, 1<<20); err == nil && strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		form, _ = url.ParseQuery(string(raw))
	}
	grant := form.Get("grant_type")
	if grant == "" {
		return missingParameter("grant_type")
	}
	if no := s.checkTenant(tenant); no != nil {
		return no
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		// RFC 6749 §2.3.1: both are form-encoded before they are joined.
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(pass)
	}
	switch {
	case grant != "client_credentials":
		if slices.Contains([]string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}, grant) {
			s.log.miss("token endpoint: grant_type " + grant)
		}
		return &tokenRefusal{http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + grant + "'."}
	case id == "":
		return missingParameter("client_id")
	case id != s.client.id:
		return &tokenRefusal{http.StatusBadRequest, "unauthorized_client", 700016,
			"Application with identifier '" + id + "' was not found in the directory '" + tenant + "'."}
	case secret == "":
		return &tokenRefusal{http.StatusUnauthorized, "invalid_client", 7000218,
			"The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case secret != s.client.secret:
		return &tokenRefusal{http.StatusUnauthorized, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + id + "'."}
	case form.Get("scope") == "":
		return missingParameter("scope")
	case form.Get("scope") != s.opts.Scope:
		return &tokenRefusal{http.StatusBadRequest, "invalid_scope", 70011,
			"The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope " + form.Get("scope") + " is not valid."}
	}
	return nil
}

func (s *Server) checkTenant(tenant string) *tokenRefusal {
	switch {
	case slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(tenant)):
		// An application has no home tenant to fall back on: the flow asks for
		// a tenant by id or domain name.
		return &tokenRefusal{http.StatusBadRequest, "invalid_request", 50194,
			"Application is not configured as a multi-tenant application. Usage of the /" + tenant + " endpoint is not supported for such apps. Use a tenant-specific endpoint."}
	case s.opts.Tenant != "" && !strings.EqualFold(tenant, s.opts.Tenant):
		return &tokenRefusal{http.StatusBadRequest, "invalid_request", 90002,
			"Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
	}
	return nil
}

func missingParameter(name string) *tokenRefusal {
	return &tokenRefusal{http.StatusBadRequest, "invalid_request", 900144,
		"The request body must contain the following parameter: '" + name + "'."}
}

// refuseToken writes Entra ID's error. ("Microsoft Entra authentication and
// authorization error codes": clients go by error, the rest is for people.)
func (s *Server) refuseToken(w http.ResponseWriter, no *tokenRefusal) {
	now := s.Now().UTC().Format("2006-01-02 15:04:05Z")
	trace, correlation := s.dice.guid(), s.dice.guid()
	tokenAnswer(w, no.status, object{
		{"error", no.err},
		{"error_description", fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
			no.number, no.text, trace, correlation, now)},
		{"error_codes", []int{no.number}},
		{"timestamp", now},
		{"trace_id", trace},
		{"correlation_id", correlation},
		{"error_uri", fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", no.number)},
	})
}

func tokenAnswer(w http.ResponseWriter, status int, v object) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v))
}
