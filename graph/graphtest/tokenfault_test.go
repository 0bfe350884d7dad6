package graphtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestTokenFaults(t *testing.T) {
	b := setup(t, nil)
	refresh := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
	for _, c := range []struct {
		number int
		status int
		code   string
	}{
		{50076, 400, "interaction_required"}, {53003, 400, "interaction_required"}, {50173, 400, "invalid_grant"},
		{7000222, 401, "invalid_client"}, {65001, 400, "invalid_grant"}, {90055, 429, "temporarily_unavailable"},
		{90033, 503, "temporarily_unavailable"}, {700082, 400, "invalid_grant"}, {70043, 400, "invalid_grant"},
	} {
		require.NoError(t, b.fake.FailTokens(graphtest.TokenFault{Number: c.number}))
		b.troubled(b.renew(refresh), c.status, c.code, float64(c.number))
	}
	require.Equal(t, 200, b.renew(refresh).status)
	require.Zero(t, b.fake.RefreshReuses(), "what failed used nothing up")

	require.NoError(t, b.fake.FailTokens(graphtest.TokenFault{Grant: "client_credentials", Number: 50076, Error: "invalid_grant",
		Text: "Because.", Suberror: "basic_action", Claims: `{"access_token":{}}`, RetryAfter: "7", Status: 418, Skip: 1, Times: 2}))
	require.Equal(t, 200, b.renew(refresh).status)
	require.Equal(t, 200, b.ask("contoso.test", b.credentials()).status)
	for range 2 {
		r := b.ask("contoso.test", b.credentials())
		b.troubled(r, 418, "invalid_grant", 50076)
		require.Equal(t, "basic_action", r.json["suberror"])
		require.Equal(t, `{"access_token":{}}`, r.json["claims"])
		require.Contains(t, r.json["error_description"], "AADSTS50076: Because.\r\n")
		require.Equal(t, "7", r.header.Get("Retry-After"))
	}
	require.Equal(t, 200, b.ask("contoso.test", b.credentials()).status)

	require.NoError(t, b.fake.FailTokens(graphtest.TokenFault{Number: 1, Error: "server_error", Times: -1}))
	for range 3 {
		b.troubled(b.renew(refresh), 400, "server_error", 1)
	}
	b.fake.ClearFaults()
	require.Equal(t, 200, b.renew(refresh).status)

	for _, f := range []graphtest.TokenFault{{}, {Number: 1}, {Error: "x"}, {Number: -1, Error: "x"},
		{Number: 50076, Status: 200}, {Number: 50076, Status: 600}, {Number: 50076, Skip: -1}, {Number: 50076, Times: -2}} {
		require.Error(t, b.fake.FailTokens(f), f)
	}
}
