package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// demo shows everything with fakes of both services in this process, and answers
// the sign-in page itself.
func demo(ctx context.Context, p *program) (err error) {
	exchange := graphtest.New(&graphtest.Options{DeviceInterval: time.Second})
	support := zendesktest.New(nil)
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Hello\r\nMessage-ID: <one@customer.example>\r\n\r\nHi.\r\n"))
	graphURL, stop, err := listen(exchange)
	if err != nil {
		return err
	}
	defer stop()
	zendeskURL, stop, err := listen(support)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "exdesk-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	id, secret := exchange.Client()
	zendeskID, zendeskSecret := support.Client()
	environment := map[string]string{
		"EXDESK_MAILBOX": exchange.Mailbox(), "EXDESK_SEND": "yes", "EXDESK_TENANT": "contoso.test",
		"EXDESK_CLIENT_ID": id, "EXDESK_CLIENT_SECRET": secret, "EXDESK_GRAPH_URL": graphURL, "EXDESK_LOGIN_URL": graphURL,
		"EXDESK_ZENDESK": "acme", "EXDESK_ZENDESK_URL": zendeskURL, "EXDESK_ZENDESK_CLIENT_ID": zendeskID, "EXDESK_ZENDESK_CLIENT_SECRET": zendeskSecret,
		"EXDESK_STORE": filepath.Join(dir, "store"), "EXDESK_KEY_FILE": filepath.Join(dir, "key"),
	}
	for _, args := range [][]string{nil, {"-status"}, {"-probe", "-yes"}, {"-disconnect"}} {
		one := *p
		one.do = ""
		one.lookup = func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
		one.relay.Settle = -1 // the fake shows at once what was sent
		entered := errors.New("no code was shown")
		one.onCode = func(code string) { entered = exchange.EnterCode(code, exchange.Mailbox()) }
		p.say("\n$ connect %s", strings.Join(args, " "))
		if err := one.run(ctx, args); err != nil {
			return fmt.Errorf("%w (the sign-in page: %v)", err, entered)
		}
	}
	return nil
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
