// Package exdesk joins an Exchange Online mailbox to a Zendesk account: mail
// that arrives becomes tickets.
//
//	mailbox, err := graph.New("support@contoso.com", graphTokens, nil)
//	desk, err := zendesk.New("acme", zendeskTokens, nil)
//	conn, err := exdesk.New(mailbox, desk, nil)
//	report, err := conn.Ingest(ctx)
//
// # The idea
//
// The mailbox is the queue, and the label is the commit. exdesk keeps no store
// of its own: what is still to do is the unread mail of the Inbox without the
// category "Zendesk"; what was done is written on each mail, in the one step
// that ends its processing: the category, the read flag, and a property with
// the ticket's number or the reason of the rejection. Whether an earlier
// attempt got through before that step is asked of Zendesk, where the ticket
// has an external id made of the Message-ID and keeps a digest of the content.
// So a process may die at any instruction, start again on another machine, or
// run twice by mistake: each mail becomes one ticket.
//
// # The flow
//
// Everything about it is in this package, one noun a file:
//
//	run.go       passes until it is told to stop
//	ingest.go    a pass over the Inbox, mail by mail
//	read.go      a mail, streamed: its texts are held, its files go to the desk
//	texts.go, html.go, body.go    its texts become the first comment
//	compose.go   the ticket
//	once.go      that it is made once
//	labels.go    what is written on the mail
//	report.go    what became of each mail
//	limits.go    how fast
//	mailbox.go, desk.go    the two interfaces that everything else is behind
//	headers.go, relay.go   the guard over what leaves through the mailbox
//
// Package graph implements Mailbox with Microsoft Graph and package zendesk
// implements Desk with the Support API; this package knows neither.
//
// # Rejected mail
//
// A mail that can never become a ticket gets the category "RejectedByZendesk"
// as well, and the reason in its property and in the Report: it is larger than
// 50 MB, it has no From or To, it is malformed beyond repair, or Zendesk
// refused it for good. Take the category "Zendesk" away and mark the mail unread
// to have it tried again.
//
// # Errors
//
// Trouble with one mail stays with that mail: its Result is Waiting, with the
// error, and it is unread and unlabelled as before. Errors of the adapters belong to the classes
// ErrTemporary, ErrAuth, ErrAccess and so on, found by errors.Is.
//
// # Testing
//
// Packages graphtest and zendesktest are both services as http.Handlers, as
// strict and as unfriendly as the real ones, for your tests as for ours.
package exdesk
