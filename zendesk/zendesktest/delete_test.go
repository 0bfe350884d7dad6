package zendesktest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"bo@acme.test"}})
	d.create(hello)
	_, secret := d.APIToken()
	r := d.request("DELETE", "/api/v2/tickets/1", nil)
	r.SetBasicAuth("bo@acme.test/token", secret)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_ = res.Body.Close()
	require.Equal(t, 403, res.StatusCode, "agents may not")

	gone := d.want(204, "DELETE", "/api/v2/tickets/1", nil)
	require.Empty(t, gone.body)
	require.True(t, d.ticket(1).Deleted)
	for method, path := range map[string]string{"GET": "/api/v2/tickets/1", "DELETE": "/api/v2/tickets/1", "PUT": "/api/v2/tickets/1"} {
		require.Equal(t, "RecordNotFound", d.want(404, method, path, `{"ticket":{}}`).at("error"))
	}
	d.want(404, "GET", "/api/v2/tickets/1/comments", nil)
	d.want(404, "GET", "/api/v2/tickets/1/audits", nil)
	require.Empty(t, d.want(200, "GET", "/api/v2/tickets", nil).at("tickets"))
}

func TestDeleteLimit(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{RateLimit: -1})
	for range 400 {
		d.want(404, "DELETE", "/api/v2/tickets/1", nil)
	}
	require.NotEmpty(t, d.want(429, "DELETE", "/api/v2/tickets/1", nil).Header.Get("Retry-After"))
	d.want(200, "GET", "/api/v2/tickets", nil)
	require.Empty(t, d.Violations())
}
