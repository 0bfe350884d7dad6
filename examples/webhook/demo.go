package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// demo shows the whole way with fakes of both services: a mail becomes a
// ticket, the answer leaves as a mail, and the customer's answer to that comes
// back onto the ticket.
func demo(ctx context.Context, out io.Writer) error {
	exchange := graphtest.New(nil)
	support := zendesktest.New(nil)
	support.AddUser(zendesktest.User{Name: "Sam", Email: "sam@acme.test", Role: "agent"})
	hooks := zendesktest.NewWebhooks(support, nil)
	graphURL, stop, err := listen(exchange)
	if err != nil {
		return err
	}
	defer stop()
	zendeskURL, stop, err := listen(hooks)
	if err != nil {
		return err
	}
	defer stop()
	c := &connection{log: slog.New(slog.DiscardHandler)}
	c.relay.Settle = -1 // nobody has sent anything from a mailbox that is new
	c.mailbox, err = graph.New(exchange.Mailbox(), static(exchange.Token()), &graph.Options{BaseURL: graphURL + "/v1.0"})
	if err != nil {
		return err
	}
	if c.desk, err = zendesk.New("acme", static(support.Token()), &zendesk.Options{BaseURL: zendeskURL}); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, secret := hooks.Subscribe("http://" + ln.Addr().String() + "/zendesk")
	c.secrets = []string{secret}
	s, err := newSender(c)
	if err != nil {
		_ = ln.Close()
		return err
	}
	ctx, end := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx, ln, &flags{path: "/zendesk", drain: time.Second}) }()
	err = (&show{s, exchange, support, hooks, out}).run(ctx)
	end()
	return errors.Join(err, <-served)
}

func static(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// listen runs a server on a free port of loopback.
func listen(h http.Handler) (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(ln) }()
	return "http://" + ln.Addr().String(), func() { _ = srv.Close() }, nil
}

// show is what is shown, and where.
type show struct {
	*sender
	exchange *graphtest.Server
	support  *zendesktest.Server
	hooks    *zendesktest.Webhooks
	out      io.Writer
}

const (
	question = "From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Where is my order?\r\n" +
		"Message-ID: <one@customer.example>\r\nDate: %s\r\n\r\nIt should have come on Monday.\r\n"
	answer = "From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: %s\r\n" +
		"Message-ID: <two@customer.example>\r\nIn-Reply-To: %s\r\nReferences: %[2]s\r\nDate: %[3]s\r\n\r\nThank you!\r\n"
)

func now() string { return time.Now().Format(time.RFC1123Z) }

func (s *show) run(ctx context.Context) error {
	s.exchange.Deliver(fmt.Appendf(nil, question, now()))
	first, err := s.ingest(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Ann's mail became ticket %d.\n", first.Ticket)

	s.support.Edit(first.Ticket, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{Public: true, Author: zendesktest.User{Email: "sam@acme.test"},
			HTML:        "<p>It is on its way. Here is the <b>label</b>.</p>",
			Attachments: []zendesktest.Attachment{{Name: "label.pdf", Type: "application/pdf", Content: make([]byte, 20_000)}}})
	})
	told := s.hooks.Deliver(ctx) // of Ann's mail as well, which is passed over
	fmt.Fprintf(s.out, "Sam answered it in public, and Zendesk told the webhook: %d.\n", told[len(told)-1].Status)
	sent := s.exchange.Sent()
	if len(sent) != 1 {
		return fmt.Errorf("%d mails have left, and it should be one", len(sent))
	}
	fmt.Fprint(s.out, "This left the mailbox:\n\n")
	m, err := printMail(s.out, sent[0].MIME)
	if err != nil {
		return err
	}

	s.exchange.Deliver(fmt.Appendf(nil, answer, m.Get("Subject"), m.Get("Message-ID"), now()))
	second, err := s.ingest(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nAnn answered it: %s on ticket %d, which says now:\n\n", second.Outcome, second.Ticket)
	t, _ := s.support.Ticket(second.Ticket)
	for _, c := range t.Comments {
		fmt.Fprintf(s.out, "  %s: %s\n", c.Author.Name, strings.TrimSpace(c.Body))
	}
	return nil
}

// ingest takes the one mail that is new.
func (s *show) ingest(ctx context.Context) (*exdesk.Result, error) {
	report, err := s.conn.Ingest(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(report.Results) != 1:
		return nil, fmt.Errorf("%d mails were new, and it should be one", len(report.Results))
	}
	return report.Results[0], report.Results[0].Err
}
