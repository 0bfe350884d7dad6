package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// daemon is the work and those who watch it.
type daemon struct {
	*config
	conn   *exdesk.Connector
	watch  *watch
	ending *ending
	work   context.Context
}

// newDaemon does no I/O but read files.
func newDaemon(c *config) (*daemon, error) {
	source, err := c.Tokens()
	if err != nil {
		return nil, err
	}
	box, err := c.Box(source)
	if err != nil {
		return nil, err
	}
	desk, err := c.Desk(c.log)
	if err != nil {
		return nil, err
	}
	return c.join(box, desk)
}

// join makes the daemon of its two sides.
func (c *config) join(mailbox exdesk.Mailbox, desk exdesk.Desk) (*daemon, error) {
	d := &daemon{config: c}
	d.watch = newWatch(c.log, func(s state, reason string) {
		notify("STATUS=" + string(s) + " " + strings.ReplaceAll(reason, "\n", " "))
	})
	work, cancel := context.WithCancelCause(context.Background())
	d.work = work
	d.ending = &ending{cancel: cancel,
		Limiter: &exdesk.Windows{Most: exdesk.Cost{Messages: exdesk.IngestPerMinute}, Per: time.Minute}}
	var err error
	d.conn, err = exdesk.New(mailbox, desk, &exdesk.Options{
		Limiter: d.ending, Relay: exdesk.RelayOptions{Off: true}, Every: c.every, Since: c.since, DryRun: c.dry, Logger: c.log,
		OnStep:   func(s exdesk.Step) { d.ending.step(s); d.watch.saw(s) },
		OnResult: d.foresaw,
	})
	if err != nil {
		return nil, err
	}
	d.watch.status = d.conn.Status
	return d, nil
}

// foresaw tells of a dry run, whose results are the log's alone. Reasons are left
// out: they may quote the mail.
func (d *daemon) foresaw(r *exdesk.Result) {
	if d.dry {
		d.log.Info("would have become", "mail", r.Mail.ID, "outcome", string(r.Outcome), "public", r.Public, "verdict", r.Verdict)
	}
}

// lookEvery is how often the time is looked at.
const lookEvery = 5 * time.Second

// run works until ctx ends, and then until the mail at hand is done.
func (d *daemon) run(ctx context.Context) error {
	var ln net.Listener
	if d.listen != "" {
		var err error
		if ln, err = net.Listen("tcp", d.listen); err != nil {
			return fmt.Errorf("EXDESK_LISTEN: %w", err)
		}
	}
	return d.serve(ctx, ln)
}

func (d *daemon) serve(ctx context.Context, ln net.Listener) error {
	failed := make(chan error, 1)
	if ln != nil {
		srv := &http.Server{Handler: d.health(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
		defer srv.Close()
		go func() { failed <- srv.Serve(ln) }()
		d.log.Info("listening", "address", ln.Addr().String())
	}
	if err := d.examine(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	notify("READY=1", "STATUS=starting")
	worked := make(chan error, 1)
	go func() { worked <- d.conn.Run(d.work) }()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	beat := time.NewTicker(lookEvery)
	defer beat.Stop()
	guarded := watchdog()
	if guarded > 0 {
		beat.Reset(guarded)
	}
	told := ctx.Done()
	for {
		select {
		case <-told:
			told = nil
			d.watch.stop()
			notify("STOPPING=1")
			atHand := d.ending.begin(d.stop)
			d.log.Info("ending", "atHand", atHand, "within", d.stop.String())
		case err := <-failed:
			d.ending.cancel(fmt.Errorf("serving EXDESK_LISTEN: %w", err))
		case err := <-worked:
			if errors.Is(err, errEnded) {
				d.log.Info("ended", "totals", d.conn.Status().Totals.String())
				return nil
			}
			return err
		case <-tick.C:
			d.watch.tick()
		case <-beat.C:
			if guarded > 0 && d.watch.alive() {
				notify("WATCHDOG=1")
			}
		}
	}
}

// examine looks for what would make the work impossible.
func (d *daemon) examine(ctx context.Context) error {
	found, err := d.conn.Check(ctx)
	if err != nil {
		return err
	}
	found = append(found, d.Ending(time.Now())...)
	for _, one := range found {
		level := d.log.Debug
		switch one.Severity {
		case exdesk.Warning, exdesk.Unknown:
			level = d.log.Warn
		case exdesk.Failure:
			level = d.log.Error
		}
		level("check", "subject", one.Subject, "severity", string(one.Severity), "what", one.What, "do", one.Do)
	}
	if found.Failed() {
		return errConfig
	}
	return nil
}
