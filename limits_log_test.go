package exdesk

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A packed window holds what a list of its entries would, whatever comes in what
// order, until there are so many that they are put together.
func TestWindowIsPacked(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		const per = 60_000
		var b window
		var list []use
		now := rnd.Int64N(1<<40) - 1<<39
		for range 300 {
			now += rnd.Int64N([]int64{1, 100, 10_000, 100_000}[rnd.IntN(4)])
			b.forget(now, per)
			list = slices.DeleteFunc(list, func(u use) bool { return now-u.at >= per })
			u := use{now, Cost{Messages: 1}}
			switch rnd.IntN(4) {
			case 0:
				u.cost = Cost{rnd.IntN(3), rnd.Int64N(1 << 50), rnd.IntN(1 << 20)}
			case 1:
				u.at -= rnd.Int64N(per)
			}
			b.add(u.cost)
			b.put(u.at, u.cost, per/exact)
			i := len(list)
			for i > 0 && list[i-1].at > u.at {
				i--
			}
			list = slices.Insert(list, i, u)
			var sum Cost
			var is []use
			for _, u := range list {
				sum = sum.plus(u.cost)
			}
			for at, c := range b.spent() {
				is = append(is, use{at, c})
			}
			require.Equal(t, list, is)
			require.Equal(t, sum, b.used())
		}
		b.forget(now+per, per)
		require.Equal(t, Cost{}, b.used())
	}
}

// Where there is no limit, what cannot be counted is not granted.
func TestWindowsDoNotOverflow(t *testing.T) {
	w := &Windows{Per: time.Hour}
	huge := Cost{Messages: 2_000_000_000, Bytes: 7 << 60, Recipients: 2_000_000_000}
	s, err := w.Reserve(t.Context(), "a", huge)
	require.NoError(t, err)
	s.Commit()
	_, err = w.Reserve(t.Context(), "a", huge)
	require.ErrorIs(t, err, ErrTemporary)
	w.Spend("a", huge, time.Now())
	w.Spend("a", huge, time.Now())
	require.Equal(t, Cost{Messages: unbound, Bytes: 1<<63 - 1, Recipients: unbound}, w.Used("a"))
}

// Reservations that are used again keep apart from those before them.
func TestReservationsEndOnce(t *testing.T) {
	w := &Windows{Most: Cost{Messages: 100}, Per: time.Hour}
	var ended []Reservation
	for i := range 100 {
		s, err := w.Reserve(t.Context(), "a", Cost{Messages: 1})
		require.NoError(t, err)
		for _, old := range ended {
			old.Cancel()
			old.Commit()
		}
		require.Equal(t, (i+1)/2+1, w.Used("a").Messages)
		if i%2 == 0 {
			s.Commit()
		} else {
			s.Cancel()
		}
		ended = append(ended, s)
	}
}

// A minute's window takes no memory while it is used, and little when it is full.
func TestWindowsAreSmall(t *testing.T) {
	const n = 10_000
	var names [n]string
	for i := range names {
		names[i] = fmt.Sprintf("box%05d@contoso.test", i)
	}
	for most, bound := range map[int]int64{10: 130, 25: 160} {
		synctest.Test(t, func(t *testing.T) {
			w := &Windows{Most: Cost{Messages: most}, Per: time.Minute}
			heap := func() int64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return int64(m.HeapAlloc)
			}
			before := heap()
			for range most {
				for _, name := range names {
					s, err := w.Reserve(t.Context(), name, Cost{Messages: 1})
					require.NoError(t, err)
					s.Commit()
				}
				time.Sleep(time.Minute / time.Duration(most))
			}
			each := (heap() - before) / n
			t.Logf("%d messages: %d bytes", most, each)
			require.LessOrEqual(t, each, bound)
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				time.Sleep(time.Minute / time.Duration(most))
				s, err := w.Reserve(t.Context(), names[0], Cost{Messages: 1})
				if err != nil {
					t.Error(err)
					return
				}
				s.Commit()
			}))
		})
	}
}

func BenchmarkWindows(b *testing.B) {
	w := &Windows{Most: Cost{Messages: 25}, Per: time.Minute}
	const name = "support@contoso.test"
	b.Run("reserve and cancel", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			s, err := w.Reserve(b.Context(), name, Cost{Messages: 1})
			if err != nil {
				b.Fatal(err)
			}
			s.Cancel()
		}
	})
	b.Run("now", func(b *testing.B) {
		for range b.N {
			_ = time.Now()
		}
	})
}
