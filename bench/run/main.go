// The run command builds every subject program below cmd, runs them in turns
// beside the same fake services in another process, and prints what came of it:
//
//	go -C bench run ./run          # everything; the first time the SDK takes minutes to compile
//	go -C bench run ./run -quick   # fewer rounds, shorter ones
//	go -C bench run ./run -only '^ingest/50MB$' -rounds 3
//
// A run of everything writes results.csv, docs/performance.svg, and the table in
// docs/performance.md, without what could not be measured, for which it exits with 1.
// See there for what the rows mean.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// settings are what the flags say.
type settings struct {
	quick  bool
	rounds int
	only   *regexp.Regexp // measures
	areas  *regexp.Regexp // subject programs
	dir    string         // the bench module
}

const (
	usualRounds = 6
	quickRounds = 2
)

func (s *settings) everything() bool { return s.only == nil && s.areas == nil }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func flags(args []string) (*settings, error) {
	s := new(settings)
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.BoolVar(&s.quick, "quick", false, "a few minutes: fewer rounds with fewer repetitions")
	f.IntVar(&s.rounds, "rounds", 0, fmt.Sprintf("how often everything is measured (default %d, with -quick %d)", usualRounds, quickRounds))
	pattern := func(p **regexp.Regexp, name, usage string) {
		f.Func(name, usage, func(v string) (err error) { *p, err = regexp.Compile(v); return err })
	}
	pattern(&s.only, "only", "measure what matches this `regexp`, and write no files")
	pattern(&s.areas, "areas", "build only those programs below cmd that match this `regexp`, and write no files")
	f.StringVar(&s.dir, "dir", ".", "the `directory` of the bench module")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("nothing is known of %q: see -h", f.Arg(0))
	}
	usual := usualRounds
	if s.quick {
		usual = quickRounds
	}
	s.rounds = cmp.Or(s.rounds, usual)
	if s.rounds < 1 {
		return nil, errors.New("there has to be a round")
	}
	return s, nil
}

func run(ctx context.Context, args []string) error {
	s, err := flags(args)
	if err != nil {
		return err
	}
	p := newProgress(os.Stderr)
	defer p.clear()
	programs, err := build(ctx, s, p)
	if err != nil {
		return err
	}
	defer programs.remove()
	measures, err := programs.measures(ctx, s)
	if err != nil {
		return err
	}
	m, err := thisMachine(ctx, s.dir)
	if err != nil {
		return err
	}
	t, failures := measureAll(ctx, s, programs, measures, p)
	p.clear()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m.rounds, m.quick = s.rounds, s.quick
	t.print(os.Stdout, m, isTerminal(os.Stdout))
	if s.everything() && len(t.order) > 0 {
		failures = append(failures, t.write(s.dir, m))
	}
	return errors.Join(failures...)
}
