package zendesktest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestAuthentication(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	me := d.want(200, "GET", "/api/v2/users/me.json", nil)
	require.Equal(t, "agent@acme.test", me.at("user.email"))
	require.Greater(t, me.id("user.id"), int64(1)<<32)

	nobody := d.want(200, "GET", "/api/v2/users/me", nil, "Authorization", "")
	require.Nil(t, nobody.at("user.id"))
	require.Equal(t, "Anonymous user", nobody.at("user.name"))

	for _, head := range []string{"", "Bearer nonsense", "Basic eA==", "Bearer"} {
		res := d.want(401, "GET", "/api/v2/tickets", nil, "Authorization", head)
		require.JSONEq(t, `{"error":"Couldn't authenticate you"}`, string(res.body))
	}
	d.want(401, "GET", "/api/v2/users/me", nil, "Authorization", "Bearer nonsense")
	require.Empty(t, d.Violations())
}

func TestAPIToken(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"second@acme.test"}})
	email, token := d.APIToken()
	basic := func(user, password string) (int, *http.Response) {
		r := d.request("GET", "/api/v2/users/me", nil)
		r.SetBasicAuth(user, password)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_ = res.Body.Close()
		return res.StatusCode, res
	}
	for user, want := range map[string]int{
		email + "/token": 200, "second@acme.test/token": 200, "stranger@acme.test/token": 401,
	} {
		got, _ := basic(user, token)
		require.Equal(t, want, got, user)
	}
	got, _ := basic(email+"/token", "wrong")
	require.Equal(t, 401, got)
	require.Empty(t, d.Violations())

	got, _ = basic(email, "password")
	require.Equal(t, 401, got)
	require.Len(t, d.Violations(), 1)
}

func TestScopes(t *testing.T) {
	t.Parallel()
	all := map[string]string{
		"GET /api/v2/tickets": "", "POST /api/v2/tickets": `{"ticket":{` + hello + `}}`, "GET /api/v2/tickets/1/audits": "",
		"POST /api/v2/uploads?filename=a.txt": "x", "GET /api/v2/users/me": "", "GET /api/v2/recipient_addresses": "", "GET /api/v2/account/settings": "",
	}
	tests := []struct {
		name   string
		opt    zendesktest.Options
		scopes []string
		may    []string
	}{
		{"everything", zendesktest.Options{}, []string{"read", "write"}, []string{"GET /api/v2/tickets", "POST /api/v2/tickets", "GET /api/v2/tickets/1/audits", "POST /api/v2/uploads?filename=a.txt", "GET /api/v2/users/me", "GET /api/v2/recipient_addresses", "GET /api/v2/account/settings"}},
		{"tickets", zendesktest.Options{}, []string{"tickets:read", "tickets:write"}, []string{"GET /api/v2/tickets", "POST /api/v2/tickets", "GET /api/v2/tickets/1/audits", "POST /api/v2/uploads?filename=a.txt", "GET /api/v2/recipient_addresses", "GET /api/v2/account/settings"}},
		{"tickets, narrow", zendesktest.Options{NoAudits: true, UploadScope: true, SettingsScope: true}, []string{"tickets:read", "tickets:write"}, []string{"GET /api/v2/tickets", "POST /api/v2/tickets"}},
		{"narrow, all asked", zendesktest.Options{NoAudits: true, UploadScope: true, SettingsScope: true, UsersScope: true}, []string{"read", "tickets:write", "ticket_attachments:write", "users:write"}, []string{"GET /api/v2/tickets", "POST /api/v2/tickets", "GET /api/v2/tickets/1/audits", "POST /api/v2/uploads?filename=a.txt", "GET /api/v2/users/me", "GET /api/v2/recipient_addresses", "GET /api/v2/account/settings"}},
		{"new users", zendesktest.Options{UsersScope: true}, []string{"tickets:write"}, []string{"POST /api/v2/uploads?filename=a.txt", "GET /api/v2/recipient_addresses", "GET /api/v2/account/settings"}},
		{"unknown scope", zendesktest.Options{}, []string{"ticket:read"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, &tt.opt)
			d.create(`"comment":{"body":"x"}`)
			d.token = d.TokenFor(tt.scopes...)
			for what, body := range all {
				method, path, _ := strings.Cut(what, " ")
				var b any
				if body != "" {
					b = body
				}
				res := d.do(method, path, b)
				if slices.Contains(tt.may, what) {
					require.Less(t, res.StatusCode, 300, "%s: %s", what, res.body)
				} else {
					require.Equal(t, 403, res.StatusCode, what)
					require.Equal(t, "Forbidden", res.at("error.title"))
				}
			}
		})
	}
}

func TestTokenExpiry(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{TokenErrors: true})
	d.Advance(29 * time.Minute)
	d.want(200, "GET", "/api/v2/tickets", nil)
	d.Advance(2 * time.Minute)
	require.Equal(t, "invalid_token", d.want(401, "GET", "/api/v2/tickets", nil).at("error"))
	d.token = d.Token()
	d.want(200, "GET", "/api/v2/tickets", nil)
	d.ExpireTokens()
	d.want(401, "GET", "/api/v2/tickets", nil)
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{ClientScopes: []string{"tickets:read", "tickets:write", "ticket:read"}})
	id, secret := d.Client()
	d.token = "unused"
	in := func(more string) string {
		return `{"grant_type":"client_credentials","client_id":"` + id + `","client_secret":"` + secret + `"` + more + `}`
	}
	res := d.want(201, "POST", "/oauth/tokens", in(`,"scope":"tickets:read tickets:write"`))
	require.Equal(t, "bearer", res.at("token_type"))
	require.Equal(t, "tickets:read tickets:write", res.at("scope"))
	require.EqualValues(t, 1800, res.id("expires_in"))
	require.Nil(t, res.at("refresh_token"))
	d.token = res.at("access_token").(string)
	d.want(200, "GET", "/api/v2/tickets", nil)

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"tickets:read"}, "expires_in": {"300"}}
	res = d.want(201, "POST", "/oauth/tokens", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.EqualValues(t, 300, res.id("expires_in"))
	d.token = res.at("access_token").(string)
	d.Advance(301 * time.Second)
	d.want(401, "GET", "/api/v2/tickets", nil)

	// A scope that nobody knows is granted and opens nothing; so is an array.
	d.token = d.want(201, "POST", "/oauth/tokens", in(`,"scope":"ticket:read"`)).at("access_token").(string)
	d.want(403, "GET", "/api/v2/tickets", nil)

	for body, code := range map[string]string{
		in(`,"scope":"users:read"`): "invalid_scope",
		in(``):                      "invalid_scope",
		in(`,"scope":"tickets:read","expires_in":299`):                                         "invalid_request",
		`{"grant_type":"password"}`:                                                            "unsupported_grant_type",
		`{"grant_type":"client_credentials","client_id":"` + id + `","client_secret":"wrong"}`: "invalid_client",
		`{`: "invalid_request",
	} {
		res := d.do("POST", "/oauth/tokens", body)
		require.Equal(t, code, res.at("error"))
		want := 400
		if code == "invalid_client" {
			want = 401
		}
		require.Equal(t, want, res.StatusCode)
	}
	require.Empty(t, d.Violations())
	d.do("POST", "/oauth/tokens?client_secret="+secret, in(""))
	require.Len(t, d.Violations(), 1)
	for _, r := range d.Requests() {
		require.NotContains(t, r.Query, secret)
	}
}

func TestTokensWithoutEnd(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{TokenLife: -1})
	id, secret := d.Client()
	res := d.want(201, "POST", "/oauth/tokens", `{"grant_type":"client_credentials","client_id":"`+id+`","client_secret":"`+secret+`","scope":["read"]}`)
	require.NotContains(t, res.json, "expires_in")
	d.Advance(1000 * time.Hour)
	d.want(200, "GET", "/api/v2/tickets", nil)
	d.token = res.at("access_token").(string)
	d.want(403, "GET", "/api/v2/tickets", nil)
}
