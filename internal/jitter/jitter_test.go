package jitter_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/jitter"
)

// TestSpread: whoever waits for something else, or at another time, waits for
// another time, all over the range.
func TestSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 10
		var tens [n]int
		for range 1000 {
			tens[jitter.N(n, "a")]++
			require.Equal(t, jitter.N(time.Hour, "a"), jitter.N(time.Hour, "a"), "at one time")
			require.NotEqual(t, jitter.N(time.Hour, "a"), jitter.N(time.Hour, "b"))
			time.Sleep(time.Nanosecond)
		}
		for _, k := range tens {
			require.InDelta(t, 100, k, 40)
		}
		require.Zero(t, jitter.N(1, "a"))
	})
}
