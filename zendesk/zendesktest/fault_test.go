package zendesktest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestFaultEnvelopes(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for status, want := range map[int]string{
		400: `"error":"BadRequest"`,
		401: `{"error":"Couldn't authenticate you"}`,
		403: `"title":"Forbidden"`,
		404: `"error":"RecordNotFound"`,
		409: `"error":"UpdateConflict"`,
		422: `"error":"RecordInvalid"`,
		429: `Number of allowed API requests`,
		500: `Internal Server Error`,
		503: `Service Unavailable`,
	} {
		require.NoError(t, d.Fault(zendesktest.Fault{Status: status}))
		require.Contains(t, string(d.want(status, "GET", "/api/v2/tickets", nil).body), want)
	}
	require.NoError(t, d.Fault(zendesktest.Fault{Status: 429, Code: "APIRateLimitExceeded"}))
	require.Equal(t, "APIRateLimitExceeded", d.want(429, "GET", "/api/v2/tickets", nil).at("error"))
	require.NoError(t, d.Fault(zendesktest.Fault{Status: 503, Code: "DatabaseTimeout", Times: -1}))
	require.Equal(t, "DatabaseTimeout", d.want(503, "GET", "/api/v2/tickets", nil).at("error"))
	d.ClearFaults()
	d.want(200, "GET", "/api/v2/tickets", nil)
	require.Error(t, d.Fault(zendesktest.Fault{Path: "["}))
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for i, f := range []zendesktest.Fault{{Commit: true, Drop: true}, {Cut: 20}, {Drop: true}} {
		require.NoError(t, d.Fault(f))
		res, err := http.DefaultClient.Do(d.request("POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`, "Idempotency-Key", string(rune('a'+i))))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		require.Error(t, err)
	}
	require.Len(t, d.Tickets(), 2, "the last one was never heard")
	require.Equal(t, "hit", d.create(hello, "Idempotency-Key", "a").Header.Get("X-Idempotency-Lookup"))
	require.Equal(t, "hit", d.create(hello, "Idempotency-Key", "b").Header.Get("X-Idempotency-Lookup"))
	require.Equal(t, "miss", d.create(hello, "Idempotency-Key", "c").Header.Get("X-Idempotency-Lookup"))
}

func TestEarlyRetries(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	require.NoError(t, d.Fault(zendesktest.Fault{Path: "/api/v2/tickets", Status: 503, RetryAfter: "10"}))
	d.want(503, "GET", "/api/v2/tickets", nil)
	d.want(200, "GET", "/api/v2/users/me", nil)
	d.Advance(9 * time.Second)
	d.want(200, "GET", "/api/v2/users/me", nil)
	require.Empty(t, d.Violations(), "a 503 is about its own request")
	d.want(200, "GET", "/api/v2/tickets", nil)
	require.Len(t, d.Violations(), 1)

	d.Advance(2 * time.Second)
	when := d.Now().Add(time.Minute).Format(http.TimeFormat)
	require.NoError(t, d.Fault(zendesktest.Fault{Status: 429, RetryAfter: when}))
	d.want(429, "GET", "/api/v2/users/me", nil)
	d.want(200, "GET", "/api/v2/tickets", nil)
	require.Len(t, d.Violations(), 1, "it may have been on its way")
	d.Advance(5 * time.Second)
	d.want(200, "GET", "/api/v2/recipient_addresses", nil)
	require.Len(t, d.Violations(), 2, "a 429 is about the account")
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	res := d.create(hello, "Idempotency-Key", "k")
	got := d.Requests()[0]
	require.Equal(t, zendesktest.Request{ID: res.Header.Get("X-Request-Id"), At: got.At, Method: "POST", Path: "/api/v2/tickets", Key: "k", Status: 201}, got)
	d.ResetRequests()
	require.Zero(t, d.Count())
	require.Empty(t, d.Requests())
	for range 5000 {
		d.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nothing", nil))
	}
	require.Equal(t, 5000, d.Count())
	require.LessOrEqual(t, len(d.Requests()), 4096)
}

func TestClock(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	d.SetTime(at)
	d.Advance(time.Hour)
	require.WithinDuration(t, at.Add(time.Hour), d.Now(), time.Minute)
	require.True(t, strings.HasPrefix(d.want(401, "GET", "/api/v2/tickets", nil).Header.Get("Date"), "Tue, 06 May 2031 08:0"))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := zendesktest.New(nil)
	web := httptest.NewTLSServer(s)
	t.Cleanup(web.Close)
	r, err := http.NewRequestWithContext(t.Context(), "POST", web.URL+"/api/v2/tickets", strings.NewReader(`{"ticket":{`+hello+`}}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.Token())
	r.Header.Set("Content-Type", "application/json")
	res, err := web.Client().Do(r)
	require.NoError(t, err)
	_ = res.Body.Close()
	require.Equal(t, web.URL+"/api/v2/tickets/1.json", res.Header.Get("Location"))
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{RateLimit: -1, UpdateLimit: -1})
	d.create(hello)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				token := d.upload("a.txt", "x")
				d.create(hello[:len(hello)-1]+`},"comment":{"body":"y","uploads":["`+token+`"]}`, "Idempotency-Key", token)
				d.do("PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"z"}}}`)
				d.do("GET", "/api/v2/tickets/1/audits", nil)
				d.Edit(1, func(t *zendesktest.Ticket) { t.Subject += "!" })
				d.Tickets()
				d.Uploads()
				d.Requests()
			}
		})
	}
	wg.Wait()
	require.Len(t, d.Tickets(), 81)
	require.Len(t, d.Users(), 2)
}
