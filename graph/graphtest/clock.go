package graphtest

import (
	"sync"
	"time"
)

// clock is the real clock plus an offset.
type clock struct {
	mu     sync.Mutex // guards offset
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// Now returns the time of the server's clock.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the server's clock on by d.
func (s *Server) Advance(d time.Duration) {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.clock.offset += d
}

// SetTime sets the server's clock to t, from where it runs on.
func (s *Server) SetTime(t time.Time) {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.clock.offset = time.Until(t)
}

// stamp is now in the precision in which Graph shows times: seconds.
func (s *Server) stamp() time.Time { return s.Now().UTC().Truncate(time.Second) }

// timestamp writes t as Graph does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
