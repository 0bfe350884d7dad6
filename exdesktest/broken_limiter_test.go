package exdesktest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// limiterFunc is a Limiter of one function.
type limiterFunc func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error)

func (f limiterFunc) Reserve(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	return f(ctx, mailbox, cost)
}

// slot is a Reservation of two functions.
type slot struct{ commit, cancel func() }

func (s slot) Commit() { s.commit() }
func (s slot) Cancel() { s.cancel() }

// settle changes what becomes of the reservations of a Limiter.
func settle(l exdesk.Limiter, f func(exdesk.Reservation) exdesk.Reservation) limiterFunc {
	return func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
		got, err := l.Reserve(ctx, mailbox, cost)
		if err != nil {
			return nil, err
		}
		return f(got), nil
	}
}

// told is a Limiter that lies to some of its callers.
type told struct {
	*exdesk.Windows
	spend func(w *exdesk.Windows, mailbox string, cost exdesk.Cost, at time.Time)
	stop  func(w *exdesk.Windows, mailbox string, until time.Time)
}

func (l told) Spend(mailbox string, cost exdesk.Cost, at time.Time) {
	l.spend(l.Windows, mailbox, cost, at)
}
func (l told) Stop(mailbox string, until time.Time) { l.stop(l.Windows, mailbox, until) }

func honestSpend(w *exdesk.Windows, mailbox string, cost exdesk.Cost, at time.Time) {
	w.Spend(mailbox, cost, at)
}
func honestStop(w *exdesk.Windows, mailbox string, until time.Time) { w.Stop(mailbox, until) }

// brokenLimiter is the suite over a Limiter that is made of a good one.
func brokenLimiter(f func(w *exdesk.Windows) exdesk.Limiter) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Limiter(t, synctest.Test, func(*testing.T) exdesktest.LimiterUnderTest {
			w := &exdesk.Windows{Most: window, Per: time.Minute}
			return exdesktest.LimiterUnderTest{Limiter: f(w), Most: window, Per: time.Minute}
		})
	}
}

// unsettled is a Reservation that was settled before, or is never.
var unsettled = slot{func() {}, func() {}}

var brokenLimiters = map[string]flaw{
	"limiter: a token bucket": {"rolling", brokenLimiter(func(*exdesk.Windows) exdesk.Limiter {
		return exdesk.LimitMessages(rate.NewLimiter(10.0/60, 10))
	})},
	"limiter: the window counts from the reservation": {"committed", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return settle(w, func(r exdesk.Reservation) exdesk.Reservation { r.Commit(); return unsettled })
	})},
	"limiter: what is reserved is forgotten after a window": {"reserved", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return settle(w, func(r exdesk.Reservation) exdesk.Reservation {
			timer := time.AfterFunc(w.Per, r.Cancel)
			return slot{func() { timer.Stop(); r.Commit() }, func() { timer.Stop(); r.Cancel() }}
		})
	})},
	"limiter: cancel does not give back": {"cancelled", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return settle(w, func(r exdesk.Reservation) exdesk.Reservation { return slot{r.Commit, r.Commit} })
	})},
	"limiter: cancel gives back what was committed": {"settled once", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return settle(w, func(r exdesk.Reservation) exdesk.Reservation {
			end := time.AfterFunc(24*time.Hour, func() {}) // the Commit keeps it reserved for as long as it counts
			return slot{func() { end.Stop(); end = time.AfterFunc(w.Per, r.Cancel) }, func() { end.Stop(); r.Cancel() }}
		})
	})},
	"limiter: each cancel gives back": {"settled once", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		var open []exdesk.Reservation // a counter that goes down twice forgets another one
		return settle(w, func(r exdesk.Reservation) exdesk.Reservation {
			open = append(open, r)
			return slot{r.Commit, func() {
				r.Cancel()
				if n := len(open); n > 0 {
					open[n-1].Cancel()
					open = open[:n-1]
				}
			}}
		})
	})},
	"limiter: nothing counts": {"grants", brokenLimiter(func(*exdesk.Windows) exdesk.Limiter { return exdesk.Unlimited })},
	"limiter: a half is taken where not all fits": {"whole", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			var all []exdesk.Reservation
			for _, part := range []exdesk.Cost{{Messages: cost.Messages}, {Bytes: cost.Bytes}, {Recipients: cost.Recipients}} {
				r, err := w.Reserve(ctx, mailbox, part)
				if err != nil {
					return nil, err
				}
				all = append(all, r)
			}
			return slot{func() { each(all, exdesk.Reservation.Commit) }, func() { each(all, exdesk.Reservation.Cancel) }}, nil
		})
	})},
	"limiter: the bytes are not looked at": {"grants", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			cost.Bytes = 0
			return w.Reserve(ctx, mailbox, cost)
		})
	})},
	"limiter: what is too large is to come back": {"too large", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			r, err := w.Reserve(ctx, mailbox, cost)
			if no, ok := errors.AsType[*exdesk.LimitError](err); ok && no.Until.IsZero() {
				return nil, &exdesk.LimitError{Limit: no.Limit, Until: time.Now().Add(w.Per)}
			}
			return r, err
		})
	})},
	"limiter: what is too large waits": {"too large", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			r, err := w.Reserve(ctx, mailbox, cost)
			if no, ok := errors.AsType[*exdesk.LimitError](err); ok && no.Until.IsZero() {
				<-ctx.Done()
			}
			return r, err
		})
	})},
	"limiter: it says to come back at once": {"comes back", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			r, err := w.Reserve(ctx, mailbox, cost)
			if no, ok := errors.AsType[*exdesk.LimitError](err); ok && !no.Until.IsZero() {
				return nil, &exdesk.LimitError{Limit: no.Limit, Until: time.Now()}
			}
			return r, err
		})
	})},
	"limiter: the error is of no type": {"comes back", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			r, err := w.Reserve(ctx, mailbox, cost)
			if err != nil {
				return nil, errors.New(err.Error())
			}
			return r, nil
		})
	})},
	"limiter: it waits whatever becomes of the caller": {"context", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		line := &exdesk.Line{Limiter: w}
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*w.Per)
			defer cancel()
			return line.Reserve(patient, mailbox, cost)
		})
	})},
	"limiter: who has gone keeps his place": {"context", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		var gone []exdesk.Cost
		line := &exdesk.Line{Limiter: w}
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			gone = slices.DeleteFunc(gone, func(c exdesk.Cost) bool {
				_, err := w.Reserve(ctx, mailbox, c)
				return err == nil
			})
			r, err := line.Reserve(ctx, mailbox, cost)
			if errors.Is(err, context.Canceled) || ctx.Err() != nil {
				gone = append(gone, cost)
			}
			return r, err
		})
	})},
	"limiter: all mailboxes share it": {"mailboxes", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, _ string, cost exdesk.Cost) (exdesk.Reservation, error) {
			return w.Reserve(ctx, "", cost)
		})
	})},
	"limiter: the case of a mailbox counts": {"mailboxes", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			if mailbox != strings.ToLower(mailbox) {
				mailbox += " in capitals"
			}
			return w.Reserve(ctx, mailbox, cost)
		})
	})},
	"limiter: two at once are granted the same": {"together", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return limiterFunc(func(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
			r, err := w.Reserve(ctx, mailbox, cost)
			if err != nil {
				return nil, err
			}
			r.Cancel()
			time.Sleep(time.Millisecond) // between looking and writing
			if r, err = w.Reserve(ctx, mailbox, cost); err != nil {
				return unsettled, nil
			}
			return r, nil
		})
	})},
	"limiter: what others use counts from when it is told": {"spend", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return told{w, func(w *exdesk.Windows, mailbox string, cost exdesk.Cost, _ time.Time) {
			w.Spend(mailbox, cost, time.Now())
		}, honestStop}
	})},
	"limiter: what others use does not count": {"spend", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return told{w, func(*exdesk.Windows, string, exdesk.Cost, time.Time) {}, honestStop}
	})},
	"limiter: the last stop counts": {"stop", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return told{w, honestSpend, func(w *exdesk.Windows, mailbox string, until time.Time) {
			w.Stop(mailbox, time.Time{})
			w.Stop(mailbox, until)
		}}
	})},
	"limiter: a stop cannot be lifted": {"stop", brokenLimiter(func(w *exdesk.Windows) exdesk.Limiter {
		return told{w, honestSpend, func(w *exdesk.Windows, mailbox string, until time.Time) {
			if !until.IsZero() {
				w.Stop(mailbox, until)
			}
		}}
	})},
}

func each(all []exdesk.Reservation, f func(exdesk.Reservation)) {
	for _, r := range all {
		f(r)
	}
}
