package main

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// shortDeaths is how many processes die unless EXDESK_DEATHS says otherwise.
	shortDeaths = 80
	// houses is how many mailboxes there are at a time, with daemons of their own:
	// much of a life is waiting.
	houses = 4
)

// number reads a variable of the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// Programs are killed at random moments, hundreds of times, while mail comes in,
// agents answer, people change labels and both services have their troubles: each
// mail becomes one ticket or comment, or is rejected, and each answer leaves once.
// EXDESK_DEATHS is how many die, and EXDESK_SEED repeats a run, as far as processes
// can be made to repeat anything.
func TestRealDeath(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it builds and runs processes, and kills them")
	}
	t.Parallel()
	deaths, seed := number(t, "EXDESK_DEATHS", shortDeaths), number(t, "EXDESK_SEED", rand.Uint64())
	begin, bin := time.Now(), build(t)
	var left atomic.Int64
	left.Store(int64(deaths))
	var mu sync.Mutex // guards sum
	var sum tally
	var all sync.WaitGroup
	for n := range houses {
		all.Go(func() { // however few may be Parallel: most of this is waiting
			t.Run("house "+strconv.Itoa(n), func(t *testing.T) {
				m := newMortals(t, bin, n, seed)
				m.left = &left
				m.measure()
				t.Logf("a life is of %s", m.life)
				for left.Load() > 0 {
					m.generation()
				}
				t.Logf("all died after %s", time.Since(begin).Round(time.Second))
				wrong := m.settle()
				m.count.renewals = m.requests().Renewals
				mu.Lock()
				sum.add(&m.count)
				mu.Unlock()
				if len(wrong) > 0 || m.count.lost+m.count.twice+m.count.sentTwice+m.count.unsent > 0 {
					t.Errorf("%s: %q\n%s", &m.count, wrong, &m.house.all)
				}
			})
		})
	}
	all.Wait()
	t.Logf("seed %d, %s: %s", seed, time.Since(begin).Round(time.Second), &sum)
	require.NotZero(t, sum.inFlight)
	require.NotZero(t, sum.renewals)
}
