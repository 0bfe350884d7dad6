package graph_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
)

// underRace says that the race detector runs, under which pools forget at random.
var underRace bool

// recording keeps the answers that it passes on.
type recording struct {
	next    http.RoundTripper
	answers []*http.Response
	bodies  [][]byte
}

func (rec *recording) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := rec.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	rec.answers, rec.bodies = append(rec.answers, resp), append(rec.bodies, body)
	return rec.answer(len(rec.answers) - 1), err
}

func (rec *recording) answer(i int) *http.Response {
	resp := *rec.answers[i]
	resp.Body = io.NopCloser(bytes.NewReader(rec.bodies[i]))
	return &resp
}

// replaying answers with a recording, over and over.
type replaying struct {
	*recording
	n int
}

func (rep *replaying) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	rep.n++
	return rep.answer((rep.n - 1) % len(rep.answers)), nil
}

// TestCost guards what requests and memory are spent on. The numbers are of the
// client alone: those of net/http come on top.
func TestCost(t *testing.T) {
	srv := graphtest.New(&graphtest.Options{Budget: -1})
	var ids []string
	for i := range 25 {
		ids = append(ids, srv.Deliver(mail(i)))
	}
	url, over, stop := memnet.Serve(srv)
	defer stop()
	connect := func(via http.RoundTripper) *graph.Client {
		c, err := graph.New(srv.Mailbox(), token(srv.Token()), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: &http.Client{Transport: via}})
		require.NoError(t, err)
		return c
	}
	label := func(n int) func(c *graph.Client) {
		marks := make([]exdesk.Mark, n)
		for i := range marks {
			marks[i] = exdesk.Mark{ID: ids[i], Categories: []string{"Zendesk"}, Without: []string{"ZendeskHeld"}, Record: exdesk.Record{Outcome: exdesk.Created, Ticket: 7}}
		}
		return func(c *graph.Client) {
			for _, err := range c.Label(t.Context(), marks) {
				require.NoError(t, err)
			}
		}
	}
	for _, is := range []struct {
		what                  string
		requests, allocations int
		do                    func(c *graph.Client)
	}{
		{"list 25 mails", 1, 139, func(c *graph.Client) { require.Len(t, list(t, c), 25) }},
		{"label 1 mail", 2, 146, label(1)},
		{"label 20 mails", 2, 454, label(20)},
		{"label 21 mails", 4, 637, label(21)},
		{"open a mail", 1, 48, func(c *graph.Client) {
			in, err := c.Open(t.Context(), ids[0])
			require.NoError(t, err)
			require.NoError(t, in.Close())
		}},
	} {
		t.Run(is.what, func(t *testing.T) {
			rec := &recording{next: over.Transport}
			is.do(connect(rec))
			require.Len(t, rec.answers, is.requests)
			if underRace {
				t.Skip("memory is not counted under the race detector")
			}
			c := connect(&replaying{recording: rec})
			require.LessOrEqual(t, int(testing.AllocsPerRun(200, func() { is.do(c) })), is.allocations)
		})
	}
}
