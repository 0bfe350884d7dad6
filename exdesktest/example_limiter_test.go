package exdesktest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// Tally is a Limiter of so many messages in any stretch of time.
type Tally struct {
	Most int
	Per  time.Duration

	mu   sync.Mutex
	uses map[string][]*use // by mailbox
}

// use is a reservation.
type use struct {
	of       *Tally
	messages int
	settled  bool
	ends     time.Time // zero until it was committed
}

// Reserve implements exdesk.Limiter. It does not wait.
func (l *Tally) Reserve(_ context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	limit := fmt.Sprintf("%d messages in %s", l.Most, l.Per)
	if cost.Messages > l.Most {
		return nil, &exdesk.LimitError{Limit: limit}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uses == nil {
		l.uses = make(map[string][]*use)
	}
	now, mailbox := time.Now(), strings.ToLower(mailbox)
	list := slices.DeleteFunc(l.uses[mailbox], func(u *use) bool { return !u.ends.IsZero() && !u.ends.After(now) })
	l.uses[mailbox] = list
	sum := cost.Messages
	var ends []time.Time
	for _, u := range list {
		sum += u.messages
		end := u.ends
		if end.IsZero() {
			end = now.Add(l.Per) // the soonest, if it is committed now
		}
		for range u.messages {
			ends = append(ends, end)
		}
	}
	if over := sum - l.Most; over > 0 {
		slices.SortFunc(ends, time.Time.Compare)
		return nil, &exdesk.LimitError{Limit: limit, Until: ends[over-1]}
	}
	u := &use{of: l, messages: cost.Messages}
	l.uses[mailbox] = append(list, u)
	return u, nil
}

// Commit implements exdesk.Reservation.
func (u *use) Commit() { u.settle(time.Now().Add(u.of.Per), u.messages) }

// Cancel implements exdesk.Reservation.
func (u *use) Cancel() { u.settle(time.Now(), 0) }

func (u *use) settle(ends time.Time, messages int) {
	u.of.mu.Lock()
	defer u.of.mu.Unlock()
	if !u.settled {
		u.settled, u.ends, u.messages = true, ends, messages
	}
}

func TestTally(t *testing.T) {
	exdesktest.Limiter(t, synctest.Test, func(*testing.T) exdesktest.LimiterUnderTest {
		return exdesktest.LimiterUnderTest{Limiter: &Tally{Most: 10, Per: time.Minute}, Most: exdesk.Cost{Messages: 10}, Per: time.Minute}
	})
}
