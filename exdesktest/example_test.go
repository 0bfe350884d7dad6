package exdesktest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/exdesk/exdesk"
)

// One mail goes through a Connector, from a Mailbox to a Desk that pass the
// suites.
func Example() {
	inbox, book := new(Inbox), new(Book)
	id := inbox.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\n"+
		"Subject: Where is my order?\r\nMessage-ID: <1@customer.example>\r\n\r\nIt is late.\r\n"), time.Now())
	conn, err := exdesk.New(inbox, book, &exdesk.Options{Limiter: &Tally{Most: exdesk.IngestPerMinute, Per: time.Minute}})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := conn.Ingest(context.Background())
	fmt.Println(report, err)
	for _, r := range report.Results {
		c, _ := book.look(r.Ticket)
		fmt.Printf("%s, from %s: %s\n", c.Subject, c.Requester, c.Remarks[0].Text)
	}
	item, _ := inboxUnderTest(inbox).Look(id)
	fmt.Println(item.Categories, item.Read)
	// Output:
	// 1 mail: 1 ticket <nil>
	// Where is my order?, from ann@customer.example: It is late.
	// [Zendesk] true
}
