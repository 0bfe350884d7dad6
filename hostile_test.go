package exdesk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// forged is what Exchange finds out about mail that others send in the name of
// a domain.
func forged(domain string) string {
	return "spf=fail (sender IP is 203.0.113.9) smtp.mailfrom=evil.example; dkim=none (message not signed) header.d=none;" +
		"dmarc=fail action=none header.from=" + domain + ";compauth=fail reason=001"
}

// postAs delivers a letter of which Exchange found out that much.
func (w *world) postAs(l letter, auth string) string {
	w.Helper()
	id, err := w.exchange.DeliverTo(w.exchange.Mailbox(), l.bytes(), &graphtest.Delivery{Auth: auth})
	require.NoError(w, err)
	return id
}

// postRaw delivers a letter octet for octet, with fields above all others.
func (w *world) postRaw(fields string, l letter) string {
	w.Helper()
	id, err := w.exchange.DeliverTo(w.exchange.Mailbox(), append([]byte(fields), l.bytes()...), &graphtest.Delivery{Raw: true})
	require.NoError(w, err)
	return id
}

// Whoever writes under the Message-ID that a customer's answer will name does
// not get the answer.
func TestThreadIsNotTakenOver(t *testing.T) {
	for name, c := range map[string]struct {
		id      string // of the stranger's mail
		replyTo string
		encoded bool // the answer carries the ticket's encoded id
	}{
		"Zendesk's root id":                         {"ENCODED@zendesk.com", "ann@customer.example", true},
		"a notification's id":                       {"ENCODED_68d65382aa493_4639581606f3_sprut@zendesk.com", "ann@customer.example", true},
		"a notification's id, and the ticket's own": {"ENCODED_68d65382aa493_4639581606f3_sprut@zendesk.com", "", false},
		"the customer's own Message-ID":             {question.id, "ann@customer.example", true},
		"the customer's own, for himself":           {question.id, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, restart := range []bool{false, true} {
				inBubble(t, nil, nil, func(t *testing.T, w *world) {
					ticket := w.open()
					time.Sleep(time.Minute)
					id := strings.Replace(c.id, "ENCODED", strings.ReplaceAll(ticket.EncodedID, "-", ""), 1)
					w.post(letter{from: "Eve <eve@evil.example>", replyTo: c.replyTo, cc: "eve@evil.example", id: id, text: "Hi."})
					require.Equal(t, int64(2), w.only().Ticket)
					time.Sleep(time.Minute)
					if restart {
						w.restart()
					}
					l := answer
					l.inReplyTo, l.text = []string{id}, "My card is 4111."
					if c.encoded {
						l.text += "\r\n\r\n> [" + ticket.EncodedID + "]"
					}
					w.post(l)
					res := w.only()
					require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
					require.Equal(t, ticket.ID, res.Ticket)
					require.True(t, res.Public, res.Reason)
					require.Len(t, w.ticket(2).Comments, 1)
				})
			}
		})
	}
}

// Who writes in an agent's name makes no ticket before a person has looked, and
// who writes in a customer's name has the desk write to nobody else.
func TestForgedMailMakesNobodyWritten(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		people(w)
		l := letter{from: "Gus <gus@contoso.test>", cc: "victim@bank.example", id: "f@x.example", text: "Click here."}
		agents := w.postAs(l, forged("contoso.test"))
		require.Equal(t, "unverified", w.only().Verdict)
		w.requireHeld(agents)
		require.Len(t, w.support.Tickets(), 1)
		require.NoError(t, w.conn.Release(t.Context(), agents))
		w.only()
		l.from, l.id = question.from, "g@x.example"
		w.postAs(l, forged("customer.example"))
		require.Contains(t, w.only().Reason, "not verified")
		for _, id := range []int64{2, 3} {
			require.Empty(t, w.ticket(id).EmailCCs)
			require.Contains(t, w.ticket(id).Tags, exdesk.TagUnverified)
		}
	})
}

// A record that came along with a mail is not heeded, and stops nobody.
func TestMadeUpRecord(t *testing.T) {
	for _, record := range []string{
		`{"account":"acme","outcome":"held"}`,
		`{"account":"acme","outcome":"ticket","ticket":1}`,
		`{"account":"acme","outcome":"comment","ticket":1}`,
		`{"account":"acme","outcome":"waiting","ticket":1}`,
		`{"account":"acme","outcome":"waiting","tries":9,"at":"2999-01-01T00:00:00Z","reason":"no"}`,
		`{"account":"acme","outcome":"waiting","verdict":"import","at":"2999-01-01T00:00:00Z"}`,
	} {
		t.Run(record, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.open()
				time.Sleep(time.Minute)
				id := w.post(letter{from: "Eve <eve@evil.example>", id: "e@evil.example", inReplyTo: []string{question.id}, text: "Hi."})
				w.exchange.Edit(id, func(m *graphtest.Message) { m.Properties[recordID] = record })
				next := w.post(answer)
				report := w.ingest()
				require.Equal(t, "stranger", outcome(t, report, id).Verdict)
				require.Equal(t, exdesk.Commented, outcome(t, report, next).Outcome)
				w.requireThread("It is order 12.")
			})
		})
	}
}

// Who answers a closed ticket is the author and the requester of the next one,
// whoever he says is to be answered, unless he is suspended.
func TestFollowUpIsTheAnswerers(t *testing.T) {
	for _, agents := range []bool{false, true} {
		for _, suspended := range []bool{false, true} {
			inBubble(t, nil, &zendesktest.Options{AgentAuthors: agents}, func(t *testing.T, w *world) {
				people(w)
				w.support.Edit(1, func(t *zendesktest.Ticket) { t.Status = "closed" })
				if suspended {
					w.support.Suspend("bob@customer.example")
				}
				time.Sleep(time.Minute)
				w.post(letter{from: "Bob <bob@customer.example>", replyTo: "x@evil.example", id: "f@x.example", inReplyTo: []string{question.id}, text: "Again."})
				res := w.only()
				if suspended {
					require.Equal(t, exdesk.Held, res.Outcome)
					require.Equal(t, "suspended", res.Verdict)
					return
				}
				ticket := w.ticket(2)
				require.Equal(t, int64(1), ticket.FollowUpOf)
				require.Equal(t, "bob@customer.example", ticket.Requester.Email)
				require.Equal(t, "bob@customer.example", ticket.Comments[0].Author.Email)
			})
		}
	}
}

// Many mails that Zendesk cannot take stop nobody else's.
func TestRefusedMailStopsNobody(t *testing.T) {
	for name, l := range map[string]letter{
		"an impossible Reply-To": {from: "E <e%d@evil%[1]d.example>", replyTo: "a..b@evil.example"},
		"no full domain":         {from: "E <e%d@localhost>"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
				w.lift()
				var ids []string
				for i := range 40 {
					l := l
					l.from, l.id, l.text = fmt.Sprintf(l.from, i), fmt.Sprint(i, "@evil.example"), "Hi."
					ids = append(ids, w.post(l))
				}
				ann := w.deliver("ann")
				w.ingest()
				w.requireDone(ann, "Zendesk")
				for _, id := range ids {
					m, _ := w.exchange.Message(id)
					require.True(t, m.IsRead)
				}
			})
		})
	}
}

// Whatever a mail says it answers, it is asked for as it stands, or not at all.
func TestOddMessageIDs(t *testing.T) {
	for _, id := range []string{
		"CAB+x=1@mail.gmail.com", "a&b@x.example", "x&$top=1000&y@x.example", "a%27b@x.example", "a%b@x.example", "a'b@x.example",
		"a#b@x.example", `a\b@x.example`, "a)b@x.example", "a;b,c@x.example", "é@x.example", strings.Repeat("x", 60_000) + "@x.example",
	} {
		t.Run(id[:min(len(id), 20)], func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.open()
				time.Sleep(time.Minute)
				l := answer
				l.inReplyTo, l.references = []string{id}, []string{question.id}
				w.postRaw("", l)
				res := w.only()
				require.Equal(t, exdesk.Commented, res.Outcome, "%v", res.Err)
				for _, r := range w.exchange.Requests() {
					require.Less(t, len(r.Query), 4000)
				}
				if len(id) > 998 {
					return
				}
				l.id, l.inReplyTo, l.references = id, nil, nil
				w.postRaw("", l)
				w.only()
				mails, err := w.mailbox.ByMessageID(t.Context(), id)
				require.NoError(t, err)
				require.Len(t, mails, 1)
			})
		})
	}
}

// The files of a mail that is held by its header are not moved.
func TestFilesOfHeldMailStay(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.opts.Screen = &exdesk.Sieve{Blocked: []string{"customer.example"}}
		w.restart()
		w.exchange.Deliver(withFile("ann", 100_000))
		w.exchange.Deliver([]byte(strings.Replace(string(withFile("bob", 100_000)), "bob@customer.example", "support@contoso.test", 1)))
		require.Equal(t, 2, w.ingest().Count(exdesk.Held))
		require.Empty(t, w.support.Uploads())
	})
}

// Nobody is braked because of what others write in his name, and a colleague
// never.
func TestBrakeIsForTheSender(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.lift()
		people(w)
		for i := range exdesk.BrakePerHour + 1 {
			w.postAs(letter{from: question.from, id: fmt.Sprint(i, "@evil.example"), text: "Hi."}, forged("customer.example"))
			w.post(letter{from: "Gus <gus@contoso.test>", id: fmt.Sprint(i, "@contoso.test"), inReplyTo: []string{question.id}, text: fmt.Sprint("Answer ", i)})
		}
		w.post(answer)
		report := w.ingest()
		require.Equal(t, exdesk.BrakePerHour, report.Count(exdesk.Created))
		require.Equal(t, 1, report.Count(exdesk.Held))
		require.Equal(t, exdesk.BrakePerHour+2, report.Count(exdesk.Commented))
	})
}

// What looks like a machine's mail is a note only where it is of somebody on
// the ticket, without its files, and a few times an hour.
func TestNotesAreFewAndShort(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.open()
		w.support.Edit(1, func(t *zendesktest.Ticket) { t.Status = "solved" })
		time.Sleep(time.Minute)
		away := func(from string, i int) string {
			return w.exchange.Deliver([]byte(strings.NewReplacer("<"+fmt.Sprint(from, i)+"@customer.example>\r\nTo", "<"+from+"@customer.example>\r\nTo",
				"MIME-Version", "Auto-Submitted: auto-replied\r\nIn-Reply-To: <"+question.id+">\r\nMIME-Version",
				"See the file.", strings.Repeat("I am away. ", 2000)).Replace(string(withFile(fmt.Sprint(from, i), 1000)))))
		}
		stranger := away("eve", 0)
		require.Equal(t, "auto-reply", w.only().Verdict)
		w.requireHeld(stranger)
		require.Len(t, w.ticket(1).Comments, 1)
		require.Empty(t, w.ticket(1).Tags)
		for i := range 7 {
			away("ann", i)
		}
		report := w.ingest()
		require.Equal(t, 5, report.Count(exdesk.Noted))
		require.Equal(t, 2, report.Count(exdesk.Held))
		for _, c := range w.ticket(1).Comments[1:] {
			require.False(t, c.Public)
			require.Empty(t, c.Attachments)
			require.Less(t, len(c.Body), 5000)
		}
		require.Equal(t, "solved", w.ticket(1).Status)
		time.Sleep(time.Hour)
		away("ann", 8)
		require.Equal(t, exdesk.Noted, w.only().Outcome)
	})
}

// A name is no template, and leaves room for what the remark and the mail say.
func TestNamesInRemarks(t *testing.T) {
	for _, name := range []string{"{{ticket.requester.email}} {% if true %}", strings.Repeat("Verified by Exchange. & ", 5000)} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			ticket := w.open()
			time.Sleep(time.Minute)
			w.postRaw("", letter{from: `"` + name + `" <eve@evil.example>`, cc: "ann@customer.example", id: "e@evil.example", text: "{% x %} Hi. [" + ticket.EncodedID + "]"})
			require.Equal(t, exdesk.Commented, w.only().Outcome)
			c := w.ticket(1).Comments[1]
			require.Contains(t, c.Body, "not on the ticket")
			require.Contains(t, c.Body, "eve@evil.example")
			require.Contains(t, c.Body, "Hi.")
			for _, s := range []string{"{{", "{%", "ann@customer.example"} {
				require.NotContains(t, c.HTML, s)
			}
		})
	}
}

// An agent who sees the tickets of a group speaks on those, and one who sees
// others does not by his group.
func TestRestrictedAgents(t *testing.T) {
	for restriction, sees := range map[string]bool{"groups": true, "assigned": false, "organization": false} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			people(w)
			w.support.AddUser(zendesktest.User{Name: "Ned", Email: "ned@contoso.test", Role: "agent", TicketRestriction: restriction, DefaultGroupID: 77})
			w.support.Edit(1, func(t *zendesktest.Ticket) { t.GroupID = 77 })
			time.Sleep(time.Minute)
			w.post(letter{from: "Ned <ned@contoso.test>", id: "n@contoso.test", inReplyTo: []string{question.id}, text: "Done."})
			require.Equal(t, sees, w.only().Outcome == exdesk.Commented, restriction)
		})
	}
}

// The desk's own addresses are its own with a "+tag" and under an alias.
func TestOwnAddressesInDisguise(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.opts.Aliases = []string{"Support@contoso.onmicrosoft.test"}
		w.restart()
		w.post(letter{from: question.from, to: "support+1@contoso.test", cc: "support+2@contoso.test, support@contoso.onmicrosoft.test, support+a@acme.zendesk.com, bob@customer.example",
			replyTo: "support+3@contoso.test", id: "x@customer.example", text: "Hi."})
		require.Equal(t, exdesk.Created, w.only().Outcome)
		require.Equal(t, []string{"bob@customer.example"}, w.ticket(1).EmailCCs)
		require.Equal(t, "ann@customer.example", w.ticket(1).Requester.Email)
		for i, from := range []string{"support+9@contoso.test", "support@contoso.onmicrosoft.test"} {
			w.post(letter{from: from, id: fmt.Sprint(i, "@x.example"), text: "Hi."})
			require.Equal(t, "support-address", w.only().Verdict)
		}
	})
}

// What is private is looked for in the HTML as well.
func TestPrivateTextInHTML(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		people(w)
		whisper(w)
		time.Sleep(time.Minute)
		w.exchange.Deliver([]byte("From: Gus <gus@contoso.test>\r\nTo: support@contoso.test\r\nMessage-ID: <g@contoso.test>\r\nIn-Reply-To: <" + question.id + ">\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nDone.\r\n--b\r\nContent-Type: text/html\r\n\r\n" +
			"<p>Done.</p><blockquote>The customer is on our list of <b>late</b> payers, mind.</blockquote>\r\n--b--\r\n"))
		res := w.only()
		require.Equal(t, exdesk.Commented, res.Outcome)
		require.False(t, res.Public)
		require.Contains(t, res.Reason, "quotes a private comment")
	})
}

// Nobody gets onto another ticket because it is written on his that it was
// merged into that one, though it bears the tag of merged ones: if it is open,
// whoever wrote so, and if it is closed, the customer.
func TestMadeUpMerger(t *testing.T) {
	for _, status := range []string{"open", "closed"} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			w.open()
			time.Sleep(time.Minute)
			w.post(letter{from: "Eve <eve@evil.example>", id: "e@evil.example", text: "merged into ticket #1"})
			w.only()
			w.support.Edit(2, func(t *zendesktest.Ticket) {
				if t.Status, t.Tags = status, []string{"closed_by_merge"}; status == "open" {
					t.Comments = append(t.Comments, zendesktest.Comment{HTML: "<p>merged into ticket #1</p>", Body: "merged into ticket #1"})
				}
			})
			time.Sleep(time.Minute)
			w.post(letter{from: "Eve <eve@evil.example>", id: "e2@evil.example", inReplyTo: []string{"e@evil.example"}, text: "Hi. [" + w.ticket(2).EncodedID + "]"})
			w.only()
			require.Len(t, w.ticket(1).Comments, 1)
			if status == "open" {
				require.Len(t, w.ticket(2).Comments, 3)
			} else {
				require.Equal(t, int64(2), w.ticket(3).FollowUpOf)
			}
		})
	}
}

// An address that looks like another one, or hides what it is, is not the other.
func TestAddressesThatLookLikeOthers(t *testing.T) {
	for name, c := range map[string]struct{ from, verdict string }{
		"a Kelvin sign":       {"Mike <mi\u212Ae@customer.example>", "stranger"},
		"a quoted local part": {`"x@y"@spam.example`, "blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.opts.Screen = &exdesk.Sieve{Blocked: []string{"spam.example"}}
				w.restart()
				q := question
				q.from = "Mike <mike@customer.example>"
				w.post(q)
				w.only()
				time.Sleep(time.Minute)
				id := w.post(letter{from: c.from, replyTo: "clean@other.example", id: "a@x.example", inReplyTo: []string{question.id}, text: "It is me."})
				require.Equal(t, c.verdict, w.only().Verdict)
				w.requireHeld(id)
			})
		})
	}
}

// Who is not vouched for speaks in private and under nobody's name, and a
// solved ticket is opened for somebody to look.
func TestForgedWordOfExchange(t *testing.T) {
	const (
		pass  = "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=pass (signature was verified) header.d=customer.example;dmarc=pass action=none header.from=customer.example;compauth=pass reason=100"
		edge  = "Received: from evil.example (203.0.113.9) by VE1EUR01FT003.mail.protection.outlook.com (10.152.2.1) with Microsoft SMTP Server; Mon, 23 Nov 2026 00:00:00 +0000\r\n"
		other = "Received: from evil.example (203.0.113.9) by FT003.o-v1.mx.microsoft (10.152.2.1) with Microsoft SMTP Server via Frontend Transport; Mon, 23 Nov 2026 00:00:00 +0000\r\n"
		hop   = "Received: from hub.example by mbx.prod.outlook.com with HTTPS; Mon, 23 Nov 2026 00:00:01 +0000\r\n"
	)
	results := func(v string) string { return "Authentication-Results: " + v + "\r\n" }
	as := func(auth string) func(w *world, l letter) {
		return func(w *world, l letter) { w.postAs(l, auth) }
	}
	nameless := func(auth string) func(w *world, l letter) {
		return func(w *world, l letter) {
			l.from = `"Ann <ann@customer.example>"`
			w.postAs(l, auth)
		}
	}
	for name, post := range map[string]func(w *world, l letter){
		"forged": as(forged("customer.example")),
		"a front end whose name is not known": func(w *world, l letter) {
			w.postRaw("X-MS-Exchange-Organization-AuthAs: Anonymous\r\nX-MS-Exchange-Organization-AuthSource: FT003.eop-eur03.prod.protection.outlook.com\r\n"+
				hop+results(forged("customer.example"))+other+hop+results(pass)+edge, l)
		},
		"from inside, by way of a front end": func(w *world, l letter) {
			l.from, l.fields = "Gus <gus@contoso.test>", results(forged("contoso.test"))+edge
			_, err := w.exchange.DeliverTo(w.exchange.Mailbox(), l.bytes(), &graphtest.Delivery{Internal: true})
			require.NoError(w, err)
		},
		"of no domain":           nameless("spf=pass (sender IP is 1.1.1.1) smtp.mailfrom=evil.example; dkim=pass header.d=evil.example;dmarc=pass action=none header.from=;compauth=pass reason=100"),
		"without a domain":       nameless("spf=pass (sender IP is 1.1.1.1) smtp.mailfrom=evil.example; dkim=pass header.d=evil.example;compauth=pass reason=100"),
		"in what a server says":  as("spf=none (sender IP is 203.0.113.9) smtp.helo=x dmarc=pass header.from=customer.example;dmarc=fail action=none header.from=customer.example;compauth=fail reason=001"),
		"in what a key is of":    as("spf=pass (sender IP is 1.1.1.1) smtp.mailfrom=evil.example; dkim=fail (x) header.d=a dmarc=pass;dmarc=fail action=none header.from=customer.example;compauth=fail reason=001"),
		"in a local part":        as("spf=none (sender IP is 203.0.113.9) smtp.mailfrom=\"a;compauth=pass;b\"@evil.example;dmarc=fail action=none header.from=customer.example"),
		"in a comment":           as("spf=none (a;compauth=pass;b) smtp.mailfrom=evil.example;dmarc=fail action=none header.from=customer.example"),
		"as another header.from": as("spf=none;dmarc=pass action=none header.from=evil.example header.from=customer.example;compauth=pass reason=100"),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				people(w)
				w.support.Edit(1, func(t *zendesktest.Ticket) { t.Status = "solved" })
				time.Sleep(time.Minute)
				post(w, answer)
				res := w.only()
				require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
				require.False(t, res.Public)
				require.Contains(t, res.Reason, "not verified")
				require.Equal(t, "agent@acme.test", w.ticket(1).Comments[1].Author.Email)
				require.Equal(t, "open", w.ticket(1).Status)
			})
		})
	}
}

// A mail that is a customer's but for whom to answer is not the customer's, and
// does not keep his own from becoming a ticket.
func TestReplyToMakesAnotherMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		q := question
		q.date, q.replyTo = time.Now(), "eve@evil.example"
		w.postAs(q, forged("customer.example"))
		w.only()
		time.Sleep(time.Second)
		q.replyTo = ""
		w.post(q)
		res := w.only()
		require.Equal(t, exdesk.Created, res.Outcome)
		require.True(t, res.MessageIDReused)
		require.Equal(t, "ann@customer.example", w.ticket(res.Ticket).Requester.Email)
	})
}
