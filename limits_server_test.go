package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// heard is what the server has heard of a mailbox.
type heard struct {
	mu    sync.Mutex
	at    []time.Time
	costs []exdesk.Cost
	from  time.Time // of a stop
	until time.Time
	wrong []string
}

func (h *heard) hear(cost exdesk.Cost) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.costs = append(h.at, time.Now()), append(h.costs, cost)
}

// granted takes note of a grant in the time of a stop.
func (h *heard) granted() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.After(h.from) && now.Before(h.until) {
		h.wrong = append(h.wrong, fmt.Sprintf("granted at %s, between %s and %s", now, h.from, h.until))
	}
}

func (h *heard) stop(l interface{ Stop(string, time.Time) }, mailbox string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.Stop(mailbox, until)
	if now := time.Now(); !h.until.After(now) || until.After(h.until) {
		if !h.until.After(now) {
			h.from = now
		}
		h.until = until
	}
}

// worst returns the most of each dimension that the server heard in a span.
func (h *heard) worst(per time.Duration) exdesk.Cost {
	var sum, most exdesk.Cost
	first := 0
	for i, at := range h.at {
		sum.Messages, sum.Bytes, sum.Recipients = sum.Messages+h.costs[i].Messages, sum.Bytes+h.costs[i].Bytes, sum.Recipients+h.costs[i].Recipients
		for ; at.Sub(h.at[first]) >= per; first++ {
			sum.Messages, sum.Bytes, sum.Recipients = sum.Messages-h.costs[first].Messages, sum.Bytes-h.costs[first].Bytes, sum.Recipients-h.costs[first].Recipients
		}
		most = exdesk.Cost{Messages: max(most.Messages, sum.Messages), Bytes: max(most.Bytes, sum.Bytes), Recipients: max(most.Recipients, sum.Recipients)}
	}
	return most
}

// requireKept says that the server heard at most what is allowed, and that it
// was not little.
func (h *heard) requireKept(t *testing.T, full bool) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(t, h.wrong)
	minute, five, day := h.worst(time.Minute), h.worst(5*time.Minute), h.worst(24*time.Hour)
	require.LessOrEqual(t, minute.Messages, exdesk.RelayPerMinute)
	require.LessOrEqual(t, five.Bytes, int64(exdesk.RelayBytes))
	require.LessOrEqual(t, day.Recipients, exdesk.RelayRecipients)
	if full {
		require.True(t, minute.Messages == exdesk.RelayPerMinute || five.Bytes > exdesk.RelayBytes*8/10)
	}
}

// senders are a process that sends what it can until ctx ends.
type senders struct {
	limits  exdesk.Limiter
	heard   map[string]*heard
	average exdesk.Cost
	slow    time.Duration // how long an answer may take
}

// run ends when ctx does, as a process that is killed, or, once drain is
// closed, when all answers are there.
func (s *senders) run(ctx context.Context, seed uint64, drain <-chan struct{}) {
	line := &exdesk.Line{Limiter: s.limits}
	draining, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	for mailbox, h := range s.heard {
		for n := range 6 {
			rnd := rand.New(rand.NewPCG(seed, uint64(n)<<8|uint64(mailbox[0])))
			wg.Go(func() {
				for draining.Err() == nil {
					s.send(ctx, draining, line, mailbox, h, rnd)
				}
			})
		}
	}
	select {
	case <-drain:
	case <-ctx.Done():
	}
	stop()
	wg.Wait()
}

func (s *senders) send(ctx, draining context.Context, line *exdesk.Line, mailbox string, h *heard, rnd *rand.Rand) {
	cost := exdesk.Cost{Messages: 1, Bytes: rnd.Int64N(2 * s.average.Bytes), Recipients: rnd.IntN(2 * s.average.Recipients)}
	patient, cancel := context.WithTimeout(draining, time.Duration(rnd.Int64N(int64(10*time.Minute))))
	slot, err := line.Reserve(patient, mailbox, cost)
	cancel()
	if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
		wait := min(time.Until(no.Until), 20*time.Minute) // somebody may have died, and a smaller one may fit
		select {
		case <-time.After(wait/2 + time.Duration(rnd.Int64N(int64(wait)+1))):
		case <-draining.Done():
		}
		return
	}
	if err != nil {
		return
	}
	h.granted()
	took := time.Duration(rnd.Int64N(int64(s.slow)))
	if rnd.IntN(4) > 0 {
		took /= 50
	}
	what := rnd.IntN(12)
	if what == 0 { // nothing is sent
		time.Sleep(took)
		slot.Cancel()
		return
	}
	on := took // how long it is on its way
	switch rnd.IntN(3) {
	case 0:
		on = 0
	case 1:
		on = time.Duration(rnd.Int64N(int64(took) + 1))
	}
	time.AfterFunc(on, func() { h.hear(cost) }) // even if the sender dies
	if what == 1 {
		h.stop(line, mailbox, time.Now().Add(time.Duration(rnd.Int64N(int64(2*time.Minute)))))
	}
	select {
	case <-time.After(took):
		slot.Commit()
	case <-ctx.Done():
	}
}

// At the server no window ever holds more than it may: whatever mail costs,
// however long it is on its way, whoever gives up, and however often the
// process ends, by a signal that nobody hears or in order.
func TestRelayLimitsHoldAtTheServer(t *testing.T) {
	for seed := range uint64(9) {
		for _, killed := range []bool{true, false} {
			t.Run(fmt.Sprintf("seed %d, killed %t", seed, killed), func(t *testing.T) {
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(seed, 99))
					s := &senders{heard: map[string]*heard{"a": {}, "b": {}}, slow: 30 * time.Second}
					s.average = exdesk.Cost{Bytes: []int64{1000, 3_000_000, 8_000_000}[seed%3], Recipients: []int{1, 30, 300}[seed/3%3]}
					long := 12 * time.Hour
					if killed && seed%3 == 0 {
						long = time.Hour // what is often written is written to a real disk
					}
					restore := func() exdesk.Limiters { return exdesk.RelayLimits() }
					path := filepath.Join(dir, "limits")
					for life := range uint64(12) {
						limits := restore()
						s.limits = limits
						var file *exdesk.LimitFile
						if killed {
							var err error
							file, err = exdesk.OpenLimits(path, limits)
							require.NoError(t, err)
							s.limits = file
						}
						ctx, kill := context.WithCancel(t.Context())
						drain, ended := make(chan struct{}), make(chan struct{})
						go func() {
							defer close(ended)
							s.run(ctx, seed<<8|life, drain)
						}()
						length := time.Duration(rnd.Int64N(int64(10 * time.Minute)))
						if life%4 == 3 {
							length = time.Duration(rnd.Int64N(int64(long)))
						}
						time.Sleep(length)
						if killed {
							kill()
							<-ended
							path = crash(t, path)
							require.NoError(t, file.Close()) // that of the dead one
						} else {
							close(drain)
							<-ended
							kill()
							state := limits.State()
							restore = func() exdesk.Limiters {
								l := exdesk.RelayLimits()
								require.NoError(t, l.Restore(state))
								return l
							}
						}
						time.Sleep(time.Duration(rnd.Int64N(int64(20 * time.Second))))
					}
					time.Sleep(time.Minute)
					for _, h := range s.heard {
						h.requireKept(t, true)
					}
				})
			})
		}
	}
}

// A limit that is kept is used as well.
func TestRelayLimitsAreUsed(t *testing.T) {
	for _, c := range []struct {
		name string
		cost exdesk.Cost
		most float64 // an hour
	}{
		{"messages", one(1000, 1), 600},
		{"bytes", one(5_000_000, 1), 120},
		{"recipients", one(1000, 500), 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			line := &exdesk.Line{Limiter: exdesk.RelayLimits()}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
			defer cancel()
			var times []time.Time
			var mu sync.Mutex
			var wg sync.WaitGroup
			for n := range 20 {
				rnd := rand.New(rand.NewPCG(7, uint64(n)))
				wg.Go(func() {
					for ctx.Err() == nil {
						slot, err := line.Reserve(ctx, box, c.cost)
						if err != nil {
							return
						}
						time.Sleep(time.Duration(rnd.Int64N(int64(time.Second))))
						slot.Commit()
						mu.Lock()
						times = append(times, time.Now())
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			slices.SortFunc(times, time.Time.Compare)
			got := float64(len(times))
			t.Logf("%s: %.0f in 3 hours", c.name, got)
			if c.name == "recipients" {
				require.Equal(t, c.most, got)
				return
			}
			require.GreaterOrEqual(t, got, 0.95*3*c.most)
			require.LessOrEqual(t, got, 3*c.most+10)
		})
	}
}
