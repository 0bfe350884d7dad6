// The limits command measures what it costs to keep to a limit, and how well it is
// kept: an exact rolling window of exdesk, and the token bucket that most use.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/bench/internal/measure"
)

const bucket = "x/time/rate"

func main() {
	if len(os.Args) == 3 && os.Args[1] == virtual {
		inVirtualTime(os.Args[2])
		return
	}
	var all []measure.Measurement
	for _, most := range []int{10, 25} {
		name := fmt.Sprintf("%d a minute", most)
		all = append(all,
			measure.Of(name, measure.Exdesk, costs(name, most, windows)),
			measure.Of(name, bucket, costs(name, most, buckets)))
	}
	all = append(all, measure.Of("a day", measure.Exdesk, day))
	for _, subject := range []string{measure.Exdesk, bucket, bucket + ", burst 1"} {
		all = append(all, measure.Of("kept", subject, func(r *measure.Report) error { return kept(r, subject) }))
	}
	measure.Main(all...)
}

const mailboxes = 10_000

// limiter is who is measured: take asks for room, and takes nothing; spend takes it.
type limiter struct {
	take, spend func(mailbox string) error
}

func windows(most int) limiter {
	return ofWindows(&exdesk.Windows{Most: exdesk.Cost{Messages: most}, Per: time.Minute}, exdesk.Cost{Messages: 1})
}

func ofWindows(w *exdesk.Windows, cost exdesk.Cost) limiter {
	ask := func(mailbox string) (exdesk.Reservation, error) {
		return w.Reserve(context.Background(), mailbox, cost)
	}
	return limiter{
		take: func(mailbox string) error {
			slot, err := ask(mailbox)
			if err == nil {
				slot.Cancel()
			}
			return err
		},
		spend: func(mailbox string) error {
			slot, err := ask(mailbox)
			if err == nil {
				slot.Commit()
			}
			return err
		},
	}
}

// buckets are one for each mailbox, in a map, as they have to be.
func buckets(most int) limiter {
	var mu sync.Mutex
	m := make(map[string]*rate.Limiter)
	of := func(mailbox string) *rate.Limiter {
		mailbox = strings.ToLower(mailbox)
		mu.Lock()
		defer mu.Unlock()
		l := m[mailbox]
		if l == nil {
			l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(most)), most)
			m[mailbox] = l
		}
		return l
	}
	return limiter{
		take: func(mailbox string) error {
			of(mailbox).Reserve().Cancel()
			return nil
		},
		spend: func(mailbox string) error {
			if !of(mailbox).Allow() {
				return fmt.Errorf("%s is refused", mailbox)
			}
			return nil
		},
	}
}

// costs measures decisions and memory of windows of a minute.
func costs(name string, most int, open func(int) limiter) func(*measure.Report) error {
	return func(r *measure.Report) error {
		return decisions(r, name, mailboxes, most, func() limiter { return open(most) })
	}
}

// day does so of the longest of the windows: 10,000 recipients in 24 hours.
func day(r *measure.Report) error {
	const each = 10
	return decisions(r, "10,000 recipients a day", 100, exdesk.RelayRecipients/each, func() limiter {
		w := &exdesk.Windows{Most: exdesk.Cost{Recipients: exdesk.RelayRecipients}, Per: 24 * time.Hour}
		return ofWindows(w, exdesk.Cost{Messages: 1, Recipients: each})
	})
}

// decisions measures what limiters take of so many mailboxes when all is spent, and
// what a decision takes where there is room for one message more.
func decisions(r *measure.Report, name string, mailboxes, most int, open func() limiter) error {
	names := make([]string, mailboxes)
	for i := range names {
		names[i] = fmt.Sprintf("box%05d@contoso.test", i)
	}
	before := heap()
	full := open()
	if err := full.fill(names, most); err != nil {
		return err
	}
	r.Add("limiter, "+name+", memory a mailbox", "B", float64(heap()-before)/float64(mailboxes))

	names = names[:100] // as in use
	l := open()
	if err := l.fill(names, most-1); err != nil {
		return err
	}
	n := measure.Times(5_000_000, 1_000_000)
	cost, err := measure.Do(n, func(i int) error { return l.take(names[i%len(names)]) })
	if err != nil {
		return err
	}
	r.Add("limiter, "+name+", reserve and give back", "ns CPU", float64(cost.CPU))
	r.Add("limiter, "+name+", reserve and give back, allocations", "allocs", float64(int(cost.Objects)))
	runtime.KeepAlive(full)
	runtime.KeepAlive(names)
	return nil
}

// fill spends so many messages of each mailbox.
func (l limiter) fill(names []string, each int) error {
	for range each {
		for _, name := range names {
			if err := l.spend(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
