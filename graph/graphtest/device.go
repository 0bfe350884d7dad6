package graphtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// device is a request of a device without a browser.
type device struct {
	userCode string
	tenant   string // as it is in the path
	scope    *asked
	in       *signIn // who signed in for it, nil as long as nobody has
	declined bool
	used     bool
	end      time.Time
	polled   time.Time
	interval time.Duration
}

// deviceLife is how long a person has to sign in. ("The user has 15 minutes to
// sign in.")
const deviceLife = 15 * time.Minute

// serveDeviceCode is where a device asks for a code. ("Device authorization
// request".)
func (s *Server) serveDeviceCode(w http.ResponseWriter, r *http.Request, at endpoint) {
	form, no := readForm(r)
	var v object
	if no == nil {
		v, no = s.newDevice(form, at)
	}
	if no != nil {
		s.refuseToken(w, no)
		return
	}
	tokenAnswer(w, http.StatusOK, v)
}

func (s *Server) newDevice(form url.Values, at endpoint) (object, *tokenRefusal) {
	switch id := form.Get("client_id"); {
	case id == "":
		return nil, missingParameter("client_id")
	case id != s.client.id:
		return nil, trouble(700016, "Application with identifier '"+id+"' was not found in the directory '"+at.tenant+"'.")
	}
	if no := s.checkTenant(at.tenant, false); no != nil {
		return nil, no
	}
	scope, no := s.parseScope(form.Get("scope"))
	if no != nil {
		return nil, no
	}
	d := &device{tenant: at.tenant, scope: scope, end: s.Now().Add(deviceLife), interval: s.opts.DeviceInterval}
	text := "DAQ" + s.dice.text(150)
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	for d.userCode == "" || !s.entra.entered.put(d.userCode, d) {
		d.userCode = s.userCode()
	}
	s.entra.devices.put(text, d)
	page := at.origin + "/" + at.tenant + "/oauth2/deviceauth"
	return object{
		{"user_code", d.userCode},
		{"device_code", text},
		{"verification_uri", page},
		{"expires_in", int(deviceLife / time.Second)},
		{"interval", int(d.interval / time.Second)},
		{"message", "To sign in, use a web browser to open the page " + page + " and enter the code " + d.userCode + " to authenticate."},
	}, nil
}

// userCode returns a text that people can type: nine letters and digits none of
// which looks like another.
func (s *Server) userCode() string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := s.dice.octets(9)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// poll answers the grant_type of devices. entra.mu is held.
func (s *Server) poll(form url.Values, at endpoint) (*signIn, *asked, *tokenRefusal) {
	text := form.Get("device_code")
	if text == "" {
		return nil, nil, missingParameter("device_code")
	}
	d, now := s.entra.devices.values[text], s.Now()
	switch {
	case d == nil:
		return nil, nil, trouble(70018)
	case !s.sameTenant(d.tenant, at.tenant):
		return nil, nil, trouble(700005) // "The same tenant or tenant alias used in the initial request."
	case d.used:
		return nil, nil, trouble(54005)
	case !now.Before(d.end):
		return nil, nil, trouble(70020)
	case d.declined:
		no := trouble(65004)
		no.err = "authorization_declined"
		return nil, nil, no
	case d.in == nil:
		return nil, nil, s.pending(d, now)
	}
	if no := d.in.void(); no != nil {
		return nil, nil, no
	}
	d.used = true
	return d.in, d.scope, nil
}

// pending tells a device to go on asking, and not so often (RFC 8628 §3.5: it is
// to wait 5 seconds longer from then on). Half of the interval is left to the
// network. Microsoft's page does not list slow_down, and so there is no number
// for it.
func (s *Server) pending(d *device, now time.Time) *tokenRefusal {
	early := !d.polled.IsZero() && now.Sub(d.polled) < d.interval/2
	d.polled = now
	no := trouble(70016)
	if early && !s.opts.NoSlowDown {
		d.interval += 5 * time.Second
		no.err = "slow_down"
	}
	return no
}

// serveDevicePage is where a person types the code.
func (s *Server) serveDevicePage(w http.ResponseWriter, r *http.Request, at endpoint) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		s.writeView(w, s.codePage(at, nil))
		return
	}
	form, no := readForm(r)
	if no != nil {
		s.writeView(w, s.failed(no))
		return
	}
	s.entra.mu.Lock()
	v := s.typeCode(at, form.Get("code"), s.entra.browserOf(r))
	s.entra.mu.Unlock()
	s.writeView(w, v)
}

// typeCode begins the visit that a user code stands for. entra.mu is held.
func (s *Server) typeCode(at endpoint, userCode string, b *browser) *view {
	userCode = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(userCode))
	d := s.entra.entered.values[userCode]
	switch {
	case userCode == "":
		return s.codePage(at, trouble(90119))
	case d == nil || d.in != nil || d.declined:
		return s.codePage(at, trouble(70018, "That code did not work. Check the code and try again."))
	case !s.Now().Before(d.end):
		return s.codePage(at, trouble(70020, "That code has expired. Ask the application on your device for another."))
	}
	v := &visit{id: s.dice.text(40), at: at, device: d, scope: d.scope, end: s.Now().Add(flowLife)}
	v.who = v.known(b)
	return s.next(v)
}

// EnterCode does what a person would do who types the code that a device shows:
// sign in as user, and agree to all. It fails where the person would be stuck.
func (s *Server) EnterCode(userCode, user string) error {
	return s.answerCode(userCode, Answer{User: user})
}

// DeclineCode types the code, and does not let the device in.
func (s *Server) DeclineCode(userCode string) error {
	return s.answerCode(userCode, Answer{User: s.opts.Admin, Deny: true})
}

func (s *Server) answerCode(userCode string, as Answer) error {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	page := s.typeCode(endpoint{tenant: "organizations", path: "oauth2/deviceauth"}, userCode, nil)
	if page.refusal != nil {
		return page.refusal.asError()
	}
	d := page.visit.device
	if _, err := s.walk(page, as); err != nil {
		return err
	}
	if d.in == nil && !as.Deny {
		return fmt.Errorf("graphtest: %s may not let the device in: an administrator has to consent first", as.User)
	}
	return nil
}
