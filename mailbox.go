package exdesk

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// Mailbox is the Exchange Online mailbox as Ingest sees it: a queue of unread
// mail, and labels that say what became of each. Package graph implements it.
//
// Implementations are safe for concurrent use, and their errors belong to the
// classes of this package. What else a Mailbox can do is in Archive, Outbox,
// Tracer and Checker.
type Mailbox interface {
	// Address returns the mailbox's own address. It does no I/O.
	Address() string

	// Unread yields the unread mail of the Inbox, labelled or not, oldest
	// first and each once, and at most one error, after which it ends. A mail
	// that was marked read after it was listed may still be yielded. Marking
	// yielded mails read while the loop goes on must not make it skip others.
	// ErrDamaged means that all mail but what the store cannot show was yielded.
	// Listing marks nothing.
	Unread(ctx context.Context) iter.Seq2[*Mail, error]

	// Open returns the mail as RFC 5322 octets, streamed; the caller closes
	// it. ErrNotFound means that the mail is gone. ErrRefused means that the
	// store cannot produce it, now or later. Opening marks nothing: the mail
	// stays unread.
	Open(ctx context.Context, id string) (io.ReadCloser, error)

	// Label writes on mails: each gets the categories, the record and the read
	// flag of its mark, all at once, while other categories stay. It returns
	// one error a mark, in order: ErrDone where Unless kept it from writing,
	// ErrNotFound where the mail is gone. A mark can be set twice.
	Label(ctx context.Context, marks []Mark) []error
}

// Archive is a Mailbox that shows more than the unread mail.
type Archive interface {
	// Since yields the mail of the Inbox that was received at or after t, read
	// or not, as Unread does.
	Since(ctx context.Context, t time.Time) iter.Seq2[*Mail, error]

	// Newest yields the mail of the Inbox, read or not, newest first.
	Newest(ctx context.Context) iter.Seq2[*Mail, error]

	// Mail returns one mail as it is now, or ErrNotFound.
	Mail(ctx context.Context, id string) (*Mail, error)

	// ByMessageID returns the mails with that Message-ID, given without angle
	// brackets, wherever in the mailbox they are now, and sent ones as well.
	// There may be several; it need not return more than a few.
	ByMessageID(ctx context.Context, id string) ([]*Mail, error)
}

// Mail is a mail as the mailbox lists it.
type Mail struct {
	ID             string    // stable for as long as the mail stays in this mailbox
	MessageID      string    // the Message-ID field as the store keeps it, in angle brackets; "" if none
	ConversationID string    // the store's own idea of a thread
	Received, Sent time.Time // zero if the store does not tell
	Subject        string
	From           Address
	Size           int64    // in octets, as the store counts; 0 if it does not tell
	Categories     []string // the categories on the mail
	Record         *Record  // what an earlier pass recorded, or nil
}

// HasCategory reports whether the mail carries that category. Exchange does
// not tell categories apart by case, and neither does this.
func (m *Mail) HasCategory(name string) bool {
	return slices.ContainsFunc(m.Categories, func(c string) bool { return strings.EqualFold(c, name) })
}

// Mark is what Label writes on one mail. Its categories are compared with those
// of the mail without case, as Mail.HasCategory does. Of Record.Reason a store may
// keep the beginning alone, of 300 characters at least.
type Mark struct {
	ID         string
	Categories []string // to be added to those that are there
	Without    []string // to be taken away, whoever put them there
	Unless     string   // nothing is written on a mail that carries this category: see Barred
	Flag       Flag
	Record     Record
}

// Barred reports whether a mail with these categories is to be left as it is,
// because another process has finished it: it carries Unless. Where that is one of
// Categories itself, it has to lack another of them, or an attempt whose answer was
// lost would stand in the way of the next.
func (m *Mark) Barred(categories []string) bool {
	has := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(c string) bool { return strings.EqualFold(c, name) })
	}
	return m.Unless != "" && has(categories, m.Unless) &&
		(!has(m.Categories, m.Unless) || slices.ContainsFunc(m.Categories, func(c string) bool { return !has(categories, c) }))
}

// Flag is what a Mark does to the read flag.
type Flag int

const (
	Read   Flag = iota // mark the mail read: it is done
	Keep               // leave the flag as it is
	Unread             // mark the mail unread
)

// Address is one mailbox of an address field (RFC 5322 §3.4).
type Address struct {
	Name    string // decoded display name, may be empty
	Address string // local-part@domain, never decoded
}

// String returns the address with its name before it.
func (a Address) String() string {
	if a.Name == "" || a.Name == a.Address { // which Graph gives for none
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}
