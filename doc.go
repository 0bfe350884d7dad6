// Package exdesk joins an Exchange Online mailbox to a Zendesk account: mail
// that arrives becomes tickets, replies become comments on them, and Zendesk's
// notifications leave through the mailbox.
//
//	mailbox, err := graph.New("support@contoso.com", graphTokens, nil)
//	desk, err := zendesk.New("acme", zendeskTokens, nil)
//	conn, err := exdesk.New(mailbox, desk, nil)
//	report, err := conn.Ingest(ctx)
//	receipt, err := conn.Relay(ctx, &exdesk.Outbound{MIME: notification})
//
// # The idea
//
// The mailbox is the queue, and the label is the commit. exdesk keeps no store
// of its own: what is still to do is the unread mail of the Inbox without the
// category "Zendesk"; what was done is written on each mail, in the one step
// that ends its processing: the category, the read flag, and a property with
// the ticket's number or the reason of the rejection. Whether an earlier
// attempt got through before that step is asked of Zendesk, where the ticket
// has an external id made of the Message-ID and each comment keeps a digest of
// its mail; to which ticket a mail is about to be added is noted on it before. So
// a process may die at any instruction, start again on another
// machine, or run twice by mistake: each mail becomes one ticket, or one
// comment.
//
// The same holds for what leaves. A notification is a draft first, which carries
// a mark that is made of its name and its recipients, and is sent from there:
// whoever comes back finds the draft, which it finishes, or the copy of what was
// sent.
//
// # The flow
//
// Everything about it is in this package, one noun a file. What comes in:
//
//	run.go       passes until it is told to stop; poller.go, over many mailboxes
//	ingest.go    a pass over the Inbox; queue.go, the order within conversations
//	process.go   one mail on its way
//	read.go      a mail, streamed: its texts are held, its files go to the desk
//	texts.go, html.go, body.go    its texts become a comment
//	screen.go    what is no ticket: bounces, automatic replies, loops
//	thread.go    the ticket that it belongs to
//	policy.go    who speaks on a ticket, in public or in private; auth.go, whether he is who he says
//	comment.go   the comment, made once; place.go, on which ticket; note.go, what nobody wrote
//	compose.go   the ticket; once.go, that it is made once
//	hold.go      mail that waits for a person
//	import.go    mail from before
//	labels.go    what is written on the mail
//	report.go    what became of each mail; explain.go, of one mail, later
//
// What goes out:
//
//	relay.go     a notification, and its receipt
//	spool.go     its octets; letter.go, the mails that are made of it
//	headers.go   the guard over its header; survival.go, what became of a field
//	dispatch.go  one mail, sent once; claim.go, by one at a time; sendings.go, what is known of it
//	trace.go     what became of its header, later
//
// And what both need:
//
//	limits.go    how fast: limits_window.go, one window; limits_log.go, packed; limits_all.go, several; limits_line.go, waiting in order; limits_file.go, kept
//	observe.go   steps, for metrics
//	mailbox.go, outbox.go, desk.go    the interfaces that everything else is behind
//
// Package graph implements Mailbox, Archive and Outbox with Microsoft Graph, and package
// zendesk implements Desk, Conversations, People and Importer with the Support
// API; this package knows neither.
//
// # Replies
//
// A mail that answers one which is on a ticket becomes a comment there. What it
// answers is known by the properties on the mails in the mailbox, by the external
// ids of tickets, and by the encoded id that Zendesk's notifications carry; a
// caller's own Threads may know more. Whether the comment is public is decided by
// the ten ordered rules of Zendesk's page "Understanding when email comments are
// public or private" (Policy), and only a sender whom Exchange vouches for speaks
// in public or copies others. A closed ticket is followed by a new one, a merged
// one leads to where it went.
//
// # Rejected and held mail
//
// A mail that can never become a ticket gets the category "RejectedByZendesk"
// as well, and the reason in its property and in the Report: it is larger than
// 50 MB, it has no From or To, it is malformed beyond repair, or Zendesk
// refused it for good. Take the category "Zendesk" away and mark the mail unread
// to have it tried again.
//
// A mail that should not become one by itself gets the category "ZendeskHeld"
// and stays unread: the Screen has doubts, its sender is suspended or writes too
// much at once, a stranger answers on somebody's ticket, or it fails again and
// again while other mail passes. Take the category away, or call Release, to let
// it go on.
//
// # Relay
//
// Zendesk's notifications carry fields that must arrive as they are: without
// Auto-Submitted automatic replies answer them, and without References answers
// find no thread. A Guard refuses whatever a caller's own rewriting does to one of
// them. Exchange is not to be trusted with them either, so the draft is read back
// before it is sent. What Relay can do in which tenant (TestHeaderSurvival holds it
// to this):
//
//	                               keeps MIME   as people report   keeps nothing
//	From, To, Cc, Reply-To         kept         kept               kept
//	Date, Subject, Message-ID      kept         kept               kept
//	In-Reply-To, References        kept         kept               kept
//	X-Auto-Response-Suppress       kept         kept               lost
//	X-Mailer, X-Zendesk-*          kept         repaired           lost
//	Auto-Submitted                 kept         repaired           lost
//	the name before the address    replaced     replaced           replaced
//
// "Repaired" is set by an extended property of the draft, which also teaches the
// mailbox the name of an x- field: the next notification keeps it. Large mail
// fares as small mail does: header and text are given to Graph as MIME, and only
// the files apart. What is lost fails the call, unless RelayOptions.MayLose names
// it, which Probe finds out for a tenant. What Exchange does after the draft, when
// it sends, Trace shows. An answer finds its ticket whatever is lost, since the
// copy of what was sent carries the ticket's number.
//
// # Check
//
// Check tells an administrator what is wrong with a connection and what to do about
// it: credentials, permissions that are missing and those that are more than
// needed, a mailbox that is elsewhere, an address that is taken, settings. It
// changes nothing and sends nothing; Probe does.
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
