package zendesktest

import "time"

// Now returns the account's time. It runs with time.Now, at a distance that
// Advance and SetTime change, so in a testing/synctest bubble it is virtual.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the account's clock forward by d.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// SetTime sets the account's clock to t, from where it runs on.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = time.Until(t)
}

// now is Now for those who hold the lock.
func (s *Server) now() time.Time { return time.Now().Add(s.offset).UTC().Round(0) }

// second is now in the resolution of a ticket's timestamps.
//
// QUIRK: updated_at counts whole seconds, so two updates within one second
// carry the same stamp and safe_update cannot tell them apart.
func (s *Server) second() time.Time { return s.now().Truncate(time.Second) }

// stamp writes t as the API does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
