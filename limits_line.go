package exdesk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Line is a Limiter that waits for another one, each mailbox's callers in the
// order in which they came: a large mail is not overtaken for ever by small
// ones, it is not overtaken at all. Whoever is to keep to the order has to
// share the Line. The zero value sets no limit, and keeps to Stop.
type Line struct {
	// Limiter is who grants; nil grants everything. It must not change after
	// the first use.
	Limiter Limiter

	own Windows // without a limit: it hears Stop when Limiter cannot

	mu      sync.Mutex // guards what follows
	waiting map[string]*line
}

// line is who waits for one mailbox.
type line struct {
	callers []*caller     // the first one has its turn
	given   chan struct{} // holds one notice that something was given back
	last    *LimitError   // what the first one waits for
}

type caller struct {
	line *line
	turn chan struct{} // closed when it is the first
}

// Reserve implements Limiter. It waits until the cost fits and all who came
// before are served. It returns a *LimitError at once if that is certain to
// take longer than ctx has, or to take for ever, and otherwise when the
// deadline of ctx has come; and the cause of ctx when that ends otherwise.
func (l *Line) Reserve(ctx context.Context, mailbox string, cost Cost) (Reservation, error) {
	limits := l.limits()
	if no := limits.peek(mailbox, cost); no != nil && (no.Until.IsZero() || tooLate(ctx, no.Until)) {
		return nil, no
	}
	mailbox = strings.ToLower(mailbox)
	c := l.join(mailbox)
	defer l.leave(mailbox, c)
	select {
	case <-c.turn:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		slot, err := limits.Reserve(ctx, mailbox, cost)
		if err == nil {
			return &linedUp{slot, l, mailbox}, nil
		}
		no, ok := errors.AsType[*LimitError](err)
		if !ok || no.Until.IsZero() || tooLate(ctx, no.Until) {
			return nil, err
		}
		l.mu.Lock()
		c.line.last = no
		l.mu.Unlock()
		wait := time.Until(no.Until)
		if wait <= 0 {
			wait = leastWait // a limiter that is wrong about the time must not spin
		}
		c.line.pause(ctx, wait)
	}
	return nil, l.expired(ctx, c, limits.peek(mailbox, cost))
}

// pause waits for d, for something given back, or for the end of ctx.
func (l *line) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.given:
	case <-ctx.Done():
	}
}

// expired returns the error of a caller whose ctx has ended.
func (l *Line) expired(ctx context.Context, c *caller, no *LimitError) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := c.line.last; last != nil && last.Until.After(time.Now()) {
		no = longer(no, last) // of those before, who had to be served first
	}
	if no == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return no
}

func (l *Line) limits() Limiters {
	if l.Limiter == nil {
		return Limiters{&l.own}
	}
	return Limiters{&l.own, l.Limiter}
}

func (l *Line) join(mailbox string) *caller {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting = make(map[string]*line)
	}
	in := l.waiting[mailbox]
	if in == nil {
		in = &line{given: make(chan struct{}, 1)}
		l.waiting[mailbox] = in
	}
	c := &caller{in, make(chan struct{})}
	if in.callers = append(in.callers, c); len(in.callers) == 1 {
		close(c.turn)
	}
	return c
}

func (l *Line) leave(mailbox string, c *caller) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := c.line
	switch i := slices.Index(in.callers, c); {
	case len(in.callers) == 1:
		delete(l.waiting, mailbox)
	case i == 0:
		in.callers[0] = nil
		in.callers = in.callers[1:]
		in.last = nil
		close(in.callers[0].turn)
	default:
		in.callers = slices.Delete(in.callers, i, i+1)
	}
}

// again makes the first in line ask once more.
func (l *Line) again(mailbox string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in := l.waiting[strings.ToLower(mailbox)]; in != nil {
		select {
		case in.given <- struct{}{}:
		default:
		}
	}
}

// Spend tells the Limiter, if it can be told, what others used of a mailbox:
// see Windows.Spend.
func (l *Line) Spend(mailbox string, cost Cost, at time.Time) { l.limits().Spend(mailbox, cost, at) }

// Stop lets nobody pass before until: see Windows.Stop. The Limiter hears of
// it as well, if it can.
func (l *Line) Stop(mailbox string, until time.Time) {
	l.limits().Stop(mailbox, until)
	l.again(mailbox)
}

func (l *Line) peek(mailbox string, cost Cost) *LimitError { return l.limits().peek(mailbox, cost) }

// linedUp is a reservation that the next in line wants to see cancelled.
type linedUp struct {
	Reservation
	line    *Line
	mailbox string
}

func (r *linedUp) Cancel() {
	r.Reservation.Cancel()
	r.line.again(r.mailbox)
}
