package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// TestRelayLimitsOverDays: callers who always have more to send, jittered
// answers and processes that die keep within every window at the server, and
// use what there is.
func TestRelayLimitsOverDays(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates days")
	}
	for _, c := range []struct {
		name       string
		recipients int // on the average
		octets     int
		long       time.Duration
	}{{"many small ones", 3, 100, 26 * time.Hour}, {"large ones", 2, 2_000_000, time.Hour}, {"to many", 150, 100, 50 * time.Hour}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if underRace && c.name != "to many" {
				c.long /= 5
			}
			path := filepath.Join(t.TempDir(), "limits")
			synctest.Test(t, func(t *testing.T) {
				o := &graphtest.Options{TokenLife: 1000 * time.Hour, Budget: -1, InFlight: -1, UploadBudget: -1, Headers: graphtest.Keeps, DailyRecipients: -1}
				w := newWorld(t, o, nil)
				end := time.Now().Add(c.long)
				for life := 0; time.Now().Before(end); life++ {
					file, err := exdesk.OpenLimits(path, exdesk.RelayLimits())
					require.NoError(t, err)
					w.opts.Relay = exdesk.RelayOptions{Limiter: &exdesk.Line{Limiter: file}, Settle: -1}
					ctx, die := context.WithTimeout(t.Context(), min(time.Until(end), c.long/4))
					w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Delay: graphtest.Duration(20 * time.Second), Skip: 3, Times: 9})
					w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Commit: true, Status: 504, Skip: 30})
					w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 429, RetryAfter: "90", Skip: 40})
					var wg sync.WaitGroup
					for process := range 3 { // that share the limits
						w.restart()
						conn := w.conn
						for caller := range 5 {
							rnd := rand.New(rand.NewPCG(uint64(life), uint64(process*5+caller)))
							wg.Go(func() {
								for n := 0; ctx.Err() == nil; n++ {
									submit(ctx, conn, rnd, fmt.Sprint(life, " ", process, " ", caller, " ", n), c.recipients, c.octets)
								}
							})
						}
					}
					wg.Wait()
					die()
					require.NoError(t, file.Close())
					w.heal()
				}
				h := new(heard)
				for _, a := range w.exchange.Accepted() {
					h.at, h.costs = append(h.at, a.At), append(h.costs, exdesk.Cost{Messages: 1, Bytes: a.Bytes, Recipients: a.Recipients})
				}
				require.Less(t, len(h.at), 10_000, "the server remembers no more")
				h.requireKept(t, c.name != "to many")
				if c.name == "to many" {
					require.Greater(t, h.worst(24*time.Hour).Recipients, exdesk.RelayRecipients*9/10)
				}
				t.Logf("%d mails in %s", len(h.at), c.long)
			})
		})
	}
}

// submit relays one notification, and waits as a caller would who is refused.
func submit(ctx context.Context, conn *exdesk.Connector, rnd *rand.Rand, key string, recipients, octets int) {
	var to []string
	for i := range 1 + rnd.IntN(2*recipients) {
		to = append(to, fmt.Sprintf("p%d@customer.example", i))
	}
	text := strings.Replace(notice("ann"), "To: ann@customer.example\r\n", "", 1)
	text = strings.Replace(text, "01HQ6Z3D", strings.ReplaceAll(key, " ", "Z"), 1)
	text = strings.Replace(text, "65d68382aa493", strings.ReplaceAll(key, " ", "a"), 1)
	text += strings.Repeat("x", rnd.IntN(2*octets))
	patient, cancel := context.WithTimeout(ctx, time.Duration(rnd.Int64N(int64(20*time.Minute))))
	defer cancel()
	_, err := conn.Relay(patient, &exdesk.Outbound{MIME: strings.NewReader(text), Recipients: to, Key: key})
	if err != nil {
		wait, ok := exdesk.RetryAfter(err)
		if !ok {
			wait = time.Second
		}
		select {
		case <-time.After(wait + time.Duration(rnd.Int64N(int64(time.Second)))):
		case <-ctx.Done():
		}
	}
}

// What Exchange refuses stops all who wait, and none of them asks before it is
// time.
func TestQuotaStopsTheMailbox(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault graphtest.Fault
		pause time.Duration
	}{
		{"429", graphtest.Fault{Status: 429, RetryAfter: "200"}, 200 * time.Second},
		{"the day's recipients", graphtest.Fault{Status: 429, Code: "ErrorExceededMessageLimit"}, time.Hour},
		{"the day's recipients, as a 403", graphtest.Fault{Status: 403, Code: "ErrorExceededMessageLimit"}, time.Hour},
		{"the quota", graphtest.Fault{Status: 429, Code: "ErrorSubmissionQuotaExceeded", RetryAfter: "7200"}, 2 * time.Hour},
		{"blocked", graphtest.Fault{Status: 403, Code: "ErrorMessageSubmissionBlocked"}, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			relaying(t, &graphtest.Options{TokenLife: 1000 * time.Hour}, func(w *world) {
				w.opts.Relay.Settle = -1
				w.restart()
				c.fault.Method, c.fault.Path = "POST", "/v1.0/users/*/messages/*/send"
				w.graphFault(c.fault)
				begin := time.Now()
				_, err := w.conn.Relay(w.Context(), outbound(notice("ann")))
				no, ok := errors.AsType[*exdesk.LimitError](err)
				require.True(w, ok, "%v", err)
				require.WithinDuration(w, begin.Add(c.pause), no.Until, 5*time.Second)
				sends := w.sends()
				var wg sync.WaitGroup
				for n := range 5 {
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
						defer cancel()
						_, err := w.conn.Relay(ctx, outbound(notice(fmt.Sprint("other", n))))
						_, limited := errors.AsType[*exdesk.LimitError](err)
						// A 429 that names no quota is about all requests to the mailbox.
						wait, told := exdesk.RetryAfter(err)
						if !limited && (c.name != "429" || !told || wait < c.pause/2) {
							t.Errorf("%v", err)
						}
					})
				}
				wg.Wait()
				require.Equal(w, sends, w.sends(), "nobody asked")
				w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) }) // waits
				require.GreaterOrEqual(w, time.Since(begin), c.pause)
				require.Len(w, w.exchange.Sent(), 1)
				require.Empty(w, w.drafts())
			})
		})
	}
}

// sends counts the requests that send.
func (w *world) sends() int {
	n := 0
	for _, r := range w.exchange.Requests() {
		if strings.HasSuffix(r.Path, "/send") {
			n++
		}
	}
	return n
}

// A cost that never fits is refused at once; one that fits later says when.
func TestRelayLimitErrors(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay = exdesk.RelayOptions{Settle: -1, Limiter: &exdesk.Line{Limiter: exdesk.Limiters{
			&exdesk.Windows{Most: exdesk.Cost{Messages: 1, Bytes: 10_000}, Per: time.Hour}}}}
		w.restart()
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		_, err := w.conn.Relay(ctx, outbound(strings.Replace(notice("ann"), "It is", strings.Repeat("It is", 5000), 1)))
		no, ok := errors.AsType[*exdesk.LimitError](err)
		require.True(w, ok)
		require.True(w, no.Until.IsZero())
		require.NotErrorIs(w, err, exdesk.ErrTemporary)
		require.Empty(w, w.exchange.Requests())
		w.leave(outbound(notice("ann")))
		_, err = w.conn.Relay(ctx, outbound(notice("bob")))
		no, ok = errors.AsType[*exdesk.LimitError](err)
		require.True(w, ok)
		require.WithinDuration(w, time.Now().Add(time.Hour), no.Until, time.Second)
		require.ErrorIs(w, err, exdesk.ErrTemporary)
	})
}
