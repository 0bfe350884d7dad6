package exdesk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// inBubble runs f in a world of virtual time.
func inBubble(t *testing.T, g *graphtest.Options, z *zendesktest.Options, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t, g, z)) })
}

func TestMailBecomesTicket(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.exchange.Deliver([]byte("From: =?utf-8?q?Zo=C3=AB?= <zoe@customer.example>\r\n" +
			"To: Support <support@contoso.test>, sales@contoso.test\r\nCc: \"B, C\" <b@customer.example>\r\n" +
			"Reply-To: desk@customer.example\r\nSubject: Hello {{ticket.id}}\r\nMessage-ID: <1@customer.example>\r\n" +
			"Content-Type: text/plain\r\n\r\nTwo  spaces\r\nand *stars*.\r\n"))
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories = []string{"Blue"} })
		var heard []*exdesk.Message
		w.opts.OnResult = func(r *exdesk.Result) { heard = append(heard, r.Message) }
		w.opts.Policy.Trusted = []string{"customer.example"} // may have others answered, and copy people nevertheless
		w.restart()
		report := w.ingest()
		require.Equal(t, "1 mail: 1 ticket", report.String())
		require.Equal(t, []string{"Zendesk"}, report.Results[0].Labels)
		require.Nil(t, report.Results[0].Message)
		require.Equal(t, "Two  spaces\nand *stars*.\n", heard[0].Text)
		require.Equal(t, exdesk.Address{Name: "Zoë", Address: "zoe@customer.example"}, heard[0].From)

		tickets := w.support.Tickets()
		require.Len(t, tickets, 1)
		ticket := tickets[0]
		require.Equal(t, "desk@customer.example", ticket.Requester.Email)
		require.Equal(t, "support@contoso.test", ticket.Recipient)
		require.Equal(t, []string{"sales@contoso.test", "b@customer.example"}, ticket.EmailCCs)
		require.NotContains(t, ticket.Subject, "{{")
		require.True(t, ticket.Comments[0].Public)
		require.Contains(t, ticket.Comments[0].HTML, "Two &nbsp;spaces<br>")

		w.requireDone(id, "Blue", "Zendesk")
		m, _ := w.exchange.Message(id)
		require.Contains(t, fmt.Sprint(m.Properties), `"outcome":"ticket","ticket":1`)

		require.Empty(t, w.ingest().Results, "done is done")
		w.exchange.Edit(id, func(m *graphtest.Message) { m.IsRead = false })
		require.Empty(t, w.ingest().Results, "a mail marked unread again keeps its category")
	})
}

func TestFilesReachTheTicketUnharmed(t *testing.T) {
	for _, raw := range []bool{false, true} {
		inBubble(t, &graphtest.Options{Raw: raw}, nil, func(t *testing.T, w *world) {
			w.exchange.Deliver(mime("ann", "Content-Type: multipart/related; boundary=r\r\n\r\n"+
				"--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Look: <img src=\"cid:pic@x\"></p>\r\n"+
				"--r\r\nContent-Type: image/png; name=pic.png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline; filename=pic.png\r\n"+
				"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n"))
			w.exchange.Deliver(withFile("bob", 3<<20))
			w.ingest()
			tickets := w.support.Tickets()
			require.Len(t, tickets, 2)
			comment := tickets[0].Comments[0]
			require.Len(t, comment.Attachments, 1)
			require.Equal(t, "pic.png", comment.Attachments[0].Name)
			require.EqualValues(t, 8, comment.Attachments[0].Size)
			require.NotContains(t, comment.HTML, "cid:")
			require.Contains(t, comment.HTML, `<img src="http`)
			file := tickets[1].Comments[0].Attachments[0]
			require.Equal(t, "bob.pdf", file.Name)
			require.EqualValues(t, 3<<20, file.Size)
		})
	}
}

func TestRejections(t *testing.T) {
	for _, c := range []struct{ name, mail, reason string }{
		{"no From", "To: support@contoso.test\r\nSubject: x\r\n\r\nhi", "From field is missing"},
		{"empty From", "From: \r\nTo: support@contoso.test\r\n\r\nhi", "From field names no address"},
		{"From without a domain", "From: Mail System <MAILER-DAEMON>\r\nTo: support@contoso.test\r\n\r\nhi", "MAILER-DAEMON has no domain"},
		{"no To", "From: a@customer.example\r\n\r\nhi", "To field is missing"},
		{"empty To", "From: a@customer.example\r\nTo:\r\n\r\nhi", "To field is empty"},
		{"corrupt file", "From: a@customer.example\r\nTo: support@contoso.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			strings.Repeat("iVBORw0K!!!!(((\r\n", 50) + "--b--\r\n", "part 2"},
		{"refused requester", "From: root@localhost\r\nTo: support@contoso.test\r\n\r\nhi", "Zendesk refused the ticket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, w *world) {
				bad := w.exchange.Deliver([]byte(c.mail))
				good := w.deliver("ann")
				report := w.ingest()
				res := outcome(t, report, bad)
				require.Equal(t, exdesk.Rejected, res.Outcome)
				require.Contains(t, res.Reason, c.reason)
				w.requireDone(bad, "Zendesk", "RejectedByZendesk")
				m, _ := w.exchange.Message(bad)
				require.Contains(t, fmt.Sprint(m.Properties), c.reason, "the reason is on the mail")
				w.requireDone(good, "Zendesk")
				w.requireOnce("ann")
				for _, u := range w.support.Uploads() {
					require.True(t, u.Used, "nothing is uploaded for a rejected mail: %+v", u)
				}

				// A person mends the world and asks for another try.
				w.exchange.Edit(bad, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
				require.Equal(t, exdesk.Rejected, outcome(t, w.ingest(), bad).Outcome)
			})
		})
	}
}

func TestDryRun(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		mail := plain("old")
		w.exchange.Deliver(mail)
		w.ingest()
		w.opts.DryRun = true
		w.connect()
		time.Sleep(time.Second)
		begin := time.Now()
		ids := []string{w.deliver("ann"), w.exchange.Deliver(withFile("bob", 200_000)), w.exchange.Deliver(mail),
			w.exchange.Deliver([]byte("From: eve@customer.example\r\n\r\nno To"))}
		for range 2 {
			report := w.ingest()
			require.Equal(t, "4 mails: 2 tickets, 1 rejected, 1 duplicate", report.String())
			for _, id := range ids {
				w.requireUntouched(id)
				require.Empty(t, outcome(t, report, id).Labels)
			}
		}
		require.Len(t, w.support.Tickets(), 1)
		require.Empty(t, w.support.Uploads())
		for _, r := range w.support.Requests() {
			require.True(t, r.Method == "GET" || r.At.Before(begin), "%s %s", r.Method, r.Path)
		}
	})
}

func TestRejectionIsTakenBack(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 422})
		w.ingest()
		w.requireDone(id, "Zendesk", "RejectedByZendesk")
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = []string{"RejectedByZendesk", "Blue"}, false })
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		w.requireDone(id, "Blue", "Zendesk")
	})
}

func TestBlindCopyIsNoRejection(t *testing.T) {
	inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, w *world) {
		w.exchange.Deliver([]byte("From: a@customer.example\r\nTo: undisclosed-recipients:;\r\nSubject: About bcc\r\n\r\nhi"))
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		w.requireOnce("bcc")
	})
}

func TestTooLargeIsNotDownloaded(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id, err := w.exchange.DeliverTo(w.exchange.Mailbox(), plain("ann"), &graphtest.Delivery{Size: 51 << 20})
		require.NoError(t, err)
		report := w.ingest()
		require.Equal(t, "the mail has 51 MB, and at most 50 MB can be imported, attachments included: "+
			"ask the sender to compress the files or to share them by a link", report.Results[0].Reason)
		w.requireDone(id, "Zendesk", "RejectedByZendesk")
		for _, r := range w.exchange.Requests() {
			require.NotContains(t, r.Path, "$value")
		}
	})
}

func TestStreamIsCutOffWhereTheSizeLied(t *testing.T) {
	inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, w *world) {
		w.opts.MaxBytes = 1 << 20
		w.restart()
		id, err := w.exchange.DeliverTo(w.exchange.Mailbox(), withFile("ann", 4<<20), &graphtest.Delivery{Size: 1000})
		require.NoError(t, err)
		report := w.ingest()
		require.Equal(t, exdesk.Rejected, report.Results[0].Outcome)
		require.Contains(t, report.Results[0].Reason, "at most 1 MB")
		w.requireDone(id, "Zendesk", "RejectedByZendesk")
		time.Sleep(time.Second) // until the account has noticed
		require.Empty(t, w.support.Uploads())
		require.Equal(t, 1, w.support.Aborted())
	})
}

func TestDuplicateNeedsMessageIDAndContent(t *testing.T) {
	inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, w *world) {
		first := plain("ann")
		a, b := w.exchange.Deliver(first), w.exchange.Deliver(first)
		other := w.exchange.Deliver([]byte(strings.Replace(string(first), "Hello from ann", "Something else", 1)))
		file1, file2 := withFile("bob", 100), withFile("bob", 101)
		c, d := w.exchange.Deliver(file1), w.exchange.Deliver(file2)
		report := w.ingest()
		require.Equal(t, exdesk.Created, outcome(t, report, a).Outcome)
		require.Equal(t, exdesk.Duplicate, outcome(t, report, b).Outcome)
		require.Equal(t, outcome(t, report, a).Ticket, outcome(t, report, b).Ticket)
		for id, reused := range map[string]bool{other: true, c: false, d: true} {
			res := outcome(t, report, id)
			require.Equal(t, exdesk.Created, res.Outcome)
			require.Equal(t, reused, res.MessageIDReused)
		}
		w.requireOnce("ann", "ann", "bob", "bob")

		// A process that knows nothing of it, on new copies, at once and when
		// Zendesk has forgotten the keys.
		for range 2 {
			w.restart()
			report = w.settled(w.exchange.Deliver(first), w.exchange.Deliver(file2), w.exchange.Deliver(
				[]byte(strings.Replace(string(first), "Hello from ann", "Something else", 1))))
			require.Equal(t, 3, report.Count(exdesk.Duplicate), report)
			time.Sleep(3 * time.Hour)
			w.renew()
		}
		w.requireOnce("ann", "ann", "bob", "bob")
	})
}

// settled runs a pass over mails that were just delivered.
func (w *world) settled(ids ...string) *exdesk.Report {
	w.Helper()
	report := w.ingest()
	require.Len(w, report.Results, len(ids))
	return report
}

func TestTakenAwayLabelIsPutBack(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.ingest()
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		w.restart()
		require.Equal(t, 1, w.ingest().Count(exdesk.Relabelled))
		w.requireDone(id, "Zendesk")
		w.requireOnce("ann")

		// If somebody deleted the ticket too, it is a wish for another one.
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		w.support.Edit(1, func(t *zendesktest.Ticket) { t.Deleted = true })
		require.Equal(t, 1, w.ingest().Count(exdesk.Waiting), "it may be too new to be seen")
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		w.requireDone(id, "Zendesk")
		require.EqualValues(t, 2, w.support.Tickets()[len(w.support.Tickets())-1].ID)
	})
}

func TestRateIsKeptInAnyMinute(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 80 {
			w.deliver(fmt.Sprint("m", i))
		}
		require.Equal(t, 80, w.ingest().Count(exdesk.Created))
		var opened []time.Time
		for _, r := range w.exchange.Requests() {
			if strings.HasSuffix(r.Path, "$value") {
				opened = append(opened, r.At)
			}
		}
		require.Len(t, opened, 80)
		require.Equal(t, 25, worst(opened, time.Minute))
	})
}

func TestLabelsDoNotWaitForTheWindow(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 26 {
			w.deliver(fmt.Sprint("m", i))
		}
		begin := time.Now()
		w.opts.OnResult = func(r *exdesk.Result) {
			if r.Mail.Subject != "About m25" {
				require.Less(t, time.Since(begin), 30*time.Second)
			}
		}
		w.restart()
		w.ingest()
	})
}

func TestRequestsPerMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 100 {
			w.deliver(fmt.Sprint("m", i))
		}
		require.Equal(t, 100, w.ingest().Count(exdesk.Created))
		spent := float64(w.exchange.Count()+w.support.Count()) / 100
		t.Logf("%.2f requests a mail", spent)
		require.LessOrEqual(t, spent, 2.2)
	})
}

func TestManyPagesLoseNobody(t *testing.T) {
	inBubble(t, &graphtest.Options{PageSize: 40, EmptyPages: 3}, &zendesktest.Options{RateLimit: -1}, func(t *testing.T, w *world) {
		w.lift()
		for i := range 1300 { // more than a snapshot
			w.deliver(fmt.Sprint("m", i))
			if i%100 == 0 {
				time.Sleep(time.Second)
			}
		}
		require.Equal(t, 1300, w.ingest().Count(exdesk.Created))
		require.Len(t, w.support.Tickets(), 1300)
	})
}

func TestTrouble(t *testing.T) {
	value, batch := "/v1.0/users/*/messages/*/$value", "/v1.0/$batch"
	list := "/v1.0/users/*/mailFolders/inbox/messages"
	for _, c := range []struct {
		name  string
		graph graphtest.Fault
		desk  zendesktest.Fault
	}{
		{name: "list 429", graph: graphtest.Fault{Path: list, Status: 429, RetryAfter: "20"}},
		{name: "list 429 without Retry-After", graph: graphtest.Fault{Path: list, Status: 429, Times: 3}},
		{name: "list 503", graph: graphtest.Fault{Path: list, Status: 503}},
		{name: "list 504", graph: graphtest.Fault{Path: list, Status: 504, Times: 6}},
		{name: "list dropped", graph: graphtest.Fault{Path: list, Drop: true}},
		{name: "list cut", graph: graphtest.Fault{Path: list, Cut: 700}},
		{name: "list is no JSON", graph: graphtest.Fault{Path: list, Status: 200, Body: `{"value":[{"id":"A",`}},
		{name: "list holds an error", graph: graphtest.Fault{Path: list, Status: 200, Body: `{"value":[],"error":{"code":"ErrorInvalidIdMalformed"}}`}},
		{name: "open 429", graph: graphtest.Fault{Path: value, Status: 429, RetryAfter: "20"}},
		{name: "open 503", graph: graphtest.Fault{Path: value, Status: 503, Times: 5}},
		{name: "open dropped", graph: graphtest.Fault{Path: value, Drop: true, Times: 5}},
		{name: "open cut", graph: graphtest.Fault{Path: value, Cut: 300, Times: 4}},
		{name: "open stalls", graph: graphtest.Fault{Path: value, Hang: true}},
		{name: "label 429", graph: graphtest.Fault{Path: batch, Status: 429}},
		{name: "label 503", graph: graphtest.Fault{Path: batch, Status: 503, Times: 5}},
		{name: "label lost", graph: graphtest.Fault{Path: batch, Skip: 1, Commit: true, Drop: true, Times: 5}},
		{name: "label items 429", graph: graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 429, RetryAfter: "3", Times: 4}},
		{name: "label items 503", graph: graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 503, Times: 20}},
		{name: "label conflict", graph: graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 412, Code: "ErrorIrresolvableConflict", Times: 3}},
		{name: "upload 429", desk: zendesktest.Fault{Path: "/api/v2/uploads", Status: 429, RetryAfter: "9"}},
		{name: "upload 503", desk: zendesktest.Fault{Path: "/api/v2/uploads", Status: 503, Times: 3}},
		{name: "upload dropped", desk: zendesktest.Fault{Path: "/api/v2/uploads", Drop: true, Times: 3}},
		{name: "upload lost", desk: zendesktest.Fault{Path: "/api/v2/uploads", Commit: true, Drop: true, Times: 3}},
		{name: "ticket 429", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 429, RetryAfter: "31"}},
		{name: "ticket 503", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, Times: 4}},
		{name: "ticket 503 after the deed", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, RetryAfter: "5", Commit: true, Times: 4}},
		{name: "ticket 504 after the deed", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 504, Commit: true, Times: 4}},
		{name: "ticket answer lost", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Drop: true, Times: 4}},
		{name: "ticket answer cut", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Cut: 50, Times: 4}},
		{name: "ticket answer no JSON", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Status: 201, Body: "<html>"}},
		{name: "ticket never heard", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Drop: true, Times: 4}},
		{name: "ticket stalls", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Hang: true}},
		{name: "look-up 503", desk: zendesktest.Fault{Method: "GET", Path: "/api/v2/tickets", Status: 503, Times: 9}},
		{name: "lost, and look-ups fail", desk: zendesktest.Fault{Path: "/api/v2/tickets", Commit: true, Drop: true, Times: 9}},
	} {
		for _, z := range []*zendesktest.Options{
			nil,
			{LookupLag: 90 * time.Second, InFlight: zendesktest.InFlightWait},
			{RememberFailures: true, LooseKeys: true},
		} {
			t.Run(fmt.Sprintf("%s/%+v", c.name, z != nil && z.RememberFailures), func(t *testing.T) {
				inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, withLife(z), func(t *testing.T, w *world) {
					w.lift()
					ids := []string{w.deliver("ann"), w.exchange.Deliver(withFile("bob", 1000)), w.exchange.Deliver(withFile("eve", 300_000)), w.deliver("joe")}
					if c.graph != (graphtest.Fault{}) {
						w.graphFault(c.graph)
					}
					if c.desk != (zendesktest.Fault{}) {
						w.deskFault(c.desk)
					}
					w.settle()
					w.requireOnce("ann", "bob", "eve", "joe")
					for _, id := range ids {
						w.requireDone(id, "Zendesk")
					}
				})
			})
		}
	}
}

func withLife(z *zendesktest.Options) *zendesktest.Options {
	var o zendesktest.Options
	if z != nil {
		o = *z
	}
	o.TokenLife = 100 * time.Hour
	return &o
}

// While trouble lasts, a mail is untouched and its error clear, and the others
// go on.
func TestLastingTroubleWithOneMail(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph graphtest.Fault
		desk  zendesktest.Fault
		class error
		says  string
	}{
		{name: "open", graph: graphtest.Fault{Status: 503}, class: exdesk.ErrTemporary, says: "graph: open message: 503"},
		{name: "cut", graph: graphtest.Fault{Cut: 200}, class: exdesk.ErrTemporary, says: "the mail broke off while it was fetched"},
		{name: "ticket", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Contains: "About ann", Status: 503}, class: exdesk.ErrTemporary, says: "zendesk: create ticket: 503"},
		{name: "forbidden", desk: zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Contains: "About ann", Status: 403}, class: exdesk.ErrAccess, says: "scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, nil, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
				bad := w.deliver("ann")
				if c.graph != (graphtest.Fault{}) {
					c.graph.Path, c.graph.Times = "/v1.0/users/*/messages/"+bad+"/$value", -1
					w.graphFault(c.graph)
				} else {
					c.desk.Times = -1
					w.deskFault(c.desk)
				}
				good := []string{w.deliver("bob"), w.deliver("eve")}
				report := w.ingest()
				res := outcome(t, report, bad)
				require.Equal(t, exdesk.Waiting, res.Outcome)
				require.ErrorContains(t, res.Err, c.says)
				if c.class != nil {
					require.ErrorIs(t, res.Err, c.class)
				}
				w.requireUntouched(bad)
				for _, id := range good {
					w.requireDone(id, "Zendesk")
				}
				w.requireOnce("bob", "eve")
				w.heal()
				w.settle()
				w.requireOnce("ann", "bob", "eve")
			})
		})
	}
}

func TestServiceDownEndsThePass(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 40 {
			w.deliver(fmt.Sprint("m", i))
		}
		w.deskFault(zendesktest.Fault{Status: 503, Times: -1})
		report, err := w.conn.Ingest(t.Context())
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.Equal(t, 13, report.Count(exdesk.Waiting), "ten and three of the newest")
		w.heal()
		report = w.ingest()
		require.Equal(t, 40, report.Count(exdesk.Created))
		require.Equal(t, "About m10", report.Results[0].Mail.Subject, "who failed comes last")
	})
}

func TestGoneMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		gone := w.deliver("ann")
		w.deliver("bob")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + gone + "/$value", Status: 404, Code: "ErrorItemNotFound"})
		report := w.ingest()
		require.Equal(t, exdesk.Gone, outcome(t, report, gone).Outcome)
		w.requireOnce("bob")

		// Gone between ticket and label: nothing is left to label.
		id := w.deliver("eve")
		w.heal()
		w.graphFault(graphtest.Fault{Path: "/v1.0/$batch", Delay: graphtest.Duration(time.Minute)})
		time.AfterFunc(30*time.Second, func() { w.exchange.Remove(id) })
		report = w.ingest()
		require.Equal(t, exdesk.Created, outcome(t, report, id).Outcome)
		require.NoError(t, outcome(t, report, id).Err)
		require.Empty(t, outcome(t, report, id).Labels)
	})
}

func TestCorruptItemIsRejected(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.exchange.BreakMIME(id, "")
		w.exchange.Poison(id) // its JSON form is damaged as well
		report := w.ingest()
		require.Equal(t, exdesk.Rejected, report.Results[0].Outcome)
		require.Equal(t, "the mailbox cannot produce the mail: Exchange cannot turn its copy of the mail into MIME", report.Results[0].Reason)
		w.requireDone(id, "Zendesk", "RejectedByZendesk")
	})
}

func TestForeignNextLink(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox/messages", Status: 200,
			Body: `{"value":[],"@odata.nextLink":"https://graph.evil.example/v1.0/users/x/messages?$skip=10"}`})
		_, err := w.conn.Ingest(t.Context())
		require.ErrorContains(t, err, "foreign host")
		w.requireUntouched(id)
		w.settle()
	})
}

func TestExpiredTokens(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		id := w.deliver("ann")
		w.exchange.ExpireTokens()
		_, err := w.conn.Ingest(t.Context())
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.ErrorContains(t, err, "sign in again")
		token, _ := w.tokens.graph.Token()
		require.NotContains(t, err.Error(), token.AccessToken)
		w.renew()
		w.support.ExpireTokens()
		report, err := w.conn.Ingest(t.Context())
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.Equal(t, exdesk.Waiting, outcome(t, report, id).Outcome)
		w.requireUntouched(id)
		w.renew()
		w.settle()
		w.requireOnce("ann")
	})
}

func TestRefusedFileIsNamed(t *testing.T) {
	inBubble(t, nil, &zendesktest.Options{RefuseTypes: []string{".pdf"}, RefuseEmpty: true}, func(t *testing.T, w *world) {
		w.exchange.Deliver(withFile("bob", 100))
		w.exchange.Deliver(withFile("big", 200_000))
		require.Equal(t, 2, w.ingest().Count(exdesk.Created))
		for i, name := range []string{"bob.pdf", "big.pdf"} {
			c := w.support.Tickets()[i].Comments[0]
			require.Empty(t, c.Attachments)
			require.Contains(t, c.HTML, "Not attached")
			require.Contains(t, c.HTML, name)
		}
	})
}

func TestAboveTheAccountsAttachmentSize(t *testing.T) {
	for _, status := range []int{413, 422} {
		inBubble(t, nil, &zendesktest.Options{AttachmentLimit: 100_000, OversizeStatus: status}, func(t *testing.T, w *world) {
			w.exchange.Deliver(withFile("bob", 400_000))
			require.Equal(t, 1, w.ingest().Count(exdesk.Created))
			require.Contains(t, w.support.Tickets()[0].Comments[0].HTML, "bob.pdf")
		})
	}
}

func TestLongTextIsAttachedWhole(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		text := strings.Repeat("All work and no play makes a long mail.\r\n", 5000)
		w.exchange.Deliver(mime("ann", "Content-Type: text/plain\r\n\r\n"+text))
		w.exchange.Deliver(mime("bob", "Content-Type: text/html\r\n\r\n<p>"+text[:64_000]+"</p>"))
		require.Equal(t, 2, w.ingest().Count(exdesk.Created))
		for i, name := range []string{"message.txt", "message.html"} {
			c := w.support.Tickets()[i].Comments[0]
			require.False(t, c.Cut, "Zendesk had nothing to cut")
			require.Len(t, c.Attachments, 1)
			require.Equal(t, name, c.Attachments[0].Name)
		}
		require.EqualValues(t, len(strings.ReplaceAll(text, "\r\n", "\n")), w.support.Tickets()[0].Comments[0].Attachments[0].Size)
	})
}

func TestInterruptedPassLabelsWhatIsDone(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		first := w.deliver("ann")
		second := w.deliver("bob")
		ctx, cancel := context.WithCancel(t.Context())
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + second + "/$value", Hang: true})
		time.AfterFunc(10*time.Second, cancel)
		_, err := w.conn.Ingest(ctx)
		require.ErrorIs(t, err, context.Canceled)
		w.requireDone(first, "Zendesk")
		w.requireUntouched(second)
		w.settle()
		w.requireOnce("ann", "bob")
	})
}

func TestAnswerLostAndForgotten(t *testing.T) {
	// The answer is lost, the process dies, and Zendesk forgets the key before
	// it comes back.
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
		for _, away := range []time.Duration{time.Second, time.Hour, 119 * time.Minute, 3 * time.Hour, 50 * time.Hour} {
			name := "after" + away.String()
			w.deliver(name)
			w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Commit: true, Drop: true, Times: -1})
			w.deskFault(zendesktest.Fault{Method: "GET", Path: "/api/v2/tickets", Status: 503, Times: -1})
			_, _ = w.conn.Ingest(t.Context())
			w.heal()
			w.restart()
			time.Sleep(away)
			w.settle()
		}
		require.Len(t, w.support.Tickets(), 5)
	})
}

// A server whose clock runs ahead forgets keys before our clock says so.
func TestDesksClockCounts(t *testing.T) {
	inBubble(t, &graphtest.Options{TokenLife: 100 * time.Hour}, &zendesktest.Options{TokenLife: 100 * time.Hour}, func(t *testing.T, w *world) {
		w.deliver("ann")
		w.graphFault(graphtest.Fault{Path: "/v1.0/$batch", Status: 503, Times: -1})
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		w.heal()
		w.restart()
		w.advance(3 * time.Hour)
		w.settle()
		w.requireOnce("ann")
	})
}

func TestAuditsForbidden(t *testing.T) {
	inBubble(t, nil, &zendesktest.Options{NoAudits: true}, func(t *testing.T, w *world) {
		w.tokens.zendesk.set(w.support.TokenFor("tickets:read", "tickets:write"))
		mail := plain("ann")
		w.exchange.Deliver(mail)
		require.Equal(t, 1, w.ingest().Count(exdesk.Created))
		again := w.exchange.Deliver(mail)
		report := w.ingest()
		require.Equal(t, exdesk.Waiting, outcome(t, report, again).Outcome, "neither lost nor doubled on a guess")
		require.ErrorIs(t, outcome(t, report, again).Err, exdesk.ErrAccess)
		w.requireUntouched(again)
	})
}

func TestOnPremises(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.graphFault(graphtest.Fault{Status: 404, Code: "MailboxNotEnabledForRESTAPI", Times: -1})
		_, err := w.conn.Ingest(t.Context())
		require.ErrorIs(t, err, exdesk.ErrAccess)
		require.ErrorContains(t, err, "authenticated SMTP connector")
	})
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := exdesk.New(nil, nil, nil)
	require.Error(t, err)
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		_, err := exdesk.New(w.mailbox, w.desk, &exdesk.Options{Labels: exdesk.Labels{Processed: "X", Rejected: "X"}})
		require.Error(t, err)
		w.opts.Labels = exdesk.Labels{Processed: "Done", Rejected: "NotDone"}
		w.restart()
		id := w.exchange.Deliver([]byte("From: a@customer.example\r\n\r\nx"))
		w.ingest()
		w.requireDone(id, "Done", "NotDone")
	})
}

// Passes of one Connector do not overlap.
func TestConcurrentIngest(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		for i := range 10 {
			w.deliver(fmt.Sprint("m", i))
		}
		done := make(chan int)
		for range 4 {
			go func() {
				r, err := w.conn.Ingest(t.Context())
				if err != nil {
					panic(err)
				}
				done <- r.Count(exdesk.Created)
			}()
		}
		require.Equal(t, 10, <-done+<-done+<-done+<-done)
		require.Len(t, w.support.Tickets(), 10)
	})
}

// Two processes on one mailbox by mistake.
func TestTwoConnectors(t *testing.T) {
	for _, inFlight := range []zendesktest.InFlight{zendesktest.InFlightConflict, zendesktest.InFlightWait} {
		inBubble(t, nil, &zendesktest.Options{InFlight: inFlight, Think: time.Second}, func(t *testing.T, w *world) {
			for i := range 10 {
				w.deliver(fmt.Sprint("m", i))
				w.exchange.Deliver(withFile(fmt.Sprint("f", i), 2000))
			}
			other, err := exdesk.New(w.mailbox, w.desk, nil)
			require.NoError(t, err)
			done := make(chan error)
			go func() { _, err := other.Ingest(t.Context()); done <- err }()
			w.settle()
			require.NoError(t, <-done)
			w.settle()
			require.Len(t, w.support.Tickets(), 20)
		})
	}
}
