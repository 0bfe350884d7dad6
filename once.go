package exdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	stdhash "hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// keyLife is how long a desk surely remembers an idempotency key after its
	// first use: Zendesk's two hours, less half an hour for clocks and queues.
	// The first use cannot be earlier than the mail.
	keyLife = 90 * time.Minute
	// twinLife is how long the key of a ticket that exists is surely remembered.
	twinLife = 110 * time.Minute
	// doubtLife is how long the ticket of a key that the desk knows may stay
	// invisible before it is taken to have remembered a request that made none.
	doubtLife = 10 * time.Minute
	// absence is how long the desk has to say that a ticket is not there for it to
	// be taken for deleted. Nobody documents how far behind its readers may be.
	absence = 2 * time.Minute
	// creates is how often one try posts a ticket whose answer gets lost.
	creates = 3
)

// identity is what makes a mail the same mail, wherever and however often it
// is met. A Message-ID is the sender's word: printers, web forms and attackers
// repeat one, so the content counts as well.
type identity struct {
	messageID string
	digest    string    // Message.Digest
	mail      string    // hash of the place in the mailbox
	lost      int64     // a ticket of this mail that is no more; another is wanted
	since     time.Time // no attempt at this mail can be older
	imported  bool      // an import of the mail may have been begun, which no key protects
}

// origin is what a ticket or comment keeps of the mail.
func (id *identity) origin() Origin {
	return Origin{Digest: id.digest, Mail: id.mail, MessageID: storable(id.messageID)}
}

// storable is a Message-ID, or a hash of one that is longer than what stores of
// metadata are made for.
func storable(messageID string) string {
	if len(messageID) > 250 {
		return "sha256:" + hash(messageID)
	}
	return messageID
}

func (p *pass) identify(mail *Mail, msg *Message) identity {
	id := identity{messageID: mail.messageID(), digest: msg.Digest(), mail: p.c.place(mail.ID)}
	if mail.bareID() == "" && msg.MessageID != "" {
		id.messageID = msg.MessageID // the store shows little of a damaged item
	}
	if mail.Record.ticketed() {
		id.lost = mail.Record.Ticket // or it would not have come this far
	}
	for _, t := range []time.Time{mail.Received, mail.Sent, msg.Date} {
		if !t.IsZero() && (id.since.IsZero() || t.Before(id.since)) {
			id.since = t
		}
	}
	// The Date is the sender's word, and it may be any.
	if floor := min(mail.Received.UnixNano(), now().UnixNano()); !mail.Received.IsZero() && id.since.Before(time.Unix(0, floor).Add(-longest)) {
		id.since = time.Unix(0, floor).Add(-longest)
	}
	if n := now(); id.since.After(n) {
		id.since = n
	}
	if r := mail.Record; r != nil {
		id.imported = r.Verdict == verdictImport || r.missing() // which may stand where that stood
	}
	return id
}

// messageID is the Message-ID that the store keeps; an item that has none is
// known by its place in the store.
func (m *Mail) messageID() string {
	if s := m.bareID(); s != "" {
		return s
	}
	return "mail:" + m.ID
}

// belongsTo reports whether a ticket can be the mail's. One whose external id is
// ours but of another mail cannot, whatever the mail's property says.
func (m *Mail) belongsTo(t *Ticket) bool {
	return !strings.HasPrefix(t.ExternalID, "exdesk:") || t.ExternalID == externalID(m.messageID()) ||
		t.ExternalID == secondID(m.messageID(), m.Record.Digest)
}

// forgotten reports whether the desk may have forgotten the keys of earlier
// attempts at the mail. That goes by the desk's clock: as long as that is not
// known, anything may be. Of two clocks the later one counts, which at worst
// costs a look-up.
func (p *pass) forgotten(id *identity) bool {
	if _, tells := p.c.desk.(clock); tells {
		if _, known := p.deskTime(); !known {
			return true
		}
	}
	return id.since.IsZero() || p.deskNow().Sub(id.since) > keyLife
}

// clock is a Desk that knows its service's time.
type clock interface{ Now() (time.Time, bool) }

// deskTime is the desk's own time, if it is known, or else ours.
func (p *pass) deskTime() (t time.Time, known bool) {
	if d, ok := p.c.desk.(clock); ok {
		if there, known := d.Now(); known {
			return there.UTC(), true
		}
	}
	return now().UTC(), false
}

// deskNow is the later one of the desk's time and ours.
func (p *pass) deskNow() time.Time {
	if there, _ := p.deskTime(); there.After(time.Now()) {
		return there
	}
	return time.Now()
}

// externalID is the external id of a mail's ticket. It is made of the
// Message-ID alone, so that it is found by what other mails refer to.
func externalID(messageID string) string { return "exdesk:" + hash(messageID)[:32] }

// secondID is the external id of a mail whose Message-ID belongs to the ticket
// of another one. Mails that begin alike share it, as they share the first key.
func secondID(messageID, digest string) string {
	return "exdesk:" + hash(messageID, beginning(digest))[:32]
}

// key is the idempotency key: of the Message-ID and the beginning of the mail,
// or, once that turned out to be another mail's, of the whole mail. Every
// observer of the mail takes the same way to the same key, whatever look-ups
// showed it. The generation is raised when a key turned out to be worn out
// without a ticket.
func (id *identity) key(own bool, generation int) string {
	of := beginning(id.digest)
	if own {
		of = id.digest
	}
	return "exdesk-" + hash(id.messageID, of, strconv.FormatInt(id.lost, 10), strconv.Itoa(generation))[:40]
}

func hash(parts ...string) string {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.Reset()
	for _, p := range parts {
		h.buf = append(append(strconv.AppendInt(h.buf[:0], int64(len(p)), 10), ':'), p...)
		_, _ = h.Write(h.buf) // a hash takes everything
	}
	h.buf = h.Sum(h.buf[:0])
	return hex.EncodeToString(h.buf)
}

// hasher is a SHA-256 and memory for what it is fed with.
type hasher struct {
	stdhash.Hash
	buf []byte
}

var hashers = sync.Pool{New: func() any { return &hasher{Hash: sha256.New()} }}

// sighting is what a look-up found.
type sighting struct {
	ticket *Ticket // of this very mail, or of another copy of it; nil if there is none
	reused bool    // the Message-ID belongs to a ticket of other content
	twin   bool    // and that content begins like this one's, so that it has the first key
}

// longest is how long before its arrival a mail can have been met, as another
// copy of it.
const longest = 7 * 24 * time.Hour

// longAgo is how much older than the first attempt at a mail its ticket may
// look: for clocks that differ.
const longAgo = 24 * time.Hour

// first finds the tickets under the Message-ID of a mail.
func (p *pass) first(ctx context.Context, id *identity) ([]*Ticket, error) {
	return p.c.desk.Find(ctx, externalID(id.messageID), id.since.Add(-longAgo))
}

// look searches the desk for the mail's ticket under both its ids.
func (p *pass) look(ctx context.Context, id *identity) (sighting, error) {
	var s sighting
	tickets, err := p.first(ctx, id)
	if err != nil {
		return s, err
	}
	more, err := p.c.desk.Find(ctx, secondID(id.messageID, id.digest), id.since.Add(-longAgo))
	if err != nil {
		return s, err
	}
	for _, t := range append(tickets, more...) {
		switch {
		case t.ID == id.lost:
		case t.Origin.Mail == id.mail || t.Origin.Digest == id.digest:
			if s.ticket == nil || t.Origin.Mail == id.mail {
				s.ticket = t
			}
		default:
			s.reused = true
			s.twin = s.twin || p.isTwin(t, id)
		}
	}
	return s, nil
}

// isTwin reports whether the ticket of another mail explains why the first key
// of this one was used: that mail begins alike, and the ticket is so young that
// its key is still remembered. (Of mails that begin alike the first to be heard
// has the key, and the others get their own only when they see its ticket.)
func (p *pass) isTwin(t *Ticket, id *identity) bool {
	return beginning(t.Origin.Digest) == beginning(id.digest) && !t.Created.IsZero() && p.deskNow().Sub(t.Created) < twinLife
}

// now is the time for spans that a suspended machine must not shorten.
func now() time.Time { return time.Now().Round(0) }

// settle turns the ticket that a look-up found into the mail's outcome.
func (p *pass) settle(s *sighting, id *identity, res *Result) {
	res.Outcome, res.Ticket = Created, s.ticket.ID
	if m := s.ticket.Origin.Mail; m != id.mail && m != "" { // imports may not keep it
		res.Outcome = Duplicate // of another copy, in this mailbox or in another
	}
	p.c.memory.meet(id, res.Ticket)
}

// create makes the ticket, unless it exists. It never makes a second one: the
// desk remembers the key for two hours from the first attempt, and beyond
// those, and after every answer that leaves doubt, it looks first.
func (p *pass) create(ctx context.Context, id *identity, t *NewTicket, res *Result) error {
	mem := p.c.memory
	doubt := mem.doubt(id)
	var seen sighting
	used := false // the first key was used before, by this mail or by a twin
	for n := 1; ; n++ {
		looked := n > 1 || p.forgotten(id) || mem.met(id) || doubt != nil || id.imported
		if looked {
			var err error
			if seen, err = p.look(ctx, id); err != nil {
				return err
			}
			if seen.ticket != nil {
				p.settle(&seen, id, res)
				return nil
			}
			if ticket := mem.copied(id); ticket != 0 {
				res.Outcome, res.Ticket = Duplicate, ticket
				return nil
			}
		}
		generation := mem.generation(id) // of a twin: the same key, where a look-up is late to show its ticket
		if doubt != nil {
			generation = max(generation, doubt.seenNothing(now()))
		}
		own := used && seen.twin && doubt == nil
		t.Key, t.ExternalID = id.key(own, generation), externalID(id.messageID)
		if res.MessageIDReused = seen.reused; seen.reused {
			t.ExternalID = secondID(id.messageID, id.digest)
		}
		made, err := p.c.desk.Create(ctx, t)
		if doubt != nil && err != nil && !errors.Is(err, ErrKeyUsed) {
			doubt.used = false // nor is it any more, if it was: the next attempt tells
		}
		switch {
		case err == nil:
			res.Outcome, res.Ticket, res.Public, res.made = Created, made.ID, true, true
			mem.meet(id, made.ID)
			mem.made(id, generation)
			return nil
		case errors.Is(err, ErrKeyUsed) && !used && doubt == nil:
			used = true // look whose it is
			continue
		case errors.Is(err, ErrKeyUsed):
			// An earlier attempt was heard, with other upload tokens. Its
			// ticket is there, or will be, or there never was one.
			doubt = mem.heard(id)
			doubt.used = true
			err = fmt.Errorf("an earlier attempt at this mail was heard but its ticket is not to be seen: %w: %w", ErrTemporary, err)
		case errors.Is(err, ErrDoubtful):
			doubt = mem.heard(id)
			doubt.posted = now()
		case errors.Is(err, ErrRefused) && doubt != nil && now().Sub(doubt.posted) < doubtLife:
			// It may be on a ticket all the same, and is not rejected before that
			// would have shown.
			return fmt.Errorf("refused, after an earlier attempt whose ticket is not to be seen: %w: %w", ErrTemporary, errors.New(reason(err)))
		case errors.Is(err, ErrRefused) && !looked:
			// Rare enough to make sure that no earlier life made the ticket.
			if seen, err2 := p.look(ctx, id); err2 != nil {
				return err2
			} else if seen.ticket != nil {
				p.settle(&seen, id, res)
				return nil
			}
			return refused(err)
		case errors.Is(err, ErrRefused):
			return refused(err)
		default:
			return err
		}
		if n >= creates || !p.pause(ctx, err, n) {
			return &repeated{err}
		}
	}
}

// refused is what becomes of a mail whose ticket the desk refuses.
func refused(err error) error {
	if errors.Is(err, ErrSuspended) {
		return &holding{"suspended", "Zendesk takes no ticket of a suspended user: " + reason(err)}
	}
	return &refusal{reason(err)}
}

// repeated is an error of something that was tried often enough for one pass.
type repeated struct{ error }

func (r *repeated) Unwrap() error { return r.error }

// pause waits between two attempts at a ticket, unless the service asks for
// more patience than there is.
func (p *pass) pause(ctx context.Context, cause error, n int) bool {
	wait := time.Second << (n - 1)
	if asked, ok := RetryAfter(cause); ok {
		wait = max(wait, asked)
	}
	return wait <= patience && sleep(ctx, wait) == nil
}

// reason is what an adapter's error says, without the adapter's name.
func reason(err error) string {
	var d interface{ Reason() string }
	if errors.As(err, &d) && d.Reason() != "" {
		return d.Reason()
	}
	return err.Error()
}
