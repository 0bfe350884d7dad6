// Ingest makes Zendesk tickets of the mail of an Exchange Online mailbox until it
// is stopped. It is configured by the environment alone: see -help.
//
//	go run ./examples/connect       # once: signs in, and tells what is wrong
//	go run ./examples/ingest
//	go run ./examples/ingest -health    # asks one that runs
//
// It first examines the connection. What makes the work impossible before a person
// acts ends it with status 78 (EX_CONFIG of sysexits.h), with which nothing should
// start it again; what is merely not good is in the log. Sending is not examined,
// which is connect's and the sender's. Later trouble never ends it: somebody may mend it meanwhile, by connecting again for example. It is in the
// log when it begins, once a day while it lasts, and when it ends.
//
// EXDESK_LISTEN, an address of its own for those who look after it, has no secrets
// and no addresses of customers, and nobody can change anything there:
//
//	/healthz    200 while the process is alive: 503 if its work has hung for half an hour
//	/readyz     200 while passes over the Inbox succeed; 503 and why not, since when
//	/status     JSON: the state, and what became of the mail
//	/metrics    the same for Prometheus
//
// SIGTERM, SIGINT and SIGHUP end it: no further mail is begun, the one at hand may
// take EXDESK_STOP, and what is finished is labelled, which takes 15 seconds at
// most; the status is 0 then. A second one ends it at once, which is safe, with
// status 1. The environment is read at the beginning alone: start it again after a
// change.
//
// Under systemd it says when it is ready, when it stops, and that it is alive:
// exdesk-ingest.service is its unit. Dockerfile makes an image of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/exdesk/exdesk/examples/internal/settings"
)

// The statuses that it ends with, besides 0.
const (
	exitFailed = 1  // start it again
	exitUsage  = 2  // the command line
	exitConfig = 78 // a person has to act
)

// errConfig means that a person has to act; what, is in the log.
var errConfig = errors.New("it cannot work before somebody has seen to what the log says")

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup wants it
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // mail matters more than whoever read the log
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFailed)
	}()
	os.Exit(status(run(ctx, os.Args[1:], os.LookupEnv, os.Stderr)))
}

func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return exitUsage
	case errors.Is(err, errConfig):
		return exitConfig
	}
	return exitFailed
}

// run ends with an error of which the log has told already.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), stderr io.Writer) error {
	f := flag.NewFlagSet("ingest", flag.ContinueOnError)
	f.SetOutput(stderr)
	ask := f.Bool("health", false, "ask the one that runs at EXDESK_LISTEN whether it is alive; the status is 1 if it is not")
	f.Usage = func() {
		fmt.Fprintln(stderr, "Ingest makes Zendesk tickets of the mail of an Exchange Online mailbox until it is stopped.")
		f.PrintDefaults()
		settings.Help(stderr)
	}
	switch err := f.Parse(args); {
	case err != nil:
		return flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "ingest: %q is not a flag; see -help\n", f.Arg(0))
		return flag.ErrHelp
	}
	c, err := readConfig(lookup, stderr)
	if *ask {
		err = askHealth(ctx, c.listen)
		if err != nil {
			fmt.Fprintln(stderr, "ingest:", err)
		}
		return err
	}
	if err != nil {
		for _, one := range several(err) {
			c.log.Error("the environment is not as it has to be", "error", one)
		}
		return errConfig
	}
	d, err := newDaemon(c)
	if err != nil {
		c.log.Error("the environment is not as it has to be", "error", err)
		return errConfig
	}
	if err := d.run(ctx); err != nil {
		if !errors.Is(err, errConfig) {
			c.log.Error("failed", "error", err)
		}
		return err
	}
	return nil
}

// several takes errors apart that were joined.
func several(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// logger is what EXDESK_LOG asks for.
func logger(w io.Writer, json bool, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if json {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
