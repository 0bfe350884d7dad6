package exdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// keyLife is how long a desk surely remembers an idempotency key after its
	// first use: Zendesk's two hours, less half an hour for clocks and queues.
	// The first use cannot be earlier than the mail.
	keyLife = 90 * time.Minute
	// lookLife is how long an empty look-up is believed.
	lookLife = 10 * time.Minute
	// doubtLife is how long a ticket that must exist may stay invisible before
	// the desk is taken to have remembered a request that made none.
	doubtLife = 10 * time.Minute
	// creates is how often one try posts a ticket whose answer gets lost.
	creates = 3
)

// identity is what makes a mail the same mail, wherever and however often it
// is met. A Message-ID is the sender's word: printers, web forms and attackers
// repeat one, so the content counts as well.
type identity struct {
	messageID string
	beginning string    // Message.beginning
	digest    string    // Message.Digest
	mail      string    // hash of the place in the mailbox
	since     time.Time // no attempt at this mail can be older
}

func (p *pass) identify(mail *Mail, msg *Message) identity {
	id := identity{
		messageID: mail.messageID(), beginning: msg.beginning(), digest: msg.Digest(),
		mail: hash(p.c.mailbox.Address(), mail.ID)[:16],
	}
	for _, t := range []time.Time{mail.Received, mail.Sent, msg.Date} {
		if !t.IsZero() && (id.since.IsZero() || t.Before(id.since)) {
			id.since = t
		}
	}
	return id
}

// messageID is the Message-ID that the store keeps; an item that has none is
// known by its place in the store.
func (m *Mail) messageID() string {
	if s := strings.Trim(strings.TrimSpace(m.MessageID), "<>"); s != "" {
		return s
	}
	return "mail:" + m.ID
}

// forgotten reports whether the desk may have forgotten the keys of earlier
// attempts at the mail. That goes by the desk's clock: as long as that is not
// known, anything may be.
func (p *pass) forgotten(id *identity) bool {
	now := time.Now()
	if d, ok := p.c.desk.(interface{ Now() (time.Time, bool) }); ok {
		var known bool
		if now, known = d.Now(); !known {
			return true
		}
	}
	return id.since.IsZero() || now.Sub(id.since) > keyLife
}

// A mail's ticket has an external id made of the Message-ID alone, so that it
// is found by what other mails refer to. If that is taken by another mail, it
// has one that is the mail's own.
func externalID(messageID string) string { return "exdesk:" + hash(messageID)[:32] }

func (id *identity) externalID(own bool) string {
	if own {
		return "exdesk:" + hash(id.messageID, id.digest)[:32]
	}
	return externalID(id.messageID)
}

// key is the idempotency key. The generation is raised when a key turned out
// to be worn out without a ticket.
func (id *identity) key(own bool, generation int) string {
	of := id.beginning
	if own {
		of = id.digest
	}
	return "exdesk-" + hash(id.messageID, of, strconv.Itoa(generation))[:40]
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sighting is what a look-up found.
type sighting struct {
	at     time.Time
	ticket *Ticket // of this very content, or nil
	reused bool    // the Message-ID belongs to a ticket of other content
}

// look searches the desk for the mail's ticket under both its ids: one that was
// made of this very item, or of another copy of the same content.
func (p *pass) look(ctx context.Context, id *identity) (sighting, error) {
	s := sighting{at: time.Now()}
	for _, own := range []bool{false, true} {
		tickets, err := p.c.desk.Find(ctx, id.externalID(own))
		if err != nil {
			return s, err
		}
		for _, t := range tickets {
			if t.Origin.Mail == id.mail || t.Origin.Digest == id.digest {
				s.ticket = t
				return s, nil
			}
			s.reused = true
		}
	}
	return s, nil
}

// settle turns the ticket that a look-up found into the mail's outcome.
func (p *pass) settle(s *sighting, id *identity, res *Result) {
	res.Outcome, res.Ticket = Created, s.ticket.ID
	if s.ticket.Origin.Mail != id.mail {
		res.Outcome = Duplicate // of another copy, in this mailbox or in another
	}
	p.c.memory.meet(id)
}

// create makes the ticket, unless it exists. It never makes a second one: the
// desk remembers the key for two hours from the first attempt, and beyond
// those, and after every answer that leaves doubt, it looks first.
func (p *pass) create(ctx context.Context, id *identity, t *NewTicket, seen sighting, res *Result) error {
	mem := &p.c.memory
	doubt := mem.doubt(id)
	for n := 1; ; n++ {
		must := p.forgotten(id) || mem.met(id) || doubt != nil
		if must && time.Since(seen.at) > lookLife || n > 1 {
			var err error
			if seen, err = p.look(ctx, id); err != nil {
				return err
			}
			if seen.ticket != nil {
				p.settle(&seen, id, res)
				return nil
			}
		}
		generation := 0
		if doubt != nil {
			generation = doubt.generation(time.Now())
		}
		t.Key, t.ExternalID = id.key(seen.reused, generation), id.externalID(seen.reused)
		res.MessageIDReused = seen.reused
		made, err := p.c.desk.Create(ctx, t)
		switch {
		case err == nil:
			res.Outcome, res.Ticket = Created, made.ID
			mem.meet(id)
			return nil
		case errors.Is(err, ErrKeyUsed):
			// An earlier attempt was heard, with other upload tokens. Its
			// ticket is there, or will be, or there never was one.
			doubt = mem.heard(id, time.Now())
			if n == creates {
				return fmt.Errorf("an earlier attempt at this mail was heard but its ticket is not to be seen: %w: %w", ErrTemporary, err)
			}
		case errors.Is(err, ErrDoubtful):
			doubt = mem.heard(id, time.Now())
			if n == creates {
				return err
			}
		case errors.Is(err, ErrRefused):
			return rejectf("Zendesk refused the ticket: %s", reason(err))
		default:
			return err
		}
		if err := p.pause(ctx, err, n); err != nil {
			return err
		}
	}
}

// pause waits between two attempts at a ticket, or returns cause when the
// service asks for more patience than there is.
func (p *pass) pause(ctx context.Context, cause error, n int) error {
	wait := time.Second << (n - 1)
	if asked, ok := RetryAfter(cause); ok {
		wait = max(wait, asked)
	}
	if wait > patience || sleep(ctx, wait) != nil {
		return cause
	}
	return nil
}

// reason is what an adapter's error says, without the adapter's name.
func reason(err error) string {
	var d interface{ Reason() string }
	if errors.As(err, &d) && d.Reason() != "" {
		return d.Reason()
	}
	return err.Error()
}
