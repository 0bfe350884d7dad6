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
		if name := k.options().User; name != "" && name != "me" && !k.own && !strings.EqualFold(name, k.address) {
			k.owner(ctx)
		}
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

// owner compares the mailbox that Options.User names with the address.
func (k *checking) owner(ctx context.Context) {
	var u struct {
		Mail, UserPrincipalName string
		ProxyAddresses          []string
	}
	_, err := k.rest.JSON(ctx, &rest.Request{Op: "read the mailbox's owner", Apart: true, Path: k.path(), Query: query("$select", "mail,userPrincipalName,proxyAddresses")}, &u)
	switch {
	case strings.EqualFold(u.Mail, k.address), strings.EqualFold(u.UserPrincipalName, k.address), containsFold(smtp(u.ProxyAddresses), k.address):
	case err != nil || u.ProxyAddresses == nil:
		k.add(onMailbox, exdesk.Unknown, "whether the mailbox that Options.User names has the address "+k.address+" cannot be told without the permission User.Read.All", "make sure that it is the right mailbox")
	default:
		k.add(onMailbox, exdesk.Failure, "the mailbox that Options.User names does not have the address "+k.address+": it is another mailbox that would be opened", "correct Options.User or the address")
	}
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
		CapabilityStatus, ServicePlanID string
	} `json:"assignedPlans"`
}

// directory tells apart what Exchange answers alike: that the mailbox is
// inactive, soft-deleted, or on-premises. What it concludes is no more than
// likely, and is told as such: no property says where a mailbox is.
func (k *checking) directory(ctx context.Context) {
	const unlike = "Exchange Online has no mailbox for this user"
	var u user
	_, err := k.rest.JSON(ctx, &rest.Request{Op: "read the mailbox's owner", Apart: true, Path: k.path(), Query: query("$select", "mail,onPremisesSyncEnabled,assignedPlans")}, &u)
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
		what, do := unlike+", who is synchronised from a directory of the organisation's own: the mailbox is on-premises", connector
		switch {
		case plan == "":
			what += ", or a licence for Exchange Online is missing"
		case strings.EqualFold(plan, "Deleted"):
			what += ", or was deleted when the licence for Exchange Online was taken away, and is kept for 30 days"
			do += "; if it was in Exchange Online, assign the licence again"
		default:
			what += ", or is new, inactive or disabled, or its licence is suspended"
			do += "; if it is to be in Exchange Online, wait 15 minutes and check again"
		}
		k.add(onMailbox, exdesk.Failure, what, do)
	case strings.EqualFold(plan, "Enabled"), strings.EqualFold(plan, "Warning"):
		k.add(onMailbox, exdesk.Failure, unlike+", who has a licence: the mailbox is new, inactive or disabled", "wait 15 minutes and check again; then look at the mailbox in the Exchange admin center")
	case plan == "":
		k.add(onMailbox, exdesk.Failure, unlike+", who has no licence that is known to hold a mailbox", "assign a licence and wait 15 minutes; or, if it was to be a shared mailbox, make it one in the Exchange admin center")
	case strings.EqualFold(plan, "Deleted"):
		k.add(onMailbox, exdesk.Failure, unlike+" any more, whose licence was taken away: it was deleted, and is kept for 30 days", "assign a licence for Exchange Online again, which brings it back")
	default: // Suspended, LockedOut
		k.add(onMailbox, exdesk.Failure, unlike+" at present: the licence for Exchange Online is suspended", "renew the organisation's subscription")
	}
}

// mailboxPlans are the plans that hold a mailbox: Exchange Online Plan 1 and 2,
// Kiosk and Essentials, those of former products, and those for governments
// ("Product names and service plan identifiers for licensing"). Others are of
// Exchange as well and hold none: Exchange Foundation comes with most products,
// the free ones too.
var mailboxPlans = []string{
	"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "efb87545-963c-4e0d-99df-69c6916d9eb0", "4a82b400-a79f-41a4-b4e2-e94f5787b113",
	"1126bef5-da20-4f07-b45e-ad25d2581aa8", "90927877-dcff-4af6-b346-2332c0b15bb7", "d42bdbd6-c335-4231-ab3d-c8f348d5aff5",
	"fc52cc4b-ed7d-472d-bbe7-b081c23ecc56", "e9b4930a-925f-45e2-ac2a-3f7788ca6fdd", "8c3069c0-ccdb-44be-ab77-986203a67df2",
}

// exchange is the state of the user's plans that hold a mailbox, of several the
// best; "" if none is known.
func (u *user) exchange() string {
	best := ""
	for _, p := range u.Plans {
		if containsFold(mailboxPlans, p.ServicePlanID) && !strings.EqualFold(best, "Enabled") {
			best = clip(p.CapabilityStatus)
		}
	}
	return best
}
