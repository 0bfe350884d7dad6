package main

import (
	"bytes"
	"context"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// showAnswer shows the way back: an agent's answer on ticket 1 leaves through
// the mailbox, and what the customer writes back comes to the same ticket.
func (l *local) showAnswer(ctx context.Context, p *printer) error {
	ticket := l.support.Tickets()[0]
	// The fake shows at once what was sent, so there is nothing to settle.
	conn, err := exdesk.New(l.mailbox, l.desk, &exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	if err != nil {
		return err
	}
	receipt, err := conn.Relay(ctx, &exdesk.Outbound{Ticket: ticket.ID,
		MIME: strings.NewReader(notification(ticket.Requester.Email, ticket.Subject, ticket.EncodedID))})
	if err != nil {
		return err
	}
	sent := l.exchange.Sent()
	arrived, err := netmail.ReadMessage(bytes.NewReader(sent[len(sent)-1].MIME))
	if err != nil {
		return err
	}
	p.sent(arrived.Header.Get("Subject"), receipt)

	id := l.exchange.Deliver(reply("Ada Moreno <"+ticket.Requester.Email+">", arrived.Header.Get("Subject"), "eleven@customer.example",
		strings.Trim(arrived.Header.Get("Message-ID"), "<>"), "", "It came this morning, thank you.\n"))
	p.expect(id, "")
	return ingest(ctx, l.mailbox, l.desk, exdesk.Options{}, p)
}

// notification is an agent's answer as Zendesk hands it to a mail server.
func notification(to, subject, encoded string) string {
	id := strings.ReplaceAll(encoded, "-", "")
	return strings.ReplaceAll(fmt.Sprintf(`From: "Cleo (Acme)" <support@contoso.test>
To: %s
Reply-To: support@contoso.test
Subject: Re: %s
Date: %s
Message-ID: <%s_65d68382aa493_4639581606f3_sprut@zendesk.com>
In-Reply-To: <one@customer.example>
References: <%[4]s@zendesk.com>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
X-Mailer: Zendesk Mailer
X-Zendesk-From-Account-Id: cc6f582
X-Zendesk-Email-Id: 01HQ6Z3D5V7QK2M8W4R9T1X6YB
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

##- Please type your reply above this line -##

It is with the carrier and should be with you tomorrow.

[%[5]s]
`, to, subject, time.Now().Format(time.RFC1123Z), id, encoded), "\n", "\r\n")
}

// sent takes the receipt of a notification that left.
func (p *printer) sent(subject string, r *exdesk.Receipt) {
	p.results = append(p.results, row{Result: &exdesk.Result{Outcome: exdesk.Sent, Ticket: r.Ticket, Mail: &exdesk.Mail{ID: r.ID, MessageID: r.MessageID, Subject: subject}},
		subject: subject, text: fmt.Sprintf("sent to %d recipient of ticket %d: %s", len(r.Recipients), r.Ticket, survived(r.Fields))})
	if p.json {
		p.progress.clear()
		p.printJSON(p.results[len(p.results)-1])
	}
}

// survived counts what became of the fields of a header.
func survived(fields []exdesk.FieldReport) string {
	n := make(map[exdesk.Survival]int)
	for _, f := range fields {
		n[f.Survival]++
	}
	parts := []string{fmt.Sprintf("%d header fields kept", n[exdesk.Kept])}
	for _, s := range []exdesk.Survival{exdesk.Repaired, exdesk.Renamed, exdesk.Changed, exdesk.Lost} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprint(n[s], " ", s))
		}
	}
	return strings.Join(parts, ", ")
}
