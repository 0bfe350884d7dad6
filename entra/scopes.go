package entra

import "strings"

// Wants is what a connection is to do besides reading mail, labelling it and
// sending from the person's own mailbox. Each takes other permissions, or more.
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
	mail := func(name string) string {
		if w.Shared {
			return name + ".Shared" // which opens one's own as well
		}
		return name
	}
	list := []string{"offline_access", "User.Read", mail("Mail.ReadWrite")}
	if !w.ReadOnly {
		list = append(list, mail("Mail.Send"))
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
