package exdesk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// labelEvery is how many mails are labelled at once: what Graph takes in
	// a batch.
	labelEvery = 20
	// holdTexts is how much text of mails that are not labelled yet is held.
	holdTexts = 1 << 20
	// tries is how often one pass tries a mail.
	tries = 3
	// patience is the longest pause between two tries. A service that asks for
	// more is left alone until the next pass.
	patience = time.Minute
	// hopeless is how many mails in a row may fail before it is asked whether
	// it is the mails: then some of the newest are tried before a pass ends.
	hopeless = 10
	newest   = 3
	// reach is how many more mails are listed for that.
	reach = 10_000
	// unanimous is from how many senders mail must be refused in a row for one
	// and the same reason, for it to be the account and not the mails.
	unanimous = 5
	// leastWait keeps a limiter that is wrong about the time from spinning.
	leastWait = 100 * time.Millisecond
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

	// What became a ticket should say so even if the caller is in a hurry, now
	// or in the middle of it.
	labelling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	p.label(labelling, true)
	if err == nil {
		c.memory.prune(p.listed, now())
	}
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
	held    int             // octets of their texts
	failed  int             // mails in a row that failed
	last    error           // the error of the last of them

	refused string          // the reason of the last refusals in a row
	senders map[string]bool // whose mails were refused for it
}

type pending struct {
	mark   Mark
	result *Result
}

func (p *pass) run(ctx context.Context) error {
	var late []*Mail // mails that failed before: they must not stand in the way of others
	var rest []*Mail // mails behind too many that failed
	for mail, err := range p.c.mailbox.Unread(ctx) {
		if err != nil {
			return err
		}
		if mail.HasCategory(p.c.opts.Labels.Processed) {
			continue
		}
		p.listed[mail.ID] = true
		switch {
		case p.c.memory.failed(mail.ID):
			late = append(late, mail)
			continue
		case p.failed >= hopeless:
			rest = append(rest, mail)
		default:
			err = p.take(ctx, mail)
		}
		if err != nil {
			return err
		}
		if len(rest) == reach {
			break
		}
	}
	// The newest first, which are the least likely to be bad for the same
	// reason; and those that failed before in another order each time.
	slices.Reverse(rest)
	if len(late) > 0 {
		n := rand.IntN(len(late))
		late = append(late[n:], late[:n]...)
	}
	for _, mail := range append(rest, late...) {
		if p.failed >= hopeless+newest {
			break
		}
		if err := p.take(ctx, mail); err != nil {
			return err
		}
	}
	if p.failed >= hopeless {
		return fmt.Errorf("%d mails in a row failed, the last with: %w", p.failed, p.last)
	}
	return nil
}

// take processes one mail. Its error ends the pass.
func (p *pass) take(ctx context.Context, mail *Mail) error {
	res, err := p.try(ctx, mail)
	if ctx.Err() != nil && err != nil {
		return context.Cause(ctx) // the mail was interrupted, not at fault
	}
	res.Mail = mail
	var no *refusal
	if errors.As(err, &no) {
		err = p.refuse(res, no)
	} else {
		p.refused = ""
	}
	switch {
	case err == nil && p.c.opts.DryRun:
		p.failed = 0
	case err == nil:
		p.failed = 0
		p.c.memory.done(mail.ID)
		p.pending = append(p.pending, pending{p.mark(res), res})
		if res.Message != nil {
			p.held += len(res.Message.Text) + len(res.Message.HTML)
		}
		if len(p.pending) >= labelEvery || p.held > holdTexts {
			p.label(ctx, false)
		}
		return nil
	case errors.Is(err, ErrNotFound) && res.Outcome == Gone:
		p.failed = 0
	default:
		p.wait(ctx, res, err)
	}
	p.publish(res)
	if errors.Is(err, errAccount) || errors.Is(err, ErrAuth) {
		return err
	}
	return nil
}

// wait leaves a mail for the next pass.
func (p *pass) wait(ctx context.Context, res *Result, err error) {
	res.Outcome, res.Reason, res.Labels, res.Err = Waiting, "", nil, err
	p.failed, p.last = p.failed+1, err
	p.c.memory.fail(res.Mail.ID)
	p.c.log.WarnContext(ctx, "a mail waits for the next pass", "mail", res.Mail.ID, "error", err)
}

// errAccount ends a pass: what the desk refuses is not the mail.
var errAccount = errors.New("the desk refuses every mail alike, so it is not the mails")

// refuse rejects a mail that the desk refused, unless the desk refuses whoever
// writes for one and the same reason, such as a field that the account requires.
// Rejecting the whole Inbox for that would be wrong: then the mail, and those of
// the same reason that are not labelled yet, wait.
func (p *pass) refuse(res *Result, no *refusal) error {
	res.Outcome, res.Reason = Rejected, "Zendesk refused the ticket: "+no.reason
	if p.refused != no.reason {
		p.refused, p.senders = no.reason, make(map[string]bool)
	}
	if p.senders[strings.ToLower(res.Message.From.Address)] = true; len(p.senders) < unanimous {
		return nil
	}
	err := fmt.Errorf("%w: %s", errAccount, no.reason)
	p.pending = slices.DeleteFunc(p.pending, func(done pending) bool {
		if done.result.Reason != res.Reason {
			return false
		}
		done.result.Outcome, done.result.Reason, done.result.Labels, done.result.Err = Waiting, "", nil, err
		p.publish(done.result)
		return true
	})
	return err
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
		var often *repeated
		if err == nil || n == tries || !errors.Is(err, ErrTemporary) || errors.As(err, &often) || p.failed > 0 {
			return res, err // while mails fail in a row, each has one try
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
		switch t, err := p.c.desk.Ticket(ctx, mail.Record.Ticket); {
		case err == nil && mail.belongsTo(t):
			res.Outcome, res.Ticket = Relabelled, t.ID
			return res, nil
		case err == nil:
			mail.Record = nil // whoever wrote it, it is another mail's
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

// large is from what size on it is worth asking whether the desk has a mail
// before its files are uploaded.
const large = 256 << 10

// importMail opens a mail, reads it and makes its ticket.
func (p *pass) importMail(ctx context.Context, mail *Mail, res *Result) error {
	if p.c.opts.DryRun {
		return p.foresee(ctx, mail, res)
	}
	if early := p.identify(mail, new(Message)); mail.Size == 0 || mail.Size > large {
		if known, err := p.known(ctx, mail, &early, res); known || err != nil {
			return err
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
	return p.create(ctx, &id, t, res)
}

// foresee is importMail without the deed.
func (p *pass) foresee(ctx context.Context, mail *Mail, res *Result) error {
	msg, err := p.open(ctx, mail, nil, res)
	if err != nil {
		return err
	}
	id := p.identify(mail, msg)
	seen, err := p.look(ctx, &id)
	if err != nil {
		return err
	}
	if seen.ticket != nil {
		p.settle(&seen, &id, res)
		return nil
	}
	res.Outcome, res.MessageIDReused = Created, seen.reused
	return nil
}

// known settles a mail that the desk has already, without uploading anything:
// where that is possible at all, which can be told before the mail is read.
func (p *pass) known(ctx context.Context, mail *Mail, early *identity, res *Result) (bool, error) {
	if !p.forgotten(early) && !p.c.memory.met(early) && p.c.memory.doubt(early) == nil {
		return false, nil
	}
	if tickets, err := p.first(ctx, early); len(tickets) == 0 || err != nil {
		return false, err
	}
	msg, err := p.open(ctx, mail, nil, res)
	if err != nil {
		return false, err
	}
	id := p.identify(mail, msg)
	seen, err := p.look(ctx, &id)
	if err != nil || seen.ticket == nil {
		return false, err
	}
	p.settle(&seen, &id, res)
	return true, nil
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
	if msg.octets == 0 && mail.Size > 0 && isRejection(err) {
		return nil, fmt.Errorf("the mailbox sent nothing of a mail that has %d bytes: %w", mail.Size, ErrTemporary)
	}
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
		if err := sleep(ctx, max(time.Until(limit.Until), leastWait)); err != nil {
			return nil, err
		}
	}
}
