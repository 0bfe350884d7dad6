// Smtpgateway is an SMTP server whose mail leaves through an Exchange Online
// mailbox by Microsoft Graph. Zendesk's authenticated SMTP connector can use it
// as its host, also when Exchange Online itself takes no more passwords over
// SMTP, which ends in December 2026: Microsoft sees OAuth alone.
//
//	go -C examples/smtpgateway run . -demo    # a fake Exchange Online, no credentials
//
//	go run ./examples/connect                 # once, with EXDESK_SEND=yes: signs in to the mailbox
//	export EXDESK_SMTP_USER=zendesk EXDESK_SMTP_PASSWORD=…    # that Zendesk is given
//	smtpgateway -addr :587 -cert chain.pem -key key.pem -limits limits.json
//
// The environment says which mailbox it is and who opens it, as it does for
// examples/connect, which explains the variables; of Zendesk nothing has to be set.
// The password can be in the file of EXDESK_SMTP_PASSWORD_FILE. In Zendesk give the
// support address this host, user and password.
//
// # What it answers
//
// 250 is answered once Exchange has accepted the mail, and not before; the same
// mail handed in again is not sent again. What can never leave is answered with
// 550, or 552 if it is too large: From has to be the mailbox or an -alias, and
// every recipient in To and Cc has to be in the envelope, since Graph knows no
// envelope. Recipients who are only in the envelope become Bcc. Everything else
// is answered with 451, and the client comes back: a limit that is reached,
// Graph out of reach, credentials that are not good.
//
// A mail has eight minutes, its transfer included: a client waits ten for the
// answer (RFC 5321 §4.5.3.2.6). Some of it may go by in silence, since ten mails
// a minute may leave, and a second try waits until the mailbox has to show what
// became of the first.
//
// # Who may send
//
// Whoever has the password, over TLS, and nobody else. A wrong one costs time.
// Let only Zendesk's addresses come near it all the same. -limits keeps what
// was sent in a file, so that a restart does not forget the 10,000 recipients of
// 24 hours. Of two gateways of one mailbox, which both may run while a new
// version takes over, none sends what the other has sent; but the limits are
// those of the one that opened the file last.
//
// The certificate is read again on SIGHUP. On SIGTERM no mail begins any more,
// and those that run have -grace to end; what is cut off is answered with 451.
// The log names the mailbox, and else it has no addresses and no contents.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/exdesk/exdesk"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "smtpgateway:", err)
		os.Exit(1)
	}
}

// flags are the command line.
type flags struct {
	addr, tlsAddr string
	cert, key     string
	insecure      bool
	demo          bool
	limits        string
	maxMB         int64
	clients       int
	grace         time.Duration
	aliases       list
	mayLose       list
}

// list is a flag with several values, given several times or with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for v := range strings.SplitSeq(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			*l = append(*l, v)
		}
	}
	return nil
}

func parse(args []string, stderr io.Writer) (*flags, error) {
	var s flags
	f := flag.NewFlagSet("smtpgateway", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.addr, "addr", "127.0.0.1:2587", "serve SMTP with STARTTLS at `address`; empty does not")
	f.StringVar(&s.tlsAddr, "tls-addr", "", "serve SMTP within TLS at `address` as well, such as :465")
	f.StringVar(&s.cert, "cert", "", "`file` of the certificate with its chain, in PEM")
	f.StringVar(&s.key, "key", "", "`file` of its key")
	f.BoolVar(&s.insecure, "insecure", false, "do without a certificate, on loopback alone: the password is sent in the clear")
	f.BoolVar(&s.demo, "demo", false, "start a fake Exchange Online, and tell of each mail that leaves")
	f.StringVar(&s.limits, "limits", "", "keep in `file` what was sent in the last 24 hours")
	f.Int64Var(&s.maxMB, "max-mb", 35, "take mail of so many `MB` at most, encoded; Exchange Online sends 35 by default and 150 at most")
	f.IntVar(&s.clients, "clients", 50, "serve so many `connections` at a time")
	f.DurationVar(&s.grace, "grace", 20*time.Second, "at the end, wait so `long` for mails that run")
	f.Var(&s.aliases, "alias", "a further `address` that mail may be from")
	f.Var(&s.mayLose, "may-lose", "a header `field` that may be lost: one that this tenant is known not to keep")
	switch err := f.Parse(args); {
	case err != nil:
		return nil, flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag; see -help", f.Arg(0))
	case s.addr == "" && s.tlsAddr == "":
		return nil, errors.New("there is no address to serve at: give -addr or -tls-addr")
	case (s.cert == "") != (s.key == ""):
		return nil, errors.New("-cert and -key go together")
	case s.maxMB < 1 || s.maxMB > 150:
		return nil, fmt.Errorf("-max-mb %d is not between 1 and 150", s.maxMB)
	case s.clients < 1:
		return nil, fmt.Errorf("-clients %d lets nobody in", s.clients)
	case s.demo && (s.cert != "" || s.insecure || s.limits != ""):
		return nil, errors.New("-demo has a certificate and limits of its own")
	case s.demo || s.cert != "" && !s.insecure:
		return &s, nil
	case s.cert != "":
		return nil, errors.New("-insecure is for doing without -cert and -key")
	case !s.insecure:
		return nil, errors.New("the password must not be sent in the clear: give -cert and -key, or -insecure on loopback")
	case s.tlsAddr != "" || !loopback(s.addr):
		return nil, errors.New("-insecure is for -addr on loopback alone")
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
	o := gatewayOptions{maxBytes: s.maxMB << 20, clients: s.clients, log: slog.New(slog.NewTextHandler(stderr, nil))}
	if o.name, err = os.Hostname(); err != nil {
		o.name = "smtpgateway"
	}
	starttls, implicit, err := listen(s.addr, s.tlsAddr)
	if err != nil {
		return err
	}
	var conn *exdesk.Connector
	if s.demo {
		d, err := startDemo(s, stdout, o.log)
		if err != nil {
			return err
		}
		defer d.stop()
		conn, o.account, o.onReceipt, o.tls = d.conn, d.account, d.receipt, d.tls
		d.tell(starttls, implicit)
	} else {
		limiter, done, err := openLimits(s.limits)
		if err != nil {
			return err
		}
		defer done()
		if conn, o.account, err = connect(s, limiter, o.log); err != nil {
			return err
		}
		if s.cert != "" {
			if o.tls, err = loadTLS(ctx, s.cert, s.key, o.log); err != nil {
				return err
			}
		}
	}
	return serve(ctx, newGateway(conn.Relay, o), starttls, implicit, s.grace)
}

// listen opens the addresses that are not empty.
func listen(addr, tlsAddr string) (starttls, implicit net.Listener, err error) {
	if addr != "" {
		if starttls, err = net.Listen("tcp", addr); err != nil {
			return nil, nil, err
		}
	}
	if tlsAddr != "" {
		if implicit, err = net.Listen("tcp", tlsAddr); err != nil {
			return nil, nil, err
		}
	}
	return starttls, implicit, nil
}

// serve serves until ctx ends.
func serve(ctx context.Context, g *gateway, starttls, implicit net.Listener, grace time.Duration) error {
	failed := make(chan error, 2)
	for _, l := range []net.Listener{starttls, implicit} {
		if l != nil {
			g.log.Info("listening", "address", l.Addr(), "starttls", g.tls != nil && l == starttls, "implicit_tls", l == implicit)
			go func() { failed <- g.serve(l, l == implicit) }()
		}
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	g.log.Info("stopping")
	g.stop(grace)
	return err
}
