package zendesk

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// recent knows the events that are being handled and those that were. Its zero
// value is ready.
type recent struct {
	mu      sync.Mutex // guards what follows; never held while Handle runs
	flights map[key]*flight
	ended   []*flight // oldest first
}

// key is a hash of what makes two events the same.
type key [sha256.Size]byte

// flight is the handling of one event.
type flight struct {
	keys    []key
	done    chan struct{}
	verdict verdict // once done is closed
	at      time.Time
}

// keysOf returns what an event is known by again: its id, and the comment,
// which a second webhook of the account may tell of under another id.
//
// The id of the invocation stands in for an event's that has none. More it must
// not do: it is not signed, and whoever sends a genuine request again under the
// invocation that is to come next would stop that one.
func keysOf(e *CommentAdded, invocation string) []key {
	keys := []key{sha256.Sum256(fmt.Appendf(nil, "comment %d %d %d", e.Account, e.Ticket, e.Comment))}
	if e.EventID != "" {
		keys = append(keys, sha256.Sum256([]byte("event "+e.EventID)))
	} else if invocation != "" {
		keys = append(keys, sha256.Sum256([]byte("invocation "+invocation)))
	}
	return keys
}

// begin returns the flight of an event, and whether the caller has to make it.
// What ended longer ago than life is forgotten.
func (r *recent) begin(keys []key, life time.Duration) (f *flight, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.ended) > 0 && now.Sub(r.ended[0].at) > life {
		r.forgetOldest()
	}
	for _, k := range keys {
		if f := r.flights[k]; f != nil {
			return f, false
		}
	}
	f = &flight{keys: keys, done: make(chan struct{})}
	if r.flights == nil {
		r.flights = map[key]*flight{}
	}
	for _, k := range keys {
		r.flights[k] = f
	}
	return f, true
}

// end tells all who wait for a flight how it ended. One that failed is
// forgotten, so that the next try is made.
func (r *recent) end(f *flight, v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.verdict, f.at = v, time.Now()
	close(f.done)
	if v.status != http.StatusOK {
		r.forget(f)
		return
	}
	if r.ended = append(r.ended, f); len(r.ended) > remembered {
		r.forgetOldest()
	}
}

func (r *recent) forgetOldest() {
	r.forget(r.ended[0])
	r.ended[0], r.ended = nil, r.ended[1:]
}

func (r *recent) forget(f *flight) {
	for _, k := range f.keys {
		delete(r.flights, k)
	}
}
