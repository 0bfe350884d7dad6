package zendesktest_test

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// pipe is a network inside a bubble, where time is virtual.
type pipe chan net.Conn

func (p pipe) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
func (p pipe) Close() error   { close(p); return nil }

func (p pipe) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

func TestInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := zendesktest.New(&zendesktest.Options{RateLimit: 1})
		network := make(pipe)
		web := &http.Server{Handler: s}
		go func() { _ = web.Serve(network) }()
		defer func() { _ = web.Close() }()
		transport := &http.Transport{DialContext: network.dial}
		defer transport.CloseIdleConnections()

		begin := time.Now()
		get := func() *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://acme.test/api/v2/tickets", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+s.Token())
			res, err := transport.RoundTrip(r)
			require.NoError(t, err)
			_ = res.Body.Close()
			return res
		}
		require.Equal(t, 200, get().StatusCode)
		time.Sleep(20 * time.Second)
		res := get()
		require.Equal(t, 429, res.StatusCode)
		require.Equal(t, "40", res.Header.Get("Retry-After"))
		wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
		require.NoError(t, err)
		time.Sleep(time.Duration(wait) * time.Second)
		require.Equal(t, 200, get().StatusCode)
		require.Equal(t, time.Minute, time.Since(begin), "to the nanosecond")
		require.Empty(t, s.Violations())
	})
}
