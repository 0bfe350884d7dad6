package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
)

const box = "support@contoso.test"

// one is the cost of one message of n octets for r recipients.
func one(n int64, r int) exdesk.Cost { return exdesk.Cost{Messages: 1, Bytes: n, Recipients: r} }

// take reserves and commits.
func take(t *testing.T, l exdesk.Limiter, cost exdesk.Cost) error {
	slot, err := l.Reserve(t.Context(), box, cost)
	if err == nil {
		slot.Commit()
	}
	return err
}

// refused says that a cost is refused because of a limit, and until when.
func refused(t *testing.T, l exdesk.Limiter, cost exdesk.Cost, limit string, wait time.Duration) {
	t.Helper()
	var no *exdesk.LimitError
	require.ErrorAs(t, take(t, l, cost), &no)
	require.Equal(t, limit, no.Limit)
	require.Equal(t, wait, time.Until(no.Until))
}

func TestRelayLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.RelayLimits()
		for range 10 {
			require.NoError(t, take(t, l, one(1000, 2)))
		}
		refused(t, l, one(1000, 2), "10 messages in 1m0s", time.Minute)
		time.Sleep(time.Minute)
		require.NoError(t, take(t, l, one(49_000_000, 1)))
		refused(t, l, one(2_000_000, 2), "50000000 bytes in 5m0s", 5*time.Minute)
		require.NoError(t, take(t, l, one(1000, 9_979)), "a refused cost takes nothing")
		refused(t, l, one(1000, 1), "10000 recipients in 24h0m0s", 24*time.Hour-time.Minute)
		refused(t, l, one(2_000_000, 1), "10000 recipients in 24h0m0s", 24*time.Hour-time.Minute)

		for _, never := range []exdesk.Cost{{Messages: 11}, {Bytes: 50_000_001}, {Recipients: 10_001}} {
			var no *exdesk.LimitError
			require.ErrorAs(t, take(t, l, never), &no)
			require.True(t, no.Until.IsZero(), "%v", no)
			require.NotErrorIs(t, no, exdesk.ErrTemporary)
			_, ever := exdesk.RetryAfter(no)
			require.False(t, ever)
		}
	})
}

// refusing is a Limiter of somebody else's.
type refusing struct{ err error }

func (r refusing) Reserve(context.Context, string, exdesk.Cost) (exdesk.Reservation, error) {
	return nil, r.err
}

func TestLimitersTakeAllOrNothing(t *testing.T) {
	broken := errors.New("the database is down")
	w := &exdesk.Windows{Most: exdesk.Cost{Messages: 3}, Per: time.Minute}
	l := exdesk.Limiters{w, exdesk.Limiters{refusing{broken}}}
	require.ErrorIs(t, take(t, l, one(1, 1)), broken)
	require.Zero(t, w.Used(box))

	later := &exdesk.LimitError{Limit: "theirs", Until: time.Now().Add(time.Hour)}
	var no *exdesk.LimitError
	require.ErrorAs(t, take(t, exdesk.Limiters{w, refusing{later}}, one(1, 1)), &no)
	require.Equal(t, later, no)
	require.Zero(t, w.Used(box))

	require.NoError(t, take(t, exdesk.Limiters{w, w, exdesk.Limiters{w}}, one(1, 1)))
	require.Equal(t, 1, w.Used(box).Messages, "it is one window, however often it is named")
	require.NoError(t, take(t, exdesk.Limiters{}, one(1, 1)))
	require.Error(t, take(t, l, exdesk.Cost{Bytes: -1}))

	slot, err := exdesk.Limiters{w, exdesk.Unlimited}.Reserve(t.Context(), box, one(1, 1))
	require.NoError(t, err)
	slot.Cancel()
	slot.Commit()
	require.Equal(t, 1, w.Used(box).Messages)
}

// What is refused as a whole must not, for an instant, be in the way of others.
func TestLimitersAreNotHalfTaken(t *testing.T) {
	free := &exdesk.Windows{Most: exdesk.Cost{Messages: 1000}, Per: time.Hour}
	full := &exdesk.Windows{Most: exdesk.Cost{Bytes: 10}, Per: time.Hour}
	full.Spend(box, exdesk.Cost{Bytes: 10}, time.Now())
	var wg sync.WaitGroup
	done := make(chan struct{})
	for _, l := range []exdesk.Limiters{{free, full}, {full, free}} { // in any order
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = take(t, l, exdesk.Cost{Messages: 1000, Bytes: 1})
				}
			}
		})
	}
	for range 1000 {
		require.NoError(t, take(t, free, exdesk.Cost{Messages: 1}))
	}
	close(done)
	wg.Wait()
}

func TestLimitersWithTokenBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &exdesk.Windows{Most: exdesk.Cost{Messages: 2}, Per: time.Minute}
		bucket := rate.NewLimiter(rate.Every(10*time.Second), 2)
		l := exdesk.Limiters{exdesk.LimitMessages(bucket), w}
		require.NoError(t, take(t, l, one(1, 1)))
		require.NoError(t, take(t, l, one(1, 1)))
		require.Error(t, take(t, l, one(1, 1)))
		require.InDelta(t, 0, bucket.Tokens(), 1e-6)
		time.Sleep(time.Minute)
		require.InDelta(t, 2, bucket.Tokens(), 1e-6, "what the windows refuse is not asked of it")

		_, err := l.Reserve(t.Context(), box, exdesk.Cost{Messages: 2})
		require.NoError(t, err)
		time.AfterFunc(5*time.Second, func() { l.Stop(box, time.Now().Add(time.Hour)) })
		var no *exdesk.LimitError
		only := exdesk.Limiters{exdesk.LimitMessages(bucket), new(exdesk.Windows)}
		time.AfterFunc(5*time.Second, func() { only.Stop(box, time.Now().Add(time.Hour)) })
		require.ErrorAs(t, take(t, only, one(1, 1)), &no, "the stop came while it waited")
		require.Equal(t, "the server itself", no.Limit)
		require.Equal(t, time.Hour-5*time.Second, time.Until(no.Until))
	})
}

func TestLimitMessagesSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := rate.NewLimiter(rate.Every(6*time.Second), 1)
		l := exdesk.LimitMessages(bucket)
		require.NoError(t, take(t, l, one(1, 1)))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := l.Reserve(ctx, box, one(1, 1))
		var no *exdesk.LimitError
		require.ErrorAs(t, err, &no)
		require.Equal(t, "0.167 messages a second in bursts of 1", no.Limit)
		require.Equal(t, 6*time.Second, time.Until(no.Until).Round(time.Millisecond))
		require.Zero(t, time.Since(start), "at once")
		require.NoError(t, take(t, l, one(1, 1)), "without a deadline it waits")
		require.Equal(t, 6*time.Second, time.Since(start).Round(time.Millisecond))
		require.ErrorAs(t, take(t, l, exdesk.Cost{Messages: 2}), &no)
		require.True(t, no.Until.IsZero())

		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { stop(errors.New("enough")) })
		_, err = l.Reserve(ctx, box, one(1, 1))
		require.ErrorContains(t, err, "enough")
		require.NoError(t, take(t, l, one(1, 1)), "its place was given back")
		require.Equal(t, 12*time.Second, time.Since(start).Round(time.Millisecond))
	})
}

func TestSpend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.RelayLimits()
		time.Sleep(time.Hour)
		now := time.Now()
		l.Spend(box, exdesk.Cost{Recipients: 6000}, now.Add(-23*time.Hour))
		l.Spend(box, exdesk.Cost{Recipients: 5000}, now.Add(-25*time.Hour)) // too old
		l.Spend(box, exdesk.Cost{Recipients: 30_000}, now.Add(-25*time.Hour))
		require.NoError(t, take(t, l, one(1, 4000)))
		refused(t, l, one(1, 4000), "10000 recipients in 24h0m0s", time.Hour)
		l.Spend(box, exdesk.Cost{Recipients: 1 << 40}, now.Add(time.Hour)) // as if it were now
		l.Spend(box, exdesk.Cost{Recipients: 1 << 62}, now)
		l.Spend(box, exdesk.Cost{Recipients: 1 << 62}, now)
		l.Spend(box, exdesk.Cost{Recipients: -1 << 62}, now)
		refused(t, l, one(1, 4000), "10000 recipients in 24h0m0s", 24*time.Hour)
		require.NoError(t, take(t, l, exdesk.Cost{Messages: 1}), "what has no recipients is not concerned")
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.RelayLimits()
		now := time.Now()
		l.Stop(box, now.Add(10*time.Minute))
		l.Stop("Support@Contoso.Test", now.Add(5*time.Minute)) // another sender's answer
		refused(t, l, one(1, 1), "the server itself", 10*time.Minute)
		_, err := l.Reserve(t.Context(), "sales@contoso.test", one(1, 1))
		require.NoError(t, err)
		time.Sleep(10*time.Minute - time.Nanosecond)
		refused(t, l, one(1, 1), "the server itself", 1)
		time.Sleep(time.Nanosecond)
		require.NoError(t, take(t, l, one(1, 1)))

		l.Stop(box, now.Add(24*time.Hour))
		l.Stop(box, time.Time{})
		require.NoError(t, take(t, l, one(1, 1)), "it was lifted")
		for range 8 {
			require.NoError(t, take(t, l, one(1, 1)))
		}
		l.Stop(box, time.Now().Add(time.Second))
		refused(t, l, one(1, 1), "10 messages in 1m0s", time.Minute)
	})
}

// Thousands of entries are thinned, and the limit is kept all the same.
func TestWindowsThin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 5000
		w := &exdesk.Windows{Most: exdesk.Cost{Messages: most}, Per: 24 * time.Hour}
		rnd := rand.New(rand.NewPCG(3, 3))
		var heard []time.Time
		start := time.Now()
		for time.Since(start) < 72*time.Hour {
			err := take(t, w, exdesk.Cost{Messages: 1})
			var no *exdesk.LimitError
			if errors.As(err, &no) {
				time.Sleep(time.Until(no.Until))
				continue
			}
			heard = append(heard, time.Now())
			time.Sleep(time.Duration(rnd.Int64N(int64(20 * time.Second))))
		}
		require.Equal(t, most, worst(heard, 24*time.Hour))
		require.Greater(t, len(heard), 3*most*97/100)
		require.Less(t, len(w.State()), 2100*len(`[946684800000,1,0,0],`))
	})
}

func ExampleLimiters() {
	limits := exdesk.Limiters{
		&exdesk.Windows{Most: exdesk.Cost{Messages: 30}, Per: time.Minute},
		&exdesk.Windows{Most: exdesk.Cost{Recipients: 5}, Per: time.Hour},
	}
	for range 2 {
		slot, err := limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1, Recipients: 3})
		var limit *exdesk.LimitError
		if errors.As(err, &limit) {
			fmt.Println("the limit of", limit.Limit, "is reached")
			return
		}
		slot.Commit()
	}
	// Output: the limit of 5 recipients in 1h0m0s is reached
}

func ExampleRelayLimits() {
	_, err := exdesk.RelayLimits().Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1, Bytes: 60_000_000})
	fmt.Println(err)
	// Output: exdesk: the cost alone is above the limit of 50000000 bytes in 5m0s
}

func ExampleLimiters_Spend() {
	limits := exdesk.RelayLimits()
	limits.Spend("support@contoso.com", exdesk.Cost{Recipients: 9_999}, time.Now().Add(-time.Hour)) // a newsletter
	_, err := limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1, Recipients: 2})
	wait, _ := exdesk.RetryAfter(err)
	fmt.Println("it may be sent in", wait.Round(time.Hour))
	// Output: it may be sent in 23h0m0s
}

func ExampleLimiters_Stop() {
	limits := exdesk.RelayLimits()
	limits.Stop("support@contoso.com", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)) // Exchange said so
	_, err := limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
	fmt.Println(err)
	limits.Stop("support@contoso.com", time.Time{}) // somebody has verified the account
	_, err = limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
	fmt.Println(err)
	// Output:
	// exdesk: the limit of the server itself is reached until 2099-01-01T00:00:00Z
	// <nil>
}
