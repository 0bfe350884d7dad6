package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// merges is how often a ticket may have been merged into another that was.
const merges = 10

// errNoThread is that a mail does not become a comment: it is a ticket, or
// waits for a person.
var errNoThread = errors.New("it is on no ticket")

// place is the ticket that a mail is to be added to.
type place struct {
	conv   *Conversation
	person *Person // whose address From is; nil if nobody's
	sure   bool    // as that of a candidate
}

// locate finds the ticket that a mail is to be added to. It returns nothing if
// the mail turns out to be on one already.
func (p *pass) locate(ctx context.Context, it *item, desk Conversations, people People) (*place, error) {
	// What an earlier attempt was about to do comes first.
	if r := it.mail.Record; r != nil && r.Ticket != 0 && !r.ticketed() {
		conv, done, err := p.visit(ctx, it, desk, r.Ticket)
		if done || err != nil && !errors.Is(err, errNoThread) {
			return nil, err
		}
		// Whether it was added can be told from what is on the ticket, unless the
		// ticket was changed since (by the desk's clock, as is the note) and what
		// changed it is late to show.
		there, _ := p.deskTime()
		if conv != nil && there.Sub(r.At) < doubtLife && !conv.Updated.Before(r.At) {
			return nil, &later{now().Add(time.Minute), fmt.Errorf("it may be on ticket %s and is not to be seen there yet: %w", ticketName(r.Ticket), ErrTemporary)}
		}
		it.res.Reason = it.verdict.Reason // it was not added there: the thread is found anew
		at, err := p.search(ctx, it, desk, people)
		if conv != nil && there.Sub(r.At) < absence && (errors.Is(err, errNoThread) || at != nil && at.conv.ID != conv.ID) {
			// What was read of that ticket may be older than the note. To add the
			// mail there once more does no harm, since that is refused then.
			return nil, &later{now().Add(absence), fmt.Errorf("it may be on ticket %s and is not to be seen there yet: %w", ticketName(r.Ticket), ErrTemporary)}
		}
		return at, err
	}
	return p.search(ctx, it, desk, people)
}

// search finds the ticket by what the mail refers to.
func (p *pass) search(ctx context.Context, it *item, desk Conversations, people People) (*place, error) {
	found, err := p.candidates(ctx, it)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && len(it.encoded()) == 0 {
		return nil, errNoThread
	}
	// An earlier attempt may not have seen the thread.
	seen, err := p.look(ctx, &it.id)
	if err != nil {
		return nil, err
	}
	if seen.ticket != nil {
		p.settle(&seen, &it.id, it.res)
		return nil, nil
	}
	d, r := p.c.memory.doubt(&it.id), it.mail.Record
	if d != nil && now().Sub(d.posted) < doubtLife || r != nil && r.Verdict == verdictTicket && now().Sub(r.At) < doubtLife {
		return nil, fmt.Errorf("a ticket of this mail may have been made and is not to be seen yet: %w", ErrTemporary)
	}
	person, err := people.Person(ctx, it.msg.From.Address)
	if errors.Is(err, ErrAccess) {
		it.res.Reason = "not added to a ticket, because it cannot be told who wrote it: " + reason(err)
		return nil, errNoThread
	}
	if err != nil {
		return nil, err
	}
	return p.choose(ctx, it, desk, people, found, person)
}

// choose reads the candidates and takes the one whose encoded id the mail
// carries; else the one that an encoded id leads to; else, of several, the only
// one that the sender has to do with.
func (p *pass) choose(ctx context.Context, it *item, desk Conversations, people People, found []candidate, person *Person) (*place, error) {
	encoded := it.encoded()
	var read []*place
	for _, c := range found {
		conv, done, err := p.visit(ctx, it, desk, c.ticket)
		switch {
		case done:
			return nil, nil
		case errors.Is(err, errNoThread):
			continue
		case err != nil:
			return nil, err
		}
		if slices.ContainsFunc(read, func(at *place) bool { return at.conv.ID == conv.ID }) {
			continue // one was merged into the other
		}
		at := &place{conv, person, c.sure}
		if at.sure || slices.Contains(encoded, conv.EncodedID) {
			at.sure = true
			return at, nil
		}
		read = append(read, at)
	}
	ticket, err := p.encodedTicket(ctx, it, people)
	if err != nil {
		return nil, err
	}
	if ticket != 0 {
		conv, done, err := p.visit(ctx, it, desk, ticket)
		if done || err != nil && !errors.Is(err, errNoThread) {
			return nil, err
		}
		if err == nil {
			return &place{conv, person, true}, nil
		}
	}
	if len(read) == 1 {
		return read[0], nil
	}
	var mine []*place
	for _, at := range read {
		if (&standing{conv: at.conv, person: person}).involved() && !person.Agent {
			mine = append(mine, at)
		}
	}
	if open := slices.DeleteFunc(slices.Clone(mine), func(at *place) bool { return at.conv.Closed() }); len(open) == 1 {
		return open[0], nil
	}
	if len(mine) == 1 {
		return mine[0], nil
	}
	return nil, errNoThread
}

// visit reads a ticket. It is done if the mail is on it.
func (p *pass) visit(ctx context.Context, it *item, desk Conversations, ticket int64) (conv *Conversation, done bool, err error) {
	if until := p.c.memory.busy[ticket]; now().Before(until) {
		return nil, false, &later{until, errBusy}
	}
	conv, mine, err := p.follow(ctx, desk, it, ticket)
	switch {
	case errors.Is(err, ErrAccess):
		// Without a look at what was added, a comment might be the second.
		it.res.Reason = "not added to ticket " + ticketName(ticket) + ", which cannot be read: " + reason(err)
		p.c.log().WarnContext(ctx, "a mail is not added to its ticket, because the ticket's audits cannot be read", "mail", it.mail.ID, "error", err)
		return nil, false, errNoThread
	case errors.Is(err, ErrNotFound):
		gone, err := p.missed(ctx, it, ticket)
		if err != nil {
			return nil, false, err
		}
		if until, known := p.c.memory.gone(ticket); !known && !gone {
			return nil, false, &later{until, errNotThere}
		}
		it.res.Reason = "ticket " + ticketName(ticket) + ", which it answers, was deleted"
		return nil, false, errNoThread
	case err != nil:
		return nil, false, err
	case mine != nil:
		it.settle(conv, mine)
		return conv, true, nil
	}
	return conv, false, nil
}

// missed reports whether the mail tells that a ticket was not to be seen a while
// ago, and else notes it there: there may be another process for each pass.
func (p *pass) missed(ctx context.Context, it *item, ticket int64) (gone bool, err error) {
	why := verdictMissing + ticketName(ticket)
	switch r := it.mail.Record; {
	case r.missing() && slices.Contains(strings.Fields(r.Verdict), ticketName(ticket)):
		if age := now().Sub(r.At); age > -doubtLife { // or a clock was wrong: from now on
			return age > absence, nil
		}
		why = r.Verdict
	case r.missing(): // of several, each has to be remembered
		why = r.Verdict + " " + ticketName(ticket)
	case r != nil && r.begun() && now().Sub(r.At) <= doubtLife: // whose note says more until then
		return false, nil
	}
	if p.c.opts.DryRun {
		return false, nil
	}
	return false, p.note(ctx, it.mail, func(r *Record) { r.Verdict, r.At = why, now().UTC().Truncate(time.Second) })
}

// verdictMissing is in the record of a mail that answers tickets which were not to
// be seen, before their names. At is of the last.
const verdictMissing = "missing "

// missing reports whether the record says so.
func (r *Record) missing() bool { return r != nil && strings.HasPrefix(r.Verdict, verdictMissing) }

// later is an error of a mail that has to wait until a time, and is not to
// blame for it.
type later struct {
	until time.Time
	error
}

func (l *later) Unwrap() error { return l.error }

// errBusy is why a mail waits whose ticket had as many updates as it may have.
// Zendesk takes thirty in ten minutes.
var errBusy = errors.New("its ticket takes no update for now")

// errNotThere is why a mail waits whose ticket is deleted, or too new to be seen.
var errNotThere = fmt.Errorf("its ticket is not to be seen, or not yet: %w", ErrTemporary)

// follow reads a ticket, or the one that it was merged into, and whether the
// mail is on any of them already.
func (p *pass) follow(ctx context.Context, desk Conversations, it *item, ticket int64) (conv *Conversation, mine *Origin, err error) {
	for range merges {
		if conv, err = desk.Conversation(ctx, ticket, it.id.since.Add(-longAgo)); err != nil {
			return nil, nil, err
		}
		for i := range conv.Origins {
			if o := &conv.Origins[i]; o.Mail == it.id.mail || o.Digest == it.id.digest && o.MessageID == storable(it.id.messageID) {
				return conv, o, nil
			}
		}
		if conv.MergedInto == 0 || conv.MergedInto == ticket {
			return conv, nil, nil
		}
		ticket = conv.MergedInto
	}
	return conv, nil, nil
}
