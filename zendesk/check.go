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
	var source interface{ Reason() string }
	if errors.As(err, &e) {
		bare := *e
		bare.Detail, bare.Fields, err = "", nil, &bare
		if errors.As(e.Err, &source) && source.Reason() != "" {
			do = source.Reason()
		}
	}
	severity := exdesk.Unknown
	if errors.Is(err, exdesk.ErrAuth) {
		severity = exdesk.Failure
	}
	k.add(subject, severity, fmt.Sprintf("%s: %s", what, strings.TrimPrefix(err.Error(), "zendesk: ")), do)
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
	case status == http.StatusUnauthorized:
		k.add(onSignIn, exdesk.Failure, "Zendesk does not take the credentials", again)
		return false
	case status == http.StatusForbidden:
		k.add(onSignIn, exdesk.Failure, "somebody has signed in, and cannot be told who: the scope users:read is missing", "add users:read to the scopes of the token")
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

// role tells what sort of user signed in, and whether he is of any use.
func (k *checking) role() bool {
	const do = "sign in as an administrator or a full agent, best one that is nobody's own account"
	p := k.me.desk()
	switch {
	case k.me.Suspended:
		k.add(onRole, exdesk.Failure, "the user who signed in is suspended", "lift the suspension in Zendesk")
		return false
	case !p.Agent:
		k.add(onRole, exdesk.Failure, "an end user has signed in, who can do nothing for others", do)
		return false
	case p.PrivateOnly:
		k.add(onRole, exdesk.Failure, "a light agent has signed in, who can make no public comment", do)
		return false
	case p.Restricted:
		k.add(onRole, exdesk.Warning, "an agent has signed in who does not see every ticket: replies to those that he does not see become tickets of their own", "let him see all tickets, or "+do)
	case k.me.Role != "admin":
		k.add(onRole, exdesk.Good, "an agent has signed in. Connector.Import takes an administrator", "")
	default:
		k.add(onRole, exdesk.Good, "an administrator has signed in", "")
	}
	return true
}

// lastDay is when API tokens stop working ("OAuth migration guide").
var lastDay = time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)

// ending tells how long an API token will live, by the account's clock.
func (k *checking) ending() {
	t, err := k.rest.Token.Token()
	now, known := k.Now()
	if err != nil || t == nil || !strings.EqualFold(t.Type(), "Basic") || !known {
		return
	}
	const do = "make an OAuth client in Zendesk's Admin Center and use the client_credentials grant"
	left := int(lastDay.Sub(now).Hours() / 24)
	if !now.Before(lastDay) {
		k.add(onToken, exdesk.Failure, "Zendesk has ended API tokens on 30 April 2027", do)
		return
	}
	k.add(onToken, exdesk.Warning, "an API token is used, which acts as any user of the account; Zendesk ends them on 30 April 2027, "+days(left)+" from now", do)
}

func days(n int) string {
	switch n {
	case 0:
		return "less than a day"
	case 1:
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
		k.add(onSettings, exdesk.Note, "the account's settings cannot be read: the scope read or account_settings:read is missing", "")
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
	if len(k.found) == found {
		k.add(onSettings, exdesk.Good, "the account's settings are as they should be", "")
	}
}
