package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
)

// FuzzQueue: whatever is asked for in whatever order, and however sending goes, a
// comment that is told to be sent was sent, and none is sent twice; those of a
// ticket go one after the other, as they came; at most four are under way; who asks
// is answered in time; and none waits beyond the two hours and the last try.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{0x10, 0x11, 0x20, 0x12, 0xff, 0x10}, []byte{0, 1, 2, 3, 4})
	f.Add([]byte{0x10, 0x11, 0x12, 0x13, 0xf0, 0x10, 0x10}, []byte{1, 1, 1, 1, 1, 1})
	f.Add([]byte{0x10, 0x20, 0x30, 0x40, 0x50, 0x60}, []byte{4, 4, 4, 4, 4, 0, 0})
	f.Add([]byte{0x10, 0xf1, 0x10, 0xff, 0x10, 0x11}, []byte{2, 3, 5, 6, 7})
	f.Fuzz(func(t *testing.T, asked, fates []byte) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			busy := make(map[int64]bool)     // tickets
			done := make(map[int64]error)    // comments that have ended, by what
			tried := make(map[int64][]int64) // comments of a ticket, in the order of their first try
			tries := 0
			send := func(ctx context.Context, e *zendesk.CommentAdded) error {
				mu.Lock()
				require.False(t, busy[e.Ticket], "one after the other")
				ended, over := done[e.Comment]
				require.False(t, over, "%d was sent before: %v", e.Comment, ended)
				busy[e.Ticket] = true
				require.LessOrEqual(t, len(busy), workers)
				if !slices.Contains(tried[e.Ticket], e.Comment) {
					tried[e.Ticket] = append(tried[e.Ticket], e.Comment)
				}
				fate := byte(0)
				if len(fates) > 0 {
					fate = fates[tries%len(fates)]
				}
				tries++
				mu.Unlock()
				_ = sleep(ctx, time.Duration(fate>>3)*time.Second)
				mu.Lock()
				defer mu.Unlock()
				delete(busy, e.Ticket)
				switch fate % 8 {
				case 1:
					return errors.New("no")
				case 2:
					done[e.Comment] = exdesk.ErrRefused
					return fmt.Errorf("no: %w", exdesk.ErrRefused)
				case 3:
					return &laterError{"busy"}
				case 4:
					return &exdesk.LimitError{Limit: "x", Until: time.Now().Add(24 * time.Hour)}
				}
				done[e.Comment] = nil
				return nil
			}
			q := newQueue(send, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); q.run(ctx) }()
			var asking sync.WaitGroup
			came := make(map[int64][]int64)
			for _, a := range asked[:min(len(asked), 40)] {
				ticket, id := int64(a>>4), int64(a)
				if ticket == 15 { // nothing comes for a while
					time.Sleep(time.Duration(a&15) * 10 * time.Minute)
					continue
				}
				if !slices.Contains(came[ticket], id) {
					came[ticket] = append(came[ticket], id)
				}
				asking.Go(func() {
					begun := time.Now()
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					err := q.handle(ctx, comment(ticket, id))
					require.LessOrEqual(t, time.Since(begun), 10*time.Second)
					mu.Lock()
					defer mu.Unlock()
					what, over := done[id]
					require.True(t, err != nil || over && what == nil, "it was not sent")
					require.True(t, over && what != nil || !errors.Is(err, exdesk.ErrRefused), "it was not refused")
				})
				synctest.Wait()
			}
			asking.Wait()
			time.Sleep(time.Duration(len(asked)+1) * (patience + time.Minute)) // of a ticket one after the other
			require.Zero(t, q.waiting())
			for ticket, ids := range tried {
				require.Equal(t, came[ticket], ids)
			}
			cancel()
			<-ended
		})
	})
}
