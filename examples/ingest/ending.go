package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
)

// ending lets a mail that was begun come to its end, and none begin, once it is
// to end. It is the Limiter of the Connector, which asks it before each mail, and
// hears of the Connector's steps.
type ending struct {
	exdesk.Limiter
	cancel context.CancelCauseFunc // ends the Connector's Run

	mu    sync.Mutex
	busy  bool // with a mail
	begun bool // the end
}

// errEnded is why the Connector stops.
var errEnded = errors.New("it was told to end")

// Reserve implements exdesk.Limiter.
func (e *ending) Reserve(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	slot, err := e.Limiter.Reserve(ctx, mailbox, cost)
	if err == nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.busy = true // with ctx at its end, for no longer than it takes to see that
	}
	return slot, err
}

// step hears of a step that ended.
func (e *ending) step(s exdesk.Step) {
	if s.Name != "mail" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy = false; e.begun {
		e.cancel(errEnded)
	}
}

func (e *ending) atHand() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.busy
}

// begin ends the Connector's Run: now, or with the mail at hand, or at the latest
// when that has taken so long. It tells which.
func (e *ending) begin(within time.Duration) (atHand bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun = true; !e.busy {
		e.cancel(errEnded)
		return false
	}
	time.AfterFunc(within, func() { e.cancel(errEnded) })
	return true
}
