package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
)

// worst returns the largest number of times that fall into one window.
func worst(times []time.Time, per time.Duration) int {
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i, t := range times {
		for t.Sub(times[first]) >= per {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// hammer sends n requests through a limiter from several senders, with a delay
// on the way there and back, and returns when the server heard them.
func hammer(t *testing.T, l exdesk.Limiter, n, senders int) []time.Time {
	var mu sync.Mutex
	var heard []time.Time
	var wg sync.WaitGroup
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	close(left)
	for s := range senders {
		rnd := rand.New(rand.NewPCG(1, uint64(s)))
		wg.Go(func() {
			for range left {
				for {
					slot, err := l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
					var limit *exdesk.LimitError
					if errors.As(err, &limit) {
						time.Sleep(time.Until(limit.Until))
						continue
					}
					require.NoError(t, err)
					time.Sleep(time.Duration(rnd.IntN(900)) * time.Millisecond)
					mu.Lock()
					heard = append(heard, time.Now())
					mu.Unlock()
					time.Sleep(time.Duration(rnd.IntN(300)) * time.Millisecond)
					slot.Commit()
					break
				}
			}
		})
	}
	wg.Wait()
	return heard
}

func TestWindowsHoldAtTheServer(t *testing.T) {
	for _, senders := range []int{1, 4, 40} {
		synctest.Test(t, func(t *testing.T) {
			l := &exdesk.Windows{Most: exdesk.Cost{Messages: 25}, Per: time.Minute}
			start := time.Now()
			heard := hammer(t, l, 500, senders)
			require.Equal(t, 25, worst(heard, time.Minute), "%d senders", senders)
			rate := float64(len(heard)-25) / time.Since(start).Minutes()
			require.Greater(t, rate, 15.0, "the limit is used")
		})
	}
}

// A bucket of the same size is what the default is there to avoid.
func TestTokenBucketDoesNotHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.LimitMessages(rate.NewLimiter(25.0/60, 25))
		require.Greater(t, worst(hammer(t, l, 100, 1), time.Minute), 25)
	})
}

func TestWindowsTakeAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &exdesk.Windows{Most: exdesk.Cost{Messages: 10, Bytes: 100, Recipients: 5}, Per: time.Minute}
		take := func(box string, c exdesk.Cost) error {
			slot, err := l.Reserve(t.Context(), box, c)
			if err == nil {
				slot.Commit()
			}
			return err
		}
		require.NoError(t, take("a", exdesk.Cost{Messages: 1, Bytes: 90, Recipients: 5}))
		var limit *exdesk.LimitError
		require.ErrorAs(t, take("a", exdesk.Cost{Messages: 1, Bytes: 20}), &limit)
		require.Equal(t, "100 bytes in 1m0s", limit.Limit)
		require.Equal(t, time.Now().Add(time.Minute), limit.Until)
		require.ErrorIs(t, limit, exdesk.ErrTemporary)
		require.NoError(t, take("a", exdesk.Cost{Messages: 9, Bytes: 10}), "the refused cost took nothing")
		require.ErrorAs(t, take("a", exdesk.Cost{Messages: 1}), &limit)
		require.NoError(t, take("b", exdesk.Cost{Messages: 10}), "mailboxes do not share")

		require.ErrorAs(t, take("c", exdesk.Cost{Bytes: 101}), &limit, "above the limit by itself")
		require.True(t, limit.Until.IsZero())
		require.NotErrorIs(t, limit, exdesk.ErrTemporary)

		time.Sleep(time.Minute)
		require.NoError(t, take("a", exdesk.Cost{Messages: 10, Bytes: 100, Recipients: 5}))
	})
}

func TestWindowsCancelAndOpenReservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Minute}
		slot, err := l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
		require.NoError(t, err)
		slot.Cancel()
		slot.Commit() // after Cancel it does nothing
		slot, err = l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
		require.Error(t, err, "an answer that has not come keeps the slot")
		slot.Commit()
		slot.Cancel()
		time.Sleep(time.Minute - time.Nanosecond)
		_, err = l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
		require.Error(t, err)
		time.Sleep(time.Nanosecond)
		_, err = l.Reserve(t.Context(), "a", exdesk.Cost{Messages: 1})
		require.NoError(t, err)
	})
}

func TestLimitMessagesStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := exdesk.LimitMessages(rate.NewLimiter(1, 1)).Reserve(ctx, "a", exdesk.Cost{Messages: 1})
	require.ErrorIs(t, err, context.Canceled)
}

func ExampleWindows() {
	limiter := &exdesk.Windows{Most: exdesk.Cost{Messages: 2}, Per: time.Hour}
	for range 3 {
		slot, err := limiter.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
		var limit *exdesk.LimitError
		if errors.As(err, &limit) {
			fmt.Println("the limit of", limit.Limit, "is reached")
			return
		}
		fmt.Println("one more")
		slot.Commit() // when the server has answered
	}
	// Output:
	// one more
	// one more
	// the limit of 2 messages in 1h0m0s is reached
}

func ExampleLimitMessages() {
	limiter := exdesk.LimitMessages(rate.NewLimiter(rate.Every(6*time.Second), 1))
	slot, err := limiter.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
	fmt.Println(slot != nil, err)
	// Output: true <nil>
}
