package graphtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// visit is what a person is in the middle of, from the address that the
// application sent the browser to until it is sent back.
type visit struct {
	id string // in a hidden field of every page
	at endpoint

	redirect string   // where to go back to, "" for a device
	state    []string // one, or none if there was none
	scope    *asked
	prompt   string
	hint     string
	nonce    string

	challenge, method string

	device *device // it is for a device
	admin  bool    // it is for an administrator's consent

	who       *account // who signed in
	confirmed bool     // that it is the right device
	agreed    bool
	over      bool
	end       time.Time
}

// browser is what a cookie stands for: who signed in there, each once.
type browser struct {
	seats []seat
}

type seat struct {
	who     *account
	revoked int // what account.revoked was
}

const cookieName = "ESTSAUTH"

// browserOf returns the browser of a request, nil if it is not known. entra.mu
// is held.
func (e *entra) browserOf(r *http.Request) *browser {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	return e.browsers.values[c.Value]
}

// people are those who are signed in in a browser. nil is a new one.
func (b *browser) people() []*account {
	if b == nil {
		return nil
	}
	var list []*account
	for _, seat := range b.seats {
		if seat.revoked == seat.who.revoked && !seat.who.who.disabled.Load() {
			list = append(list, seat.who)
		}
	}
	return list
}

func (b *browser) sit(who *account) {
	b.seats = slices.DeleteFunc(b.seats, func(old seat) bool { return old.who == who })
	b.seats = append(b.seats, seat{who, who.revoked})
}

// known returns who is taken for the person in front of a browser without a
// question: "The default behavior is to either sign in the sole current user,
// show the account picker if there are multiple users, or show the login page
// if there are no users signed in." A login_hint chooses among them.
func (v *visit) known(b *browser) *account {
	people := b.people()
	if v.hint != "" {
		people = slices.DeleteFunc(people, func(a *account) bool { return !strings.EqualFold(a.who.address, v.hint) })
	}
	if v.prompt == "login" || v.prompt == "select_account" || len(people) != 1 {
		return nil
	}
	return people[0]
}

// next is what the person sees next, or where the browser goes. entra.mu is
// held.
func (s *Server) next(v *visit) *view {
	wanted := s.wanted(v)
	switch {
	case v.who == nil:
		return s.picker(v, nil)
	case v.who.who.disabled.Load():
		return s.picker(v, trouble(50057))
	case v.device != nil && !v.confirmed:
		return s.confirmation(v)
	case v.admin && !s.isAdmin(v.who):
		return s.approval(v)
	case v.agreed || wanted == nil:
		return s.finish(v)
	case v.prompt == "none":
		no := trouble(65001)
		no.err, no.suberror = "interaction_required", "" // the page's table has it so
		return s.leave(v, no)
	case !s.isAdmin(v.who) && (s.opts.NoUserConsent ||
		slices.ContainsFunc(wanted, func(p string) bool { return slices.Contains(restricted, p) })):
		return s.approval(v)
	}
	return s.consentPage(v, wanted)
}

// wanted are the permissions that have to be consented to, nil if none has to
// be: there may be none to show, and only the sign-in itself. entra.mu is held.
func (s *Server) wanted(v *visit) []string {
	if v.who == nil {
		return nil
	}
	have, list := s.entra.consents(v.who), v.scope.graph
	if v.scope.all {
		list = s.opts.Delegated
	}
	if v.admin || v.prompt == "consent" {
		return union(list, nil)
	}
	if have != nil && v.scope.all {
		return nil // it "only triggers a consent prompt if consent hasn't been granted for any delegated permission"
	}
	list = slices.DeleteFunc(slices.Clone(list), func(p string) bool { return slices.Contains(have, p) })
	if have != nil && len(list) == 0 {
		return nil
	}
	return union(list, nil)
}

// reply acts on the button that was pressed. entra.mu is held.
func (s *Server) reply(v *visit, form url.Values) *view {
	if user := form.Get("user"); user != "" {
		who := s.accountOf(user)
		if who == nil {
			return s.picker(v, trouble(50034))
		}
		v.who, v.agreed, v.confirmed = who, false, false
		return s.next(v)
	}
	wanted := s.wanted(v)
	switch answer := form.Get("answer"); {
	case v.who == nil:
	case answer == "confirm":
		v.confirmed = true
	case answer == "other":
		v.who = nil
	case answer == "accept" && wanted != nil && s.next(v).kind == consentKind:
		s.agree(v, wanted, form.Get("everyone") != "")
	case answer == "cancel":
		return s.leave(v, trouble(65004))
	case answer == "return":
		no := trouble(90094)
		if !s.opts.ConsentRequired {
			no.err = "access_denied"
		}
		return s.leave(v, no)
	}
	return s.next(v)
}

// agree records consent. entra.mu is held.
func (s *Server) agree(v *visit, wanted []string, everyone bool) {
	v.agreed = true
	if !v.admin && !(everyone && s.isAdmin(v.who)) {
		v.who.granted = union(v.who.granted, wanted)
		return
	}
	s.entra.everyone = union(s.entra.everyone, wanted)
	if v.admin && v.scope.all {
		// "In order to request app permissions, you must use the /.default
		// value."
		s.entra.consented = true
	}
}

// finish ends a visit in which all went well. entra.mu is held.
func (s *Server) finish(v *visit) *view {
	v.over = true
	switch {
	case v.device != nil:
		v.device.in = &signIn{who: v.who, revoked: v.who.revoked, scope: v.scope}
		return s.farewell("You have signed in", "You have signed in to the application on your device. You may now close this window.")
	case v.admin:
		return s.consented(v)
	}
	return s.arrive(v)
}

// leave ends a visit that led to nothing. entra.mu is held.
func (s *Server) leave(v *visit, no *tokenRefusal) *view {
	v.over = true
	switch {
	case v.device != nil:
		v.device.declined = true
		return s.farewell("You did not sign in", "The application on your device was not signed in. You may now close this window.")
	case v.admin && no.number == 65004:
		return s.declined(v)
	}
	return v.redirectWith("error", no.err, "error_description", s.freshDescription(no))
}

func (s *Server) freshDescription(no *tokenRefusal) string {
	return no.description(s.dice.guid(), s.dice.guid(), s.Now().UTC().Format(entraTime))
}

// redirectWith sends the browser back with parameters, in pairs, and the state.
func (v *visit) redirectWith(pairs ...string) *view {
	if v.state != nil {
		pairs = append(pairs[:2:2], append([]string{"state", v.state[0]}, pairs[2:]...)...)
	}
	to := v.redirect
	if u, err := url.Parse(to); err == nil && u.Path == "" {
		// QUIRK: "http://localhost:7071 is returned as http://localhost:7071/".
		// ("Redirect URI (reply URL) restrictions and limitations".) The code is
		// still for the address without.
		u.Path = "/"
		to = u.String()
	}
	var b strings.Builder
	b.WriteString(to)
	for i := 0; i < len(pairs); i += 2 {
		mark := byte('&')
		if i == 0 && !strings.Contains(to, "?") {
			mark = '?'
		}
		b.WriteByte(mark)
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	return &view{redirect: b.String()}
}

// serveLogin takes what a page sends.
func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request, _ endpoint) {
	form, no := readForm(r)
	if no != nil {
		s.writeView(w, s.failed(no))
		return
	}
	s.writeView(w, s.login(w, r, form))
}

func (s *Server) login(w http.ResponseWriter, r *http.Request, form url.Values) *view {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	v := s.entra.visits.values[form.Get("ctx")]
	if v == nil || v.over || !s.Now().Before(v.end) {
		return s.failed(trouble(50089))
	}
	before := v.who
	page := s.reply(v, form)
	if v.who != nil && v.who != before && !v.who.who.disabled.Load() {
		s.remember(w, r, v.who)
	}
	return page
}

// remember signs a person in in a browser. entra.mu is held.
func (s *Server) remember(w http.ResponseWriter, r *http.Request, who *account) {
	b := s.entra.browserOf(r)
	if b == nil {
		b = &browser{}
		id := s.dice.text(40)
		s.entra.browsers.put(id, b)
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true,
			Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
	}
	b.sit(who)
}

// Answer is what a person does on the pages, for Authorize.
type Answer struct {
	// User is the address of who signs in.
	User string
	// Deny presses Cancel where consent is asked for, which is not where it was
	// given before.
	Deny bool
	// Everyone consents for all. Only the administrator may.
	Everyone bool
}

// Authorize does what a person would do in a new browser that an application
// sends to authURL, which is the authorization endpoint or that of admin
// consent, and returns where the browser is sent back to: with a code, or with
// an error. Nobody has to serve that address. It fails where the person would
// be stuck: on a page that says what is wrong with authURL, or that there is no
// such user.
func (s *Server) Authorize(authURL string, as Answer) (redirectURL string, err error) {
	u, err := url.Parse(authURL)
	if err != nil {
		return "", fmt.Errorf("graphtest: no URL: %w", err)
	}
	tenant, path, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	begin := map[string]func(endpoint, url.Values, *browser) *view{
		"oauth2/v2.0/authorize": s.authorize,
		"adminconsent":          s.adminConsent,
		"v2.0/adminconsent":     s.adminConsent,
	}[path]
	if begin == nil {
		return "", fmt.Errorf("graphtest: no page for a browser at %s", u.Path)
	}
	q, no := readQuery(&http.Request{Method: http.MethodGet, URL: u})
	if no != nil {
		return "", no.asError()
	}
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	end, err := s.walk(begin(endpoint{u.Scheme + "://" + u.Host, tenant, path}, q, nil), as)
	if err != nil {
		return "", err
	}
	return end.redirect, nil
}

// walk presses the buttons of one page after another. entra.mu is held.
func (s *Server) walk(page *view, as Answer) (*view, error) {
	for page.redirect == "" && page.kind != farewellKind {
		form := url.Values{}
		switch {
		case page.refusal != nil:
			return nil, page.refusal.asError()
		case page.kind == pickerKind:
			if as.User == "" {
				return nil, fmt.Errorf("graphtest: somebody has to sign in: set Answer.User")
			}
			form.Set("user", as.User)
		case page.kind == approvalKind:
			form.Set("answer", "return")
		case as.Deny:
			form.Set("answer", "cancel")
		case page.kind == confirmKind:
			form.Set("answer", "confirm")
		default:
			form.Set("answer", "accept")
			if as.Everyone {
				form.Set("everyone", "yes")
			}
		}
		page = s.reply(page.visit, form)
	}
	return page, nil
}

func (no *tokenRefusal) asError() error {
	return fmt.Errorf("graphtest: AADSTS%d: %s", no.number, no.text)
}
