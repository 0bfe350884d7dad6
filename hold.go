package exdesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A holding is the reason why a mail waits for a person.
type holding struct{ name, reason string }

func (h *holding) Error() string { return h.reason }

// released reports whether the mail was held once and a person let it go on, by
// Release or by taking the category away. It is not judged again.
func (m *Mail) released(l *Labels) bool {
	return m.Record != nil && m.Record.Outcome == Held && !m.HasCategory(l.Held)
}

// Release lets mails that are held go on: the next pass takes each like any
// other and asks no Screen about it. The ids are those of Mail.ID. It is what
// a person does who takes the category off in Outlook and leaves the mail
// unread. It needs a Mailbox that is an Archive.
func (c *Connector) Release(ctx context.Context, ids ...string) error {
	archive, ok := c.mailbox.(Archive)
	if !ok {
		return errors.New("exdesk: release: the mailbox cannot show one mail")
	}
	var marks []Mark
	var errs []error
	for _, id := range ids {
		mail, err := archive.Mail(ctx, id)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("exdesk: release %s: %w", id, err))
			continue
		case !mail.HasCategory(c.labels().Held):
			errs = append(errs, fmt.Errorf("exdesk: release %s: it is not held", id))
			continue
		}
		m := Mark{ID: id, Without: []string{c.labels().Held}, Flag: Unread, Unless: c.labels().Processed, Record: c.record(id, Held)}
		if m.Record.Reason = "released"; c.own(mail).Record != nil {
			m.Record.Ticket = mail.Record.Ticket
		}
		marks = append(marks, m)
	}
	if len(marks) > 0 {
		for i, err := range c.mailbox.Label(ctx, marks) {
			if err != nil {
				errs = append(errs, fmt.Errorf("exdesk: release %s: %w", marks[i].ID, err))
			}
		}
	}
	c.anew.Store(true)
	c.Wake()
	return errors.Join(errs...)
}

// BrakePerHour is how many mails of one sender are taken in any hour ("About
// mail loops and Zendesk email"). What comes above is held.
const BrakePerHour = 20

// brake takes the place of one more mail of a sender. Whoever gets no answer
// from a person in between writes no twenty mails an hour: it is a loop. A
// sender whom Exchange does not vouch for has a count of his own, so that nobody
// is stopped in another's name, and colleagues have none.
func (p *pass) brake(ctx context.Context, mail *Mail, msg *Message) (Reservation, error) {
	id := p.identify(mail, new(Message)) // the text is not read yet
	if p.importing || mail.released(p.c.labels()) || p.c.memory.placed[id.mail] || p.c.memory.doubt(&id) != nil {
		return spent{}, nil // nobody is to be stopped, or it was let through before
	}
	who := strings.ToLower(msg.From.Address)
	switch v := p.vouch(mail, msg); {
	case v.ok && p.c.isHome(domainOf(who)):
		return spent{}, nil
	case v.unproven():
		who = "unverified " + who
	}
	slot, err := p.c.brake().Reserve(ctx, who, Cost{Messages: 1})
	var limit *LimitError
	if errors.As(err, &limit) {
		return nil, &holding{"brake", "the sender wrote more than " + limit.Limit}
	}
	return slot, err
}

const (
	// setAside is after how many failed attempts a mail is held that fails
	// while others pass.
	setAside = 6
	// few is how many mails can fail alone in one pass. When more do, it is a
	// part of a service.
	few = 2
	// heavy is from what size on an attempt is noted on the mail before the
	// first: a mail that kills the process must be found out.
	heavy = 5 << 20
)

// attempt notes on the mail that it is tried once more, where that may be the
// end: before the second attempt, and before the first at a large one. Of a
// mail that was tried too often it says that it is to be held. What is noted
// is put right at the end of the pass, unless that is never seen.
func (p *pass) attempt(ctx context.Context, mail *Mail) error {
	r := mail.Record
	if p.c.opts.DryRun || p.importing {
		return nil
	}
	f := p.c.memory.failures[mail.ID]
	tried, why := mail.tries(), ""
	if tried > 0 {
		why = r.Reason
	}
	if f != nil {
		tried, why = f.alone, f.err.Error()
	}
	switch {
	case tried >= setAside && why == "":
		return &holding{"failing", fmt.Sprintf("it was tried %d times and no end was seen: it may have stopped the process", tried)}
	case tried >= setAside:
		return &holding{"failing", fmt.Sprintf("it failed %d times while other mail passed, the last time with: %s", tried, why)}
	case r.ticketed(), tried == 0 && mail.Size < heavy, mail.tries() == tried+1:
		return nil
	}
	p.label(ctx, false) // what is done should say so before that
	return p.note(ctx, mail, func(r *Record) { r.Tries, r.Reason = tried+1, why })
}

// undone begins a mark on a mail that is not done: what is noted on it stays.
func (p *pass) undone(mail *Mail) Mark {
	m := Mark{ID: mail.ID, Flag: Keep, Unless: p.c.labels().Processed, Record: p.c.record(mail.ID, Waiting)}
	if r := mail.Record; r != nil {
		m.Record.Ticket, m.Record.Tries, m.Record.Reason, m.Record.Verdict = r.Ticket, r.Tries, r.Reason, r.Verdict
		if r.Outcome == Held {
			m.Record.Outcome = Held // it was released, and stays so
		}
		if r.begun() {
			m.Record.At = r.At
		}
	}
	return m
}

// note changes the record of a mail that is not done.
func (p *pass) note(ctx context.Context, mail *Mail, change func(*Record)) error {
	m := p.undone(mail)
	change(&m.Record)
	switch err := p.c.mailbox.Label(ctx, []Mark{m})[0]; {
	case errors.Is(err, ErrNotFound):
		return ErrDone // it has left the mailbox
	case err != nil:
		return fmt.Errorf("noting what is to be done: %w", err)
	}
	mail.Record = &m.Record
	return nil
}

// begun reports whether the record tells since when something may have been
// made of the mail.
func (r *Record) begun() bool {
	return r.Ticket != 0 || r.Verdict == verdictImport || r.Verdict == verdictTicket
}

// tries is how many attempts at the mail count, by its record.
func (m *Mail) tries() int {
	if m.Record == nil || m.Record.Outcome != Waiting && m.Record.Outcome != Held {
		return 0
	}
	return m.Record.Tries
}

// rest is how long a mail is to be left alone after that many attempts.
func rest(alone int) time.Duration {
	if alone < 2 {
		return 0
	}
	return min(time.Minute<<(alone-2), time.Hour)
}

// rested reports whether a mail that failed may be tried again.
func (p *pass) rested(mail *Mail) (why error, ok bool) {
	if f := p.c.memory.failures[mail.ID]; f != nil {
		return f.err, !now().Before(f.next)
	}
	if n := mail.tries(); n > 0 && mail.Record.Reason != "" && now().Before(mail.Record.At.Add(rest(n))) {
		return errors.New(mail.Record.Reason), now().Before(mail.Record.At.Add(-time.Minute)) // or its clock is wrong
	}
	return nil, true
}

// putRight writes on mails that were tried how many attempts count: those whose
// end was seen count if they failed alone.
func (p *pass) putRight(ctx context.Context) {
	if p.c.opts.DryRun || p.importing {
		return
	}
	var marks []Mark
	for _, mail := range p.ended {
		tries, why := max(0, mail.tries()-1), ""
		if f := p.c.memory.failures[mail.ID]; f != nil {
			tries, why = f.alone, f.err.Error()
		}
		if tries == mail.tries() || mail.Record.ticketed() {
			continue
		}
		m := p.undone(mail)
		m.Record.Tries, m.Record.Reason = tries, why
		marks = append(marks, m)
	}
	if len(marks) == 0 {
		return
	}
	for i, err := range p.c.mailbox.Label(ctx, marks) {
		if err != nil && !errors.Is(err, ErrDone) && !errors.Is(err, ErrNotFound) {
			p.c.log().WarnContext(ctx, "an attempt could not be noted", "mail", marks[i].ID, "error", err)
		}
	}
}
