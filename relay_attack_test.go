package exdesk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// tap stands in front of the transport.
type tap struct {
	next   http.RoundTripper
	before func(*http.Request) *http.Response
	after  func(*http.Request, *http.Response)
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.before != nil {
		if resp := t.before(r); resp != nil {
			return resp, nil
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil && t.after != nil {
		t.after(r, resp)
	}
	return resp, err
}

func (w *world) tap(before func(*http.Request) *http.Response, after func(*http.Request, *http.Response)) {
	w.graphHTTP.Transport = &tap{w.graphHTTP.Transport, before, after}
	w.restart()
}

func isSend(r *http.Request) bool  { return strings.HasSuffix(r.URL.Path, "/send") }
func isBatch(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/$batch") }
func isMark(r *http.Request) bool {
	return r.Method == "PATCH" && strings.Contains(r.URL.Path, "/messages/")
}

func (w *world) inSentItems() int {
	n := 0
	for _, m := range w.exchange.Messages() {
		if m.Folder == "sentitems" {
			n++
		}
	}
	return n
}

// pressSend is a person in Outlook, or the late send of a process that died.
func (w *world) pressSend(id string) {
	req := httptest.NewRequest("POST", w.graphURL+"/users/"+w.exchange.Mailbox()+"/messages/"+id+"/send", http.NoBody)
	req.Header.Set("Authorization", "Bearer "+w.exchange.Token())
	req.Header.Set("Prefer", `IdType="ImmutableId"`)
	rec := httptest.NewRecorder()
	w.exchange.ServeHTTP(rec, req)
	require.Equal(w, 202, rec.Code)
}

func quick() *graphtest.Options { return &graphtest.Options{TokenLife: 1000 * time.Hour, Budget: -1} }

// Whoever comes while a claim is taken over, or after who took it over has died,
// knows that something was sent.
func TestRelayTakeoverOfClaims(t *testing.T) {
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprint("B dies: ", dies), func(t *testing.T) {
			relaying(t, many(), func(w *world) {
				w.opts.Relay.Limiter = exdesk.Unlimited
				_, err := w.process().Relay(w.Context(), outbound(notice("ann")))
				require.NoError(w, err)
				time.Sleep(10 * time.Second)
				c := w.process()
				ctx, die := context.WithCancel(w.Context())
				defer die()
				hit := false
				w.tap(nil, func(r *http.Request, _ *http.Response) {
					if !hit && r.Method == "DELETE" && strings.Contains(r.URL.Path, "/mailFolders/") {
						if hit = true; dies {
							die()
						} else {
							_, _ = c.Relay(w.Context(), outbound(notice("ann")))
						}
					}
				})
				_, _ = w.process().Relay(ctx, outbound(notice("ann")))
				if dies {
					_, _ = c.Relay(w.Context(), outbound(notice("ann")))
				}
				require.Equal(w, 1, len(w.exchange.Sent()))
			})
		})
	}
}

// A draft that somebody else sends while Relay finishes it has left: its copy
// stays, and nobody sends another.
func TestRelaySentByAPersonStays(t *testing.T) {
	o := quick()
	o.Headers = graphtest.Keeps
	relaying(t, o, func(w *world) {
		done := false
		w.tap(nil, func(r *http.Request, _ *http.Response) {
			if isMark(r) && !done {
				done = true
				w.pressSend(w.drafts()[0])
			}
		})
		require.True(w, w.leave(outbound(notice("ann"))).Already)
		copies := w.inSentItems()
		w.restart()
		w.leave(outbound(notice("ann")))
		require.Equal(w, []int{1, 1}, []int{copies, len(w.exchange.Sent())}, "copies, mails")
	})
}

// The same where fields have to be repaired.
func TestRelaySentByAPersonWhileFinishing(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		done := false
		w.tap(nil, func(r *http.Request, _ *http.Response) {
			if isMark(r) && !done {
				done = true
				w.pressSend(w.drafts()[0])
			}
		})
		w.leave(outbound(notice("ann")))
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// Two files of one name are two files, whatever happens to the first.
func TestRelayFilesOfOneName(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		w.opts.Relay.Settle = -1
		w.restart()
		text := strings.NewReplacer("file1.pdf", "same.pdf", "file2.pdf", "same.pdf").Replace(large("ann", 100, 3_500_000, 4_500_000))
		w.graphFault(graphtest.Fault{Method: "PUT", Status: 404})
		w.leave(outbound(text))
		for i, n := range []int{100, 3_500_000, 4_500_000} {
			line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte('a' + i)}, 57))
			require.InDelta(w, n/57, strings.Count(string(w.exchange.Sent()[0].MIME), line), 1, "file %d", i)
		}
	})
}

// What a draft of somebody who died lacks says nothing of what the mailbox keeps.
func TestRelayBegunDraftTeachesNothing(t *testing.T) {
	o := late()
	o.BareProperties = true
	relaying(t, o, func(w *world) {
		w.opts.Relay.MayLose = []string{"Auto-Submitted"}
		w.restart()
		time.Sleep(5 * time.Minute)
		w.graphFault(graphtest.Fault{Method: "PATCH", Hang: true, Times: -1})
		ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
		_, _ = w.conn.Relay(ctx, outbound(notice("ann")))
		cancel()
		w.heal()
		w.restart()
		for _, name := range []string{"ann", "ann", "bob", "bob", "cat"} {
			_, err := w.conn.Relay(w.Context(), outbound(notice(name)))
			t.Log(name, err)
			time.Sleep(time.Minute)
		}
		require.Equal(w, 3, len(w.exchange.Sent()))
	})
}

// A draft that a person deletes before it is sent was not sent, however little
// patience the caller has.
func TestRelayDraftTakenAway(t *testing.T) {
	relaying(t, late(), func(w *world) {
		gone := false
		w.tap(func(r *http.Request) *http.Response {
			if isSend(r) && !gone {
				gone = true
				w.exchange.Remove(w.drafts()[0])
			}
			return nil
		}, nil)
		time.Sleep(5 * time.Minute)
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		_, err := w.conn.Relay(ctx, outbound(notice("ann")))
		cancel()
		require.Error(w, err)
		w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// The same at the second send of a call, after a 503 that was not heard.
func TestRelayDraftTakenAwayLater(t *testing.T) {
	relaying(t, late(), func(w *world) {
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 503})
		n := 0
		w.tap(func(r *http.Request) *http.Response {
			if isSend(r) {
				if n++; n == 2 {
					w.exchange.Remove(w.drafts()[0])
				}
			}
			return nil
		}, nil)
		time.Sleep(5 * time.Minute)
		w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// What a process died of may be heard later: a gateway gave up, and what is behind
// it goes on.
func TestRelaySendIsHeardLate(t *testing.T) {
	for _, d := range []time.Duration{25, 35, 50, 65, 95} {
		t.Run(fmt.Sprint(int(d)), func(t *testing.T) {
			relaying(t, late(), func(w *world) {
				first := true
				w.tap(func(r *http.Request) *http.Response {
					if !isSend(r) || !first {
						return nil
					}
					first = false
					r2 := r.Clone(context.WithoutCancel(r.Context()))
					r2.Body = http.NoBody
					go func() {
						time.Sleep(d * time.Second)
						w.exchange.ServeHTTP(httptest.NewRecorder(), r2)
					}()
					return &http.Response{StatusCode: 504, Header: http.Header{}, Request: r, Body: http.NoBody}
				}, nil)
				time.Sleep(5 * time.Minute)
				ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
				_, _ = w.conn.Relay(ctx, outbound(notice("ann")))
				cancel()
				w.restart()
				w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
				time.Sleep(5 * time.Minute)
				require.Equal(w, 1, len(w.exchange.Sent()))
			})
		})
	}
}

// An answer that holds no list, a list with a damaged item, or an empty page with
// a nextLink, does not say that there is nothing.
func TestRelayHollowLookProvesNothing(t *testing.T) {
	for _, body := range []string{`{}`, `{"value":null}`, `{"value":[{"id":7}]}`, `"e30="`, `{"value":[],"@odata.nextLink":"https://graph.microsoft.com/v1.0/x"}`} {
		answer := func(r *http.Request) *http.Response {
			var l []string
			for i := range 4 {
				l = append(l, fmt.Sprintf(`{"id":"%d","status":200,"body":%s}`, i, body))
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"responses":[` + strings.Join(l, ",") + `]}`))}
		}
		for _, heard := range []bool{false, true} {
			t.Run(fmt.Sprint(body, heard), func(t *testing.T) {
				relaying(t, quick(), func(w *world) {
					hollow := false
					w.tap(func(r *http.Request) *http.Response {
						if hollow && isBatch(r) {
							return answer(r)
						}
						return nil
					}, func(r *http.Request, _ *http.Response) { hollow = hollow || isSend(r) })
					if !heard {
						w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 503})
					}
					_, err := w.conn.Relay(w.Context(), outbound(notice("ann")))
					if !heard {
						require.False(w, err == nil && len(w.exchange.Sent()) == 0, "reported as sent")
						return
					}
					w.restart()
					_, _ = w.conn.Relay(w.Context(), outbound(notice("ann")))
					require.Equal(w, 1, len(w.exchange.Sent()))
				})
			})
		}
	}
}

// Processes that share claims know what was sent, though its copy was deleted or
// stored in another mailbox.
func TestRelayClaimsKnowWhatWasSent(t *testing.T) {
	relaying(t, many(), func(w *world) {
		_, err := w.process().Relay(w.Context(), outbound(notice("ann")))
		require.NoError(w, err)
		time.Sleep(90 * time.Second)
		for _, m := range w.exchange.Messages() {
			if m.Folder == "sentitems" {
				w.exchange.Remove(m.ID)
			}
		}
		conn := w.process()
		for range 10 {
			if _, err = conn.Relay(w.Context(), outbound(notice("ann"))); err == nil {
				break
			}
			time.Sleep(30 * time.Second)
		}
		require.Equal(w, 1, len(w.exchange.Sent()))
	})
}

// A body part may have the name of a large file.
func TestRelayNamesOfFilesAreAlike(t *testing.T) {
	for _, name := range []string{"same.txt", "attachment-1"} {
		relaying(t, quick(), func(w *world) {
			w.opts.Relay.Settle = -1
			w.restart()
			text := strings.Replace(large("ann", 100, 3_500_000), `filename="file1.pdf"`, `filename="`+name+`"`, 1)
			if name == "same.txt" {
				text = strings.Replace(text, "Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain; charset=utf-8; name=same.txt", 1)
			}
			w.leave(outbound(text))
			line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'b'}, 57))
			require.InDelta(w, 3_500_000/57, strings.Count(string(w.exchange.Sent()[0].MIME), line), 1, name)
		})
	}
}

// A draft is deleted though whoever was about to do it died.
func TestRelayDiscardedDraftIsDeleted(t *testing.T) {
	relaying(t, late(), func(w *world) {
		w.graphFault(graphtest.Fault{Method: "DELETE", Path: "/v1.0/users/*/messages/*", Hang: true, Times: -1})
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Status: 400, Code: "ErrorInvalidRecipients"})
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Minute)
		_, _ = w.conn.Relay(ctx, outbound(notice("ann")))
		cancel()
		w.heal()
		w.restart()
		w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
		require.Empty(w, w.drafts())
	})
}

// So is one that taught the mailbox names, though its answer was lost.
func TestRelayTeachingDraftIsDeleted(t *testing.T) {
	o := late()
	o.BareProperties = true
	relaying(t, o, func(w *world) {
		w.opts.Relay.MayLose = []string{"Auto-Submitted"}
		w.restart()
		w.graphFault(graphtest.Fault{Contains: "exdesk teaches this mailbox names", Commit: true, Drop: true})
		w.insist(func() *exdesk.Outbound { return outbound(notice("ann")) })
		require.Empty(w, w.drafts())
	})
}

// One notification goes to each of many readers by itself, and the draft of one
// is found though nobody came to mark it.
func TestRelayOneDraftAmongMany(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		w.opts.Relay = exdesk.RelayOptions{Limiter: exdesk.Unlimited}
		w.restart()
		out := func(i int) *exdesk.Outbound {
			return &exdesk.Outbound{MIME: strings.NewReader(strings.Replace(notice("ann"), "To: ann@customer.example\r\n", "", 1)),
				Recipients: []string{fmt.Sprintf("p%d@customer.example", i)}}
		}
		w.graphFault(graphtest.Fault{Method: "PATCH", Drop: true, Times: 4})
		_, err := w.conn.Relay(w.Context(), out(25))
		require.Error(w, err)
		w.heal()
		for i := range 25 {
			w.leave(out(i))
			time.Sleep(time.Second)
		}
		w.restart()
		w.leave(out(25))
		require.Equal(w, 26, len(w.exchange.Sent()))
		require.Empty(w, w.drafts())
	})
}

// A claim whose state cannot be read ends as others do.
func TestRelayUnreadableClaimEnds(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.tap(func(r *http.Request) *http.Response {
			if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/childFolders") {
				b, _ := io.ReadAll(r.Body)
				b = bytes.Replace(b, []byte(`{\"holder`), []byte(`x\"holder`), 1)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			}
			return nil
		}, nil)
		conn := w.process()
		w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/mailFolders/*/childFolders", Drop: true, Commit: true})
		var err error
		for range 5 {
			if _, err = conn.Relay(w.Context(), outbound(notice("ann"))); err == nil {
				return
			}
			time.Sleep(24 * time.Hour)
		}
		require.NoError(w, err)
	})
}

// A field that is to survive is there once.
func TestRelayGuardedFieldTwice(t *testing.T) {
	relaying(t, &graphtest.Options{Headers: graphtest.Keeps}, func(w *world) {
		_, err := w.conn.Relay(w.Context(), &exdesk.Outbound{Guard: exdesk.Guard{Also: []string{"X-Tag"}}, MIME: strings.NewReader("X-Tag: a\r\nX-Tag: b\r\n" + notice("ann"))})
		require.ErrorIs(w, err, exdesk.ErrRefused)
		require.ErrorContains(w, err, "2 X-Tag fields")
	})
}

// Claims last as long as is of use.
func TestRelayShortLifeOfClaims(t *testing.T) {
	relaying(t, many(), func(w *world) {
		opts := w.opts
		opts.Relay.Claimer = &graph.Claims{Client: w.mailbox, Life: time.Minute}
		conn, err := exdesk.New(w.mailbox, w.desk, &opts)
		require.NoError(w, err)
		_, err = conn.Relay(w.Context(), outbound(notice("ann")))
		require.NoError(w, err)
	})
}

// A mail may have many parts, whatever its size.
func TestRelayManyParts(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		w.opts.Relay.Settle = -1
		w.restart()
		small := strings.Repeat("--m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=x.txt\r\n\r\nx\r\n", 1100)
		w.leave(outbound(strings.Replace(large("ann", 100, 1000), "--m--", small+"--m--", 1)))
		w.leave(outbound(strings.Replace(large("bob", 100, 3_500_000), "--m--", small+"--m--", 1)))
	})
}

// A mail that comes in under the ids of a notification that is to leave, as
// somebody may guess them, is not taken for its copy.
func TestRelayGuessedIDs(t *testing.T) {
	relaying(t, quick(), func(w *world) {
		w.opts.Relay.Settle = -1
		w.restart()
		w.exchange.Deliver([]byte(strings.NewReplacer("support@contoso.test", "eve@evil.example", "To: ann@customer.example", "To: support@contoso.test").Replace(notice("ann"))))
		require.False(w, w.leave(outbound(notice("ann"))).Already)
		sent := w.exchange.Sent()
		require.Len(w, sent, 1)
		require.Equal(w, []string{"ann@customer.example"}, sent[0].EnvelopeRecipients)
	})
}
