package exdesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// limitState is what windows hold, for a file or a database. Times are in
// milliseconds since 1970, rounded up.
type limitState struct {
	Kind    string        `json:"exdesk"`
	Version int           `json:"version"`
	Saved   int64         `json:"saved"`
	Windows []windowState `json:"windows"`
}

type windowState struct {
	Per       string              `json:"per"`
	Mailboxes map[string]boxState `json:"mailboxes"`
}

type boxState struct {
	Spent [][]int64 `json:"spent,omitempty"` // time, messages, bytes, recipients
	Stop  int64     `json:"stop,omitempty"`
}

const (
	stateKind    = "limits"
	stateVersion = 1
)

// State returns what the windows hold, as JSON, for Restore. What is reserved
// and not committed yet counts as committed now. What happens after it is not
// in it: save it after the last Commit, or use OpenLimits.
func (w *Windows) State() []byte { return Limiters{w}.State() }

// Restore takes over a state, such as an earlier process left: it is added to
// what the windows hold. What is older than Per is forgotten, and what claims
// to be from the future, because the clock was set back, counts from now on; a
// clock that is ahead forgets too early. A state of no bytes is one that holds
// nothing. After an error nothing has changed.
func (w *Windows) Restore(state []byte) error { return Limiters{w}.Restore(state) }

// State is Windows.State of all *Windows among the limiters.
func (l Limiters) State() []byte { return l.state(true) }

// Restore is Windows.Restore of all *Windows among the limiters, which are
// known by their length: they need not be as many, or as large, as those that
// the state is of. One of another length takes what the next longer one held.
func (l Limiters) Restore(state []byte) error {
	if len(state) == 0 {
		return nil
	}
	s, err := parseState(state)
	if err != nil {
		return fmt.Errorf("exdesk: the state of limits cannot be restored: %w", err)
	}
	windows, _ := l.split()
	for _, w := range windows {
		w.restore(s)
	}
	return nil
}

func (l Limiters) state(reserved bool) []byte {
	s := limitState{Kind: stateKind, Version: stateVersion, Saved: time.Now().UnixMilli(), Windows: []windowState{}}
	windows, _ := l.split()
	for _, w := range windows {
		s.Windows = append(s.Windows, w.state(reserved))
	}
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and strings
	}
	return data
}

func (w *Windows) state(reserved bool) windowState {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	s := windowState{Per: w.Per.String(), Mailboxes: make(map[string]boxState)}
	for name, b := range w.mailboxes {
		var box boxState
		b.forget(w.now(), w.per())
		open := b.used()
		for at, c := range b.spent() {
			box.Spent = append(box.Spent, append([]int64{millis(w.at(at), now)}, c.numbers()...))
			open = open.minus(c)
		}
		if reserved && open != (Cost{}) && w.Per > 0 {
			box.Spent = append(box.Spent, append([]int64{millis(now, now)}, open.numbers()...))
		}
		if box.Spent != nil {
			s.Mailboxes[name] = box
		}
	}
	for name, until := range w.stops {
		if until.After(now) {
			box := s.Mailboxes[name]
			box.Stop = millis(until, now)
			s.Mailboxes[name] = box
		}
	}
	return s
}

func (c Cost) numbers() []int64 { return []int64{int64(c.Messages), c.Bytes, int64(c.Recipients)} }

// millis is a time by the clock as it is set now, and not as it may have been
// set at that time.
func millis(t, now time.Time) int64 {
	return monotonic(t, now).Add(time.Millisecond - 1).UnixMilli()
}

func costOf(n []int64) Cost {
	return Cost{int(min(n[0], math.MaxInt32)), n[1], int(min(n[2], math.MaxInt32))}
}

func parseState(data []byte) (*limitState, error) {
	var s limitState
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	switch {
	case s.Kind != stateKind:
		return nil, errors.New("it is something else")
	case s.Version > stateVersion:
		return nil, errors.New("a newer version of exdesk wrote it")
	}
	for _, w := range s.Windows {
		if _, err := time.ParseDuration(w.Per); err != nil {
			return nil, err
		}
		for _, b := range w.Mailboxes {
			for _, e := range b.Spent {
				if len(e) != 4 || slices.Min(e) < 0 {
					return nil, errors.New("an entry is not a time and three numbers")
				}
			}
		}
	}
	return &s, nil
}

// of returns what the state has for a window of this length: the shortest one
// that reaches as far, or else the longest.
func (s *limitState) of(per time.Duration) map[string]boxState {
	var best map[string]boxState
	var length time.Duration
	for i, w := range s.Windows {
		d, _ := time.ParseDuration(w.Per)
		if i == 0 || length < per && d > length || d >= per && d < length {
			best, length = w.Mailboxes, d
		}
	}
	return best
}

func (w *Windows) restore(s *limitState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	boxes := s.of(w.Per)
	for _, name := range slices.Sorted(maps.Keys(boxes)) {
		for _, e := range boxes[name].Spent {
			w.spend(name, costOf(e[1:]), earlier(time.UnixMilli(e[0]), now), now)
		}
	}
	for _, other := range s.Windows { // a stop is not about one window
		for name, b := range other.Mailboxes {
			w.restoreStop(name, b.Stop, s.Saved, now)
		}
	}
}

// restoreStop takes over a stop that was noted at a time. If that is in the
// future, the stop lasts as long as it did then. w.mu is held.
func (w *Windows) restoreStop(mailbox string, until, noted int64, now time.Time) {
	until -= max(0, noted-now.UnixMilli())
	if until > now.UnixMilli() {
		w.stop(mailbox, time.UnixMilli(until), now)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
