package consent

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/tokens"
)

// finishing bounds what follows on the browser's coming back.
const finishing = time.Minute

// callback is where the browser comes back to.
func (v *visit) callback() {
	query := v.r.URL.Query()
	a, err := v.attempt(query)
	switch {
	case errors.Is(err, errBegin):
		v.fail(beginAgain)
		return
	case err != nil:
		v.log.ErrorContext(v.r.Context(), "a cookie cannot be opened", "error", err)
		v.fail(noKeeper)
		return
	}
	// The code is spent now, whether or not the browser waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), finishing)
	defer cancel()
	if a.Admin {
		v.consented(ctx, a, query)
		return
	}
	v.connect(ctx, a, query)
}

// errBegin means that there is no attempt that the answer belongs to.
var errBegin = errors.New("this was not begun here")

// attempt returns the attempt that an answer belongs to, once.
func (v *visit) attempt(query url.Values) (*attempt, error) {
	state := query.Get("state")
	if state == "" || len(state) > 256 {
		return nil, errBegin
	}
	name := v.attemptCookie(state)
	var a attempt
	if err := v.readCookie(name, &a); err != nil {
		if errors.Is(err, errNoCookie) {
			err = errBegin
		}
		return nil, err
	}
	v.dropCookie(name)
	_, err := entra.Code(query, a.State)
	switch {
	case errors.Is(err, entra.ErrState), time.Now().After(a.Until), !v.spent.take(name, a.Until):
		return nil, errBegin
	case !a.Admin && v.mailbox(a.Mailbox) == "": // somebody else has logged in meanwhile
		return nil, errBegin
	}
	return &a, nil
}

// consented is the end of an administrator's consent. Nothing is kept of it:
// whether it is so shows when somebody signs in.
func (v *visit) consented(ctx context.Context, a *attempt, query url.Values) {
	if _, err := entra.AdminConsented(query, a.State); err != nil {
		v.refuse(ctx, "", "an administrator did not consent", err)
		return
	}
	v.log.InfoContext(ctx, "an administrator has consented")
	v.home(notice{Change: consented})
}

// connect is the end of a sign-in.
func (v *visit) connect(ctx context.Context, a *attempt, query url.Values) {
	const failed = "mailbox not connected"
	code, err := entra.Code(query, a.State)
	if err != nil {
		v.refuse(ctx, a.Mailbox, failed, err)
		return
	}
	token, err := v.app.Exchange(ctx, v.request(a.Mailbox), code, a.Verifier)
	if err != nil {
		v.refuse(ctx, a.Mailbox, failed, err)
		return
	}
	proved, err := v.prove(ctx, a.Mailbox, token)
	if err != nil {
		v.refuse(ctx, a.Mailbox, failed, err)
		return
	}
	account := v.opts.Account(a.Mailbox)
	change := Reconnected
	if _, err := tokens.Look(ctx, v.store, account); errors.Is(err, tokens.ErrMissing) {
		change = Connected
	}
	if err := tokens.Copy(ctx, v.store, proved.store, account); err != nil {
		v.refuse(ctx, a.Mailbox, failed, &unsavedError{err})
		return
	}
	v.changed(ctx, Event{Change: change, Mailbox: a.Mailbox, Account: account, User: proved.user})
	v.home(notice{Change: change, Mailbox: a.Mailbox})
}

// home goes to the status, which says what has happened, and leaves the code
// behind in no page's address.
func (v *visit) home(n notice) {
	n.Until = time.Now().Add(noticeLife).Round(0).UTC()
	if err := v.setCookie(v.noticeCookie(), n, noticeLife); err != nil {
		v.log.WarnContext(v.r.Context(), "a cookie cannot be sealed", "error", err) // the status says it too
	}
	v.redirect(v.root + "/")
}

// refuse says why nothing has changed.
func (v *visit) refuse(ctx context.Context, mailbox, what string, err error) {
	v.log.WarnContext(ctx, what, "mailbox", mailbox, "error", err)
	v.explain(mailbox, err)
}

// unsavedError is a sign-in that could not be saved.
type unsavedError struct{ err error }

func (e *unsavedError) Error() string { return "consent: saving the sign-in: " + e.err.Error() }
func (e *unsavedError) Unwrap() error { return e.err }
