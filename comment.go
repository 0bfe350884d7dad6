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
	// earlier is how much older than the mail a comment made of it may look:
	// for clocks that differ.
	earlier = 15 * time.Minute
	// longest is how far before its arrival a mail can have been commented, as
	// another copy of it. The Date of a mail is its sender's word.
	longest = 7 * 24 * time.Hour
	// merges is how often a ticket may have been merged into another that was.
	merges = 10
	// comments is how often one try adds a comment that others outrun.
	comments = 5
)

// converse adds a mail to the ticket that it belongs to. If there is none, or
// none that takes it, it reports false, and which closed ticket a new one
// follows.
//
// No key protects a comment, so its protection is the ticket itself: it is
// read, then what was added to it, and then the comment is added on condition
// that the ticket is still as it was read. What another process, or an earlier
// life of this one, has added, is either seen or moves the ticket.
func (p *pass) converse(ctx context.Context, it *item) (done bool, followUp int64, err error) {
	desk, ok := p.c.desk.(Conversations)
	people, knows := p.c.desk.(People)
	if !ok || !knows {
		return false, 0, nil
	}
	end := p.c.step("thread", it.mail.ID)
	th, err := p.thread(ctx, it)
	end(0, "", err)
	if err != nil || th.ticket == 0 {
		return false, 0, err
	}
	if until := p.c.memory.busy[th.ticket]; now().Before(until) {
		return false, 0, &later{until, errBusy}
	}
	// An earlier attempt may not have seen the thread.
	seen, err := p.look(ctx, &it.id)
	if err != nil {
		return false, 0, err
	}
	if seen.ticket != nil {
		p.settle(&seen, &it.id, it.res)
		return true, 0, nil
	}
	for n := 1; ; n++ {
		conv, mine, err := p.follow(ctx, desk, it, th.ticket)
		switch {
		case errors.Is(err, ErrAccess):
			// Without a look at what was added, a comment might be the second.
			it.res.Reason = "not added to ticket " + ticketName(th.ticket) + ", which cannot be read: " + reason(err)
			p.c.log.WarnContext(ctx, "a reply becomes a ticket, because its ticket's audits cannot be read", "mail", it.mail.ID, "error", err)
			return false, 0, nil
		case errors.Is(err, ErrNotFound):
			it.res.Reason = "ticket " + ticketName(th.ticket) + ", which it answers, was deleted"
			return false, 0, nil
		case err != nil:
			return false, 0, err
		case mine != nil:
			it.settle(conv, mine)
			return true, 0, nil
		}
		person, err := people.Person(ctx, it.msg.From.Address)
		if errors.Is(err, ErrAccess) {
			it.res.Reason = "not added to ticket " + ticketName(conv.ID) + ", because it cannot be told who wrote it: " + reason(err)
			return false, 0, nil
		}
		if err != nil {
			return false, 0, err
		}
		if conv.Closed() {
			return false, it.follows(p, conv, person), nil
		}
		c, err := p.comment(ctx, desk, it, th, conv, person)
		if err != nil {
			return false, 0, err
		}
		if p.c.opts.DryRun {
			it.commented(conv.ID, 0, c)
			return true, 0, nil
		}
		end := p.c.step("comment", it.mail.ID)
		number, err := desk.Comment(ctx, conv, c)
		end(0, "", err)
		switch {
		case err == nil:
			it.commented(conv.ID, number, c)
			p.c.memory.meet(&it.id, conv.ID)
			return true, 0, nil
		case errors.Is(err, ErrSuspended):
			return false, 0, &holding{"suspended", "the sender or the requester is suspended: " + reason(err)}
		case errors.Is(err, ErrRefused):
			it.res.Reason = "ticket " + ticketName(conv.ID) + " did not take it: " + reason(err)
			return false, 0, nil
		case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrDoubtful):
			if wait, ok := RetryAfter(err); ok && wait > patience {
				p.c.memory.rest(th.ticket, now().Add(wait))
				err = &later{now().Add(wait), err}
			}
			return false, 0, err
		}
		if n == comments || !p.pause(ctx, err, n) {
			return false, 0, &repeated{err}
		}
	}
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
	since := it.id.since
	if floor := it.mail.Received.Add(-longest); since.Before(floor) {
		since = floor
	}
	for range merges {
		if conv, err = desk.Conversation(ctx, ticket, since.Add(-earlier)); err != nil {
			return nil, nil, err
		}
		for i := range conv.Origins {
			if o := &conv.Origins[i]; o.Mail == it.id.mail || o.Digest == it.id.digest && o.MessageID == it.id.messageID {
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

// follows returns the closed ticket, if the mail may follow it: a follow-up
// takes over much of what is on it.
func (it *item) follows(p *pass, conv *Conversation, person *Person) int64 {
	s := standing{conv: conv, person: person}
	verified, _ := p.verified(it.msg)
	if !verified || !s.involved() || it.verdict.Place == AsNote {
		it.res.Reason = "ticket " + ticketName(conv.ID) + ", which it answers, is closed"
		return 0
	}
	return conv.ID
}

// comment decides how the mail speaks on a ticket.
func (p *pass) comment(ctx context.Context, desk Conversations, it *item, th thread, conv *Conversation, person *Person) (*NewComment, error) {
	c := &NewComment{Origin: it.id.origin(), Tags: it.verdict.Tags}
	msg := it.msg
	if it.verdict.Place == AsNote {
		it.res.Reason = it.verdict.Reason
		return c, p.c.finish(ctx, msg, c, "Automatic mail from "+msg.From.String()+": "+it.verdict.Reason)
	}
	if person != nil && person.Suspended {
		return nil, &holding{"suspended", "the sender is suspended"}
	}
	support, err := p.support(ctx)
	if err != nil {
		return nil, err
	}
	recipients := msg.copied(append(support, p.c.mailbox.Address(), msg.From.Address))
	s := standing{
		conv: conv, person: person, others: len(recipients) > 0, note: beginsNote(msg.Text),
		sure: th.sure || it.mail.released(&p.c.opts.Labels) || slices.Contains(it.encoded(nil), conv.EncodedID),
		secret: func() (bool, error) {
			private, err := desk.PrivateTexts(ctx, conv.ID)
			return err == nil && quotes(msg.Text, private), err
		},
	}
	s.direct = func() (bool, error) { return p.reaches(ctx, recipients, conv.Requester) }
	s.verified, s.doubt = p.verified(msg)
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
	// Nobody is put under somebody else's name as an agent.
	if person != nil && (s.verified || !person.Agent) && s.involved() {
		c.Author = person.ID
	}
	if p.c.opts.TrimQuotes {
		msg.trim()
	}
	remark := ""
	if !s.verified || c.Author == 0 {
		remark = fmt.Sprintf("From %s. %s", msg.From, sentence(how.why))
	}
	return c, p.c.finish(ctx, msg, c, remark)
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

// finish writes the comment.
func (c *Connector) finish(ctx context.Context, msg *Message, to *NewComment, remark string) error {
	if remark != "" {
		msg.remark = "<p><i>" + html.EscapeString(remark) + "</i></p>"
	}
	text, err := c.body(ctx, msg)
	to.HTML, to.Uploads = text, msg.uploads()
	return err
}

// reaches reports whether one of the addresses is that person's.
func (p *pass) reaches(ctx context.Context, list []Address, person int64) (bool, error) {
	for i, a := range list {
		if i == maxPeople {
			break
		}
		who, err := p.c.desk.(People).Person(ctx, a.Address)
		if err != nil {
			return false, err
		}
		if who != nil && who.ID == person {
			return true, nil
		}
	}
	return false, nil
}
