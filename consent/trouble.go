package consent

import (
	"errors"
	"net/http"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// trouble is a page that tells of a request that cannot be served.
type trouble struct {
	status        int
	title         string
	alert, advice string
}

var (
	pageNotFound = trouble{http.StatusNotFound, "There is no such page",
		"The address is not one of these pages.", "Go back to the mailboxes."}
	wrongMethod = trouble{http.StatusMethodNotAllowed, "This page is not for that",
		"The address was opened in a way that it is not made for.", "Go back to the mailboxes and use the buttons."}
	crossSite = trouble{http.StatusForbidden, "This came from another site",
		"The request did not come from these pages. Nothing was changed.", "Go back to the mailboxes and use the buttons."}
	badForm = trouble{http.StatusBadRequest, "That form cannot be read",
		"What was sent is too long or damaged. Nothing was changed.", "Go back to the mailboxes and use the buttons."}
	noAccess = trouble{http.StatusForbidden, "You may not connect mailboxes",
		"This application does not let you see or connect any mailbox.", "Log in with another account of this application, or ask whoever runs it."}
	noAccessControl = trouble{http.StatusInternalServerError, "This does not work just now",
		"The application could not find out which mailboxes you may see. Nothing was changed.", "Try again. " + unlucky}
	noMailbox = trouble{http.StatusForbidden, "You may not connect that mailbox",
		"This application does not let you see or connect that mailbox. Nothing was changed.", "Choose one of your mailboxes, or ask whoever runs this application."}
	noKeeper = trouble{http.StatusServiceUnavailable, "This does not work just now",
		"The key that protects the sign-in cannot be used. Nothing was changed.", "Try again. " + unlucky}
	notForgotten = trouble{http.StatusServiceUnavailable, "The mailbox was not disconnected",
		"The sign-in could not be removed from where it is kept.", "Try again. " + unlucky}
	beginAgain = trouble{http.StatusBadRequest, "Please begin again",
		"This sign-in took longer than ten minutes, was used before, or was begun in another browser. Nothing was changed.",
		"Go back to the mailboxes, see whether yours is connected, and if it is not, connect it."}
)

// fail shows trouble.
func (v *visit) fail(t trouble) {
	v.show(t.status, Page{Kind: KindTrouble, Title: t.title, Alert: []string{t.alert}, Advice: []string{t.advice}})
}

const (
	unchanged = "Nothing was changed: if the mailbox was connected before, it still is."
	unlucky   = "If it stays so, whoever runs this application finds the reason in its log."
	operator  = "This is for whoever runs this application, who finds more in its log."
)

// explain says why a mailbox was not connected, or, without one, why an
// administrator's consent failed.
func (v *visit) explain(mailbox string, err error) {
	p := Page{Kind: KindTrouble, Mailbox: mailbox, Again: mailbox != "", Title: "Not connected"}
	if mailbox != "" {
		p.Title = mailbox + " was not connected"
	}
	status := http.StatusForbidden
	advice := reason(err)
	var other *otherError
	var closed *closedError
	var unsaved *unsavedError
	var entra *tokens.Error
	_ = errors.As(err, &entra)
	switch {
	case errors.As(err, &other):
		p.Title = "That is another account"
		p.Alert = []string{"You signed in as " + other.user + ", and not as " + mailbox + ", which is the mailbox to be connected. " + unchanged}
		p.Advice = []string{"Sign in again and choose " + mailbox + ". If it is not offered, choose “Use another account”; or sign out of Microsoft in this browser first, or use a private window.",
			"If nobody can sign in as " + mailbox + " because it is a shared mailbox, this application has to be set up for shared mailboxes."}
	case errors.As(err, &closed) && !errors.Is(err, exdesk.ErrTemporary):
		p.Title = "The mailbox does not open"
		p.Alert = []string{"You signed in as " + closed.user + ", but the Inbox of " + mailbox + " does not open. " + unchanged}
		var refused *graph.Error
		shared := v.opts.Wants.Shared
		switch denied := errors.As(err, &refused) && strings.EqualFold(refused.Code, "ErrorAccessDenied"); {
		case shared && !same(closed.user, mailbox) && (denied || errors.Is(err, exdesk.ErrNotFound)):
			advice = "If " + mailbox + " is a shared mailbox, have an administrator give " + closed.user + " Full Access to it, and Send As."
		case denied:
			advice = "Sign in again, and consent to everything that is asked for."
		case advice == "":
			advice = "Try again. " + unlucky
		}
		p.Advice = []string{advice}
	case errors.As(err, &unsaved):
		status, p.Title = http.StatusServiceUnavailable, "The sign-in could not be saved"
		p.Alert = []string{"You signed in, but it is not certain that this could be saved where it is kept."}
		p.Advice = []string{"See at the mailboxes whether it is connected, and if it is not, try again. " + unlucky}
	case errors.Is(err, exdesk.ErrTemporary):
		status = http.StatusServiceUnavailable
		p.Alert = []string{"Microsoft does not answer as it should just now. " + unchanged}
		p.Advice = []string{"Try again in a few minutes."}
	case mailbox == "":
		p.Title, p.Admin = "There was no consent", true
		p.Alert = []string{"No administrator has consented to the permissions. Nothing was changed."}
		p.Advice = []string{"Only an administrator of the organisation can do this: try again, and sign in as one."}
	case entra != nil && (entra.AADSTS == 90094 || entra.AADSTS == 90095 || entra.Code == "consent_required" && entra.AADSTS == 0):
		p.Title, p.Admin, p.Again = "An administrator has to consent", true, false
		p.Alert = []string{"Your organisation does not let people consent to these permissions themselves. " + unchanged}
		p.Advice = []string{"An administrator of the organisation consents once, for everybody. After that, connect " + mailbox + "."}
	case entra != nil && errors.Is(err, tokens.ErrConsent) && (entra.AADSTS == 65004 || entra.AADSTS == 0 && entra.Code == "access_denied"):
		p.Title, p.Admin = "The permissions were declined", true
		p.Alert = []string{"Microsoft was told not to give this application the permissions that it asks for. " + unchanged}
		p.Advice = []string{"To connect " + mailbox + ", sign in again and choose “Accept”. If that is not yours to decide, ask an administrator."}
	case errors.Is(err, tokens.ErrClient):
		status = http.StatusInternalServerError
		p.Title = "This application is not set up right"
		p.Alert = []string{"Microsoft does not take this application's own credentials or registration. " + unchanged}
		p.Advice = []string{advice, operator}
	default:
		p.Admin = errors.Is(err, tokens.ErrConsent)
		p.Alert = []string{"Microsoft did not complete the sign-in. " + unchanged}
		if advice == "" {
			advice = "Sign in again."
		}
		p.Advice = []string{advice}
	}
	v.show(status, p)
}
