package zendesktest

import (
	"slices"
	"time"
)

// breaker holds back what is sent to a webhook that fails too often. Its
// numbers are of the vendor's pages at second hand; that what is held back is
// sent later, not dropped, is an assumption.
type breaker struct {
	tries []try
	until time.Time
}

type try struct {
	at time.Time
	ok bool
}

const (
	breakerWindow = 5 * time.Minute
	breakerLeast  = 100  // tries before it may break
	breakerShare  = 70   // per cent of failures at which it breaks
	breakerMost   = 1000 // failures above which it breaks
	breakerPause  = 5 * time.Second
)

func (b *breaker) count(now time.Time, ok bool) {
	b.tries = slices.DeleteFunc(b.tries, func(t try) bool { return now.Sub(t.at) > breakerWindow })
	b.tries = append(b.tries, try{now, ok})
	failed := 0
	for _, t := range b.tries {
		if !t.ok {
			failed++
		}
	}
	if len(b.tries) >= breakerLeast && (failed*100 >= breakerShare*len(b.tries) || failed > breakerMost) {
		b.tries, b.until = nil, now.Add(breakerPause)
	}
}

// Broken tells whether a webhook's circuit breaker holds its events back.
func (w *Webhooks) Broken(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hook(id)
	return h != nil && h.breaker.until.After(w.s.Now())
}
