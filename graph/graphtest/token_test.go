package graphtest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

const form = "application/x-www-form-urlencoded"

func (b *bench) ask(tenant string, v url.Values, header ...string) reply {
	b.Helper()
	return b.do("POST", "/"+tenant+"/oauth2/v2.0/token", v.Encode(), append([]string{"Content-Type", form, "Authorization", ""}, header...)...)
}

func (b *bench) credentials() url.Values {
	id, secret := b.fake.Client()
	return url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"client_credentials"},
		"scope": {"https://graph.microsoft.com/.default"}}
}

func TestTokenEndpoint(t *testing.T) {
	b := setup(t, nil)
	r := b.ask("contoso.test", b.credentials())
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, "Bearer", r.json["token_type"])
	require.EqualValues(t, 3599, r.json["expires_in"])
	require.NotContains(t, r.text, "refresh_token")

	b.token = r.json["access_token"].(string)
	require.Equal(t, 200, b.get(b.list()).status)
	b.refused(b.get("/v1.0/me/messages"), 400, "BadRequest")
}

func TestTokenEndpointTakesBasicAuth(t *testing.T) {
	b := setup(t, nil)
	v := b.credentials()
	req := url.Values{"grant_type": v["grant_type"], "scope": v["scope"]}
	r := b.ask("contoso.test", req, "Authorization", basic(v.Get("client_id"), v.Get("client_secret")))
	require.Equal(t, 200, r.status, r.text)
}

func TestTokenEndpointRefuses(t *testing.T) {
	b := setup(t, &graphtest.Options{Tenant: "contoso.test"})
	for name, c := range map[string]struct {
		tenant, key, value string
		status             int
		code, number       string
	}{
		"secret":         {"", "client_secret", "wrong", 401, "invalid_client", "AADSTS7000215"},
		"no secret":      {"", "client_secret", "", 401, "invalid_client", "AADSTS7000218"},
		"client":         {"", "client_id", "wrong", 400, "unauthorized_client", "AADSTS700016"},
		"scope":          {"", "scope", "https://graph.microsoft.com/Mail.Read", 400, "invalid_scope", "AADSTS70011"},
		"no scope":       {"", "scope", "", 400, "invalid_request", "AADSTS900144"},
		"grant":          {"", "grant_type", "password", 400, "unsupported_grant_type", "AADSTS70003"},
		"no grant":       {"", "grant_type", "", 400, "invalid_request", "AADSTS900144"},
		"common":         {"common", "", "", 400, "invalid_request", "AADSTS50194"},
		"another tenant": {"fabrikam.test", "", "", 400, "invalid_request", "AADSTS90002"},
	} {
		v := b.credentials()
		if c.key != "" {
			v.Set(c.key, c.value)
		}
		tenant := "contoso.test"
		if c.tenant != "" {
			tenant = c.tenant
		}
		r := b.ask(tenant, v)
		require.Equal(t, c.status, r.status, name)
		require.Equal(t, c.code, r.json["error"], name)
		require.True(t, strings.HasPrefix(r.json["error_description"].(string), c.number+": "), name)
		require.Contains(t, r.json["error_description"], "\r\nTrace ID: ")
		require.Len(t, r.json["error_codes"], 1)
	}
	require.Empty(t, b.fake.Unknown())
	b.ask("contoso.test", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}})
	require.Len(t, b.fake.Unknown(), 1)
}

func TestTokenEndpointReadsForms(t *testing.T) {
	b := setup(t, nil)
	path := "/contoso.test/oauth2/v2.0/token"
	b.troubled(b.get(path), 400, "invalid_request", 900561)
	b.troubled(b.do("POST", path, b.credentials().Encode(), "Content-Type", "application/json"), 400, "invalid_request", 900144)
	b.troubled(b.do("POST", path, "grant_type=%zz", "Content-Type", form), 400, "invalid_request", 9002313)
	b.troubled(b.do("POST", path, "a="+strings.Repeat("x", 1<<20), "Content-Type", form), 400, "invalid_request", 9002313)
	v := b.credentials()
	v.Del("client_id")
	b.troubled(b.ask("contoso.test", v), 400, "invalid_request", 900144)
	require.Equal(t, 501, b.get("/contoso.test/oauth2/v2.0/elsewhere").status)
}

func TestTokensAreChecked(t *testing.T) {
	b := setup(t, nil)
	r := b.do("GET", b.list(), "", "Authorization", "")
	b.refused(r, 401, "InvalidAuthenticationToken")
	require.Contains(t, r.header.Get("WWW-Authenticate"), "Bearer realm")
	b.refused(b.do("GET", b.list(), "", "Authorization", "Bearer made-up"), 401, "InvalidAuthenticationToken")

	b.fake.Advance(59 * time.Minute)
	require.Equal(t, 200, b.get(b.list()).status)
	b.fake.Advance(time.Minute)
	r = b.get(b.list())
	b.refused(r, 401, "InvalidAuthenticationToken")
	require.Contains(t, r.text, "Lifetime validation failed")

	b.token = b.fake.Token()
	require.Equal(t, 200, b.get(b.list()).status)
	b.fake.ExpireTokens()
	b.refused(b.get(b.list()), 401, "InvalidAuthenticationToken")
	b.token = b.fake.Token()
	require.Equal(t, 200, b.get(b.list()).status)
}

func TestPermissions(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("sales@contoso.test")
	b.fake.AddOnPremises("old@contoso.test")
	id := b.deliver("one")[0]

	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read"}})
	require.Equal(t, 200, b.get("/v1.0/me/messages").status)
	require.Equal(t, 200, b.get(b.message(id)+"/$value").status)
	b.refused(b.do("PATCH", b.message(id), `{"isRead":true}`), 403, "ErrorAccessDenied")
	b.refused(b.do("DELETE", b.message(id), ""), 403, "ErrorAccessDenied")
	b.refused(b.get("/v1.0/users/sales@contoso.test/messages"), 403, "ErrorAccessDenied")
	b.refused(b.get(b.user()+"/outlook/masterCategories"), 403, "ErrorAccessDenied")
	b.refused(b.get("/v1.0/me"), 403, "Authorization_RequestDenied")

	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadBasic"}})
	require.NotContains(t, b.get(b.message(id)).text, `"body`)
	b.refused(b.get(b.message(id)+"?$select=body"), 403, "ErrorAccessDenied")
	b.refused(b.get(b.message(id)+"/$value"), 403, "ErrorAccessDenied")

	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite.Shared"}})
	b.fake.Delegate("sales@contoso.test", b.fake.Mailbox(), graphtest.FullAccess)
	require.Equal(t, 200, b.get("/v1.0/users/sales@contoso.test/messages").status)

	b.token = b.fake.TokenFor(graphtest.Grant{AppOnly: true, Mailboxes: []string{"sales@contoso.test"}})
	require.Equal(t, 200, b.get("/v1.0/users/sales@contoso.test/messages").status)
	r := b.get(b.list())
	b.refused(r, 403, "ErrorAccessDenied")
	require.Contains(t, r.text, "[RAOP]")

	b.token = b.fake.Token()
	b.refused(b.get("/v1.0/users/old@contoso.test/messages"), 404, "MailboxNotEnabledForRESTAPI")
	require.Equal(t, 200, b.get("/v1.0/users/old@contoso.test").status)
	b.refused(b.get("/v1.0/users/nobody@contoso.test/messages"), 404, "ErrorInvalidUser")
	b.refused(b.get("/v1.0/users/nobody@contoso.test"), 404, "Request_ResourceNotFound")
}

func TestUser(t *testing.T) {
	b := setup(t, nil)
	me := b.get("/v1.0/me?$select=mail,userPrincipalName,id,displayName")
	require.Equal(t, 200, me.status, me.text)
	require.Equal(t, b.fake.Mailbox(), me.json["mail"])
	r := b.get("/v1.0/users/" + me.json["id"].(string) + "?$select=mail")
	require.Equal(t, b.fake.Mailbox(), r.json["mail"])
	require.NotContains(t, r.json, "displayName")
	b.refused(b.get("/v1.0/me?$select=jobTitle"), 400, "BadRequest")
}
