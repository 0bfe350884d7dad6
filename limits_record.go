package exdesk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// record is a line of the file after the first, which is a limitState.
type record struct {
	Op      string  `json:"op"`           // take, done, undo, spend or stop
	ID      int64   `json:"id,omitempty"` // of a take
	Mailbox string  `json:"mailbox,omitempty"`
	Cost    []int64 `json:"cost,omitempty"` // messages, bytes, recipients
	At      int64   `json:"at,omitempty"`
	Until   int64   `json:"until,omitempty"`
}

// orphaned is how long after the end of a process the server may still hear what
// it sent.
const orphaned = 30 * time.Second

func (r record) line() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // numbers and strings
	}
	return append(data, '\n')
}

// parseFile returns the state that a file begins with, and what happened since:
// spending and stops, and what was taken and not settled. A last line without an
// end was never granted, or the power failed.
func parseFile(data []byte) (*limitState, []record, error) {
	data = bytes.TrimRight(data, "\x00") // of blocks that never got to the disk
	if len(data) == 0 {
		return new(limitState), nil, nil
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	s, err := parseState(first)
	if err != nil {
		return nil, nil, fmt.Errorf("line 1: %w", err)
	}
	open := make(map[int64]record)
	var records []record
	for n := 2; ; n++ {
		text, more, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			break
		}
		rest = more
		var r record
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
		taken, known := open[r.ID]
		counted := len(r.Cost) == 3 && slices.Min(r.Cost) >= 0
		switch {
		case r.Op == "take" && counted && !known:
			open[r.ID] = r
		case r.Op == "done" && known:
			records = append(records, record{Op: "spend", Mailbox: taken.Mailbox, Cost: taken.Cost, At: r.At})
			delete(open, r.ID)
		case r.Op == "undo" && known:
			delete(open, r.ID)
		case r.Op == "spend" && counted, r.Op == "stop":
			records = append(records, r)
		default:
			return nil, nil, fmt.Errorf("line %d: it does not follow from those before", n)
		}
	}
	for _, r := range open {
		records = append(records, r)
	}
	return s, records, nil
}

// replay takes over the records of a file.
func (w *Windows) replay(records []record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, r := range records {
		switch {
		case r.Op == "spend":
			w.spend(r.Mailbox, costOf(r.Cost), earlier(time.UnixMilli(r.At), now), now)
		case r.Op == "take":
			w.spend(r.Mailbox, costOf(r.Cost), now.Add(orphaned), now)
		case r.Until == 0:
			w.stop(r.Mailbox, time.Time{}, now)
		default:
			w.restoreStop(r.Mailbox, r.Until, r.At, now)
		}
	}
}
