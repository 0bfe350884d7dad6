package consent

import (
	"sync"
	"time"
)

// spent remembers the attempts that came back to this process, so that a page
// that is loaded twice at once does not redeem its code twice: Entra may end the
// sign-in for that (RFC 6749 §4.1.2).
type spent struct {
	mu    sync.Mutex // guards what follows
	until map[string]time.Time
}

// mostSpent bounds what is remembered. Of what came before, Entra alone refuses a
// code that was used.
const mostSpent = 10_000

// take reports whether it is the first time.
func (s *spent) take(name string, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.until[name]; again {
		return false
	}
	if len(s.until) >= mostSpent {
		oldest := ""
		for n, t := range s.until {
			if oldest == "" || t.Before(s.until[oldest]) {
				oldest = n
			}
		}
		delete(s.until, oldest)
	}
	if s.until == nil {
		s.until = make(map[string]time.Time)
	}
	s.until[name] = until
	return true
}
