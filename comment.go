package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// verdictTicket is in the record of a mail that answers something and is about
// to become a ticket all the same, since its thread was not found.
const verdictTicket = "ticket"

// comments is how often one try adds a comment that others outrun.
const comments = 5

// converse adds a mail to the ticket that it belongs to. If there is none, or
// none that takes it, it returns errNoThread, and which closed ticket a new one
// follows.
//
// No key protects a comment, so its protection is the ticket itself: it is
// read, then what was added to it, and then the comment is added on condition
// that the ticket is still as it was read. What another process, or an earlier
// life of this one, has added, is either seen or moves the ticket. And before
// that the ticket is noted on the mail, so that a later attempt looks there
// first, whatever it would find the thread to be by then.
func (p *pass) converse(ctx context.Context, it *item) (follow *place, err error) {
	desk, ok := p.c.desk.(Conversations)
	people, knows := p.c.desk.(People)
	if !ok || !knows {
		return nil, errNoThread
	}
	end := p.c.step("thread", it.mail.ID)
	at, err := p.locate(ctx, it, desk, people)
	if errors.Is(err, errNoThread) {
		end(0, "", nil)
	} else {
		end(0, "", err)
	}
	if err != nil || at == nil {
		return nil, err
	}
	it.slot = spent{}
	defer func() {
		if it.res.made {
			it.slot.Commit()
		}
		it.slot.Cancel()
	}()
	doubt := false // whether it may be on the ticket and does not show yet
	for n := 1; ; n++ {
		if at.conv.Closed() {
			return it.follows(p, at)
		}
		c, err := p.comment(ctx, desk, it, at)
		if err != nil {
			return nil, err
		}
		if p.c.opts.DryRun {
			it.commented(at.conv.ID, 0, c)
			return nil, nil
		}
		there, _ := p.deskTime()
		r := it.mail.Record
		noted := r != nil && r.Ticket == at.conv.ID
		doubt = doubt || noted && n == 1 && there.Sub(r.At) < absence // an earlier attempt may have been heard
		if !noted || there.Sub(r.At) > absence/2 {                    // one that is old would be believed for too short a time
			if err := p.note(ctx, it.mail, func(r *Record) { r.Ticket, r.At = at.conv.ID, there.Truncate(time.Second) }); err != nil {
				return nil, err
			}
		}
		end := p.c.step("comment", it.mail.ID)
		number, err := desk.Comment(ctx, at.conv, c)
		end(0, "", err)
		switch {
		case err == nil:
			it.commented(at.conv.ID, number, c)
			it.res.made = true
			p.c.memory.meet(&it.id, at.conv.ID)
			return nil, nil
		case errors.Is(err, ErrRefused) && doubt:
			// That says nothing of the attempt before.
			return nil, &later{now().Add(absence), fmt.Errorf("it may be on ticket %s all the same: %w: %w", ticketName(at.conv.ID), ErrTemporary, errors.New(reason(err)))}
		case errors.Is(err, ErrSuspended):
			return nil, &holding{"suspended", "the sender or the requester is suspended: " + reason(err)}
		case errors.Is(err, ErrRefused):
			it.res.Reason = "ticket " + ticketName(at.conv.ID) + " did not take it: " + reason(err)
			return nil, errNoThread
		case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrDoubtful):
			if wait, ok := RetryAfter(err); ok && wait > patience {
				p.c.memory.rest(at.conv.ID, now().Add(wait))
				err = &later{now().Add(wait), err}
			}
			return nil, err
		}
		doubt = doubt || errors.Is(err, ErrDoubtful)
		if n == comments || !p.pause(ctx, err, n) {
			return nil, &repeated{err}
		}
		var mine *Origin
		if at.conv, mine, err = p.follow(ctx, desk, it, at.conv.ID); err != nil {
			return nil, err
		}
		if mine != nil {
			it.settle(at.conv, mine)
			return nil, nil
		}
	}
}

// settle takes the comment that was found for the mail's outcome.
func (it *item) settle(conv *Conversation, mine *Origin) {
	it.commented(conv.ID, 0, nil)
	if mine.Mail != it.id.mail {
		it.res.Outcome = Duplicate
	}
}

func (it *item) commented(ticket, number int64, c *NewComment) {
	it.res.Outcome, it.res.Ticket, it.res.Comment = Commented, ticket, number
	if it.verdict.Place == AsNote {
		it.res.Outcome = Noted
	}
	it.res.Public = c != nil && c.Public
}

// follows lets a new ticket follow the closed one, if the sender may: it takes
// over much of what is on it.
func (it *item) follows(p *pass, at *place) (*place, error) {
	if at.person != nil && at.person.Suspended {
		return nil, &holding{"suspended", "the sender is suspended"}
	}
	s := standing{conv: at.conv, person: at.person}
	if !p.vouch(it.mail, it.msg).ok || !s.involved() || it.verdict.Place == AsNote {
		it.res.Reason = "ticket " + ticketName(at.conv.ID) + ", which it answers, is closed"
		return nil, errNoThread
	}
	return at, errNoThread
}

// comment decides how the mail speaks on a ticket.
func (p *pass) comment(ctx context.Context, desk Conversations, it *item, at *place) (*NewComment, error) {
	if it.verdict.Place == AsNote {
		return p.quietNote(ctx, it, at.conv)
	}
	c := &NewComment{Origin: it.id.origin(), Tags: it.verdict.Tags}
	msg, conv, person := it.msg, at.conv, at.person
	if person != nil && person.Suspended {
		return nil, &holding{"suspended", "the sender is suspended"}
	}
	own, err := p.own(ctx)
	if err != nil {
		return nil, err
	}
	recipients := msg.copied(own, msg.From.Address)
	v := p.vouch(it.mail, msg)
	s := standing{
		conv: conv, person: person, others: len(recipients) > 0, note: beginsNote(msg.Text),
		sure:     at.sure || it.mail.released(p.c.labels()),
		direct:   func() (bool, error) { return p.reaches(ctx, recipients, conv.Requester) },
		verified: v.ok, doubt: v.doubt,
		secret: func() (bool, error) {
			private, err := desk.PrivateTexts(ctx, conv.ID)
			return err == nil && (quotes(msg.Text, private) || quotes(htmlText(msg.HTML), private)), err
		},
	}
	how, err := p.c.opts.Policy.speech(&s)
	switch {
	case err != nil:
		return nil, err
	case how.held:
		return nil, &holding{"stranger", how.why}
	}
	c.Public, it.res.Reason = how.public, how.why
	if how.public {
		c.CCs = recipients[:min(len(recipients), max(0, maxCCs-len(conv.CCs)))]
	}
	// Nobody is put under somebody else's name.
	if s.verified && s.involved() {
		c.Author = person.ID
	}
	if it.said == nil {
		it.said = msg.aside()
		if p.c.opts.TrimQuotes {
			it.said.trim()
		}
	}
	if c.Author == 0 {
		it.said.remark = remark(sentence(how.why) + " From " + author(msg))
		c.Reopen = true // as the customer's own comment would: somebody should look
	}
	c.HTML, err = p.c.body(ctx, it.said)
	c.Uploads = it.said.uploads()
	return c, err
}

// reaches reports whether one of the addresses is that person's.
func (p *pass) reaches(ctx context.Context, list []Address, person int64) (bool, error) {
	if len(list) == 0 {
		return false, nil
	}
	people := p.c.desk.(People)
	all, err := people.Addresses(ctx, person)
	if errors.Is(err, ErrAccess) {
		for _, a := range list[:min(len(list), maxPeople)] {
			who, err := people.Person(ctx, a.Address)
			if err != nil && !errors.Is(err, ErrAccess) || who != nil && who.ID == person {
				return err == nil, err
			}
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, a := range list {
		if slices.ContainsFunc(all, func(of string) bool { return sameAddress(of, a.Address) }) {
			return true, nil
		}
	}
	return false, nil
}
