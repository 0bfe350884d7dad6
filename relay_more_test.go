package exdesk_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// Two Connectors of a process that share Claims send a notification once, and
// one whose reader can be read again can be relayed again.
func TestRelaySharesClaims(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.opts.Relay.Claimer = new(exdesk.Claims)
		var wg sync.WaitGroup
		for range 3 {
			w.restart()
			conn := w.conn
			wg.Go(func() {
				out := outbound(notice("ann"))
				for range 2 {
					if _, err := conn.Relay(w.Context(), out); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.Len(w, w.exchange.Sent(), 1)
	})
}

// Any limiter will do, and hears of a server that refuses.
func TestRelayThroughTokenBucket(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay = exdesk.RelayOptions{Settle: -1, Limiter: exdesk.LimitMessages(rate.NewLimiter(rate.Every(10*time.Second), 1))}
		w.restart()
		begin := time.Now()
		for n := range 4 {
			w.leave(outbound(notice(fmt.Sprint("n", n))))
		}
		require.Equal(w, 30*time.Second, time.Since(begin).Truncate(time.Second))
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 429}) // without Retry-After
		_, err := w.conn.Relay(w.Context(), outbound(notice("last")))
		require.ErrorIs(w, err, exdesk.ErrTemporary)
		begin = time.Now()
		w.leave(outbound(notice("last")))
		require.GreaterOrEqual(w, time.Since(begin), 59*time.Second)
	})
}

// A quota of sending is none of reading: mail that comes in is imported.
func TestQuotaLeavesIngestAlone(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay.Settle = -1
		w.restart()
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 429, Code: "ErrorExceededMessageLimit", RetryAfter: "7200"})
		_, err := w.conn.Relay(w.Context(), outbound(notice("ann")))
		require.ErrorIs(w, err, exdesk.ErrQuota)
		id := w.deliver("bob")
		begin := time.Now()
		w.ingest()
		w.requireDone(id, "Zendesk")
		require.Less(w, time.Since(begin), time.Minute)
	})
}

func TestMayLoseKnowsBounds(t *testing.T) {
	for _, name := range []string{"From", "to", "Reply-To", "subject"} {
		_, err := exdesk.New(new(pillar), nil, &exdesk.Options{Relay: exdesk.RelayOptions{MayLose: []string{"Auto-Submitted", name}}})
		require.ErrorContains(t, err, name)
	}
}

// A field that is an empty group is left out, since Exchange would refuse the
// mail; whoever is blind gets it.
func TestRelayToUndisclosedRecipients(t *testing.T) {
	relaying(t, nil, func(w *world) {
		text := strings.Replace(notice("ann"), "To: ann@customer.example", "To: undisclosed-recipients:;", 1)
		r := w.leave(&exdesk.Outbound{MIME: strings.NewReader(text), Recipients: []string{"ann@customer.example"}})
		require.Equal(w, []string{"ann@customer.example"}, w.exchange.Sent()[0].EnvelopeRecipients)
		require.Contains(w, r.Fields, exdesk.FieldReport{Name: "To", Survival: exdesk.Lost})
	})
}

// Long lists of references survive, and Trace knows that they did.
func TestTraceOfLongReferences(t *testing.T) {
	relaying(t, nil, func(w *world) {
		var ids []string
		for n := range 60 {
			ids = append(ids, fmt.Sprintf("<%d.%s@customer.example>", n, strings.Repeat("x", 30)))
		}
		r := w.leave(outbound(strings.Replace(notice("ann"), "<56Z97D7G67G@zendesk.com>", strings.Join(ids, "\r\n "), 1)))
		for _, f := range r.Fields {
			require.NotEqual(w, exdesk.Changed, f.Survival, f.Name)
		}
		trace, err := w.conn.Trace(w.Context(), r.Key)
		require.NoError(w, err)
		require.Regexp(w, `References .* kept +kept`, trace.String())
	})
}

// A mailbox that cannot be read does not keep Trace from what it knows.
func TestTraceWithoutTheRecipient(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.leave(outbound(notice("ann")))
		trace, err := w.conn.Trace(w.Context(), "01HQ6Z3D616e6e", w.client("nobody@contoso.test"), new(pillar))
		require.NoError(w, err)
		require.Equal(w, []string{"draft", "sent copy", "unreadable: nobody@contoso.test", "unreadable: support@contoso.test"}, trace.Mails[0].Places)
		require.Contains(w, trace.String(), "not known")
	})
}

// An upload session that expires is begun anew, wherever sessions are.
func TestRelayUploads(t *testing.T) {
	relaying(t, &graphtest.Options{UploadLife: time.Minute}, func(w *world) {
		w.graphFault(graphtest.Fault{Method: "PUT", Path: "/api/gv1.0/**", Skip: 1, Delay: graphtest.Duration(80 * time.Second)})
		text := large("ann", 100, 9_000_000)
		w.leave(outbound(text))
		w.requireSentOnce(text)
	})
	relaying(t, &graphtest.Options{UploadBase: "https://evil.example"}, func(w *world) {
		_, err := w.conn.Relay(w.Context(), outbound(large("ann", 100, 9_000_000)))
		require.ErrorContains(w, err, "foreign host")
		require.Empty(w, w.exchange.Sent())
	})
	for _, repeat := range []bool{false, true} {
		for _, skip := range []int{0, 1} {
			relaying(t, &graphtest.Options{UploadRepeat: repeat}, func(w *world) {
				w.graphFault(graphtest.Fault{Method: "PUT", Path: "/api/gv1.0/**", Skip: skip, Commit: true, Drop: true})
				text := large("ann", 100, 4_500_000)
				w.leave(outbound(text))
				w.requireSentOnce(text)
			})
		}
	}
}

// Whoever waits for a limit can be told to stop, and leaves nothing behind.
func TestRelayGivesUp(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay = exdesk.RelayOptions{Settle: -1, Limiter: &exdesk.Line{Limiter: &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Hour}}}
		w.restart()
		w.leave(outbound(notice("ann")))
		ctx, cancel := context.WithCancel(w.Context())
		go func() {
			time.Sleep(time.Minute)
			cancel()
		}()
		_, err := w.conn.Relay(ctx, outbound(notice("bob")))
		require.ErrorIs(w, err, context.Canceled)
		require.Empty(w, w.drafts())
		time.Sleep(time.Hour)
		w.renew()
		w.leave(outbound(notice("cat")))
	})
}

// With Off nothing leaves, and nobody is asked to let something leave.
func TestRelayOff(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay.Off = true
		w.restart()
		_, err := w.conn.Relay(w.Context(), outbound(notice("ann")))
		require.ErrorContains(w, err, "Off is set")
		_, err = w.conn.Probe(w.Context())
		require.ErrorContains(w, err, "Off is set")
		require.Empty(w, w.exchange.Sent())
		w.tokens.graph.set(w.exchange.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "User.Read"}}))
		w.exchange.Deliver([]byte("From: ann@customer.example\r\nTo: support@contoso.test\r\nSubject: Hi\r\n\r\nHi.\r\n"))
		findings, err := w.conn.Check(w.Context())
		require.NoError(w, err)
		require.False(w, findings.Failed(), "%s", findings)
		w.opts.Relay.Off = false
		w.restart()
		w.tokens.graph.set(w.exchange.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "User.Read"}}))
		findings, err = w.conn.Check(w.Context())
		require.NoError(w, err)
		require.True(w, findings.Failed(), "%s", findings)
	})
}
