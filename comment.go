package exdesk

import (
	"context"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/quoted"
)

const (
	// merges is how often a ticket may have been merged into another that was.
	merges = 10
	// comments is how often one try adds a comment that others outrun.
	comments = 5
	// notesPerHour is how many quiet notes a ticket takes in any hour. Anybody
	// can send mail that looks like a machine's.
	notesPerHour = 5
)

// errNoThread is that a mail does not become a comment: it is a ticket, or
// waits for a person.
var errNoThread = errors.New("it is on no ticket")

// place is the ticket that a mail is to be added to.
type place struct {
	conv   *Conversation
	person *Person // whose address From is; nil if nobody's
	sure   bool    // as that of a candidate
}

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
	defer func() {
		if it.slot != nil && it.res.made {
			it.slot.Commit()
		}
		if it.slot != nil {
			it.slot.Cancel()
		}
	}()
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
		if r := it.mail.Record; r == nil || r.Ticket != at.conv.ID {
			if err := p.note(ctx, it.mail, func(r *Record) { r.Ticket = at.conv.ID }); err != nil {
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

// locate finds the ticket that a mail is to be added to. It returns nothing if
// the mail turns out to be on one already.
func (p *pass) locate(ctx context.Context, it *item, desk Conversations, people People) (*place, error) {
	// What an earlier attempt was about to do comes first.
	if r := it.mail.Record; r != nil && r.Ticket != 0 && !r.ticketed() {
		at, done, err := p.visit(ctx, it, desk, r.Ticket)
		if done || err != nil && !errors.Is(err, errNoThread) {
			return nil, err
		}
		_ = at // the thread is found anew: it was not added there
	}
	found, err := p.candidates(ctx, it)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && len(it.encoded()) == 0 {
		return nil, errNoThread
	}
	// An earlier attempt may not have seen the thread.
	if d := p.c.memory.doubt(&it.id); d != nil && now().Sub(d.posted) < doubtLife {
		return nil, fmt.Errorf("a ticket of this mail may have been made and is not to be seen yet: %w", ErrTemporary)
	}
	seen, err := p.look(ctx, &it.id)
	if err != nil {
		return nil, err
	}
	if seen.ticket != nil {
		p.settle(&seen, &it.id, it.res)
		return nil, nil
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
		p.c.log.WarnContext(ctx, "a mail is not added to its ticket, because the ticket's audits cannot be read", "mail", it.mail.ID, "error", err)
		return nil, false, errNoThread
	case errors.Is(err, ErrNotFound):
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
		sure:     at.sure || it.mail.released(&p.c.opts.Labels),
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

// aside returns a copy of the message to say something else with.
func (m *Message) aside() *Message {
	out := *m
	out.Files = slices.Clone(m.Files)
	return &out
}

// quietNote is the comment for mail that nobody wrote. Anybody can send such
// mail, so it has to be about somebody on the ticket, and is short: what was
// not delivered to him, or what his machine answers.
func (p *pass) quietNote(ctx context.Context, it *item, conv *Conversation) (*NewComment, error) {
	people := p.c.desk.(People)
	about := append(slices.Clone(it.verdict.People[:min(len(it.verdict.People), maxPeople)]), it.msg.From.Address)
	concerned := false
	for _, a := range about {
		who, err := people.Person(ctx, a)
		if err != nil && !errors.Is(err, ErrAccess) {
			return nil, err
		}
		if who != nil && (who.ID == conv.Requester || who.ID == conv.Assignee || slices.Contains(conv.CCs, who.ID) || slices.Contains(conv.Followers, who.ID)) {
			concerned = true
			break
		}
	}
	if !concerned {
		return nil, &holding{it.verdict.Name, it.verdict.Reason + "; it is about nobody on ticket " + ticketName(conv.ID)}
	}
	if it.slot == nil {
		slot, err := p.c.notes.Reserve(ctx, ticketName(conv.ID), Cost{Messages: 1})
		if err != nil {
			return nil, &holding{it.verdict.Name, it.verdict.Reason + "; ticket " + ticketName(conv.ID) + " has enough of such notes"}
		}
		it.slot = slot
	}
	it.res.Reason = it.verdict.Reason
	note := it.msg.aside()
	note.Files, note.HTML, note.Text = nil, "", cut(it.msg.Text, 4<<10)
	note.remark = remark("Automatic mail: " + it.verdict.Reason + ". From " + author(it.msg))
	text, _ := note.comment()
	return &NewComment{Origin: it.id.origin(), Tags: it.verdict.Tags, HTML: text}, nil
}

// author names the author of a mail as he names himself, at a length that
// leaves room for the mail.
func author(msg *Message) string {
	return Address{clip(msg.From.Name, 80), clip(msg.From.Address, 254)}.String()
}

func remark(text string) string {
	return "<p><i>" + neutral(html.EscapeString(strings.TrimSpace(clip(text, 600)))) + "</i></p>"
}

// trim leaves out what a reply quotes below its text: it is on the ticket.
// Forwarded mail is kept whole.
func (m *Message) trim() {
	if len(m.InReplyTo)+len(m.References) == 0 || quoted.Forwarded(m.Subject) {
		return
	}
	m.HTML, _ = quoted.HTML(m.HTML)
	m.Text, _ = quoted.Text(m.Text)
}

// sentence makes a sentence of a reason.
func sentence(why string) string {
	if why == "" {
		return ""
	}
	return strings.ToUpper(why[:1]) + why[1:] + "."
}

// reaches reports whether one of the addresses is that person's.
func (p *pass) reaches(ctx context.Context, list []Address, person int64) (bool, error) {
	if len(list) == 0 {
		return false, nil
	}
	all, err := p.c.desk.(People).Addresses(ctx, person)
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
