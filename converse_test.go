package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// requireThread says that ticket 1 is ann's question with one comment for each
// of these texts, in this order.
func (w *world) requireThread(texts ...string) {
	w.Helper()
	require.Len(w, w.support.Tickets(), 1)
	var got []string
	for _, c := range w.ticket(1).Comments[1:] {
		got = append(got, strings.TrimSpace(c.Body))
	}
	require.Equal(w, texts, got)
}

// replies are n answers to ann's question.
func replies(n int) []letter {
	var list []letter
	for i := range n {
		l := answer
		l.id, l.text = fmt.Sprint("a", i, "@customer.example"), fmt.Sprint("Answer ", i)
		list = append(list, l)
	}
	return list
}

// reply posts n answers, a second apart, and returns their texts.
func (w *world) reply(n int) []string {
	w.Helper()
	var texts []string
	for _, l := range replies(n) {
		w.post(l)
		texts = append(texts, l.text)
		time.Sleep(time.Second)
	}
	return texts
}

// Whatever goes wrong with a comment, it is made once.
func TestCommentIsMadeOnce(t *testing.T) {
	put := func(f zendesktest.Fault) func(w *world) {
		return func(w *world) {
			f.Method, f.Path = "PUT", "/api/v2/tickets/1"
			w.deskFault(f)
		}
	}
	for name, trouble := range map[string]func(w *world){
		"the answer is lost":        put(zendesktest.Fault{Commit: true, Drop: true}),
		"the answer is cut":         put(zendesktest.Fault{Cut: 20}),
		"504 after the deed":        put(zendesktest.Fault{Commit: true, Status: 504}),
		"504 after the deed, often": put(zendesktest.Fault{Commit: true, Status: 504, Times: 4}),
		"503 before the deed":       put(zendesktest.Fault{Status: 503, Times: 3}),
		"429":                       put(zendesktest.Fault{Status: 429, RetryAfter: "30"}),
		"409":                       put(zendesktest.Fault{Status: 409, Code: "UpdateConflict", Times: 3}),
		"the connection breaks":     put(zendesktest.Fault{Drop: true, Times: 2}),
		"the audits do not come": func(w *world) {
			w.deskFault(zendesktest.Fault{Path: "/api/v2/tickets/1/audits", Status: 503, Times: 9})
		},
		"the ticket does not come":    func(w *world) { w.deskFault(zendesktest.Fault{Path: "/api/v2/tickets/1", Status: 500, Times: 9}) },
		"the people do not come":      func(w *world) { w.deskFault(zendesktest.Fault{Path: "/api/v2/users/search", Status: 500, Times: 9}) },
		"the mailbox cannot be asked": func(w *world) { w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/messages", Status: 503, Times: 9}) },
		"labels fail": func(w *world) {
			w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 503, Times: 9})
		},
		"agents work on it at the time": func(w *world) { w.busy(1) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, z := range []zendesktest.Options{{}, {AuditLag: 20 * time.Second}, {ReadLag: 10 * time.Second}, {LookupLag: 30 * time.Second}} {
				for _, restart := range []bool{false, true} {
					z.TokenLife = 1000 * time.Hour
					inBubble(t, longMail, &z, func(t *testing.T, w *world) {
						w.post(question)
						w.ingest()
						time.Sleep(time.Minute)
						trouble(w)
						list := replies(2)
						w.post(list[0])
						time.Sleep(time.Second)
						w.post(list[1])
						for range 3 {
							_, err := w.conn.Ingest(t.Context())
							require.False(t, errors.Is(err, exdesk.ErrAuth))
							if restart {
								w.restart()
							}
						}
						w.heal()
						w.settle()
						w.requireThread("Answer 0", "Answer 1")
					})
				}
			}
		})
	}
}

// busy makes an agent touch a ticket between each look at it and the comment.
func (w *world) busy(id int64) {
	n := 0
	w.onPut = func() {
		if n++; n <= 3 {
			w.support.Edit(id, func(t *zendesktest.Ticket) { t.Tags = append(t.Tags, fmt.Sprint("touched", n)) })
		}
	}
}

// Two Connectors that take the same mails at the same time.
func TestTwoConnectorsAndOneConversation(t *testing.T) {
	for _, z := range []zendesktest.Options{{}, {AuditLag: 5 * time.Second}, {LookupLag: 5 * time.Second}} {
		z.TokenLife, z.RateLimit, z.UpdateLimit = 1000*time.Hour, -1, -1
		inBubble(t, longMail, &z, func(t *testing.T, w *world) {
			w.lift()
			w.post(question)
			w.ingest()
			time.Sleep(time.Minute)
			want := w.reply(10)
			one := w.conn
			w.restart()
			var both sync.WaitGroup
			for _, c := range []*exdesk.Connector{one, w.conn} {
				both.Go(func() {
					for range 3 {
						_, _ = c.Ingest(t.Context())
					}
				})
			}
			both.Wait()
			w.settle()
			w.requireThread(want...)
		})
	}
}

// A copy of a reply in another mailbox, or a second one in this, is no second
// comment; another mail under its Message-ID is one.
func TestCopiesOfAReply(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		reply := answer.bytes()
		w.exchange.Deliver(reply)
		require.Equal(t, exdesk.Commented, w.only().Outcome)
		w.restart()
		w.exchange.Deliver(reply)
		require.Equal(t, exdesk.Duplicate, w.only().Outcome)
		other := answer
		other.text = "Or is it order 13?"
		w.post(other)
		require.Equal(t, exdesk.Commented, w.only().Outcome)
		w.requireThread("It is order 12.", "Or is it order 13?")
	})
}

// The decision does not drift: what an earlier attempt made a ticket, because it
// saw no thread, does not become a comment as well.
func TestTicketDoesNotBecomeACommentToo(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		id := w.post(question)
		w.ingest()
		time.Sleep(time.Minute)
		record := w.record(id)
		w.exchange.Edit(id, func(m *graphtest.Message) { clear(m.Properties) })
		w.support.Edit(1, func(t *zendesktest.Ticket) { t.ExternalID = "" })
		w.restart()
		w.post(answer)
		w.labelsAreLost()
		w.ingest()
		require.Len(t, w.support.Tickets(), 2)
		w.heal()
		w.restart()
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Properties[recordID] = record }) // now the thread is to be seen
		w.settle()
		require.Len(t, w.support.Tickets(), 2)
		require.Len(t, w.ticket(1).Comments, 1)
	})
}

const recordID = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk"

func (w *world) record(id string) string {
	w.Helper()
	m, ok := w.exchange.Message(id)
	require.True(w, ok)
	for name, v := range m.Properties {
		if strings.HasSuffix(name, "exdesk") {
			return v
		}
	}
	w.Fatal("no record")
	return ""
}

// A label that was taken away is put back, without a second comment.
func TestCommentIsRelabelled(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		id := w.post(answer)
		w.ingest()
		time.Sleep(100 * 24 * time.Hour)
		w.renew()
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories, m.IsRead = nil, false })
		require.Equal(t, exdesk.Relabelled, w.only().Outcome)
		w.requireThread("It is order 12.")
		w.requireDone(id, "Zendesk")
	})
}

// A ticket takes thirty updates in ten minutes: the next ones wait, in order,
// while other mail goes on, and nobody asks in vain.
func TestManyRepliesWait(t *testing.T) {
	z := longDesk
	z.UpdateLimit = -1
	inBubble(t, longMail, &z, func(t *testing.T, w *world) {
		w.opts.Brake = exdesk.Unlimited
		w.lift()
		w.post(question)
		w.ingest()
		time.Sleep(time.Minute)
		want := w.reply(40)
		w.deliver("bob")
		report := w.ingest()
		require.Equal(t, 1, report.Count(exdesk.Created))
		require.Equal(t, 30, report.Count(exdesk.Commented))
		require.Equal(t, 10, report.Count(exdesk.Waiting))
		for range 60 {
			time.Sleep(30 * time.Second)
			w.ingest()
		}
		require.Len(t, w.support.Tickets(), 2)
		var got []string
		for _, c := range w.ticket(1).Comments[1:] {
			got = append(got, strings.TrimSpace(c.Body))
		}
		require.Equal(t, want, got)
		refused := 0
		for _, r := range w.support.Requests() {
			if r.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		require.LessOrEqual(t, refused, 2)
	})
}

// Without the scope to read audits no comment is made, and the report says so.
func TestNoCommentWithoutAudits(t *testing.T) {
	inBubble(t, nil, &zendesktest.Options{NoAudits: true}, func(t *testing.T, w *world) {
		w.tokens.zendesk.set(w.support.TokenFor("tickets:read", "tickets:write", "users:read", "ticket_attachments:write"))
		w.post(question)
		w.ingest()
		w.post(answer)
		res := w.only()
		require.Equal(t, exdesk.Created, res.Outcome, res.Err)
		require.Contains(t, res.Reason, "not added to ticket #1")
		require.Len(t, w.support.Tickets(), 2)
	})
}

// A ticket that takes no comment more does not swallow the mail.
func TestFullTicket(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.open()
		w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/1", Status: 422, Body: `{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Ticket: has too many comments"}]}}`})
		w.post(answer)
		res := w.only()
		require.Equal(t, exdesk.Created, res.Outcome)
		require.Contains(t, res.Reason, "too many comments")
	})
}

// What a reply quotes is left out if that is asked for, and only then; a
// forwarded mail is kept whole, and so is a new ticket.
func TestTrimQuotes(t *testing.T) {
	const text, quote = "It is order 12.", "\r\n\r\nOn Mon, 23 Nov 2026 at 10:00, Support <support@contoso.test> wrote:\r\n> Which order is it?\r\n> Support\r\n"
	for _, c := range []struct {
		trim    bool
		subject string
		kept    bool
	}{{true, "Re: Where is it?", false}, {false, "Re: Where is it?", true}, {true, "Fwd: Where is it?", true}} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			w.opts.TrimQuotes = c.trim
			w.restart()
			w.open()
			l := answer
			l.subject, l.text = c.subject, text+quote
			w.post(l)
			l.id, l.inReplyTo, l.from = "new@x.example", []string{"unknown@x.example"}, "Bob <bob@customer.example>"
			w.post(l)
			w.ingest()
			require.Contains(t, w.ticket(1).Comments[1].Body, text)
			require.Equal(t, c.kept, strings.Contains(w.ticket(1).Comments[1].Body, "Which order is it?"))
			require.Contains(t, w.ticket(2).Comments[0].Body, "Which order is it?")
		})
	}
}

// onPut is called with each request that changes a ticket, before it is heard.
type onPut struct {
	http.RoundTripper
	w *world
}

func (o onPut) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && o.w.onPut != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		o.w.onPut()
	}
	return o.RoundTripper.RoundTrip(r)
}

// longMail is for worlds in which days pass and Exchange vouches for senders.
var longMail = &graphtest.Options{TokenLife: 1000 * time.Hour}

// answerAmbiguously posts an answer to a Message-ID that two tickets have, of which
// the process knows the second.
func (w *world) answerAmbiguously() {
	w.Helper()
	other := question
	other.text = "Another question under the same id."
	w.post(other)
	w.ingest()
	w.restart()
	w.post(question)
	w.ingest()
	require.Len(w, w.support.Tickets(), 2)
	time.Sleep(time.Minute)
	w.post(answer)
}

// Of two tickets under one Message-ID a process knew which was meant, and died
// after it had added the answer; the next one is at the answer before what was
// added shows.
func TestNotedTicketIsBelievedBeforeItShows(t *testing.T) {
	inBubble(t, longMail, &zendesktest.Options{ReadLag: 30 * time.Second, AuditLag: 30 * time.Second, TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
		w.answerAmbiguously()
		// The first PATCH is the note on the mail, the others would be its label.
		w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Skip: 1, Status: 503, Times: -1})
		w.ingest()
		w.heal()
		w.restart()
		_, err := w.conn.Ingest(t.Context())
		require.NoError(t, err)
		w.settle()
		require.Len(t, w.support.Tickets(), 2)
		require.Len(t, w.ticket(1).Comments, 1)
		require.Len(t, w.ticket(2).Comments, 2)
	})
}

// The answer to a comment was lost and it does not show yet: then a refusal of
// the next attempt says nothing of the first.
func TestRefusedAfterALostAnswer(t *testing.T) {
	for _, restart := range []bool{false, true} {
		inBubble(t, longMail, &zendesktest.Options{ReadLag: 30 * time.Second, AuditLag: 30 * time.Second, TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
			w.post(question)
			w.ingest()
			time.Sleep(time.Minute)
			w.post(answer)
			puts := 0
			w.onPut = func() {
				if puts++; puts == 1 {
					w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/1", Commit: true, Drop: true})
				} else if puts < 5 {
					w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/1", Status: 422})
				}
			}
			if restart { // before it can ask again
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				_, _ = w.conn.Ingest(ctx)
				cancel()
				require.Equal(t, 1, puts)
				w.restart()
			}
			w.settle()
			w.onPut = nil
			require.Greater(t, puts, 1)
			w.requireThread("It is order 12.")
		})
	}
}

// The comment is added by the second attempt, a while after the first was noted.
func TestNoteIsRenewed(t *testing.T) {
	inBubble(t, longMail, &zendesktest.Options{ReadLag: 30 * time.Second, AuditLag: 30 * time.Second, TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
		w.answerAmbiguously()
		w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/*", Status: 503, Times: -1}) // not heard
		w.ingest()
		w.heal()
		time.Sleep(15 * time.Minute)
		// Its labels are not written any more: the process dies after the comment.
		w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Contains: "Zendesk", Status: 503, Times: -1})
		r := w.ingest()
		require.Equal(t, exdesk.Commented, r.Results[0].Outcome)
		w.heal()
		w.restart()
		_, err := w.conn.Ingest(t.Context())
		require.NoError(t, err)
		w.settle()
		require.Len(t, w.support.Tickets(), 2)
		require.Len(t, w.ticket(1).Comments, 1)
		require.Len(t, w.ticket(2).Comments, 2)
	})
}

// Where each pass is a process of its own, as from cron, an answer to a deleted
// ticket does not wait for ever, nor one to a Message-ID of two deleted tickets.
func TestOnePassAProcess(t *testing.T) {
	for name, tickets := range map[string]int64{"one": 1, "two": 2} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, longMail, &zendesktest.Options{TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
				if tickets == 1 {
					w.open()
					time.Sleep(time.Hour)
					w.post(answer)
				} else {
					w.answerAmbiguously()
					time.Sleep(time.Hour)
				}
				for id := range tickets {
					w.support.Edit(id+1, func(k *zendesktest.Ticket) { k.Deleted = true })
				}
				for range 12 * tickets {
					w.restart()
					_, err := w.conn.Ingest(t.Context())
					require.NoError(t, err)
					time.Sleep(5 * time.Minute)
				}
				w.restart()
				r := w.ingest()
				require.Zero(t, r.Count(exdesk.Waiting), "hours later")
			})
		})
	}
}

// An answer was about to become a ticket of its own, when its question was none. Half
// an hour later it is one, so new that the desk does not show it yet.
func TestNewTicketIsNotTakenForDeleted(t *testing.T) {
	inBubble(t, longMail, &zendesktest.Options{ReadLag: 30 * time.Second, AuditLag: 30 * time.Second, TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
		asked := w.post(question)
		w.exchange.Edit(asked, func(m *graphtest.Message) { m.Folder = "archive" })
		w.post(answer)
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, Times: -1}) // not heard
		w.ingest()
		w.heal()
		w.restart()
		time.Sleep(30 * time.Minute)
		w.exchange.Edit(asked, func(m *graphtest.Message) { m.Folder = "inbox" })
		w.settle()
		w.requireThread("It is order 12.")
	})
}

// An import of a mail was begun that an earlier attempt was about to add to a ticket,
// which is deleted: that the ticket is missing must not hide that there may be another.
func TestImportedAnswerOfDeleted(t *testing.T) {
	inBubble(t, longMail, &zendesktest.Options{TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
		asked := w.post(question)
		w.ingest()
		w.post(answer)
		w.deskFault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/*", Status: 503, Times: -1}) // not heard
		w.ingest()
		w.heal()
		w.support.Edit(1, func(k *zendesktest.Ticket) { k.Deleted = true })
		require.True(t, w.exchange.Remove(asked))
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/imports/tickets", Commit: true, Drop: true, Times: -1})
		time.Sleep(15 * time.Minute)
		for range 3 {
			time.Sleep(3 * time.Minute)
			w.restart()
			_, err := w.conn.Import(t.Context(), exdesk.ImportNewest)
			require.NoError(t, err)
		}
		require.Len(t, w.support.Tickets(), 2, "of the import")
		w.heal()
		for range 4 {
			time.Sleep(11 * time.Minute)
			w.restart()
			_, err := w.conn.Ingest(t.Context())
			require.NoError(t, err)
		}
		require.Len(t, w.support.Tickets(), 2)
	})
}

// A note of a clock that was a day ahead is written anew, and not waited for.
func TestMissingNoteOfTheFuture(t *testing.T) {
	inBubble(t, longMail, &zendesktest.Options{TokenLife: 1000 * time.Hour}, func(t *testing.T, w *world) {
		w.open()
		w.support.Edit(1, func(k *zendesktest.Ticket) { k.Deleted = true })
		id := w.post(answer)
		w.ingest()
		note := w.record(id)
		require.Contains(t, note, `"verdict":"missing #1"`)
		ahead := strings.Replace(note, `"at":"2000-01-01`, `"at":"2000-01-02`, 1)
		require.NotEqual(t, note, ahead)
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Properties = map[string]string{recordID: ahead} })
		require.Equal(t, ahead, w.record(id))
		w.restart()
		w.ingest()
		time.Sleep(3 * time.Minute)
		w.restart()
		r := w.ingest()
		require.Zero(t, r.Count(exdesk.Waiting))
	})
}
