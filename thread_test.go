package exdesk_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// letter is a mail that tests write field by field.
type letter struct {
	from, to, cc, replyTo string
	subject               string
	id                    string // Message-ID without brackets
	inReplyTo, references []string
	fields                string // further ones, with CRLF
	text                  string
	date                  time.Time // default now
}

func (l letter) bytes() []byte {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	ids := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return "<" + strings.Join(list, "> <") + ">"
	}
	if l.to == "" {
		l.to = "support@contoso.test"
	}
	if l.date.IsZero() {
		l.date = time.Now()
	}
	b.WriteString(l.fields)
	add("From", l.from)
	add("To", l.to)
	add("Cc", l.cc)
	add("Reply-To", l.replyTo)
	add("Subject", l.subject)
	add("Date", l.date.Format(time.RFC1123Z))
	add("Message-ID", ids([]string{l.id}))
	add("In-Reply-To", ids(l.inReplyTo))
	add("References", ids(l.references))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + l.text + "\r\n")
	return []byte(b.String())
}

// post delivers a letter.
func (w *world) post(l letter) string { return w.exchange.Deliver(l.bytes()) }

// open posts ann's question and makes it ticket 1.
func (w *world) open() zendesktest.Ticket {
	w.Helper()
	w.post(question)
	w.ingest()
	require.Len(w, w.support.Tickets(), 1)
	return w.support.Tickets()[0]
}

var (
	question = letter{from: "Ann <ann@customer.example>", subject: "Where is it?", id: "q@customer.example", text: "Where is my order?"}
	answer   = letter{from: "Ann <ann@customer.example>", subject: "Re: Where is it?", id: "a@customer.example",
		inReplyTo: []string{"q@customer.example"}, text: "It is order 12."}
)

// only returns the one result of a pass.
func (w *world) only() *exdesk.Result {
	w.Helper()
	report := w.ingest()
	require.Len(w, report.Results, 1, "%v", report)
	return report.Results[0]
}

func TestReplyBecomesComment(t *testing.T) {
	encoded := ""
	for name, c := range map[string]struct {
		reply  letter
		before func(w *world)
	}{
		"In-Reply-To":              {reply: answer},
		"several ids":              {reply: letter{inReplyTo: []string{"unknown1@x.example", "unknown2@x.example", "q@customer.example"}}},
		"References, newest first": {reply: letter{references: []string{"nobody@x.example", "q@customer.example", "newer@x.example"}}},
		"the mail has left the Inbox": {reply: answer, before: func(w *world) {
			w.exchange.Edit(w.exchange.Messages()[0].ID, func(m *graphtest.Message) { m.Folder = "deleteditems" })
		}},
		"the mail is gone":             {reply: answer, before: func(w *world) { w.exchange.Remove(w.exchange.Messages()[0].ID) }},
		"an encoded id in the text":    {reply: letter{text: "Yes.\r\n\r\n> [ENCODED]"}},
		"a Message-ID of Zendesk":      {reply: letter{inReplyTo: []string{"ENCODEDBARE_68d65382aa493_4639581606f3_sprut@zendesk.com"}}},
		"the root id in References":    {reply: letter{references: []string{"ENCODEDBARE@zendesk.com", "x@y.example"}}},
		"Zendesk's id, another domain": {reply: letter{references: []string{"ENCODEDBARE_68d65382aa493_4639581606f3@contoso.test"}}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				ticket := w.open()
				encoded = ticket.EncodedID
				w.restart() // nothing is remembered but in the two systems
				if c.before != nil {
					c.before(w)
				}
				l := c.reply
				l.from, l.id = answer.from, answer.id
				if l.text == "" {
					l.text = answer.text
				}
				fill := strings.NewReplacer("ENCODEDBARE", strings.ReplaceAll(encoded, "-", ""), "ENCODED", encoded)
				l.text = fill.Replace(l.text)
				for _, list := range [][]string{l.inReplyTo, l.references} {
					for i := range list {
						list[i] = fill.Replace(list[i])
					}
				}
				time.Sleep(time.Minute)
				id := w.post(l)
				res := w.only()
				require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
				require.True(t, res.Public, res.Reason)
				require.Equal(t, ticket.ID, res.Ticket)
				w.requireDone(id, "Zendesk")
				got := w.support.Tickets()
				require.Len(t, got, 1)
				require.Len(t, got[0].Comments, 2)
				require.Equal(t, "ann@customer.example", got[0].Comments[1].Author.Email)
				require.Equal(t, res.Comment, got[0].Comments[1].ID)
			})
		})
	}
}

// An answer to a notification that left through the mailbox belongs to the
// notification's ticket, whatever its Message-ID, and only a record of our own
// says so: its hash is of where the copy is, which nobody outside knows.
func TestReplyToASentNotification(t *testing.T) {
	for name, c := range map[string]struct {
		id, account string
		ours        bool
		want        exdesk.Outcome
	}{
		"Zendesk's Message-ID":                        {"62X0VV2436V_68d3a1b2c4d5e_1f2a3b4c_sprut@zendesk.com", "acme", true, exdesk.Commented},
		"one that Exchange gave it":                   {"AM0PR01MB0001@eurprd01.prod.outlook.com", "acme", true, exdesk.Commented},
		"the copy has another id than the draft":      {"AM0PR01MB0001@eurprd01.prod.outlook.com", "acme", false, exdesk.Commented},
		"a record of another account":                 {"AM0PR01MB0001@eurprd01.prod.outlook.com", "other", true, exdesk.Created},
		"another id, and a record of another account": {"AM0PR01MB0001@eurprd01.prod.outlook.com", "other", false, exdesk.Created},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.open()
				time.Sleep(time.Minute)
				sent, err := w.exchange.DeliverTo("support@contoso.test", letter{from: "Support <support@contoso.test>", to: "ann@customer.example", id: c.id, text: "Which order?"}.bytes(),
					&graphtest.Delivery{Folder: "sentitems", Read: true})
				require.NoError(t, err)
				record := exdesk.Record{Account: c.account, Mail: "made up", Outcome: exdesk.Sent, Ticket: 1}
				if c.ours {
					record.Mail = place("support@contoso.test", sent)
				}
				require.NoError(t, w.mailbox.Label(t.Context(), []exdesk.Mark{{ID: sent, Flag: exdesk.Keep, Record: record}})[0])
				l := answer
				l.inReplyTo = []string{c.id}
				w.post(l)
				res := w.only()
				require.Equal(t, c.want, res.Outcome, res.Reason)
				if c.want == exdesk.Commented {
					require.Equal(t, int64(1), res.Ticket)
					require.True(t, res.Public, res.Reason)
				}
			})
		})
	}
}

// place is the hash that records have of where their mail is.
func place(mailbox, id string) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s", len(mailbox), mailbox, len(id), id)))[:16]
}

// byMessageID answers with a ticket of its own for some mails.
type byMessageID map[string]int64

func (m byMessageID) Ticket(_ context.Context, mail *exdesk.Mail, _ *exdesk.Message) (int64, error) {
	return m[mail.MessageID], nil
}

func TestCallersThreads(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		ticket := w.open()
		w.opts.Threads = byMessageID{"<x@customer.example>": ticket.ID}
		w.restart()
		w.post(letter{from: "Ann <ann@customer.example>", id: "x@customer.example", text: "By the way."})
		require.Equal(t, ticket.ID, w.only().Ticket)
		w.post(letter{from: "Ann <ann@customer.example>", id: "y@customer.example", text: "Something else."})
		require.Equal(t, exdesk.Created, w.only().Outcome)
	})
}

func TestReplyOnATicketThatIsNotAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, ticket int64)
		check  func(t *testing.T, w *world, res *exdesk.Result)
	}{
		"solved": {
			func(w *world, ticket int64) {
				w.support.Edit(ticket, func(t *zendesktest.Ticket) { t.Status = "solved" })
			},
			func(t *testing.T, w *world, res *exdesk.Result) {
				require.Equal(t, exdesk.Commented, res.Outcome)
				require.Equal(t, "open", w.support.Tickets()[0].Status)
			},
		},
		"closed": {
			func(w *world, ticket int64) {
				w.support.Edit(ticket, func(t *zendesktest.Ticket) { t.Status = "closed" })
			},
			func(t *testing.T, w *world, res *exdesk.Result) {
				require.Equal(t, exdesk.Created, res.Outcome)
				require.Equal(t, int64(1), w.support.Tickets()[1].FollowUpOf)
				require.Equal(t, "ann@customer.example", w.support.Tickets()[1].Requester.Email)
			},
		},
		"deleted": {
			func(w *world, ticket int64) { w.support.Edit(ticket, func(t *zendesktest.Ticket) { t.Deleted = true }) },
			func(t *testing.T, w *world, res *exdesk.Result) {
				require.Equal(t, exdesk.Waiting, res.Outcome, "it may be too new to be seen")
				time.Sleep(2 * time.Minute)
				res = w.only()
				require.Equal(t, exdesk.Created, res.Outcome)
				require.Contains(t, res.Reason, "deleted")
				require.Zero(t, w.support.Tickets()[1].FollowUpOf)
			},
		},
		"merged, twice": {
			func(w *world, ticket int64) {
				for range 2 {
					w.post(letter{from: "Ann <ann@customer.example>", id: fmt.Sprint(time.Now().UnixNano(), "@customer.example"), text: "Again."})
					w.ingest()
					time.Sleep(time.Minute)
				}
				w.support.Merge(2, 1)
				time.Sleep(time.Minute)
				w.support.Merge(3, 2)
			},
			func(t *testing.T, w *world, res *exdesk.Result) {
				require.Equal(t, exdesk.Commented, res.Outcome)
				require.Equal(t, int64(3), res.Ticket)
			},
		},
		"its requester suspended": {
			func(w *world, ticket int64) { w.support.Suspend("ann@customer.example") },
			func(t *testing.T, w *world, res *exdesk.Result) {
				require.Equal(t, exdesk.Held, res.Outcome)
				require.Equal(t, "suspended", res.Verdict)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, z := range []zendesktest.Options{{}, {RefuseSuspendedAuthors: true, RefuseSuspendedTickets: true, TerseClosed: true}} {
				inBubble(t, nil, &z, func(t *testing.T, w *world) {
					ticket := w.open()
					time.Sleep(time.Minute)
					c.change(w, ticket.ID)
					time.Sleep(time.Minute)
					w.post(answer)
					c.check(t, w, w.only())
				})
			}
		})
	}
}

// A Message-ID that belongs to two tickets leads to neither.
func TestReusedMessageIDLeadsNowhere(t *testing.T) {
	inBubble(t, longGraph, &longDesk, func(t *testing.T, w *world) {
		w.exchange.Deliver(scan("A"))
		w.exchange.Deliver(scan("B"))
		w.ingest()
		require.Len(t, w.support.Tickets(), 2)
		w.post(letter{from: "device <device@customer.example>", id: "r@customer.example", inReplyTo: []string{"device@customer.example"}, text: "To both?"})
		require.Equal(t, exdesk.Created, w.only().Outcome)
	})
}

// Mails of a conversation are taken in order, even when the first one fails.
func TestOrderWithinAConversation(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		first := w.post(question)
		time.Sleep(time.Second)
		w.post(answer)
		w.deliver("bob")
		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages/" + first + "/$value", Status: 500, Times: 5})
		for range 10 {
			w.ingest()
			time.Sleep(time.Minute)
		}
		require.Len(t, w.support.Tickets(), 2)
		ticket := w.support.Tickets()[1]
		require.Equal(t, "Where is it?", ticket.Subject)
		require.Len(t, ticket.Comments, 2)
	})
}
