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
type Desk interface {
	// Ticket returns one ticket, or ErrNotFound. Its Origin may be left empty.
	Ticket(ctx context.Context, id int64) (*Ticket, error)

	// Find returns every ticket with that external id that was made at or after
	// since, with its Origin. The service need not keep external ids unique,
	// and may show a new ticket late. What it cannot read to the end it answers
	// with an error.
	Find(ctx context.Context, externalID string, since time.Time) ([]*Ticket, error)

	// Upload stores one file for a ticket that is to come. It reads File.Body
	// to its end or to the first error, which it returns. ErrRefused means
	// that the service will not take the file; the ticket can do without.
	Upload(ctx context.Context, f *File) (*Upload, error)

	// Create makes a ticket, at most one for a key as long as the service
	// remembers keys. ErrKeyUsed and ErrDoubtful tell the caller to Find;
	// ErrRefused that the mail will never be taken.
	Create(ctx context.Context, t *NewTicket) (*Ticket, error)
}

// Ticket is a ticket that exists.
type Ticket struct {
	ID         int64
	ExternalID string
	Status     string
	Created    time.Time
	Origin     Origin
}

// Origin ties a ticket to the mail that it was made of. It is stored with the
// ticket, out of the agents' sight.
type Origin struct {
	Digest string `json:"digest"` // Message.Digest
	Mail   string `json:"mail"`   // hash of the mail's place in its mailbox
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
