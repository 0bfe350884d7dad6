package contracts_test

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// arrivals is mail of every sort, and what becomes of it.
func (w *world) arrivals() {
	w.Helper()
	w.exchange.Deliver(letter("plain", toSupport, text))
	w.exchange.Deliver(letter("page", toSupport+"Cc: dora@customer.example, support@acme.zendesk.com\r\n", page))
	w.exchange.Deliver(letter("file", toSupport, withFile(10_000)))
	w.exchange.Deliver(letter("large", toSupport, withFile(300_000)))
	w.exchange.Deliver(letter("long", toSupport, "\r\n"+strings.Repeat("All work and no play. ", 5000)))
	w.exchange.Deliver(letter("nobody", "", text))
	w.exchange.Deliver(letter("broken", toSupport, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n====!\r\n--b--\r\n"))
	w.exchange.Deliver(letter("away", toSupport+"Auto-Submitted: auto-replied\r\nIn-Reply-To: <plain@customer.example>\r\n", text))
	w.exchange.Deliver(letter("bounce", toSupport+"Return-Path: <>\r\n", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"+
		"--b\r\n\r\nNot delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"))
	_, err := w.exchange.DeliverTo(w.exchange.Mailbox(), letter("huge", toSupport, text), &graphtest.Delivery{Size: 60 << 20})
	require.NoError(w, err)
	w.exchange.Conflict(1)
	w.settle()
}

// replies go to tickets that are open, closed, merged and deleted, from their
// requester, from an agent and from a stranger.
func (w *world) replies() {
	w.Helper()
	w.support.AddUser(zendesktest.User{Name: "Gil", Email: "agent@customer.example", Role: "agent"})
	reply := func(name, to string) {
		w.exchange.Deliver([]byte(strings.Replace(string(letter(name, toSupport+"In-Reply-To: <"+to+"@customer.example>\r\n", text)),
			"From: "+name+" <"+name+"@", "From: "+to+" <"+to+"@", 1)))
	}
	reply("second", "plain")
	w.settle()
	w.exchange.Deliver(letter("agent", toSupport+"In-Reply-To: <plain@customer.example>\r\n", text))
	w.exchange.Deliver(letter("stranger", toSupport+"Cc: eve@customer.example\r\nIn-Reply-To: <plain@customer.example>\r\n", withFile(100)))
	tickets := w.support.Tickets()
	for i, name := range []string{"page", "file", "large"} {
		for _, t := range tickets {
			if t.Subject != "About "+name {
				continue
			}
			switch i {
			case 0:
				w.support.Edit(t.ID, func(t *zendesktest.Ticket) { t.Status = "closed" })
			case 1:
				w.support.Merge(tickets[0].ID, t.ID)
			case 2:
				w.support.Edit(t.ID, func(t *zendesktest.Ticket) { t.Deleted = true })
			}
		}
		reply("again-"+name, name)
	}
	for _, who := range []string{"<plain@", "<agent@"} {
		w.exchange.Deliver([]byte(strings.NewReplacer("Where is my order?", "["+tickets[0].EncodedID+"]", "From: encoded <encoded@", "From: "+who).
			Replace(string(letter("encoded", toSupport, text)))))
	}
	w.connect() // nothing is remembered
	w.settle()
	for _, m := range w.exchange.Messages() {
		if len(m.Categories) > 0 && m.Categories[0] == "ZendeskHeld" {
			_ = w.conn.Release(w.Context(), m.ID)
		}
	}
	w.settle()
	for _, what := range []string{"#1", "<plain@customer.example>"} {
		_, _ = w.conn.Explain(w.Context(), what)
	}
}

// past is mail from before, which is imported.
func (w *world) past() {
	w.Helper()
	for _, name := range []string{"old", "older"} {
		_, err := w.exchange.DeliverTo(w.exchange.Mailbox(), letter(name, toSupport, withFile(100)), &graphtest.Delivery{Read: true})
		require.NoError(w, err)
	}
	_, _ = w.conn.Import(w.Context(), 300)
}

// damaged mail cannot be read in one piece, or not at all.
func (w *world) damaged() {
	w.Helper()
	w.exchange.BreakMIME(w.exchange.Deliver(letter("unreadable", toSupport, withFile(100))), "ErrorMimeContentConversionFailed")
	w.exchange.Poison(w.exchange.Deliver(letter("poison", toSupport, text)))
	for range 5 {
		_, _ = w.conn.Ingest(w.Context())
		time.Sleep(time.Minute)
	}
}

// inbound is all of this.
func (w *world) inbound() {
	w.arrivals()
	if w.scopes != nil { // nothing can come of it before there are rights
		require.Empty(w, w.support.Tickets())
		w.scopes = append(w.scopes, "users:write", "ticket_attachments:write")
		w.settle()
	}
	require.NotEmpty(w, w.support.Tickets())
	w.replies()
	w.past()
	w.damaged()
}

// requireDone says that the mail came to the ends that it should come to.
func (w *world) requireDone() {
	w.Helper()
	ends := make(map[string]int)
	for _, m := range w.exchange.Messages() {
		for _, c := range m.Categories {
			ends[c]++
		}
	}
	require.GreaterOrEqual(w, ends["Zendesk"], 12)
	require.GreaterOrEqual(w, ends["RejectedByZendesk"], 2)
}
