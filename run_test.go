package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// running starts Run and returns what stops it.
func (w *world) running() (stop func() error) {
	ctx, cancel := context.WithCancelCause(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.conn.Run(ctx) }()
	return func() error {
		cancel(errStopped)
		return <-done
	}
}

var errStopped = errors.New("stopped")

func TestRun(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
		require.Equal(t, exdesk.Status{}, w.conn.Status(), "nothing is claimed before it is seen")
		stop := w.running()
		for i := range 20 {
			w.deliver(fmt.Sprint("m", i))
			time.Sleep(37 * time.Second)
			require.Len(t, w.support.Tickets(), i+1, "within the interval")
		}
		s := w.conn.Status()
		require.NoError(t, s.LastError)
		require.WithinDuration(t, time.Now(), s.LastSuccess, 37*time.Second)
		require.Equal(t, s.LastPass, s.LastSuccess)
		require.ErrorIs(t, stop(), errStopped)
	})
}

func TestPollsAreSpreadOut(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, nil, func(t *testing.T, w *world) {
		stop := w.running()
		time.Sleep(time.Hour)
		require.ErrorIs(t, stop(), errStopped)
		gaps := make(map[time.Duration]bool)
		var last time.Time
		for _, r := range w.exchange.Requests() {
			if !last.IsZero() {
				gap := r.At.Sub(last)
				require.InDelta(t, 30*time.Second, gap, float64(7*time.Second))
				gaps[gap.Round(time.Millisecond)] = true
			}
			last = r.At
		}
		require.InDelta(t, 120, w.exchange.Count(), 12)
		require.Greater(t, len(gaps), 50, "no two processes march in step")
	})
}

func TestWake(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.opts.Every = time.Hour
		w.restart()
		stop := w.running()
		time.Sleep(time.Minute)
		w.deliver("ann")
		for range 5 {
			w.conn.Wake()
		}
		time.Sleep(time.Second)
		w.requireOnce("ann")
		n := w.exchange.Count()
		time.Sleep(10 * time.Minute)
		require.LessOrEqual(t, w.exchange.Count()-n, 1, "five calls are one")
		require.ErrorIs(t, stop(), errStopped)
	})
}

func TestRunThroughAnOutage(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
		stop := w.running()
		time.Sleep(time.Minute)
		good := w.conn.Status().LastSuccess
		received := time.Now()
		for i := range 12 {
			w.deliver(fmt.Sprint("m", i))
		}
		w.deskFault(zendesktest.Fault{Status: 503, Times: -1})
		w.exchange.ResetRequests()
		time.Sleep(5 * time.Hour)
		s := w.conn.Status()
		require.ErrorIs(t, s.LastError, exdesk.ErrTemporary)
		require.Equal(t, good, s.LastSuccess)
		require.Greater(t, s.Failures, 10)
		require.Equal(t, 12, s.Waiting)
		require.WithinDuration(t, received, s.Oldest, time.Second)
		require.WithinDuration(t, time.Now(), s.NextPass, 15*time.Minute)
		require.Less(t, w.exchange.Count(), 1000, "a service that is down is left alone")
		w.heal()
		time.Sleep(15 * time.Minute)
		s = w.conn.Status()
		require.NoError(t, s.LastError)
		require.Zero(t, s.Waiting)
		require.Zero(t, s.Failures)
		require.Len(t, w.support.Tickets(), 12)
		require.ErrorIs(t, stop(), errStopped)
	})
}

func TestRunObeysALongRetryAfter(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
		w.deliver("ann")
		w.graphFault(graphtest.Fault{Status: 429, RetryAfter: "3600"})
		stop := w.running()
		time.Sleep(45 * time.Minute)
		require.Equal(t, 1, w.exchange.Count())
		time.Sleep(45 * time.Minute)
		w.requireOnce("ann")
		require.ErrorIs(t, stop(), errStopped)
	})
}

func TestRunGoesOnAfterReconnecting(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		stop := w.running()
		w.exchange.ExpireTokens()
		w.deliver("ann")
		time.Sleep(10 * time.Minute)
		require.ErrorIs(t, w.conn.Status().LastError, exdesk.ErrAuth)
		w.renew()
		time.Sleep(15 * time.Minute)
		require.NoError(t, w.conn.Status().LastError)
		w.requireOnce("ann")
		require.ErrorIs(t, stop(), errStopped)
	})
}

func TestRunStopsInTheMiddleOfAMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		first, second := w.deliver("ann"), w.deliver("bob")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + second + "/$value", Hang: true})
		stop := w.running()
		time.Sleep(10 * time.Second)
		require.ErrorIs(t, stop(), errStopped)
		w.requireDone(first, "Zendesk")
		w.requireUntouched(second)
		require.NoError(t, w.conn.Status().LastError, "being stopped is nobody's failure")
	})
}

func ExampleConnector_Run() {
	exchange, account := graphtest.New(nil), zendesktest.New(nil)
	exchangeServer, accountServer := httptest.NewServer(exchange), httptest.NewServer(account)
	defer exchangeServer.Close()
	defer accountServer.Close()
	mailbox, err1 := graph.New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()}),
		&graph.Options{BaseURL: exchangeServer.URL + "/v1.0"})
	desk, err2 := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: account.Token()}),
		&zendesk.Options{BaseURL: accountServer.URL})
	ctx, stop := context.WithCancel(context.Background())
	conn, err3 := exdesk.New(mailbox, desk, &exdesk.Options{OnResult: func(r *exdesk.Result) {
		fmt.Println(r.Mail.Subject, r.Outcome)
		stop()
	}})
	if err := errors.Join(err1, err2, err3); err != nil {
		fmt.Println(err)
		return
	}
	exchange.Deliver([]byte("From: ann@customer.example\r\nTo: support@contoso.test\r\nSubject: Where is my order?\r\n\r\nIt is late.\r\n"))
	fmt.Println(conn.Run(ctx))
	// Output:
	// Where is my order? ticket
	// context canceled
}
