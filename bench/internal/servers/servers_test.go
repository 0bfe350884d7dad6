package servers

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

func start(t *testing.T) *Control {
	s, err := Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	t.Setenv(Variable, web.URL)
	c, err := Open()
	require.NoError(t, err)
	return c
}

// What is filled in comes out as tickets, and is counted.
func TestServers(t *testing.T) {
	c := start(t)
	at, err := c.Reset(Setup{Mailboxes: 2})
	require.NoError(t, err)
	ids, err := c.Fill(Fill{Sample: "60KB", Count: 2})
	require.NoError(t, err)
	require.Len(t, ids, 2)

	mailbox, err := graph.New(at.Mailbox, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: at.GraphToken}), &graph.Options{BaseURL: at.Graph})
	require.NoError(t, err)
	desk, err := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: at.ZendeskToken}), &zendesk.Options{BaseURL: at.Zendesk})
	require.NoError(t, err)
	conn, err := exdesk.New(mailbox, desk, nil)
	require.NoError(t, err)
	before, err := c.Counters()
	require.NoError(t, err)
	require.Zero(t, *before)
	report, err := conn.Ingest(context.Background())
	require.NoError(t, err)
	require.Len(t, report.Results, 2)

	out, err := c.Outcome()
	require.NoError(t, err)
	require.Equal(t, &Outcome{Tickets: 2, Files: 4, Octets: 4 * 8800, Labelled: 2}, out)
	after, err := c.Counters()
	require.NoError(t, err)
	seen := after.Minus(*before)
	require.Positive(t, seen.Graph.Requests)
	require.GreaterOrEqual(t, seen.Zendesk.Requests, int64(6), "four files and two tickets")
	require.Greater(t, seen.Graph.Sent, int64(2*60_000))
	require.Greater(t, seen.Zendesk.Received, int64(4*8800))
	require.Positive(t, seen.Graph.Connections)

	_, err = c.Fill(Fill{Sample: "3KB", Count: 1, Mailbox: Mailbox(1)})
	require.NoError(t, err)
	again, err := c.Reset(Setup{})
	require.NoError(t, err)
	require.Equal(t, at.Graph, again.Graph, "the services stay where they are")
	out, err = c.Outcome()
	require.NoError(t, err)
	require.Equal(t, &Outcome{}, out)
}

func TestRefusals(t *testing.T) {
	c := start(t)
	_, err := c.Fill(Fill{Sample: "4KB", Count: 1})
	require.ErrorContains(t, err, `1 mails of kind "4KB" cannot be delivered`)
	_, err = c.Fill(Fill{Sample: "3KB", Count: 1, Mailbox: Mailbox(0)})
	require.Error(t, err, "there is no such mailbox")
	_, err = c.Reset(Setup{Mailboxes: -1})
	require.Error(t, err)
	resp, err := http.Post(c.url+"/reset", "application/json", strings.NewReader("{"))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)

	t.Setenv(Variable, "")
	_, err = Open()
	require.ErrorContains(t, err, Variable+" is not set")
}
