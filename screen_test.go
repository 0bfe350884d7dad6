package exdesk_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// bounce is a delivery report on a mail.
func bounce(about string) []byte {
	return []byte("From: Mail Delivery Subsystem <mailer-daemon@mx.customer.example>\r\nTo: support@contoso.test\r\nSubject: Undelivered Mail Returned to Sender\r\n" +
		"Message-ID: <b1@mx.customer.example>\r\nReturn-Path: <>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n" +
		"--r\r\nContent-Type: text/plain\r\n\r\nI could not deliver your message.\r\n" +
		"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\r\n\r\nFinal-Recipient: rfc822; ann@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
		"--r\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: support@contoso.test\r\nTo: ann@customer.example\r\nMessage-ID: <" + about + ">\r\nSubject: Re: Where is it?\r\n" +
		"--r--\r\n")
}

func TestAutomaticMail(t *testing.T) {
	vacation := letter{from: "Ann <ann@customer.example>", subject: "Automatic reply: Where is it?", id: "v@customer.example",
		inReplyTo: []string{"q@customer.example"}, fields: "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n", text: "I am on holiday."}
	for name, c := range map[string]struct {
		mail    []byte
		outcome exdesk.Outcome
		verdict string
		tags    []string
	}{
		"a bounce of a mail on a ticket":      {bounce("q@customer.example"), exdesk.Noted, "bounce", []string{"exdesk_bounce"}},
		"a bounce of a notification":          {bounce("ENCODED_68d65382aa493_4639581606f3_sprut@zendesk.com"), exdesk.Noted, "bounce", []string{"exdesk_bounce"}},
		"a bounce of who knows what":          {bounce("nobody@knows.example"), exdesk.Held, "bounce", nil},
		"out of office, on a ticket":          {vacation.bytes(), exdesk.Noted, "auto-reply", []string{"exdesk_auto_reply"}},
		"out of office, out of the blue":      {letter{from: vacation.from, subject: vacation.subject, id: vacation.id, fields: vacation.fields, text: vacation.text}.bytes(), exdesk.Held, "auto-reply", nil},
		"an alert":                            {letter{from: "Monitor <monitor@tools.example>", subject: "Disk full", id: "m@tools.example", fields: "Auto-Submitted: auto-generated\r\n", text: "/var is full."}.bytes(), exdesk.Created, "generated", []string{"exdesk_automatic", "exdesk_generated"}},
		"a mailing list":                      {letter{from: "Cy <cy@list.example>", to: "list@list.example", subject: "[list] Hi", id: "l@list.example", fields: "List-Id: <list.list.example>\r\nPrecedence: list\r\n", text: "Hi all."}.bytes(), exdesk.Created, "bulk", []string{"exdesk_automatic", "exdesk_bulk"}},
		"another Zendesk account":             {letter{from: "Help <help@vendor.example>", subject: "Request received", id: "z@vendor.example", fields: "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\n", text: "We have it."}.bytes(), exdesk.Created, "zendesk", []string{"exdesk_automatic", "exdesk_zendesk"}},
		"our own notification":                {letter{from: "Support <support@contoso.test>", id: "n@contoso.test", inReplyTo: []string{"q@customer.example"}, fields: "Auto-Submitted: auto-generated\r\nX-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: 68b8aed\r\n", text: "Hello Ann."}.bytes(), exdesk.Held, "own", nil},
		"from the mailbox itself":             {letter{from: "Support <Support@contoso.test>", id: "s@contoso.test", text: "A note to self."}.bytes(), exdesk.Held, "support-address", nil},
		"from another support address":        {letter{from: "Sales <support@acme.zendesk.com>", id: "s2@contoso.test", text: "Please take over."}.bytes(), exdesk.Held, "support-address", nil},
		"from somebody blocked":               {letter{from: "Eve <eve@mail.spam.example>", id: "e@spam.example", text: "Buy."}.bytes(), exdesk.Held, "blocked", nil},
		"from somebody suspended":             {letter{from: "Mal <mal@customer.example>", id: "mal@customer.example", text: "You!"}.bytes(), exdesk.Held, "suspended", nil},
		"X-Auto-Response-Suppress by itself":  {letter{from: "Ann <ann@customer.example>", id: "o@customer.example", fields: "X-Auto-Response-Suppress: DR, OOF, AutoReply\r\n", text: "Another question."}.bytes(), exdesk.Created, "", nil},
		"a question about an automatic reply": {letter{from: "Ann <ann@customer.example>", subject: "Re: Automatic reply: We got your mail", id: "o2@customer.example", text: "When will you answer?"}.bytes(), exdesk.Created, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.opts.Screen = &exdesk.Sieve{Blocked: []string{"spam.example"}}
				w.restart()
				w.support.Suspend("mal@customer.example")
				ticket := w.open()
				time.Sleep(time.Minute)
				id := w.exchange.Deliver([]byte(strings.ReplaceAll(string(c.mail), "ENCODED", strings.ReplaceAll(ticket.EncodedID, "-", ""))))
				res := w.only()
				require.Equal(t, c.outcome, res.Outcome, res.Reason)
				require.Equal(t, c.verdict, res.Verdict)
				require.Equal(t, c.verdict != "", res.Reason != "")
				tickets := w.support.Tickets()
				switch c.outcome {
				case exdesk.Noted:
					require.Len(t, tickets, 1)
					require.Len(t, tickets[0].Comments, 2)
					require.False(t, tickets[0].Comments[1].Public)
					require.Equal(t, "agent@acme.test", tickets[0].Comments[1].Author.Email)
					require.Subset(t, tickets[0].Tags, c.tags)
					require.NotContains(t, tickets[0].Tags, exdesk.TagAutomatic, "a person's ticket stays a person's")
				case exdesk.Created:
					require.Len(t, tickets, 2)
					require.ElementsMatch(t, c.tags, tickets[1].Tags)
				case exdesk.Held:
					require.Len(t, tickets, 1)
					require.Len(t, tickets[0].Comments, 1)
					w.requireHeld(id)
					require.Empty(t, w.ingest().Results, "it is not looked at again")
				}
			})
		})
	}
}

func TestHeldMailIsReleased(t *testing.T) {
	for name, release := range map[string]func(w *world, id string){
		"by Release":  func(w *world, id string) { require.NoError(w, w.conn.Release(w.Context(), id)) },
		"by a person": func(w *world, id string) { w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories = nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				id := w.post(letter{from: "Support <support@contoso.test>", id: "s@contoso.test", subject: "To self", text: "A note."})
				w.ingest()
				w.requireHeld(id)
				release(w, id)
				w.restart()
				require.Equal(t, exdesk.Created, w.only().Outcome)
				w.requireDone(id, "Zendesk")
				require.Empty(t, w.ingest().Results)
			})
		})
	}
}

func TestBrake(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.lift()
		for i := range 30 {
			w.post(letter{from: "Bot <bot@loop.example>", id: fmt.Sprint("m", i, "@loop.example"), text: "Thank you for your mail."})
		}
		w.deliver("ann")
		report := w.ingest()
		require.Equal(t, 21, report.Count(exdesk.Created))
		require.Equal(t, 10, report.Count(exdesk.Held))
		n := len(w.support.Requests())
		w.post(letter{from: "Bot <bot@loop.example>", id: "late@loop.example", text: "Thank you for your mail."})
		require.Equal(t, "brake", w.only().Verdict)
		for _, r := range w.support.Requests()[n:] {
			require.NotContains(t, r.Path, "uploads", "what is braked is not moved")
		}
		time.Sleep(time.Hour)
		w.post(letter{from: "Bot <bot@loop.example>", id: "later@loop.example", text: "Thank you for your mail."})
		require.Equal(t, exdesk.Created, w.only().Outcome)
	})
}

// A mail that fails does not use up its sender's hour.
func TestBrakeCountsWhatWasTaken(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.opts.Brake = &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Hour}
		w.restart()
		w.deliver("ann")
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, Times: 20})
		w.settle()
		w.requireOnce("ann")
	})
}

// A mail that fails while others pass is held in the end, and its story told.
func TestFailingMailIsSetAside(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		bad := w.deliver("bad")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + bad + "/$value", Status: 500, Times: -1})
		begin := time.Now()
		n := 0
		for ; n < 200; n++ {
			w.deliver(fmt.Sprint("m", n))
			report := w.ingest()
			if report.Count(exdesk.Held) == 1 {
				break
			}
			require.Equal(t, 1, report.Count(exdesk.Waiting))
			if n == 20 {
				w.restart() // what was tried is not forgotten
			}
			time.Sleep(30 * time.Second)
		}
		w.requireHeld(bad)
		require.Len(t, w.support.Tickets(), n+1)
		require.Greater(t, time.Since(begin), 10*time.Minute)
		require.Less(t, time.Since(begin), time.Hour)
		story, err := w.conn.Explain(t.Context(), "bad@customer.example")
		require.NoError(t, err)
		require.Contains(t, story.String(), "held at")
		require.Contains(t, story.String(), "[failing]: it failed 6 times while other mail passed, the last time with: ")
		w.heal()
		require.NoError(t, w.conn.Release(t.Context(), bad))
		require.Equal(t, exdesk.Created, w.only().Outcome)
	})
}

// An outage is no mail's fault, however long it takes.
func TestOutageHoldsNothing(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		for i := range 5 {
			w.deliver(fmt.Sprint("m", i))
		}
		w.deskFault(zendesktest.Fault{Status: 503, Times: -1})
		for range 50 {
			_, _ = w.conn.Ingest(t.Context())
			time.Sleep(time.Minute)
		}
		w.heal()
		w.settle()
		require.Len(t, w.support.Tickets(), 5)
	})
}

// screenFunc is a caller's own Screen.
type screenFunc func(s *exdesk.Screening) exdesk.Verdict

func (f screenFunc) Judge(_ context.Context, s *exdesk.Screening) (exdesk.Verdict, error) {
	return f(s), nil
}

func TestOwnScreen(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.opts.Screen = screenFunc(func(s *exdesk.Screening) exdesk.Verdict {
			switch s.Message.Subject {
			case "About spam":
				return exdesk.Verdict{Name: "spam", Place: exdesk.AsReject, Reason: "it is spam"}
			case "About vip":
				return exdesk.Verdict{Name: "vip", Tags: []string{"vip"}}
			}
			return exdesk.Verdict{}
		})
		w.restart()
		spam, vip := w.deliver("spam"), w.deliver("vip")
		report := w.ingest()
		require.Equal(t, "it is spam", outcome(t, report, spam).Reason)
		w.requireDone(spam, "Zendesk", "RejectedByZendesk")
		require.Equal(t, "vip", outcome(t, report, vip).Verdict)
		require.Equal(t, []string{"vip"}, w.support.Tickets()[0].Tags)
	})
}

// Neither an agent nor the desk itself becomes a requester by Reply-To, and
// support addresses are not copied.
func TestReplyToAndSupportAddresses(t *testing.T) {
	for _, c := range []struct{ replyTo, requester string }{
		{"cara@customer.example", "cara@customer.example"},
		{"gus@contoso.test", "ann@customer.example"},
		{"support@contoso.test", "ann@customer.example"},
		{"support@acme.zendesk.com", "ann@customer.example"},
	} {
		inBubble(t, nil, &zendesktest.Options{Agents: []string{"gus@contoso.test"}}, func(t *testing.T, w *world) {
			w.post(letter{from: "Ann <ann@customer.example>", replyTo: c.replyTo, cc: "Support@acme.zendesk.com, bob@customer.example", id: "x@y.example", text: "Hi."})
			require.Equal(t, exdesk.Created, w.only().Outcome)
			ticket := w.support.Tickets()[0]
			require.Equal(t, c.requester, ticket.Requester.Email)
			if c.requester == "ann@customer.example" {
				require.Equal(t, []string{"bob@customer.example"}, ticket.EmailCCs)
			} else {
				require.Empty(t, ticket.EmailCCs)
				require.Contains(t, ticket.Comments[0].Body, "Not copied, because the sender wants somebody else to be answered: bob@customer.example")
			}
		})
	}
}

// The log tells what happens to each mail and nothing that is in it.
func TestLogIsDiscreet(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		var log strings.Builder
		w.opts.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.restart()
		w.post(question)
		w.ingest()
		time.Sleep(time.Minute)
		w.post(answer)
		w.exchange.Deliver(bounce("q@customer.example"))
		w.exchange.Deliver([]byte("From: joe@nowhere\r\nTo: x@y.example\r\nSubject: secret\r\n\r\nhi\r\n"))
		w.deliver("bob")
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 422, Body: `{"error":"RecordInvalid","details":{"requester":[{"description":"Requester: bob@customer.example is bad"}]}}`})
		w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/1", Commit: true, Status: 504})
		w.labelsFail()
		w.ingest()
		w.heal()
		w.ingest()
		require.Contains(t, log.String(), `"mailbox":"support@contoso.test"`)
		for _, outcome := range []string{"ticket", "comment", "note", "rejected"} {
			require.Contains(t, log.String(), `"outcome":"`+outcome+`"`)
		}
		for _, secret := range []string{"customer.example", "Where is", "order 12", "secret", "joe@nowhere", w.exchange.Token(), w.support.Token()} {
			require.NotContains(t, log.String(), secret)
		}
	})
}
