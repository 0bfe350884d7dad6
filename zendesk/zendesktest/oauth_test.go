package zendesktest_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// signIn has somebody sign in and returns the answer with his tokens.
func (d *desk) signIn(a zendesktest.Answer) *response {
	d.t.Helper()
	res := d.exchange("authorization_code", "code", d.code(a), "redirect_uri", callback, "code_verifier", verifier)
	require.Equal(d.t, 201, res.StatusCode, "%s", res.body)
	return res
}

func (d *desk) opens(status int, token any) {
	d.t.Helper()
	d.want(status, "GET", "/api/v2/tickets", nil, "Authorization", "Bearer "+token.(string))
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	renew := func(token any, pairs ...string) *response {
		t.Helper()
		return d.exchange("refresh_token", append(pairs, "refresh_token", token.(string))...)
	}
	first := d.signIn(zendesktest.Answer{})
	require.EqualValues(t, 30*24*3600, first.id("refresh_token_expires_in"))
	require.Equal(t, "invalid_client", renew(first.at("refresh_token"), "client_secret", "").at("error"), "a confidential client")
	require.Equal(t, "invalid_request", renew(first.at("refresh_token"), "expires_in", "172801").at("error"))

	second := renew(first.at("refresh_token"))
	require.Equal(t, 201, second.StatusCode)
	require.Equal(t, "tickets:read users:read", second.at("scope"))
	require.EqualValues(t, 1800, second.id("expires_in"))
	require.NotEqual(t, first.at("refresh_token"), second.at("refresh_token"))
	d.opens(401, first.at("access_token"))
	d.opens(200, second.at("access_token"))

	res := renew(first.at("refresh_token"))
	require.Equal(t, 400, res.StatusCode)
	require.Equal(t, "invalid_grant", res.at("error"))
	d.opens(200, second.at("access_token"))

	d.Advance(31 * time.Minute)
	d.opens(401, second.at("access_token"))
	third := renew(second.at("refresh_token"), "refresh_token_expires_in", "604800")
	require.Equal(t, 201, third.StatusCode, "the successor was not harmed")
	d.ExpireTokens()
	d.opens(401, third.at("access_token"))
	d.Advance(604801 * time.Second)
	require.Equal(t, "invalid_grant", renew(third.at("refresh_token")).at("error"))
	require.Equal(t, "invalid_grant", renew("").at("error"))

	var kinds []string
	for _, g := range d.Grants() {
		kinds = append(kinds, g.Type)
	}
	require.Equal(t, []string{"authorization_code", "refresh_token", "refresh_token"}, kinds)
}

func TestPublicClient(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{PublicClient: true, TokenLife: -1})
	_, secret := d.Client()
	require.Empty(t, secret)
	back, err := d.Authorize(d.authURL("code_challenge", "", "code_challenge_method", ""), zendesktest.Answer{})
	require.NoError(t, err)
	require.Equal(t, "invalid_request", back.Query().Get("error"), "it must use PKCE")

	got := d.exchange("authorization_code", "client_secret", "", "code", d.code(zendesktest.Answer{}), "redirect_uri", callback, "code_verifier", verifier)
	require.Equal(t, 201, got.StatusCode)
	require.NotContains(t, got.json, "expires_in")
	got = d.exchange("refresh_token", "client_secret", "", "refresh_token", got.at("refresh_token").(string))
	require.Equal(t, 201, got.StatusCode)
	d.opens(200, got.at("access_token"))
	require.Equal(t, "unauthorized_client", d.exchange("client_credentials", "client_secret", "", "scope", "read").at("error"))
}

func TestGrants(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"sam@acme.test"}, Epoch: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)})
	d.Token()
	d.exchange("client_credentials", "scope", "read tickets:write", "expires_in", "300")
	sam := d.signIn(zendesktest.Answer{User: "SAM@acme.test"})
	other := d.signIn(zendesktest.Answer{})

	got := d.Grants()
	require.Len(t, got, 3)
	require.Equal(t, zendesktest.Grant{ID: got[0].ID, Type: "client_credentials", User: "agent@acme.test", Scopes: []string{"read", "tickets:write"},
		At: got[0].At, Expires: got[0].Expires}, got[0])
	require.WithinDuration(t, got[0].At.Add(300*time.Second), got[0].Expires, time.Second)
	require.Equal(t, "sam@acme.test", got[1].User)
	require.WithinDuration(t, got[1].At.Add(30*24*time.Hour), got[1].RefreshExpires, time.Second)

	waiting := d.code(zendesktest.Answer{User: "sam@acme.test"})
	d.RevokeTokens("sam@acme.test")
	d.opens(401, sam.at("access_token"))
	d.opens(200, other.at("access_token"))
	require.Equal(t, "invalid_grant", d.exchange("refresh_token", "refresh_token", sam.at("refresh_token").(string)).at("error"))
	require.Equal(t, "invalid_grant", d.exchange("authorization_code", "code", waiting, "redirect_uri", callback, "code_verifier", verifier).at("error"))

	d.ExpireTokens()
	d.RevokeTokens()
	require.Equal(t, "invalid_grant", d.exchange("refresh_token", "refresh_token", other.at("refresh_token").(string)).at("error"))
	require.Len(t, d.Grants(), 3)
}

func TestUnknownScopesAreDroppedOrNot(t *testing.T) {
	t.Parallel()
	for drop, want := range map[bool]string{false: "read ticket:write", true: "read"} {
		d := setup(t, &zendesktest.Options{DropUnknownScopes: drop})
		require.Equal(t, want, d.exchange("client_credentials", "scope", "read ticket:write").at("scope"))
	}
}

func TestOAuthTokens(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{Agents: []string{"sam@acme.test"}, KeepCurrent: keep})
		got := d.signIn(zendesktest.Answer{User: "sam@acme.test"})
		access, refresh := got.at("access_token").(string), got.at("refresh_token").(string)
		bearer := []string{"Authorization", "Bearer " + access}

		current := d.want(200, "GET", "/api/v2/oauth/tokens/current.json", nil, bearer...)
		id := current.id("token.id")
		require.Equal(t, d.Grants()[0].ID, id)
		require.Equal(t, access[:10], current.at("token.token"))
		require.Equal(t, refresh[:10], current.at("token.refresh_token"))
		require.Equal(t, []any{"tickets:read", "users:read"}, current.at("token.scopes"))
		require.NotNil(t, current.at("token.used_at"))
		require.NotNil(t, current.at("token.expires_at"))
		path := fmt.Sprintf("/api/v2/oauth/tokens/%d", id)
		d.want(403, "GET", path, nil, bearer...)
		require.Equal(t, id, d.want(200, "GET", path, nil).id("token.id"), "an administrator may")
		d.want(400, "GET", "/api/v2/oauth/tokens/x", nil)
		d.want(404, "DELETE", "/api/v2/oauth/tokens/1", nil)

		d.want(204, "DELETE", "/api/v2/oauth/tokens/current.json", nil, bearer...)
		if keep {
			d.opens(200, access)
			d.want(204, "DELETE", path, nil)
		}
		d.opens(401, access)
		require.Equal(t, "invalid_grant", d.exchange("refresh_token", "refresh_token", refresh).at("error"))
		d.want(404, "GET", path, nil)

		sams := d.signIn(zendesktest.Answer{User: "sam@acme.test"}).at("access_token").(string)
		mine := d.want(200, "GET", "/api/v2/oauth/tokens/current", nil)
		require.Nil(t, mine.at("token.refresh_token"))
		d.AddUser(zendesktest.User{Email: "agent@acme.test", Role: "agent"})
		d.want(404, "GET", fmt.Sprintf("/api/v2/oauth/tokens/%d", d.Grants()[1].ID), nil)
		d.opens(200, sams)
		require.Empty(t, d.Unknown())
	}
}

func TestOAuthFaults(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, f := range []struct {
		fault zendesktest.Fault
		want  string
	}{
		{zendesktest.Fault{Status: 400}, `{"error":"invalid_request","error_description":"The request is missing`},
		{zendesktest.Fault{Status: 400, Code: "invalid_grant"}, `{"error":"invalid_grant","error_description":"The provided access grant`},
		{zendesktest.Fault{Status: 401}, `{"error":"invalid_client","error_description":`},
		{zendesktest.Fault{Status: 403}, `{"error":"unauthorized_client","error_description":`},
		{zendesktest.Fault{Status: 503, Code: "temporarily_unavailable"}, `{"error":"temporarily_unavailable","error_description":`},
		{zendesktest.Fault{Status: 503}, `Service Unavailable`},
		{zendesktest.Fault{Status: 429}, `Number of allowed API requests`},
	} {
		f.fault.Path, f.fault.Contains = "/oauth/tokens", "refresh_token"
		require.NoError(t, d.Fault(f.fault))
		require.Equal(t, 201, d.exchange("client_credentials", "scope", "read").StatusCode, "another one's")
		res := d.exchange("refresh_token", "refresh_token", "x")
		require.Equal(t, f.fault.Status, res.StatusCode)
		require.Contains(t, string(res.body), f.want)
	}
}

func TestAPITokensEnd(t *testing.T) {
	t.Parallel()
	lastDay := time.Date(2027, 4, 29, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		opt           zendesktest.Options
		before, after int
	}{
		{zendesktest.Options{}, 200, 200},
		{zendesktest.Options{EndAPITokens: true}, 200, 401},
		{zendesktest.Options{NoAPITokens: true}, 401, 401},
	} {
		c.opt.Epoch, c.opt.TokenLife = lastDay, -1
		d := setup(t, &c.opt)
		email, token := d.APIToken()
		for _, want := range []int{c.before, c.after} {
			r := d.request("GET", "/api/v2/users/me", nil)
			r.SetBasicAuth(email+"/token", token)
			d.want(want, "GET", "/api/v2/users/me", nil, "Authorization", r.Header.Get("Authorization"))
			require.Equal(t, strconv.FormatBool(want == 200), d.want(200, "GET", "/api/v2/account/settings", nil).at("settings.api.api_token_access"))
			if want == 200 {
				d.want(404, "GET", "/api/v2/oauth/tokens/current", nil, "Authorization", r.Header.Get("Authorization"))
				d.want(404, "DELETE", "/api/v2/oauth/tokens/current", nil, "Authorization", r.Header.Get("Authorization"))
			}
			d.Advance(time.Hour)
		}
	}
}
