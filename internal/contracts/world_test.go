package contracts_test

import (
	"cmp"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// ledgers are those of both services.
type ledgers struct{ graph, zendesk *ledger }

// mode is how the two fakes behave and how they are used.
type mode struct {
	name     string
	exchange graphtest.Options
	support  zendesktest.Options
	client   graph.Options
	options  exdesk.Options
	token    func(*graphtest.Server) string // default Server.Token
	scopes   []string                       // of the token for Zendesk; default all
}

// world is both services, watched, and a Connector between them, in virtual time.
type world struct {
	*testing.T
	*mode
	exchange *graphtest.Server
	support  *zendesktest.Server
	mailbox  *graph.Client
	desk     *zendesk.Client
	conn     *exdesk.Connector

	graphURL, deskURL   string
	graphHTTP, deskHTTP *http.Client
}

// in runs f in a world of that mode.
func (l *ledgers) in(t *testing.T, m mode, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, mode: &m, exchange: graphtest.New(&m.exchange), support: zendesktest.New(&m.support)}
		url, client, stop := memnet.Serve(l.graph.record(adapter, w.exchange))
		t.Cleanup(stop)
		w.graphURL, w.graphHTTP = url, client
		url, client, stop = memnet.Serve(l.zendesk.record(adapter, w.support))
		t.Cleanup(stop)
		w.deskURL, w.deskHTTP = url, client
		w.connect()
		f(w)
	})
}

// source hands out the token of the moment.
type source func() string

func (s source) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: s()}, nil }

// connect makes the Connector anew, as a process does that starts.
func (w *world) connect() {
	w.Helper()
	own := w.client
	own.BaseURL, own.HTTPClient = w.graphURL+"/v1.0", w.graphHTTP
	var err error
	w.mailbox, err = graph.New(w.exchange.Mailbox(), source(func() string {
		if w.token != nil {
			return w.token(w.exchange)
		}
		return w.exchange.Token()
	}), &own)
	require.NoError(w, err)
	w.desk, err = zendesk.New("acme", source(func() string {
		if w.scopes != nil {
			return w.support.TokenFor(w.scopes...)
		}
		return w.support.Token()
	}), &zendesk.Options{BaseURL: w.deskURL, HTTPClient: w.deskHTTP})
	require.NoError(w, err)
	opts := w.options
	opts.Limiter = cmp.Or[exdesk.Limiter](opts.Limiter, exdesk.Unlimited)
	w.conn, err = exdesk.New(w.mailbox, w.desk, &opts)
	require.NoError(w, err)
}

// settle makes passes until nothing is left to be done, or for an hour.
func (w *world) settle() {
	w.Helper()
	for range 60 {
		report, err := w.conn.Ingest(w.Context())
		if err == nil && report.Count(exdesk.Waiting) == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
}
