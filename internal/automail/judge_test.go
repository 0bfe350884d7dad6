package automail

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// raw puts a mail together: header lines, then the body.
func raw(header, body string) []byte {
	return []byte(strings.TrimSpace(header) + "\n\n" + strings.TrimLeft(body, "\n"))
}

// report is a multipart/report of that type with the parts given as
// "media/type\nbody".
func report(header, kind string, parts ...string) []byte {
	return multi(header, "multipart/report; report-type="+kind, parts...)
}

func multi(header, contentType string, parts ...string) []byte {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(header) + "\nMIME-Version: 1.0\nContent-Type: " + contentType + "; boundary=\"=_b\"\n\n")
	for _, p := range parts {
		media, body, _ := strings.Cut(p, "\n")
		b.WriteString("--=_b\nContent-Type: " + media + "\n\n" + body + "\n")
	}
	b.WriteString("--=_b--\n")
	return []byte(b.String())
}

const (
	person  = "From: Ada Customer <ada@customer.example>\nTo: support@desk.example\nReturn-Path: <ada@customer.example>\nMessage-ID: <own@customer.example>\n"
	exdaemo = "From: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: support@desk.example\nReturn-Path: <>\nMessage-ID: <own@mx.example>\n"
	sent    = "Message-ID: <ticket-7@desk.example>\nFrom: support@desk.example\nTo: ada@customer.example\nSubject: Your ticket\n"
	failed  = "message/delivery-status\nReporting-MTA: dns; mx.example\n\nOriginal-Recipient: rfc822;ada@customer.example\nFinal-Recipient: rfc822;ada@inner.example\n" +
		"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 no such user\n"
	returnedMail = "message/rfc822\n" + sent + "\nHello\n"
)

var ours = []string{"ticket-7@desk.example"}

func TestJudge(t *testing.T) {
	t.Parallel()
	ada := []string{"ada@customer.example"}
	for _, tt := range []struct {
		name string
		raw  []byte
		want Verdict // without Why
	}{
		// Bounces.
		{"Exchange Online, German, forwarded headers and a reply's threading",
			report(`From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@desk.example>
To: support@desk.example
Subject: Unzustellbar: AW: Ihr Ticket
Auto-Submitted: auto-replied
X-MS-Exchange-Message-Is-Ndr:
In-Reply-To: <ticket-7@desk.example>
References: <root@desk.example> <ticket-7@desk.example>`, "delivery-status",
				"text/html\n<p>Ihre Nachricht konnte nicht zugestellt werden.</p>", failed, returnedMail),
			Verdict{Kind: Bounce, Original: []string{"ticket-7@desk.example", "root@desk.example"}, Recipients: ada, Status: "5.1.1"}},
		{"Postfix",
			report("From: MAILER-DAEMON@mx.example (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\nReturn-Path: <>\nAuto-Submitted: auto-replied", "delivery-status",
				"text/plain\nThis is the mail system at host mx.example.", failed, "text/rfc822-headers\n"+sent),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada, Status: "5.1.1"}},
		{"Gmail",
			report("From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Failure)\nX-Failed-Recipients: ada@customer.example", "delivery-status",
				"text/plain\nAddress not found", "message/delivery-status\nReporting-MTA: dns; googlemail.com\nX-Original-Message-ID: <ticket-7@desk.example>\n\nFinal-Recipient: rfc822; ada@customer.example\nAction: failed\nStatus: 5.1.1\n"),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada, Status: "5.1.1"}},
		{"internationalized report (RFC 6533)",
			report(exdaemo+"Subject: x", "global-delivery-status", "message/global-delivery-status\nReporting-MTA: dns; x\n\nFinal-Recipient: utf-8; jörg@desk.example\nAction: failed\nStatus: 5.6.7\n",
				"message/global\n"+sent),
			Verdict{Kind: Bounce, Original: ours, Recipients: []string{"jörg@desk.example"}, Status: "5.6.7"}},
		{"a report without report-type and blank lines, and a status only in the diagnosis",
			multi("From: postmaster@x.example\nSubject: x", "multipart/report", "text/plain\nSorry",
				"message/delivery-status\nReporting-MTA: dns; x\nFinal-Recipient: rfc822; <ada@customer.example>\nAction: Failed (bad)\nDiagnostic-Code: smtp; 554 5.7.1 denied\nFinal-Recipient: rfc822; b@customer.example\nAction: failed\nStatus: 5.2.2\n"),
			Verdict{Kind: Bounce, Recipients: []string{"ada@customer.example", "b@customer.example"}, Status: "5.7.1"}},
		{"one was reached, one is late, one failed",
			report(exdaemo+"Subject: x", "delivery-status", "text/plain\nSorry",
				"message/delivery-status\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; b@x.example\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822; c@x.example\nAction: failed\nStatus: 5.0.0\n"),
			Verdict{Kind: Bounce, Recipients: []string{"c@x.example"}, Status: "5.0.0"}},
		{"a late one",
			report(exdaemo+"Subject: Verzögert: Ihr Ticket", "delivery-status", "text/plain\nx",
				"message/delivery-status\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; ada@customer.example\nAction: delayed\nStatus: 4.4.7\n", returnedMail),
			Verdict{Kind: Bounce, Original: ours, Temporary: true, Recipients: ada, Status: "4.4.7"}},
		{"a report that a virus scanner wrapped",
			multi("From: postmaster@x.example\nReturn-Path: <>\nSubject: x", "multipart/mixed", "text/plain\nScanned.", failed, returnedMail),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada, Status: "5.1.1"}},
		{"a report of which nothing is left",
			raw(exdaemo+"Subject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status", "This is the mail system.\n\n<ada@customer.example>: host mx said: 550 5.1.1 unknown\n"),
			Verdict{Kind: Bounce, Recipients: ada, Status: "5.1.1"}},
		{"Exim in prose",
			raw(exdaemo+"Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: ada@customer.example\nAuto-Submitted: auto-replied",
				"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to all of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  ada@customer.example\n    SMTP error from remote mail server after RCPT TO:\n    550 5.1.1 unknown\n\n------ This is a copy of the message, including all the headers. ------\n\n"+sent),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada, Status: "5.1.1"}},
		{"Exim's warning",
			raw(exdaemo+"Subject: Warning: message 1abCde-0001 delayed 24 hours\nAuto-Submitted: auto-replied",
				"A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.example.\n\nThe address to which the message has not yet been delivered is:\n\n  ada@customer.example\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n"),
			Verdict{Kind: Bounce, Temporary: true, Recipients: ada}},
		{"qmail",
			raw("From: MAILER-DAEMON@q.example\nReturn-Path: <>\nSubject: failure notice",
				"Hi. This is the qmail-send program at q.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ada@customer.example>:\n192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\nGiving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\nReceived: (qmail 1 invoked by uid 2)\n"+sent),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada, Status: "5.1.1"}},
		{"sendmail of old",
			raw("From: Mail Delivery Subsystem <root@old.example>\nSubject: Returned mail: User unknown", "   ----- The following addresses had permanent fatal errors -----\n<ada@customer.example>\n\n   ----- Original message follows -----\n"+sent),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada}},
		{"From is empty, Japanese",
			raw("From: <>\nReturn-Path: <>\nSubject: x\nContent-Type: text/plain; charset=utf-8", "このメールは送信できませんでした\nada@customer.example\n"),
			Verdict{Kind: Bounce, Recipients: ada}},
		{"a mailbox is full, by a sender that is no daemon",
			multi("From: info@mail.example\nReturn-Path: <>\nSubject: Mail", "multipart/mixed", "text/plain\nYour mail could not be delivered to: <ada@customer.example>\nas the mailbox is full.", returnedMail),
			Verdict{Kind: Bounce, Original: ours, Recipients: ada}},
		{"a postmaster without a path",
			raw("From: postmaster@x.example\nSubject: Undeliverable: Your ticket", "Your message did not reach the following recipient(s):\n\nada@customer.example on Thu, 29 Apr 2010 00:00:00 -0000\n    Unknown\n"),
			Verdict{Kind: Bounce, Recipients: ada}},

		// Receipts.
		{"Outlook's read receipt",
			report(person+"Subject: Gelesen: Ihr Ticket\nIn-Reply-To: <ticket-7@desk.example>", "disposition-notification", "text/plain\nIhre Nachricht wurde gelesen",
				"message/disposition-notification\nFinal-recipient: RFC822; ada@customer.example\nOriginal-Message-ID: <ticket-7@desk.example>\nDisposition: automatic-action/MDN-sent-automatically; displayed\n"),
			Verdict{Kind: Receipt, Original: ours}},
		{"deleted unread", report(person+"Subject: Not read: x", "disposition-notification", "text/plain\nx", "message/disposition-notification\nDisposition: automatic-action/MDN-sent-automatically; deleted\n"),
			Verdict{Kind: Receipt}},
		{"a success", report(exdaemo+"Subject: Relayed: x", "delivery-status", "text/plain\nx", "message/delivery-status\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; ada@customer.example\nAction: relayed\nStatus: 2.0.0\n", returnedMail),
			Verdict{Kind: Receipt, Original: ours}},

		// Complaints.
		{"feedback report", report("From: <abusedesk@isp.example>\nSubject: FW: Your ticket", "feedback-report", "text/plain\nThis is an abuse report.",
			"message/feedback-report\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n", "text/rfc822-header\n"+sent),
			Verdict{Kind: Complaint, Original: ours}},
		{"Outlook.com", multi("From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1", "multipart/mixed", "message/rfc822\nX-HmXmrOriginalRecipient: ada@hotmail.com\n"+sent+"\nx"),
			Verdict{Kind: Complaint, Original: ours}},
		{"forged mail is nobody's complaint (RFC 6591)", report("From: <dmarc@isp.example>\nSubject: x", "feedback-report", "text/plain\nx", "message/feedback-report\nFeedback-Type: auth-failure\n"),
			Verdict{Kind: Generated}},

		// Automatic replies.
		{"vacation (RFC 3834)", raw(person+"Subject: Re: Your ticket\nAuto-Submitted: auto-replied (vacation)\nIn-Reply-To: <ticket-7@desk.example>", "x"), Verdict{Kind: AutoReply, Original: ours}},
		{"Gmail", raw(person+"Subject: Away Re: Your ticket\nPrecedence: bulk\nX-Autoreply: yes\nReferences: <root@desk.example> <ticket-7@desk.example>", "x"),
			Verdict{Kind: AutoReply, Original: []string{"ticket-7@desk.example", "root@desk.example"}}},
		{"cPanel", raw(person+"Subject: I will answer\nX-Autorespond: Your ticket\nX-Precedence: auto_reply", "x"), Verdict{Kind: AutoReply}},
		{"CommuniGate Pro", raw(person+"Subject: x\nX-Autogenerated: Reply", "x"), Verdict{Kind: AutoReply}},
		{"qmail's autoresponder", raw(person+"Subject: x\nDelivered-To: Autoresponder", "x"), Verdict{Kind: AutoReply}},
		{"iCloud", raw(person+"Subject: x\nX-Apple-Action: VACATION", "x"), Verdict{Kind: AutoReply}},
		{"Exchange Online", raw(person+"Subject: Automatic reply: Your ticket\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\nIn-Reply-To: <ticket-7@desk.example>\nX-MS-Exchange-Inbox-Rules-Loop: ada@customer.example\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "I am on vacation."),
			Verdict{Kind: AutoReply, Original: ours}},
		{"Exchange Online in a language nobody thought of", raw(person+"Subject: Awtomatesch Äntwert: Your ticket\nThread-Topic: Your ticket\nAuto-Submitted: auto-generated\nIn-Reply-To: <ticket-7@desk.example>\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "x"),
			Verdict{Kind: AutoReply, Original: ours}},
		{"Exchange of old, by words alone", raw(person+"Subject: Out of Office AutoReply: Your ticket", "I am out of the office until Monday."), Verdict{Kind: AutoReply}},
		{"behind a gateway's tag", raw(person+"Subject: [EXTERN] Abwesenheitsnotiz: Ihr Ticket\nIn-Reply-To: <ticket-7@desk.example>", "x"), Verdict{Kind: AutoReply, Original: ours}},
		{"Notes", raw(person+"Subject: AUTO: Ada Customer is out of the office (returning 05/05/2026)\nAuto-Submitted: auto-generated\nReferences: <ticket-7@desk.example>", "x"), Verdict{Kind: AutoReply, Original: ours}},
		{"old vacation(1)", raw(person+"Subject: Re: Your ticket\nPrecedence: bulk", "I am away from my mail until further notice."), Verdict{Kind: AutoReply}},
		{"Zendesk's acknowledgement", raw("From: Shop <support@shop.zendesk.com>\nSubject: [Request received] Your ticket\nX-Mailer: Zendesk Mailer\nX-Zendesk-From-Account-Id: abc\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nIn-Reply-To: <ticket-7@desk.example>", "##- Please type your reply above this line -##\n\nYour request (123) has been received and is being reviewed by our support staff."),
			Verdict{Kind: AutoReply, Original: ours}},
		{"Freshdesk's acknowledgement", raw("From: Shop <support@shop.freshdesk.com>\nSubject: Ticket Received - Your ticket\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: DR, RN, OOF, AutoReply\nReferences: <ticket-7@desk.example>", "Dear Desk,\n\nWe would like to acknowledge that we have received your request and a ticket has been created."),
			Verdict{Kind: AutoReply, Original: ours}},
		{"Jira's acknowledgement", raw("From: Help <jira@shop.atlassian.net>\nSubject: HELP-7 Your ticket\nAuto-Submitted: auto-generated\nPrecedence: bulk\nIn-Reply-To: <ticket-7@desk.example>", "-—-—-—-—\nReply above this line.\n\nJust confirming that we got your request. We're on it."),
			Verdict{Kind: AutoReply, Original: ours}},
		{"an acknowledgement without a field, by a sender that takes no answers", raw("From: noreply@shop.example\nSubject: Ihre Anfrage\nIn-Reply-To: <ticket-7@desk.example>", "Guten Tag,\n\nvielen Dank, Ihre Nachricht ist bei uns eingegangen."), Verdict{Kind: AutoReply, Original: ours}},

		// Machines that answer nothing.
		{"a notification", raw("From: app@shop.example\nSubject: Server down\nAuto-Submitted: auto-generated", "nicht erreichbar"), Verdict{Kind: Generated}},
		{"Sieve's (RFC 5436)", raw(person+"Subject: x\nAuto-Submitted: auto-notified; owner-email=\"a@b\"", "x"), Verdict{Kind: Generated}},
		{"what an agent wrote in another Zendesk", raw("From: Shop <support@shop.zendesk.com>\nSubject: Re: Your ticket\nX-Mailer: Zendesk Mailer\nX-Zendesk-From-Account-Id: abc\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nIn-Reply-To: <ticket-7@desk.example>", "##- Please type your reply above this line -##\n\nWe have received your request and shipped it."),
			Verdict{Kind: Generated}},
		{"what an Exchange rule redirects", raw(person+"Subject: My printer\nAuto-Submitted: auto-generated\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\nX-MS-Exchange-Inbox-Rules-Loop: x\nThread-Topic: My printer\nIn-Reply-To: <a@b>", "I am on vacation, and my printer is not."), Verdict{Kind: Generated}},
		{"what one redirects with an empty path", raw("From: Ada <ada@customer.example>\nReturn-Path: <>\nSubject: Undeliverable\nX-MS-Exchange-Inbox-Rules-Loop: x", "My mail to you could not be delivered: 550 5.1.1"), Verdict{Kind: Generated}},
		{"cron", raw("From: root@x.example\nSubject: Cron <root@x>\nX-Cron-Env: <SHELL=/bin/sh>", "x"), Verdict{Kind: Generated}},
		{"a shop", raw("From: no-reply@shop.example\nSubject: Your order", "We have received your order"), Verdict{Kind: Generated}},
		{"a parcel service", raw("From: Parcels <noreply@parcel.example>\nReturn-Path: <>\nSubject: Delivery failed: your parcel 551 23", "Your parcel could not be delivered to Main St 550 7."), Verdict{Kind: Generated}},
		{"a Japanese one", raw("From: noreply@parcel.example\nSubject: ご不在連絡\nContent-Type: text/plain; charset=utf-8", "ご不在のため持ち帰りました"), Verdict{Kind: Generated}},
		{"a travel agency", raw("From: noreply@reisen.example\nSubject: Urlaub: Ihre Buchung", "Schönen Urlaub!"), Verdict{Kind: Generated}},
		{"a machine's report of another kind", report("From: tls@x.example\nSubject: x", "tlsrpt", "text/plain\nx"), Verdict{Kind: Generated}},
		{"a daemon's other mail", raw("From: MAILER-DAEMON@x.example\nSubject: Hello", "Nice weather"), Verdict{Kind: Generated}},

		// Many readers.
		{"a list", raw(person+"Subject: [dev] Automatic reply: is it broken?\nList-Id: <dev.lists.example>\nPrecedence: list\nIn-Reply-To: <a@b>", "I am out of office until Monday."), Verdict{Kind: Bulk}},
		{"sent from a phone", raw(person+"Subject: Re: Your ticket\nPrecedence: list\nIn-Reply-To: <ticket-7@desk.example>", "Thanks!\n\nSent from my phone"), Verdict{Kind: Bulk}},
		{"a newsletter", raw(person+"Subject: News\nList-Unsubscribe: <mailto:x@y>", "News"), Verdict{Kind: Bulk}},
		{"junk", raw(person+"Subject: News\nPrecedence: junk", "News"), Verdict{Kind: Bulk}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Judge(evidence(tt.raw))
			require.NotEmpty(t, got.Why)
			require.False(t, strings.HasSuffix(got.Why, "."), got.Why)
			t.Log(got.Why)
			got.Why = ""
			require.Equal(t, tt.want, got)
		})
	}
}

// People write about bounces and automatic replies, forward them and answer
// them. None of that may be taken for one.
func TestPeople(t *testing.T) {
	t.Parallel()
	const answer = "In-Reply-To: <ticket-7@desk.example>\nReferences: <ticket-7@desk.example>\n"
	bounceText := "\n\n-----Original Message-----\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Undelivered Mail Returned to Sender\n\n<ada@customer.example>: host mx said: 550 5.1.1 User unknown; could not be delivered\nMessage-ID: <x@y>\n"
	for name, m := range map[string][]byte{
		"plain":                          raw(person+"Subject: Hello", "Hello"),
		"forwards a bounce inline":       raw(person+"Subject: FW: Undelivered Mail Returned to Sender", "What is this?"+bounceText),
		"forwards a bounce as a file":    multi(person+"Subject: Fwd: Undelivered Mail Returned to Sender", "multipart/mixed", "text/plain\nWhat is this?", "message/rfc822\n"+string(report(exdaemo, "delivery-status", failed))),
		"forwards a bounce part by part": multi(person+"Subject: Fwd: Undelivered Mail Returned to Sender", "multipart/mixed", "text/plain\nWhat is this?", failed, returnedMail),
		"copies a bounce":                raw(person+"Subject: Undelivered Mail Returned to Sender", "I got this:"+bounceText),
		"answers a bounce":               raw(person+answer+"Subject: Re: Undeliverable: Your ticket", "Please use my new address."+bounceText),
		"answers an automatic reply":     raw(person+answer+"Subject: RE: Automatic reply: Your ticket", "I am out of the office until Monday, too."),
		"answers a German one":           raw(person+answer+"Subject: AW: Abwesenheitsnotiz: Ihr Ticket", "Ich bin im Urlaub."),
		"answers behind a tag":           raw(person+answer+"Subject: [EXTERNAL] SV: Autosvar: x", "x"),
		"forwards an automatic reply":    raw(person+answer+"Subject: WG: Automatische Antwort: x", "Ich bin im Urlaub."),
		"lost a parcel":                  raw(person+"Subject: Delivery failure of my parcel", "My parcel could not be delivered. It was returned to sender. 550 Main St."),
		"lost a German parcel":           raw(person+"Subject: Nicht zustellbar: mein Paket", "Das Paket konnte nicht zugestellt werden."),
		"is away":                        raw(person+answer+"Subject: Re: Your ticket", "I am on vacation and have limited access to email. Please call."),
		"is away, and says so first":     raw(person+answer+"Subject: Urlaub - bitte nicht anrufen", "Ich komme am Montag zurück."),
		"travels":                        raw(person+answer+"Subject: Urlaub: neue Daten", "Wir sind vier Personen."),
		"asks about out of office":       raw(person+"Subject: Out of office: how do I set it up?", "How do I tell people that I am on the road?"),
		"asks about automatic replies":   raw(person+"Subject: Automatic reply: broken since Monday", "Your product sends none."),
		"has a car":                      raw(person+answer+"Subject: Auto: Versicherung", "Bitte melden."),
		"sends by a group of Exchange":   raw(person+"Subject: My printer\nX-Auto-Response-Suppress: DR, OOF, AutoReply", "We have received your request, and my printer burns."),
		"suppresses all answers":         raw(person+"Subject: My printer\nX-Auto-Response-Suppress: All", "It burns."),
		"has a rule that forwards":       raw(person+answer+"Subject: FW: Undeliverable goods\nAuto-Submitted: auto-generated\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\nThread-Topic: Undeliverable goods", "I am on vacation. The goods could not be delivered."),
		"is a postmaster":                raw("From: Bob <postmaster@small.example>\nSubject: Your invoice", "The mail with the invoice could not be delivered."),
		"is a postmaster who answers":    raw("From: Bob <postmaster@small.example>\nSubject: Re: Undeliverable: Your invoice", "It could not be delivered: 550 5.1.1."),
		"fills in a form":                raw("From: Form <noreply@site.example>\nReply-To: Ada <ada@customer.example>\nSubject: Contact", "I am on vacation and my parcel could not be delivered."),
		"says that it is no machine":     raw(person+"Subject: x\nAuto-Submitted: no\nX-Autoreply: no", "Hello"),
		"accepts a meeting":              multi(person+"Subject: Accepted: Talk", "multipart/alternative", "text/plain\nfine", "text/calendar; method=REPLY\nBEGIN:VCALENDAR"),
		"has a loop mark":                raw(person+"Subject: x\nX-Loop: ada@customer.example\nDelivered-To: support@desk.example", "Hello"),
		"received a message":             raw(person+answer+"Subject: Re: Offer", "We have received your message and a ticket has been created on our side, thank you."),
		"sends a report as a file":       multi(person+"Subject: Status", "multipart/mixed", "text/plain\nsee file", "message/disposition-notification\nDisposition: x; displayed\n"),
		"writes to an autoresponder":     raw(person+"Subject: x\nDelivered-To: autoresponder-help@desk.example", "x"),
		"has no subject":                 raw(person, "Hello"),
		"has no header":                  []byte("\nHello"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, Verdict{}, Judge(evidence(m)))
		})
	}
}

// Headings of automatic replies and bounces in the languages of Outlook.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, heading := range []string{
		"Automatic reply", "Out of Office AutoReply", "Automatische Antwort", "Abwesenheitsnotiz", "Réponse automatique ", "Absence du bureau", "Respuesta automática",
		"Fuera de oficina", "Risposta automatica", "Fuori ufficio", "Resposta automática", "Automatisch antwoord", "Automatyczna odpowiedź", "Odpowiedź automatyczna",
		"Автоматический ответ", "Automatiskt svar", "Autosvar", "Automatisk svar", "Automaattinen vastaus", "Automatická odpověď", "Automatikus válasz", "Otomatik Yanıt",
		"Αυτόματη απάντηση", "自動応答", "自动答复", "自动回复", "自動回覆", "자동 회신", "תשובה אוטומטית", "رد تلقائي", "Răspuns automat",
	} {
		for _, subject := range []string{heading + ": Ticket", heading + "：Ticket"} {
			v := Judge(evidence(raw(person+"Subject: "+subject+"\nIn-Reply-To: <ticket-7@desk.example>", "x")))
			require.Equal(t, AutoReply, v.Kind, subject)
			require.Equal(t, ours, v.Original)
		}
		require.Empty(t, Judge(evidence(raw(person+"Subject: Re: "+heading+": Ticket\nIn-Reply-To: <a@b>", "x"))).Kind, heading)
		require.Empty(t, Judge(evidence(raw(person+"Subject: "+heading+"sgerät kaputt", "x"))).Kind, heading)
	}
	for _, heading := range []string{
		"Undeliverable", "Unzustellbar", "Non remis ", "No se puede entregar", "Non recapitabile", "Não é possível entregar", "Onbestelbaar", "Niedostarczalne",
		"Недоставленное", "Kan inte levereras", "Kan ikke leveres", "Ei voi toimittaa", "Nedoručitelné", "Kézbesíthetetlen", "Teslim edilemiyor",
		"配信不能", "无法传递", "無法傳遞", "배달되지 않음",
	} {
		v := Judge(evidence(raw(exdaemo+"Subject: "+heading+": Ticket", "x")))
		require.Equal(t, Bounce, v.Kind, heading)
		require.Empty(t, Judge(evidence(raw(person+"Subject: "+heading+": Ticket", "x"))).Kind, heading)
	}
}

// The tables are compared with folded text.
func TestPhrases(t *testing.T) {
	t.Parallel()
	for _, table := range [][]string{
		bounceHeadings, delayHeadings, bouncePhrases, delayPhrases, replyHeadings, absenceHeadings, awayPhrases, ticketHeadings, ticketPhrases,
		replyMarks, forwardMarks, daemonNames, noReplyNames,
	} {
		for _, p := range table {
			require.Equal(t, fold(p), p)
			require.NotEmpty(t, p)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	var status strings.Builder
	status.WriteString("message/delivery-status\nReporting-MTA: dns; x\n")
	for i := range 400 {
		status.WriteString("\nFinal-Recipient: rfc822; a" + strings.Repeat("x", i) + "@b.example\nAction: failed\n")
	}
	refs := strings.Repeat(" <"+strings.Repeat("r", 80)+"@x>\n", 1)
	for i := range 50 {
		refs += " <" + strings.Repeat("i", i+1) + "@x>\n"
	}
	v := Judge(evidence(report(exdaemo+"Subject: x\nReferences:"+strings.TrimRight(refs, "\n"), "delivery-status", status.String(), "message/rfc822\nX-Long: "+strings.Repeat("y", 60<<10)+"\n"+sent)))
	require.Equal(t, Bounce, v.Kind)
	require.Len(t, v.Recipients, maxRecipients)
	require.Len(t, v.Original, maxOriginals)
	require.Equal(t, strings.Repeat("i", 50)+"@x", v.Original[0], "the returned header is cut off")
}
