package zendesk

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// From within: ten thousand signed requests take too long.
func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	var r recent
	begin := func(i int) (*flight, bool) {
		e := &CommentAdded{Account: 1, Ticket: 2, Comment: int64(i), EventID: fmt.Sprint(i)}
		return r.begin(keysOf(e, "invocation"), time.Hour)
	}
	going, _ := begin(-1)
	for i := range remembered + 1 {
		f, first := begin(i)
		require.True(t, first)
		r.end(f, verdict{status: http.StatusOK})
	}
	require.Len(t, r.ended, remembered)
	require.Len(t, r.flights, 2*(remembered+1), "by event and by comment, and the one that goes on")
	_, first := begin(1)
	require.False(t, first)
	_, first = begin(0)
	require.True(t, first, "the oldest is forgotten")
	f, first := begin(-1)
	require.False(t, first)
	require.Same(t, going, f, "what goes on never is")
}
