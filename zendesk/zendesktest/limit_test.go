package zendesktest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestAccountLimit(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{RateLimit: 3, JSONLimits: asJSON})
		for i := range 3 {
			res := d.want(200, "GET", "/api/v2/tickets", nil)
			require.Equal(t, "3", res.Header.Get("X-Rate-Limit"))
			require.Equal(t, strconv.Itoa(2-i), res.Header.Get("X-Rate-Limit-Remaining"))
			require.Equal(t, strconv.Itoa(2-i), res.Header.Get("ratelimit-remaining"))
			require.Equal(t, "3", res.Header.Get("ratelimit-limit"))
			require.NotEmpty(t, res.Header.Get("ratelimit-reset"))
		}
		res := d.want(429, "GET", "/api/v2/tickets", nil)
		if asJSON {
			require.Equal(t, "APIRateLimitExceeded", res.at("error"))
		} else {
			require.Equal(t, "Number of allowed API requests per minute exceeded", string(res.body))
			require.Contains(t, res.Header.Get("Content-Type"), "text/plain")
		}
		wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, wait, 60)
		require.Empty(t, d.Violations())
		d.want(429, "GET", "/api/v2/tickets", nil)
		require.Len(t, d.Violations(), 1)
		require.Contains(t, d.Violations()[0], "Retry-After of a 429")
		d.Advance(time.Duration(wait) * time.Second)
		d.want(200, "GET", "/api/v2/tickets", nil)
		require.Len(t, d.Violations(), 1)
	}
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{RateLimit: -1, UpdateLimit: -1})
	d.create(hello)
	require.Equal(t, "100000", d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{}}`).Header.Get("X-Rate-Limit-Remaining"))
}

func TestUpdateLimits(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{UpdateLimit: 40})
	d.create(hello)
	d.create(hello)
	put := func(id, status int) *response {
		return d.want(status, "PUT", "/api/v2/tickets/"+strconv.Itoa(id), `{"ticket":{"status":"open"}}`)
	}
	for range 30 {
		put(1, 200)
	}
	res := put(1, 429)
	require.Contains(t, res.Header.Get("Zendesk-RateLimit-Per-Ticket-Updates"), "total=30; remaining=0; resets=")
	require.Regexp(t, `^\d+$`, res.Header.Get("Retry-After"))
	for range 10 {
		put(2, 200)
	}
	require.Empty(t, d.Violations(), "the limit of a ticket is not the account's")
	require.Contains(t, put(2, 429).Header.Get("Zendesk-RateLimit-Tickets-Update"), "total=40; remaining=0")
	d.Advance(time.Minute)
	put(2, 200)
	put(1, 429)
	require.Len(t, d.Violations(), 1)
	d.Advance(10 * time.Minute)
	put(1, 200)
}
