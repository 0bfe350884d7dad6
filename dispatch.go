package exdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
)

const (
	// unheard is how long a draft is left alone that may be on its way: the
	// answer was lost, and the draft is still to be seen.
	unheard = 30 * time.Second
	// longestLook bounds the pause between two looks at what became of a mail.
	longestLook = 30 * time.Second
	// longestResolve is for how long one call looks at what became of a mail while
	// no look succeeds.
	longestResolve = 10 * time.Minute
	// lastMinute is how long before its end a claim is not used any more, so that
	// what was begun has ended by then.
	lastMinute = time.Minute
	// mostSends is how often one call sends one draft.
	mostSends = 3
	// quotaPause is how long nothing is sent after Exchange said that a quota is
	// used up, when it does not say for how long: its windows are of a day.
	quotaPause = time.Hour
	// encoded64 is how much of a mail is sent as base64, and so weighs four
	// thirds of itself: what fits into one request to Graph.
	encoded64 = 4_000_000
)

// dispatch is one letter on its way.
type dispatch struct {
	c     *Connector
	box   Outbox
	l     *letter
	r     *Receipt
	id    string    // of the draft
	sent  time.Time // when the draft may last have been sent; zero if it was not
	doubt bool      // nobody knows what came of that, and the draft was not seen since
	use   ClaimUse
	spent bool // the mailbox may have been charged for it
}

// progress is how a letter stands: it has left, or there is a draft of it, or
// neither.
type progress struct {
	left  bool
	draft *Copy
}

// dispatch sends one letter, unless that was done before.
func (c *Connector) dispatch(ctx context.Context, box Outbox, l *letter) (*Receipt, error) {
	d := &dispatch{c: c, box: box, l: l}
	d.r = &Receipt{Key: l.Notification, Ticket: l.ticket, Recipients: l.Recipients, Bytes: l.Size(), Name: l.name}
	if p, ok := c.relay().Limiter.(peeker); ok {
		if no := p.peek(c.mailbox.Address(), d.cost()); no != nil && no.Until.IsZero() {
			return nil, no // whatever became of it before, it did not leave
		}
	}
	claim, err := c.relay().Claimer.Claim(ctx, c.mailbox.Address(), l.Key)
	if err != nil {
		return nil, err
	}
	defer func() { claim.Release(d.use) }()
	k := c.relay().sendings.get(l.Key)
	if d.id, d.sent, d.doubt = k.id, k.sent, k.doubt; k.done || claim.Sent {
		d.use, d.r.Already = ClaimSent, true
		d.r.ID, d.r.MessageID, d.r.Ticket, d.r.Unseen = k.id, k.messageID, cmp.Or(k.ticket, d.r.Ticket), k.unseen
		return d.r, nil
	}
	if !claim.Until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, claim.Until.Add(-lastMinute), errClaimEnds)
		defer cancel()
	}
	left, err := d.run(ctx, claim.Before)
	if left {
		d.use = ClaimSent
	}
	c.relay().sendings.put(l.Key, sending{done: left, id: d.id, sent: d.sent, doubt: d.doubt, messageID: d.r.MessageID, ticket: d.r.Ticket, unseen: d.r.Unseen})
	if !left {
		return nil, err
	}
	return d.r, err
}

var errClaimEnds = fmt.Errorf("exdesk: the claim to the notification ends: %w", ErrTemporary)

// errMoved is that a draft is not as it was a moment ago.
var errMoved = fmt.Errorf("exdesk: somebody else is at the draft of the notification: %w", ErrTemporary)

// run brings the letter out, and reports whether it has left, now or before.
// before is when somebody else may last have sent it.
func (d *dispatch) run(ctx context.Context, before time.Time) (left bool, err error) {
	p, err := d.look(ctx, before)
	if err != nil || p.left {
		d.r.Already = p.left
		return p.left, err
	}
	d.findTicket(ctx)
	begin := time.Now()
	slot, err := d.c.relay().Limiter.Reserve(ctx, d.c.mailbox.Address(), d.cost())
	d.r.Waited = time.Since(begin)
	if err != nil {
		return false, err
	}
	// Given back unless the server may have counted it.
	defer func() {
		if d.spent {
			slot.Commit()
		}
		slot.Cancel()
	}()
	p, err = d.draft(ctx, p.draft)
	if errors.Is(err, ErrDone) { // by a person, or whoever was there before
		d.sent, d.doubt = time.Now(), true
		p, err = d.resolve(ctx)
		if err == nil && !p.left {
			err = errMoved
		}
	}
	if err != nil || p.left {
		d.r.Already = p.left
		return p.left, err
	}
	return d.send(ctx)
}

func (d *dispatch) cost() Cost {
	bytes := d.l.Size()
	return Cost{Messages: 1, Bytes: bytes + (min(bytes, encoded64)+2)/3, Recipients: len(d.l.Recipients)}
}

// look finds out how the letter stands. That there is nothing of it is believed
// only when the mailbox must show what was sent before.
func (d *dispatch) look(ctx context.Context, before time.Time) (progress, error) {
	if !d.sent.IsZero() { // by an earlier call, and nobody knows
		return d.resolve(ctx)
	}
	settled := before
	switch {
	case d.l.Probe: // under a key that nobody had before
		settled = time.Time{}
	case !before.IsZero():
		settled = before.Add(d.c.relay().Settle)
	}
	for {
		copies, err := d.box.Copies(ctx, &d.l.Letter, d.id)
		if err != nil {
			return progress{}, err
		}
		if d.seen(copies) {
			return progress{left: true}, nil
		}
		begun := first(copies)
		if begun != nil && begun.Record != nil && time.Since(begun.Record.At) < unheard {
			// Somebody died, or lost an answer, at the moment of sending it.
			d.id, d.sent, d.doubt = begun.ID, begun.Record.At, true
			return d.resolve(ctx)
		}
		if begun != nil || !time.Now().Before(settled) {
			return progress{draft: begun}, nil
		}
		if tooLate(ctx, settled) {
			return progress{}, &unsettled{settled}
		}
		// What shows meanwhile is the better answer. All that were handed in before
		// wait for the same moment, and need not come at once.
		if err := sleep(ctx, min(time.Until(settled), longestLook)+jitter.N(time.Second, d.l.Key)); err != nil {
			return progress{}, err
		}
	}
}

// first returns the draft that wins: every process must come to the same one.
func first(copies []*Copy) *Copy {
	drafts := slices.DeleteFunc(slices.Clone(copies), func(c *Copy) bool { return !c.Draft })
	if len(drafts) == 0 {
		return nil
	}
	return slices.MinFunc(drafts, func(a, b *Copy) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
}

// seen notes which of the copies has left, if any.
func (d *dispatch) seen(copies []*Copy) bool {
	i := slices.IndexFunc(copies, func(c *Copy) bool { return !c.Draft })
	if i < 0 {
		return false
	}
	d.id = copies[i].ID
	d.r.ID, d.r.MessageID = copies[i].ID, copies[i].MessageID
	if r := copies[i].Record; r != nil {
		d.r.Ticket = cmp.Or(r.Ticket, d.r.Ticket)
	}
	return true
}

// draft makes or finishes the draft, marks it as about to be sent, and looks
// again: whoever else was at it may have made one as well.
func (d *dispatch) draft(ctx context.Context, begun *Copy) (progress, error) {
	d.use = ClaimUsed
	for {
		if begun != nil && !d.l.GoesTo(begun.Recipients) { // an earlier attempt was for others
			switch err := d.box.Discard(ctx, &d.l.Letter, begun.ID); {
			case errors.Is(err, ErrNotFound):
				return progress{}, errMoved // by whom, the next look tells
			case err != nil:
				return progress{}, err // also if it was sent, which is looked into
			}
			begun = nil
		}
		kept, err := d.box.Draft(ctx, &d.l.Letter, begun)
		if err != nil {
			return progress{}, err
		}
		if err := d.accept(ctx, kept); err != nil {
			return progress{}, err
		}
		r := d.c.record(kept.ID, Sent)
		r.Ticket = d.r.Ticket
		copies, err := d.box.Ready(ctx, &d.l.Letter, kept.ID, r)
		if err != nil {
			return progress{}, err
		}
		all := copies
		if !slices.ContainsFunc(copies, func(k *Copy) bool { return k.ID == kept.ID }) {
			all = append(slices.Clone(copies), kept) // the store shows it late
		}
		won := first(all)
		left := d.seen(copies)
		for _, other := range all {
			if !other.Draft || !left && other.ID == won.ID {
				continue
			}
			switch err := d.box.Discard(ctx, &d.l.Letter, other.ID); {
			case errors.Is(err, ErrDone), errors.Is(err, ErrNotFound):
				return progress{}, ErrDone // it is looked into
			case err != nil:
				return progress{}, err
			}
		}
		if left || won.ID == kept.ID {
			return progress{left: left, draft: kept}, nil
		}
		begun = won
	}
}

// accept looks at what the mailbox has made of the letter.
func (d *dispatch) accept(ctx context.Context, kept *Copy) error {
	d.id = kept.ID
	d.r.ID, d.r.MessageID, d.r.Fields = kept.ID, kept.MessageID, slices.Clone(kept.Fields)
	err := d.lost()
	if err == nil && !d.l.GoesTo(kept.Recipients) {
		err = refuse("the mailbox made other recipients of those that it has")
	}
	if err != nil {
		d.discard(ctx)
		return err
	}
	for _, name := range d.l.left {
		d.r.Fields = append(d.r.Fields, FieldReport{Name: name, Survival: Lost})
	}
	return nil
}

// lost returns an error if a field is lost that may not be.
func (d *dispatch) lost() error {
	var loss LossError
	for _, f := range d.r.Fields {
		if (f.Survival == Changed || f.Survival == Lost) && !d.l.Probe &&
			!slices.ContainsFunc(d.c.relay().MayLose, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			loss.Fields = append(loss.Fields, f)
		}
	}
	if len(loss.Fields) > 0 {
		return &loss
	}
	return nil
}

// discard deletes a draft that must not be sent.
func (d *dispatch) discard(ctx context.Context) {
	if err := d.box.Discard(ctx, &d.l.Letter, d.id); err != nil && !errors.Is(err, ErrNotFound) {
		d.c.log().WarnContext(ctx, "a draft that did not leave could not be deleted", "draft", d.id, "error", err)
	}
	d.id = ""
}

// send sends the draft, and finds out what came of it.
func (d *dispatch) send(ctx context.Context) (left bool, err error) {
	for n := 1; ; n++ {
		d.sent, d.spent = time.Now(), true
		err := d.box.Send(ctx, d.id)
		switch {
		case err == nil:
			d.c.log().InfoContext(ctx, "notification", "draft", d.id, "ticket", d.r.Ticket, "recipients", len(d.r.Recipients), "bytes", d.r.Bytes)
			return true, nil
		case errors.Is(err, ErrDoubtful), errors.Is(err, ErrNotFound):
			d.doubt = errors.Is(err, ErrDoubtful)
			d.c.log().WarnContext(ctx, "nobody knows yet whether a notification has left", "draft", d.id, "error", err)
		default:
			d.sent, d.spent = time.Time{}, n > 1 // it was not heard, or refused
			return false, d.refused(ctx, err)
		}
		p, unresolved := d.resolve(ctx)
		switch {
		case unresolved != nil:
			return false, fmt.Errorf("%w; it is not known yet whether the notification has left: %w", unresolved, err)
		case p.left:
			return true, nil
		case p.draft == nil:
			return false, errMoved // a person may delete drafts
		case n == mostSends:
			return false, err
		}
	}
}

// refused takes note of a refusal.
func (d *dispatch) refused(ctx context.Context, err error) error {
	wait, asked := RetryAfter(err)
	switch {
	case errors.Is(err, ErrRefused):
		d.discard(ctx)
		return err
	case errors.Is(err, ErrQuota):
		if !asked || wait <= 0 {
			wait = quotaPause
		}
	case !errors.Is(err, ErrTemporary) || !asked || wait <= 0:
		return err
	}
	// All who wait for the mailbox have to know, or they would all try.
	no := &LimitError{Limit: "the server itself", Until: time.Now().Add(wait)}
	if l, ok := d.c.relay().Limiter.(stopper); ok {
		l.Stop(d.c.mailbox.Address(), no.Until)
	}
	return fmt.Errorf("%w: %w", no, err)
}

// stopper is a Limiter that can be told to grant nothing.
type stopper interface {
	Stop(mailbox string, until time.Time)
}

// resolve finds out what became of a draft that may have been sent. One that is
// still there after a while was not. One that is gone after a lost answer was,
// whether its copy can be seen or not: what takes drafts away in such a moment is
// the sending. One that is gone without a doubt was taken away.
func (d *dispatch) resolve(ctx context.Context) (progress, error) {
	for pause := time.Second; ; pause = min(2*pause, longestLook) {
		copies, err := d.box.Copies(ctx, &d.l.Letter, d.id)
		age := time.Since(d.sent)
		switch {
		case err != nil:
			if !errors.Is(err, ErrTemporary) || age > d.c.relay().Settle+longestResolve {
				return progress{}, err
			}
		case d.seen(copies):
			return progress{left: true}, nil
		case len(copies) > 0 && age >= unheard:
			d.sent, d.doubt = time.Time{}, false
			return progress{draft: first(copies)}, nil
		case len(copies) == 0 && age >= d.c.relay().Settle && d.doubt:
			d.r.Unseen, d.r.ID = true, d.id
			return progress{left: true}, nil
		case len(copies) == 0 && age >= d.c.relay().Settle:
			d.id, d.sent = "", time.Time{}
			return progress{}, nil
		}
		if asked, ok := RetryAfter(err); ok {
			pause = max(pause, asked)
		}
		if err := pauseUntil(ctx, time.Now().Add(pause)); err != nil {
			return progress{}, err
		}
	}
}

// pauseUntil waits, or says when to come back if ctx ends before.
func pauseUntil(ctx context.Context, t time.Time) error {
	if tooLate(ctx, t) {
		return &unsettled{t}
	}
	return sleep(ctx, time.Until(t))
}

// unsettled means that it takes until then to be known whether the notification
// has left before.
type unsettled struct{ until time.Time }

func (e *unsettled) Error() string {
	return fmt.Sprintf("exdesk: the mailbox may not show yet what was sent from it: come back after %s", e.until.UTC().Format(time.RFC3339))
}

func (e *unsettled) Is(class error) bool               { return class == ErrTemporary }
func (e *unsettled) RetryAfter() (time.Duration, bool) { return max(0, time.Until(e.until)), true }

// findTicket looks for the ticket of a notification by the encoded id that its
// Message-ID has, so that answers find it by the copy. The mail leaves without
// as well.
func (d *dispatch) findTicket(ctx context.Context) {
	people, ok := d.c.desk.(People)
	if !ok || d.r.Ticket != 0 || len(d.l.encoded) == 0 {
		return
	}
	ticket, err := people.Encoded(ctx, d.l.encoded, d.l.Recipients[:min(len(d.l.Recipients), maxPeople)])
	if err != nil {
		d.c.log().WarnContext(ctx, "the ticket of a notification could not be looked up", "error", err)
	}
	d.r.Ticket = ticket
}
