package contracts_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// who asks.
type who int

const (
	adapter who = iota // of this library
	plain              // the tests, for what no adapter asks
	sample             // the tests, as documentation does: only the answers are ours
)

// finding is a deviation that was seen.
type finding struct{ op, what string }

// ledger is what was checked of one service and what was found.
type ledger struct {
	contract *contract

	mu       sync.Mutex // guards what follows
	requests int        // those in batches included
	answers  int
	batched  int
	asked    map[string]map[who]int // by operation
	found    map[finding]int
}

func newLedger(c *contract) *ledger {
	return &ledger{contract: c, asked: make(map[string]map[who]int), found: make(map[finding]int)}
}

// add checks an exchange, and what it stands for.
func (l *ledger) add(by who, x *exchange) {
	l.check(by, x)
	if x.target.EscapedPath() != l.contract.root+"/$batch" {
		return
	}
	parts, complete := x.parts(l.contract.root)
	if !complete {
		l.note(finding{"Batch", "answers are not to the requests"})
	}
	for _, p := range parts {
		l.check(by, p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batched += len(parts)
}

func (l *ledger) check(by who, x *exchange) {
	op, vars := l.contract.find(x.method, x.target)
	name := x.method + " " + x.target.EscapedPath()
	var found []string
	switch {
	case op == nil && by == sample:
	case op == nil:
		found = []string{"not in the contract"}
	default:
		name = op.OperationID
		if by != sample {
			found = l.contract.request(op, vars, x)
		}
		if x.status != 0 {
			found = append(found, l.contract.response(op, x)...)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.requests++; x.status != 0 {
		l.answers++
	}
	if op != nil {
		if l.asked[name] == nil {
			l.asked[name] = make(map[who]int)
		}
		l.asked[name][by]++
	}
	for _, f := range found {
		l.found[finding{name, f}]++
	}
}

func (l *ledger) note(f finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[f]++
}

// settle compares what was found with what is listed, and tells what was checked.
func (l *ledger) settle(t *testing.T, name string, listed []deviation) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	met := make([]int, len(listed))
	byName := func(a, b finding) int { return cmp.Or(strings.Compare(a.op, b.op), strings.Compare(a.what, b.what)) }
	for _, f := range slices.SortedFunc(maps.Keys(l.found), byName) {
		i := slices.IndexFunc(listed, func(d deviation) bool { return d.covers(f) })
		if i < 0 {
			t.Errorf("%s: %s: %s, %d times, is not listed", name, f.op, f.what, l.found[f])
			continue
		}
		met[i] += l.found[f]
	}
	for i, d := range listed {
		if met[i] == 0 {
			t.Errorf("%s: %s: %s is listed and did not happen", name, d.op, d.what)
		}
	}
	t.Logf("%s: %d requests checked, %d of them in batches, and %d answers; %d deviations in %d lines of the table",
		name, l.requests, l.batched, l.answers, len(l.found), len(listed))
	var lines [3][]string
	for _, op := range l.contract.operations {
		by := l.asked[op.OperationID]
		switch {
		case by[adapter] > 0:
			lines[0] = append(lines[0], fmt.Sprintf("%s %d", op.OperationID, by[adapter]))
		case len(by) > 0:
			lines[1] = append(lines[1], op.OperationID)
		default:
			lines[2] = append(lines[2], op.OperationID)
		}
	}
	for i, what := range []string{"asked by adapters", "asked by tests alone", "not asked"} {
		slices.Sort(lines[i])
		t.Logf("%s: %d of %d operations %s: %s", name, len(lines[i]), len(l.contract.operations), what, strings.Join(lines[i], ", "))
	}
}
