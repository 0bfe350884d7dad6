package exdesk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// late is an Exchange that shows everything as late as it has been seen to.
func late() *graphtest.Options {
	return &graphtest.Options{SentLag: time.Minute, FilterLag: time.Minute, PropertyLag: time.Minute, TokenLife: 1000 * time.Hour, Budget: -1}
}

// insist relays until it succeeds, as a mail server would: it comes back when
// it is told to.
func (w *world) insist(out func() *exdesk.Outbound) *exdesk.Receipt {
	w.Helper()
	for range 20 {
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Minute)
		r, err := w.conn.Relay(ctx, out())
		cancel()
		if err == nil {
			return r
		}
		require.NotErrorIs(w, err, exdesk.ErrRefused, "a mail server would give up")
		wait, ok := exdesk.RetryAfter(err)
		if !ok {
			wait = 30 * time.Second
		}
		time.Sleep(wait)
	}
	w.Fatal("it never leaves")
	return nil
}

// requireSentOnce says that one mail left, whole, and that nothing else is left
// behind.
func (w *world) requireSentOnce(text string) {
	w.Helper()
	sent := w.exchange.Sent()
	require.Len(w, sent, 1)
	mail := string(sent[0].MIME)
	require.Contains(w, unfold(sent[0].MIME), "Auto-Submitted: auto-generated")
	require.Contains(w, mail, "It is on its way")
	require.Equal(w, strings.Count(text, "filename="), strings.Count(mail, "filename="), "files")
	time.Sleep(2 * time.Minute)
	require.Empty(w, w.drafts())
	n := 0
	for _, m := range w.exchange.Messages() {
		if m.Folder == "sentitems" {
			n++
		}
	}
	require.Equal(w, 1, n)
}

// TestRelayOnce: whichever request fails, in whichever way, whether the process
// lives or dies of it, the notification leaves once.
func TestRelayOnce(t *testing.T) {
	trouble := map[string]struct {
		fault graphtest.Fault
		dies  bool
	}{
		"not heard":                 {fault: graphtest.Fault{Drop: true}},
		"the answer is lost":        {fault: graphtest.Fault{Commit: true, Drop: true}},
		"503":                       {fault: graphtest.Fault{Status: 503}},
		"503 for long":              {fault: graphtest.Fault{Status: 503, Times: 9}},
		"504 after the deed":        {fault: graphtest.Fault{Commit: true, Status: 504}},
		"429":                       {fault: graphtest.Fault{Status: 429, RetryAfter: "40"}},
		"200 instead":               {fault: graphtest.Fault{Status: 200, Body: "{}"}},
		"409":                       {fault: graphtest.Fault{Status: 409, Code: "ErrorIrresolvableConflict"}},
		"it dies before it":         {fault: graphtest.Fault{Hang: true}, dies: true},
		"it dies after it":          {fault: graphtest.Fault{Hang: true, Commit: true}, dies: true},
		"it dies after it, at once": {fault: graphtest.Fault{Hang: true, Commit: true}, dies: true},
	}
	texts := map[string]string{"a small mail": notice("ann"), "a large mail": large("ann", 100, 3_050_000)}
	for name, c := range trouble {
		for kind, text := range texts {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				if underRace && kind == "a large mail" && !c.fault.Commit {
					t.Skip("octets take too long to count")
				}
				for n := 0; ; n++ {
					hit := true
					relaying(t, late(), func(w *world) {
						out := func() *exdesk.Outbound { return outbound(text) }
						time.Sleep(5 * time.Minute) // it has settled
						f := c.fault
						f.Skip = n
						w.graphFault(f)
						if c.dies {
							ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
							_, _ = w.conn.Relay(ctx, out())
							cancel()
							if name == "it dies after it, at once" {
								w.heal()
							}
							w.restart()
						}
						w.insist(out)
						hit = len(w.exchange.Requests()) > n
						w.heal()
						w.requireSentOnce(text)
						require.True(w, w.leave(out()).Already)
					})
					if t.Failed() {
						t.Fatalf("at request %d", n)
					}
					if !hit {
						t.Log(fmt.Sprint(n, " requests"))
						break
					}
				}
			})
		}
	}
}

// Who is on a ticket may change between two attempts at a notification that has a
// key: it leaves once, to those of the attempt by which it leaves.
func TestOtherRecipients(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay.Settle = -1
		w.restart()
		to := func(more string) func() *exdesk.Outbound {
			text := strings.Replace(notice("ann"), "To: ann@customer.example", "To: ann@customer.example"+more, 1)
			return func() *exdesk.Outbound { return &exdesk.Outbound{Key: "comment 5", MIME: strings.NewReader(text)} }
		}
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 503, Times: 9})
		_, err := w.conn.Relay(w.Context(), to("")())
		require.Error(w, err)
		require.Len(w, w.drafts(), 1)
		w.heal()
		w.restart()
		r := w.insist(to(", bob@customer.example"))
		require.False(w, r.Already)
		require.Len(w, r.Recipients, 2)
		require.Len(w, w.exchange.Sent(), 1)
		require.Equal(w, []string{"ann@customer.example", "bob@customer.example"}, w.exchange.Sent()[0].EnvelopeRecipients)
		require.Empty(w, w.drafts())

		time.Sleep(time.Minute)
		w.restart()
		r = w.insist(to(", eve@customer.example"))
		require.True(w, r.Already)
		require.Len(w, w.exchange.Sent(), 1)
		require.Empty(w, w.drafts())
	})
}

// deletesFirst is a mailbox in which a person deletes a draft at a moment.
type deletesFirst struct {
	exdesk.Outbox
	exdesk.Mailbox
	then func()
}

func (d *deletesFirst) Discard(ctx context.Context, l *exdesk.Letter, id string) error {
	if d.then != nil {
		d.then()
		d.then = nil
	}
	return d.Outbox.Discard(ctx, l, id)
}

// A draft for others is deleted by a person before it is discarded.
func TestDraftForOthersIsDeleted(t *testing.T) {
	relaying(t, nil, func(w *world) {
		to := func(more string) *exdesk.Outbound {
			text := strings.Replace(notice("ann"), "To: ann@customer.example", "To: ann@customer.example"+more, 1)
			return &exdesk.Outbound{Key: "comment 5", MIME: strings.NewReader(text)}
		}
		time.Sleep(5 * time.Minute)
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 503, Times: 9})
		_, err := w.conn.Relay(w.Context(), to(""))
		require.Error(w, err)
		require.Len(w, w.drafts(), 1)
		w.heal()
		time.Sleep(10 * time.Minute)
		box := &deletesFirst{Outbox: w.mailbox, Mailbox: w.mailbox, then: func() { w.exchange.Remove(w.drafts()[0]) }}
		c, err := exdesk.New(box, w.desk, nil)
		require.NoError(w, err)
		ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
		defer cancel()
		r, err := c.Relay(ctx, to(", bob@customer.example"))
		if err == nil { // or it is temporary
			require.False(w, r.Unseen)
			require.Len(w, w.exchange.Sent(), 1)
		}
	})
}
