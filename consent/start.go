package consent

import (
	"crypto/rand"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
)

// request is how this Handler signs in to a mailbox.
func (h *Handler) request(mailbox string) entra.AuthRequest {
	in := entra.AuthRequest{Redirect: h.root + "/callback", Scopes: entra.Scopes(h.opts.Wants), Mailbox: mailbox}
	if h.opts.Wants.Shared {
		in.Mailbox = "" // nobody can sign in to a shared mailbox
	}
	return in
}

// start begins a sign-in, the first or another: what is kept stays as it is until
// the new one has proved good.
func (v *visit) start() {
	mailbox := v.mailbox(v.r.PostForm.Get("mailbox"))
	if mailbox == "" {
		v.fail(noMailbox)
		return
	}
	a := attempt{State: rand.Text(), Verifier: oauth2.GenerateVerifier(), Mailbox: mailbox}
	v.begin(a, v.app.AuthCodeURL(v.request(mailbox), a.State, a.Verifier))
}

// admin begins an administrator's consent for the whole organisation.
func (v *visit) admin() {
	a := attempt{State: rand.Text(), Admin: true}
	v.begin(a, v.adminURL(a.State))
}

func (h *Handler) adminURL(state string) string {
	return h.app.AdminConsentURL(h.root+"/callback", state, entra.Scopes(h.opts.Wants)...)
}

func (v *visit) begin(a attempt, to string) {
	a.Until = time.Now().Add(attemptLife).Round(0).UTC()
	v.trim()
	if err := v.setCookie(v.attemptCookie(a.State), a, attemptLife); err != nil {
		v.log.ErrorContext(v.r.Context(), "a cookie cannot be sealed", "error", err)
		v.fail(noKeeper)
		return
	}
	v.redirect(to)
}

// letterState is the state of the address that is sent to an administrator, who
// opens it in a browser of his own. What comes back with it changes nothing here.
const letterState = "administrator"

// letter is the end of what an administrator began with that address. It needs no
// access: it changes nothing, and tells nothing but thanks.
func (v *visit) letter() {
	if _, err := entra.AdminConsented(v.r.URL.Query(), letterState); err != nil {
		v.refuse(v.r.Context(), "", "an administrator did not consent", err)
		return
	}
	v.show(http.StatusOK, Page{Kind: KindConsented, Title: "Thank you"})
}
