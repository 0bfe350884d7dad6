// Webhook sends what agents answer on Zendesk tickets from an Exchange Online
// mailbox: Zendesk tells it of each public comment, and it makes the mail and
// sends it, once.
//
//	go run ./examples/webhook -demo       # with fakes of both services, on loopback
//	go run ./examples/webhook -addr :8443 -cert cert.pem -key key.pem
//
// Zendesk wants a webhook of the kind "Zendesk events", subscribed to
// ticket.comment_added, at https://HOST/zendesk; and its own triggers that notify
// requesters and CCs of comments have to be off, or each is told twice.
//
// The environment says who it is, as it does for examples/connect, which signs in
// to the mailbox with EXDESK_SEND=yes and explains the variables; and besides
//
//	EXDESK_WEBHOOK_SECRETS  the webhook's signing secret, or several, with commas; or in the
//	                        file of EXDESK_WEBHOOK_SECRETS_FILE
//	EXDESK_SELF             ids of users whose comments are not sent, with commas
//
// Of Zendesk's scopes read is enough.
//
// A comment that cannot be sent within the ten seconds that Zendesk waits stays
// in a queue in memory, for two hours at most, and Zendesk is told to come back
// for the result. When the process dies, Zendesk's own repetitions, a handful
// within minutes, are all that is left. Ended by SIGTERM, it works on for some
// seconds and says in its log what it has not sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
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
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}

// flags are the command line.
type flags struct {
	addr, path string
	cert, key  string
	limits     string
	mayLose    string
	drain      time.Duration
	demo       bool
}

func parse(args []string, stderr io.Writer) (*flags, error) {
	var s flags
	f := flag.NewFlagSet("webhook", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen at")
	f.StringVar(&s.path, "path", "/zendesk", "`path` of the webhook")
	f.StringVar(&s.cert, "cert", "", "serve HTTPS with the certificate in `FILE`; Zendesk wants it, here or before here")
	f.StringVar(&s.key, "key", "", "and its key in `FILE`")
	f.StringVar(&s.limits, "limits", "", "remember in `FILE` what was sent, so that a restart keeps to the mailbox's limits")
	f.StringVar(&s.mayLose, "may-lose", "", "`fields` of the header, with commas, that this tenant does not keep")
	f.DurationVar(&s.drain, "drain", 20*time.Second, "how long to go on sending when it is to end")
	f.BoolVar(&s.demo, "demo", false, "show it with fakes of both services")
	switch err := f.Parse(args); {
	case err != nil:
		return nil, flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag; see -help", f.Arg(0))
	case (s.cert == "") != (s.key == ""):
		return nil, errors.New("-cert and -key go together")
	case !strings.HasPrefix(s.path, "/") || s.path == health || strings.ContainsAny(s.path, " {}"):
		return nil, fmt.Errorf("-path %s: it takes a path such as /zendesk", s.path)
	case s.drain < 0:
		return nil, errors.New("-drain is not negative")
	}
	return &s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.demo {
		return demo(ctx, stdout)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	c, err := connect()
	if err != nil {
		return err
	}
	c.log = log
	if s.mayLose != "" {
		c.relay.MayLose = strings.Split(s.mayLose, ",")
	}
	if s.limits != "" {
		file, err := exdesk.OpenLimits(s.limits, exdesk.RelayLimits())
		if err != nil {
			return err
		}
		defer func() {
			if err := file.Close(); err != nil {
				log.Error("the limits were not kept", "error", err)
			}
		}()
		c.relay.Limiter = &exdesk.Line{Limiter: file}
	}
	sender, err := newSender(c)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	return sender.serve(ctx, ln, s)
}

// serve answers Zendesk until ctx ends, and then finishes what it can.
func (s *sender) serve(ctx context.Context, ln net.Listener, o *flags) error {
	srv := &http.Server{Handler: s.handler(o.path), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() {
		if o.cert != "" {
			failed <- srv.ServeTLS(ln, o.cert, o.key)
		} else {
			failed <- srv.Serve(ln)
		}
	}()
	s.log.Info("ready", "addr", ln.Addr().String(), "path", o.path, "tls", o.cert != "")
	work, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.queue.run(work)
	}()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	// Zendesk comes back to whoever runs next; what is here is to be sent here.
	s.queue.close()
	s.log.Info("ending", "waiting", s.queue.waiting(), "for", o.drain)
	last, cancel := context.WithTimeout(context.Background(), o.drain)
	defer cancel()
	s.queue.drain(last)
	stop()
	<-ended // whoever still waits for an answer is told to come back
	answered, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = srv.Shutdown(answered)
	_ = srv.Close()
	s.queue.report()
	return err
}
