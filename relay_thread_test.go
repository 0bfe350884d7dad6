package exdesk_test

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

var protected = []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id"}

// noticeOf is Zendesk's notification of an answer on a ticket.
func noticeOf(encoded string) string {
	text := strings.NewReplacer("56Z97D7G67G", strings.ReplaceAll(encoded, "-", ""), "56Z97D-7G67G", encoded, "<one@customer.example>\r\n <two@customer.example>", "<q@customer.example>").Replace(notice("ann"))
	return strings.Replace(text, "To: ann@customer.example", "To: Ann <ann@customer.example>\r\nCc: bob@customer.example", 1)
}

// answerTo writes the customer's answer as a mail program does, from what
// arrived and nothing else.
func answerTo(t *testing.T, arrived []byte, quote bool) letter {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(arrived)))
	require.NoError(t, err)
	ids := func(name string) []string {
		return strings.FieldsFunc(m.Header.Get(name), func(r rune) bool { return strings.ContainsRune("<> \t\r\n", r) })
	}
	id := ids("Message-ID")
	references := ids("References")
	if len(references) == 0 && len(ids("In-Reply-To")) == 1 { // RFC 5322 §3.6.4
		references = ids("In-Reply-To")
	}
	to := m.Header.Get("Reply-To")
	if to == "" {
		to = m.Header.Get("From")
	}
	l := letter{from: "Ann <ann@customer.example>", to: to, cc: m.Header.Get("Cc"), subject: "Re: " + m.Header.Get("Subject"), id: "second@customer.example",
		inReplyTo: id, references: append(slices.Clone(references), id...), text: "Thank you."}
	if quote {
		l.text += "\r\n\r\n> It is on its way.\r\n> " + string(arrived[strings.LastIndex(string(arrived), "[")-1:])
	}
	return l
}

// TestAnswerFindsItsTicket: whatever the tenant does to the header of a
// notification, the customer's answer comes to the same ticket, which keeps its
// requester, its agent and those who are copied.
func TestAnswerFindsItsTicket(t *testing.T) {
	type loss struct {
		name    string
		options graphtest.Options
	}
	var losses []loss
	for _, profile := range []struct {
		name string
		is   graphtest.HeaderProfile
	}{{"keeps", graphtest.Keeps}, {"repairable", graphtest.Repairable}, {"strips", graphtest.Strips}} {
		for name, ids := range map[string]graphtest.MessageIDs{"ids kept": graphtest.KeptIDs, "ids replaced": graphtest.ReplacedIDs, "ids replaced on the wire": graphtest.ReplacedOnWire} {
			losses = append(losses, loss{profile.name + ", " + name, graphtest.Options{Headers: profile.is, MessageIDs: ids}})
		}
		for _, f := range append([]string{"Reply-To", "References", "In-Reply-To", "Sender", "X-Delivery-Context"}, protected...) {
			losses = append(losses, loss{profile.name + ", without " + f, graphtest.Options{Headers: profile.is, LostOnWire: []string{f}}})
		}
		losses = append(losses,
			loss{profile.name + ", another Date", graphtest.Options{Headers: profile.is, SubmitDate: true}},
			loss{profile.name + ", the copy has another id", graphtest.Options{Headers: profile.is, NewSentID: true, MessageIDs: graphtest.ReplacedIDs}})
	}
	for _, l := range losses {
		for _, known := range []bool{true, false} { // whether the caller knows the ticket
			t.Run(fmt.Sprintf("%s, %v", l.name, known), func(t *testing.T) {
				inBubble(t, &l.options, nil, func(t *testing.T, w *world) {
					w.opts.Relay = exdesk.RelayOptions{MayLose: protected, Settle: -1}
					w.restart()
					question := question
					question.cc = "bob@customer.example"
					w.post(question)
					w.ingest()
					before := w.ticket(1)
					time.Sleep(time.Minute)

					out := &exdesk.Outbound{MIME: strings.NewReader(noticeOf(before.EncodedID))}
					if known {
						out.Ticket = 1
					}
					r := w.leave(out)
					require.Equal(t, int64(1), r.Ticket)
					arrived := w.exchange.Sent()[0].MIME
					for _, quote := range []bool{false, true} {
						w.restart()
						time.Sleep(time.Minute)
						reply := answerTo(t, arrived, quote)
						reply.id = fmt.Sprint(quote, "@customer.example")
						w.post(reply)
						res := w.only()
						require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
						require.Equal(t, int64(1), res.Ticket)
						require.True(t, res.Public, res.Reason)
					}
					after := w.ticket(1)
					require.Equal(t, before.Requester, after.Requester)
					require.Equal(t, before.Assignee, after.Assignee)
					require.Equal(t, before.EmailCCs, after.EmailCCs)
					require.Len(t, w.support.Tickets(), 1)
				})
			})
		}
	}
}

// The copy carries the ticket, though one of the requests that write on its draft
// is told that there is no such message.
func TestRecordIsInsistedUpon(t *testing.T) {
	for n := range 3 {
		inBubble(t, &graphtest.Options{MessageIDs: graphtest.ReplacedIDs}, nil, func(t *testing.T, w *world) {
			w.opts.Relay = exdesk.RelayOptions{MayLose: protected, Settle: -1}
			w.restart()
			w.post(question)
			w.ingest()
			w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Skip: n, Status: 404, Code: "ErrorItemNotFound"})
			text := noticeOf(w.ticket(1).EncodedID)
			w.insist(func() *exdesk.Outbound { return &exdesk.Outbound{MIME: strings.NewReader(text), Ticket: 1} })
			w.heal()
			require.Len(t, w.exchange.Sent(), 1, n)
			sent, ok := w.exchange.Message(w.exchange.Sent()[0].ID)
			require.True(t, ok)
			require.Contains(t, fmt.Sprint(sent.Properties), `"ticket":1`, n)
		})
	}
}
