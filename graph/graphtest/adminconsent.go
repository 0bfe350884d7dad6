package graphtest

import (
	"net/http"
	"net/url"
	"strings"
)

// serveAdminConsent is where an application sends the browser of an
// administrator. ("Admin consent on the Microsoft identity platform", and for
// the path without v2.0 "OAuth 2.0 client credentials flow on the Microsoft
// identity platform".)
func (s *Server) serveAdminConsent(w http.ResponseWriter, r *http.Request, at endpoint) {
	s.servePage(w, r, at, s.adminConsent)
}

// adminConsent begins a visit. entra.mu is held.
func (s *Server) adminConsent(at endpoint, q url.Values, b *browser) *view {
	v, no := s.newVisit(at, q)
	if no != nil {
		return s.failed(no)
	}
	v.admin, v.scope = true, &asked{all: true}
	if v.second() {
		if strings.EqualFold(at.tenant, "common") {
			return s.failed(trouble(90130)) // "Do not use 'common'"
		}
		if v.scope, no = s.parseScope(q.Get("scope")); no != nil {
			return s.leave(v, no)
		}
	}
	v.who = v.known(b)
	return s.next(v)
}

// second tells whether it is the second version of the endpoint.
func (v *visit) second() bool { return v.at.path == "v2.0/adminconsent" }

// consented sends the browser back.
func (s *Server) consented(v *visit) *view {
	pairs := []string{"admin_consent", "True", "tenant", s.tenantGUID()}
	if v.second() {
		list := v.scope.graph
		if v.scope.all {
			list = s.opts.Delegated
		}
		pairs = append(pairs, "scope", s.names(v.scope, list))
	}
	return v.redirectWith(pairs...)
}

// declined sends the browser back without: the two versions say it differently.
func (s *Server) declined(v *visit) *view {
	if v.second() {
		return v.redirectWith("admin_consent", "True", "error", "consent_required", "error_description",
			s.freshDescription(trouble(65004, "The resource owner or authorization server denied the request.")))
	}
	return v.redirectWith("error", "permission_denied", "error_description", "The admin canceled the request")
}
