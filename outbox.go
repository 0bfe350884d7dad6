package exdesk

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Outbox is a Mailbox that sends. Each letter is a draft first, is looked at as
// the store keeps it, and is sent from there, so that whoever comes back after
// a lost answer finds either the draft or the copy of what was sent.
//
// Implementations are safe for concurrent use, and their errors belong to the
// classes of this package.
type Outbox interface {
	// Copies returns what can be found of a letter anywhere in the mailbox,
	// drafts and copies of what was sent, the oldest first. id is a draft that
	// is known to be one of them, or "". The store may show a copy late.
	Copies(ctx context.Context, l *Letter, id string) ([]*Copy, error)

	// Draft makes a draft of the letter, or finishes or replaces one that was
	// begun; nil is none. The call that makes it carries what Copies finds it by.
	// What the store does not take from MIME is set by other means as far as
	// there are any. ErrTooLarge means that the mailbox never sends so large a
	// mail, and ErrDone that the one that was begun has been sent meanwhile. One
	// that is gone, and may have been sent, is an ErrTemporary if not an ErrDone.
	Draft(ctx context.Context, l *Letter, begun *Copy) (*Copy, error)

	// Ready writes on a draft that it is about to be sent, which the copy keeps,
	// and returns what Copies returns at about that time.
	Ready(ctx context.Context, l *Letter, id string, r Record) ([]*Copy, error)

	// Send sends a draft, by one request. No error means that it was accepted;
	// ErrDoubtful that nobody knows; ErrNotFound that there is no such draft
	// any more, as when it was sent; ErrQuota that the mailbox may not send now.
	Send(ctx context.Context, id string) error

	// Discard deletes a draft of the letter, so that Copies does not find it any
	// more. ErrDone means that it was sent meanwhile, and stays; ErrNotFound that
	// there is no such draft any more.
	Discard(ctx context.Context, l *Letter, id string) error
}

// Tracer is an Outbox that finds again what it sent.
type Tracer interface {
	// Letters returns what can be found of the letters of a notification, by the
	// name that Letter.Notification gave it, the oldest first.
	Letters(ctx context.Context, notification string) ([]*Copy, error)

	// Delete deletes a mail, sent or not. The store may keep it where a person
	// finds what was deleted.
	Delete(ctx context.Context, id string) error
}

// Letter is one mail on its way out: a notification, or a part of one.
type Letter struct {
	Key          string   // names this mail of the notification; no two letters have the same
	Notification string   // names the notification alone
	MessageID    string   // in angle brackets; "" if the notification has none
	EmailID      string   // its X-Zendesk-Email-Id
	Recipients   []string // all of them; the header names each once
	Guarded      []Field  // the fields that have to survive, each name once
	Header       []byte   // with the blank line at its end; lines end in CRLF
	Body         *io.SectionReader
	// Probe means that nothing is to be taken for granted of what the store does
	// with fields, and that the letter leaves whatever is lost of it.
	Probe bool
}

// Size returns how many octets the letter has.
func (l *Letter) Size() int64 { return int64(len(l.Header)) + l.Body.Size() }

// GoesTo reports whether these are its recipients, whatever their order and case.
func (l *Letter) GoesTo(recipients []string) bool {
	fold := func(list []string) []string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = strings.ToLower(s)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(fold(l.Recipients), fold(recipients))
}

// Reader returns the letter from its beginning.
func (l *Letter) Reader() io.Reader {
	return io.MultiReader(bytes.NewReader(l.Header), io.NewSectionReader(l.Body, 0, l.Body.Size()))
}

// Compare tells what became of the guarded fields in a mail, which it reads to
// the end of its header. Words may be folded and encoded otherwise, and addresses
// have other names before them.
func (l *Letter) Compare(mail io.Reader) ([]FieldReport, error) {
	raw, err := readHeader(mail)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(raw)
	if err != nil {
		// A class of its own would be about what was handed in.
		return nil, errors.New(err.Error())
	}
	list := make([]FieldReport, len(l.Guarded))
	for i, f := range l.Guarded {
		is := h.values(f.Name)
		list[i] = FieldReport{Name: f.Name, Handed: f.Value, Survival: survival(f.Name, f.Value, is)}
		if list[i].Survival != Kept {
			list[i].Draft = is
		}
	}
	return list, nil
}

// Copy is what there is of a letter in the mailbox.
type Copy struct {
	ID         string
	Draft      bool // not sent
	Created    time.Time
	MessageID  string   // as the store has it, in angle brackets
	Recipients []string // of To, Cc and Bcc
	Record     *Record  // of a draft: that it was about to be sent, and when; else nil
	Marked     bool     // it says itself that it is the letter's
	// Fields tells what became of the guarded fields. What Draft returns has all
	// of them; a copy that was found may have none.
	Fields []FieldReport
}

// headerReaders are kept for the next header.
var headerReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// readHeader reads a mail up to the blank line that ends its header, and returns
// that much. A header of more than 256 KB, which Exchange Online does not take
// either, is an error. A mail that ends before has no body.
func readHeader(r io.Reader) ([]byte, error) {
	in := headerReaders.Get().(*bufio.Reader)
	in.Reset(io.LimitReader(r, maxHeader))
	defer func() {
		in.Reset(nil)
		headerReaders.Put(in)
	}()
	head := make([]byte, 0, 4<<10)
	for whole := true; ; {
		line, err := in.ReadSlice('\n')
		head = append(head, line...)
		begun := whole
		whole = err == nil
		switch {
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(head) < maxHeader:
			return head, nil
		case err == io.EOF:
			return nil, errors.New("exdesk: the header has more than 256 KB")
		case err != nil:
			return nil, err
		case begun && (string(line) == "\r\n" || string(line) == "\n"):
			return head, nil
		}
	}
}
