package graphtest

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// entra is the state of Entra ID. Its lists hold the newest 10,000 of a kind.
type entra struct {
	mu sync.Mutex // guards what follows; taken before Server.mu; never held over I/O

	secrets      []secret
	certificates []*x509.Certificate
	trusted      []FederatedCredential
	used         shelf[struct{}] // assertions, by issuer and jti
	faults       []*TokenFault

	accounts  map[*mailbox]*account
	everyone  []string // permissions that an administrator consented to for all
	consented bool     // by an administrator, for the application itself

	browsers shelf[*browser] // by cookie
	visits   shelf[*visit]   // by the hidden field of their pages
	codes    shelf[*code]    // by code
	devices  shelf[*device]  // by device code
	entered  shelf[*device]  // by user code
	renewals shelf[*renewal] // by refresh token
	issued   []Issue         // see Issued
	reuses   int
}

// account is what Entra ID knows of a person, besides name and address.
type account struct {
	who     *mailbox
	revoked int      // how often everything was; what is older is void
	granted []string // permissions that the person consented to
}

// accountOf returns the account of a person, nil if there is none. entra.mu is
// held.
func (s *Server) accountOf(address string) *account {
	m := s.findMailbox(address)
	if m == nil {
		return nil
	}
	a := s.entra.accounts[m]
	if a == nil {
		a = &account{who: m}
		s.entra.accounts[m] = a
	}
	return a
}

func (s *Server) mustAccount(address string) *account {
	return s.accountOf(s.mustMailbox(address).address)
}

// SetEnabled lets a person sign in, or not any more: AADSTS50057. All but the
// owners of shared mailboxes can at first. Access tokens go on working for their hour. It panics if there is no
// such person.
func (s *Server) SetEnabled(user string, enabled bool) {
	s.mustMailbox(user).disabled.Store(!enabled)
}

// RevokeSignIns ends everything that a person signed in to, as an administrator
// does with "Revoke sessions": refresh tokens are answered with AADSTS50173,
// and browsers ask again. Access tokens go on working for their hour. It panics
// if there is no such person. ("Refresh tokens in the Microsoft identity
// platform", Token revocation.)
func (s *Server) RevokeSignIns(user string) {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	s.mustAccount(user).revoked++
}

// RevokeConsent takes back what a person consented to: refresh tokens are
// answered with AADSTS65001. What an administrator consented to for all stays;
// no name takes back everything, the permissions of the application itself
// included if Options.AdminConsentFirst is set. It panics if there is no such
// person.
func (s *Server) RevokeConsent(user string) {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	if user != "" {
		s.mustAccount(user).granted = nil
		return
	}
	s.entra.everyone, s.entra.consented = nil, false
	for _, a := range s.entra.accounts {
		a.granted = nil
	}
}

// Consent records that a person consented to permissions, as on the page; no
// name stands for an administrator's consent for all. It panics if there is no
// such person, or permission.
func (s *Server) Consent(user string, permissions ...string) {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	var list []string
	for _, p := range permissions {
		name := canonical(p)
		if name == "" {
			panic("graphtest: no delegated permission " + p)
		}
		list = append(list, name)
	}
	if user == "" {
		s.entra.everyone = union(s.entra.everyone, list)
		return
	}
	a := s.mustAccount(user)
	a.granted = union(a.granted, list)
}

// union is a and what else b has. Consent without any permission is to sign in.
func union(a, b []string) []string {
	a = slices.Clone(a)
	if a == nil {
		a = []string{}
	}
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}

// consents are the permissions that the application has for a person, nil if
// nobody ever consented. entra.mu is held.
func (e *entra) consents(a *account) []string {
	if a.granted == nil && e.everyone == nil {
		return nil
	}
	return union(a.granted, e.everyone)
}

// isAdmin tells whether a person may consent for all.
func (s *Server) isAdmin(a *account) bool { return strings.EqualFold(a.who.address, s.opts.Admin) }

// endpoint is where a request went.
type endpoint struct {
	origin string // such as https://login.test
	tenant string
	path   string // after the tenant
}

func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// is tells whether a text is the address of the endpoint, with the name or the
// id of its tenant.
func (e endpoint) is(text string) bool {
	rest, ok := strings.CutPrefix(text, e.origin+"/")
	tenant, ok2 := strings.CutSuffix(rest, "/"+e.path)
	return ok && ok2 && (strings.EqualFold(tenant, e.tenant) || strings.EqualFold(tenant, tenantID(e.tenant)))
}

// checkTenant refuses tenants that the application is not in. alone says that
// the flow has nobody who signs in, and so no home tenant to fall back on.
func (s *Server) checkTenant(tenant string, alone bool) *tokenRefusal {
	name := strings.ToLower(tenant)
	shared := slices.Contains([]string{"common", "organizations", "consumers"}, name)
	switch {
	case s.opts.Tenant != "" && shared:
		return trouble(50194, "Application is not configured as a multi-tenant application. Usage of the /"+tenant+" endpoint is not supported for such apps. Use a tenant-specific endpoint.")
	case shared && alone:
		return trouble(9001023)
	case name == "consumers":
		return trouble(9002332)
	case s.opts.Tenant != "" && name != strings.ToLower(s.opts.Tenant) && name != tenantID(s.opts.Tenant):
		return trouble(90002, "Tenant '"+tenant+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
	}
	return nil
}

// sameTenant tells whether two names in a path mean the same.
func (s *Server) sameTenant(a, b string) bool {
	id := func(name string) string {
		if s.opts.Tenant != "" && strings.EqualFold(name, s.opts.Tenant) {
			return tenantID(s.opts.Tenant)
		}
		return strings.ToLower(name)
	}
	return id(a) == id(b)
}

// serveEntra finds the endpoint of a path, nil if Entra ID has none there.
func (s *Server) serveEntra(segs []string) http.HandlerFunc {
	if len(segs) < 2 || segs[0] == "" {
		return nil
	}
	path := strings.Join(segs[1:], "/")
	serve := map[string]func(http.ResponseWriter, *http.Request, endpoint){
		"v2.0/.well-known/openid-configuration": s.serveMetadata,
		"discovery/v2.0/keys":                   s.serveKeys,
		"oauth2/v2.0/token":                     s.serveToken,
		"oauth2/v2.0/devicecode":                s.serveDeviceCode,
		"oauth2/v2.0/authorize":                 s.serveAuthorize,
		"oauth2/deviceauth":                     s.serveDevicePage,
		"adminconsent":                          s.serveAdminConsent,
		"v2.0/adminconsent":                     s.serveAdminConsent,
		"login":                                 s.serveLogin,
	}[path]
	if serve == nil {
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
		serve(w, r, endpoint{origin: origin(r), tenant: segs[0], path: path})
	}
}

// flowLife is how long pages and codes are good for. ("Authorization codes
// [...] typically, they expire after about 10 minutes.")
const flowLife = 10 * time.Minute
