package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The categories that processed mail carries, as Zendesk's own connector
// names them ("About the Microsoft Exchange connector").
const (
	LabelProcessed = "Zendesk"
	LabelRejected  = "RejectedByZendesk"
)

// LabelHeld is the category of mail that waits for a person; Zendesk's own
// connector has none, since its suspended mail is in Zendesk.
const LabelHeld = "ZendeskHeld"

// Labels names the Outlook categories that Ingest puts on mail. People see
// them; a mail that carries Processed is never looked at again, and one that
// carries Held not until that is taken away. The zero value stands for the
// names above.
type Labels struct {
	Processed string // on every mail that was processed; default LabelProcessed
	Rejected  string // as well, on mail that could not be imported; default LabelRejected
	Held      string // on mail that waits for a person and stays unread; default LabelHeld
}

func (l Labels) withDefaults() Labels {
	if l.Processed == "" {
		l.Processed = LabelProcessed
	}
	if l.Rejected == "" {
		l.Rejected = LabelRejected
	}
	if l.Held == "" {
		l.Held = LabelHeld
	}
	return l
}

// distinct reports whether the names differ, in Exchange's eyes: it does not
// tell categories apart by case.
func (l Labels) distinct() bool {
	return !strings.EqualFold(l.Processed, l.Rejected) && !strings.EqualFold(l.Processed, l.Held) && !strings.EqualFold(l.Rejected, l.Held)
}

// Outcome is what became of a mail.
type Outcome string

const (
	// Created means that the mail became a ticket.
	Created Outcome = "ticket"
	// Commented means that the mail became a comment on a ticket.
	Commented Outcome = "comment"
	// Noted means that the mail, which nobody wrote, became a quiet private
	// note on the ticket that it is about.
	Noted Outcome = "note"
	// Held means that the mail waits in the Inbox for a person; the reason
	// says why, and Release lets it go on.
	Held Outcome = "held"
	// Duplicate means that another copy of the same mail already is a ticket or
	// comment: same Message-ID and same content.
	Duplicate Outcome = "duplicate"
	// Rejected means that the mail can never become a ticket; the reason says why.
	Rejected Outcome = "rejected"
	// Relabelled means that the mail was a ticket already and only its label
	// had been taken away.
	Relabelled Outcome = "relabelled"
	// Waiting means that the mail is as it was before: the next pass tries again.
	Waiting Outcome = "waiting"
	// Sent is in the Record of a notification that left through the mailbox: its
	// ticket is the notification's, and an answer to it belongs there.
	Sent Outcome = "sent"
	// Gone means that the mail left the mailbox between listing and opening.
	Gone Outcome = "gone"
)

// Record is what is written on a mail beside the category, where people do not
// see it: the memory of the connector. The one that ends its processing is
// written in one step with the category.
type Record struct {
	Account string    `json:"account,omitempty"` // of the Desk
	Mail    string    `json:"mail"`              // hash of the mail's place: no sender can know it
	Outcome Outcome   `json:"outcome"`           // never Relabelled or Gone
	Ticket  int64     `json:"ticket,omitempty"`  // of a mail that is Waiting or Held, the one that it was to be added to
	Comment int64     `json:"comment,omitempty"`
	Verdict string    `json:"verdict,omitempty"` // as in Result; of a mail that is Waiting, what was begun
	Reason  string    `json:"reason,omitempty"`
	Digest  string    `json:"digest,omitempty"` // Message.Digest
	At      time.Time `json:"at,omitzero"`      // of a mail that is Waiting, since when something may have come of it
	Tries   int       `json:"tries,omitempty"`  // attempts that count, of a mail that is Waiting or was released
}

// record begins a record on a mail.
func (c *Connector) record(mail string, o Outcome) Record {
	return Record{Account: c.account(), Mail: c.place(mail), Outcome: o, At: now().UTC().Truncate(time.Second)}
}

// place is a hash of where a mail is.
func (c *Connector) place(mail string) string { return hash(c.mailbox.Address(), mail)[:16] }

// own forgets a record that is not the mail's: one that came along with a copy,
// or that its sender made up.
func (c *Connector) own(m *Mail) *Mail {
	if r := m.Record; r != nil && (r.Mail != c.place(m.ID) || r.Account != c.account()) {
		m.Record = nil
	}
	return m
}

// ticketed reports whether the mail already led to a ticket.
func (r *Record) ticketed() bool {
	return r != nil && r.Ticket != 0 &&
		(r.Outcome == Created || r.Outcome == Duplicate || r.Outcome == Commented || r.Outcome == Noted)
}

// mark is what a finished mail gets.
func (p *pass) mark(res *Result) Mark {
	l := p.c.labels()
	res.Labels = []string{l.Processed}
	m := Mark{ID: res.Mail.ID, Record: p.c.record(res.Mail.ID, res.Outcome)}
	m.Record.Ticket, m.Record.Comment, m.Record.Verdict, m.Record.Reason = res.Ticket, res.Comment, res.Verdict, res.Reason
	m.Without = []string{l.Rejected, l.Held} // of earlier tries
	switch res.Outcome {
	case Rejected:
		res.Labels, m.Without = append(res.Labels, l.Rejected), []string{l.Held}
		m.Unless = l.Processed // a ticket that another process was granted outweighs the refusal
	case Held:
		res.Labels, m.Without, m.Flag, m.Unless = []string{l.Held}, []string{l.Rejected}, Keep, l.Processed
		if r := res.Mail.Record; r != nil {
			m.Record.Ticket = r.Ticket // it may be there
		}
	case Relabelled:
		m.Record = *res.Mail.Record // still true
	}
	if res.Message != nil {
		m.Record.Digest = res.Message.Digest()
	}
	m.Categories = res.Labels
	return m
}

// labelLate writes the labels that an earlier pass could not write. Where that
// fails again, the mail is listed and its ticket is found anew.
func (p *pass) labelLate(ctx context.Context) {
	late := p.c.memory.unlabelled
	p.c.memory.unlabelled = nil
	// What is old may not be true any more: people do something with mail.
	late = slices.DeleteFunc(late, func(l pending) bool { return now().Sub(l.mark.Record.At) > doubtLife })
	if len(late) == 0 {
		return
	}
	marks := make([]Mark, len(late))
	for i := range late {
		marks[i] = late[i].mark
	}
	for i, err := range p.c.mailbox.Label(ctx, marks) {
		if err == nil {
			res := *late[i].result // which was told of as it was
			res.Labels, res.Err = marks[i].Categories, nil
			p.see(res.Mail)
			p.publish(&res)
		}
	}
}

// label writes what is pending. A mail that cannot be labelled keeps its
// ticket; the next pass finds the ticket and labels the mail. Unless it is the
// last call, what the end of ctx prevented stays pending.
func (p *pass) label(ctx context.Context, last bool) {
	if len(p.pending) == 0 || !last && ctx.Err() != nil {
		return
	}
	marks := make([]Mark, len(p.pending))
	for i := range p.pending {
		marks[i] = p.pending[i].mark
	}
	end := p.c.step("label", "")
	errs := p.c.mailbox.Label(ctx, marks)
	end(0, "", errors.Join(errs...))
	interrupted := p.pending[:0]
	for i, done := range p.pending {
		res, err := done.result, errs[i]
		switch {
		case err == nil:
		case !last && ctx.Err() != nil:
			interrupted = append(interrupted, done)
			continue
		case errors.Is(err, ErrNotFound):
			res.Labels = nil // deleted or moved away meanwhile: nothing left to label
		case errors.Is(err, ErrDone):
			res.Outcome, res.Labels, res.Reason = Gone, nil, "another process has finished it"
		default:
			if !p.importing && res.Ticket != 0 {
				p.c.memory.unlabelled = append(p.c.memory.unlabelled, done)
			}
			res.Labels, res.Err = nil, fmt.Errorf("not labelled: %w", err)
			p.c.log().WarnContext(ctx, "a mail could not be labelled", "mail", res.Mail.ID, "error", err)
		}
		p.publish(res)
	}
	p.pending, p.held = interrupted, 0
}
