package zendesktest

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
	"time"
)

// keyLife is how long an idempotency key is remembered.
// https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency
const keyLife = 2 * time.Hour

// keyed is a request that carried an idempotency key. Keys belong to the
// account, not to who sends them.
type keyed struct {
	key    string
	body   [sha256.Size]byte
	since  time.Time
	done   chan struct{} // closed when answer is there
	answer *answer       // nil while the request is being served
}

// claim makes the key of a request this request's own. If it already belongs
// to another one, it returns what is to be answered instead.
func (s *Server) claim(c *call, body []byte) (*keyed, *answer) {
	key := c.r.Header.Get("Idempotency-Key")
	if key == "" {
		return nil, nil
	}
	if len(key) > 255 {
		return nil, plain(http.StatusBadRequest, "IdempotentRequestError", "The idempotency key is longer than 255 characters")
	}
	sum := sha256.Sum256(s.canonical(body))
	for {
		s.mu.Lock()
		s.sweepKeys()
		k := s.keys[key]
		if k == nil || s.now().Sub(k.since) >= keyLife {
			k = &keyed{key: key, body: sum, since: s.now(), done: make(chan struct{})}
			s.keys[key] = k
			s.mu.Unlock()
			return k, nil
		}
		if k.body != sum {
			s.violation("%s %s uses an idempotency key again with another body", c.r.Method, c.r.URL.Path)
			s.mu.Unlock()
			return nil, plain(http.StatusBadRequest, "IdempotentRequestError", "Request parameters don't match the given idempotency key")
		}
		if a := k.answer; a != nil {
			s.mu.Unlock()
			return nil, (&answer{status: a.status, header: maps.Clone(a.header), body: a.body}).with("X-Idempotency-Lookup", "hit")
		}
		if s.opt.InFlight == InFlightTwice {
			k = &keyed{key: key, body: sum, since: s.now(), done: make(chan struct{})}
			s.mu.Unlock()
			return k, nil
		}
		s.mu.Unlock()
		if s.opt.InFlight == InFlightConflict {
			return nil, plain(http.StatusConflict, "IdempotentRequestError", "A request with the same idempotency key is in progress")
		}
		select {
		case <-k.done: // look again: a failure may have freed the key
		case <-c.r.Context().Done():
			return nil, plain(http.StatusConflict, "IdempotentRequestError", "The client has gone")
		}
	}
}

// settle ends the serving of a keyed request. It needs the lock.
func (s *Server) settle(c *call, k *keyed, a *answer) *answer {
	if k == nil {
		return a
	}
	if a.status < 400 || s.opt.RememberFailures {
		k.answer = a
		s.keys[k.key] = k
		c.x.keyed = k
	} else if s.keys[k.key] == k {
		delete(s.keys, k.key)
	}
	close(k.done)
	return (&answer{status: a.status, header: maps.Clone(a.header), body: a.body}).with("X-Idempotency-Lookup", "miss")
}

// canonical is what of a body is compared.
func (s *Server) canonical(body []byte) []byte {
	var v any
	if !s.opt.LooseKeys || decode(body, &v) != nil {
		return body
	}
	b, err := json.Marshal(v) // with its names in order
	if err != nil {
		return body
	}
	return b
}

// sweepKeys forgets old keys now and then, so that a long run does not fill
// the memory.
func (s *Server) sweepKeys() {
	if len(s.keys) < s.sweepAt {
		return
	}
	now := s.now()
	maps.DeleteFunc(s.keys, func(_ string, k *keyed) bool { return k.answer != nil && now.Sub(k.since) >= keyLife })
	s.sweepAt = 2*len(s.keys) + 1024
}
