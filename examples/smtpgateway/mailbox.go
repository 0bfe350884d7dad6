package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
)

// connect joins the mailbox of the environment. It does no I/O.
func connect(ctx context.Context, s *settings, limiter exdesk.Limiter, log *slog.Logger) (*exdesk.Connector, error) {
	address := os.Getenv("EXDESK_MAILBOX")
	tokens, err := credentials(ctx)
	if err != nil || address == "" {
		return nil, errors.Join(err, missing("EXDESK_MAILBOX"))
	}
	var o graph.Options
	if s.graph != "" {
		if o.BaseURL = strings.TrimRight(s.graph, "/"); !strings.HasSuffix(o.BaseURL, "/v1.0") {
			o.BaseURL += "/v1.0"
		}
	}
	mailbox, err := graph.New(address, tokens, &o)
	if err != nil {
		return nil, err
	}
	// Claims in the mailbox know what no gateway has sent yet, so that a start
	// does not wait for what the one before it may have sent.
	return exdesk.New(mailbox, nil, &exdesk.Options{Aliases: s.aliases, Logger: log,
		Relay: exdesk.RelayOptions{Limiter: limiter, MayLose: s.mayLose, Claimer: &graph.Claims{Client: mailbox}}})
}

// credentials are a token as it is, or what fetches tokens of Microsoft Entra
// ID.
func credentials(ctx context.Context) (oauth2.TokenSource, error) {
	if token := os.Getenv("EXDESK_GRAPH_TOKEN"); token != "" {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), nil
	}
	if err := missing("ENTRA_TENANT", "ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET"); err != nil {
		return nil, errors.Join(err, errors.New("or set EXDESK_GRAPH_TOKEN"))
	}
	c := clientcredentials.Config{
		ClientID: os.Getenv("ENTRA_CLIENT_ID"), ClientSecret: os.Getenv("ENTRA_CLIENT_SECRET"),
		TokenURL: "https://login.microsoftonline.com/" + os.Getenv("ENTRA_TENANT") + "/oauth2/v2.0/token",
		Scopes:   []string{"https://graph.microsoft.com/.default"}}
	return c.TokenSource(ctx), nil
}

// missing says which variables are not set.
func missing(names ...string) error {
	var not []string
	for _, n := range names {
		if os.Getenv(n) == "" {
			not = append(not, n)
		}
	}
	if len(not) == 0 {
		return nil
	}
	return errors.New("set " + strings.Join(not, " and "))
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
