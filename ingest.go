package exdesk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
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
// labelled yet becomes a ticket or a comment, or is rejected or held, and is
// labelled.
//
// Before a mail is added to a ticket, or tried once more, that is noted on it; its
// label is written last. So Ingest may be stopped or killed at any point and
// called again by anybody: each mail becomes one ticket or one comment. Trouble with one mail leaves it for the next
// pass and does not stop the others; it is in the Report. The error is for
// what stopped the pass itself, and the Report is then of what was done until
// then. Calls on one Connector wait for each other.
func (c *Connector) Ingest(ctx context.Context) (*Report, error) {
	if c.desk == nil {
		return nil, errNoDesk
	}
	return c.pass(ctx, "ingest", func(p *pass) error { return p.run(ctx) })
}

// pass does work with the mailbox to itself, and labels what was finished.
func (c *Connector) pass(ctx context.Context, name string, work func(*pass) error) (*Report, error) {
	if err := c.lock(ctx); err != nil {
		return &Report{}, err
	}
	defer c.unlock()
	if c.memory == nil {
		c.memory = new(memory)
	}
	p := &pass{c: c, report: new(Report), begin: now()}
	end := c.step(name, "")
	err := work(p)

	p.short = err != nil || ctx.Err() != nil
	if len(p.pending)+len(p.suspects)+len(p.ended) > 0 {
		p.end(ctx)
	}
	if err == nil {
		err = p.account
	}
	if p.whole && (err == nil || errors.Is(err, ErrDamaged)) {
		c.memory.prune(p.listed, now())
		p.advance()
	}
	c.passed(p, err, ctx.Err() == nil)
	if c.memory.empty() {
		c.memory = nil
	}
	end(0, "", err)
	if n := len(p.report.Results); n > 0 {
		c.log().InfoContext(ctx, name, "mails", n, "summary", p.report.String(), "took", now().Sub(p.begin).Round(time.Millisecond))
	}
	if err != nil {
		return p.report, fmt.Errorf("exdesk: %s: %w", name, err)
	}
	return p.report, nil
}

// end writes on the mails what became of them.
func (p *pass) end(ctx context.Context) {
	// What became a ticket should say so even if the caller is in a hurry, now
	// or in the middle of it.
	labelling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	p.acquit(labelling)
	p.label(labelling, true)
	if ctx.Err() == nil && p.passed > 0 && len(p.failing) <= few {
		for _, mail := range p.failing {
			p.c.memory.failedAlone(mail)
		}
	}
	p.putRight(labelling)
}

// pass is one Ingest or Import under way.
type pass struct {
	c         *Connector
	importing bool
	report    *Report
	listed    map[string]bool // ids of the mails that were listed
	whole     bool            // whether that was all of them
	begin     time.Time
	newest    time.Time // when the newest of them was received
	queues    queues
	pending   []pending // finished but not labelled
	held      int       // octets of their texts
	passed    int       // mails that both services were content with
	failed    int       // mails in a row that failed
	last      error     // the error of the last of them
	failing   []string  // ids of all that failed
	ended     []*Mail   // mails that were tried and are not done

	foreseen map[string]string // of a dry run: digests of mails that would be tickets, by Message-ID

	suspects []*Result       // refused, all for one reason
	senders  map[string]bool // whose mails they are
	proven   bool            // that the desk takes tickets
	short    bool            // the pass was cut short before that was clear
	account  error           // that it refuses them all alike
}

type pending struct {
	mark   Mark
	result *Result
}

func (p *pass) run(ctx context.Context) error {
	var again []*Mail // mails that failed before, and those that come after them
	var rest []*Mail  // mails behind too many that failed
	var damage error
listing:
	for mail, err := range p.inbox(ctx) {
		if errors.Is(err, ErrDamaged) {
			damage = err // which does not concern the others
			break
		}
		if err != nil {
			return err
		}
		if p.c.own(mail); mail.HasCategory(p.c.labels().Processed) || mail.HasCategory(p.c.labels().Held) {
			continue
		}
		p.see(mail)
		p.queues.add(mail)
		if mail.Received.After(p.newest) {
			p.newest = mail.Received
		}
		switch {
		case p.c.memory.failures[mail.ID] != nil || mail.tries() > 0 || !p.queues.first(mail):
			again = append(again, mail) // they must not stand in the way of others
		case p.failed >= hopeless || p.blocked():
			if rest = append(rest, mail); len(rest) == reach {
				break listing
			}
		default:
			if err := p.take(ctx, mail); err != nil {
				return err
			}
		}
	}
	p.whole = len(rest) < reach
	// The newest first, which are the least likely to be bad for the same
	// reason; and those that failed before in another order each time.
	slices.Reverse(rest)
	if len(again) > 0 {
		n := int(jitter.N(time.Duration(len(again)), again[0].ID))
		again = append(again[n:], again[:n]...)
	}
	for todo := append(rest, again...); len(todo) > 0; {
		var behind []*Mail // others of their conversations come first
		for i, mail := range todo {
			switch {
			case p.blocked() && len(p.suspects) >= hopeless+newest:
				p.leave(append(behind, todo[i:]...), errAccount)
				return damage
			case p.failed >= hopeless+newest && p.passed == 0:
				return p.hopeless()
			case p.failed >= hopeless+newest:
				p.leave(append(behind, todo[i:]...), p.last)
				return damage
			case !p.queues.first(mail):
				behind = append(behind, mail)
			default:
				if err := p.take(ctx, mail); err != nil {
					return err
				}
			}
		}
		if len(behind) == len(todo) {
			p.leave(behind, errBehind)
			break
		}
		todo = behind
	}
	if p.failed >= hopeless && p.passed == 0 {
		return p.hopeless()
	}
	return damage
}

// see notes that a mail was listed.
func (p *pass) see(mail *Mail) {
	if p.listed == nil {
		p.listed = make(map[string]bool)
	}
	p.listed[mail.ID] = true
}

// leave lets mails wait that were not tried.
func (p *pass) leave(mails []*Mail, why error) {
	for _, mail := range mails {
		p.publish(&Result{Mail: mail, Outcome: Waiting, Err: why})
	}
}

func (p *pass) hopeless() error {
	return fmt.Errorf("%d mails in a row failed, the last with: %w", p.failed, p.last)
}

// inbox lists what may be new.
func (p *pass) inbox(ctx context.Context) iter.Seq2[*Mail, error] {
	if since := p.c.opts.Since; !since.IsZero() {
		if !p.c.anew.Swap(false) && p.c.memory.resumes(since, p.begin) {
			since = p.c.memory.seen
		} else {
			p.c.memory.swept = time.Time{}
		}
		return p.c.mailbox.(Archive).Since(ctx, since)
	}
	return p.c.mailbox.Unread(ctx)
}

// late is how much later than another a mail may turn up that is older.
const late = 10 * time.Minute

// advance notes up to when all mail is done, so that the next pass need not
// list it.
func (p *pass) advance() {
	if p.c.opts.Since.IsZero() {
		return
	}
	m := p.c.memory
	if !m.resumes(p.c.opts.Since, p.begin) {
		m.swept = p.begin
	}
	if p.newest.IsZero() {
		return
	}
	if m.seen = p.newest; m.seen.After(p.begin) {
		m.seen = p.begin // its clock is ahead
	}
	m.seen = m.seen.Add(-late)
	for _, r := range p.report.Results {
		if !r.final() && r.Mail.Received.Before(m.seen) {
			m.seen = r.Mail.Received
		}
	}
}

// take processes one mail. Its error ends the pass.
func (p *pass) take(ctx context.Context, mail *Mail) error {
	if why, ok := p.rested(mail); !ok {
		p.leave([]*Mail{mail}, why)
		return nil
	}
	end := p.c.step("mail", mail.ID)
	res, err := p.try(ctx, mail)
	end(0, res.Outcome, err)
	if ctx.Err() != nil && err != nil {
		p.ended = append(p.ended, mail)
		return context.Cause(ctx) // the mail was interrupted, not at fault
	}
	res.Mail = mail
	var no *refusal
	var wait *later
	switch {
	case errors.As(err, &no):
		p.failed = 0
		p.suspect(ctx, res, no)
		return nil
	case err == nil:
		p.finish(ctx, res)
		return nil
	case errors.Is(err, ErrNotFound) && res.Outcome == Gone:
		p.failed = 0
		p.queues.done(mail)
	case errors.Is(err, errBehind):
		res.Outcome, res.Err = Waiting, err
		p.ended = append(p.ended, mail)
	case errors.As(err, &wait):
		res.Outcome, res.Err = Waiting, err
		p.ended = append(p.ended, mail)
		p.c.memory.postpone(mail, wait)
	default:
		p.wait(ctx, res, err)
	}
	p.publish(res)
	if errors.Is(err, ErrAuth) {
		return err
	}
	return nil
}

// finish takes note of a mail that has an outcome.
func (p *pass) finish(ctx context.Context, res *Result) {
	p.failed = 0
	p.c.memory.done(res.Mail.ID)
	p.queues.done(res.Mail)
	switch res.Outcome {
	case Created, Commented, Noted, Duplicate, Relabelled:
		p.passed++
	}
	if res.Outcome == Created && res.made {
		p.proven = true
		p.acquit(ctx)
	}
	if p.c.opts.DryRun {
		p.publish(res)
		return
	}
	p.pending = append(p.pending, pending{p.mark(res), res})
	if res.Message != nil {
		p.held += len(res.Message.Text) + len(res.Message.HTML)
	}
	if len(p.pending) >= labelEvery || p.held > holdTexts {
		p.label(ctx, false)
	}
}

// wait leaves a mail for the next pass.
func (p *pass) wait(ctx context.Context, res *Result, err error) {
	res.Outcome, res.Reason, res.Labels, res.Err = Waiting, "", nil, err
	p.failed, p.last = p.failed+1, err
	p.failing, p.ended = append(p.failing, res.Mail.ID), append(p.ended, res.Mail)
	p.c.memory.fail(res.Mail, err)
	p.c.log().WarnContext(ctx, "a mail waits for the next pass", "mail", res.Mail.ID, "error", err)
}

// errAccount is why mails wait that the desk refused: it is not the mails.
var errAccount = errors.New("the desk refuses every mail alike, so it is not the mails")

// suspect takes note of a mail that the desk refused. It is rejected once the
// desk has taken another one, or refused it for another reason, or when few
// senders are concerned: where it refuses whoever writes for one and the same
// reason, such as a field that the account requires, rejecting the whole Inbox
// would be wrong.
func (p *pass) suspect(ctx context.Context, res *Result, no *refusal) {
	res.Outcome, res.Reason = Rejected, "Zendesk refused the ticket: "+no.reason
	if len(p.suspects) > 0 && p.suspects[0].Reason != res.Reason {
		p.acquit(ctx)
	}
	if len(p.suspects) == 0 {
		p.senders = make(map[string]bool)
	}
	p.suspects = append(p.suspects, res)
	p.senders[strings.ToLower(res.Message.From.Address)] = true
	if p.proven {
		p.acquit(ctx)
	}
}

// blocked reports whether it is time to ask whether it is the account.
func (p *pass) blocked() bool {
	return !p.proven && len(p.suspects) >= hopeless && len(p.senders) >= unanimous
}

// acquit ends the suspicion: against the account when the desk has taken a mail
// or few are concerned, and against the mails otherwise.
func (p *pass) acquit(ctx context.Context) {
	suspects := p.suspects
	p.suspects = nil
	for _, res := range suspects {
		if p.proven || len(p.senders) < unanimous && !p.short {
			p.finish(ctx, res)
			continue
		}
		why := fmt.Errorf("%w: %s", errAccount, res.Reason)
		if len(p.senders) >= unanimous {
			p.account = why
		}
		res.Outcome, res.Reason, res.Err = Waiting, "", why
		p.ended = append(p.ended, res.Mail)
		p.publish(res)
	}
}
