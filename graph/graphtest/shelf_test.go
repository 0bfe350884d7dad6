package graphtest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShelf(t *testing.T) {
	t.Parallel()
	var s shelf[int]
	for i := range kept {
		require.True(t, s.put(strconv.Itoa(i), i))
	}
	require.False(t, s.put("0", 7))
	require.Equal(t, 0, s.values["0"])
	require.True(t, s.put("one more", 1))
	require.NotContains(t, s.values, "0")
	require.Contains(t, s.values, strconv.Itoa(kept-1))
	require.Contains(t, s.values, "one more")
	require.Len(t, s.values, len(s.order))
	require.LessOrEqual(t, len(s.order), kept)
	require.True(t, s.put("0", 7), "what went may come again")
}
