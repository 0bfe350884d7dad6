package main

import (
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

// connection is both services and how they are used.
type connection struct {
	mailbox *graph.Client
	desk    *zendesk.Client
	relay   exdesk.RelayOptions
	secrets []string // of the webhook
	self    []int64  // users whose comments are not sent
	log     *slog.Logger
}

// connect reads the environment. It does no I/O but to read files.
func connect() (*connection, error) {
	e := settings.NewEnvironment(os.LookupEnv)
	c := new(connection)
	if c.secrets = list(e.Secret("EXDESK_WEBHOOK_SECRETS")); len(c.secrets) == 0 && !e.Failed("EXDESK_WEBHOOK_SECRETS") {
		e.Wrong("EXDESK_WEBHOOK_SECRETS", "it is not set: give the signing secret that Zendesk shows of the webhook")
	}
	for _, text := range list(e.Get("EXDESK_SELF")) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			e.Wrong("EXDESK_SELF", "it takes ids of users, with commas between them")
			break
		}
		c.self = append(c.self, id)
	}
	s, err := e.Settings()
	if err != nil {
		return nil, err
	}
	source, err := s.Tokens()
	if err != nil {
		return nil, err
	}
	c.mailbox, err = s.Box(source)
	if err != nil {
		return nil, err
	}
	// Claims in the mailbox know what no process has sent yet, so that a start
	// need not wait until all that was sent shows.
	c.relay.Claimer = &graph.Claims{Client: c.mailbox}
	if c.desk, err = s.Desk(nil, "read"); err != nil {
		return nil, err
	}
	return c, nil
}

// list is what a variable lists.
func list(text string) []string {
	var all []string
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
