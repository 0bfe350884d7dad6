// Connect signs in to an Exchange Online mailbox, keeps the sign-in, sealed, for
// examples/ingest, and tells what is wrong with the connection between the mailbox
// and a Zendesk account, and what to do about it.
//
//	go run ./examples/connect -demo         # with fakes of both services, on loopback
//	go run ./examples/connect               # signs in with a code, on any device
//	go run ./examples/connect -browser      # signs in with a browser on this machine
//	go run ./examples/connect -check        # signs nobody in
//	go run ./examples/connect -probe        # sends one mail from the mailbox to itself
//	go run ./examples/connect -status       # tells what is kept, and asks nobody
//	go run ./examples/connect -disconnect   # forgets the sign-in
//
// The environment says what is connected: see -help. Signing in again replaces the
// sign-in of before, only once the new one has proved to be good; a program that
// runs goes on with it by itself. An account other than the mailbox's own is
// refused, unless EXDESK_ACCESS=shared.
//
// The registration in Entra wants, for -browser, the redirect URI http://localhost
// of the kind "Mobile and desktop applications", and for a code "Allow public
// client flows". With EXDESK_ACCESS=application nobody signs in.
//
// What was found is written to stdout, and all else to stderr. The status is 0, or
// 1 if something has to be mended before the connection works.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/tokens"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{lookup: os.LookupEnv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	err := p.run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
}

// program is what it reads and writes.
type program struct {
	lookup         func(string) (string, bool)
	stdin          io.Reader
	stdout, stderr io.Writer
	onCode         func(code string)   // who enters it, in a demo
	relay          exdesk.RelayOptions // of -probe

	do   string // the one of the flags that says what, "" for signing in
	json bool
	yes  bool
	*settings.Settings
}

// errBroken means that something has to be mended.
var errBroken = errors.New("the connection does not work yet: see what is to be done")

func (p *program) parse(args []string) error {
	f := flag.NewFlagSet("connect", flag.ContinueOnError)
	f.SetOutput(p.stderr)
	does := map[string]*bool{}
	for _, one := range [][2]string{
		{"demo", "show it with fakes of both services, on loopback"},
		{"browser", "sign in with a browser on this machine, instead of a code"},
		{"check", "sign nobody in, and only look for what is wrong"},
		{"probe", "send one mail from the mailbox to itself, to see what it keeps of a header"},
		{"status", "tell what is kept of the sign-in, and ask nobody"},
		{"disconnect", "forget the sign-in"},
	} {
		does[one[0]] = f.Bool(one[0], false, one[1])
	}
	f.BoolVar(&p.json, "json", false, "write what was found as JSON")
	f.BoolVar(&p.yes, "yes", false, "do not ask before -probe sends its mail")
	f.Usage = func() {
		fmt.Fprintln(p.stderr, "Connect signs in to an Exchange Online mailbox and tells what is wrong with its connection to Zendesk.")
		f.PrintDefaults()
		settings.Help(p.stderr)
	}
	switch err := f.Parse(args); {
	case err != nil:
		return flag.ErrHelp // the flag set has said why
	case f.NArg() > 0:
		return fmt.Errorf("%q is not a flag; see -help", f.Arg(0))
	}
	for name, set := range does {
		switch {
		case !*set:
		case p.do != "":
			return fmt.Errorf("-%s and -%s are two things to do: choose one", p.do, name)
		default:
			p.do = name
		}
	}
	if p.json && p.do == "probe" {
		return errors.New("-probe writes a table, and no JSON")
	}
	return nil
}

func (p *program) run(ctx context.Context, args []string) error {
	if err := p.parse(args); err != nil {
		return err
	}
	if p.do == "demo" {
		return demo(ctx, p)
	}
	var err error
	if p.Settings, err = settings.NewEnvironment(p.lookup).Settings(); err != nil {
		return fmt.Errorf("the environment is not as it has to be; see -help\n%w", err)
	}
	switch p.do {
	case "check":
		return p.check(ctx)
	case "probe":
		return p.probe(ctx)
	case "status":
		return p.status(ctx)
	case "disconnect":
		return p.disconnect(ctx)
	}
	if err := p.connect(ctx); err != nil {
		return err
	}
	return p.check(ctx)
}

// say tells a person something that was not asked for.
func (p *program) say(format string, args ...any) { fmt.Fprintf(p.stderr, format+"\n", args...) }

// connector joins the mailbox and the account.
func (p *program) connector() (*exdesk.Connector, error) {
	source, err := p.Tokens()
	if err != nil {
		return nil, err
	}
	box, err := p.Box(source)
	if err != nil {
		return nil, err
	}
	desk, err := p.Desk(nil)
	if err != nil {
		return nil, err
	}
	opts := exdesk.Options{Relay: p.relay}
	opts.Relay.Off = !p.Sends
	return exdesk.New(box, desk, &opts)
}

// check tells what is wrong.
func (p *program) check(ctx context.Context) error {
	conn, err := p.connector()
	if err != nil {
		return err
	}
	p.say("Looking for what is wrong; nothing is changed ...")
	found, err := conn.Check(ctx)
	if err != nil {
		return err
	}
	found = append(found, p.Ending(time.Now())...)
	p.print(found)
	if found.Failed() {
		return errBroken
	}
	return nil
}

// probe sends the one mail.
func (p *program) probe(ctx context.Context) error {
	if !p.Sends {
		return errors.New("EXDESK_SEND is not yes: nothing is to leave through this mailbox, so there is nothing to probe")
	}
	conn, err := p.connector()
	if err != nil {
		return err
	}
	p.say("One mail goes from %s to itself, and is deleted when it has arrived. It takes some minutes at most.", p.Mailbox)
	if !p.yes {
		fmt.Fprint(p.stderr, "Send it? [y/N] ")
		answer, _ := bufio.NewReader(io.LimitReader(p.stdin, 100)).ReadString('\n')
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			return errors.New("nothing was sent; -yes sends without asking")
		}
	}
	trace, err := conn.Probe(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(p.stdout, trace)
	if lost := trace.Lost(); len(lost) > 0 {
		p.say("This tenant does not keep %s: a notification leaves only if RelayOptions.MayLose names them.", strings.Join(lost, ", "))
	}
	return nil
}

// disconnect forgets the sign-in.
func (p *program) disconnect(ctx context.Context) error {
	store, err := p.Store()
	if err != nil {
		return err
	}
	if err := tokens.Forget(ctx, store, p.Mailbox); err != nil {
		return err
	}
	p.say("Nothing is kept for %s any more. Microsoft was not told: to end the sign-in there as well, let the account remove the application at https://myapps.microsoft.com, or have an administrator revoke its sessions.", p.Mailbox)
	return nil
}
