package exdesk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// IngestPerMinute is how many mails a mailbox may give in any minute
// ("About the Microsoft Exchange connector", limits).
const IngestPerMinute = 25

// MaxMessageBytes is the size of the largest mail that is imported,
// attachments included: 50 MB, read as 50·2²⁰ octets.
const MaxMessageBytes = 50 << 20

// Limiter decides when a mailbox may be used. It may be shared by many
// Connectors, keep its state elsewhere, do I/O and fail. It is safe for
// concurrent use.
type Limiter interface {
	// Reserve takes the whole cost from what the mailbox may spend, or nothing
	// of it. When the cost does not fit yet, Reserve either waits, for as long
	// as ctx allows, or returns a *LimitError that says when to come back.
	Reserve(ctx context.Context, mailbox string, cost Cost) (Reservation, error)
}

// Cost is what one use of a mailbox takes.
type Cost struct {
	Messages   int
	Bytes      int64
	Recipients int
}

// Reservation is a cost that was granted. A promise about a rolling window is
// a promise about the server's clock, so the cost counts as spent "now" until
// Commit says that the server has answered. One of the two methods must be
// called; whatever is called after it does nothing.
type Reservation interface {
	Commit() // the answer came back: the cost counts from this moment on
	Cancel() // nothing was sent: the cost counts no more
}

// LimitError says that a limit is reached.
type LimitError struct {
	Limit string    // such as "25 messages in 1m0s"
	Until time.Time // when the cost may fit; zero means never: it is above the limit by itself
}

func (e *LimitError) Error() string {
	if e.Until.IsZero() {
		return fmt.Sprintf("exdesk: the cost alone is above the limit of %s", e.Limit)
	}
	return fmt.Sprintf("exdesk: the limit of %s is reached until %s", e.Limit, e.Until.UTC().Format(time.RFC3339))
}

// Is makes a limit that passes a kind of ErrTemporary.
func (e *LimitError) Is(class error) bool { return class == ErrTemporary && !e.Until.IsZero() }

// Windows is a Limiter of exact rolling windows: of each dimension of the
// cost at most Most in any span of Per, for every mailbox by itself. A token
// bucket of the same size lets nearly twice as much through in its worst
// minute. The zero value sets no limit. Fields must not change after the
// first use.
type Windows struct {
	Most Cost          // 0 in a dimension sets no limit there
	Per  time.Duration // length of the window

	mu        sync.Mutex // guards what follows; the clock is read under it
	mailboxes map[string]*window
	pruneAt   int // how many mailboxes there may be before empty windows are dropped
}

// window is what one mailbox has spent, oldest first; open entries have not
// been committed and stay at the end of their span until they are.
type window struct {
	spent []*spending
}

type spending struct {
	w    *Windows
	cost Cost
	at   time.Time // when it was committed; zero while it is open
	void bool
}

// Reserve implements Limiter. It never waits.
func (w *Windows) Reserve(_ context.Context, mailbox string, cost Cost) (Reservation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	mailbox = strings.ToLower(mailbox)
	if w.mailboxes == nil {
		w.mailboxes = make(map[string]*window)
	}
	box := w.mailboxes[mailbox]
	if box == nil {
		w.prune(now)
		box = new(window)
		w.mailboxes[mailbox] = box
	}
	used := box.used(now, w.Per)
	if limit, over := w.over(Cost{}, cost); over {
		return nil, &LimitError{Limit: limit}
	}
	if limit, over := w.over(used, cost); over {
		return nil, &LimitError{Limit: limit, Until: w.fits(box, used, cost, now)}
	}
	s := &spending{w: w, cost: cost}
	box.spent = append(box.spent, s)
	return s, nil
}

// prune drops empty windows, each time their number has doubled.
func (w *Windows) prune(now time.Time) {
	if len(w.mailboxes) < max(w.pruneAt, 64) {
		return
	}
	for name, box := range w.mailboxes {
		if box.used(now, w.Per) == (Cost{}) {
			delete(w.mailboxes, name)
		}
	}
	w.pruneAt = 2 * len(w.mailboxes)
}

// Used returns what the window of a mailbox holds now.
func (w *Windows) Used(mailbox string) Cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	box := w.mailboxes[strings.ToLower(mailbox)]
	if box == nil {
		return Cost{}
	}
	return box.used(time.Now(), w.Per)
}

// used forgets what is older than the window and adds up the rest.
func (b *window) used(now time.Time, per time.Duration) Cost {
	var sum Cost
	kept := b.spent[:0]
	for _, s := range b.spent {
		if s.void || !s.at.IsZero() && now.Sub(s.at) >= per {
			continue
		}
		sum = sum.plus(s.cost)
		kept = append(kept, s)
	}
	clear(b.spent[len(kept):])
	b.spent = kept
	return sum
}

// fits returns the earliest moment at which cost may fit, counting open
// reservations as if they were committed now.
func (w *Windows) fits(b *window, used, cost Cost, now time.Time) time.Time {
	until := now
	for _, s := range b.spent {
		used = used.minus(s.cost)
		at := s.at
		if at.IsZero() {
			at = now
		}
		if at = at.Add(w.Per); at.After(until) {
			until = at
		}
		if _, over := w.over(used, cost); !over {
			break
		}
	}
	return until
}

func (w *Windows) over(used, cost Cost) (limit string, over bool) {
	sum := used.plus(cost)
	switch {
	case w.Most.Messages > 0 && sum.Messages > w.Most.Messages:
		return fmt.Sprintf("%d messages in %s", w.Most.Messages, w.Per), true
	case w.Most.Bytes > 0 && sum.Bytes > w.Most.Bytes:
		return fmt.Sprintf("%d bytes in %s", w.Most.Bytes, w.Per), true
	case w.Most.Recipients > 0 && sum.Recipients > w.Most.Recipients:
		return fmt.Sprintf("%d recipients in %s", w.Most.Recipients, w.Per), true
	}
	return "", false
}

// Commit implements Reservation.
func (s *spending) Commit() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.at.IsZero() {
		s.at = time.Now()
	}
}

// Cancel implements Reservation.
func (s *spending) Cancel() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.at.IsZero() {
		s.void = true
	}
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Messages + d.Messages, c.Bytes + d.Bytes, c.Recipients + d.Recipients}
}

func (c Cost) minus(d Cost) Cost {
	return Cost{c.Messages - d.Messages, c.Bytes - d.Bytes, c.Recipients - d.Recipients}
}

// Waiter is what *rate.Limiter of golang.org/x/time/rate is.
type Waiter interface {
	WaitN(ctx context.Context, n int) error
}

// LimitMessages makes a Limiter of anything that waits for n events, such as
// a *rate.Limiter. All mailboxes share it, and only messages count. Mind that
// a token bucket with a burst of n lets up to 2n-1 events into one window.
func LimitMessages(w Waiter) Limiter { return waiterLimiter{w} }

type waiterLimiter struct{ w Waiter }

func (l waiterLimiter) Reserve(ctx context.Context, _ string, cost Cost) (Reservation, error) {
	if err := l.w.WaitN(ctx, cost.Messages); err != nil {
		return nil, fmt.Errorf("exdesk: waiting for the limiter: %w", err)
	}
	return spent{}, nil
}

// spent is a reservation that cannot be given back.
type spent struct{}

func (spent) Commit() {}
func (spent) Cancel() {}

// Unlimited is a Limiter that grants everything.
var Unlimited Limiter = new(Windows)
