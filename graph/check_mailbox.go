package graph

import (
	"context"
	"net/http"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

const onMailbox = "mailbox"

// connector is what there is for mailboxes that are not in Exchange Online.
const connector = "on-premises mailboxes are not supported: use Zendesk's authenticated SMTP connector, or move the mailbox to Exchange Online"

// inbox looks whether the mailbox is there and may be opened.
func (k *checking) inbox(ctx context.Context) bool {
	_, err := k.rest.JSON(ctx, &rest.Request{Op: "open the mailbox", Path: k.path("mailFolders", "inbox"), Query: query("$select", "id")}, &struct{}{})
	if err == nil {
		k.add(onMailbox, exdesk.Good, "the mailbox is in Exchange Online", "")
		return true
	}
	switch status, code := answered(err); {
	case reason(err) == outOfScope:
		k.add(onMailbox, exdesk.Failure, "the mailbox is outside of those that the application may open", outOfScope)
	case status == http.StatusForbidden && k.shared:
		k.add(onMailbox, exdesk.Failure, "the mailbox of another cannot be opened: the permission Mail.ReadWrite.Shared is missing, or Full Access in Exchange", k.grant("Mail.ReadWrite"))
	case status == http.StatusForbidden && k.delegated:
		k.add(onMailbox, exdesk.Failure, "the mailbox cannot be opened: the permission Mail.ReadWrite is missing", k.grant("Mail.ReadWrite"))
	case status == http.StatusForbidden:
		k.add(onMailbox, exdesk.Failure, "the mailbox cannot be opened: the application has no permission Mail.ReadWrite, or none that covers this mailbox", k.grant("Mail.ReadWrite"))
	case code == "erroritemnotfound" && k.shared:
		// Seen instead of 403 (parsedmarc issue 609).
		k.add(onMailbox, exdesk.Failure, "the mailbox of another cannot be opened: the account has no Full Access in Exchange", k.grant("Mail.ReadWrite"))
	case codes[code].advice == noMailbox:
		k.directory(ctx)
	case codes[code].advice == noUser:
		k.missingUser()
	default:
		k.trouble(onMailbox, "the mailbox could not be opened", err)
	}
	return false
}

func (k *checking) missingUser() {
	k.add(onMailbox, exdesk.Failure, "there is no user with the name or address that the mailbox was given as",
		"correct the address, which an alias cannot stand for, and the tenant that is signed in to; a user who was deleted can be restored for 30 days")
}

// user is what the directory tells of a mailbox's owner ("user resource type").
type user struct {
	Mail   *string
	Synced *bool `json:"onPremisesSyncEnabled"` // null if it never was
	Plans  []struct {
		Service, CapabilityStatus string
	} `json:"assignedPlans"`
}

// directory tells apart what Exchange answers alike: that the mailbox is
// inactive, soft-deleted, or on-premises. What it concludes is no more than
// likely, and is told as such: no property says where a mailbox is.
func (k *checking) directory(ctx context.Context) {
	const unlike = "Exchange Online has no mailbox for this user"
	var u user
	_, err := k.rest.JSON(ctx, &rest.Request{Op: "read the mailbox's owner", Path: k.path(), Query: query("$select", "mail,onPremisesSyncEnabled,assignedPlans")}, &u)
	switch _, code := answered(err); {
	case err != nil && codes[code].advice == noUser:
		k.missingUser()
		return
	case err != nil || u.Plans == nil:
		k.add(onMailbox, exdesk.Failure, unlike+": it is on-premises, has no licence, was deleted, or is less than 15 minutes old. Which, could be told with the permission User.Read.All",
			"look at the user's licences and mail settings in the Microsoft 365 admin center; "+connector)
		return
	}
	plan := u.exchange()
	synced := u.Synced != nil && *u.Synced
	switch {
	case synced && u.Mail != nil:
		what := unlike + ", who is synchronised from a directory of the organisation's own: the mailbox is on-premises"
		if plan == "" {
			what += ", or a licence for Exchange Online is missing"
		}
		k.add(onMailbox, exdesk.Failure, what, connector)
	case strings.EqualFold(plan, "Enabled"), strings.EqualFold(plan, "Warning"):
		k.add(onMailbox, exdesk.Failure, unlike+", who has a licence: the mailbox is new, inactive or disabled", "wait 15 minutes and check again; then look at the mailbox in the Exchange admin center")
	case plan == "":
		k.add(onMailbox, exdesk.Failure, unlike+", who has no licence for Exchange Online", "assign a licence and wait 15 minutes; or, if it was to be a shared mailbox, make it one in the Exchange admin center")
	case strings.EqualFold(plan, "Deleted"):
		k.add(onMailbox, exdesk.Failure, unlike+" any more, whose licence was taken away: it was deleted, and is kept for 30 days", "assign a licence for Exchange Online again, which brings it back")
	default: // Suspended, LockedOut
		k.add(onMailbox, exdesk.Failure, unlike+" at present: the licence for Exchange Online is suspended", "renew the organisation's subscription")
	}
}

// exchange is the state of the user's plans for Exchange Online, of several the
// best; "" if there is none.
func (u *user) exchange() string {
	best := ""
	for _, p := range u.Plans {
		if strings.EqualFold(p.Service, "exchange") && !strings.EqualFold(best, "Enabled") {
			best = clip(p.CapabilityStatus)
		}
	}
	return best
}
