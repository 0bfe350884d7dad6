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
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// connect joins a fake Exchange Online and a fake Zendesk.
func connect(opts *exdesk.Options) (conn *exdesk.Connector, exchange *graphtest.Server, account *zendesktest.Server, stop func()) {
	exchange, account = graphtest.New(nil), zendesktest.New(nil)
	exchangeServer, accountServer := httptest.NewServer(exchange), httptest.NewServer(account)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	mailbox, err := graph.New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()}),
		&graph.Options{BaseURL: exchangeServer.URL + "/v1.0"})
	must(err)
	desk, err := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: account.Token()}),
		&zendesk.Options{BaseURL: accountServer.URL})
	must(err)
	conn, err = exdesk.New(mailbox, desk, opts)
	must(err)
	return conn, exchange, account, func() { exchangeServer.Close(); accountServer.Close() }
}

// A reply becomes a comment on the ticket of the mail that it answers.
func Example_replies() {
	conn, exchange, account, stop := connect(nil)
	defer stop()
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Where is my order?\r\nMessage-ID: <1@customer.example>\r\n\r\nIt is late.\r\n"))
	conn.Ingest(context.Background())
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Re: Where is my order?\r\nMessage-ID: <2@customer.example>\r\nIn-Reply-To: <1@customer.example>\r\n\r\nIt came!\r\n"))
	report, err := conn.Ingest(context.Background())
	fmt.Println(report, err)
	for _, c := range account.Tickets()[0].Comments {
		fmt.Println(c.Author.Name, c.Public, strings.TrimSpace(c.Body))
	}
	// Output:
	// 1 mail: 1 comment <nil>
	// Ann true It is late.
	// Ann true It came!
}

// Mail that waits for a person goes on when the person says so.
func ExampleConnector_Release() {
	conn, exchange, _, stop := connect(&exdesk.Options{Screen: &exdesk.Sieve{Blocked: []string{"shop.example"}}})
	defer stop()
	exchange.Deliver([]byte("From: Eve <eve@shop.example>\r\nTo: support@contoso.test\r\nSubject: Offer\r\n\r\nBuy!\r\n"))
	report, _ := conn.Ingest(context.Background())
	held := report.Results[0]
	fmt.Println(held.Outcome, held.Verdict, held.Reason)
	if err := conn.Release(context.Background(), held.Mail.ID); err != nil {
		fmt.Println(err)
	}
	report, _ = conn.Ingest(context.Background())
	fmt.Println(report)
	// Output:
	// held blocked the sender is blocked
	// 1 mail: 1 ticket
}

func ExampleConnector_Explain() {
	conn, exchange, _, stop := connect(nil)
	defer stop()
	exchange.Deliver([]byte("From: Bob <bob@customer.example>\r\nMessage-ID: <7@customer.example>\r\nSubject: To whom?\r\n\r\nNobody.\r\n"))
	conn.Ingest(context.Background())
	story, err := conn.Explain(context.Background(), "<7@customer.example>")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := story.Mails[0].Record
	fmt.Println(r.Outcome, r.Reason)
	// Output: rejected the To field is missing
}

func ExampleConnector_Import() {
	conn, exchange, account, stop := connect(nil)
	defer stop()
	for i, subject := range []string{"Oldest", "Older", "Old"} {
		at := time.Date(2026, 3, 10+i, 9, 0, 0, 0, time.UTC)
		mail := fmt.Sprintf("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: %s\r\nDate: %s\r\n\r\nHello.\r\n", subject, at.Format(time.RFC1123Z))
		if _, err := exchange.DeliverTo("support@contoso.test", []byte(mail), &graphtest.Delivery{Received: at, Read: true}); err != nil {
			fmt.Println(err)
		}
	}
	report, err := conn.Import(context.Background(), 2)
	fmt.Println(report, err)
	for _, t := range account.Tickets() {
		fmt.Println(t.CreatedAt.Format(time.DateOnly), t.Subject, t.Tags[0])
	}
	// Output:
	// 2 mails: 2 tickets <nil>
	// 2026-03-11 Older exdesk_imported
	// 2026-03-12 Old exdesk_imported
}

func ExampleConnector_Status() {
	conn, exchange, _, stop := connect(nil)
	defer stop()
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Hello\r\n\r\nHi.\r\n"))
	conn.Ingest(context.Background())
	s := conn.Status()
	fmt.Println(s.Totals, s.Fetched.Messages, s.LastError)
	// Output: 1 mail: 1 ticket 1 <nil>
}

// invoices knows better than the Sieve what is to become of one sort of mail.
type invoices struct{ exdesk.Sieve }

func (v *invoices) Judge(ctx context.Context, s *exdesk.Screening) (exdesk.Verdict, error) {
	if strings.HasPrefix(s.Message.Subject, "Invoice ") {
		return exdesk.Verdict{Name: "invoice", Tags: []string{"accounting"}, Quiet: true}, nil
	}
	return v.Sieve.Judge(ctx, s)
}

func ExampleScreen() {
	conn, exchange, account, stop := connect(&exdesk.Options{Screen: new(invoices)})
	defer stop()
	exchange.Deliver([]byte("From: bills@vendor.example\r\nTo: support@contoso.test\r\nSubject: Invoice 12\r\n\r\nPlease pay.\r\n"))
	conn.Ingest(context.Background())
	fmt.Println(account.Tickets()[0].Tags)
	// Output: [exdesk_automatic accounting]
}

// Steps feed whatever measures: durations, sizes, outcomes.
func ExampleStep() {
	conn, exchange, _, stop := connect(&exdesk.Options{OnStep: func(s exdesk.Step) {
		if s.Name == "mail" {
			fmt.Println(s.Mailbox, s.Outcome, s.Err)
		}
	}})
	defer stop()
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Hello\r\n\r\nHi.\r\n"))
	conn.Ingest(context.Background())
	// Output: support@contoso.test ticket <nil>
}
