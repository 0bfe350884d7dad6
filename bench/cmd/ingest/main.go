// The ingest command measures exdesk itself, as a user would have it: the two
// adapters and a Connector.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/bench/internal/job"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/zendesk"
)

func main() { measure.Main(job.Measurements(measure.Exdesk, open)...) }

type worker struct {
	mailbox *graph.Client
	conn    *exdesk.Connector
}

// open leaves everything at its default but the two limits, which are in the way
// of measuring.
func open(at *servers.Access, dial job.Dial) (job.Worker, error) {
	var client *http.Client
	if dial != nil {
		t := rest.NewTransport() // what both adapters have by default
		t.DialContext = dial
		client = &http.Client{Transport: t}
	}
	mailbox, err := graph.New(at.Mailbox, bearer(at.GraphToken), &graph.Options{BaseURL: at.Graph, HTTPClient: client})
	if err != nil {
		return nil, err
	}
	desk, err := zendesk.New("acme", bearer(at.ZendeskToken), &zendesk.Options{BaseURL: at.Zendesk, HTTPClient: client})
	if err != nil {
		return nil, err
	}
	conn, err := exdesk.New(mailbox, desk, &exdesk.Options{Limiter: exdesk.Unlimited, Brake: exdesk.Unlimited})
	return &worker{mailbox, conn}, err
}

func bearer(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

func (w *worker) Ingest(ctx context.Context) (int, error) {
	report, err := w.conn.Ingest(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range report.Results {
		if r.Outcome != exdesk.Created {
			return 0, fmt.Errorf("a mail is %s: %s %w", r.Outcome, r.Reason, r.Err)
		}
	}
	return len(report.Results), nil
}

func (w *worker) List(ctx context.Context) (n int, err error) {
	for _, err := range w.mailbox.Unread(ctx) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (w *worker) Label(ctx context.Context, id string) error {
	return w.LabelAll(ctx, []string{id})
}

// LabelAll writes what a Connector writes.
func (w *worker) LabelAll(ctx context.Context, ids []string) error {
	marks := make([]exdesk.Mark, len(ids))
	for i, id := range ids {
		marks[i] = exdesk.Mark{ID: id, Categories: []string{job.Category},
			Record: exdesk.Record{Outcome: exdesk.Created, Ticket: 4711, At: time.Now().UTC().Truncate(time.Second)}}
	}
	for _, err := range w.mailbox.Label(ctx, marks) {
		if err != nil {
			return err
		}
	}
	return nil
}
