package exdesk

import (
	"context"
	"io"
	"time"
)

// Desk is the Zendesk account as Ingest sees it. Package zendesk implements it.
//
// Implementations are safe for concurrent use, and their errors belong to the
// classes of this package. Two further methods are used where a Desk has them:
//
//	Account() string        // the name that Records are kept under
//	Now() (time.Time, bool) // the clock by which it forgets keys, if known yet
//
// What else a Desk can do is in Conversations, People, Importer and Checker.
type Desk interface {
	// Ticket returns one ticket, or ErrNotFound. Its Origin may be left empty.
	Ticket(ctx context.Context, id int64) (*Ticket, error)

	// Find returns every ticket with that external id that was made at or after
	// since, closed or not, with its Origin; of one that was imported, with
	// Origin.Digest at least. The service need not keep external ids unique,
	// and may show a new ticket late. What it cannot read to the end it answers
	// with an error.
	Find(ctx context.Context, externalID string, since time.Time) ([]*Ticket, error)

	// Upload stores one file for a ticket that is to come. It reads File.Body
	// to its end or to the first error, which it returns, and not any more once
	// it has returned. ErrRefused means that the service will not take the file;
	// the ticket can do without.
	Upload(ctx context.Context, f *File) (*Upload, error)

	// Create makes a ticket, at most one for a key as long as the service
	// remembers keys. ErrKeyUsed and ErrDoubtful tell the caller to Find;
	// ErrRefused that the mail will never be taken.
	Create(ctx context.Context, t *NewTicket) (*Ticket, error)
}

// Conversations is a Desk on which mail can be added to a ticket. With one
// that is not, every reply becomes a ticket of its own.
type Conversations interface {
	// Conversation reads a ticket as it is, and the Origins of what was added
	// to it at or after since, its own among them; or ErrNotFound. What it
	// cannot read to the end it answers with an error.
	Conversation(ctx context.Context, ticket int64, since time.Time) (*Conversation, error)

	// Comment adds to a ticket and returns the number of the comment.
	// ErrConflict means that the ticket is not any more as it was read, or is
	// closed: nothing was added. ErrDoubtful means that nobody knows: read
	// again. ErrRefused means that the ticket will never take it.
	Comment(ctx context.Context, to *Conversation, c *NewComment) (int64, error)

	// PrivateTexts returns the newest private comments of a ticket as text, the
	// newest first.
	PrivateTexts(ctx context.Context, ticket int64) ([]string, error)
}

// People is a Desk that knows who is who. Without it nobody can be told to be
// an agent, so that nothing is added to tickets either.
type People interface {
	// Person returns whose address that is, by any of a person's addresses, or
	// nil if it is nobody's. What cannot be told is an error.
	Person(ctx context.Context, address string) (*Person, error)

	// SupportAddresses returns the account's own addresses. Mail from them is
	// the account's own, and they are nobody's to copy.
	SupportAddresses(ctx context.Context) ([]string, error)

	// Addresses returns all addresses of a person.
	Addresses(ctx context.Context, person int64) ([]string, error)

	// Encoded returns the ticket that has one of these encoded ids, which
	// Zendesk's notifications carry, or 0; of several the one whose id is named
	// first. It looks among the tickets of the people with these addresses.
	Encoded(ctx context.Context, ids, addresses []string) (int64, error)
}

// Importer is a Desk that takes old mail without anybody being told.
type Importer interface {
	// Import makes a ticket that was written at a time in the past. No key
	// protects it: after ErrDoubtful the caller has to Find.
	Import(ctx context.Context, t *NewTicket, written time.Time) (*Ticket, error)
}

// Ticket is a ticket that exists.
type Ticket struct {
	ID         int64
	ExternalID string
	Status     string
	Created    time.Time
	Origin     Origin
}

// Origin ties a ticket or comment to the mail that it was made of. It is stored
// with it, out of the agents' sight.
type Origin struct {
	Digest    string // Message.Digest
	Mail      string // hash of the mail's place in its mailbox
	MessageID string // without angle brackets
}

// Conversation is a ticket as it was read at one moment.
type Conversation struct {
	Ticket
	EncodedID  string // what Zendesk's notifications call the ticket
	Private    bool   // nothing on it is public
	MergedInto int64  // the ticket that goes on instead; 0 if none does
	Requester  int64
	Assignee   int64
	Group      int64
	CCs        []int64
	Followers  []int64
	Tags       []string
	Stamp      string    // of its last change, in the service's own form
	Updated    time.Time // when that was
	Origins    []Origin
}

// Closed reports whether nothing can be added any more.
func (c *Conversation) Closed() bool { return c.Status == "closed" }

// Person is a user of the account.
type Person struct {
	ID          int64
	Name        string
	Address     string // the primary one
	Agent       bool   // an administrator is one as well
	PrivateOnly bool   // an agent who cannot comment in public: a light agent
	Restricted  bool   // an agent who does not see every ticket
	Group       int64  // whose tickets a restricted agent sees; 0 if it is not by group
	Suspended   bool
}

// NewComment is a comment to be made.
type NewComment struct {
	Origin  Origin
	Author  int64 // 0 is the user of the API
	Public  bool
	HTML    string
	Uploads []string
	CCs     []Address // to be copied from now on
	Tags    []string  // to be added
	Reopen  bool      // the ticket, if it is pending or solved
}

// NewTicket is a ticket to be made. Two NewTickets of the same mail and the
// same uploads are equal in every field, so that a service that remembers
// keys knows the second for the first.
type NewTicket struct {
	Key        string // idempotency key
	ExternalID string
	Origin     Origin
	Requester  Address
	Recipient  string    // the address that the customer wrote to; answers leave from it
	CCs        []Address // at most 48
	Subject    string
	HTML       string // the first comment
	Uploads    []string
	Tags       []string
	FollowUp   int64 // the closed ticket that this one follows; 0 if none
	Author     int64 // of the first comment; 0 is the requester, except of a follow-up
}

// File is a file on its way from a mail to a ticket.
type File struct {
	Name string
	Type string // media type
	Size int64  // in octets; -1 if not known before the end
	Body io.Reader
}

// Upload is a stored file.
type Upload struct {
	Token string
	URL   string // where the file can be seen once the ticket has it
}
