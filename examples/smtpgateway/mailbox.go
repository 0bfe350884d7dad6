package main

import (
	"log/slog"
	"os"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/graph"
)

// connect joins the mailbox of the environment, and returns the account that may
// sign in to the gateway. It does no I/O but to read files.
func connect(s *flags, limiter exdesk.Limiter, log *slog.Logger) (*exdesk.Connector, *account, error) {
	e := settings.NewEnvironment(os.LookupEnv)
	user := e.Need("EXDESK_SMTP_USER", "the name that Zendesk signs in with")
	password := e.Secret("EXDESK_SMTP_PASSWORD")
	if password == "" && !e.Failed("EXDESK_SMTP_PASSWORD") {
		e.Wrong("EXDESK_SMTP_PASSWORD", "it is not set: give the password that Zendesk signs in with")
	}
	of, err := e.WithoutDesk()
	if err != nil {
		return nil, nil, err
	}
	source, err := of.Tokens()
	if err != nil {
		return nil, nil, err
	}
	mailbox, err := of.Box(source)
	if err != nil {
		return nil, nil, err
	}
	// Claims in the mailbox know what no gateway has sent yet, so that a start
	// does not wait for what the one before it may have sent.
	conn, err := exdesk.New(mailbox, nil, &exdesk.Options{Aliases: s.aliases, Logger: log,
		Relay: exdesk.RelayOptions{Limiter: limiter, MayLose: s.mayLose, Claimer: &graph.Claims{Client: mailbox}}})
	if err != nil {
		return nil, nil, err
	}
	a, err := accountOf(user, password)
	return conn, a, err
}

// openLimits returns the limits of sending, which wait in line, and what ends
// their use.
func openLimits(path string) (limiter *exdesk.Line, done func(), err error) {
	if path == "" {
		return &exdesk.Line{Limiter: exdesk.RelayLimits()}, func() {}, nil
	}
	file, err := exdesk.OpenLimits(path, exdesk.RelayLimits())
	if err != nil {
		return nil, nil, err
	}
	return &exdesk.Line{Limiter: file}, func() { _ = file.Close() }, nil
}
