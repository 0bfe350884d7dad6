package sim

import (
	"container/heap"
	"time"
)

// agenda holds what is to happen, in order of time; what is to happen at one
// time happens in the order in which it was put there.
type agenda struct {
	events []event
	seq    int
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

func (a *agenda) add(at time.Time, do func()) {
	a.seq++
	heap.Push((*byTime)(a), event{at, a.seq, do})
}

// next returns when the next event is.
func (a *agenda) next() (time.Time, bool) {
	if len(a.events) == 0 {
		return time.Time{}, false
	}
	return a.events[0].at, true
}

func (a *agenda) pop() event { return heap.Pop((*byTime)(a)).(event) }

// byTime is the agenda as container/heap wants it.
type byTime agenda

func (h *byTime) Len() int { return len(h.events) }
func (h *byTime) Less(i, j int) bool {
	a, b := h.events[i], h.events[j]
	return a.at.Before(b.at) || a.at.Equal(b.at) && a.seq < b.seq
}
func (h *byTime) Swap(i, j int) { h.events[i], h.events[j] = h.events[j], h.events[i] }
func (h *byTime) Push(x any)    { h.events = append(h.events, x.(event)) }
func (h *byTime) Pop() any {
	last := h.events[len(h.events)-1]
	h.events = h.events[:len(h.events)-1]
	return last
}
