package exdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// unheard is how long a draft is left alone that may be on its way: the
	// answer was lost, and the draft is still to be seen.
	unheard = 30 * time.Second
	// longestLook bounds the pause between two looks at what became of a mail.
	longestLook = 30 * time.Second
	// lastMinute is how long before its end a claim is not used any more, so that
	// what was begun has ended by then.
	lastMinute = time.Minute
	// mostSends is how often one call sends one draft.
	mostSends = 3
	// quotaPause is how long nothing is sent after Exchange said that a quota is
	// used up, when it does not say for how long: its windows are of a day.
	quotaPause = time.Hour
	// encoded64 is up to what size a mail is sent as base64, and so weighs four
	// thirds of itself. Graph takes no larger request.
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
	used  bool      // something was written to the mailbox
	spent bool      // the mailbox may have been charged for it
}

// dispatch sends one letter, unless that was done before. The limits come first:
// the wait for them is the long one, and a claim does not last for ever.
func (c *Connector) dispatch(ctx context.Context, box Outbox, l *letter) (*Receipt, error) {
	d := &dispatch{c: c, box: box, l: l}
	d.r = &Receipt{Key: l.Notification, Ticket: l.ticket, Recipients: l.Recipients, Bytes: l.Size(), Name: l.name}
	if d.known() {
		return d.r, nil
	}
	begin := time.Now()
	slot, err := c.opts.Relay.Limiter.Reserve(ctx, c.mailbox.Address(), d.cost())
	d.r.Waited = time.Since(begin)
	if err != nil {
		return nil, err
	}
	// Given back unless the server may have counted it.
	defer func() {
		if d.spent {
			slot.Commit()
		}
		slot.Cancel()
	}()
	claim, err := c.opts.Relay.Claimer.Claim(ctx, c.mailbox.Address(), l.Key)
	if err != nil {
		return nil, err
	}
	defer func() { claim.Release(d.used) }()
	if d.known() { // by who held the claim before
		return d.r, nil
	}
	if !claim.Until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, claim.Until.Add(-lastMinute), errClaimEnds)
		defer cancel()
	}
	done, err := d.run(ctx, claim.Before)
	c.sendings.put(l.Key, sending{done: done, id: d.id, sent: d.sent, messageID: d.r.MessageID, ticket: d.r.Ticket, unseen: d.r.Unseen})
	if !done {
		return nil, err
	}
	return d.r, err
}

var errClaimEnds = fmt.Errorf("exdesk: the claim to the notification ends: %w", ErrTemporary)

// known takes over what this process knows of the letter, and reports whether
// it has left.
func (d *dispatch) known() bool {
	k := d.c.sendings.get(d.l.Key)
	d.id, d.sent = k.id, k.sent
	if k.done {
		d.r.Already, d.r.ID, d.r.MessageID, d.r.Ticket, d.r.Unseen = true, k.id, k.messageID, k.ticket, k.unseen
	}
	return k.done
}

// run brings the letter out. done says that it has left, now or before. before
// is when somebody else may last have sent it.
func (d *dispatch) run(ctx context.Context, before time.Time) (done bool, err error) {
	begun, err := d.look(ctx, before)
	if err != nil || d.r.Already {
		return d.r.Already, err
	}
	d.findTicket(ctx)
	if err := d.draft(ctx, begun); err != nil || d.r.Already {
		return d.r.Already, err
	}
	return d.send(ctx)
}

func (d *dispatch) cost() Cost {
	bytes := d.l.Size()
	if bytes <= encoded64 {
		bytes = (bytes + 2) / 3 * 4
	}
	return Cost{Messages: 1, Bytes: bytes, Recipients: len(d.l.Recipients)}
}

// look finds out what became of the letter before. It returns a draft that was
// begun, or nil if there is certainly nothing.
func (d *dispatch) look(ctx context.Context, before time.Time) (*Copy, error) {
	if !d.sent.IsZero() { // by an earlier call, and nobody knows
		return d.lookAfter(ctx)
	}
	settled := before
	if !before.IsZero() {
		settled = before.Add(d.c.opts.Relay.Settle)
	}
	for {
		copies, err := d.box.Copies(ctx, &d.l.Letter, d.id)
		if err != nil {
			return nil, err
		}
		if d.seen(copies) {
			d.r.Already = true
			return nil, nil
		}
		begun := first(copies)
		if begun != nil && begun.Record != nil && time.Since(begun.Record.At) < unheard {
			// Somebody died, or lost an answer, at the moment of sending it.
			d.id, d.sent = begun.ID, begun.Record.At
			return d.lookAfter(ctx)
		}
		if begun != nil || !time.Now().Before(settled) {
			return begun, nil
		}
		if err := pauseUntil(ctx, settled); err != nil {
			return nil, err
		}
	}
}

// lookAfter finds out what became of a draft that was sent before.
func (d *dispatch) lookAfter(ctx context.Context) (*Copy, error) {
	done, begun, err := d.resolve(ctx)
	d.r.Already = done
	return begun, err
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

// draft makes or finishes the draft, and looks again: whoever else was at it may
// have made one as well.
func (d *dispatch) draft(ctx context.Context, begun *Copy) error {
	d.l.Record = d.record
	d.used = true
	kept, err := d.box.Draft(ctx, &d.l.Letter, begun)
	if err != nil {
		return err
	}
	copies, err := d.box.Copies(ctx, &d.l.Letter, kept.ID)
	if err != nil {
		return err
	}
	all := append(slices.Clone(copies), kept)
	won := first(all)
	if d.r.Already = d.seen(copies); d.r.Already {
		won = nil
	}
	for _, other := range all {
		if other.Draft && (won == nil || other.ID != won.ID) {
			if err := d.box.Discard(ctx, other.ID); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
	}
	switch {
	case won == nil:
		return nil
	case won.ID != kept.ID:
		if kept, err = d.box.Draft(ctx, &d.l.Letter, won); err != nil {
			return err
		}
	}
	return d.accept(ctx, kept)
}

// record is what is written on the draft.
func (d *dispatch) record(id string) Record {
	r := d.c.record(id, Sent)
	r.Ticket = d.r.Ticket
	return r
}

// accept looks at what the mailbox has made of the letter.
func (d *dispatch) accept(ctx context.Context, kept *Copy) error {
	d.id = kept.ID
	d.r.ID, d.r.MessageID, d.r.Fields = kept.ID, kept.MessageID, kept.Fields
	err := d.lost()
	if err == nil && !sameRecipients(kept.Recipients, d.l.Recipients) {
		err = errors.New("exdesk: the draft has other recipients than the notification, so it did not leave")
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
		if (f.Survival == Changed || f.Survival == Lost) && !d.l.probe &&
			!slices.ContainsFunc(d.c.opts.Relay.MayLose, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			loss.Fields = append(loss.Fields, f)
		}
	}
	if len(loss.Fields) > 0 {
		return &loss
	}
	return nil
}

func sameRecipients(a, b []string) bool {
	set := make(map[string]bool)
	for _, r := range a {
		set[strings.ToLower(r)] = true
	}
	for _, r := range b {
		if !set[strings.ToLower(r)] {
			return false
		}
	}
	return len(set) == len(b)
}

// discard deletes a draft that must not be sent.
func (d *dispatch) discard(ctx context.Context) {
	if err := d.box.Discard(ctx, d.id); err != nil && !errors.Is(err, ErrNotFound) {
		d.c.log.WarnContext(ctx, "a draft that did not leave could not be deleted", "draft", d.id, "error", err)
	}
	d.id = ""
}

// send sends the draft, and finds out what came of it.
func (d *dispatch) send(ctx context.Context) (done bool, err error) {
	for n := 1; ; n++ {
		d.sent, d.spent = time.Now(), true
		err := d.box.Send(ctx, d.id)
		vanished := n == 1 && !errors.Is(err, ErrDoubtful) // it is gone, and not by this call
		switch {
		case err == nil:
			d.c.log.InfoContext(ctx, "notification", "draft", d.id, "ticket", d.r.Ticket, "recipients", len(d.r.Recipients), "bytes", d.r.Bytes)
			return true, nil
		case errors.Is(err, ErrDoubtful), errors.Is(err, ErrNotFound):
			d.c.log.WarnContext(ctx, "nobody knows yet whether a notification has left", "draft", d.id, "error", err)
		default:
			d.sent, d.spent = time.Time{}, n > 1 // it was not heard, or refused
			return false, d.refused(ctx, err)
		}
		done, _, unresolved := d.resolve(ctx)
		switch {
		case unresolved != nil:
			return false, fmt.Errorf("%w; it is not known yet whether the notification has left: %w", unresolved, err)
		case done && d.r.Unseen && vanished:
			d.id, d.sent, d.r.Unseen = "", time.Time{}, false
			return false, fmt.Errorf("exdesk: somebody took the draft away before it was sent: %w", ErrTemporary)
		case done:
			return true, nil
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
	if l, ok := d.c.opts.Relay.Limiter.(interface {
		Stop(mailbox string, until time.Time)
	}); ok {
		l.Stop(d.c.mailbox.Address(), no.Until)
	}
	return fmt.Errorf("%w: %w", no, err)
}

// resolve finds out what became of a draft that may have been sent. A draft
// that is still there after a while was not: it is returned. One that is gone
// was sent, whether its copy can be seen or not: nobody else takes drafts away.
func (d *dispatch) resolve(ctx context.Context) (done bool, begun *Copy, err error) {
	for pause := time.Second; ; pause = min(2*pause, longestLook) {
		copies, err := d.box.Copies(ctx, &d.l.Letter, d.id)
		age := time.Since(d.sent)
		switch {
		case err != nil:
			if !errors.Is(err, ErrTemporary) {
				return false, nil, err
			}
		case d.seen(copies):
			return true, nil, nil
		case len(copies) > 0 && age >= unheard:
			d.sent = time.Time{}
			return false, first(copies), nil
		case len(copies) == 0 && age >= d.c.opts.Relay.Settle:
			d.r.Unseen, d.r.ID = true, d.id
			return true, nil, nil
		}
		if asked, ok := RetryAfter(err); ok {
			pause = max(pause, asked)
		}
		if err := pauseUntil(ctx, time.Now().Add(pause)); err != nil {
			return false, nil, err
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
		d.c.log.WarnContext(ctx, "the ticket of a notification could not be looked up", "error", err)
	}
	d.r.Ticket = ticket
}
