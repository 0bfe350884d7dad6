package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
)

// lines is a log that may be written and read at once.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// line is a queue whose comments are sent as send says.
type line struct {
	*queue
	*testing.T
	logs *lines
	stop func()

	mu   sync.Mutex
	sent []int64
}

func queueing(t *testing.T, send func(ctx context.Context, comment int64) error, f func(l *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &line{T: t, logs: &lines{}}
		l.queue = newQueue(func(ctx context.Context, e *zendesk.CommentAdded) error {
			err := send(ctx, e.Comment)
			if err == nil {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.sent = append(l.sent, e.Comment)
			}
			return err
		}, slog.New(slog.NewTextHandler(l.logs, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); l.run(ctx) }()
		l.stop = func() { cancel(); <-ended }
		f(l)
		l.stop()
	})
}

func (l *line) all() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

func comment(ticket, id int64) *zendesk.CommentAdded {
	return &zendesk.CommentAdded{Account: 1, Ticket: ticket, Comment: id}
}

// ask is what the Webhook does: it waits for ten seconds.
func (l *line) ask(ticket, id int64) error {
	ctx, cancel := context.WithTimeout(l.Context(), 10*time.Second)
	defer cancel()
	return l.handle(ctx, comment(ticket, id))
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestQueueAnswersInTime(t *testing.T) {
	queueing(t, func(ctx context.Context, id int64) error { return sleep(ctx, time.Duration(id)*time.Second) }, func(l *line) {
		require.NoError(l, l.ask(1, 3))
		begin := time.Now()
		err := l.ask(2, 25)
		require.Equal(l, 10*time.Second, time.Since(begin))
		wait, ok := exdesk.RetryAfter(err)
		require.True(l, ok)
		require.Equal(l, 30*time.Second, wait)
		require.Error(l, l.ask(2, 25))
		require.NoError(l, l.ask(2, 25), "the third time it is done meanwhile")
		require.Equal(l, 25*time.Second, time.Since(begin))
		require.NoError(l, l.ask(2, 25))
		require.Equal(l, 25*time.Second, time.Since(begin), "and known")
		require.Equal(l, []int64{3, 25}, l.all())
		require.Zero(l, l.waiting())
		require.Zero(l, l.oldest())
	})
}

// A comment that fails is tried again by itself, after as long as was asked for,
// and those of its ticket wait behind it.
func TestQueueTriesAgain(t *testing.T) {
	var tries []time.Time
	queueing(t, func(_ context.Context, id int64) error {
		if id == 1 {
			if tries = append(tries, time.Now()); len(tries) <= 3 {
				return &laterError{"ann@customer.example is busy"}
			}
		}
		return nil
	}, func(l *line) {
		require.Error(l, l.ask(1, 1))
		require.Error(l, l.ask(1, 2))
		require.NoError(l, l.ask(2, 3), "another ticket")
		require.Equal(l, 2, l.waiting())
		time.Sleep(10 * time.Minute)
		require.NoError(l, l.ask(1, 1))
		require.Equal(l, []int64{3, 1, 2}, l.all())
		for i := range 3 {
			require.GreaterOrEqual(l, tries[i+1].Sub(tries[i]), 30*time.Second)
		}
		require.Contains(l, l.logs.String(), "(address) is busy")
		require.NotContains(l, l.logs.String(), "customer.example")
	})
}

func TestQueueEnds(t *testing.T) {
	n := 0
	queueing(t, func(context.Context, int64) error {
		n++
		return fmt.Errorf("no: %w", exdesk.ErrRefused)
	}, func(l *line) {
		for range 3 {
			require.ErrorIs(l, l.ask(1, 1), exdesk.ErrRefused)
		}
		require.Equal(l, 1, n, "a refusal is for good")
	})
	queueing(t, func(context.Context, int64) error { return errors.New("no") }, func(l *line) {
		require.Error(l, l.ask(1, 1))
		time.Sleep(patience)
		require.Zero(l, l.waiting())
		require.Contains(l, l.logs.String(), "a comment was not sent")
		require.Error(l, l.ask(1, 1))
		require.Equal(l, 1, l.waiting(), "whoever asks again has it tried again")
	})
	// Something asks for a day: there is a last try at the end.
	queueing(t, func(context.Context, int64) error {
		return &exdesk.LimitError{Limit: "x", Until: time.Now().Add(24 * time.Hour)}
	}, func(l *line) {
		require.Error(l, l.ask(1, 1))
		time.Sleep(patience + time.Second)
		require.Zero(l, l.waiting())
	})
}

func TestQueueIsBounded(t *testing.T) {
	queueing(t, func(ctx context.Context, _ int64) error { <-ctx.Done(); return ctx.Err() }, func(l *line) {
		for i := range int64(mostWaiting) {
			j, err := l.add(comment(i, i))
			require.NoError(l, err)
			require.NotNil(l, j)
		}
		j, err := l.add(comment(-1, -1))
		require.Nil(l, j)
		_, ok := exdesk.RetryAfter(err)
		require.True(l, ok)
		j, err = l.add(comment(7, 7))
		require.NoError(l, err)
		require.NotNil(l, j, "one that is there already")
		time.Sleep(oneTry + 10*time.Minute)
		require.Equal(l, mostWaiting, l.waiting(), "a try that hangs ends, and another begins")
	})
}

// One who is to end finishes what is quickly done, and tells of the rest.
func TestQueueDrains(t *testing.T) {
	queueing(t, func(ctx context.Context, id int64) error { return sleep(ctx, time.Duration(id)*time.Second) }, func(l *line) {
		var asking sync.WaitGroup
		errs := make(map[int64]error)
		var mu sync.Mutex
		for _, id := range []int64{5, 15, 100} {
			asking.Go(func() {
				ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
				defer cancel()
				err := l.handle(ctx, comment(id, id))
				mu.Lock()
				defer mu.Unlock()
				errs[id] = err
			})
		}
		synctest.Wait()
		l.close()
		require.True(l, l.closing())
		require.Error(l, l.ask(9, 9), "nothing new is taken")
		ctx, cancel := context.WithTimeout(l.Context(), 20*time.Second)
		defer cancel()
		l.drain(ctx)
		l.stop()
		asking.Wait()
		require.NoError(l, errs[5])
		require.NoError(l, errs[15])
		require.Error(l, errs[100], "Zendesk is told to come back")
		l.report()
		require.Contains(l, l.logs.String(), `msg="a comment was not sent" comment.account=1 comment.ticket=100`)
	})
}
