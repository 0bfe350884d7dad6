package exdesk_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

// emptyPage is the other end of a connection without the connection: it answers
// every request with a page that has no mail.
type emptyPage struct{}

// RoundTrip implements http.RoundTripper.
func (emptyPage) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(`{"value":[]}`))}, nil
}

// known is a token that need not be asked for.
type known struct{}

func (known) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "secret"}, nil }
func (known) TokenContext(context.Context) (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: "secret"}, nil
}

// idle makes a Connector of an empty mailbox.
func idle(t *testing.T, address string, desk exdesk.Desk, hc *http.Client) *exdesk.Connector {
	box, err := graph.New(address, known{}, &graph.Options{HTTPClient: hc})
	require.NoError(t, err)
	c, err := exdesk.New(box, desk, nil)
	require.NoError(t, err)
	return c
}

// What a mailbox costs in which nothing happens is held to what it was brought
// down to: it was 2,783 bytes, without a Poller, and 171 allocations.
func TestIdleMailboxIsSmall(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates as well")
	}
	const n = 2000
	hc := &http.Client{Transport: emptyPage{}}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("box%d@contoso.test", i)
	}
	desk, err := zendesk.New("acme", known{}, &zendesk.Options{HTTPClient: hc})
	require.NoError(t, err)
	_, err = idle(t, "first@contoso.test", desk, hc).Ingest(t.Context())
	require.NoError(t, err)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	var p exdesk.Poller
	for _, name := range names {
		c := idle(t, name, desk, hc)
		require.NoError(t, p.Add(c))
		_, err := c.Ingest(t.Context())
		require.NoError(t, err)
	}
	each := (heap() - before) / n
	runtime.KeepAlive(&p)
	runtime.KeepAlive(names)
	t.Logf("%d bytes", each)
	require.Less(t, each, int64(450))

	c := idle(t, names[0], desk, hc)
	allocs := testing.AllocsPerRun(100, func() {
		_, err := c.Ingest(t.Context())
		require.NoError(t, err)
	})
	t.Logf("%v allocations", allocs)
	require.LessOrEqual(t, allocs, 65.0)
}
