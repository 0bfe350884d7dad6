package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
)

const (
	// mostWaiting is how many comments wait at once, in memory; Zendesk is told
	// to come back with more.
	mostWaiting = 1000
	// workers is how many comments are sent at a time: Exchange serves four
	// requests at once.
	workers = 4
	// patience is how long a comment is tried, as with Zendesk's own connector.
	patience = 2 * time.Hour
	// oneTry bounds one try, with all its waiting for limits.
	oneTry = 10 * time.Minute
	// firstPause and longestPause bound the pause between two tries, where
	// nobody has asked for another.
	firstPause   = 2 * time.Second
	longestPause = 5 * time.Minute
	// remembered is of how many comments it is known that they are done.
	remembered = 10_000
)

// queue sends comments, for as long as it takes, those of a ticket one after
// the other.
type queue struct {
	send func(context.Context, *zendesk.CommentAdded) error
	log  *slog.Logger
	wake chan struct{} // holds one notice that there is something to do
	quit chan struct{} // closed when nothing is sent any more

	mu     sync.Mutex // guards what follows
	jobs   []*job     // that are not done, in the order in which they came
	done   map[key]error
	order  []key // of done, the oldest first
	closed bool
}

// key names a comment.
type key struct{ account, ticket, comment int64 }

// job is a comment on its way.
type job struct {
	key
	e       *zendesk.CommentAdded
	since   time.Time
	due     time.Time
	tries   int
	running bool
	ended   chan struct{} // closed at the end
	err     error         // then
}

func newQueue(send func(context.Context, *zendesk.CommentAdded) error, log *slog.Logger) *queue {
	return &queue{send: send, log: log, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(map[key]error)}
}

// laterError asks Zendesk to come back.
type laterError struct{ why string }

func (e *laterError) Error() string                     { return e.why }
func (e *laterError) RetryAfter() (time.Duration, bool) { return 30 * time.Second, true }

// handle is Webhook.Handle: it returns when the comment was sent, or when ctx
// ends. The comment stays in the queue then, and another call for it waits for
// the same end.
func (q *queue) handle(ctx context.Context, e *zendesk.CommentAdded) error {
	j, err := q.add(e)
	if j == nil {
		return err
	}
	select {
	case <-j.ended:
		return j.err
	case <-q.quit:
	case <-ctx.Done():
	}
	return &laterError{"it is not sent yet"}
}

// add returns the job of a comment, or what became of it before.
func (q *queue) add(e *zendesk.CommentAdded) (*job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := key{e.Account, e.Ticket, e.Comment}
	if err, ok := q.done[k]; ok {
		return nil, err
	}
	for _, j := range q.jobs {
		if j.key == k {
			return j, nil
		}
	}
	switch {
	case q.closed:
		return nil, &laterError{"this process is ending"}
	case len(q.jobs) >= mostWaiting:
		return nil, &laterError{"too many comments are waiting"}
	}
	j := &job{key: k, e: e, since: time.Now(), ended: make(chan struct{})}
	q.jobs = append(q.jobs, j)
	q.notify()
	return j, nil
}

func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends, once. What is not done by then stays.
func (q *queue) run(ctx context.Context) {
	defer close(q.quit)
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		j, wait := q.next()
		if j != nil {
			busy.Go(func() {
				q.try(ctx, j)
				<-slots
				q.notify()
			})
			continue
		}
		<-slots
		t := time.NewTimer(wait)
		select {
		case <-q.wake:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// next returns the first job that is due, or for how long there is none.
func (q *queue) next() (*job, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := time.Hour
	tickets := make(map[int64]bool)
	for _, j := range q.jobs {
		if tickets[j.ticket] {
			continue // an earlier comment of the ticket goes first
		}
		tickets[j.ticket] = true
		switch left := time.Until(j.due); {
		case j.running:
		case left <= 0:
			j.running = true
			j.tries++
			return j, 0
		default:
			wait = min(wait, left)
		}
	}
	return nil, wait
}

func (q *queue) try(ctx context.Context, j *job) {
	one, cancel := context.WithTimeout(ctx, oneTry)
	defer cancel()
	e := *j.e
	err := q.send(one, &e)
	if ctx.Err() != nil && err != nil {
		q.put(j) // it was interrupted
		return
	}
	refused := errors.Is(err, exdesk.ErrRefused)
	switch {
	case err == nil, refused:
		// The Webhook tells of a refusal, to whoever still waits for it.
		if refused && time.Since(j.since) > 10*time.Second {
			q.log.Error("a comment was refused for good", "comment", j.e, saying(err))
		}
	case time.Since(j.since) >= patience:
		q.log.Error("a comment was not sent", "comment", j.e, "tries", j.tries, saying(err))
	default:
		pause := min(pauseAfter(err, j.tries), patience-time.Since(j.since)) // for a last try
		q.log.Warn("a comment could not be sent now", "comment", j.e, "tries", j.tries, "again", pause.Round(time.Second), saying(err))
		q.mu.Lock()
		j.due = time.Now().Add(pause)
		q.mu.Unlock()
		q.put(j)
		return
	}
	q.end(j, err, err == nil || refused)
}

// pauseAfter is how long to wait after a try that failed.
func pauseAfter(err error, tries int) time.Duration {
	pause := min(firstPause<<min(tries-1, 10), longestPause)
	pause = pause/2 + rand.N(pause/2)
	if asked, ok := exdesk.RetryAfter(err); ok {
		pause = max(pause, asked)
	}
	return pause
}

func (q *queue) put(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.running = false
}

// end ends a job. What is certain is remembered for Zendesk to come back for.
func (q *queue) end(j *job, err error, certain bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.err = err
	close(j.ended)
	q.jobs = slices.DeleteFunc(q.jobs, func(o *job) bool { return o == j })
	if !certain {
		return
	}
	q.done[j.key] = err
	if q.order = append(q.order, j.key); len(q.order) > remembered {
		delete(q.done, q.order[0])
		q.order = q.order[1:]
	}
}

// close takes no more comments.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

func (q *queue) closing() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// drain waits until nothing waits any more, or for the end of ctx.
func (q *queue) drain(ctx context.Context) {
	for {
		q.mu.Lock()
		var first *job
		if len(q.jobs) > 0 {
			first = q.jobs[0]
		}
		q.mu.Unlock()
		if first == nil {
			return
		}
		select {
		case <-first.ended:
		case <-ctx.Done():
			return
		}
	}
}

// waiting is how many comments are not done, and oldest how long the first of
// them has been waiting.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}

func (q *queue) oldest() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return 0
	}
	return time.Since(q.jobs[0].since)
}

// report logs what was not sent.
func (q *queue) report() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		q.log.Error("a comment was not sent", "comment", j.e, "tries", j.tries)
	}
}

var addresses = regexp.MustCompile(`[^\s<>"'(),:;=]+@[^\s<>"'(),:;]+`)

// saying is an error as it may be logged.
func saying(err error) slog.Attr {
	return slog.String("error", addresses.ReplaceAllString(err.Error(), "(address)"))
}
