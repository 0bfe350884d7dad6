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
	// for.
	maxReferences = 5
	// maxEncoded is how many encoded ids are looked for, and maxPeople among the
	// tickets of how many people.
	maxEncoded = 5
	maxPeople  = 5
)

// thread is what leads a mail to a ticket.
type thread struct {
	ticket int64
	sure   bool // the ticket's encoded id or the caller's word, not a Message-ID alone
}

// thread looks for the ticket that a mail belongs to: by what the mails that it
// refers to became, and then by the encoded id that Zendesk's notifications
// carry ("How are incoming emails threaded to tickets").
func (p *pass) thread(ctx context.Context, it *item) (thread, error) {
	if t := p.c.opts.Threads; t != nil {
		if ticket, err := t.Ticket(ctx, it.mail, it.msg); err != nil || ticket != 0 {
			return thread{ticket, true}, err
		}
	}
	references := it.references()
	if p.queues.behind(it.mail, references) {
		return thread{}, errBehind
	}
	for _, id := range references {
		if ticket, err := p.remembered(ctx, id); err != nil || ticket != 0 {
			return thread{ticket, false}, err
		}
	}
	encoded := it.encoded(references)
	people, ok := p.c.desk.(People)
	if !ok || len(encoded) == 0 {
		return thread{}, nil
	}
	support, err := p.support(ctx)
	if err != nil {
		return thread{}, err
	}
	ticket, err := people.Encoded(ctx, encoded, it.people(p.c.mailbox.Address(), support))
	if errors.Is(err, ErrAccess) {
		p.c.log.WarnContext(ctx, "encoded ids cannot be looked up", "error", err)
		return thread{}, nil
	}
	return thread{ticket, true}, err
}

// references are the Message-IDs of the mails that a mail is about or answers,
// the likeliest first: what In-Reply-To names, and References from its end.
func (it *item) references() []string {
	refs := slices.Clone(it.msg.References)
	slices.Reverse(refs)
	var ids []string
	for _, id := range slices.Concat(it.verdict.About, it.msg.InReplyTo, refs) {
		if id != it.id.messageID && !slices.Contains(ids, id) && len(ids) < maxReferences {
			ids = append(ids, id)
		}
	}
	return ids
}

// remembered returns the ticket of the mail with a Message-ID, as the mailbox
// or the desk knows it. An id that stands for several tickets says nothing.
func (p *pass) remembered(ctx context.Context, id string) (int64, error) {
	if ticket := p.c.memory.ticket(id); ticket != 0 {
		return ticket, nil
	}
	var tickets []int64
	if a, ok := p.c.mailbox.(Archive); ok {
		mails, err := a.ByMessageID(ctx, id)
		if err != nil {
			return 0, err
		}
		for _, m := range mails {
			if r := m.Record; r != nil && r.Account == p.c.account && r.Ticket != 0 && !slices.Contains(tickets, r.Ticket) {
				tickets = append(tickets, r.Ticket)
			}
		}
	}
	if len(tickets) == 0 {
		found, err := p.c.desk.Find(ctx, externalID(id), time.Time{})
		if err != nil {
			return 0, err
		}
		for _, t := range found {
			tickets = append(tickets, t.ID)
		}
	}
	if len(tickets) != 1 {
		return 0, nil
	}
	return tickets[0], nil
}

var (
	// encodedID is a ticket's encoded id as notifications show it: in brackets,
	// within the text or hidden behind it.
	encodedID = regexp.MustCompile(`\[([0-9A-Z]{6}-[0-9A-Z]{4,5})\]`)
	// encodedHead is the local part of the Message-IDs of Zendesk's own mail,
	// such as 62X0VV2436V_68d3a1b2c4d5e_1f2a3b4c_sprut, or the id alone.
	encodedHead = regexp.MustCompile(`^([0-9A-Z]{6})([0-9A-Z]{4,5})(?:_[0-9a-f]+_[0-9a-f]+(?:_sprut)?)?@`)
)

// encoded returns the encoded ids that the mail carries.
func (it *item) encoded(references []string) []string {
	var ids []string
	add := func(id string) {
		if len(ids) < maxEncoded && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, text := range []string{it.msg.Text, it.msg.HTML, it.msg.Subject} {
		for _, m := range encodedID.FindAllStringSubmatch(text, maxEncoded) {
			add(m[1])
		}
	}
	for _, id := range references {
		if m := encodedHead.FindStringSubmatch(id); m != nil {
			add(m[1] + "-" + m[2])
		}
	}
	return ids
}

// people are those whose tickets the mail may belong to.
func (it *item) people(mailbox string, support []string) []string {
	var list []string
	add := func(address string) {
		a := strings.ToLower(address)
		if len(list) < maxPeople && a != strings.ToLower(mailbox) && plausible(a) && !slices.Contains(support, a) && !slices.Contains(list, a) {
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
