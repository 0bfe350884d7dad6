package automail

// Kind is the sort of a mail.
type Kind string

const (
	// Ordinary mail was written by a person, or by nobody knows whom.
	Ordinary Kind = ""
	// Bounce says that a mail was not delivered, or not yet.
	Bounce Kind = "bounce"
	// AutoReply is what a machine answers to a mail: out of office, or that a
	// ticket was opened.
	AutoReply Kind = "auto-reply"
	// Receipt says that a mail arrived, was displayed or was deleted
	// (RFC 8098, and RFC 3464 with Action: delivered).
	Receipt Kind = "receipt"
	// Complaint says that a recipient called a mail spam, or left a list
	// (RFC 5965).
	Complaint Kind = "complaint"
	// Generated mail comes from a machine and answers nothing. A person may
	// have caused it and wait for an answer.
	Generated Kind = "generated"
	// Bulk mail went to a mailing list or a newsletter's readers. A person
	// may have written it.
	Bulk Kind = "bulk"
)

// Verdict is what a mail is, and what a report says.
type Verdict struct {
	Kind Kind
	// Why is a sentence, without a full stop, that names the field or the
	// words that decided; "" for ordinary mail.
	Why string
	// Original are the Message-IDs, without angle brackets, of the mail that
	// a Bounce, AutoReply, Receipt or Complaint is about, the most trustworthy
	// first. They come from outside: whoever acts on one must know it.
	Original []string
	// Temporary says that a Bounce is a warning: delivery is tried further.
	Temporary bool
	// Recipients are the addresses that a Bounce says it failed for, as it
	// writes them.
	Recipients []string
	// Status is that of the first of them (RFC 3463), such as "5.1.1".
	Status string
}

const (
	maxOriginals  = 10
	maxRecipients = 20
	maxID         = 998 // RFC 5322 §2.1.1
	maxAddress    = 320 // RFC 5321 §4.5.3.1
	maxShown      = 60  // octets of a value in Why
)
