// Package graph is a hand-written adapter to the part of Microsoft Graph v1.0
// that exdesk needs: it makes an Exchange Online mailbox an exdesk.Mailbox, an
// exdesk.Archive and an exdesk.Outbox.
//
//	mailbox, err := graph.New("support@contoso.com", tokens, nil)
//
// # Permissions
//
// The least that will do, for a mailbox whose own account signs in, for a shared
// one that somebody signs in to open, and for any that an application opens:
//
//	                       own              shared                  application
//	reading and labelling  Mail.ReadWrite   Mail.ReadWrite.Shared   Mail.ReadWrite
//	sending                Mail.Send        Mail.Send.Shared        Mail.Send
//	telling who it is      User.Read        User.Read
//
// Who signs in needs offline_access as well, to stay signed in. Client.Colour
// takes MailboxSettings.ReadWrite, and Check can tell troubles with the mailbox
// apart with User.Read.All; nothing else takes either.
//
// A shared mailbox opens to who has Full Access in Exchange, and sends for who has
// Send As, or Send on Behalf, which names him in Sender. Leave Options.User empty
// for it: what is sent then lies in its own Sent Items. Graph may refuse (403) to
// take a file of 3 MB and more for it ("Known issues").
//
// Scope an application to the mailbox with RBAC for Applications in Exchange Online
// and do not consent to the tenant-wide permission as well: grants add up. With
// Options.OutOfReach Check proves that it is so.
//
// Client.Check, which Connector.Check calls, tells what is missing and what is too
// much.
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
