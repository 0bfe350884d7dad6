package rest

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// watchdog gives a request up when nothing moves any more. It runs only while
// this side waits for the other one: a slow consumer is not the service's
// fault.
type watchdog struct {
	timer  *time.Timer
	cancel context.CancelCauseFunc
	ctx    context.Context
}

func watch(ctx context.Context) (*watchdog, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &watchdog{cancel: cancel, ctx: ctx}
	d.timer = time.AfterFunc(stalled, func() { cancel(errStalled) })
	return d, ctx
}

func (d *watchdog) pause()  { d.timer.Stop() }
func (d *watchdog) resume() { d.timer.Reset(stalled) }

func (d *watchdog) stop() {
	d.timer.Stop()
	d.cancel(nil)
}

// explain names the watchdog when it was the one that ended the request.
func (d *watchdog) explain(err error) error {
	if err != nil && err != io.EOF && errors.Is(context.Cause(d.ctx), errStalled) {
		return errStalled
	}
	return err
}

// question is a request body that is read once, from a source that belongs to
// the caller. A transport may go on reading a body after it has returned
// (http.RoundTripper), so the source is taken from it then.
type question struct {
	dog *watchdog

	mu    sync.Mutex // held while the source is read
	body  io.Reader  // nil once it was taken away
	left  int64      // how many octets there are to read; negative if that is not known
	ended bool       // whether the source was read to its end

	over atomic.Bool // it is about to be taken away
}

var errTaken = errors.New("the request is over")

// Read fills p: of a body of unknown length each Read becomes a chunk, which
// leaves at once.
func (q *question) Read(p []byte) (n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
		return 0, io.EOF // an answer does not wait until this is asked
	case q.body == nil:
		return 0, errTaken
	}
	// Reading the source takes the caller's time, not the service's.
	q.dog.pause()
	defer q.dog.resume()
	for n < len(p) && err == nil && !q.over.Load() {
		var m int
		m, err = q.body.Read(p[n:])
		n += m
	}
	if q.left >= 0 {
		q.left -= int64(n)
	}
	q.ended = q.ended || err == io.EOF || q.left == 0
	return n, err
}

// takeBack ends the transport's reading, after the source's Read that is under way, and
// reports whether it had come to the end.
func (q *question) takeBack() (ended bool) {
	q.over.Store(true)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.body = nil
	return q.ended
}

// answer is an answer's body. Its slot is given back at its end.
type answer struct {
	body io.ReadCloser
	dog  *watchdog
	done func()
	once sync.Once
}

func (a *answer) Read(p []byte) (int, error) {
	a.dog.resume()
	defer a.dog.pause()
	n, err := a.body.Read(p)
	return n, a.dog.explain(err)
}

// Close gives the connection back when little is left unread, and else closes it.
func (a *answer) Close() error {
	a.once.Do(func() {
		a.dog.resume()
		_, _ = io.CopyN(io.Discard, a.body, 64<<10)
		_ = a.body.Close()
		a.done()
	})
	return nil
}
