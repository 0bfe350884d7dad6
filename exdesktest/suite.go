package exdesktest

import (
	"context"
	"testing"
	"time"
)

// Bubble runs a subtest: synctest.Test, where time is virtual, or nil for one
// that goes by the real clock.
//
// An implementation that keeps to one process, or talks to a server in it over
// connections in memory, is tested in a bubble: its waits take no time, and what
// it leaves running in the background has to end in t.Cleanup. One that
// talks to a service over a socket, or goes by the clock of a database, is tested
// in real time.
type Bubble func(*testing.T, func(*testing.T))

// subtest is one promise, or a few that go together.
type subtest[T any] struct {
	name string
	test func(*testing.T, T)
}

// run runs each subtest on what open opens for it.
func run[T any](t *testing.T, in Bubble, open func(t *testing.T) T, tests []subtest[T]) {
	for _, s := range tests {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := func(t *testing.T) { s.test(t, open(t)) }
			if in == nil {
				f(t)
				return
			}
			in(t, f)
		})
	}
}

// within returns a context that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// cancelled returns a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// eventually waits until something is to be seen that may be late.
func eventually(t *testing.T, lag time.Duration, what string, seen func() bool) {
	t.Helper()
	for end := time.Now().Add(lag); !seen(); time.Sleep(max(lag/20, 20*time.Millisecond)) {
		if time.Now().After(end) {
			t.Fatalf("%s: it does not show within %s", what, lag)
		}
	}
}
