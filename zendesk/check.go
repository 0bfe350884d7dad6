package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

var _ exdesk.Checker = (*Client)(nil)

// checking is an examination of an account.
type checking struct {
	*Client
	setup *exdesk.Setup
	me    me
	found []exdesk.Finding
}

// Check implements exdesk.Checker. It tells who signed in and what he may do,
// whether anybody or anything else has the mailbox's addresses, and settings that
// matter. What would write is tried on a ticket and a file that do not exist.
func (c *Client) Check(ctx context.Context, s *exdesk.Setup) []exdesk.Finding {
	k := &checking{Client: c, setup: s}
	if !k.signIn(ctx) {
		return k.found
	}
	k.ending()
	k.scopes(ctx)
	k.granted(ctx)
	k.addresses(ctx)
	k.settings(ctx)
	return k.found
}

func (k *checking) add(subject string, severity exdesk.Severity, what, do string) {
	k.found = append(k.found, exdesk.Finding{Subject: subject, Severity: severity, What: what, Do: do})
}

// trouble tells of an error that none of the known findings explains. What
// Zendesk says of it may quote names and addresses, and is left out.
func (k *checking) trouble(subject, what string, err error) {
	do := "check again; if it stays, show this to your administrator"
	var e *Error
	text := err.Error()
	if errors.As(err, &e) {
		bare := *e
		bare.Detail, bare.Fields = "", nil
		text = bare.Error()
		// The token source's, as those of package tokens.
		var source interface {
			error
			Reason() string
		}
		if errors.As(e.Err, &source) && source.Reason() != "" {
			do = source.Reason()
			text = strings.Replace(source.Error(), ": "+do, "", 1)
		}
	}
	severity := exdesk.Unknown
	if errors.Is(err, exdesk.ErrAuth) {
		severity = exdesk.Failure
	}
	k.add(subject, severity, what+": "+strings.TrimPrefix(text, "zendesk: "), do)
}

func answered(err error) (status int, code string) {
	var e *Error
	if errors.As(err, &e) {
		return e.Status, e.Code
	}
	return 0, ""
}

// me is who signed in ("Show the currently authenticated user").
type me struct {
	person
	ID *int64 `json:"id"`
}

const (
	onSignIn = "Zendesk sign-in"
	onRole   = "role"
	onToken  = "API token"
)

// again is the advice where credentials are no good.
const again = "connect the account again, with an OAuth client of the account and the client_credentials grant"

// signIn finds out who signed in, and whether anybody did.
func (k *checking) signIn(ctx context.Context) bool {
	var out struct{ User me }
	_, err := k.do(ctx, &rest.Request{Op: "read who signed in", Path: []string{"users", "me"}}, &out)
	k.me = out.User
	switch status, code := answered(err); {
	case errors.Is(err, rest.ErrToken):
		k.trouble(onSignIn, "there is no access token", err)
		return false
	case status == http.StatusUnauthorized && k.apiToken():
		k.add(onSignIn, exdesk.Failure, "Zendesk does not take the credentials. API tokens stop when nobody uses them for 30 days, and for good on 30 April 2027", moving)
		return false
	case status == http.StatusUnauthorized:
		k.add(onSignIn, exdesk.Failure, "Zendesk does not take the credentials", again)
		return false
	case status == http.StatusForbidden:
		k.forbidden(ctx, onSignIn, exdesk.Failure, "somebody has signed in, and cannot be told who", "users:read", "add users:read to the scopes of the token; and see that the account's IP restrictions, if it has any, let this machine in")
	case code == "InvalidEndpoint", status == http.StatusNotFound, errors.Is(err, rest.ErrForeign):
		k.add(onSignIn, exdesk.Failure, "there is no Zendesk account "+k.account+", or it has moved", "correct the subdomain: acme for acme.zendesk.com")
		return false
	case err != nil:
		k.trouble(onSignIn, "Zendesk could not be asked", err)
		return false
	case k.me.ID == nil || *k.me.ID == 0:
		// QUIRK: whoever has no credentials is answered 200 as well, and is
		// "Anonymous user".
		k.add(onSignIn, exdesk.Failure, "nobody has signed in: Zendesk answers as it answers anybody", again)
		return false
	default:
		return k.role()
	}
	return true
}

// staff is the advice where who signed in is of no use.
const staff = "sign in as an administrator or a full agent, best one that is nobody's own account"

// role tells what sort of user signed in, and whether he is of any use.
func (k *checking) role() bool {
	p := k.me.desk()
	switch {
	case k.me.Suspended:
		k.add(onRole, exdesk.Failure, "the user who signed in is suspended", "lift the suspension in Zendesk")
		return false
	case !p.Agent:
		k.add(onRole, exdesk.Failure, "an end user has signed in, who can do nothing for others", staff)
		return false
	case p.PrivateOnly:
		k.add(onRole, exdesk.Failure, "a light agent has signed in, who can make no public comment", staff)
		return false
	case p.Restricted:
		k.add(onRole, exdesk.Warning, "an agent has signed in who does not see every ticket: replies to those that he does not see become tickets of their own", "let him see all tickets, or "+staff)
	case k.me.Role == "":
		k.add(onRole, exdesk.Unknown, "somebody has signed in whose role Zendesk does not tell", "check again, and see in Zendesk that it is an administrator or a full agent")
	case k.me.Role != "admin":
		k.add(onRole, exdesk.Good, "an agent has signed in. Connector.Import takes an administrator", "")
	default:
		k.add(onRole, exdesk.Good, "an administrator has signed in", "")
	}
	return true
}

// lastDay is when API tokens stop working ("OAuth migration guide"), which does
// not say in whose time: while one is taken, it has not ended.
var lastDay = time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)

// moving is the advice for who uses an API token.
const moving = "make an OAuth client in Zendesk's Admin Center and use the client_credentials grant"

// apiToken reports whether the credentials are an API token.
func (k *checking) apiToken() bool {
	t, err := k.rest.Token.Token()
	return err == nil && t != nil && strings.EqualFold(t.Type(), "Basic")
}

// ending tells how long an API token will live, by the account's clock.
func (k *checking) ending() {
	now, known := k.Now()
	if !known || !k.apiToken() {
		return
	}
	if !now.Before(lastDay) {
		k.add(onToken, exdesk.Warning, "an API token is used and still taken, although Zendesk was to end them on 30 April 2027: it may stop at any time", moving)
		return
	}
	left := int((lastDay.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour)) // as one counts dates
	k.add(onToken, exdesk.Warning, "an API token is used, which acts as any user of the account; Zendesk ends them on 30 April 2027, "+days(left)+" from now", moving)
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

const onSettings = "Zendesk settings"

// settings looks at those of the account that decide what becomes of mail
// ("Account settings").
func (k *checking) settings(ctx context.Context) {
	var out struct {
		Settings struct {
			Limits struct {
				Size int64 `json:"attachment_size"`
			}
			Tickets struct {
				CCs     *bool `json:"follower_and_email_cc_collaborations"`
				Private bool  `json:"private_attachments"`
			}
		}
	}
	_, err := k.do(ctx, &rest.Request{Op: "read settings", Path: []string{"account", "settings"}}, &out)
	switch status, _ := answered(err); {
	case status == http.StatusForbidden:
		k.forbidden(ctx, onSettings, exdesk.Note, "the account's settings cannot be read", "account_settings:read", "if you want them looked at, add the scope read to the token, or account_settings:read")
		return
	case err != nil:
		k.trouble(onSettings, "the account's settings could not be read", err)
		return
	}
	found := len(k.found)
	s := &out.Settings
	if s.Tickets.CCs != nil && !*s.Tickets.CCs {
		k.add(onSettings, exdesk.Warning, `"CCs and followers" is off: nobody who is copied on a mail is copied on its ticket`, "switch it on in Zendesk's Admin Center")
	}
	if size, most := s.Limits.Size, k.setup.MaxBytes; size > 0 && (most < 0 || size < most) {
		k.add(onSettings, exdesk.Note, fmt.Sprintf("the account takes files of up to %d MB: larger ones are named in the comment and stay in the mailbox", size>>20), "")
	}
	if s.Tickets.Private && k.setup.Relays {
		k.add(onSettings, exdesk.Note, "attachments are private: whoever gets a mail that links to one has to sign in to see it", "")
	}
	switch {
	case s.Tickets.CCs == nil || s.Limits.Size <= 0:
		k.add(onSettings, exdesk.Unknown, "Zendesk does not tell all of the settings that matter", "see in Zendesk's Admin Center that \"CCs and followers\" is on")
	case len(k.found) == found:
		k.add(onSettings, exdesk.Good, "the account's settings are as they should be", "")
	}
}
