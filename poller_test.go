package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// town is a service with as many mailboxes as are asked for, all empty.
type town struct {
	t     *testing.T
	url   string
	http  *http.Client
	desk  *zendesk.Client
	start time.Time

	mu    sync.Mutex
	polls map[string][]time.Time      // by address
	odd   map[string]http.HandlerFunc // what answers instead
	now   int                         // requests under way
	most  int
}

func newTown(t *testing.T) *town {
	w := &town{t: t, start: time.Now(), polls: make(map[string][]time.Time), odd: make(map[string]http.HandlerFunc)}
	var stop func()
	w.url, w.http, stop = memnet.Serve(w)
	t.Cleanup(stop)
	var err error
	w.desk, err = zendesk.New("acme", source("zendesk"), &zendesk.Options{BaseURL: w.url, HTTPClient: w.http})
	require.NoError(t, err)
	return w
}

func source(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// ServeHTTP implements http.Handler.
func (w *town) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	address := strings.Split(r.URL.Path, "/")[3]
	w.mu.Lock()
	w.polls[address] = append(w.polls[address], time.Now())
	w.now++
	w.most = max(w.most, w.now)
	answer := w.odd[address]
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now--
	}()
	if answer != nil {
		answer(rw, r)
		return
	}
	time.Sleep(100 * time.Millisecond)
	rw.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(rw, `{"value":[]}`)
}

// hangs never answers.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// connector makes one of a mailbox.
func (w *town) connector(name string, opts *exdesk.Options) *exdesk.Connector {
	w.t.Helper()
	box, err := graph.New(name+"@contoso.test", source(name), &graph.Options{BaseURL: w.url + "/v1.0", HTTPClient: w.http})
	require.NoError(w.t, err)
	c, err := exdesk.New(box, w.desk, opts)
	require.NoError(w.t, err)
	return c
}

// instead makes a mailbox answer otherwise.
func (w *town) instead(name string, answer http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.odd[name+"@contoso.test"] = answer
}

// of returns when a mailbox was looked at, from the beginning of the test on.
func (w *town) of(name string) (at []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.polls[name+"@contoso.test"] {
		at = append(at, t.Sub(w.start))
	}
	return at
}

// runs runs a Poller and returns what stops it.
func (w *town) runs(p *exdesk.Poller) (stop func()) {
	ctx, cancel := context.WithCancelCause(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	synctest.Wait()
	return func() {
		w.t.Helper()
		cancel(errStopped)
		require.ErrorIs(w.t, <-ended, errStopped)
	}
}

func TestPollerSpreadsMailboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		p := new(exdesk.Poller)
		const n = 1000
		for i := range n {
			require.NoError(t, p.Add(w.connector(fmt.Sprint("m", i), nil)))
		}
		time.Sleep(time.Hour) // a Poller that does not run yet
		w.start = time.Now()
		goroutines := runtime.NumGoroutine()
		stop := w.runs(p)
		require.Less(t, runtime.NumGoroutine()-goroutines, 100, "a mailbox is not a goroutine")
		time.Sleep(30*time.Minute + 10*time.Second)
		stop()
		var begun [30]int
		for i := range n {
			at := w.of(fmt.Sprint("m", i))
			begun[at[0]/time.Second]++
			require.InDelta(t, 60, len(at), 10)
			for i := range at[1:] {
				require.InDelta(t, 30*time.Second, at[i+1]-at[i], float64(7*time.Second))
			}
		}
		for second, k := range begun {
			require.InDelta(t, n/30, k, n/30, "in second %d", second)
		}
		require.Less(t, w.most, 18, "8, and one for each hundred")
	})
}

func TestPollerWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		p := new(exdesk.Poller)
		ann, bob := w.connector("ann", &exdesk.Options{Every: time.Hour}), w.connector("bob", &exdesk.Options{Every: time.Hour})
		require.NoError(t, p.Add(ann))
		ann.Wake()
		defer w.runs(p)()
		require.Equal(t, []time.Duration{0}, w.of("ann"), "the wish is not forgotten until Run")
		require.NoError(t, p.Add(bob))
		require.WithinRange(t, bob.Status().NextPass, w.start, w.start.Add(time.Hour))
		for range 5 {
			bob.Wake()
		}
		synctest.Wait()
		require.Equal(t, []time.Duration{0}, w.of("bob"), "at once")
		time.Sleep(50 * time.Millisecond)
		bob.Wake() // in the middle of a pass
		bob.Wake()
		time.Sleep(time.Minute)
		require.Equal(t, []time.Duration{0, 100 * time.Millisecond}, w.of("bob"), "right after it, once")
		require.WithinDuration(t, time.Now().Add(time.Hour), bob.Status().NextPass, 14*time.Minute)
		require.Len(t, w.of("ann"), 1)
	})
}

// One whose service hangs, and one whose token nobody takes, delay nobody.
func TestPollerIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		p := &exdesk.Poller{Workers: 2}
		for i := range 40 {
			name := fmt.Sprint("m", i)
			switch i % 10 {
			case 0:
				w.instead(name, hangs)
			case 1:
				w.instead(name, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
			case 2:
				w.instead(name, func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set("Retry-After", "3600")
					rw.WriteHeader(http.StatusTooManyRequests)
				})
			}
			require.NoError(t, p.Add(w.connector(name, nil)))
		}
		stop := w.runs(p)
		time.Sleep(time.Hour)
		stop()
		for i := range 40 {
			at := w.of(fmt.Sprint("m", i))
			switch i % 10 {
			case 0, 1:
				require.Less(t, len(at), 60)
			case 2:
				require.Less(t, len(at), 3)
			default:
				require.Greater(t, len(at), 100, "mailbox %d of 120 times", i)
			}
		}
	})
}

func TestPollerRemoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.instead("bob", hangs)
		p := new(exdesk.Poller)
		ann, bob := w.connector("ann", nil), w.connector("bob", nil)
		for _, c := range []*exdesk.Connector{ann, bob} {
			require.NoError(t, p.Add(c))
		}
		require.ErrorContains(t, p.Add(ann), "in a Poller already")
		require.ErrorContains(t, new(exdesk.Poller).Add(ann), "the Connector of ann@contoso.test is in a Poller already")
		stop := w.runs(p)
		time.Sleep(40 * time.Second)
		require.Len(t, w.of("bob"), 1)
		began := time.Now()
		p.Remove(bob)
		require.Zero(t, time.Since(began), "the pass was told to end")
		require.NoError(t, bob.Status().LastError, "being stopped is nobody's failure")
		p.Remove(bob)
		new(exdesk.Poller).Remove(ann)
		seen := len(w.of("ann"))
		time.Sleep(10 * time.Minute)
		require.Len(t, w.of("bob"), 1)
		require.InDelta(t, seen+20, len(w.of("ann")), 4)
		require.Zero(t, bob.Status().NextPass)

		p.Remove(ann)
		seen = len(w.of("ann"))
		ann.Wake()
		time.Sleep(10 * time.Minute)
		require.Len(t, w.of("ann"), seen)
		require.NoError(t, p.Add(ann))
		stop()
		require.NoError(t, p.Add(bob))
		p.Remove(bob)
		time.Sleep(10 * time.Minute)
		require.LessOrEqual(t, len(w.of("ann")), seen+1, "it does not run")
		w.start = time.Now()
		stop = w.runs(p) // again
		time.Sleep(30 * time.Second)
		require.Greater(t, slices.Max(w.of("ann")), time.Duration(0))
		stop()
	})
}

// When Run ends, so do the passes, which is no failure of theirs.
func TestPollerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		p := &exdesk.Poller{Workers: 3}
		var all []*exdesk.Connector
		for i := range 10 {
			name := fmt.Sprint("m", i)
			if i%2 == 0 {
				w.instead(name, hangs)
			}
			all = append(all, w.connector(name, nil))
			require.NoError(t, p.Add(all[i]))
		}
		for range 3 {
			stop := w.runs(p)
			require.ErrorContains(t, p.Run(t.Context()), "runs already")
			for _, c := range all {
				c.Wake()
			}
			time.Sleep(7 * time.Second)
			w.http.CloseIdleConnections()
			began := time.Now()
			stop()
			require.Zero(t, time.Since(began))
		}
		for i, c := range all {
			require.NoError(t, c.Status().LastError)
			require.Equal(t, i%2 == 0, c.Status().LastPass.IsZero())
			require.GreaterOrEqual(t, len(w.of(fmt.Sprint("m", i))), 3)
		}
		err := new(exdesk.Poller).Run(canceled(t))
		require.ErrorIs(t, err, errStopped)
	})
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	return ctx
}

// What a pass panics with is Run's, when the other passes have ended.
func TestPollerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.instead("ann", hangs)
		var broken atomic.Bool
		broken.Store(true)
		bob := w.connector("bob", &exdesk.Options{OnStep: func(exdesk.Step) {
			if broken.Load() {
				panic("a broken OnStep")
			}
		}})
		cat := w.connector("cat", &exdesk.Options{OnStep: func(exdesk.Step) {
			if !broken.Load() {
				runtime.Goexit()
			}
		}})
		p := new(exdesk.Poller)
		for _, c := range []*exdesk.Connector{w.connector("ann", nil), bob} {
			require.NoError(t, p.Add(c))
		}
		told := func() (said string) {
			defer func() { said = recover().(string) }()
			go func() {
				synctest.Wait()
				bob.Wake()
			}()
			_ = p.Run(t.Context())
			return ""
		}
		require.Regexp(t, `^a broken OnStep\n\n(?s:.*)poller_test\.go`, told())
		broken.Store(false)
		require.NoError(t, p.Add(cat))
		require.Contains(t, told(), "Goexit")
		p.Remove(cat)
		defer w.runs(p)()
		before := bob.Status().LastPass
		time.Sleep(40 * time.Second)
		require.NotEqual(t, before, bob.Status().LastPass, "it can be run again")
	})
}

func TestPollerNeedsADesk(t *testing.T) {
	box, err := graph.New("ann@contoso.test", source("ann"), nil)
	require.NoError(t, err)
	c, err := exdesk.New(box, nil, nil)
	require.NoError(t, err)
	require.ErrorContains(t, new(exdesk.Poller).Add(c), "needs a desk")
}

func ExamplePoller() {
	exchange, account := graphtest.New(nil), zendesktest.New(nil)
	exchangeServer, accountServer := httptest.NewServer(exchange), httptest.NewServer(account)
	defer exchangeServer.Close()
	defer accountServer.Close()
	exchange.AddMailbox("sales@contoso.test")
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()})
	desk, err := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: account.Token()}),
		&zendesk.Options{BaseURL: accountServer.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var left atomic.Int32
	left.Store(2)
	opts := &exdesk.Options{OnResult: func(r *exdesk.Result) {
		fmt.Println(r.Mail.Subject, r.Outcome)
		if left.Add(-1) == 0 {
			stop()
		}
	}}
	var poller exdesk.Poller
	for _, address := range []string{"support@contoso.test", "sales@contoso.test"} {
		_, err0 := exchange.DeliverTo(address, []byte("From: ann@customer.example\r\nTo: "+address+"\r\nSubject: To "+address+"\r\n\r\nIt is late.\r\n"), nil)
		mailbox, err1 := graph.New(address, token, &graph.Options{BaseURL: exchangeServer.URL + "/v1.0"})
		conn, err2 := exdesk.New(mailbox, desk, opts)
		if err := errors.Join(err0, err1, err2); err != nil {
			fmt.Println(err)
			return
		}
		if err := poller.Add(conn); err != nil {
			fmt.Println(err)
			return
		}
		conn.Wake() // or else its first pass comes within half a minute
	}
	fmt.Println(poller.Run(ctx))
	// Unordered output:
	// To support@contoso.test ticket
	// To sales@contoso.test ticket
	// context canceled
}
