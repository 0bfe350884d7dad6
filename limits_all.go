package exdesk

import (
	"context"
	"errors"
	"time"
)

// Limiters is a Limiter of several: a cost is taken from all of them or from
// none. Those that are *Windows are asked first and at once, without waiting;
// the others one by one in their order. A refusal is the one that lasts
// longest, as far as *Windows can tell. The zero value sets no limit.
type Limiters []Limiter

// peeker is a Limiter that knows without asking anybody why it would refuse.
type peeker interface {
	peek(mailbox string, cost Cost) *LimitError
}

// Reserve implements Limiter.
func (l Limiters) Reserve(ctx context.Context, mailbox string, cost Cost) (Reservation, error) {
	windows, others := l.split()
	var slots together
	slots, err := take(windows, mailbox, cost)
	for _, o := range others {
		if err != nil {
			break
		}
		var slot Reservation
		if slot, err = o.Reserve(ctx, mailbox, cost); err == nil {
			slots = append(slots, slot)
		}
	}
	if err == nil && len(others) > 0 {
		err = stopped(windows, mailbox) // while the others took their time
	}
	if err == nil {
		return slots, nil
	}
	slots.Cancel()
	if no, ok := errors.AsType[*LimitError](err); ok {
		return nil, longer(no, l.peek(mailbox, cost))
	}
	return nil, err
}

// split tells windows from other limiters, whatever they are nested in.
func (l Limiters) split() (windows []*Windows, others []Limiter) {
	for _, m := range l {
		switch m := m.(type) {
		case *Windows:
			windows = append(windows, m)
		case Limiters:
			w, o := m.split()
			windows, others = append(windows, w...), append(others, o...)
		default:
			others = append(others, m)
		}
	}
	return windows, others
}

func (l Limiters) peek(mailbox string, cost Cost) *LimitError {
	var no *LimitError
	for _, m := range l {
		if p, ok := m.(peeker); ok {
			no = longer(no, p.peek(mailbox, cost))
		}
	}
	return no
}

// Spend tells all limiters that can be told what others used of a mailbox: see
// Windows.Spend.
func (l Limiters) Spend(mailbox string, cost Cost, at time.Time) {
	for _, m := range l {
		if m, ok := m.(interface {
			Spend(mailbox string, cost Cost, at time.Time)
		}); ok {
			m.Spend(mailbox, cost, at)
		}
	}
}

// Stop tells all limiters that can be told to grant nothing of a mailbox before
// until: see Windows.Stop. A new(Windows) among them makes sure that one can.
func (l Limiters) Stop(mailbox string, until time.Time) {
	for _, m := range l {
		if m, ok := m.(interface {
			Stop(mailbox string, until time.Time)
		}); ok {
			m.Stop(mailbox, until)
		}
	}
}

// together is a reservation of several limiters.
type together []Reservation

func (t together) Commit() {
	for _, slot := range t {
		slot.Commit()
	}
}

func (t together) Cancel() {
	for _, slot := range t {
		slot.Cancel()
	}
}
