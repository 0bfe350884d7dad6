package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func ExampleConnector_Ingest() {
	// The two services; yours are at graph.microsoft.com and acme.zendesk.com.
	exchange, account := graphtest.New(nil), zendesktest.New(nil)
	exchangeServer, accountServer := httptest.NewServer(exchange), httptest.NewServer(account)
	defer exchangeServer.Close()
	defer accountServer.Close()
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Where is my order?\r\n\r\nIt is late.\r\n"))
	exchange.Deliver([]byte("From: Bob <bob@customer.example>\r\nSubject: To whom?\r\n\r\nNobody.\r\n"))

	mailbox, err1 := graph.New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()}),
		&graph.Options{BaseURL: exchangeServer.URL + "/v1.0"})
	desk, err2 := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: account.Token()}),
		&zendesk.Options{BaseURL: accountServer.URL})
	conn, err3 := exdesk.New(mailbox, desk, nil)
	if err := errors.Join(err1, err2, err3); err != nil {
		fmt.Println(err)
		return
	}
	report, err := conn.Ingest(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range report.Results {
		fmt.Println(r.Mail.Subject, r.Outcome, r.Ticket, r.Reason, r.Labels)
	}
	fmt.Println(report)
	// Output:
	// Where is my order? ticket 1  [Zendesk]
	// To whom? rejected 0 the To field is missing [Zendesk RejectedByZendesk]
	// 2 mails: 1 ticket, 1 rejected
}

// throttled is what an adapter returns when its service wants to be left alone.
type throttled struct{}

func (throttled) Error() string                     { return "too many requests" }
func (throttled) RetryAfter() (time.Duration, bool) { return 30 * time.Second, true }
func (throttled) Is(class error) bool               { return class == exdesk.ErrTemporary }

func ExampleRetryAfter() {
	err := fmt.Errorf("listing the mailbox: %w", throttled{})
	if wait, ok := exdesk.RetryAfter(err); ok && errors.Is(err, exdesk.ErrTemporary) {
		fmt.Println("again in", wait)
	}
	// Output: again in 30s
}

func ExampleMessage_Requester() {
	m := exdesk.Message{
		From:    exdesk.Address{Address: "shop@forms.example"},
		ReplyTo: []exdesk.Address{{Name: "Ann", Address: "ann@customer.example"}},
	}
	fmt.Println(m.Requester("support@contoso.com"))
	// Output: Ann <ann@customer.example>
}
