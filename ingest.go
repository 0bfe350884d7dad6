package exdesk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// labelEvery is how many mails are labelled at once: what Graph takes in
	// a batch.
	labelEvery = 20
	// tries is how often one pass tries a mail.
	tries = 3
	// patience is the longest pause between two tries. A service that asks for
	// more is left alone until the next pass.
	patience = time.Minute
	// hopeless is how many mails in a row may fail before a pass ends: then it
	// is not the mails.
	hopeless = 10
	// grace is how long the labels of finished mails may take to write when
	// ctx has ended.
	grace = 15 * time.Second
)

// Ingest makes one pass over the Inbox: every mail that is unread and not
// labelled yet becomes a ticket, or is rejected, and is labelled.
//
// Nothing is written before a ticket exists, and the label is written last, so
// Ingest may be stopped or killed at any point and called again by anybody:
// each mail becomes one ticket. Trouble with one mail leaves it for the next
// pass and does not stop the others; it is in the Report. The error is for
// what stopped the pass itself, and the Report is then of what was done until
// then. Calls on one Connector wait for each other.
func (c *Connector) Ingest(ctx context.Context) (*Report, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return &Report{}, context.Cause(ctx)
	}
	p := &pass{c: c, report: new(Report), listed: make(map[string]bool)}
	err := p.run(ctx)

	// What became a ticket should say so even if the caller is in a hurry.
	labelling, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if ctx.Err() == nil {
		labelling = ctx
	}
	p.label(labelling, true)
	c.memory.prune(p.listed, time.Now())
	if ctx.Err() == nil {
		c.passed(p.report, err)
	}
	if err != nil {
		return p.report, fmt.Errorf("exdesk: ingest: %w", err)
	}
	return p.report, nil
}

// pass is one Ingest under way.
type pass struct {
	c       *Connector
	report  *Report
	listed  map[string]bool // ids of the mails that were listed
	pending []pending       // finished but not labelled
	failed  int             // mails in a row that failed
}

type pending struct {
	mark   Mark
	result *Result
}

func (p *pass) run(ctx context.Context) error {
	var late []*Mail // mails that failed before: they must not stand in the way of others
	for mail, err := range p.c.mailbox.Unread(ctx) {
		if err != nil {
			return err
		}
		if mail.HasCategory(p.c.opts.Labels.Processed) {
			continue
		}
		p.listed[mail.ID] = true
		if p.c.memory.failed(mail.ID) {
			late = append(late, mail)
			continue
		}
		if err := p.take(ctx, mail); err != nil {
			return err
		}
	}
	for _, mail := range late {
		if err := p.take(ctx, mail); err != nil {
			return err
		}
	}
	return nil
}

// take processes one mail. Its error ends the pass.
func (p *pass) take(ctx context.Context, mail *Mail) error {
	res, err := p.try(ctx, mail)
	if ctxErr := ctx.Err(); ctxErr != nil && err != nil {
		return context.Cause(ctx) // the mail was interrupted, not at fault
	}
	res.Mail = mail
	switch {
	case err == nil:
		p.failed = 0
		p.c.memory.done(mail.ID)
	case errors.Is(err, ErrNotFound) && res.Outcome == Gone:
		p.failed = 0
	default:
		res.Outcome, res.Err = Waiting, err
		p.failed++
		p.c.memory.fail(mail.ID)
		p.c.log.WarnContext(ctx, "a mail waits for the next pass", "mail", mail.ID, "error", err)
	}
	if res.Outcome == Waiting || res.Outcome == Gone {
		p.publish(res)
		switch {
		case errors.Is(err, ErrAuth):
			return err
		case p.failed >= hopeless:
			return fmt.Errorf("%d mails in a row failed, the last with: %w", p.failed, err)
		}
		return nil
	}
	p.pending = append(p.pending, pending{p.mark(res), res})
	if len(p.pending) >= labelEvery {
		p.label(ctx, false)
	}
	return nil
}

// try brings one mail to an outcome, in a few tries when services stumble.
// With an error, the outcome is Gone or not known yet.
func (p *pass) try(ctx context.Context, mail *Mail) (*Result, error) {
	for n := 1; ; n++ {
		res, err := p.process(ctx, mail)
		var no *rejection
		if errors.As(err, &no) {
			res.Outcome, res.Reason = Rejected, no.reason
			return res, nil
		}
		if err == nil || n == tries || !errors.Is(err, ErrTemporary) || p.failed > 0 {
			return res, err
		}
		wait := time.Second << (n - 1)
		wait = wait/2 + rand.N(wait)
		if asked, ok := RetryAfter(err); ok {
			wait = asked
		}
		if wait > patience || sleep(ctx, wait) != nil {
			return res, err
		}
	}
}

// process tries one mail once.
func (p *pass) process(ctx context.Context, mail *Mail) (*Result, error) {
	res := new(Result)
	if mail.Record.ticketed(p.c.account) {
		// A person took the label away. The mail was imported all the same,
		// unless its ticket is no more.
		switch _, err := p.c.desk.Ticket(ctx, mail.Record.Ticket); {
		case err == nil:
			res.Outcome, res.Ticket = Relabelled, mail.Record.Ticket
			return res, nil
		case !errors.Is(err, ErrNotFound):
			return res, err
		}
	}
	if most := p.c.opts.MaxBytes; most > 0 && mail.Size > most {
		slot, err := p.reserve(ctx) // a rejection counts like a mail that was opened
		if err != nil {
			return res, err
		}
		slot.Commit()
		return res, tooLarge(mail.Size, most)
	}
	return res, p.importMail(ctx, mail, res)
}

// importMail opens a mail, reads it and makes its ticket.
func (p *pass) importMail(ctx context.Context, mail *Mail, res *Result) error {
	var seen sighting
	if p.doubted(mail) {
		// The desk may have the mail already. Ask before anything is uploaded:
		// the files of a duplicate would be uploaded for nothing.
		at := time.Now()
		tickets, err := p.c.desk.Find(ctx, externalID(mail.messageID()))
		if err != nil {
			return err
		}
		if seen.at = at; len(tickets) > 0 {
			msg, err := p.open(ctx, mail, nil, res)
			if err != nil {
				return err
			}
			id := p.identify(mail, msg)
			if seen, err = p.look(ctx, &id); err != nil {
				return err
			}
			if seen.ticket != nil {
				p.settle(&seen, &id, res)
				return nil
			}
		}
	}
	msg, err := p.open(ctx, mail, p.c.desk, res)
	if err != nil {
		return err
	}
	id := p.identify(mail, msg)
	t, err := p.c.compose(ctx, msg, &id)
	if err != nil {
		return err
	}
	return p.create(ctx, &id, t, seen, res)
}

// doubted reports whether the desk may have the mail although the mail does
// not say so, for all that can be told before it is read.
func (p *pass) doubted(mail *Mail) bool {
	id := p.identify(mail, new(Message))
	return p.forgotten(&id) || p.c.memory.met(&id) || p.c.memory.doubt(&id) != nil
}

// open fetches a mail and reads it, its files to the desk.
func (p *pass) open(ctx context.Context, mail *Mail, desk Desk, res *Result) (*Message, error) {
	slot, err := p.reserve(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.c.mailbox.Open(ctx, mail.ID)
	slot.Commit() // a failure counts: the service counts it too
	switch {
	case errors.Is(err, ErrNotFound):
		res.Outcome = Gone
		return nil, err
	case errors.Is(err, ErrRefused):
		return nil, rejectf("the mailbox cannot produce the mail: %s", reason(err))
	case err != nil:
		return nil, err
	}
	defer body.Close()
	msg, err := read(ctx, body, p.c.opts.MaxBytes, desk)
	res.Message = msg
	return msg, err
}

// reserve waits until one more mail may be fetched.
func (p *pass) reserve(ctx context.Context) (Reservation, error) {
	for {
		slot, err := p.c.opts.Limiter.Reserve(ctx, p.c.mailbox.Address(), Cost{Messages: 1})
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Until.IsZero() {
			return slot, err
		}
		p.label(ctx, false) // nobody should wait for a label because of other mails
		if err := sleep(ctx, time.Until(limit.Until)); err != nil {
			return nil, err
		}
	}
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
	p.pending = interrupted
}

func (p *pass) publish(res *Result) {
	if p.c.opts.OnResult != nil {
		p.c.opts.OnResult(res)
	}
	res.Message = nil // a report of many mails must not hold their texts
	p.report.Results = append(p.report.Results, res)
}
