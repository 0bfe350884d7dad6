package exdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Windows is a Limiter of exact rolling windows: of each dimension of the
// cost at most Most in any span of Per, for every mailbox by itself. A token
// bucket of the same size lets nearly twice as much through in its worst
// minute. The zero value sets no limit, and keeps to Stop. Fields must not
// change after the first use.
//
// What is spent is kept to the millisecond, and more closely where Per is less
// than a minute, as long as it is not more than a thousand entries. Beyond that,
// entries of the same thousandth of the window become one, which counts from the
// last of them. All of it counts a little longer, never shorter.
//
// A mailbox takes 50 bytes, and about 2 for each entry of one message.
type Windows struct {
	Most Cost          // 0 in a dimension sets no limit there
	Per  time.Duration // length of the window

	rank atomic.Int64 // in what order those are locked that are used together

	mu        sync.Mutex // guards what follows; the clock is read under it
	epoch     time.Time  // ticks are counted from it
	mailboxes map[string]*window
	stops     map[string]time.Time // by mailbox: nothing is granted before
	pruneAt   int                  // how many mailboxes there may be before empty windows are dropped
	free      *sheet               // of those that can be used
}

// unbound is more than anybody spends where there is no limit.
const unbound = math.MaxInt32

// Reserve implements Limiter. It never waits.
func (w *Windows) Reserve(_ context.Context, mailbox string, cost Cost) (Reservation, error) {
	if cost.negative() {
		return nil, errNegative
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	mailbox = strings.ToLower(mailbox)
	b := w.box(mailbox)
	if no := w.refuses(mailbox, b, cost); no != nil {
		return nil, no
	}
	return w.reserved(b, cost), nil
}

var errNegative = errors.New("exdesk: a cost below zero")

// ranks is the last rank that was given to a Windows.
var ranks atomic.Int64

// take reserves in all windows or in none, without anybody seeing the one half
// of it. The refusal is the one that lasts longest.
func take(all []*Windows, mailbox string, cost Cost) ([]Reservation, error) {
	if cost.negative() {
		return nil, errNegative
	}
	if len(all) > 1 {
		for _, w := range all {
			if w.rank.Load() == 0 {
				w.rank.CompareAndSwap(0, ranks.Add(1))
			}
		}
		slices.SortFunc(all, func(a, b *Windows) int { return cmp.Compare(a.rank.Load(), b.rank.Load()) })
		all = slices.Compact(all)
	}
	for _, w := range all {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	mailbox = strings.ToLower(mailbox)
	boxes := make([]*window, len(all))
	var no *LimitError
	for i, w := range all {
		boxes[i] = w.box(mailbox)
		no = longer(no, w.refuses(mailbox, boxes[i], cost))
	}
	if no != nil {
		return nil, no
	}
	slots := make([]Reservation, len(all))
	for i, w := range all {
		slots[i] = w.reserved(boxes[i], cost)
	}
	return slots, nil
}

// now is the time in whole ticks. w.mu is held.
func (w *Windows) now() int64 { return int64(w.elapsed() / w.tick()) }

// elapsed is the time by the clock that nobody sets. w.mu is held.
func (w *Windows) elapsed() time.Duration {
	if w.epoch.IsZero() {
		w.epoch = time.Now()
	}
	return time.Since(w.epoch)
}

// tick is how closely time is kept.
func (w *Windows) tick() time.Duration {
	switch {
	case w.Per < 100*time.Millisecond:
		return time.Nanosecond
	case w.Per < time.Minute:
		return time.Microsecond
	case w.Per < 20*24*time.Hour:
		return time.Millisecond
	}
	return time.Second
}

// ticks rounds up.
func (w *Windows) ticks(d time.Duration) int64 {
	n := int64(d / w.tick())
	if d%w.tick() > 0 {
		n++
	}
	return n
}

// per is the length of the window in ticks.
func (w *Windows) per() int64 { return w.ticks(w.Per) }

// at is the time of a tick.
func (w *Windows) at(tick int64) time.Time { return w.epoch.Add(time.Duration(tick) * w.tick()) }

// peek returns why Reserve would refuse now, or nil.
func (w *Windows) peek(mailbox string, cost Cost) *LimitError {
	w.mu.Lock()
	defer w.mu.Unlock()
	mailbox = strings.ToLower(mailbox)
	return w.refuses(mailbox, w.box(mailbox), cost)
}

// refuses returns why the cost is not granted now, or nil.
func (w *Windows) refuses(mailbox string, b *window, cost Cost) *LimitError {
	if limit := w.over(Cost{}, cost); limit != 0 {
		return &LimitError{Limit: w.name(limit)}
	}
	var no *LimitError
	if w.over(b.used(), cost) != 0 { // or what is old does not matter: the clock costs more than the rest
		b.forget(w.now(), w.per())
		if limit := w.over(b.used(), cost); limit != 0 {
			no = &LimitError{Limit: w.name(limit), Until: w.fits(b, cost)}
		}
	}
	return longer(no, w.stopped(mailbox))
}

// stopped returns the stop that is in force, or nil. w.mu is held.
func (w *Windows) stopped(mailbox string) *LimitError {
	if len(w.stops) == 0 {
		return nil
	}
	if until := w.stops[mailbox]; until.After(time.Now()) {
		return &LimitError{Limit: "the server itself", Until: until}
	}
	return nil
}

// stopped returns a *LimitError if one of the windows was told to stop.
func stopped(all []*Windows, mailbox string) error {
	var no *LimitError
	for _, w := range all {
		w.mu.Lock()
		no = longer(no, w.stopped(strings.ToLower(mailbox)))
		w.mu.Unlock()
	}
	if no == nil {
		return nil
	}
	return no
}

// Spend notes what others used of a mailbox, which Reserve has not granted:
// a person in Outlook, another application. It counts from at on, or from now
// on if at is in the future.
func (w *Windows) Spend(mailbox string, cost Cost, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.spend(mailbox, cost, earlier(at, now), now)
}

// spend counts a cost from at on. w.mu is held.
func (w *Windows) spend(mailbox string, cost Cost, at, now time.Time) {
	if now.Sub(at) >= w.Per || cost.negative() {
		return
	}
	b := w.box(strings.ToLower(mailbox))
	b.forget(w.now(), w.per())
	cost = w.capped(b.used(), cost)
	b.add(cost)
	w.put(b, w.ticks(w.elapsed()+at.Sub(now)), cost)
}

// put enters what was added to what is used into the log. w.mu is held.
func (w *Windows) put(b *window, at int64, cost Cost) {
	b.forget(w.now(), w.per())
	switch {
	case w.Per <= 0:
		b.add(Cost{}.minus(cost))
	case cost != Cost{}:
		b.put(at, cost, max(w.per()/exact, 1))
	}
}

// Stop grants nothing more of a mailbox before until, because the server has
// refused. Of several stops the longest counts; a zero until lifts them.
func (w *Windows) Stop(mailbox string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop(mailbox, until, time.Now())
}

// stop grants nothing of a mailbox before until. w.mu is held.
func (w *Windows) stop(mailbox string, until, now time.Time) {
	mailbox = strings.ToLower(mailbox)
	maps.DeleteFunc(w.stops, func(_ string, until time.Time) bool { return !until.After(now) })
	switch {
	case until.IsZero():
		delete(w.stops, mailbox)
	case until.After(w.stops[mailbox]):
		if w.stops == nil {
			w.stops = make(map[string]time.Time)
		}
		w.stops[mailbox] = monotonic(until, now)
	}
}

// monotonic is t by the clock that nobody sets.
func monotonic(t, now time.Time) time.Time { return now.Add(t.Sub(now)) }

// capped is the cost without what is above a whole window anyway, so that sums
// do not overflow.
func (w *Windows) capped(used, c Cost) Cost {
	return Cost{
		Messages:   int(min(int64(c.Messages), cmp.Or(int64(w.Most.Messages), unbound), unbound-int64(used.Messages))),
		Bytes:      min(c.Bytes, cmp.Or(w.Most.Bytes, math.MaxInt64), math.MaxInt64-used.Bytes),
		Recipients: int(min(int64(c.Recipients), cmp.Or(int64(w.Most.Recipients), unbound), unbound-int64(used.Recipients))),
	}
}

// Used returns what the window of a mailbox holds now.
func (w *Windows) Used(mailbox string) Cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.mailboxes[strings.ToLower(mailbox)]
	if b == nil {
		return Cost{}
	}
	b.forget(w.now(), w.per())
	return b.used()
}

// box returns the window of a mailbox.
func (w *Windows) box(mailbox string) *window {
	b := w.mailboxes[mailbox]
	if b == nil {
		if w.mailboxes == nil {
			w.mailboxes = make(map[string]*window)
		}
		w.prune()
		b = new(window)
		w.mailboxes[mailbox] = b
	}
	return b
}

// prune drops empty windows, each time their number has doubled.
func (w *Windows) prune() {
	if len(w.mailboxes) < max(w.pruneAt, 64) {
		return
	}
	now := w.now()
	for name, b := range w.mailboxes {
		if b.forget(now, w.per()); b.used() == (Cost{}) {
			delete(w.mailboxes, name)
		}
	}
	w.pruneAt = 2 * len(w.mailboxes)
}

// fits returns the earliest moment at which cost may fit, counting open
// reservations as if they were committed now.
func (w *Windows) fits(b *window, cost Cost) time.Time {
	used := b.used()
	for at, c := range b.spent() {
		used = used.minus(c)
		if w.over(used, cost) == 0 {
			return w.at(at + w.per())
		}
	}
	return time.Now().Add(w.Per)
}

// dimension is one of those of a Cost.
type dimension int

const (
	ofMessages dimension = iota + 1
	ofBytes
	ofRecipients
)

// over returns in which dimension the cost does not fit, or 0.
func (w *Windows) over(used, cost Cost) dimension {
	beyond := func(used, cost, most int64) bool { return cost > 0 && cost > most-used }
	switch {
	case beyond(int64(used.Messages), int64(cost.Messages), min(cmp.Or(int64(w.Most.Messages), unbound), unbound)):
		return ofMessages
	case beyond(used.Bytes, cost.Bytes, cmp.Or(w.Most.Bytes, math.MaxInt64)):
		return ofBytes
	case beyond(int64(used.Recipients), int64(cost.Recipients), min(cmp.Or(int64(w.Most.Recipients), unbound), unbound)):
		return ofRecipients
	}
	return 0
}

// name names a limit.
func (w *Windows) name(d dimension) string {
	switch d {
	case ofMessages:
		return fmt.Sprintf("%d messages in %s", min(cmp.Or(w.Most.Messages, unbound), unbound), w.Per)
	case ofBytes:
		return fmt.Sprintf("%d bytes in %s", cmp.Or(w.Most.Bytes, math.MaxInt64), w.Per)
	default:
		return fmt.Sprintf("%d recipients in %s", min(cmp.Or(w.Most.Recipients, unbound), unbound), w.Per)
	}
}

// sheet is a reservation, and those that come after it. A Reservation has to be
// known from all before it, so that what is called after its end does nothing;
// with a sheet one allocation does for many.
type sheet struct {
	w    *Windows
	next *sheet // that is free
	b    *window
	cost Cost
	at   int // which of the slots is open
	all  [24]slot
}

// slot is a Reservation of a Windows.
type slot struct{ of *sheet }

// reserved takes the cost. w.mu is held.
func (w *Windows) reserved(b *window, cost Cost) Reservation {
	b.add(cost)
	s := w.free
	if s == nil {
		s = &sheet{w: w}
		for i := range s.all {
			s.all[i].of = s
		}
	}
	w.free, s.next = s.next, nil
	s.b, s.cost = b, cost
	return &s.all[s.at]
}

// Commit implements Reservation.
func (s *slot) Commit() { s.end(true) }

// Cancel implements Reservation.
func (s *slot) Cancel() { s.end(false) }

func (s *slot) end(used bool) {
	of, w := s.of, s.of.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if of.b == nil || &of.all[of.at] != s {
		return
	}
	if used {
		w.put(of.b, w.ticks(w.elapsed()), of.cost)
	} else {
		of.b.add(Cost{}.minus(of.cost))
	}
	of.b = nil
	if of.at++; of.at < len(of.all) {
		of.next, w.free = w.free, of
	}
}
