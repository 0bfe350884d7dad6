package exdesk_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// further is ann's next mail, which names her answer alone.
var further = letter{from: answer.from, subject: answer.subject, id: "f@customer.example", inReplyTo: []string{answer.id}, text: "And one more thing."}

// labelsAreLost makes that no category is written any more, while notes are.
func (w *world) labelsAreLost() {
	w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Contains: `"Zendesk"`, Status: 503, Times: -1})
}

// unreadable makes that a mail cannot be fetched for so many times.
func (w *world) unreadable(id string, times int) {
	w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + id + "/$value", Status: 500, Times: times})
}

// ofSize delivers a mail as large as the store says.
func (w *world) ofSize(n int64, mail []byte) string {
	w.Helper()
	id, err := w.exchange.DeliverTo(w.exchange.Mailbox(), mail, &graphtest.Delivery{Size: n})
	require.NoError(w, err)
	return id
}

// requireComments counts the comments of all tickets.
func (w *world) requireComments(n int) {
	w.Helper()
	got := 0
	for _, t := range w.support.Tickets() {
		got += len(t.Comments)
	}
	require.Equal(w, n, got)
}

// What is the services' trouble holds no mail, even where a process makes one
// pass and dies, or is stopped in the middle of each.
func TestTroubleOfTheServicesHoldsNothing(t *testing.T) {
	for name, trouble := range map[string]func(w *world){
		"an outage, with a process for each pass": func(w *world) {
			w.deskFault(zendesktest.Fault{Status: 503, Times: -1})
			for range 10 {
				_, _ = w.conn.Ingest(w.Context())
				w.restart()
				time.Sleep(time.Minute)
			}
		},
		"uploads fail while other mail passes": func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/uploads", Status: 503, Times: -1})
			for i := range 60 {
				w.deliver(fmt.Sprint("m", i))
				_, _ = w.conn.Ingest(w.Context())
				time.Sleep(time.Minute)
			}
		},
		"stopped in the middle": func(w *world) {
			w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/$value", Hang: true, Times: -1})
			for range 40 {
				ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
				_, _ = w.conn.Ingest(ctx)
				cancel()
				w.restart()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
				var ids []string
				for i := range 5 {
					ids = append(ids, w.ofSize(6<<20, withFile(fmt.Sprint("file", i), 1000)))
				}
				trouble(w)
				w.heal()
				w.settle()
				for _, id := range ids {
					w.requireDone(id, "Zendesk")
				}
			})
		})
	}
}

// The brake counts what was made of a sender's mail, once, and in a dry run
// nothing is made.
func TestBrakeCountsOnlyWhatIsMade(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.lift()
		var ids []string
		for i := range 8 {
			ids = append(ids, w.post(letter{from: question.from, id: fmt.Sprint(i, "@x.example"), text: fmt.Sprint("Text ", i)}))
		}
		w.labelsFail()
		for range 4 {
			w.ingest()
			time.Sleep(30 * time.Second)
		}
		w.heal()
		w.settle()
		require.Len(t, w.support.Tickets(), len(ids))
		for _, id := range ids {
			w.requireDone(id, "Zendesk")
		}
		w.opts.DryRun = true
		w.restart()
		w.deliver("bob")
		for range exdesk.BrakePerHour + 5 {
			require.Equal(t, exdesk.Created, w.only().Outcome)
		}
	})
}

// unshowable is an Exchange that can send no page with one of its mails.
type unshowable struct {
	http.RoundTripper
	w  *world
	id string
}

func (u unshowable) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/inbox/messages") {
		unread := slices.DeleteFunc(u.w.exchange.Messages(), func(m graphtest.Message) bool { return m.IsRead })
		place := slices.IndexFunc(unread, func(m graphtest.Message) bool { return m.ID == u.id })
		skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
		top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
		if skip <= place && place < skip+top {
			return &http.Response{StatusCode: 500, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
	}
	return u.RoundTripper.RoundTrip(r)
}

// An item that cannot be shown at all is told of, and hides and starves nobody.
func TestItemThatCannotBeShown(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.deliver("one")
		bad, ann := w.deliver("bad"), w.deliver("ann")
		w.unreadable(ann, 4)
		url, client, stop := memnet.Serve(w.exchange)
		t.Cleanup(stop)
		client.Transport = unshowable{client.Transport, w, bad}
		box, err := graph.New(w.exchange.Mailbox(), &w.tokens.graph, &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
		require.NoError(t, err)
		conn, err := exdesk.New(box, w.desk, nil)
		require.NoError(t, err)
		names := []string{"one", "ann"}
		for i := range 10 {
			names = append(names, fmt.Sprint("m", i))
			w.deliver(names[len(names)-1])
			_, err := conn.Ingest(t.Context())
			require.ErrorIs(t, err, exdesk.ErrDamaged)
			time.Sleep(time.Minute)
		}
		w.requireOnce(names...)
		require.Zero(t, conn.Status().Failures)
	})
}

// An import that did not come to its end is made good by another, or by Ingest,
// without a second ticket.
func TestImportThatDidNotEnd(t *testing.T) {
	lost := func(skip int) func(w *world) {
		return func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Skip: skip, Commit: true, Drop: true})
		}
	}
	future := []byte(strings.Replace(string(plain("ann")), "Date: ", "Date: Fri, 31 Dec 2100 00:00:00 +0000\r\nX-Date: ", 1))
	var many [][]byte
	for i := range 15 {
		many = append(many, plain(fmt.Sprint("m", i)))
	}
	for name, c := range map[string]struct {
		mails   [][]byte
		size    int64
		wait    time.Duration // before the import
		z       zendesktest.Options
		trouble func(w *world)
	}{
		"the answer is lost":             {trouble: lost(0)},
		"and imports keep metadata":      {z: zendesktest.Options{ImportMetadata: true}, trouble: lost(0)},
		"the label is lost":              {trouble: (*world).labelsAreLost},
		"a heavy mail":                   {size: 6 << 20, wait: 2 * time.Hour, z: zendesktest.Options{LookupLag: 2 * time.Minute}, trouble: lost(0)},
		"a Date in the future":           {mails: [][]byte{future}, trouble: lost(0)},
		"one Message-ID and Date, twice": {mails: [][]byte{scan("A"), scan("B")}, trouble: func(*world) {}},
		"its chunk takes longer than its notes are good": {mails: many, z: zendesktest.Options{LookupLag: time.Minute}, trouble: func(w *world) {
			lost(len(many) - 1)(w)
			w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/$value", Delay: graphtest.Duration(50 * time.Second), Times: len(many) - 1})
		}},
		"its note is of the future": {trouble: func(w *world) {
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Status: 503, Times: -1})
			_, _ = w.conn.Import(w.Context(), 300)
			id := w.exchange.Messages()[0].ID
			record := strings.Replace(w.record(id), `"at":"2000`, `"at":"2999`, 1)
			w.exchange.Edit(id, func(m *graphtest.Message) { clear(m.Properties); m.Properties[recordID] = record })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for by, pass := range map[string]func(w *world) (*exdesk.Report, error){
				"Import": func(w *world) (*exdesk.Report, error) { return w.conn.Import(w.Context(), 300) },
				"Ingest": func(w *world) (*exdesk.Report, error) { return w.conn.Ingest(w.Context()) },
			} {
				z := c.z
				z.TokenLife = longDesk.TokenLife
				inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
					mails := append(slices.Clip(c.mails), plain("ann"))
					for _, m := range mails {
						w.ofSize(c.size, m)
					}
					time.Sleep(c.wait + time.Minute)
					c.trouble(w)
					_, _ = w.conn.Import(t.Context(), 300)
					w.heal()
					w.restart()
					for range 30 {
						report, err := pass(w)
						require.NoError(t, err, by)
						if report.Count(exdesk.Waiting) == 0 {
							break
						}
						time.Sleep(time.Minute)
					}
					require.Len(t, w.support.Tickets(), len(mails), by)
					for _, m := range w.exchange.Messages() {
						require.Equal(t, []string{"Zendesk"}, m.Categories, by)
					}
				})
			}
		})
	}
}

// An import makes no ticket of a mail that is a comment, and of no mails none.
func TestImportKeepsToWhatIsAsked(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		w.post(answer)
		w.labelsAreLost()
		w.ingest()
		w.heal()
		for _, n := range []int{0, 300} {
			w.restart()
			report, err := w.conn.Import(t.Context(), n)
			require.NoError(t, err)
			require.Len(t, report.Results, min(n, 1))
			w.requireThread("It is order 12.")
		}
	})
}

// A ticket that follows an imported one is known for what it was made of, and
// not by what it inherits from that.
func TestFollowUpOfImportedTicket(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.post(question)
		_, err := w.conn.Import(t.Context(), 1)
		require.NoError(t, err)
		w.support.Edit(1, func(t *zendesktest.Ticket) { t.Status = "closed" })
		time.Sleep(time.Minute)
		w.post(answer)
		w.labelsAreLost()
		w.ingest()
		w.heal()
		time.Sleep(3 * time.Hour) // its key is forgotten
		w.restart()
		w.settle()
		w.requireComments(2)
	})
}

// A mail that was added to a ticket stays there alone, though by what is to be
// seen now it would belong elsewhere.
func TestDecisionDoesNotDrift(t *testing.T) {
	lose := func(mail letter) func(w *world) {
		return func(w *world) {
			id := w.post(mail)
			w.labelsAreLost()
			res := outcome(w.T, w.ingest(), id)
			require.Equal(w, exdesk.Commented, res.Outcome)
			require.ErrorContains(w, res.Err, "not labelled")
			w.heal()
		}
	}
	for name, c := range map[string]struct {
		try    func(w *world)
		change func(w *world)
	}{
		"two encoded ids": {
			try: func(w *world) {
				w.post(letter{from: question.from, id: "q2@customer.example", text: "Another one."})
				w.ingest()
				time.Sleep(time.Minute)
				lose(letter{from: question.from, id: "both@customer.example", text: "> [" + w.ticket(1).EncodedID + "]\r\n> [" + w.ticket(2).EncodedID + "]"})(w)
			},
			change: func(w *world) {
				for _, t := range w.support.Tickets() {
					if len(t.Comments) == 1 { // it comes first in lists now
						w.support.Edit(t.ID, func(t *zendesktest.Ticket) { t.Priority = "high" })
					}
				}
			},
		},
		"the mail that it names becomes two": {
			try: lose(answer),
			change: func(w *world) {
				w.post(letter{from: question.from, id: question.id, references: []string{"form@x.example"}, text: "Where is my other order?"})
				w.unreadable(w.exchange.Messages()[1].ID, 3)
			},
		},
		"the mail that it names is gone": {
			try: func(w *world) {
				w.post(answer)
				w.ingest()
				time.Sleep(time.Minute)
				lose(further)(w)
			},
			change: func(w *world) { w.exchange.Remove(w.exchange.Messages()[1].ID) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, restart := range []bool{false, true} {
				inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
					w.open()
					time.Sleep(time.Minute)
					c.try(w)
					if restart {
						w.restart()
					}
					time.Sleep(time.Second)
					c.change(w)
					w.settle()
					w.requireComments(3)
				})
			}
		})
	}
}

// While a ticket of a mail may have been made that is not to be seen yet, the
// mail does not become a comment.
func TestTicketInDoubtDoesNotBecomeACommentToo(t *testing.T) {
	for _, restart := range []bool{false, true} { // the doubt outlives the process
		z := longDesk
		z.LookupLag = time.Minute
		inBubble(t, longMail, &z, func(t *testing.T, w *world) {
			q := w.post(question)
			w.ingest()
			w.exchange.Remove(q)
			w.restart()
			time.Sleep(30 * time.Second)
			w.post(answer)
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Status: 504})
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, Times: 2})
			w.ingest()
			w.heal()
			if restart {
				w.restart()
			}
			time.Sleep(28 * time.Second) // the first ticket is to be seen now
			w.settle()
			w.requireComments(2)
		})
	}
}

// A mail that is damaged after its ticket was made gets no second one, and a
// reply to it finds the first.
func TestMailIsDamagedAfterwards(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		id := w.post(question)
		w.labelsFail()
		w.ingest()
		w.heal()
		w.restart()
		w.exchange.Poison(id)
		w.settle()
		w.restart()
		time.Sleep(time.Minute)
		w.post(answer)
		require.Equal(t, exdesk.Commented, w.only().Outcome)
		w.requireThread("It is order 12.")
	})
}

// A mail that fails while others pass is set aside, though it was released
// before, and though each process makes one pass; what comes after it goes on.
// Once it is released it stays that, however often it fails.
func TestFailingMailIsSetAsideAgain(t *testing.T) {
	for name, c := range map[string]struct{ released, restart bool }{
		"it was released":                       {true, false},
		"it was released, one pass a process":   {true, true},
		"it was never held, one pass a process": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
				first := question
				if c.released {
					first.from = "Support <support@contoso.test>"
				}
				bad := w.post(first)
				passes := func(n int) {
					for range n {
						w.deliver(fmt.Sprint("m", len(w.exchange.Messages())))
						w.ingest()
						if c.restart {
							w.restart()
						}
						time.Sleep(time.Minute)
					}
				}
				if c.released {
					w.ingest()
					w.requireHeld(bad)
					require.NoError(t, w.conn.Release(t.Context(), bad))
				}
				w.unreadable(bad, -1)
				next := w.post(answer)
				passes(60)
				w.requireHeld(bad)
				w.requireDone(next, "Zendesk")
				w.heal()
				require.NoError(t, w.conn.Release(t.Context(), bad))
				w.unreadable(bad, 4)
				passes(2)
				w.requireDone(bad, "Zendesk")
			})
		})
	}
}

// A comment whose label was taken away is believed to be there where its ticket
// cannot be read any more, and stops nobody.
func TestRecordThatCannotBeChecked(t *testing.T) {
	z := longDesk
	z.NoAudits = true
	inBubble(t, longMail, &z, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		first := w.post(answer)
		w.ingest()
		time.Sleep(24 * time.Hour)
		w.tokens.zendesk.set(w.support.TokenFor("tickets:read", "tickets:write", "users:read", "ticket_attachments:write"))
		w.exchange.Edit(first, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		next := w.post(further)
		report := w.ingest()
		require.Equal(t, exdesk.Relabelled, outcome(t, report, first).Outcome)
		require.Equal(t, exdesk.Created, outcome(t, report, next).Outcome)
	})
}

// A mail on which a Screen breaks fails alone.
func TestScreenThatPanics(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.opts.Screen = screenFunc(func(s *exdesk.Screening) exdesk.Verdict {
			if s.Message.Subject == "About bad" {
				panic("out of ideas")
			}
			return exdesk.Verdict{}
		})
		w.restart()
		bad := w.deliver("bad")
		w.deliver("ann")
		require.ErrorContains(t, outcome(t, w.ingest(), bad).Err, "its processing broke")
		w.requireOnce("ann")
	})
}

// A reply is known again, after a crash and when it comes a second time,
// whatever the clocks say and however long its Message-ID is.
func TestReplyIsKnownAgain(t *testing.T) {
	for name, c := range map[string]struct {
		skew           time.Duration // of Zendesk's clock
		date, received time.Duration // after now
		id             string
	}{
		"Zendesk's clock is slow":      {skew: -20 * time.Minute},
		"Zendesk's clock is fast":      {skew: 20 * time.Minute},
		"a Date in the future":         {date: 2 * time.Hour},
		"all times in the future":      {date: 1000 * time.Hour, received: 1000 * time.Hour},
		"a Message-ID of 600 letters":  {id: strings.Repeat("x", 600) + "@y.example"},
		"a Message-ID of 1500 letters": {id: strings.Repeat("x", 1500) + "@y.example"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
				w.support.Advance(c.skew)
				w.open()
				time.Sleep(time.Minute)
				l := answer
				l.id, l.date = cmp.Or(c.id, l.id), time.Now().Add(c.date)
				deliver := func() {
					_, err := w.exchange.DeliverTo(w.exchange.Mailbox(), l.bytes(), &graphtest.Delivery{Received: time.Now().Add(c.received)})
					require.NoError(t, err)
				}
				deliver()
				w.labelsAreLost()
				w.ingest()
				w.heal()
				w.restart()
				w.settle()
				w.requireThread("It is order 12.")
				time.Sleep(20 * time.Minute)
				deliver()
				require.Equal(t, exdesk.Duplicate, w.only().Outcome)
				w.requireThread("It is order 12.")
			})
		})
	}
}

// A long text is one file, however often its comment is tried.
func TestLongTextIsAttachedOnce(t *testing.T) {
	for _, text := range []string{strings.Repeat("All work and no play. ", 4000), strings.Repeat("&<>&<>&<>\r\n", 4000)} {
		inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
			w.open()
			time.Sleep(time.Minute)
			l := answer
			l.text = text
			w.post(l)
			w.busy(1)
			require.Equal(t, exdesk.Commented, w.only().Outcome)
			require.Len(t, w.ticket(1).Comments[1].Attachments, 1)
			require.Len(t, w.support.Uploads(), 1)
		})
	}
}

// What was to be said above a comment is not said on the ticket that the mail
// becomes instead.
func TestRefusedCommentLeavesNoRemark(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/1", Status: 422, Body: `{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Ticket: has too many comments"}]}}`})
		w.postAs(answer, graphtest.NoAuth)
		require.Equal(t, exdesk.Created, w.only().Outcome)
		require.Equal(t, "It is order 12.", strings.TrimSpace(w.ticket(2).Comments[0].Body))
	})
}

// With Since, what is released is found, though it is old, and one mail of the
// future hides nothing that comes after it.
func TestSinceLosesSightOfNothing(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.opts.Since = time.Now().Add(-time.Hour)
		w.restart()
		held := w.post(letter{from: "Support <support@contoso.test>", id: "s@contoso.test", subject: "About self", text: "A note."})
		_, err := w.exchange.DeliverTo(w.exchange.Mailbox(), plain("migrated"), &graphtest.Delivery{Received: time.Now().Add(1000 * time.Hour)})
		require.NoError(t, err)
		w.ingest()
		w.requireHeld(held)
		time.Sleep(15 * time.Minute)
		w.deliver("ann")
		w.ingest()
		w.requireOnce("migrated", "ann")
		require.NoError(t, w.conn.Release(t.Context(), held))
		time.Sleep(time.Minute)
		w.ingest()
		w.requireDone(held, "Zendesk")
	})
}

// A process that would hold a mail leaves it as another one has finished it.
func TestHeldDoesNotUndoDone(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 1000 * time.Hour, InFlight: -1}, &longDesk, func(t *testing.T, w *world) {
		fresh := w.conn // which counted nothing yet
		w.opts.Brake = &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Hour}
		w.restart()
		var ids []string
		for i := range 2 {
			ids = append(ids, w.post(letter{from: question.from, id: fmt.Sprint(i, "@x.example"), text: fmt.Sprint("Text ", i)}))
		}
		ids = append(ids, w.deliver("slow"))
		for i, id := range ids[1:] {
			w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + id + "/$value", Delay: graphtest.Duration(time.Duration(10+30*i) * time.Second)})
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = fresh.Ingest(t.Context()) })
		both.Go(func() { time.Sleep(5 * time.Second); _, _ = w.conn.Ingest(t.Context()) })
		both.Wait()
		w.requireDone(ids[1], "Zendesk")
	})
}

// The totals know what waited before a pass that was interrupted, whether that
// came to see it or not.
func TestTotalsOfInterruptedPass(t *testing.T) {
	for _, older := range []time.Duration{0, time.Hour} {
		inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
			w.deliver("ann")
			w.labelsFail()
			w.ingest()
			w.heal()
			slow, err := w.exchange.DeliverTo(w.exchange.Mailbox(), plain("slow"), &graphtest.Delivery{Received: time.Now().Add(-older)})
			require.NoError(t, err)
			w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + slow + "/$value", Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			defer cancel()
			_, err = w.conn.Ingest(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			w.heal()
			w.ingest()
			require.Equal(t, exdesk.Totals{Seen: 2, Tickets: 2}, w.conn.Status().Totals)
		})
	}
}

// A mail that has to be rebuilt is from whom it was, whatever name he bears, and
// may have been a blind copy.
func TestRebuiltMailKeepsItsAuthor(t *testing.T) {
	for _, name := range []string{
		`"Doe, Ann"`, `"boss@victim.example"`, `"boss@victim.example,"`, `"Boss <boss@customer.example>"`, `"Boss <boss@customer.example>,"`,
		`"Ann (Sales)"`, `"a;b:c"`, `=?utf-8?q?Zo=C3=AB,_Doe?=`, `=?utf-8?q?boss=40customer.example=3E=2C_x?=`,
	} {
		for _, to := range []string{"support@contoso.test", "undisclosed-recipients:;"} {
			for _, bare := range []bool{false, true} {
				inBubble(t, &graphtest.Options{BareHeaders: bare}, nil, func(t *testing.T, w *world) {
					w.exchange.BreakMIME(w.post(letter{from: name + " <ann@customer.example>", to: to, id: "x@y.example", text: "Hello."}), "")
					res := w.only()
					require.Equal(t, exdesk.Created, res.Outcome, res.Reason)
					require.Equal(t, "ann@customer.example", w.ticket(1).Requester.Email, name)
				})
			}
		}
	}
}

// A comment that shows late is waited for, by whoever comes after.
func TestCommentWhoseAuditIsLate(t *testing.T) {
	z := longDesk
	z.AuditLag = 2 * time.Minute
	inBubble(t, longMail, &z, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(3 * time.Minute)
		w.post(answer)
		w.labelsAreLost()
		w.ingest()
		w.heal()
		w.restart()
		time.Sleep(70 * time.Second)
		w.settle()
		w.requireComments(2)
	})
}
