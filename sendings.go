package exdesk

import (
	"sync"
	"time"
)

// sendings is what a Connector knows of the letters it sent. It saves looks,
// and knows what was sent when a person has deleted the copy. All of it may be
// lost without a mail being lost or doubled.
type sendings struct {
	mu    sync.Mutex // guards what follows
	known map[string]sending
	order []string // keys, the oldest first
}

// sending is what is known of one letter.
type sending struct {
	id    string    // of its draft or copy
	sent  time.Time // when the draft may have left; zero if it did not
	doubt bool      // as in dispatch
	done  bool      // it has left, for certain

	messageID string
	ticket    int64
	unseen    bool
}

// maxSendings bounds the letters that are remembered: as many as a mailbox may
// send in a day.
const maxSendings = 10_000

func (s *sendings) get(key string) sending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[key]
}

// put notes how far a letter got.
func (s *sendings) put(key string, now sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = make(map[string]sending)
	}
	if _, ok := s.known[key]; !ok {
		s.order = append(s.order, key)
	}
	s.known[key] = now
	if len(s.order) > maxSendings {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}
