package exdesktest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// Register keeps claims as a table of a database does, for all processes that
// share it. The zero value is empty.
type Register struct {
	mu   sync.Mutex // a transaction
	rows map[string]*row
}

// row is what is known of a key.
type row struct {
	turns  int // how often it was claimed
	held   bool
	until  time.Time // the claim ends whether it was released or not
	before time.Time // when something may last have been sent
	sent   bool
}

// Clerk is a Claimer of one process on a Register.
type Clerk struct {
	Register *Register
	Life     time.Duration // of a claim whose holder dies
}

// Claim implements exdesk.Claimer. It does not wait.
func (c *Clerk) Claim(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	g := c.Register
	g.mu.Lock()
	defer g.mu.Unlock()
	name, now := strings.ToLower(mailbox)+" "+key, time.Now()
	r := g.rows[name]
	switch {
	case r == nil:
		if g.rows == nil {
			g.rows = make(map[string]*row)
		}
		r = new(row)
		g.rows[name] = r
	case r.held && now.Before(r.until):
		return nil, fmt.Errorf("register: another process is at notification %s: %w", key, exdesk.ErrTemporary)
	case r.held: // by one that died
		r.before = r.until
	}
	r.turns++
	r.held, r.until = true, now.Add(c.Life)
	turn := r.turns
	return &exdesk.Claim{Before: r.before, Until: r.until, Sent: r.sent, Release: func(use exdesk.ClaimUse) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.turns != turn { // it has been somebody else's since
			return
		}
		if r.held = false; use != exdesk.ClaimUnused {
			r.before, r.sent = time.Now(), use == exdesk.ClaimSent
		}
	}}, nil
}

func TestClerk(t *testing.T) {
	exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest { return clerkUnderTest(new(Register)) })
}

// clerkUnderTest is what the suite is told of a Clerk.
func clerkUnderTest(g *Register) exdesktest.ClaimerUnderTest {
	open := func() exdesk.Claimer { return &Clerk{Register: g, Life: 10 * time.Minute} }
	return exdesktest.ClaimerUnderTest{Claimer: open(), Other: open, Life: 10 * time.Minute}
}
