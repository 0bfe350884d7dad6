package zendesktest_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestIdempotency(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	first := d.create(hello, "Idempotency-Key", "k")
	require.Equal(t, "miss", first.Header.Get("X-Idempotency-Lookup"))
	d.Advance(2*time.Hour - time.Minute)
	d.token = d.Token()
	again := d.create(hello, "Idempotency-Key", "k")
	require.Equal(t, "hit", again.Header.Get("X-Idempotency-Lookup"))
	require.Equal(t, first.body, again.body, "octet by octet")
	require.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
	require.Len(t, d.Tickets(), 1)
	require.Equal(t, "k", d.Tickets()[0].IdempotencyKey)
	require.Empty(t, d.Violations())

	res := d.want(400, "POST", "/api/v2/tickets", `{"ticket": {`+hello+`}}`, "Idempotency-Key", "k")
	require.Equal(t, "IdempotentRequestError", res.at("error"))
	require.Contains(t, string(res.body), "Request parameters don't match the given idempotency key")
	require.Len(t, d.Violations(), 1)

	d.Advance(2 * time.Minute)
	d.token = d.Token()
	require.Equal(t, "miss", d.create(hello, "Idempotency-Key", "k").Header.Get("X-Idempotency-Lookup"))
	require.Len(t, d.Tickets(), 2, "after two hours the key makes a second ticket")

	d.want(400, "POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`, "Idempotency-Key", strings.Repeat("x", 256))
	d.create(hello, "Idempotency-Key", strings.Repeat("x", 255))
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{}}`, "Idempotency-Key", "k")
	require.Len(t, d.Violations(), 2, "a key protects nothing there")
}

func TestLooseKeys(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{LooseKeys: true})
	d.want(201, "POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x"},"subject":"s"}}`, "Idempotency-Key", "k")
	d.want(201, "POST", "/api/v2/tickets", `{"ticket": {"subject":"s", "comment":{"body":"x"}}}`, "Idempotency-Key", "k")
	require.Len(t, d.Tickets(), 1)
}

func TestFailuresAndKeys(t *testing.T) {
	t.Parallel()
	for _, remember := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{RememberFailures: remember})
		post := func(key string) *response {
			return d.do("POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`, "Idempotency-Key", key)
		}
		d.want(422, "POST", "/api/v2/tickets", `{"ticket":{"subject":"x"}}`, "Idempotency-Key", "a")
		res := d.want(422, "POST", "/api/v2/tickets", `{"ticket":{"subject":"x"}}`, "Idempotency-Key", "a")
		require.Equal(t, map[bool]string{false: "miss", true: "hit"}[remember], res.Header.Get("X-Idempotency-Lookup"))

		// The account acts and its front answers 503.
		require.NoError(t, d.Fault(zendesktest.Fault{Status: 503, Commit: true}))
		require.Equal(t, 503, post("b").StatusCode)
		require.Len(t, d.Tickets(), 1)
		require.Equal(t, map[bool]int{false: 201, true: 503}[remember], post("b").StatusCode)
		require.Len(t, d.Tickets(), 1)

		// The account never hears it: nothing is remembered.
		require.NoError(t, d.Fault(zendesktest.Fault{Status: 503}))
		require.Equal(t, 503, post("c").StatusCode)
		require.Equal(t, 201, post("c").StatusCode)
		require.Len(t, d.Tickets(), 2)
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mode    zendesktest.InFlight
		status  int
		tickets int
	}{
		{"conflict", zendesktest.InFlightConflict, 409, 1},
		{"wait", zendesktest.InFlightWait, 201, 1},
		{"twice", zendesktest.InFlightTwice, 201, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, &zendesktest.Options{InFlight: tt.mode, Think: 300 * time.Millisecond})
			var wg sync.WaitGroup
			wg.Go(func() { d.create(hello, "Idempotency-Key", "k") })
			require.Eventually(t, func() bool { return d.Count() == 1 }, 5*time.Second, time.Millisecond)
			time.Sleep(50 * time.Millisecond)
			res := d.want(tt.status, "POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`, "Idempotency-Key", "k")
			if tt.mode == zendesktest.InFlightWait {
				require.Equal(t, "hit", res.Header.Get("X-Idempotency-Lookup"))
			}
			wg.Wait()
			require.Len(t, d.Tickets(), tt.tickets)
		})
	}
}
