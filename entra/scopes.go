package entra

import "strings"

// Wants is what a connection is to do besides reading mail, labelling it and
// sending from the person's own mailbox. Each takes permissions more.
type Wants struct {
	// Shared works in a mailbox that others have delegated to who signs in.
	Shared bool
	// Colours gives the labels colours, in the mailbox's list of categories.
	Colours bool
	// ReadOnly never sends: the connection is for Ingest alone.
	ReadOnly bool
}

// Scopes returns the delegated permissions that a connection needs and no more:
// by default offline_access, User.Read, Mail.ReadWrite and Mail.Send. None of them
// needs an administrator by itself, but most organisations let nobody else consent
// to reading mail ("Manage app consent policies").
func Scopes(w Wants) []string {
	list := []string{"offline_access", "User.Read", "Mail.ReadWrite"}
	if !w.ReadOnly {
		list = append(list, "Mail.Send")
	}
	if w.Shared {
		list = append(list, "Mail.ReadWrite.Shared")
		if !w.ReadOnly {
			list = append(list, "Mail.Send.Shared")
		}
	}
	if w.Colours {
		list = append(list, "MailboxSettings.ReadWrite")
	}
	return list
}

// join returns scopes as a request has them, by default those of Scopes.
func (a *App) join(scopes []string) []string {
	if len(scopes) == 0 {
		scopes = Scopes(Wants{})
	}
	full := make([]string, len(scopes))
	for i, s := range scopes {
		full[i] = a.cloud.permission(strings.TrimSpace(s))
	}
	return full
}
