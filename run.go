package exdesk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
)

const (
	// pollEvery is how often Run looks into the Inbox by default.
	pollEvery = 30 * time.Second
	// pollLongest is the longest pause of Run while passes fail.
	pollLongest = 10 * time.Minute
)

// Status is what a running Connector has seen. It claims nothing else: a zero
// time means that it has not happened yet.
type Status struct {
	LastPass    time.Time // when a pass last came to its end, with mail left waiting or not
	LastSuccess time.Time // when a pass last came to its end and left nothing waiting
	LastError   error     // of the newest pass; nil when that left nothing waiting
	Failures    int       // passes in a row that could not come to their end
	NextPass    time.Time // when Run or the Poller will look again, if nobody wakes it
	Waiting     int       // mails that the newest pass left for the next
	Oldest      time.Time // when the oldest of them was received
	Fetched     Cost      // what the Limiter's window has of this mailbox now, if it is a *Windows
	Totals      Totals    // of all passes of this Connector
}

// Status returns what was seen so far. It does no I/O and never waits for a
// pass.
func (c *Connector) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{LastPass: c.quiet, LastSuccess: c.quiet}
	if c.status != nil {
		s = *c.status
	}
	s.NextPass = c.next
	w, _ := c.opts.Limiter.(*Windows)
	if c.opts.Limiter == nil && c.room != nil {
		w = &c.room.limiter
	}
	if w != nil {
		s.Fetched = w.Used(c.mailbox.Address())
	}
	return s
}

// Wake makes Run, or the Poller that the Connector is in, look into the Inbox at
// once, or right after the pass that is running. It never waits; calling it often
// is like calling it once.
func (c *Connector) Wake() {
	c.mu.Lock()
	e := c.poll
	c.mu.Unlock()
	if e != nil {
		e.wake()
		return
	}
	select {
	case c.wishes() <- struct{}{}:
	default:
	}
}

// wishes holds one wish for a pass. One that is in a Poller does without.
func (c *Connector) wishes() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wake == nil {
		c.wake = make(chan struct{}, 1)
	}
	return c.wake
}

// Run makes passes over the Inbox until ctx ends, and then returns its cause.
// Between passes it waits for Options.Every, give or take a fifth so that many
// processes do not march in step, or for Wake. While passes fail it waits
// longer each time, up to ten minutes, and as long as the service asked; a
// mailbox that nobody can sign in to is looked at again all the same, because
// somebody may reconnect it. When ctx ends, the mail at hand is abandoned where
// it is, which is safe, and finished mails are still labelled.
//
// A Poller does the same for many Connectors.
func (c *Connector) Run(ctx context.Context) error {
	if c.desk == nil {
		return errNoDesk
	}
	wishes := c.wishes()
	for {
		pause := c.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-wishes:
			t.Stop()
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
}

// look makes a pass and returns how long to wait for the next one.
func (c *Connector) look(ctx context.Context) time.Duration {
	_, err := c.Ingest(ctx)
	if ctx.Err() != nil {
		return 0
	}
	pause := c.pause(err)
	c.expect(time.Now().Add(pause))
	if err != nil {
		c.log().ErrorContext(ctx, "a pass failed", "error", err, "next", pause.Round(time.Second))
	}
	return pause
}

// expect notes when the next pass is to be.
func (c *Connector) expect(next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
}

// every is how long it is from a pass to the next.
func (c *Connector) every() time.Duration { return cmp.Or(c.opts.Every, pollEvery) }

// pause is how long to wait after a pass that ended with err.
func (c *Connector) pause(err error) time.Duration {
	wait := c.every()
	if err != nil && !errors.Is(err, ErrDamaged) {
		wait = min(wait<<min(c.Status().Failures, 10), max(pollLongest, wait))
		if asked, ok := RetryAfter(err); ok {
			wait = max(wait, asked)
		}
	}
	fifth := wait / 5
	return wait - fifth + jitter.N(2*fifth+1, c.mailbox.Address())
}

// passed notes what a pass has seen. One that was stopped says nothing about
// the services.
func (c *Connector) passed(p *pass, err error, ran bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.status == nil {
		if err == nil && len(p.listed)+len(p.report.Results)+len(c.memory.waiting) == 0 {
			if ran {
				c.quiet = now
			}
			return
		}
		c.status = &Status{LastPass: c.quiet, LastSuccess: c.quiet}
	}
	c.count(p)
	if !ran {
		return
	}
	s := c.status
	s.LastError, s.Waiting, s.Oldest = err, 0, time.Time{}
	for _, r := range p.report.Results {
		if r.Outcome != Waiting {
			continue
		}
		s.Waiting++
		if s.Oldest.IsZero() || r.Mail.Received.Before(s.Oldest) {
			s.Oldest = r.Mail.Received
		}
		if s.LastError == nil && !errors.Is(r.Err, errBehind) {
			s.LastError = r.Err
		}
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		s.Failures++
		return
	}
	s.Failures, s.LastPass = 0, now
	if s.LastError == nil {
		s.LastSuccess = now
	}
}

// count adds a pass to the totals. A mail that was seen waits until it is done
// and labelled, or gone.
func (c *Connector) count(p *pass) {
	if p.c.opts.DryRun {
		return
	}
	t, m := &c.status.Totals, c.memory
	if p.importing { // what it leaves is read mail, which Ingest does not wait for
		for _, r := range p.report.Results {
			if r.final() {
				t.Seen++
				t.add(r.Outcome, 1)
			}
		}
		return
	}
	waiting := make(map[string]bool)
	for id := range p.listed {
		waiting[id] = true
		if !m.waiting[id] {
			t.Seen++
		}
	}
	for _, r := range p.report.Results {
		if r.final() {
			delete(waiting, r.Mail.ID)
			t.add(r.Outcome, 1)
		}
	}
	for id := range m.waiting {
		switch {
		case p.listed[id]:
		case p.whole:
			t.Gone++ // moved, deleted, or read by a person
		default:
			waiting[id] = true
		}
	}
	m.waiting, t.Waiting = waiting, len(waiting)
}
