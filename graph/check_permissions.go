package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
)

// scoped is a token source that knows what was granted.
type scoped interface {
	// Scopes returns the permissions of the current token, by their short names
	// or as URLs.
	Scopes(ctx context.Context) ([]string, error)
}

const onPermissions = "permissions"

// mostScopes is how many permissions too many are told of.
const mostScopes = 20

// permissions compares what was granted with what is needed, if the token source
// tells it. An application's token has its permissions inside, where only Graph
// may look.
func (k *checking) permissions(ctx context.Context) {
	source, ok := k.rest.Token.(scoped)
	if !ok || !k.delegated {
		return
	}
	list, err := source.Scopes(ctx)
	if err != nil || len(list) == 0 {
		k.add(onPermissions, exdesk.Unknown, "the token source does not tell what was granted: it is found out by trying", "")
		return
	}
	granted := make([]string, len(list))
	for i, s := range list {
		granted[i] = s[strings.LastIndexByte(s, '/')+1:] // https://graph.microsoft.com/Mail.Send
	}
	needed := []string{"Mail.ReadWrite"}
	if k.setup.Relays {
		needed = append(needed, "Mail.Send")
	}
	ending := ""
	if k.shared {
		ending = ".Shared"
	}
	missing := false
	for i, name := range needed {
		// What opens shared mailboxes opens one's own as well ("Microsoft Graph
		// permissions reference").
		plain, all := containsFold(granted, name), containsFold(granted, name+".Shared")
		switch {
		case plain && !k.shared:
		case all:
			needed[i] = name + ".Shared"
		default:
			needed[i] = name + ending
			missing = true
			k.add(onPermissions, exdesk.Failure, "the permission "+needed[i]+" was not granted", k.grant(name))
		}
	}
	if !missing {
		k.add(onPermissions, exdesk.Good, "the permissions that are needed were granted: "+strings.Join(needed, ", "), "")
	}
	told := 0
	for _, s := range granted {
		if containsFold(needed, s) || containsFold(harmless, s) || strings.EqualFold(s, ".default") {
			continue
		}
		if !k.known && strings.HasSuffix(strings.ToLower(s), ".shared") {
			continue // it may be a shared mailbox
		}
		if told++; told > mostScopes {
			k.add(onPermissions, exdesk.Warning, "there are more permissions that are not needed", "")
			return
		}
		severity, do := exdesk.Warning, "take it off the application's registration, revoke the consent to it (Entra ID, Enterprise applications, Permissions), and sign in again"
		switch lower := strings.ToLower(s); {
		case lower == "mailboxsettings.readwrite" && !k.shared:
			severity, do = exdesk.Note, "once the labels have their colours, "+do
		case !k.setup.Relays && strings.HasPrefix(lower, "mail.send"):
			severity, do = exdesk.Note, "leave it if another program sends with this sign-in; otherwise "+do
		}
		k.add(onPermissions, severity, "the permission "+clip(s)+" was granted and is not needed: it opens "+opens(s), do)
	}
}

// harmless are those that sign-in takes, that are part of what is needed, or that
// Check itself can use.
var harmless = []string{"openid", "profile", "email", "offline_access", "User.Read", "Mail.Read", "Mail.ReadBasic", "MailboxSettings.Read"}

// opens says what a permission opens.
func opens(permission string) string {
	permission = strings.ToLower(permission)
	if strings.HasSuffix(permission, ".shared") {
		return "what others share with the account"
	}
	if permission == "mail.send" {
		return "sending as the account"
	}
	subject, _, _ := strings.Cut(permission, ".")
	if i := slices.IndexFunc(subjects, func(s [2]string) bool { return s[0] == subject }); i >= 0 {
		return subjects[i][1]
	}
	return "more than the mailbox"
}

var subjects = [][2]string{
	{"mail", "the mail of the account that signed in"},
	{"mailboxsettings", "changing the mailbox's settings, which Client.Colour alone takes"},
	{"calendars", "calendars"}, {"contacts", "contacts"}, {"files", "files"}, {"sites", "files and sites"},
	{"directory", "the directory"}, {"user", "the directory's users"}, {"group", "the directory's groups"}, {"people", "the people around the account"},
	{"chat", "conversations in Teams"}, {"team", "teams"}, {"tasks", "tasks"}, {"notes", "notebooks"},
}
