package zendesktest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// bucket counts the requests of one window.
type bucket struct {
	start time.Time
	count int
}

// quota is a limit that buckets are held against.
// https://developer.zendesk.com/api-reference/introduction/rate-limits/
type quota struct {
	name   string // of the header Zendesk-RateLimit-NAME; "" is none
	key    string // of the bucket
	limit  func(*Options) int
	window time.Duration
}

var (
	accountBucket = quota{key: "account", window: time.Minute, limit: func(o *Options) int { return o.RateLimit }}
	updateBucket  = quota{name: "tickets-update", key: "update", window: time.Minute, limit: func(o *Options) int { return o.UpdateLimit }}
	deleteBucket  = quota{key: "delete", window: time.Minute, limit: func(*Options) int { return 400 }}
)

// ticketBucket allows 30 updates in ten minutes by one user to one ticket.
func ticketBucket(user, ticket int64) quota {
	return quota{name: "per-ticket-updates", key: fmt.Sprintf("ticket %d %d", user, ticket),
		window: 10 * time.Minute, limit: func(*Options) int { return 30 }}
}

// level says how much of q is left and for how long.
func (s *Server) level(q quota) (left int, reset time.Duration) {
	b, now := s.buckets[q.key], s.now()
	if b == nil || now.Sub(b.start) >= q.window || now.Before(b.start) {
		return q.limit(&s.opt), q.window
	}
	return max(q.limit(&s.opt)-b.count, 0), b.start.Add(q.window).Sub(now)
}

// spend takes one request out of q, or answers 429.
func (s *Server) spend(c *call, q quota) *answer {
	if q.limit(&s.opt) < 0 {
		return nil
	}
	left, reset := s.level(q)
	if left == 0 {
		c.x.local = q.key != accountBucket.key
		a := s.limited(false).with("Retry-After", seconds(reset))
		return q.tell(a, q.limit(&s.opt), 0, reset)
	}
	b := s.buckets[q.key]
	if now := s.now(); b == nil || now.Sub(b.start) >= q.window || now.Before(b.start) {
		b = &bucket{start: now}
		s.buckets[q.key] = b
	}
	b.count++
	return nil
}

// tell puts an endpoint's own limit into its answer.
func (q quota) tell(a *answer, total, left int, reset time.Duration) *answer {
	if q.name == "" {
		return a
	}
	return a.with("Zendesk-RateLimit-"+q.name,
		fmt.Sprintf("total=%d; remaining=%d; resets=%s", total, left, seconds(reset)))
}

// tellRate sets both families of the account's rate headers.
//
// QUIRK: their names changed over the years, and the old ones are still sent.
func (s *Server) tellRate(h http.Header) {
	limit := s.opt.RateLimit
	if limit < 0 {
		limit = 100_000 // the absolute ceiling
	}
	left, reset := s.level(accountBucket)
	if s.opt.RateLimit < 0 {
		left = limit
	}
	h.Set("X-Rate-Limit", strconv.Itoa(limit))
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(left))
	h.Set("Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(left))
	h.Set("Ratelimit-Reset", seconds(reset))
}

// seconds rounds up, so that who waits so long does not come too early.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
