package exdesk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// A ticket of ann's on which bob is copied, agent gus works, agent fay follows.
// Lil is a light agent, rex sees the tickets of his group only, and sue and
// agent abe have nothing to do with it.
func people(w *world) zendesktest.Ticket {
	w.Helper()
	for _, u := range []zendesktest.User{
		{Name: "Gus", Email: "gus@contoso.test", Role: "agent"},
		{Name: "Fay", Email: "fay@contoso.test", Role: "agent", TicketRestriction: "assigned"},
		{Name: "Abe", Email: "abe@contoso.test", Role: "agent", Emails: []string{"abe@home.example"}},
		{Name: "Lil", Email: "lil@contoso.test", Role: "agent", Light: true},
		{Name: "Rex", Email: "rex@contoso.test", Role: "agent", TicketRestriction: "groups", DefaultGroupID: 77},
		{Name: "Sue", Email: "sue@elsewhere.example", Role: "end-user"},
	} {
		w.support.AddUser(u)
	}
	q := question
	q.cc = "Bob <bob@customer.example>"
	w.post(q)
	w.ingest()
	w.support.Edit(1, func(t *zendesktest.Ticket) {
		t.Assignee.Email, t.Followers = "gus@contoso.test", []string{"fay@contoso.test"}
	})
	time.Sleep(time.Minute)
	ticket, _ := w.support.Ticket(1)
	require.Equal(w, []string{"bob@customer.example"}, ticket.EmailCCs)
	return ticket
}

// The ordered checks of "Understanding when email comments are public or
// private". quoted replies carry the ticket's encoded id.
func TestWhoSpeaksHow(t *testing.T) {
	const (
		public  = "public"
		private = "private"
		held    = "held"
	)
	for _, c := range []struct {
		rule   string
		letter letter
		quoted bool
		policy exdesk.Policy
		before func(w *world)
		want   string
		author string // "" is the API's own user
		ccs    []string
	}{
		{rule: "1 encoded id, an end user who is not on the ticket", letter: letter{from: "Sue <sue@elsewhere.example>", cc: "new@x.example"}, quoted: true, want: private, author: ""},
		{rule: "1 encoded id, nobody who is known", letter: letter{from: "Zoe <zoe@elsewhere.example>"}, quoted: true, want: private, author: ""},
		{rule: "1 encoded id, an agent who does not see the ticket", letter: letter{from: "Rex <rex@contoso.test>"}, quoted: true, want: private, author: ""},
		{rule: "2 an end user who is not on the ticket", letter: letter{from: "Sue <sue@elsewhere.example>"}, want: held},
		{rule: "2 nobody who is known", letter: letter{from: "Zoe <zoe@elsewhere.example>"}, want: held},
		{rule: "2 an agent who does not see the ticket", letter: letter{from: "Rex <rex@contoso.test>"}, want: held},
		{rule: "2 a restricted agent who follows it", letter: letter{from: "Fay <fay@contoso.test>"}, want: private, author: "fay@contoso.test"},
		{rule: "3 a CC without the requester", letter: letter{from: "Bob <bob@customer.example>"}, want: private, author: "bob@customer.example"},
		{rule: "3 a CC with the requester", letter: letter{from: "Bob <bob@customer.example>", cc: "ann@customer.example"}, want: public, author: "bob@customer.example"},
		{rule: "3 a CC without the requester, made public", letter: letter{from: "Bob <bob@customer.example>"}, policy: exdesk.Policy{PublicCCs: true}, want: public, author: "bob@customer.example"},
		{rule: "3 a CC who wrote to others, made public", letter: letter{from: "Bob <bob@customer.example>", cc: "sue@elsewhere.example"}, policy: exdesk.Policy{PublicCCs: true}, want: private, author: "bob@customer.example"},
		{rule: "4 the requester", letter: letter{from: "Ann <ann@customer.example>"}, want: public, author: "ann@customer.example"},
		{rule: "4 the requester copies somebody", letter: letter{from: "Ann <ann@customer.example>", cc: "Cy <cy@customer.example>"}, want: public, author: "ann@customer.example", ccs: []string{"cy@customer.example"}},
		{rule: "4 the requester, on a private ticket", letter: letter{from: "Ann <ann@customer.example>"}, before: hide, want: public, author: "ann@customer.example"},
		{rule: "4 the requester writes #note", letter: letter{from: "Ann <ann@customer.example>", text: "#note\r\nWell."}, want: public, author: "ann@customer.example"},
		{rule: "5 a light agent", letter: letter{from: "Lil <lil@contoso.test>"}, want: private, author: "lil@contoso.test"},
		{rule: "6 an agent writes #note", letter: letter{from: "Gus <gus@contoso.test>", text: "#note\r\nNot for Ann."}, want: private, author: "gus@contoso.test"},
		{rule: "7 agents are private", letter: letter{from: "Gus <gus@contoso.test>"}, policy: exdesk.Policy{PrivateAgents: true}, want: private, author: "gus@contoso.test"},
		{rule: "8 a private ticket", letter: letter{from: "Gus <gus@contoso.test>"}, before: hide, want: private, author: "gus@contoso.test"},
		{rule: "9 what was private is quoted", letter: letter{from: "Gus <gus@contoso.test>", text: "Done.\r\n\r\n> The customer is on our list of late payers, mind.\r\n"}, before: whisper, want: private, author: "gus@contoso.test"},
		{rule: "10 the assignee", letter: letter{from: "Gus <gus@contoso.test>"}, want: public, author: "gus@contoso.test"},
		{rule: "10 another agent, by a secondary address", letter: letter{from: "Abe <abe@home.example>"}, want: public, author: "abe@contoso.test"},
		{rule: "Reply-To does not speak", letter: letter{from: "Sue <sue@elsewhere.example>", replyTo: "ann@customer.example"}, want: held},
		{rule: "a suspended CC", letter: letter{from: "Bob <bob@customer.example>"}, before: func(w *world) { w.support.Suspend("bob@customer.example") }, want: held},
		{rule: "a support address is not copied", letter: letter{from: "Ann <ann@customer.example>", cc: "support@acme.zendesk.com"}, want: public, author: "ann@customer.example"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.opts.Policy = c.policy
				w.restart()
				ticket := people(w)
				if c.before != nil {
					c.before(w)
					time.Sleep(time.Minute)
				}
				n := len(w.ticket(1).Comments)
				l := c.letter
				l.id, l.inReplyTo = "r@reply.example", []string{"q@customer.example"}
				if l.text == "" {
					l.text = "Here you are."
				}
				if c.quoted {
					l.text += "\r\n\r\n> [" + ticket.EncodedID + "]"
				}
				id := w.post(l)
				res := w.only()
				after := w.ticket(1)
				require.Len(t, w.support.Tickets(), 1)
				if c.want == held {
					require.Equal(t, exdesk.Held, res.Outcome, res.Reason)
					require.NotEmpty(t, res.Reason)
					require.Len(t, after.Comments, n)
					w.requireHeld(id)
					return
				}
				require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
				require.Len(t, after.Comments, n+1)
				comment := after.Comments[n]
				require.Equal(t, c.want == public, comment.Public, res.Reason)
				require.Equal(t, comment.Public, res.Public)
				require.Equal(t, comment.Public, res.Reason == "")
				author := c.author
				if author == "" {
					author = "agent@acme.test"
					require.Contains(t, comment.Body, l.from)
				}
				require.Equal(t, author, comment.Author.Email)
				require.ElementsMatch(t, append([]string{"bob@customer.example"}, c.ccs...), after.EmailCCs)
			})
		})
	}
}

func hide(w *world) {
	w.support.Edit(1, func(t *zendesktest.Ticket) { t.Comments[0].Public = false })
}

// whisper adds a private comment.
func whisper(w *world) {
	w.support.Edit(1, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{HTML: "<p>The customer is on our list of late payers, mind.</p>", Body: "The customer is on our list of late payers, mind."})
	})
}

func (w *world) ticket(id int64) zendesktest.Ticket {
	w.Helper()
	t, ok := w.support.Ticket(id)
	require.True(w, ok)
	return t
}

// requireHeld says that a mail waits for a person.
func (w *world) requireHeld(id string) {
	w.Helper()
	m, ok := w.exchange.Message(id)
	require.True(w, ok)
	require.False(w, m.IsRead)
	require.Equal(w, []string{"ZendeskHeld"}, m.Categories)
}

// Only Exchange's own word makes a sender speak in public, wherever he puts
// words of his own.
func TestOnlyExchangeVouches(t *testing.T) {
	const (
		pass    = "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=pass (signature was verified) header.d=customer.example;dmarc=pass action=none header.from=customer.example;compauth=pass reason=100"
		fail    = "spf=fail (sender IP is 203.0.113.9) smtp.mailfrom=evil.example; dkim=none (message not signed) header.d=none;dmarc=fail action=none header.from=customer.example;compauth=fail reason=001"
		guess   = "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;dmarc=bestguesspass action=none header.from=customer.example;compauth=pass reason=109"
		comp    = "spf=none (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=customer.example;compauth=pass reason=702"
		soft    = "spf=none (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=customer.example;compauth=softpass reason=201"
		another = "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=evil.example; dkim=pass (signature was verified) header.d=evil.example;dmarc=pass action=none header.from=evil.example;compauth=pass reason=100"
		edge    = "Received: from evil.example (203.0.113.9) by VE1EUR01FT003.mail.protection.outlook.com (10.152.2.1) with Microsoft SMTP Server id 15.20.1.1 via Frontend Transport; Mon, 23 Nov 2026 00:00:00 +0000\r\n"
		hop     = "Received: from VE1EUR01FT003.eop-EUR01.prod.protection.outlook.com (2603::1) by AM0P.outlook.office365.com (2603::2) with Microsoft SMTP Server id 15.20.1.1; Mon, 23 Nov 2026 00:00:01 +0000\r\n"
	)
	field := func(v string) string { return "Authentication-Results: " + v + "\r\n" }
	for name, c := range map[string]struct {
		auth   string
		fields string // of the sender's own, at the top of what he wrote
		inside bool
		from   string
		domain string // trusted
		want   bool
	}{
		"dmarc passes":                    {auth: pass, want: true},
		"as it would pass":                {auth: guess, want: true},
		"composite authentication passes": {auth: comp, want: true},
		"with an id":                      {auth: "mx.microsoft.com 1; " + pass, want: true},
		"softpass":                        {auth: soft},
		"fails":                           {auth: fail},
		"another domain":                  {auth: another},
		"no result":                       {auth: graphtest.NoAuth},
		"forged, below a failure":         {auth: fail, fields: field(pass)},
		"forged, below nothing":           {auth: graphtest.NoAuth, fields: field(pass)},
		"forged with a front end, below a failure":   {auth: fail, fields: hop + field(pass) + edge},
		"forged with a front end, below nothing":     {auth: graphtest.NoAuth, fields: hop + field(pass) + edge},
		"forged and renamed":                         {auth: graphtest.NoAuth, fields: "Authentication-Results-Original: " + pass + "\r\n" + edge + field(pass)},
		"a failure of the sender's own":              {auth: pass, fields: field("dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=customer.example;"), want: true},
		"forged to be from inside":                   {auth: fail, fields: "X-MS-Exchange-Organization-AuthAs: Internal\r\n"},
		"forged to be from inside, with no result":   {auth: graphtest.NoAuth, fields: "X-MS-Exchange-Organization-AuthAs: Internal\r\n"},
		"from inside":                                {inside: true, from: "Gus <gus@contoso.test>", want: true},
		"from inside, under another's name":          {inside: true},
		"from inside, under another's name, forging": {inside: true, fields: hop + field(pass) + edge},
		"two authors":                                {auth: pass, from: "Ann <ann@customer.example>, Bob <bob@customer.example>"},
		"fails, but is trusted":                      {auth: fail, domain: "Customer.example", want: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, o := range []graphtest.Options{{}, {WideFirewall: true, NamedAuth: true}, {ForeignTraceFirst: true}} {
				inBubble(t, &o, nil, func(t *testing.T, w *world) {
					if c.domain != "" {
						w.opts.Policy.Trusted = []string{c.domain}
						w.restart()
					}
					people(w)
					l := answer
					l.fields, l.cc = c.fields, "cy@customer.example"
					if c.from != "" {
						l.from = c.from
					}
					_, err := w.exchange.DeliverTo("support@contoso.test", l.bytes(), &graphtest.Delivery{Auth: c.auth, Internal: c.inside})
					require.NoError(t, err)
					res := w.only()
					require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
					comment := w.ticket(1).Comments[1]
					require.Equal(t, c.want, comment.Public, "%+v: %s", o, res.Reason)
					require.Equal(t, c.want, len(w.ticket(1).EmailCCs) == 2)
					if !c.want {
						require.Contains(t, res.Reason, "not verified")
						require.Contains(t, comment.Body, "not verified: ")
						require.Equal(t, "agent@acme.test", comment.Author.Email, "under nobody's name")
					}
				})
			}
		})
	}
}
