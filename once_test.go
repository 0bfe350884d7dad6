package exdesk_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// long is for worlds in which days pass.
var (
	longGraph = &graphtest.Options{Raw: true, TokenLife: 1000 * time.Hour}
	longDesk  = zendesktest.Options{TokenLife: 1000 * time.Hour}
)

// scan is a mail of a device that gives every mail the same Message-ID.
func scan(text string) []byte {
	return []byte(strings.Replace(string(mime("device", "Content-Type: text/plain\r\n\r\n"+text+"\r\n")), "About device", "About "+text, 1))
}

// labelsFail makes that no label is written any more.
func (w *world) labelsFail() {
	w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 503, Times: -1})
}

func TestReusedMessageIDAndTwoConnectors(t *testing.T) {
	for _, files := range []bool{false, true} { // with files both mails begin alike
		inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
			first, second := scan("A"), scan("B")
			if files {
				first, second = withFile("A", 100), withFile("A", 101)
			}
			w.exchange.Deliver(first)
			w.ingest()
			w.exchange.Deliver(second)
			w.labelsFail()
			w.ingest()
			w.heal()
			w.restart() // another process, which knows nothing
			w.settle()
			require.Len(t, w.support.Tickets(), 2)
		})
	}
}

// Many mails of one Message-ID, some of which begin alike, in any order and
// with lost labels.
func TestManyTwins(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.lift()
		n := 0
		for round := range 3 {
			for i := range 4 {
				first, second := withFile(fmt.Sprint("kind", i%2), 100+10*round+i), scan(fmt.Sprint("text ", round, i))
				first = []byte(strings.Replace(string(first), fmt.Sprint("<kind", i%2, "@customer.example>\r\nMIME"), "<device@customer.example>\r\nMIME", 1))
				w.exchange.Deliver(first)
				w.exchange.Deliver(second)
				n += 2
			}
			w.labelsFail()
			_, _ = w.conn.Ingest(t.Context())
			w.heal()
			w.restart()
			w.settle()
			require.Len(t, w.support.Tickets(), n)
		}
	})
}

func TestOwnTicketIsFoundWhenTheOtherIsGone(t *testing.T) {
	for _, away := range []time.Duration{time.Minute, 3 * time.Hour} {
		inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
			w.exchange.Deliver(scan("A"))
			w.ingest()
			w.exchange.Deliver(scan("B"))
			w.labelsFail()
			w.ingest()
			w.heal()
			w.restart()
			w.support.Edit(1, func(t *zendesktest.Ticket) { t.Archived = true })
			time.Sleep(away)
			w.settle()
			n := 0
			for _, ticket := range w.support.Tickets() {
				if ticket.Subject == "About B" {
					n++
				}
			}
			require.Equal(t, 1, n)
		})
	}
}

// Of two processes one is refused what the other is granted, before it has
// written its label: the ticket outweighs the refusal, whoever writes last.
func TestTicketOutweighsRefusal(t *testing.T) {
	for _, slow := range []string{"the refused one", "the other"} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			id := w.deliver("ann")
			refuse := func() { w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 422}) }
			ingest := func(box exdesk.Mailbox, refused bool) {
				c, err := exdesk.New(box, w.desk, nil)
				require.NoError(t, err)
				if refused {
					refuse()
				}
				_, err = c.Ingest(t.Context())
				require.NoError(t, err)
			}
			first := slow == "the refused one"
			ingest(&slowLabels{Mailbox: w.mailbox, before: func() { ingest(w.mailbox, !first) }}, first)
			require.Len(t, w.support.Tickets(), 1, slow)
			m, ok := w.exchange.Message(id)
			require.True(t, ok)
			require.Equal(t, []string{"Zendesk"}, m.Categories, slow)
		})
	}
}

// The label of a ticket that could not be written is written by the next pass,
// though another process has labelled the mail as refused meanwhile.
func TestLateLabelOutweighsRefusal(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 503, Times: -1})
		require.ErrorContains(t, w.ingest().Results[0].Err, "not labelled")
		w.heal()
		w.exchange.Edit(id, func(m *graphtest.Message) {
			m.Categories, m.IsRead = []string{"Zendesk", "RejectedByZendesk"}, true
		})
		again := w.ingest().Results
		require.Len(t, again, 1)
		require.Equal(t, exdesk.Created, again[0].Outcome)
		require.NoError(t, again[0].Err)
		require.Equal(t, []string{"Zendesk"}, again[0].Labels)
		w.requireDone(id, "Zendesk")
		require.Len(t, w.support.Tickets(), 1)
		require.Empty(t, w.ingest().Results)
		totals := w.conn.Status().Totals
		require.Equal(t, exdesk.Totals{Seen: 1, Tickets: 1}, totals)
	})
}

// slowLabels is a Mailbox in which something happens before a label is written.
type slowLabels struct {
	exdesk.Mailbox
	before func()
}

func (s *slowLabels) Label(ctx context.Context, marks []exdesk.Mark) []error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Mailbox.Label(ctx, marks)
}

// The last attempt of a long series is heard, and its ticket shows late.
func TestKeyIsKeptWhileItMayHaveWorked(t *testing.T) {
	for _, at := range []time.Duration{9 * time.Minute, 9*time.Minute + 59*time.Second, 9*time.Minute + 59500*time.Millisecond, 10 * time.Minute, 11 * time.Minute} {
		z := longDesk
		z.LookupLag = 90 * time.Second
		inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
			w.deliver("ann")
			start := time.Now()
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 504, Times: -1})
			_, _ = w.conn.Ingest(t.Context())
			w.heal()
			time.Sleep(at - time.Since(start))
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Status: 504})
			w.settle()
			w.requireOnce("ann")
		})
	}
}

// Zendesk remembers a failure under the key: it is given up in the end.
func TestWornOutKey(t *testing.T) {
	for _, mail := range [][]byte{plain("ann"), withFile("ann", 10)} {
		z := longDesk
		z.RememberFailures = true
		inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
			w.exchange.Deliver(mail)
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Status: 500})
			begin := time.Now()
			w.settle()
			require.LessOrEqual(t, len(w.support.Tickets()), 2)
			require.Less(t, time.Since(begin), 20*time.Minute)
		})
	}
}

func TestManyMailsOfOneMessageID(t *testing.T) {
	z := longDesk
	z.RateLimit = -1
	inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
		for i := range 60 { // two hours apart, so that all get the same external id
			w.exchange.Deliver(scan(fmt.Sprint("page ", i)))
			if i == 50 {
				w.labelsFail()
			}
			w.ingest()
			w.heal()
			w.restart()
			time.Sleep(2 * time.Hour)
		}
		w.settle()
		require.Len(t, w.support.Tickets(), 60)
	})
}

func TestClockBehind(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.deliver("ann")
		w.labelsFail()
		w.ingest()
		w.heal()
		w.restart()
		time.Sleep(3 * time.Hour)
		w.exchange.Deliver(plain("bob"))
		w.support.SetTime(time.Now().Add(-3 * time.Hour)) // a proxy's idea of the time would do as well
		w.support.SetTime(time.Now())
		w.settle()
		w.requireOnce("ann", "bob")
	})
}

func TestNoLimitOfSize(t *testing.T) {
	for _, most := range []int64{-1, math.MaxInt64} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			w.opts.MaxBytes = most
			w.restart()
			w.deliver("ann")
			require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		})
	}
}

func TestWhatIsNoMailIsNotRejected(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/$value", Status: 200, Times: 3}) // JSON
		res := w.ingest().Results[0]
		require.Equal(t, exdesk.Waiting, res.Outcome)
		require.ErrorContains(t, res.Err, "not a mail")
		w.requireUntouched(id)
		w.settle()
		w.requireOnce("ann")
	})
}

func TestNothing(t *testing.T) {
	inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, w *world) {
		w.exchange.Deliver(nil)
		lost, err := w.exchange.DeliverTo(w.exchange.Mailbox(), nil, &graphtest.Delivery{Size: 1000})
		require.NoError(t, err)
		report := w.ingest()
		require.Equal(t, 1, report.Count(exdesk.Rejected), "an empty mail")
		require.ErrorContains(t, outcome(t, report, lost).Err, "sent nothing of a mail that has 1000 bytes")
		w.requireUntouched(lost)
	})
}

// Ten bad mails do not keep the others from being imported, neither in one
// process nor in many that each make one pass.
func TestBadMailsDoNotStarveOthers(t *testing.T) {
	for _, restart := range []bool{false, true} {
		inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
			var bad []string
			for i := range 12 {
				id := w.deliver(fmt.Sprint("bad", i))
				bad = append(bad, id)
				w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + id + "/$value", Status: 500, Times: -1})
			}
			for i := range 30 {
				w.deliver(fmt.Sprint("good", i))
			}
			for range 3 {
				_, _ = w.conn.Ingest(t.Context())
				if restart {
					w.restart()
				}
			}
			require.Len(t, w.support.Tickets(), 30)

			// One of them gets well.
			w.heal()
			for _, id := range bad[:11] {
				w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + id + "/$value", Status: 500, Times: -1})
			}
			for range 20 {
				_, _ = w.conn.Ingest(t.Context())
			}
			require.Len(t, w.support.Tickets(), 31)
		})
	}
}

func TestUnanimousRefusal(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 12 {
			w.deliver(fmt.Sprint("m", i))
		}
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 422, Times: -1,
			Body: `{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Order number: is required"}]}}`})
		report, err := w.conn.Ingest(t.Context())
		require.ErrorContains(t, err, "Order number: is required")
		require.Equal(t, 12, report.Count(exdesk.Waiting))
		require.Zero(t, report.Count(exdesk.Rejected))
		for _, m := range w.exchange.Messages() {
			require.Empty(t, m.Categories)
		}
		w.heal()
		w.settle()
		require.Len(t, w.support.Tickets(), 12)

		// One sender whose address Zendesk does not like is not the account.
		for i := range 8 {
			w.exchange.Deliver([]byte(fmt.Sprintf("From: root@localhost\r\nTo: support@contoso.test\r\nSubject: %d\r\n\r\nx", i)))
		}
		require.Equal(t, 8, w.ingest().Count(exdesk.Rejected))
	})
}

func TestRecordOfAnotherMailIsNotBelieved(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		ann := w.deliver("ann")
		w.ingest()
		bob := w.deliver("bob")
		taken, _ := w.exchange.Message(ann)
		w.exchange.Edit(bob, func(m *graphtest.Message) { m.Properties = taken.Properties })
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		w.requireOnce("ann", "bob")
	})
}

// A key that was busy once is not one that the desk knows.
func TestBusyKeyIsNotGivenUp(t *testing.T) {
	z := zendesktest.Options{TokenLife: 1000 * time.Hour, LookupLag: time.Minute}
	inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
		w.deliver("ann")
		fault := func(f zendesktest.Fault) {
			w.heal()
			f.Method, f.Path = "POST", "/api/v2/tickets"
			w.deskFault(f)
		}
		// Another process's request with the key is in progress, and comes to nothing
		// (the fake's own answer with InFlightConflict).
		fault(zendesktest.Fault{Status: 409, Code: "IdempotentRequestError", Times: -1})
		w.ingest()
		fault(zendesktest.Fault{Status: 429, RetryAfter: "30", Times: -1})
		for begin := time.Now(); time.Since(begin) < 12*time.Minute; {
			time.Sleep(30 * time.Second)
			_, _ = w.conn.Ingest(t.Context())
		}
		w.heal()
		require.Empty(t, w.support.Tickets())
		time.Sleep(2 * time.Minute)
		other, err := exdesk.New(&slowLabels{Mailbox: w.mailbox, before: func() {
			_, err := w.conn.Ingest(t.Context())
			require.NoError(t, err)
		}}, w.desk, nil)
		require.NoError(t, err)
		_, err = other.Ingest(t.Context())
		require.NoError(t, err)
		require.Len(t, w.support.Tickets(), 1)
	})
}

// The label was written, its answer lost; a person wishes for another ticket before
// the next pass.
func TestLateLabelIsNotTooLate(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Commit: true, Status: 503, Times: -1})
		require.Error(t, w.ingest().Results[0].Err)
		w.heal()
		w.requireDone(id, "Zendesk")
		time.Sleep(5 * time.Hour) // passes fail, or are far apart
		w.support.Edit(1, func(k *zendesktest.Ticket) { k.Deleted = true })
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		w.settle()
		n := 0
		for _, k := range w.support.Tickets() {
			if !k.Deleted {
				n++
			}
		}
		require.Equal(t, 1, n)
	})
}

// Import finishes the mail before the late label.
func TestLateLabelAndImport(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		finals := 0
		w.opts.OnResult = func(r *exdesk.Result) {
			if r.Err == nil && r.Outcome != exdesk.Waiting {
				finals++
			}
		}
		w.restart()
		w.deliver("ann")
		w.labelsFail()
		w.ingest()
		w.heal()
		time.Sleep(2 * time.Minute)
		_, err := w.conn.Import(t.Context(), 10)
		require.NoError(t, err)
		w.ingest()
		require.Equal(t, 1, finals)
	})
}

// Of two copies of a mail one is to become another ticket than the one that was
// deleted, and the other comes at that moment.
func TestCopyOfWhatJustBecameATicket(t *testing.T) {
	z := longDesk
	z.LookupLag = time.Minute
	inBubble(t, longGraph, &z, func(t *testing.T, w *world) {
		raw := plain("ann")
		id := w.exchange.Deliver(raw)
		w.ingest()
		time.Sleep(3 * time.Hour)
		w.support.Edit(1, func(k *zendesktest.Ticket) { k.Deleted = true })
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		w.exchange.Deliver(raw)
		w.settle()
		require.Len(t, w.support.Tickets(), 2, "the deleted one among them")
	})
}
