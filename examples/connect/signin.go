package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// connect signs somebody in and keeps that.
func (p *program) connect(ctx context.Context) error {
	app, err := p.App()
	if err != nil {
		return err
	}
	p.say("This connects %s to %s.", p.Mailbox, p.Account())
	if p.Access == settings.Application {
		p.say("The application opens the mailbox by itself: nobody signs in, and nothing is kept.")
		source, err := app.AppSource()
		if err != nil {
			return err
		}
		_, err = source.TokenContext(ctx)
		return err
	}
	made, err := p.MakeKey()
	if err != nil {
		return err
	}
	store, err := p.Store() // before anybody signs in for nothing
	if err != nil {
		return err
	}
	who := p.Mailbox
	if p.Access == settings.Shared {
		who = "an account that has access to it"
	}
	p.say("Sign in as %s, and agree to: %s.", who, strings.Join(p.Scopes(), ", "))
	p.say("The sign-in is kept in EXDESK_STORE, sealed with the key of EXDESK_KEY_FILE. No mail is changed or sent.")
	if made != "" {
		p.say("%s was made for that key. Whoever has both has the mailbox; without it somebody has to sign in again.", made)
	}
	p.say("")
	token, err := p.signIn(ctx, app)
	if err != nil {
		return err
	}
	account, err := graph.WhoSignedIn(ctx, oauth2.StaticTokenSource(token), &graph.Options{BaseURL: p.GraphURL()})
	if err != nil {
		return err
	}
	account.Address = plain(account.Address)
	if err := p.refuse(account); err != nil {
		return err
	}
	trial, _, err := app.Try(ctx, p.Mailbox, app.SignedIn(token, account.Address))
	if err != nil {
		return fmt.Errorf("the sign-in could not be renewed, so that it would have ended within the hour; nothing was kept: %w", err)
	}
	if err := tokens.Copy(ctx, store, trial, p.Mailbox); err != nil {
		return err
	}
	p.say("%s has signed in. The sign-in is kept.", account.Address)
	p.say("")
	return nil
}

// refuse does not let another account pass for the mailbox's own.
func (p *program) refuse(a *graph.Account) error {
	if p.Access == settings.Shared || strings.EqualFold(a.Address, p.Mailbox) || strings.EqualFold(a.UserPrincipalName, p.Mailbox) {
		return nil
	}
	return fmt.Errorf("%s has signed in, and the mailbox is %s; nothing was kept. Sign in as the mailbox, in a private window if the browser takes the other account by itself; "+
		"or set EXDESK_ACCESS=shared, if this account has access to the mailbox; or EXDESK_MAILBOX, if it is another", a.Address, p.Mailbox)
}

func (p *program) signIn(ctx context.Context, app *entra.App) (*oauth2.Token, error) {
	if p.do == "browser" {
		return p.withBrowser(ctx, app)
	}
	return p.withCode(ctx, app)
}

// withCode signs in on whatever device the person has at hand.
func (p *program) withCode(ctx context.Context, app *entra.App) (*oauth2.Token, error) {
	auth, err := app.Device(ctx, p.Scopes()...)
	if err != nil {
		return nil, err
	}
	p.say("Open %s\nand enter  %s\n", plain(auth.VerificationURI), plain(auth.UserCode))
	if p.onCode != nil {
		p.onCode(auth.UserCode)
	}
	defer p.wait(ctx, auth.Expiry)()
	return app.DeviceToken(ctx, auth)
}

// wait shows that somebody is waited for, and for how long, until what it returns
// is called.
func (p *program) wait(ctx context.Context, until time.Time) (end func()) {
	if !terminal(p.stderr) {
		p.say("Waiting until %s ...", until.UTC().Format("15:04 UTC"))
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			left := max(time.Until(until), 0).Truncate(time.Second)
			fmt.Fprintf(p.stderr, "\r\x1b[KWaiting; there are %d:%02d left ", int(left.Minutes()), int(left.Seconds())%60)
			select {
			case <-t.C:
			case <-ctx.Done():
				fmt.Fprint(p.stderr, "\r\x1b[K")
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}
