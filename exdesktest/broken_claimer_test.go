package exdesktest_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// claimerFunc is a Claimer of one function.
type claimerFunc func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error)

func (f claimerFunc) Claim(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
	return f(ctx, mailbox, key)
}

// brokenClaimer is the suite over Claimers that are made of good ones, each of a
// process of its own on one Register.
func brokenClaimer(f func(g *Register, c *Clerk) exdesk.Claimer) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest {
			g := new(Register)
			m := clerkUnderTest(g)
			open := func() exdesk.Claimer { return f(g, &Clerk{Register: g, Life: m.Life}) }
			m.Claimer, m.Other = open(), open
			return m
		})
	}
}

// bentClaims changes what is claimed.
func bentClaims(f func(g *Register, key string, claim *exdesk.Claim)) func(t *testing.T) {
	return brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			claim, err := c.Claim(ctx, mailbox, key)
			if err != nil {
				return nil, err
			}
			f(g, strings.ToLower(mailbox)+" "+key, claim)
			return claim, nil
		})
	})
}

// releasing changes what is said of what was done under a claim.
func releasing(f func(g *Register, r *row, use exdesk.ClaimUse, release func(exdesk.ClaimUse))) func(t *testing.T) {
	return bentClaims(func(g *Register, key string, claim *exdesk.Claim) {
		g.mu.Lock()
		r := g.rows[key]
		g.mu.Unlock()
		release := claim.Release
		claim.Release = func(use exdesk.ClaimUse) { f(g, r, use, release) }
	})
}

var brokenClaimers = map[string]flaw{
	"claimer: whoever asks has it": {"excludes", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			claim, err := c.Claim(ctx, mailbox, key)
			if err != nil {
				return &exdesk.Claim{Before: time.Now(), Until: time.Now().Add(c.Life), Release: func(exdesk.ClaimUse) {}}, nil
			}
			return claim, nil
		})
	})},
	"claimer: what is held is refused for good": {"excludes", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			claim, err := c.Claim(ctx, mailbox, key)
			if err != nil {
				return nil, fmt.Errorf("register: %s is taken: %w", key, exdesk.ErrConflict)
			}
			return claim, nil
		})
	})},
	"claimer: it is not given back": {"excludes", releasing(func(_ *Register, _ *row, _ exdesk.ClaimUse, _ func(exdesk.ClaimUse)) {})},
	"claimer: it waits whatever becomes of the caller": {"context", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			for {
				claim, err := c.Claim(context.WithoutCancel(ctx), mailbox, key)
				if err == nil {
					return claim, nil
				}
				time.Sleep(time.Second)
			}
		})
	})},
	"claimer: who has gone gets it": {"context", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			for {
				claim, err := c.Claim(ctx, mailbox, key)
				if err == nil {
					return claim, nil
				}
				select {
				case <-time.After(tick):
				case <-ctx.Done():
					time.AfterFunc(tick, func() { _, _ = c.Claim(context.Background(), mailbox, key) }) // it was on its way
					return nil, context.Cause(ctx)
				}
			}
		})
	})},
	"claimer: two at once have it": {"together", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			claim, err := c.Claim(ctx, mailbox, key)
			if err != nil {
				return nil, err
			}
			claim.Release(exdesk.ClaimUnused)
			time.Sleep(tick) // between looking and writing
			g.mu.Lock()
			g.rows[strings.ToLower(mailbox)+" "+key].held = false
			g.mu.Unlock()
			return c.Claim(ctx, mailbox, key)
		})
	})},
	"claimer: one for all keys": {"keys", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, _ string) (*exdesk.Claim, error) { return c.Claim(ctx, mailbox, "") })
	})},
	"claimer: the case of a mailbox counts": {"mailboxes", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			if mailbox != strings.ToLower(mailbox) {
				mailbox += " in capitals"
			}
			return c.Claim(ctx, mailbox, key)
		})
	})},
	"claimer: nobody ever sent anything": {"used", bentClaims(func(_ *Register, _ string, claim *exdesk.Claim) { claim.Before = time.Time{} })},
	"claimer: it was used when it was claimed": {"used", bentClaims(func(g *Register, key string, claim *exdesk.Claim) {
		began, release := time.Now(), claim.Release
		claim.Release = func(use exdesk.ClaimUse) {
			if release(use); use != exdesk.ClaimUnused {
				g.mu.Lock()
				g.rows[key].before = began
				g.mu.Unlock()
			}
		}
	})},
	"claimer: whoever had it used it": {"unused", releasing(func(_ *Register, _ *row, use exdesk.ClaimUse, release func(exdesk.ClaimUse)) {
		release(max(use, exdesk.ClaimUsed))
	})},
	"claimer: what was used was sent": {"sent", releasing(func(_ *Register, _ *row, use exdesk.ClaimUse, release func(exdesk.ClaimUse)) {
		if use == exdesk.ClaimUsed {
			use = exdesk.ClaimSent
		}
		release(use)
	})},
	"claimer: who did nothing forgets that it was sent": {"sent", releasing(func(g *Register, r *row, use exdesk.ClaimUse, release func(exdesk.ClaimUse)) {
		release(use)
		g.mu.Lock()
		r.sent = use == exdesk.ClaimSent
		g.mu.Unlock()
	})},
	"claimer: there is no time left": {"claims", bentClaims(func(_ *Register, _ string, claim *exdesk.Claim) { claim.Until = time.Now().Add(time.Minute) })},
	"claimer: the last hundred are known": {"remembered", bentClaims(func(g *Register, key string, _ *exdesk.Claim) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.rows) > 100 {
			maps.DeleteFunc(g.rows, func(name string, r *row) bool { return name != key && !r.held })
		}
	})},
	"claimer: each process has its own": {"others", func(t *testing.T) {
		exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest {
			m := clerkUnderTest(new(Register))
			m.Other = func() exdesk.Claimer { return clerkUnderTest(new(Register)).Claimer }
			return m
		})
	}},
	"claimer: who died has it for ever": {"death", bentClaims(func(g *Register, key string, _ *exdesk.Claim) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rows[key].until = time.Now().Add(100 * 365 * 24 * time.Hour)
	})},
	"claimer: it ends before it said": {"death", bentClaims(func(_ *Register, _ string, claim *exdesk.Claim) {
		claim.Until = claim.Until.Add(20 * time.Second)
	})},
	"claimer: who died did nothing": {"death", brokenClaimer(func(g *Register, c *Clerk) exdesk.Claimer {
		return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
			g.mu.Lock()
			if r := g.rows[strings.ToLower(mailbox)+" "+key]; r != nil && r.held && !time.Now().Before(r.until) {
				r.held = false
			}
			g.mu.Unlock()
			return c.Claim(ctx, mailbox, key)
		})
	})},
	"claimer: who comes late ends another's": {"late release", releasing(func(g *Register, r *row, use exdesk.ClaimUse, release func(exdesk.ClaimUse)) {
		release(use)
		g.mu.Lock()
		r.held = false
		g.mu.Unlock()
	})},
	"claimer: an outage is for good":                      {"outage", failing(func(error) error { return fmt.Errorf("register: %w", exdesk.ErrRefused) }, true)},
	"claimer: what is released in an outage was not used": {"outage", failing(func(err error) error { return err }, false)},
	"claimer: whose answer is lost has it twice": {"lost answer", losing(func(g *Register, c *Clerk, mailbox, key string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rows[strings.ToLower(mailbox)+" "+key].until = time.Now()
	})},
}

// tick is a moment in the time of a broken Claimer.
const tick = 10 * time.Millisecond

// failing is the suite over a Register that is not there at times. Who releases a
// claim meanwhile tries until it is there again, unless he forgets what he did.
func failing(as func(error) error, keeps bool) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest {
			g := new(Register)
			m := clerkUnderTest(g)
			var mu sync.Mutex
			down := false
			out := func() bool { mu.Lock(); defer mu.Unlock(); return down }
			m.Outage = func(on bool) { mu.Lock(); defer mu.Unlock(); down = on }
			open := func() exdesk.Claimer {
				c := &Clerk{Register: g, Life: m.Life}
				return claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
					if out() {
						return nil, as(exdesk.ErrTemporary)
					}
					claim, err := c.Claim(ctx, mailbox, key)
					if err != nil {
						return nil, err
					}
					release := claim.Release
					claim.Release = func(use exdesk.ClaimUse) {
						switch {
						case !out():
							release(use)
						case !keeps:
							release(exdesk.ClaimUnused) // as one that was never taken
						}
					}
					return claim, nil
				})
			}
			m.Claimer, m.Other = open(), open
			return m
		})
	}
}

// losing is the suite over a Register whose answer to one claim gets lost, and what
// it makes of that.
func losing(f func(g *Register, c *Clerk, mailbox, key string)) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest {
			g := new(Register)
			m := clerkUnderTest(g)
			lose := false
			c := &Clerk{Register: g, Life: m.Life}
			m.Lose = func() { lose = true }
			m.Claimer = claimerFunc(func(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
				claim, err := c.Claim(ctx, mailbox, key)
				if err == nil && lose {
					lose = false
					f(g, c, mailbox, key)
				}
				return claim, err
			})
			return m
		})
	}
}
