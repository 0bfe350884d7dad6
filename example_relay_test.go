package exdesk_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// order is what Zendesk sends when an agent answers.
const order = "From: \"Cleo (Acme)\" <support@contoso.test>\r\nTo: ann@customer.example\r\nSubject: Re: Where is my order?\r\n" +
	"Message-ID: <56Z97D7G67G_65d68382aa493_4639581606f3_sprut@zendesk.com>\r\nAuto-Submitted: auto-generated\r\n" +
	"X-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\n" +
	"X-Zendesk-Email-Id: 01HQ6Z3D5V7QK2M8W4R9T1X6YB\r\n\r\nIt is with the carrier.\r\n"

func ExampleConnector_Relay() {
	// The fake shows at once what was sent; without Settle, a Connector that is
	// new waits until the mailbox must show what its predecessor sent.
	conn, exchange, _, stop := connect(&exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	defer stop()
	for range 2 { // as by a mail server that did not hear the first answer
		receipt, err := conn.Relay(context.Background(), &exdesk.Outbound{
			MIME:       strings.NewReader(order),
			Ticket:     12,
			Recipients: []string{"ann@customer.example", "archive@contoso.test"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(receipt.Already, receipt.Recipients)
		for _, f := range receipt.Fields {
			if f.Survival != exdesk.Kept {
				fmt.Println(f.Name, f.Survival)
			}
		}
	}
	fmt.Println(len(exchange.Sent()), "mail left")
	// Output:
	// false [ann@customer.example archive@contoso.test]
	// Auto-Submitted repaired
	// X-Mailer repaired
	// X-Zendesk-From-Account-Id repaired
	// X-Zendesk-Email-Id repaired
	// true [ann@customer.example archive@contoso.test]
	// 1 mail left
}

func ExampleOutbound() {
	conn, _, _, stop := connect(&exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	defer stop()
	_, err := conn.Relay(context.Background(), &exdesk.Outbound{
		MIME: strings.NewReader(order),
		Rewrite: func(header []byte) ([]byte, error) {
			return append([]byte("Bcc: archive@contoso.test\r\n"), header...), nil
		},
	})
	fmt.Println(err)
	// Output: exdesk: the Bcc field is guarded and was changed
}

func ExampleConnector_Trace() {
	conn, _, _, stop := connect(&exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	defer stop()
	if _, err := conn.Relay(context.Background(), &exdesk.Outbound{MIME: strings.NewReader(order), Ticket: 12}); err != nil {
		fmt.Println(err)
		return
	}
	// With the recipient's mailbox as a further argument, a column says what arrived.
	trace, err := conn.Trace(context.Background(), "01HQ6Z3D5V7QK2M8W4R9T1X6YB")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(trace)
	// Output:
	// 01HQ6Z3D5V7QK2M8W4R9T1X6YB: sent, to 1 recipient, of ticket 12
	// FIELD                      HANDED IN                                      DRAFT     SENT COPY
	// Auto-Submitted             auto-generated                                 repaired  kept
	// X-Auto-Response-Suppress   All                                            kept      kept
	// X-Mailer                   Zendesk Mailer                                 repaired  kept
	// X-Zendesk-From-Account-Id  cc6f582                                        repaired  kept
	// X-Zendesk-Email-Id         01HQ6Z3D5V7QK2M8W4R9T1X6YB                     repaired  kept
	// From                       "Cleo (Acme)" <support@contoso.test>           kept      renamed: "support" <support@contoso.test>
	// To                         ann@customer.example                           kept      kept
	// Subject                    Re: Where is my order?                         kept      kept
	// Message-ID                 <56Z97D7G67G_65d68382aa493_4639581606f3_spru…  kept      kept
}

func ExampleConnector_Probe() {
	exchange := graphtest.New(&graphtest.Options{Headers: graphtest.Strips}) // a tenant that keeps nothing
	server := httptest.NewServer(exchange)
	defer server.Close()
	mailbox, err := graph.New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()}),
		&graph.Options{BaseURL: server.URL + "/v1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := exdesk.New(mailbox, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	trace, err := conn.Probe(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("RelayOptions.MayLose:", trace.Lost())
	// Output: RelayOptions.MayLose: [Auto-Submitted X-Auto-Response-Suppress X-Mailer X-Zendesk-From-Account-Id X-Zendesk-Email-Id]
}

func ExampleClaims() {
	var claims exdesk.Claims
	first, _ := claims.Claim(context.Background(), "support@contoso.com", "one notification")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := claims.Claim(ctx, "support@contoso.com", "one notification")
	fmt.Println(err)
	first.Release(exdesk.ClaimSent)
	second, _ := claims.Claim(context.Background(), "support@contoso.com", "one notification")
	fmt.Println(second.Before.IsZero())
	second.Release(exdesk.ClaimSent)
	// Output:
	// context deadline exceeded
	// false
}
