package exdesk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Threads knows of which tickets mails are a part. One of the caller's own
// answers before exdesk looks for itself, and is believed: it may know of
// threads that neither the mailbox nor the desk remembers.
type Threads interface {
	// Ticket returns the ticket that the mail belongs to, or 0 if it knows none.
	Ticket(ctx context.Context, mail *Mail, msg *Message) (int64, error)
}

const (
	// maxReferences is how many of the mails that a mail refers to are looked
	// for, and maxReference how long their ids may be (RFC 5322 §2.1.1).
	maxReferences = 5
	maxReference  = 998
	// maxCandidates is how many tickets one id may lead to.
	maxCandidates = 3
	// maxEncoded is how many encoded ids are looked for, and maxPeople among the
	// tickets of how many people.
	maxEncoded = 5
	maxPeople  = 3
)

// candidate is a ticket that a mail may belong to.
type candidate struct {
	ticket int64
	sure   bool // by its encoded id, a notification of it or the caller's word, not by a Message-ID alone
}

// candidates looks for the tickets that a mail may belong to: by what the mails
// that it refers to became, and by the encoded id that Zendesk's notifications
// carry ("How are incoming emails threaded to tickets").
//
// A Message-ID is the word of whoever wrote it, and anybody can write another
// mail under it. So it may lead to several tickets, of which the one is meant
// that the sender has to do with, and an encoded id that leads elsewhere is
// believed before it.
func (p *pass) candidates(ctx context.Context, it *item) ([]candidate, error) {
	if t := p.c.opts.Threads; t != nil {
		if ticket, err := t.Ticket(ctx, it.mail, it.msg); err != nil || ticket != 0 {
			return []candidate{{ticket, true}}, err
		}
	}
	references := it.references()
	if p.queues.behind(it.mail, references) {
		return nil, errBehind
	}
	for _, id := range references {
		if found, err := p.remembered(ctx, id); len(found) > 0 || err != nil {
			return found[:min(len(found), maxCandidates)], err
		}
	}
	return nil, nil
}

// encodedTicket returns the ticket that one of the encoded ids of a mail is of,
// or 0.
func (p *pass) encodedTicket(ctx context.Context, it *item, people People) (int64, error) {
	encoded := it.encoded()
	if len(encoded) == 0 {
		return 0, nil
	}
	own, err := p.own(ctx)
	if err != nil {
		return 0, err
	}
	ticket, err := people.Encoded(ctx, encoded, it.people(own))
	if errors.Is(err, ErrAccess) {
		p.c.log().WarnContext(ctx, "encoded ids cannot be looked up", "error", err)
		return 0, nil
	}
	return ticket, err
}

// references are the Message-IDs of the mails that a mail is about or answers,
// the likeliest first: what In-Reply-To names, and References from its end.
func (it *item) references() []string {
	refs := it.msg.References
	refs = slices.Clone(refs[max(0, len(refs)-4*maxReferences):])
	slices.Reverse(refs)
	var ids []string
	for _, id := range slices.Concat(it.verdict.About, it.msg.InReplyTo, refs) {
		if len(ids) == maxReferences {
			break
		}
		if id != it.id.messageID && len(id) <= maxReference && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// remembered returns the tickets of the mails with a Message-ID, as the mailbox
// or the desk knows them. A notification that left through the mailbox is sure
// to be its ticket's. An id of Zendesk's form is that of nothing else: whoever
// writes a mail under it wants to be taken for the desk.
func (p *pass) remembered(ctx context.Context, id string) ([]candidate, error) {
	zendesks := encodedHead.MatchString(id)
	if ticket := p.c.memory.ticket(id); ticket != 0 && !zendesks {
		return []candidate{{ticket, false}}, nil
	}
	var found []candidate
	add := func(t int64, sure bool) {
		if !slices.ContainsFunc(found, func(c candidate) bool { return c.ticket == t }) {
			found = append(found, candidate{t, sure})
		}
	}
	if a, ok := p.c.mailbox.(Archive); ok {
		mails, err := a.ByMessageID(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, m := range mails {
			written := m.Record
			switch r := p.c.own(m).Record; {
			case r != nil && r.Outcome == Sent && r.Ticket != 0:
				return []candidate{{r.Ticket, true}}, nil
			case written != nil && written.Outcome == Sent && written.Ticket != 0 && written.Account == p.c.account():
				// QUIRK: the copy in Sent Items is documented to keep the id of its
				// draft, and has been seen not to. So it may be the record of another
				// mail, too: the ticket has to bear it out.
				add(written.Ticket, false)
			case r.ticketed() && !zendesks:
				add(r.Ticket, false)
			}
		}
	}
	if len(found) > 0 || zendesks {
		return found, nil
	}
	tickets, err := p.c.desk.Find(ctx, externalID(id), time.Time{})
	for _, t := range tickets {
		add(t.ID, false)
	}
	return found, err
}

var (
	// encodedID is a ticket's encoded id as notifications show it: in brackets,
	// within the text or hidden behind it.
	encodedID = regexp.MustCompile(`\[([0-9A-Z]{6}-[0-9A-Z]{4,5})\]`)
	// encodedHead is the local part of the Message-IDs of Zendesk's own mail,
	// such as 62X0VV2436V_68d3a1b2c4d5e_1f2a3b4c_sprut, or the id alone.
	encodedHead = regexp.MustCompile(`^([0-9A-Z]{6})([0-9A-Z]{4,5})(?:_[0-9a-f]+_[0-9a-f]+(?:_sprut)?)?@`)
)

// encoded returns the encoded ids that the mail carries, those of what it
// answers before those of what it quotes.
func (it *item) encoded() []string {
	var ids []string
	add := func(id string) {
		if len(ids) < maxEncoded && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range it.references() {
		if m := encodedHead.FindStringSubmatch(id); m != nil {
			add(m[1] + "-" + m[2])
		}
	}
	for _, text := range []string{it.msg.Text, it.msg.HTML, it.msg.Subject} {
		for _, m := range encodedID.FindAllStringSubmatch(text, maxEncoded) {
			add(m[1])
		}
	}
	return ids
}

// people are those whose tickets the mail may belong to.
func (it *item) people(own []string) []string {
	var list []string
	add := func(address string) {
		a := strings.ToLower(address)
		if len(list) < maxPeople && plausible(a) && !isOwn(own, a) && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	add(it.msg.From.Address)
	for _, a := range it.verdict.People {
		add(a)
	}
	for _, a := range slices.Concat(it.msg.To, it.msg.CC) {
		add(a.Address)
	}
	return list
}

func ticketName(id int64) string { return fmt.Sprintf("#%d", id) }
