package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

var _ exdesk.Checker = (*Client)(nil)

// checking is an examination of a mailbox.
type checking struct {
	*Client
	setup     *exdesk.Setup
	found     []exdesk.Finding
	delegated bool // somebody signed in; otherwise it is an application
	known     bool // who it is that signed in
	own       bool // whose mailbox it is
	shared    bool // whose mailbox it is not
}

// Check implements exdesk.Checker. It tells whose token it is and what the token
// may do, and whether the mailbox is in Exchange Online and can be read, written
// and sent from. Writing and sending are tried on a message that does not exist.
// Whom the directory has to be asked about, because Exchange gives one answer to
// several troubles, it takes User.Read.All.
func (c *Client) Check(ctx context.Context, s *exdesk.Setup) []exdesk.Finding {
	k := &checking{Client: c, setup: s}
	if !k.signIn(ctx) {
		return k.found
	}
	k.permissions(ctx)
	if !k.inbox(ctx) {
		return k.found
	}
	if id := k.reading(ctx); id != "" {
		k.trying(ctx, id)
	}
	if s.Ingests {
		k.others(ctx)
	}
	if len(s.Categories) > 0 {
		k.colours(ctx)
	}
	if !k.delegated {
		k.reach(ctx)
	}
	return k.found
}

func (k *checking) add(subject string, severity exdesk.Severity, what, do string) {
	k.found = append(k.found, exdesk.Finding{Subject: subject, Severity: severity, What: what, Do: do})
}

// trouble tells of an error that none of the known findings explains.
func (k *checking) trouble(subject, what string, err error) {
	text, do := strings.TrimPrefix(err.Error(), "graph: "), "check again; if it stays, show this to your administrator"
	if r := reason(err); r != "" {
		do = r
	}
	if source := sourceOf(err); source != nil {
		// What was asked of Graph has nothing to do with it.
		text = strings.Replace(source.Error(), ": "+do, "", 1)
	}
	severity := exdesk.Unknown
	if errors.Is(err, exdesk.ErrAuth) {
		severity = exdesk.Failure
	}
	k.add(subject, severity, what+": "+text, do)
}

// advised is an error that says what a person must do, as those of package tokens
// do.
type advised interface {
	error
	Reason() string
}

// sourceOf returns the token source's error; nil if it was not that, or if it
// advises nothing.
func sourceOf(err error) advised {
	var e *Error
	var source advised
	if errors.As(err, &e) && errors.As(e.Err, &source) && source.Reason() != "" {
		return source
	}
	return nil
}

// reason is what a person must do about an error, by the token source's word or
// Graph's.
func reason(err error) string {
	if source := sourceOf(err); source != nil {
		return source.Reason()
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Reason()
	}
	return ""
}

// answered returns the status and the code of an error; 0 if there was no answer.
func answered(err error) (status int, code string) {
	var e *Error
	if errors.As(err, &e) {
		return e.Status, strings.ToLower(e.Code)
	}
	return 0, ""
}

const onSignIn = "Microsoft sign-in"

// signIn finds out whose token it is, and whether there is one.
func (k *checking) signIn(ctx context.Context) bool {
	who, err := k.whoSignedIn(ctx)
	switch status, code := answered(err); {
	case err == nil:
		k.delegated, k.known = true, true
		return k.person(ctx, who)
	case errors.Is(err, rest.ErrToken):
		k.trouble(onSignIn, "there is no access token", err)
		return false
	case status == http.StatusUnauthorized:
		k.trouble(onSignIn, "Microsoft Graph does not take the access token", err)
		return false
	case status == http.StatusBadRequest && code != "": // which is Graph's own answer
		// Known from the service: an application has no "me".
		k.add(onSignIn, exdesk.Good, "an application has signed in, without a person", "")
		if k.options().User == "me" {
			k.add(onSignIn, exdesk.Failure, `an application has no mailbox of its own, which Options.User "me" asks for`, "leave Options.User empty")
			return false
		}
	case status == http.StatusForbidden:
		k.delegated = true
		k.add(onSignIn, exdesk.Note, "somebody has signed in, and without the permission User.Read it cannot be told who", "consent to User.Read as well")
	default:
		k.trouble(onSignIn, "Microsoft Graph could not be asked", err)
		return false
	}
	return true
}

// person compares who signed in with the mailbox, and reports whether the rest
// would be about the right one.
func (k *checking) person(ctx context.Context, who *Account) bool {
	own := k.options().User == "me"
	for _, name := range []string{who.ID, who.UserPrincipalName, who.Address} {
		own = own || strings.EqualFold(name, cmp.Or(k.options().User, k.address))
	}
	k.own = own
	// An alias is no name in a path, and may be the mailbox's address all the same.
	addresses, known := k.proxies(ctx)
	has := strings.EqualFold(who.Address, k.address) || strings.EqualFold(who.UserPrincipalName, k.address) || containsFold(addresses, k.address)
	switch {
	case own && has:
		k.add(onSignIn, exdesk.Good, "the mailbox's own account has signed in", "")
	case own && known:
		k.add(onSignIn, exdesk.Failure, "an account has signed in that does not have the address "+k.address+": it is another mailbox that would be opened",
			"sign in as the mailbox's own account; or leave Options.User empty, to open it as a shared mailbox")
	case own:
		k.add(onSignIn, exdesk.Warning, "an account has signed in whose main address is not "+k.address+", and its further ones cannot be read",
			"make sure that it is the right account")
	case has && k.options().User != "":
		k.add(onSignIn, exdesk.Failure, "Options.User names another mailbox than "+k.address+", which is the address of the account that signed in",
			`correct Options.User: leave it empty, or set it to "me"`)
		return false
	case has:
		k.add(onSignIn, exdesk.Warning, k.address+" is a further address of the account that signed in, and no name that its mailbox is opened by", `set Options.User to "me"`)
	default:
		k.shared = true
		k.add(onSignIn, exdesk.Good, "somebody has signed in whose mailbox it is not: it is opened as a shared mailbox", "")
	}
	return true
}

// proxies returns all addresses of who signed in, if they can be read.
func (k *checking) proxies(ctx context.Context) (list []string, known bool) {
	var out struct{ ProxyAddresses []string }
	req := &rest.Request{Op: "read addresses of who signed in", Path: []string{"me"}, Apart: true, Query: query("$select", "proxyAddresses")}
	if _, err := k.rest.JSON(ctx, req, &out); err != nil || out.ProxyAddresses == nil {
		return nil, false
	}
	return smtp(out.ProxyAddresses), true
}

// smtp returns those of a user's proxy addresses that are for mail.
func smtp(proxies []string) (list []string) {
	for _, a := range proxies {
		if kind, address, ok := strings.Cut(a, ":"); ok && strings.EqualFold(kind, "smtp") {
			list = append(list, address)
		}
	}
	return list
}

const onReading = "reading"

// reading opens one mail, and returns its id.
func (k *checking) reading(ctx context.Context) string {
	p, err := k.mails(ctx, &rest.Request{Op: "list messages", Path: k.path("messages"), Header: immutable(), Query: query("$top", "1", "$select", "id")})
	if err != nil {
		k.trouble(onReading, "mail cannot be listed", err)
		return ""
	}
	if len(p.list) == 0 {
		k.add(onReading, exdesk.Unknown, "the mailbox is empty, so that reading, writing and sending could not be tried", "send it a mail and check again")
		return ""
	}
	id := p.list[0].ID
	// The octets are what Mail.ReadBasic does not open ("Get MIME content of a
	// message"); nothing is read of them.
	in, err := k.Open(ctx, id)
	switch status, _ := answered(err); {
	case err == nil:
		_ = in.Close()
		k.add(onReading, exdesk.Good, "mail can be read", "")
	case errors.Is(err, exdesk.ErrRefused): // it is damaged, which nobody is told who may not read it
		k.add(onReading, exdesk.Good, "mail can be read, though the one that was tried is damaged", "")
	case status == http.StatusForbidden:
		k.add(onReading, exdesk.Failure, "mail can be listed but not read: that is what Mail.ReadBasic allows", k.grant("Mail.ReadWrite"))
	default:
		k.trouble(onReading, "a mail could not be read", err)
	}
	return id
}

// grant is the advice where a permission is missing.
func (k *checking) grant(permission string) string {
	var do string
	switch {
	case k.shared:
		do = "consent to " + permission + ".Shared and sign in again; and give the account Full Access to the mailbox in Exchange"
	case k.delegated:
		do = "consent to " + permission + " and sign in again"
	default:
		do = "give the application the role \"Application " + permission + "\" for this mailbox (RBAC for Applications in Exchange Online)"
	}
	if permission == "Mail.Send" && k.setup.Ingests {
		do += "; or leave it, if mail is only taken in" // which a mailbox that can be sent from does not tell
	}
	return do
}

const onOthers = "other connections"

// others looks for labels that somebody else has put on mail.
func (k *checking) others(ctx context.Context) {
	mails, err := k.newList("receivedDateTime ge 1900-01-01T00:00:00Z", "receivedDateTime desc").next(ctx)
	if err != nil {
		k.trouble(onOthers, "the Inbox could not be listed", err)
		return
	}
	// Zendesk's own connector labels as it does, whatever the labels are here.
	theirs := []string{exdesk.LabelProcessed, exdesk.LabelRejected}
	theirs = slices.DeleteFunc(theirs, func(label string) bool { return containsFold(k.setup.Categories, label) })
	n, label := 0, ""
	for _, m := range mails {
		at := slices.IndexFunc(theirs, m.HasCategory)
		switch {
		case at >= 0:
			label = theirs[at]
		case m.Record == nil && len(k.setup.Categories) > 0 && m.HasCategory(k.setup.Categories[0]):
			label = k.setup.Categories[0]
		default:
			continue
		}
		n++
	}
	if n == 0 {
		k.add(onOthers, exdesk.Good, "nobody else has labelled the newest mail of the Inbox", "")
		return
	}
	k.add(onOthers, exdesk.Warning, fmt.Sprintf("of the newest %d mails of the Inbox %d carry the label %q, and exdesk has not put it there", len(mails), n, label),
		"if Zendesk's own Exchange connector is still connected to this mailbox, delete that connection: each takes the mail that the other has not labelled yet. Labels of the past do no harm")
}

const onColours = "categories"

// colours looks for the labels in the master list.
func (k *checking) colours(ctx context.Context) {
	there, err := k.categories(ctx)
	switch status, _ := answered(err); {
	case err == nil:
	case status == http.StatusForbidden && k.shared:
		// With any permission (microsoft-graph-docs issues 10234 and 11824).
		k.add(onColours, exdesk.Note, "labels work; whether Outlook shows them in colour cannot be told: who signed in may not read the list of a shared mailbox",
			"if you want colours, add the categories in Outlook")
		return
	case status == http.StatusForbidden:
		k.add(onColours, exdesk.Note, "labels work; whether Outlook shows them in colour cannot be told without MailboxSettings.Read", "")
		return
	case errors.Is(err, exdesk.ErrTemporary), status == 0, status == http.StatusUnauthorized:
		k.trouble(onColours, "the categories could not be listed", err)
		return
	default: // "National cloud deployments": not in China
		k.add(onColours, exdesk.Note, "labels work; this cloud has no list of categories, so that they have no colour", "")
		return
	}
	var missing []string
	for _, name := range k.setup.Categories {
		if !containsFold(there, name) {
			missing = append(missing, fmt.Sprintf("%q", name))
		}
	}
	if len(missing) == 0 {
		k.add(onColours, exdesk.Good, "the labels are in the mailbox's list of categories", "")
		return
	}
	k.add(onColours, exdesk.Note, "labels work; Outlook shows without colour what is not in the mailbox's list of categories: "+strings.Join(missing, ", "),
		"if you want colours, call graph.Client.Colour once, with MailboxSettings.ReadWrite, or add the categories in Outlook")
}

const onReach = "other mailboxes"

// reach proves that an application may not open a mailbox that it is not for.
func (k *checking) reach(ctx context.Context) {
	const limit = "limit the application with RBAC for Applications in Exchange Online (New-ManagementScope, New-ManagementRoleAssignment " +
		"-CustomResourceScope) and take the tenant-wide permissions away in Entra ID: grants add up"
	if k.options().OutOfReach == "" {
		k.add(onReach, exdesk.Note, "whether the application may open other mailboxes was not tried",
			"name one in graph.Options.OutOfReach that it must not open. "+strings.ToUpper(limit[:1])+limit[1:])
		return
	}
	_, err := k.rest.JSON(ctx, &rest.Request{Op: "open another mailbox", Apart: true, Path: []string{"users", k.options().OutOfReach, "mailFolders", "inbox"}, Query: query("$select", "id")}, &struct{}{})
	switch status, code := answered(err); {
	case err == nil:
		k.add(onReach, exdesk.Failure, "the application can open the mailbox that Options.OutOfReach names, and so probably all of the organisation", limit)
	case status == http.StatusForbidden:
		k.add(onReach, exdesk.Good, "the application cannot open the mailbox that Options.OutOfReach names; sending from it was not tried", "")
	case codes[code].err != nil && errors.Is(codes[code].err, exdesk.ErrAccess):
		k.add(onReach, exdesk.Unknown, "Options.OutOfReach names a mailbox that Exchange Online does not have, which proves nothing", "name one that exists")
	default:
		k.trouble(onReach, "the mailbox that Options.OutOfReach names could not be tried", err)
	}
}
