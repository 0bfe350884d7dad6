package exdesk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// old puts a mail into the Inbox that came some days ago and was read.
func (w *world) old(name string, days int) string {
	w.Helper()
	at := w.exchange.Now().Add(-time.Duration(days) * 24 * time.Hour).UTC().Truncate(time.Second)
	mail := letter{from: name + " <" + name + "@customer.example>", subject: "About " + name, id: name + "@customer.example", date: at, text: "Hello from " + name + "."}
	id, err := w.exchange.DeliverTo("support@contoso.test", mail.bytes(), &graphtest.Delivery{Received: at.Add(time.Minute), Read: days%2 == 0})
	require.NoError(w, err)
	return id
}

func TestImport(t *testing.T) {
	for _, z := range []zendesktest.Options{{}, {ImportMetadata: true}} {
		z.TokenLife = 1000 * time.Hour
		inBubble(t, longMail, &z, func(t *testing.T, w *world) {
			var ids []string
			for i := range 10 {
				ids = append(ids, w.old(fmt.Sprint("m", i), 30-i))
			}
			w.exchange.Edit(ids[9], func(m *graphtest.Message) { m.Categories = []string{"Zendesk"} }) // done by somebody
			report, err := w.conn.Import(t.Context(), 5)
			require.NoError(t, err)
			require.Equal(t, "4 mails: 4 tickets", report.String())
			w.requireOnce("m5", "m6", "m7", "m8")
			for i, ticket := range w.support.Tickets() {
				require.Equal(t, time.Now().UTC().Truncate(time.Minute).Add(time.Duration(i-25)*24*time.Hour), ticket.CreatedAt.Truncate(time.Minute))
				require.Equal(t, fmt.Sprint("m", i+5, "@customer.example"), ticket.Requester.Email)
				require.Contains(t, ticket.Tags, exdesk.TagImported)
				w.requireDone(ids[i+5], "Zendesk")
			}
			w.requireUntouchedButRead(ids[4])
			for _, r := range w.support.Requests() {
				require.False(t, r.Method == "POST" && r.Path == "/api/v2/tickets", "triggers would fire")
			}
			again, err := w.conn.Import(t.Context(), 10)
			require.NoError(t, err)
			require.Equal(t, "5 mails: 5 tickets", again.String())
			require.Len(t, w.support.Tickets(), 9)
		})
	}
}

func (w *world) requireUntouchedButRead(id string) {
	w.Helper()
	m, _ := w.exchange.Message(id)
	require.Empty(w, m.Categories)
}

// No key protects an import; its own notes do.
func TestImportIsSafeToRepeat(t *testing.T) {
	for name, trouble := range map[string]func(w *world){
		"the answer is lost": func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Commit: true, Drop: true})
		},
		"504 after the deed": func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Commit: true, Status: 504, Skip: 1, Times: 2})
		},
		"503": func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Status: 503, Times: 3})
		},
		"labels fail": func(w *world) {
			w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 503, Skip: 4, Times: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, z := range []zendesktest.Options{{}, {ImportMetadata: true}, {LookupLag: 5 * time.Minute}} {
				for _, restart := range []bool{false, true} {
					z.TokenLife = 1000 * time.Hour
					inBubble(t, longMail, &z, func(t *testing.T, w *world) {
						for i := range 4 {
							w.old(fmt.Sprint("m", i), 9-i)
						}
						trouble(w)
						for range 4 {
							_, _ = w.conn.Import(t.Context(), 300)
							if restart {
								w.restart()
							}
							time.Sleep(time.Minute)
						}
						w.heal()
						for range 30 {
							report, err := w.conn.Import(t.Context(), 300)
							require.NoError(t, err)
							if len(report.Results) == 0 {
								break
							}
							time.Sleep(time.Minute)
						}
						w.requireOnce("m0", "m1", "m2", "m3")
						w.settle()
						w.requireOnce("m0", "m1", "m2", "m3")
					})
				}
			}
		})
	}
}

func TestExplain(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		w.post(answer)
		w.ingest()
		w.exchange.Deliver([]byte("From: joe@customer.example\r\nMessage-ID: <joe@x.example>\r\nSubject: For whom?\r\n\r\nhi\r\n"))
		w.post(letter{from: "Support <support@contoso.test>", id: "own@x.example", subject: "To self", text: "A note."})
		w.ingest()
		w.restart() // on any machine
		for what, want := range map[string]string{
			"q@customer.example":   "mail <q@customer.example> \"Where is it?\" of Ann <ann@customer.example>, received 2000-01-01 00:00:00 UTC\n  became ticket #1 at 2000-01-01 00:00:00 UTC\n  categories: Zendesk\nticket #1, new, made 2000-01-01 00:00:00 UTC\n",
			"<a@customer.example>": "mail <a@customer.example> \"Re: Where is it?\" of Ann <ann@customer.example>, received 2000-01-01 00:01:00 UTC\n  became a comment on ticket #1 at 2000-01-01 00:01:00 UTC\n  categories: Zendesk\nticket #1, new, made 2000-01-01 00:00:00 UTC\n",
			"joe@x.example":        "mail <joe@x.example> \"For whom?\" of joe@customer.example, received 2000-01-01 00:01:00 UTC\n  rejected at 2000-01-01 00:01:00 UTC: the To field is missing\n  categories: Zendesk, RejectedByZendesk\n",
			"own@x.example":        "mail <own@x.example> \"To self\" of Support <support@contoso.test>, received 2000-01-01 00:01:00 UTC\n  held at 2000-01-01 00:01:00 UTC [support-address]: the sender is a support address, which nobody can be answered at\n  categories: ZendeskHeld\n",
		} {
			story, err := w.conn.Explain(t.Context(), what)
			require.NoError(t, err)
			require.Equal(t, want, story.String())
		}
		for _, what := range []string{"1", "#1"} {
			story, err := w.conn.Explain(t.Context(), what)
			require.NoError(t, err)
			require.Len(t, story.Mails, 2)
			require.Equal(t, "<q@customer.example>", story.Mails[0].MessageID)
			require.Equal(t, int64(1), story.Tickets[0].ID)
		}
		_, err := w.conn.Explain(t.Context(), "never@seen.example")
		require.ErrorIs(t, err, exdesk.ErrNotFound)
		_, err = w.conn.Explain(t.Context(), "#99")
		require.ErrorIs(t, err, exdesk.ErrNotFound)
	})
}

// Totals balance, whatever happens to the mails.
func TestTotalsBalance(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.lift()
		balance := func() exdesk.Totals {
			got := w.conn.Status().Totals
			sum := got.Tickets + got.Comments + got.Notes + got.Held + got.Rejected + got.Duplicates + got.Relabelled + got.Gone + got.Waiting
			require.Equal(t, got.Seen, sum, "%+v", got)
			return got
		}
		w.post(question)
		w.ingest()
		time.Sleep(time.Minute)
		w.post(answer)
		w.exchange.Deliver(bounce("q@customer.example"))
		w.post(letter{from: "Support <support@contoso.test>", id: "own@x.example", text: "A note."})
		w.exchange.Deliver([]byte("From: joe@customer.example\r\n\r\nhi\r\n"))
		w.deliver("ann")
		w.exchange.Deliver(plain("ann"))
		away := w.deliver("away")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + away + "/$value", Status: 503, Times: -1})
		for range 3 {
			w.ingest()
			require.Equal(t, 1, balance().Waiting)
		}
		w.exchange.Edit(away, func(m *graphtest.Message) { m.Folder = "archive" })
		w.ingest()
		require.Equal(t, 1, balance().Gone)
		w.heal()
		w.labelsFail()
		w.deliver("bob")
		w.ingest()
		require.Equal(t, 1, balance().Waiting, "a ticket whose mail is not labelled is not done")
		w.heal()
		w.ingest()
		w.exchange.Edit(w.exchange.Messages()[0].ID, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		w.ingest()
		require.Equal(t, exdesk.Totals{Seen: 10, Tickets: 3, Comments: 1, Notes: 1, Held: 1, Rejected: 1, Duplicates: 1, Relabelled: 1, Gone: 1}, balance())
		ctx, cancel := context.WithCancel(t.Context())
		w.deliver("late")
		cancel()
		_, _ = w.conn.Ingest(ctx)
		balance()
	})
}

// A mailbox that people read: what they have read is taken as well, and the
// list does not grow with the mailbox.
func TestSince(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 1000 * time.Hour}, &longDesk, func(t *testing.T, w *world) {
		before := w.old("before", 2)
		w.opts.Since = time.Now()
		w.opts.Limiter = exdesk.Unlimited
		w.restart()
		for i := range 150 {
			id := w.deliver(fmt.Sprint("m", i))
			w.exchange.Edit(id, func(m *graphtest.Message) { m.IsRead = i%2 == 0 })
			time.Sleep(time.Minute)
		}
		report := w.ingest()
		require.Equal(t, 150, report.Count(exdesk.Created))
		w.requireUntouchedButRead(before)
		w.exchange.ResetRequests()
		time.Sleep(10 * time.Minute)
		w.ingest()
		require.Equal(t, 1, w.exchange.Count(), "one page")
		first := w.exchange.Messages()[1].ID
		w.exchange.Edit(first, func(m *graphtest.Message) { m.Categories = nil })
		time.Sleep(2 * time.Hour)
		require.Equal(t, exdesk.Relabelled, w.only().Outcome, "labels that were taken away are found")
		require.Len(t, w.support.Tickets(), 150)
	})
}

// A failing mail stays in sight.
func TestSinceKeepsWhatWaits(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.opts.Since = time.Now()
		w.restart()
		bad := w.deliver("bad")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + bad + "/$value", Status: 500, Times: 8})
		for i := range 30 {
			w.deliver(fmt.Sprint("m", i))
			time.Sleep(11 * time.Minute)
			w.ingest()
		}
		require.Len(t, w.support.Tickets(), 31)
	})
}

func TestSteps(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		var names []string
		var bytes int64
		w.opts.OnStep = func(s exdesk.Step) {
			names = append(names, s.Name)
			bytes += s.Bytes
			require.Equal(t, "support@contoso.test", s.Mailbox)
			require.NoError(t, s.Err)
		}
		w.restart()
		w.exchange.Deliver(withFile("ann", 100_000))
		w.ingest()
		time.Sleep(time.Minute)
		l := answer
		l.inReplyTo = []string{"ann@customer.example"}
		w.post(l)
		w.ingest()
		require.Equal(t, []string{
			"upload", "read", "screen", "thread", "ticket", "mail", "label", "ingest",
			"read", "screen", "thread", "comment", "mail", "label", "ingest"}, names)
		require.Greater(t, bytes, int64(200_000))
	})
}
