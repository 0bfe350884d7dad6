package exdesk

import (
	"context"
	"errors"
	"fmt"
)

// The categories that processed mail carries, as Zendesk's own connector
// names them ("About the Microsoft Exchange connector").
const (
	LabelProcessed = "Zendesk"
	LabelRejected  = "RejectedByZendesk"
)

// Labels names the Outlook categories that Ingest puts on mail. People see
// them; a mail that carries Processed is never looked at again. The zero value
// stands for the names above.
type Labels struct {
	Processed string // on every mail that was processed; default LabelProcessed
	Rejected  string // as well, on mail that could not be imported; default LabelRejected
}

func (l Labels) withDefaults() Labels {
	if l.Processed == "" {
		l.Processed = LabelProcessed
	}
	if l.Rejected == "" {
		l.Rejected = LabelRejected
	}
	return l
}

// Outcome is what became of a mail.
type Outcome string

const (
	// Created means that the mail became a ticket.
	Created Outcome = "ticket"
	// Duplicate means that another copy of the same mail already is a ticket:
	// same Message-ID and same content.
	Duplicate Outcome = "duplicate"
	// Rejected means that the mail can never become a ticket; the reason says why.
	Rejected Outcome = "rejected"
	// Relabelled means that the mail was a ticket already and only its label
	// had been taken away.
	Relabelled Outcome = "relabelled"
	// Waiting means that the mail is as it was before: the next pass tries again.
	Waiting Outcome = "waiting"
	// Gone means that the mail left the mailbox between listing and opening.
	Gone Outcome = "gone"
)

// Record is what Ingest writes on a mail beside the category, where people do
// not see it, in one step with the category: the memory of the connector.
type Record struct {
	Account string  `json:"account,omitempty"` // of the Desk
	Outcome Outcome `json:"outcome"`           // Created, Duplicate or Rejected
	Ticket  int64   `json:"ticket,omitempty"`
	Reason  string  `json:"reason,omitempty"` // of a rejection
	Digest  string  `json:"digest,omitempty"` // Message.Digest
}

// ticketed reports whether the mail already led to a ticket of that account.
func (r *Record) ticketed(account string) bool {
	return r != nil && r.Account == account && r.Ticket != 0 && (r.Outcome == Created || r.Outcome == Duplicate)
}

// mark is what a finished mail gets.
func (p *pass) mark(res *Result) Mark {
	res.Labels = []string{p.c.opts.Labels.Processed}
	m := Mark{ID: res.Mail.ID, Record: Record{Account: p.c.account, Outcome: res.Outcome, Ticket: res.Ticket, Reason: res.Reason}}
	switch {
	case res.Outcome == Rejected:
		res.Labels = append(res.Labels, p.c.opts.Labels.Rejected)
	case res.Outcome == Relabelled:
		m.Record = *res.Mail.Record // still true
	}
	if res.Outcome != Rejected {
		m.Without = []string{p.c.opts.Labels.Rejected} // of an earlier try
	}
	if res.Message != nil {
		m.Record.Digest = res.Message.Digest()
	}
	m.Categories = res.Labels
	return m
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
	errs := p.c.mailbox.Label(ctx, marks)
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
		default:
			res.Labels, res.Err = nil, fmt.Errorf("not labelled: %w", err)
			p.c.log.WarnContext(ctx, "a mail could not be labelled", "mail", res.Mail.ID, "error", err)
		}
		p.publish(res)
	}
	p.pending, p.held = interrupted, 0
}
