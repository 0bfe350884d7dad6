package exdesk

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Claimer keeps two callers from sending the same notification at a time. It is
// safe for concurrent use.
type Claimer interface {
	// Claim takes the claim to a key. While somebody else holds it, Claim
	// either waits, for as long as ctx allows, or returns an error of the class
	// ErrTemporary. The holder calls Release, and nobody else can release it,
	// except that a claim whose holder died has to end some day.
	Claim(ctx context.Context, mailbox, key string) (*Claim, error)
}

// Claim is held until it is released.
type Claim struct {
	// Before is when somebody may last have sent under the key; zero if nobody
	// ever can have.
	Before time.Time
	// Until is when the claim ends whether it was released or not; zero if it
	// does not. Nothing is begun in its last minute.
	Until time.Time
	// Sent means that somebody has said that it was sent.
	Sent bool
	// Release ends the claim, and says what was done under it. It does not fail:
	// what it cannot do, time does. It is to be called once.
	Release func(ClaimUse)
}

// ClaimUse is what was done under a claim.
type ClaimUse int

const (
	ClaimUnused ClaimUse = iota // nothing
	ClaimUsed                   // something may have been written, or sent
	ClaimSent                   // what was to be sent has left
)

// Claims is the Claimer of one process. Whoever waits is served in no certain
// order. It cannot know what happened before its first use, so that it takes
// everything for possible until then. The zero value is ready to use.
type Claims struct {
	mu    sync.Mutex // guards what follows
	begun time.Time
	held  map[string]chan struct{} // closed when it is released
	used  map[string]time.Time     // when it was last released by who had used it
	sweep int                      // how many may be remembered before old ones are forgotten
}

// claimMemory is for how long a key is known to have been used. What was sent
// longer ago is there to be seen.
const claimMemory = time.Hour

// Claim implements Claimer. It waits.
func (c *Claims) Claim(ctx context.Context, mailbox, key string) (*Claim, error) {
	key = strings.ToLower(mailbox) + " " + key
	for {
		held := c.take(key)
		if held == nil {
			return &Claim{Before: c.before(key), Release: func(use ClaimUse) { c.release(key, use) }}, nil
		}
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take returns nil, or what is closed when the key is worth another try.
func (c *Claims) take(key string) chan struct{} {
	c.begin(time.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.held[key]; held != nil {
		return held
	}
	c.held[key] = make(chan struct{})
	return nil
}

// begin notes when the process can first have sent anything.
func (c *Claims) begin(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.begun, c.held, c.used = at, make(map[string]chan struct{}), make(map[string]time.Time)
	}
}

func (c *Claims) before(key string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.used[key]; !at.IsZero() {
		return at
	}
	return c.begun
}

func (c *Claims) release(key string, use ClaimUse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.held[key]; held != nil {
		close(held)
	}
	delete(c.held, key)
	if use == ClaimUnused {
		return
	}
	c.used[key] = time.Now()
	if len(c.used) > max(c.sweep, 1000) {
		for k, at := range c.used {
			if time.Since(at) > claimMemory {
				delete(c.used, k)
			}
		}
		c.sweep = 2 * len(c.used)
	}
}
