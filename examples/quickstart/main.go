// Quickstart runs the main job of exdesk and shows what it did: mail in an
// Exchange Online Inbox becomes Zendesk tickets, once each, and is labelled.
//
// Without flags it needs no credentials: it starts a fake Exchange Online and
// a fake Zendesk on loopback and puts some mail into the Inbox. In the end an
// agent's answer leaves through the mailbox, and the customer answers that.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -eml ~/mail      # your own mail, from files
//	go run ./examples/quickstart -eml ~/mail -json
//	go run ./examples/quickstart -graph URL -zendesk URL
//
// With -graph and -zendesk it works on servers that already run: the sandbox,
// or the real ones. It then takes its credentials from EXDESK_GRAPH_TOKEN,
// EXDESK_ZENDESK_TOKEN and EXDESK_MAILBOX. Off loopback it only says what would
// become of each mail, and writes nothing, unless -yes is given; -dry asks for
// the same on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
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
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct {
	eml            string
	json           bool
	rates          bool
	graph, zendesk string
	dry, yes       bool
}

func parse(args []string, stderr io.Writer) (*settings, error) {
	var s settings
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.eml, "eml", "", "feed every file below `DIR` as a mail, instead of the samples")
	f.BoolVar(&s.json, "json", false, "print one JSON object per mail")
	f.BoolVar(&s.rates, "rates", false, "with -eml, keep the limit of 25 mails a minute")
	f.StringVar(&s.graph, "graph", "", "work on the Microsoft Graph at `URL`")
	f.StringVar(&s.zendesk, "zendesk", "", "work on the Zendesk account at `URL`")
	f.BoolVar(&s.dry, "dry", false, "only say what would be done; off loopback the default")
	f.BoolVar(&s.yes, "yes", false, "off loopback: really do it")
	switch err := f.Parse(args); {
	case err != nil:
		return nil, flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag; see -help", f.Arg(0))
	case (s.graph == "") != (s.zendesk == ""):
		return nil, errors.New("-graph and -zendesk go together")
	case s.dry && s.yes:
		return nil, errors.New("-dry and -yes are opposites")
	case s.graph != "" && s.eml != "":
		return nil, errors.New("-eml feeds servers of its own; leave -graph and -zendesk out")
	}
	return &s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	p := newPrinter(stdout, stderr, s.json)
	switch {
	case s.graph != "":
		err = runRemote(ctx, s, p)
	case s.eml != "":
		err = runFiles(ctx, s, p)
	default:
		err = runSamples(ctx, p)
	}
	if err == nil && p.unfinished > 0 {
		err = fmt.Errorf("%s not finished; run it again", mails(p.unfinished))
	}
	return err
}

// ingest runs passes until nothing is left that a further pass could help. A
// mail that waits for a service gets two more chances.
func ingest(ctx context.Context, mailbox mailbox, desk exdesk.Desk, opts exdesk.Options, p *printer) error {
	if opts.Limiter == nil {
		opts.Limiter = &exdesk.Windows{Most: exdesk.Cost{Messages: exdesk.IngestPerMinute}, Per: time.Minute}
	}
	opts.Limiter = watchedLimiter{opts.Limiter, p.progress}
	var waiting []*exdesk.Result // of the newest pass
	opts.OnResult = func(r *exdesk.Result) {
		if r.Outcome == exdesk.Waiting {
			waiting = append(waiting, r)
			return
		}
		p.result(r)
	}
	conn, err := exdesk.New(&watched{mailbox, p.progress}, desk, &opts)
	if err != nil {
		return err
	}
	for range 3 {
		waiting = nil
		if _, err = conn.Ingest(ctx); err != nil || len(waiting) == 0 || opts.DryRun {
			break
		}
	}
	for _, r := range waiting {
		p.result(r)
	}
	return err
}
