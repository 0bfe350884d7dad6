package consent

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// However many come back, the latest are known.
func TestSpentIsTakenOnce(t *testing.T) {
	t.Parallel()
	var s spent
	now := time.Now()
	const all = mostSpent + 100
	for i := range all {
		require.True(t, s.take(strconv.Itoa(i), now.Add(time.Duration(i))))
		require.False(t, s.take(strconv.Itoa(i), now.Add(time.Duration(i))))
	}
	for i := all - mostSpent; i < all; i++ {
		require.False(t, s.take(strconv.Itoa(i), now.Add(time.Duration(i))), i)
	}
	require.Len(t, s.until, mostSpent)
}
