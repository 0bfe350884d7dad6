package exdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
// What is spent is kept to the nanosecond as long as it is not more than a
// thousand entries. Beyond that, entries of the same thousandth of the window
// become one, which counts from the last of them: a little longer, never
// shorter.
type Windows struct {
	Most Cost          // 0 in a dimension sets no limit there
	Per  time.Duration // length of the window

	rank atomic.Int64 // in what order those are locked that are used together

	mu        sync.Mutex // guards what follows; the clock is read under it
	mailboxes map[string]*window
	pruneAt   int // how many mailboxes there may be before empty windows are dropped
}

// window is what one mailbox has spent.
type window struct {
	spent []use     // committed, oldest first
	sum   Cost      // of them
	open  Cost      // reserved, and neither committed nor cancelled
	stop  time.Time // nothing is granted before
}

// use is a cost that counts from a time on.
type use struct {
	at   time.Time
	cost Cost
}

// spending is a Reservation of a Windows.
type spending struct {
	w    *Windows
	box  *window
	cost Cost
	done bool
}

// Reserve implements Limiter. It never waits.
func (w *Windows) Reserve(_ context.Context, mailbox string, cost Cost) (Reservation, error) {
	slots, err := take([]*Windows{w}, mailbox, cost)
	if err != nil {
		return nil, err
	}
	return slots[0], nil
}

// ranks is the last rank that was given to a Windows.
var ranks atomic.Int64

// take reserves in all windows or in none, without anybody seeing the one half
// of it. The refusal is the one that lasts longest.
func take(all []*Windows, mailbox string, cost Cost) ([]Reservation, error) {
	if cost.negative() {
		return nil, errors.New("exdesk: a cost below zero")
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
	now := time.Now()
	mailbox = strings.ToLower(mailbox)
	boxes := make([]*window, len(all))
	var no *LimitError
	for i, w := range all {
		boxes[i] = w.box(mailbox, now)
		no = longer(no, w.refuses(boxes[i], cost, now))
	}
	if no != nil {
		return nil, no
	}
	slots := make([]Reservation, len(all))
	for i, w := range all {
		boxes[i].open = boxes[i].open.plus(cost)
		slots[i] = &spending{w: w, box: boxes[i], cost: cost}
	}
	return slots, nil
}

// peek returns why Reserve would refuse now, or nil.
func (w *Windows) peek(mailbox string, cost Cost) *LimitError {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	return w.refuses(w.box(strings.ToLower(mailbox), now), cost, now)
}

// refuses returns why the cost is not granted now, or nil.
func (w *Windows) refuses(b *window, cost Cost, now time.Time) *LimitError {
	if limit, over := w.over(Cost{}, cost); over {
		return &LimitError{Limit: limit}
	}
	var no *LimitError
	used := b.used(now, w.Per)
	if limit, over := w.over(used, cost); over {
		no = &LimitError{Limit: limit, Until: w.fits(b, used, cost, now)}
	}
	return longer(no, b.stopped(now))
}

// stopped returns the stop that is in force, or nil.
func (b *window) stopped(now time.Time) *LimitError {
	if !b.stop.After(now) {
		return nil
	}
	return &LimitError{Limit: "the server itself", Until: b.stop}
}

// stopped returns a *LimitError if one of the windows was told to stop.
func stopped(all []*Windows, mailbox string) error {
	var no *LimitError
	for _, w := range all {
		w.mu.Lock()
		now := time.Now()
		no = longer(no, w.box(strings.ToLower(mailbox), now).stopped(now))
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
	if now.Sub(at) < w.Per && !cost.negative() {
		w.box(strings.ToLower(mailbox), now).put(use{monotonic(at, now), w.capped(cost)}, w.Per)
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
	b := w.box(strings.ToLower(mailbox), now)
	switch {
	case until.IsZero():
		b.stop = until
	case until.After(b.stop):
		b.stop = monotonic(until, now)
	}
}

// monotonic is t by the clock that nobody sets.
func monotonic(t, now time.Time) time.Time { return now.Add(t.Sub(now)) }

// capped is the cost without what is above a whole window anyway, so that sums
// do not overflow.
func (w *Windows) capped(c Cost) Cost {
	if w.Most.Messages > 0 {
		c.Messages = min(c.Messages, w.Most.Messages)
	}
	if w.Most.Bytes > 0 {
		c.Bytes = min(c.Bytes, w.Most.Bytes)
	}
	if w.Most.Recipients > 0 {
		c.Recipients = min(c.Recipients, w.Most.Recipients)
	}
	return c
}

// Used returns what the window of a mailbox holds now.
func (w *Windows) Used(mailbox string) Cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.mailboxes[strings.ToLower(mailbox)]
	if b == nil {
		return Cost{}
	}
	return b.used(time.Now(), w.Per)
}

// box returns the window of a mailbox.
func (w *Windows) box(mailbox string, now time.Time) *window {
	b := w.mailboxes[mailbox]
	if b == nil {
		if w.mailboxes == nil {
			w.mailboxes = make(map[string]*window)
		}
		w.prune(now)
		b = new(window)
		w.mailboxes[mailbox] = b
	}
	return b
}

// prune drops empty windows, each time their number has doubled.
func (w *Windows) prune(now time.Time) {
	if len(w.mailboxes) < max(w.pruneAt, 64) {
		return
	}
	for name, b := range w.mailboxes {
		if b.used(now, w.Per) == (Cost{}) && !b.stop.After(now) {
			delete(w.mailboxes, name)
		}
	}
	w.pruneAt = 2 * len(w.mailboxes)
}

// used forgets what is older than the window and adds up the rest.
func (b *window) used(now time.Time, per time.Duration) Cost {
	old := 0
	for old < len(b.spent) && now.Sub(b.spent[old].at) >= per {
		b.sum = b.sum.minus(b.spent[old].cost)
		old++
	}
	if b.spent = b.spent[old:]; len(b.spent) == 0 {
		b.spent = nil
	}
	return b.sum.plus(b.open)
}

// exact is how many entries a window keeps as they are, and into how many
// parts it is divided for those beyond.
const exact = 1000

// put adds a use where it belongs.
func (b *window) put(u use, per time.Duration) {
	if per <= 0 || u.cost == (Cost{}) {
		return
	}
	b.sum = b.sum.plus(u.cost)
	i := len(b.spent) // of the first that is later
	for i > 0 && b.spent[i-1].at.After(u.at) {
		i--
	}
	alike := func(j int) bool {
		return 0 <= j && j < len(b.spent) && b.spent[j].at.Truncate(per/exact).Equal(u.at.Truncate(per/exact))
	}
	switch many := len(b.spent) >= exact; {
	case many && alike(i):
		b.spent[i].cost = b.spent[i].cost.plus(u.cost)
	case many && alike(i-1):
		b.spent[i-1] = use{u.at, b.spent[i-1].cost.plus(u.cost)}
	default:
		b.spent = slices.Insert(b.spent, i, u)
	}
}

// fits returns the earliest moment at which cost may fit, counting open
// reservations as if they were committed now.
func (w *Windows) fits(b *window, used, cost Cost, now time.Time) time.Time {
	for _, u := range b.spent {
		used = used.minus(u.cost)
		if _, over := w.over(used, cost); !over {
			return u.at.Add(w.Per)
		}
	}
	return now.Add(w.Per)
}

func (w *Windows) over(used, cost Cost) (limit string, over bool) {
	sum := used.plus(cost)
	beyond := func(cost, sum, most int64) bool { return most > 0 && cost > 0 && sum > most }
	switch {
	case beyond(int64(cost.Messages), int64(sum.Messages), int64(w.Most.Messages)):
		return fmt.Sprintf("%d messages in %s", w.Most.Messages, w.Per), true
	case beyond(cost.Bytes, sum.Bytes, w.Most.Bytes):
		return fmt.Sprintf("%d bytes in %s", w.Most.Bytes, w.Per), true
	case beyond(int64(cost.Recipients), int64(sum.Recipients), int64(w.Most.Recipients)):
		return fmt.Sprintf("%d recipients in %s", w.Most.Recipients, w.Per), true
	}
	return "", false
}

// Commit implements Reservation.
func (s *spending) Commit() { s.end(true) }

// Cancel implements Reservation.
func (s *spending) Cancel() { s.end(false) }

func (s *spending) end(used bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.done {
		return
	}
	s.done = true
	s.box.open = s.box.open.minus(s.cost)
	if used {
		s.box.put(use{time.Now(), s.cost}, s.w.Per)
	}
}
