package consent

import (
	"context"
	"errors"
	"net/http"

	"github.com/exdesk/exdesk/tokens"
)

// confirm asks whether a mailbox is to be disconnected.
func (v *visit) confirm() {
	mailbox := v.mailbox(v.r.URL.Query().Get("mailbox"))
	if mailbox == "" {
		v.fail(noMailbox)
		return
	}
	v.show(http.StatusOK, Page{Kind: KindDisconnect, Title: "Disconnect " + mailbox + "?", Mailbox: mailbox})
}

// disconnect forgets a sign-in.
func (v *visit) disconnect() {
	mailbox := v.mailbox(v.r.PostForm.Get("mailbox"))
	if mailbox == "" {
		v.fail(noMailbox)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), finishing)
	defer cancel()
	account := v.opts.Account(mailbox)
	_, before := tokens.Look(ctx, v.store, account)
	if err := tokens.Forget(ctx, v.store, account); err != nil {
		v.log.ErrorContext(ctx, "mailbox not disconnected", "mailbox", mailbox, "error", err)
		v.fail(notForgotten)
		return
	}
	if !errors.Is(before, tokens.ErrMissing) { // a button that is pressed twice changes something once
		v.changed(ctx, Event{Change: Disconnected, Mailbox: mailbox, Account: account})
	}
	v.home(notice{Change: Disconnected, Mailbox: mailbox})
}
