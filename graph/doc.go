// Package graph is a hand-written adapter to the part of Microsoft Graph v1.0
// that exdesk needs: it makes an Exchange Online mailbox an exdesk.Mailbox, an
// exdesk.Archive and an exdesk.Outbox.
//
//	mailbox, err := graph.New("support@contoso.com", tokens, nil)
//
// # Permissions
//
// Reading and labelling mail takes Mail.ReadWrite and nothing more, and sending
// takes Mail.Send as well, either delegated (Options.User "me") or as an
// application. Graph may refuse (403) to take a file beyond 3 MB for a shared or
// delegated mailbox ("Known issues"). As an application, scope
// it to the mailbox with RBAC for Applications in Exchange Online and do not
// consent to the tenant-wide permission as well: grants add up.
//
// # Limits
//
// Exchange allows an application four requests at once in one mailbox and
// answers 429 beyond ("Outlook service limits", Microsoft Graph throttling
// limits). A Client keeps to that by itself, obeys Retry-After for all its
// requests, and tries a request that is safe to repeat up to four times; a mail
// it opens once a call, because the caller counts. Use one Client for one
// mailbox.
//
// # Errors
//
// Every error of a method is an *Error, with Graph's own code and request id,
// and belongs to the classes of package exdesk. A body that breaks off ends with
// the error of its connection.
//
// # Testing
//
// Package graphtest is an Exchange Online to test against.
package graph
