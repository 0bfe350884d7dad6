package exdesk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestTrace(t *testing.T) {
	o := &graphtest.Options{LostOnWire: []string{"X-Mailer"}, SubmitDate: true}
	relaying(t, o, func(w *world) {
		w.exchange.AddMailbox("ann@contoso.test")
		ann := w.client("ann@contoso.test")
		w.leave(&exdesk.Outbound{MIME: strings.NewReader(notice("ann")), Ticket: 7, Recipients: []string{"ann@customer.example", "ann@contoso.test"}})
		time.Sleep(time.Minute)
		trace, err := w.conn.Trace(w.Context(), "01HQ6Z3D616e6e", ann)
		require.NoError(w, err)
		require.Len(w, trace.Mails, 1)
		require.Equal(w, []string{"draft", "sent copy", "arrived at ann@contoso.test"}, trace.Mails[0].Places)
		require.Equal(w, int64(7), trace.Mails[0].Ticket)
		text := trace.String()
		t.Log("\n" + text)
		require.Regexp(w, `X-Mailer +Zendesk Mailer +repaired +kept +lost`, text)
		require.Regexp(w, `Auto-Submitted +auto-generated +repaired +kept +kept`, text)
		require.Regexp(w, `Date .* kept +changed: .* changed: `, text)
		require.Regexp(w, `From .* kept +renamed: .* renamed: `, text)
		require.Empty(w, trace.Lost())

		_, err = w.conn.Trace(w.Context(), "nothing")
		require.ErrorIs(w, err, exdesk.ErrNotFound)
	})
}

// client is a client of another mailbox.
func (w *world) client(address string) *graph.Client {
	w.Helper()
	w.tokens.graph.set(w.exchange.Token())
	c, err := graph.New(address, oauth2.TokenSource(&w.tokens.graph), &graph.Options{BaseURL: w.graphURL, HTTPClient: w.graphHTTP})
	require.NoError(w, err)
	return c
}

// TestProbe: what Probe says may be lost is what has to be allowed, and nothing
// else.
func TestProbe(t *testing.T) {
	for name, o := range map[string]graphtest.Options{
		"keeps": {Headers: graphtest.Keeps}, "repairable": {}, "strips": {Headers: graphtest.Strips}, "names by JSON": {BareProperties: true},
		"ids replaced": {MessageIDs: graphtest.ReplacedIDs}, "ids replaced on the wire": {MessageIDs: graphtest.ReplacedOnWire},
		"late": *late(), "lost on the wire": {LostOnWire: []string{"Auto-Submitted"}},
	} {
		t.Run(name, func(t *testing.T) {
			relaying(t, &o, func(w *world) {
				trace, err := w.conn.Probe(w.Context())
				require.NoError(w, err)
				t.Log("\n" + trace.String())
				require.Len(w, trace.Mails, 1)
				require.Len(w, trace.Mails[0].Places, 3)
				for _, f := range trace.Mails[0].Fields {
					require.NotEmpty(w, f.At[2].Survival, f.Name)
				}
				switch {
				case o.Headers == graphtest.Strips:
					require.ElementsMatch(w, protected, trace.Lost())
				case o.BareProperties:
					require.Equal(w, []string{"Auto-Submitted"}, trace.Lost())
				default:
					require.Empty(w, trace.Lost())
				}
				time.Sleep(5 * time.Minute)
				require.Empty(w, w.exchange.Messages(), "it cleans up")
				w.opts.Relay.MayLose = trace.Lost()
				w.restart()
				w.leave(outbound(notice("ann")))
			})
		})
	}
}
