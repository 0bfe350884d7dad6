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
	for _, subject := range []string{measure.Exdesk, bucket, bucket + ", burst 1"} {
		all = append(all, measure.Of("kept", subject, func(r *measure.Report) error { return kept(r, subject) }))
	}
	measure.Main(all...)
}

const mailboxes = 10_000

// limiter is who is measured: take asks for one message of a mailbox, and takes
// nothing; spend takes one.
type limiter struct {
	take, spend func(mailbox string) error
}

func windows(most int) limiter {
	w := &exdesk.Windows{Most: exdesk.Cost{Messages: most}, Per: time.Minute}
	ask := func(mailbox string) (exdesk.Reservation, error) {
		return w.Reserve(context.Background(), mailbox, exdesk.Cost{Messages: 1})
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

// costs measures decisions and memory.
func costs(name string, most int, open func(int) limiter) func(*measure.Report) error {
	return func(r *measure.Report) error {
		names := make([]string, mailboxes)
		for i := range names {
			names[i] = fmt.Sprintf("box%05d@contoso.test", i)
		}
		before := heap()
		l := open(most)
		for range most {
			for _, name := range names {
				if err := l.spend(name); err != nil {
					return err
				}
			}
		}
		r.Add("limiter, "+name+", memory a mailbox", "B", float64(heap()-before)/mailboxes)

		free := open(most)
		for _, name := range names[:100] { // as in use
			if err := free.spend(name); err != nil {
				return err
			}
		}
		cost, err := measure.Do(measure.Times(5_000_000, 1_000_000), func(i int) error { return free.take(names[i%100]) })
		if err != nil {
			return err
		}
		r.Add("limiter, "+name+", reserve and give back", "ns CPU", float64(cost.CPU))
		r.Add("limiter, "+name+", reserve and give back, allocations", "allocs", float64(int(cost.Objects)))
		runtime.KeepAlive(l)
		runtime.KeepAlive(names)
		return nil
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
