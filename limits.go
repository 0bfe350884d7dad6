package exdesk

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"
)

// IngestPerMinute is how many mails a mailbox may give in any minute
// ("About the Microsoft Exchange connector", limits).
const IngestPerMinute = 25

// MaxMessageBytes is the size of the largest mail that is imported,
// attachments included: 50 MB, read as 50·2²⁰ octets.
const MaxMessageBytes = 50 << 20

// What a mailbox may send (same page). The newer page has 30 mails a minute.
const (
	// RelayPerMinute is how many mails in any minute.
	RelayPerMinute = 10
	// RelayBytes is how many octets in any five minutes: 50 MB. A limit that is
	// kept for another's sake is kept in both readings of MB, so it is 50·10⁶,
	// where MaxMessageBytes, which is only ours, is the larger one.
	RelayBytes = 50_000_000
	// RelayRecipients is to how many recipients in any 24 hours. All
	// applications of the mailbox share them: see Windows.Spend.
	RelayRecipients = 10_000
)

// RelayLimits returns the limits of sending: RelayPerMinute, RelayBytes and
// RelayRecipients, of each mailbox, with nothing spent.
func RelayLimits() Limiters {
	return Limiters{
		&Windows{Most: Cost{Messages: RelayPerMinute}, Per: time.Minute},
		&Windows{Most: Cost{Bytes: RelayBytes}, Per: 5 * time.Minute},
		&Windows{Most: Cost{Recipients: RelayRecipients}, Per: 24 * time.Hour},
	}
}

// Limiter decides when a mailbox may be used. It may be shared by many
// Connectors, keep its state elsewhere, do I/O and fail. It is safe for
// concurrent use.
//
// A Limiter may have the methods Spend and Stop of Windows as well. Then it is
// told of what others use, and of a server that refuses.
type Limiter interface {
	// Reserve takes the whole cost from what the mailbox may spend, or nothing
	// of it. When the cost does not fit yet, Reserve either waits, for as long
	// as ctx allows, or returns a *LimitError that says when to come back. One
	// that is above the limit by itself is refused at once, by a *LimitError that
	// says never. The mailbox is an address, or begins with a word before one, and
	// its case does not matter.
	Reserve(ctx context.Context, mailbox string, cost Cost) (Reservation, error)
}

// Cost is what one use of a mailbox takes. Nothing in it is negative.
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
	Limit string    // such as "25 messages in 1m0s", or "the server itself"
	Until time.Time // when the cost may fit; zero means never: it is above the limit by itself
}

func (e *LimitError) Error() string {
	if e.Until.IsZero() {
		return fmt.Sprintf("exdesk: the cost alone is above the limit of %s", e.Limit)
	}
	return fmt.Sprintf("exdesk: the limit of %s is reached until %s", e.Limit, e.Until.UTC().Format(time.RFC3339))
}

// Is makes a limit that passes a kind of ErrTemporary, and one that does not a
// kind of ErrRefused.
func (e *LimitError) Is(class error) bool {
	return class == ErrTemporary && !e.Until.IsZero() || class == ErrRefused && e.Until.IsZero()
}

// RetryAfter returns how long it is until the cost may fit, if ever.
func (e *LimitError) RetryAfter() (time.Duration, bool) {
	if e.Until.IsZero() {
		return 0, false
	}
	return max(0, time.Until(e.Until)), true
}

// longer returns the one of two refusals that lasts longer; nil is none.
func longer(a, b *LimitError) *LimitError {
	switch {
	case a == nil:
		return b
	case b == nil || a.Until.IsZero():
		return a
	case b.Until.IsZero() || b.Until.After(a.Until):
		return b
	}
	return a
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Messages + d.Messages, c.Bytes + d.Bytes, c.Recipients + d.Recipients}
}

func (c Cost) minus(d Cost) Cost {
	return Cost{c.Messages - d.Messages, c.Bytes - d.Bytes, c.Recipients - d.Recipients}
}

func (c Cost) negative() bool { return c.Messages < 0 || c.Bytes < 0 || c.Recipients < 0 }

// Waiter is what *rate.Limiter of golang.org/x/time/rate is.
type Waiter interface {
	WaitN(ctx context.Context, n int) error
}

// LimitMessages makes a Limiter of anything that waits for n events, such as
// a *rate.Limiter, which says by a *LimitError when ctx ends before the wait
// would. All mailboxes share it, and only messages count. Mind that a token
// bucket with a burst of n lets up to 2n-1 events into one window.
func LimitMessages(w Waiter) Limiter {
	if l, ok := w.(*rate.Limiter); ok {
		return bucketLimiter{l}
	}
	return waiterLimiter{w}
}

type waiterLimiter struct{ w Waiter }

func (l waiterLimiter) Reserve(ctx context.Context, _ string, cost Cost) (Reservation, error) {
	if err := l.w.WaitN(ctx, cost.Messages); err != nil {
		return nil, fmt.Errorf("exdesk: waiting for the limiter: %w", err)
	}
	return spent{}, nil
}

type bucketLimiter struct{ l *rate.Limiter }

func (b bucketLimiter) Reserve(ctx context.Context, _ string, cost Cost) (Reservation, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("exdesk: waiting for the limiter: %w", context.Cause(ctx))
	}
	limit := fmt.Sprintf("%.3g messages a second in bursts of %d", float64(b.l.Limit()), b.l.Burst())
	now := time.Now()
	r := b.l.ReserveN(now, cost.Messages)
	wait := r.DelayFrom(now)
	if !r.OK() || wait == rate.InfDuration {
		return nil, &LimitError{Limit: limit}
	}
	if until := now.Add(wait); wait > 0 && tooLate(ctx, until) {
		r.CancelAt(now)
		return nil, &LimitError{Limit: limit, Until: until}
	}
	if wait > 0 {
		if err := sleep(ctx, wait); err != nil {
			r.Cancel()
			return nil, fmt.Errorf("exdesk: waiting for the limiter: %w", err)
		}
	}
	return spent{}, nil
}

// tooLate reports whether ctx ends by its deadline before t.
func tooLate(ctx context.Context, t time.Time) bool {
	deadline, ok := ctx.Deadline()
	return ok && !t.Before(deadline)
}

// spent is a reservation that cannot be given back.
type spent struct{}

func (spent) Commit() {}
func (spent) Cancel() {}

// Unlimited is a Limiter that grants everything.
var Unlimited Limiter = unlimited{}

type unlimited struct{}

func (unlimited) Reserve(context.Context, string, Cost) (Reservation, error) { return spent{}, nil }
