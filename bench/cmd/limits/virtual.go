package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/bench/internal/measure"
)

// virtual is the argument of a process of its own in which time is virtual, which
// only a test can have.
const virtual = "virtual"

// heard is what the server says of a limit of ten a minute.
type heard struct {
	Most int     `json:"most"` // in any minute
	Rate float64 `json:"rate"` // percent of what is allowed
}

// kept measures how well ten a minute are kept to at a server that everything
// reaches up to a second late.
func kept(r *measure.Report, subject string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	cmd := exec.Command(self, virtual, subject)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	var h heard
	if err := json.NewDecoder(&out).Decode(&h); err != nil {
		return err
	}
	r.Add("limit of 10 a minute: most that the server hears in one", "mails", float64(h.Most))
	r.AddHigher("limit of 10 a minute: rate reached", "%", h.Rate)
	return nil
}

func inVirtualTime(subject string) {
	os.Args = os.Args[:1]
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: subject, F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if err := json.NewEncoder(os.Stdout).Encode(saturate(t, subject)); err != nil {
				t.Error(err)
			}
		})
	}}}, nil, nil)
}

const allowed = 10

// wait waits until one more may be sent, and returns what tells that the answer
// came.
func wait(subject string) func(context.Context) (answered func(), err error) {
	switch subject {
	case measure.Exdesk:
		line := &exdesk.Line{Limiter: &exdesk.Windows{Most: exdesk.Cost{Messages: allowed}, Per: time.Minute}}
		return func(ctx context.Context) (func(), error) {
			slot, err := line.Reserve(ctx, "support@contoso.test", exdesk.Cost{Messages: 1})
			if err != nil {
				return nil, err
			}
			return slot.Commit, nil
		}
	case bucket:
		return waits(rate.NewLimiter(rate.Every(time.Minute/allowed), allowed))
	default:
		return waits(rate.NewLimiter(rate.Every(time.Minute/allowed), 1))
	}
}

func waits(l *rate.Limiter) func(context.Context) (func(), error) {
	return func(ctx context.Context) (func(), error) { return func() {}, l.Wait(ctx) }
}

// saturate sends all that a limiter lets through.
func saturate(t *testing.T, subject string) heard {
	const events = 5_000
	next := wait(subject)
	var mu sync.Mutex
	var times []time.Time
	var senders sync.WaitGroup
	begin := time.Now()
	for n := range 20 {
		rnd := rand.New(rand.NewPCG(7, uint64(n)))
		senders.Go(func() {
			for range events / 20 {
				answered, err := next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				took := time.Duration(rnd.Int64N(int64(time.Second)))
				there := time.Duration(rnd.Int64N(int64(took) + 1))
				time.Sleep(there)
				mu.Lock()
				times = append(times, time.Now())
				mu.Unlock()
				time.Sleep(took - there)
				answered()
			}
		})
	}
	senders.Wait()
	if len(times) != events {
		panic(fmt.Sprintf("%d were sent", len(times)))
	}
	slices.SortFunc(times, time.Time.Compare)
	var h heard
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Minute {
			first++
		}
		h.Most = max(h.Most, i-first+1)
	}
	// The first window is full at once, and says nothing of the rate.
	h.Rate = 100 * float64(events-allowed) / times[events-1].Sub(begin).Minutes() / allowed
	return h
}
