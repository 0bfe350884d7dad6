package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// asked counts how often a Limiter is asked, and tells what it granted.
type asked struct {
	exdesk.Limiter
	n       atomic.Int64
	granted chan int64 // the octets of each grant, in order, if not nil
}

func (a *asked) Reserve(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	a.n.Add(1)
	slot, err := a.Limiter.Reserve(ctx, mailbox, cost)
	if err == nil && a.granted != nil {
		a.granted <- cost.Bytes
	}
	return slot, err
}

// Large mail is not starved by small mail, nobody overtakes, and nobody asks
// more often than it takes.
func TestLineKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		// The order is that of the grants: of two that are granted at the same
		// instant, either goroutine may be the first to go on.
		limits := &asked{Limiter: exdesk.RelayLimits(), granted: make(chan int64, n)}
		line := &exdesk.Line{Limiter: limits}
		start := time.Now()
		var wg sync.WaitGroup
		for i := range n {
			cost := one(1000, 2)
			if i%20 == 5 {
				cost.Bytes = 45_000_000
			}
			cost.Bytes += int64(i) // tells them apart
			wg.Go(func() {
				slot, err := line.Reserve(t.Context(), box, cost)
				if err == nil {
					time.Sleep(time.Duration(i%7) * 100 * time.Millisecond)
					slot.Commit()
				}
			})
			synctest.Wait()
		}
		for i := range n {
			require.EqualValues(t, i, <-limits.granted%1000)
		}
		wg.Wait()
		require.Less(t, time.Since(start), 55*time.Minute)
		require.Less(t, limits.n.Load(), int64(3*n))
	})
}

func TestLineAnswersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := &exdesk.Line{Limiter: exdesk.RelayLimits()}
		within := func(d time.Duration, cost exdesk.Cost) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			start := time.Now()
			slot, err := line.Reserve(ctx, box, cost)
			if err == nil {
				slot.Commit()
			}
			return time.Since(start), err
		}
		for range 10 {
			took, err := within(time.Second, one(1, 1))
			require.NoError(t, err)
			require.Zero(t, took)
		}
		var no *exdesk.LimitError
		took, err := within(30*time.Second, one(1, 1))
		require.ErrorAs(t, err, &no, "the deadline comes first")
		require.Zero(t, took)
		require.Equal(t, time.Minute, time.Until(no.Until))
		took, err = within(time.Minute, one(1, 1))
		require.ErrorAs(t, err, &no, "just too late")
		require.Zero(t, took)

		time.Sleep(time.Second)
		go within(time.Hour, one(45_000_000, 1))
		synctest.Wait() // it waits for a place in the minute
		took, err = within(time.Hour, one(50_000_001, 1))
		require.ErrorAs(t, err, &no, "it would never fit, behind whomever it waits")
		require.True(t, no.Until.IsZero())
		require.Zero(t, took)

		for range 11 { // together with the large one they do not fit into a minute
			go within(time.Hour, one(1, 1))
			synctest.Wait()
		}
		took, err = within(70*time.Second, one(1, 1))
		require.ErrorAs(t, err, &no, "it alone might have passed, so it had to wait and see")
		require.Equal(t, 70*time.Second, took)
		require.Equal(t, "10 messages in 1m0s", no.Limit)
		require.Equal(t, 49*time.Second, time.Until(no.Until))

		time.Sleep(10 * time.Minute)
		go within(time.Hour, one(45_000_000, 1))
		synctest.Wait()
		go within(time.Hour, one(45_000_000, 1))
		synctest.Wait()
		took, err = within(time.Minute, one(1, 1))
		require.ErrorAs(t, err, &no, "it would have passed, but for those before")
		require.Equal(t, time.Minute, took)
		require.Equal(t, "50000000 bytes in 5m0s", no.Limit)
		require.Equal(t, 4*time.Minute, time.Until(no.Until))

		other, err := line.Reserve(t.Context(), "sales@contoso.test", one(1, 1))
		require.NoError(t, err, "another mailbox has its own line")
		other.Commit()
		time.Sleep(time.Hour)
	})
}

func TestLineGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Minute}
		line := &exdesk.Line{Limiter: w}
		first, err := line.Reserve(t.Context(), box, one(1, 1))
		require.NoError(t, err)

		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		errs := make(chan error, 2)
		go func() {
			_, err := line.Reserve(ctx, box, one(1, 1))
			errs <- err
		}()
		synctest.Wait()
		granted := make(chan exdesk.Reservation, 1)
		go func() {
			slot, err := line.Reserve(t.Context(), "SUPPORT@contoso.test", one(1, 1))
			granted <- slot
			errs <- err
		}()
		time.Sleep(10 * time.Second)
		cancel(enough)
		require.Equal(t, enough, <-errs, "who goes is told why")

		synctest.Wait() // the next one has asked
		start := time.Now()
		first.Cancel()
		second := <-granted
		require.NoError(t, <-errs)
		require.Zero(t, time.Since(start), "what is given back goes to the next at once")
		second.Commit()

		line.Stop(box, time.Now().Add(time.Hour))
		time.AfterFunc(2*time.Minute, func() { line.Stop(box, time.Time{}) })
		_, err = line.Reserve(t.Context(), box, one(1, 1))
		require.NoError(t, err)
		require.Equal(t, 2*time.Minute, time.Since(start), "a stop that is lifted is over at once")
		_, err = line.Reserve(ctx, box, one(1, 1))
		require.Equal(t, enough, err)
	})
}

// Stop works whoever grants, and a Limiter that is wrong makes nobody spin.
func TestLineOfAnyLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, l := range []exdesk.Limiter{nil, exdesk.Unlimited, &exdesk.Line{}} {
			line := &exdesk.Line{Limiter: l}
			line.Stop(box, time.Now().Add(time.Hour))
			start := time.Now()
			require.NoError(t, take(t, line, one(1, 1)))
			require.Equal(t, time.Hour, time.Since(start))
		}
		broken := errors.New("the database is down")
		require.Equal(t, broken, take(t, &exdesk.Line{Limiter: refusing{broken}}, one(1, 1)))

		wrong := &asked{Limiter: refusing{&exdesk.LimitError{Limit: "theirs", Until: time.Now().Add(-time.Hour)}}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := (&exdesk.Line{Limiter: wrong}).Reserve(ctx, box, one(1, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, wrong.n.Load(), int64(101))
	})
}

func ExampleLine() {
	line := &exdesk.Line{Limiter: &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: 20 * time.Millisecond}}
	for range 2 { // the second one has to wait
		slot, err := line.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
		fmt.Println("granted:", slot != nil, err)
		slot.Commit() // when the server has answered
	}

	line.Stop("support@contoso.com", time.Now().Add(time.Hour)) // it was a refusal
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := line.Reserve(ctx, "support@contoso.com", exdesk.Cost{Messages: 1})
	wait, _ := exdesk.RetryAfter(err)
	fmt.Println("come back in", wait.Round(time.Minute))
	// Output:
	// granted: true <nil>
	// granted: true <nil>
	// come back in 1h0m0s
}
