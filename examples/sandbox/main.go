// Sandbox runs a fake Exchange Online and a fake Zendesk until it is stopped,
// so that any client in any language can be pointed at them.
//
//	go run ./examples/sandbox
//
// Its first line on stdout, once everything listens, is "ready" and what a
// client needs to know, as NAME=value pairs: with them in the environment, and an
// EXDESK_STORE and an EXDESK_KEY_FILE, examples/connect and examples/ingest work on
// it:
//
//	go run ./examples/sandbox >ready &
//	export $(sed 's/^ready//' ready) EXDESK_STORE=$PWD/store EXDESK_KEY_FILE=$PWD/key
//	go run ./examples/connect    # and type its code at the page that it names
//	go run ./examples/ingest
//
// Clients that insist on HTTPS get it by -tls, and by the CA that EXDESK_CA names.
// Microsoft's own want -uploads localhost as well: they sign what goes to Graph's
// host, and only by another host does an upload session, which takes no
// credentials, differ for them. A device code wants -public-client of libraries
// that cannot show a secret with it, such as MSAL. In examples/sandbox/clients they
// are put to use:
//
//	go run ./examples/sandbox -tls /tmp/sandbox -uploads localhost >ready &
//	export $(sed 's/^ready//' ready) NODE_EXTRA_CA_CERTS=/tmp/sandbox/ca.pem
//	cd examples/sandbox/clients && npm ci && npm test
//
// Mail is put in, and everything is looked at, on the control port:
//
//	POST /control/mail     an RFC 5322 message, delivered to the Inbox; answers its id
//	GET  /control/mailbox  every message of the mailbox
//	GET  /control/sent     the messages in Sent Items
//	GET  /control/left     every mail that left, as it arrives, in base64
//	GET  /control/tickets  every ticket with its comments and files
//	GET  /control/notes    what clients asked for that neither server knows, and what they should not do
//	POST /control/faults   {"server":"graph","path":"/v1.0/**","status":503}: fail chosen requests; {} ends it
//	POST /control/signin   {"code":"ABCDEFGHJ","user":"support@contoso.test"}: type the code that a device
//	                       shows, as that person, by default the mailbox's own, and agree to all
//	POST /control/revoke   end all that the mailbox's own account signed in to, and every access token of Graph
//	POST /control/clock    {"advance":"3h"} or {"now":"2026-11-22T10:00:00Z"}: move both servers' clocks
//	POST /control/label    {"id":"AAMk…","add":["Red"],"remove":["Zendesk"],"isRead":false}: what a person does to
//	                       a mail
//	POST /control/comment  {"ticket":1,"html_body":"<p>Done.</p>","public":true}: an agent answers
//	POST /control/webhook  {"url":"http://127.0.0.1:8080/zendesk"}: tell it of each comment from now on; answers
//	                       its signing secret
//	GET  /control/deliveries  what it was told, and how many events are still to be delivered
//	GET  /control/requests    how many requests both servers had, how many lost their client before they were
//	                          answered, and what clients did that is wrong or not known here
//
// A fault of "graph" or "zendesk" has method, path, contains, skip and times to
// choose requests, and delay ("2s"), commit, status, code, retryAfter, body, drop,
// cut and hang for what happens to them: see graphtest.Fault.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// long is how long access tokens are good, the printed ones as well: whoever moves
// the clock by hours does not want to sign in again.
const long = 10 * 365 * 24 * time.Hour

type settings struct {
	graph, zendesk, control string
	mailbox                 string
	tls, uploads            string
	raw, public             bool
	publicClient            bool
	life                    time.Duration
	reuse                   string
}

var reuses = map[string]graphtest.RefreshReuse{"works": graphtest.ReuseWorks, "refused": graphtest.ReuseRefused, "ends": graphtest.ReuseEnds}

func parse(args []string, stderr io.Writer) (*settings, error) {
	var s settings
	f := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.graph, "graph", "127.0.0.1:8601", "`address` of the fake Microsoft Graph")
	f.StringVar(&s.zendesk, "zendesk", "127.0.0.1:8602", "`address` of the fake Zendesk")
	f.StringVar(&s.control, "control", "127.0.0.1:8603", "`address` of the control port")
	f.StringVar(&s.mailbox, "mailbox", "support@contoso.test", "the mailbox's `address`")
	f.StringVar(&s.tls, "tls", "", "serve HTTPS, with a CA of its own written to `DIR`/ca.pem")
	f.StringVar(&s.uploads, "uploads", "", "have upload sessions at `HOST`, which must lead here, instead of at Graph's host")
	f.BoolVar(&s.publicClient, "public-client", false, "make the application a public client, which has no secret")
	f.BoolVar(&s.raw, "raw", false, "serve mail octet for octet instead of made anew as Exchange does")
	f.BoolVar(&s.public, "public", false, "allow addresses off loopback: anybody who reaches them may do anything")
	f.DurationVar(&s.life, "life", long, "how long access tokens are good, the printed ones as well")
	f.StringVar(&s.reuse, "reuse", "works", "what showing a refresh token again does that was used: \"works\", \"refused\" or \"ends\" the sign-in")
	switch err := f.Parse(args); {
	case err != nil:
		return nil, flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag; see -help", f.Arg(0))
	case s.life < time.Second:
		return nil, errors.New("-life is a second or more")
	}
	if _, ok := reuses[s.reuse]; !ok {
		return nil, fmt.Errorf("-reuse %s: it takes works, refused or ends", s.reuse)
	}
	if s.tls != "" {
		dir, err := filepath.Abs(s.tls)
		if err != nil {
			return nil, err
		}
		if strings.ContainsFunc(dir, unicode.IsSpace) {
			return nil, fmt.Errorf("the first line would fall apart: %q has a space in it; choose another directory", dir)
		}
		s.tls = dir
	}
	for _, addr := range []string{s.graph, s.zendesk, s.control} {
		if !s.public && !loopback(addr) {
			return nil, fmt.Errorf("%s is not on loopback; -public allows it", addr)
		}
	}
	return &s, nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	scheme, names := "http", []string{s.graph, s.zendesk, s.control}
	if s.uploads != "" {
		names = append(names, net.JoinHostPort(s.uploads, "0"))
	}
	var serverTLS *tls.Config
	if s.tls != "" {
		if serverTLS, err = issue(s.tls, names...); err != nil {
			return err
		}
		scheme = "https"
	}
	lns := make([]net.Listener, 3)
	urls := make([]string, len(lns))
	for i, addr := range []string{s.graph, s.zendesk, s.control} {
		if lns[i], err = net.Listen("tcp", addr); err != nil {
			return err
		}
		defer lns[i].Close()
		urls[i] = scheme + "://" + lns[i].Addr().String()
	}
	exchange := &graphtest.Options{Mailbox: s.mailbox, Raw: s.raw, TokenLife: s.life, DeviceInterval: time.Second, RefreshReuse: reuses[s.reuse], Public: s.publicClient}
	if s.uploads != "" {
		_, port, _ := net.SplitHostPort(lns[0].Addr().String())
		exchange.UploadBase = scheme + "://" + net.JoinHostPort(s.uploads, port)
	}
	// Any client is to work here, and some read no JSON under another name.
	support := &zendesktest.Options{TokenLife: s.life, JSONUploads: true}
	box := &sandbox{exchange: graphtest.New(exchange), support: zendesktest.New(support)}
	box.hooks = zendesktest.NewWebhooks(box.support, nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	box.deliver(ctx)
	failed := make(chan error, len(lns))
	for i, handler := range []http.Handler{box.traffic.watch(box.exchange), box.traffic.watch(box.hooks), box.control()} {
		srv := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second,
			TLSConfig: serverTLS.Clone()} // each server adds to its own; nil stays nil
		defer srv.Close()
		go func() {
			if serverTLS != nil {
				failed <- srv.ServeTLS(lns[i], "", "")
			} else {
				failed <- srv.Serve(lns[i])
			}
		}()
	}
	_, domain, _ := strings.Cut(s.mailbox, "@")
	id, secret := box.exchange.Client()
	if s.publicClient {
		secret = ""
	}
	zendeskID, zendeskSecret := box.support.Client()
	ca := ""
	if s.tls != "" {
		ca = filepath.Join(s.tls, caFile)
	}
	fmt.Fprint(stdout, "ready")
	for _, pair := range [][2]string{
		{"GRAPH_URL", urls[0]}, {"ZENDESK_URL", urls[1]}, {"CONTROL_URL", urls[2]},
		{"GRAPH_TOKEN", box.exchange.Token()}, {"ZENDESK_TOKEN", box.support.Token()}, {"MAILBOX", s.mailbox},
		{"LOGIN_URL", urls[0]}, {"TENANT", cmp.Or(domain, "contoso.test")}, {"CLIENT_ID", id}, {"CLIENT_SECRET", secret},
		{"ZENDESK", "acme"}, {"ZENDESK_CLIENT_ID", zendeskID}, {"ZENDESK_CLIENT_SECRET", zendeskSecret}, {"CA", ca},
	} {
		if pair[1] == "" {
			continue
		}
		fmt.Fprintf(stdout, " EXDESK_%s=%s", pair[0], pair[1])
	}
	fmt.Fprintln(stdout)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}
