package exdesk_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

const sendPath = "/v1.0/users/*/messages/*/send"

// Claims go by the clock of the server, however wrong that of the process is.
func TestRelayClaimsGoByTheServersClock(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.exchange.SetTime(time.Now().Add(-10 * time.Minute)) // the process is ahead
		w.renew()
		w.opts.Relay.Limiter = exdesk.Unlimited
		a, b := w.process(), w.process()
		// The answer is lost, and A's caller has no patience.
		w.graphFault(graphtest.Fault{Method: "POST", Path: sendPath, Status: 504, Commit: true})
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		_, err := a.Relay(ctx, outbound(notice("ann")))
		cancel()
		require.Error(w, err)
		for range 20 {
			if _, err = b.Relay(w.Context(), outbound(notice("ann"))); err == nil {
				break
			}
			time.Sleep(30 * time.Second)
		}
		require.NoError(w, err)
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// Who takes a claim over knows what was sent under one before.
func TestRelayTakeoverRemembersSent(t *testing.T) {
	relaying(t, many(), func(w *world) {
		_, err := w.process().Relay(w.Context(), outbound(notice("ann")))
		require.NoError(w, err)
		time.Sleep(90 * time.Second)
		for _, m := range w.exchange.Messages() {
			if m.Folder == "sentitems" {
				w.exchange.Remove(m.ID)
			}
		}
		// B is told that it was sent, and can not release its claim.
		w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/mailFolders/*", Hang: true, Times: -1})
		r, err := w.process().Relay(w.Context(), outbound(notice("ann")))
		require.NoError(w, err)
		require.True(w, r.Already)
		w.heal()
		time.Sleep(16 * time.Minute)
		c := w.process()
		for range 10 {
			if _, err = c.Relay(w.Context(), outbound(notice("ann"))); err == nil {
				break
			}
			time.Sleep(30 * time.Second)
		}
		require.NoError(w, err)
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// What a sweep deletes does not set a claim free that is held.
func TestRelaySweepLeavesHeldClaims(t *testing.T) {
	relaying(t, many(), func(w *world) {
		box := w.exchange.Mailbox()
		b := &graph.Claims{Client: w.mailbox}
		first, err := b.Claim(w.Context(), box, "key")
		require.NoError(w, err)
		time.Sleep(5 * time.Minute)
		first.Release(exdesk.ClaimUsed) // a quota was used up: come back in an hour
		time.Sleep(57 * time.Minute)
		warm, err := b.Claim(w.Context(), box, "warm") // B's sweep was now
		require.NoError(w, err)
		warm.Release(exdesk.ClaimUnused)
		time.Sleep(4 * time.Minute)
		var held *exdesk.Claim
		w.tap(nil, func(r *http.Request, _ *http.Response) { // C has listed for its sweep
			if held == nil && r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/childFolders") && !strings.Contains(r.URL.RawQuery, "startswith") {
				held = new(exdesk.Claim)
				got, err := b.Claim(w.Context(), box, "key")
				require.NoError(w, err)
				held = got
			}
		})
		c := &graph.Claims{Client: w.mailbox}
		_, err = c.Claim(w.Context(), box, "key")
		require.NotNil(w, held)
		require.ErrorIs(w, err, exdesk.ErrTemporary, "B holds it")
	})
}

// A draft that is sent while it is discarded has left.
func TestRelaySentWhileDiscarded(t *testing.T) {
	relaying(t, late(), func(w *world) {
		text := large("ann", 100, 3_500_000)
		time.Sleep(5 * time.Minute)
		// A dies with its first file.
		w.graphFault(graphtest.Fault{Method: "PUT", Hang: true, Times: -1})
		ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
		_, err := w.conn.Relay(ctx, outbound(text))
		cancel()
		require.Error(w, err)
		w.heal()
		time.Sleep(2 * time.Minute)
		// B replaces the draft, somebody sends it just then, and B dies.
		n := 0
		ctx, die := context.WithCancel(w.Context())
		w.tap(func(r *http.Request) *http.Response {
			if isMark(r) {
				if n++; n == 1 {
					w.pressSend(w.drafts()[0])
					time.Sleep(61 * time.Second) // the copy appears
				} else if n == 2 {
					die()
				}
			}
			return nil
		}, nil)
		_, _ = w.conn.Relay(ctx, outbound(text))
		w.tap(func(r *http.Request) *http.Response { n = 100; return nil }, nil)
		w.insist(func() *exdesk.Outbound { return outbound(text) })
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// Notifications of one Message-ID are told apart.
func TestRelaySameMessageID(t *testing.T) {
	for _, differ := range []string{"email id", "key"} {
		relaying(t, quick(), func(w *world) {
			w.opts.Relay.Settle = -1
			w.restart()
			one := outbound(notice("ann"))
			two := outbound(strings.ReplaceAll(notice("ann"), "It is on its way, ann.", "Something else, ann."))
			if differ == "key" {
				one.Key, two.Key = "1", "2"
			} else {
				two = outbound(strings.ReplaceAll(strings.ReplaceAll(notice("ann"), "It is on its way, ann.", "Something else, ann."), "X-Zendesk-Email-Id: 01", "X-Zendesk-Email-Id: 02"))
			}
			w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages", Commit: true, Drop: true})
			_, err := w.conn.Relay(w.Context(), one)
			require.Error(w, err)
			w.heal()
			w.leave(two)
			w.leave(one)
			require.Len(w, w.exchange.Sent(), 2)
			got := string(w.exchange.Sent()[0].MIME) + string(w.exchange.Sent()[1].MIME)
			require.Contains(w, got, "Something else, ann.", differ)
			require.Contains(w, got, "It is on its way, ann.", differ)
		})
	}
}

// A probe that fails leaves nothing behind.
func TestRelayProbeFails(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		w.graphFault(graphtest.Fault{Method: "POST", Path: sendPath, Status: 503, Times: -1})
		_, err := w.conn.Probe(w.Context())
		require.Error(w, err)
		w.heal()
		_, err = w.conn.Probe(w.Context())
		require.NoError(w, err)
		time.Sleep(10 * time.Minute)
		require.Empty(w, w.drafts())
	})
}

// Keys may have any characters.
func TestRelayOddKeys(t *testing.T) {
	for i, key := range []string{"it's", "100%", "%27", "a+b&c#d?e", "ключ-鍵-🔑", "a\tb", "a\r\nb", " lead", "'", "\\", strings.Repeat("k", 1000), strings.Repeat("k", 3000), strings.Repeat("k", 20000), "\x00", "\xff\xfe", "<a@b>"} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			relaying(t, many(), func(w *world) {
				w.opts.Relay.Limiter = exdesk.Unlimited
				c := w.process()
				out := func() *exdesk.Outbound { o := outbound(notice("ann")); o.Key = key; return o }
				_, err := c.Relay(w.Context(), out())
				require.NoError(w, err)
				time.Sleep(5 * time.Minute)
				_, err = w.process().Relay(w.Context(), out())
				require.NoError(w, err)
				require.Len(w, w.exchange.Sent(), 1)
				_, err = w.conn.Trace(w.Context(), key)
				require.NoError(w, err)
			})
		})
	}
}

func TestRelayOddIDs(t *testing.T) {
	for i, id := range []string{"it's", "100%", "%27", "a+b&c#d?e", "a b", "'", strings.Repeat("k", 900), strings.Repeat("k.", 3000)} {
		for _, which := range []string{"email", "mid"} {
			t.Run(fmt.Sprint(i, which), func(t *testing.T) {
				relaying(t, late(), func(w *world) {
					text := notice("ann")
					if which == "email" {
						text = strings.Replace(text, "X-Zendesk-Email-Id: 01HQ6Z3D616e6e", "X-Zendesk-Email-Id: "+id, 1)
					} else {
						text = strings.Replace(text, "<56Z97D7G67G_65d68382aa493_616e6e_sprut@zendesk.com>", "<"+id+"@zendesk.com>", 1)
					}
					w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages", Commit: true, Drop: true})
					w.insist(func() *exdesk.Outbound { return outbound(text) })
					require.Len(w, w.exchange.Sent(), 1)
					time.Sleep(5 * time.Minute)
					w.restart()
					require.True(w, w.insist(func() *exdesk.Outbound { return outbound(text) }).Already)
					require.Empty(w, w.drafts())
				})
			})
		}
	}
}

// A draft that is gone while the mailbox is taught names may have been sent.
func TestRelaySentWhileTaught(t *testing.T) {
	o := late()
	o.BareProperties = true
	relaying(t, o, func(w *world) {
		w.opts.Relay.MayLose = []string{"Auto-Submitted"}
		w.restart()
		done := false
		time.Sleep(5 * time.Minute)
		w.tap(func(r *http.Request) *http.Response {
			if !done && r.Method == "DELETE" { // of the draft that taught: the first one deleted
				for _, id := range w.drafts() {
					if m, _ := w.exchange.Message(id); !strings.Contains(m.Subject, "teaches") {
						done = true
						w.pressSend(id)
					}
				}
			}
			return nil
		}, nil)
		time.Sleep(5 * time.Minute)
		w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
		require.True(w, done)
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// A process knows a claim of its own again whose answer it did not hear.
func TestRelayOwnClaim(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.opts.Relay.Limiter = exdesk.Unlimited
		c := w.process()
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/mailFolders/*/childFolders", Hang: true, Commit: true})
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		_, err := c.Relay(ctx, outbound(notice("ann")))
		cancel()
		require.Error(w, err)
		w.heal()
		begin := time.Now()
		for {
			if _, err = c.Relay(w.Context(), outbound(notice("ann"))); err == nil {
				break
			}
			time.Sleep(15 * time.Second)
		}
		require.Less(w, time.Since(begin), 5*time.Minute)
	})
}
