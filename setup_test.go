package exdesk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
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

// world is both services and a Connector between them, over real HTTP on
// connections in memory, so that time in it may be virtual.
type world struct {
	*testing.T
	exchange *graphtest.Server
	support  *zendesktest.Server
	mailbox  *graph.Client
	desk     *zendesk.Client
	conn     *exdesk.Connector
	opts     exdesk.Options
	tokens   *tokens
	connect  func()
	onPut    func()

	graphURL  string
	graphHTTP *http.Client
}

// tokens holds the current token of each service.
type tokens struct{ graph, zendesk tokenSource }

// tokenSource hands out whatever token it was given last.
type tokenSource struct{ value atomic.Value }

func (s *tokenSource) Token() (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: s.value.Load().(string)}, nil
}

func (s *tokenSource) set(token string) { s.value.Store(token) }

func newWorld(t *testing.T, g *graphtest.Options, z *zendesktest.Options) *world {
	t.Helper()
	w := &world{T: t, exchange: graphtest.New(g), support: zendesktest.New(z), tokens: new(tokens)}
	w.renew()
	graphURL, graphClient, stopGraph := memnet.Serve(w.exchange)
	deskURL, deskClient, stopDesk := memnet.Serve(w.support)
	t.Cleanup(func() {
		stopGraph()
		stopDesk()
		for _, v := range slices.Concat(w.exchange.Violations(), w.support.Violations(), w.exchange.Unknown(), w.support.Unknown()) {
			// A second attempt at a mail with files has other upload tokens;
			// the refusal of its key is how it learns of the first.
			if !strings.Contains(v, "idempotency key again with another body") {
				t.Error(v)
			}
		}
	})
	w.graphURL, w.graphHTTP = graphURL+"/v1.0", graphClient
	w.connect = func() {
		var err error
		w.mailbox, err = graph.New(w.exchange.Mailbox(), &w.tokens.graph,
			&graph.Options{BaseURL: graphURL + "/v1.0", HTTPClient: graphClient})
		require.NoError(t, err)
		w.desk, err = zendesk.New("acme", &w.tokens.zendesk,
			&zendesk.Options{BaseURL: deskURL, HTTPClient: &http.Client{Transport: onPut{deskClient.Transport, w}}})
		require.NoError(t, err)
		opts := w.opts
		w.conn, err = exdesk.New(w.mailbox, w.desk, &opts)
		require.NoError(t, err)
	}
	w.connect()
	return w
}

// restart is what a process does that died and came back: it knows nothing.
func (w *world) restart() { w.connect() }

// deliver puts a plain mail into the Inbox.
func (w *world) deliver(name string) string { return w.exchange.Deliver(plain(name)) }

func plain(name string) []byte {
	return mime(name, "Content-Type: text/plain; charset=utf-8\r\n\r\nHello from "+name+".\r\n")
}

// withFile is a mail with an attachment of n octets.
func withFile(name string, n int) []byte {
	return mime(name, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"+
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="+name+".pdf\r\n\r\n"+
		strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n", (n+63)/64)[:n]+"\r\n--b--\r\n")
}

func mime(name, rest string) []byte {
	return fmt.Appendf(nil, "From: %s <%[1]s@customer.example>\r\nTo: support@contoso.test\r\nSubject: About %[1]s\r\n"+
		"Date: %s\r\nMessage-ID: <%[1]s@customer.example>\r\nMIME-Version: 1.0\r\n%[3]s", name, time.Now().Format(time.RFC1123Z), rest)
}

// ingest runs a pass that must not fail as a whole.
func (w *world) ingest() *exdesk.Report {
	w.Helper()
	report, err := w.conn.Ingest(w.Context())
	require.NoError(w, err)
	return report
}

// settle runs passes until nothing waits any more.
func (w *world) settle() {
	w.Helper()
	for range 60 { // a note on a mail is believed for ten minutes
		report, err := w.conn.Ingest(w.Context())
		if err == nil && report.Count(exdesk.Waiting) == 0 && !unlabelled(report) {
			return
		}
		time.Sleep(time.Minute)
	}
	w.Fatal("it does not come to rest")
}

func unlabelled(r *exdesk.Report) bool {
	for _, res := range r.Results {
		if res.Err != nil {
			return true
		}
	}
	return false
}

// outcome returns the result of one mail.
func outcome(t *testing.T, r *exdesk.Report, id string) *exdesk.Result {
	t.Helper()
	for _, res := range r.Results {
		if res.Mail.ID == id {
			return res
		}
	}
	t.Fatalf("no result of %s among %v", id, r)
	return nil
}

// requireUntouched says that nothing was written on a mail.
func (w *world) requireUntouched(id string) {
	w.Helper()
	m, ok := w.exchange.Message(id)
	require.True(w, ok)
	require.False(w, m.IsRead)
	require.Empty(w, m.Categories)
}

// requireDone says that a mail is read and labelled.
func (w *world) requireDone(id string, labels ...string) {
	w.Helper()
	m, ok := w.exchange.Message(id)
	require.True(w, ok)
	require.True(w, m.IsRead)
	require.Equal(w, labels, m.Categories)
}

// requireOnce says that each mail has exactly one ticket, in this order.
func (w *world) requireOnce(names ...string) {
	w.Helper()
	var got, want []string
	for _, t := range w.support.Tickets() {
		got = append(got, t.Subject)
	}
	for _, n := range names {
		want = append(want, "About "+n)
	}
	require.ElementsMatch(w, want, got)
}

func (w *world) graphFault(f graphtest.Fault)  { w.Helper(); require.NoError(w, w.exchange.Fault(f)) }
func (w *world) deskFault(f zendesktest.Fault) { w.Helper(); require.NoError(w, w.support.Fault(f)) }
func (w *world) heal()                         { w.exchange.ClearFaults(); w.support.ClearFaults() }
func (w *world) advance(d time.Duration)       { w.exchange.Advance(d); w.support.Advance(d) }
func (w *world) renew() {
	w.tokens.graph.set(w.exchange.Token())
	w.tokens.zendesk.set(w.support.Token())
}
func (w *world) lift() { w.opts.Limiter = exdesk.Unlimited; w.restart() }
