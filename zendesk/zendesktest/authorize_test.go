package zendesktest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

const (
	callback = "http://127.0.0.1:8080/callback?from=zendesk"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	// s256 is the verifier's, RFC 7636 appendix B.
	s256 = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// authURL is the page that asks for authorization; a value "" takes a
// parameter away.
func (d *desk) authURL(change ...string) string {
	id, _ := d.Client()
	q := url.Values{"response_type": {"code"}, "client_id": {id}, "redirect_uri": {callback}, "scope": {"tickets:read users:read"},
		"state": {"s t&te"}, "code_challenge": {s256}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(change); i += 2 {
		if q.Set(change[i], change[i+1]); change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return d.url + "/oauth/authorizations/new?" + q.Encode()
}

// browse sends one request as a browser does and stays where it is.
func (d *desk) browse(method, at string, form url.Values) *response {
	d.t.Helper()
	client := *d.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e := *d
	e.http = &client
	if method == "GET" {
		return e.do("GET", strings.TrimPrefix(at, d.url), nil, "Authorization", "")
	}
	return e.do("POST", strings.TrimPrefix(at, d.url), form.Encode(), "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")
}

// exchange asks for tokens; pairs are name, value, and a value "" takes a
// parameter away.
func (d *desk) exchange(grant string, pairs ...string) *response {
	d.t.Helper()
	id, secret := d.Client()
	form := url.Values{"grant_type": {grant}, "client_id": {id}, "client_secret": {secret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return d.do("POST", "/oauth/tokens", form.Encode(), "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")
}

// code answers the page and returns the code.
func (d *desk) code(a zendesktest.Answer, change ...string) string {
	d.t.Helper()
	back, err := d.Authorize(d.authURL(change...), a)
	require.NoError(d.t, err)
	require.NotEmpty(d.t, back.Query().Get("code"), back.String())
	return back.Query().Get("code")
}

func TestAuthorizationPage(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"sam@acme.test"}})
	d.AddUser(zendesktest.User{Name: `<b>"Eve"`, Email: "eve@acme.test", Role: "agent"})
	d.Suspend("eve@acme.test")
	ann := d.AddUser(zendesktest.User{Name: `Ann <script>`, Email: "ann@acme.test", Role: "agent"})
	d.AddUser(zendesktest.User{Email: "customer@example.com"})

	page := d.browse("GET", d.authURL(), nil)
	require.Equal(t, 200, page.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	html := string(page.body)
	for _, want := range []string{`<html lang="en">`, "<code>tickets:read</code>", ">Allow</button>", ">Deny</button>", "<legend>", "agent@acme.test", "Ann &lt;script&gt;"} {
		require.Contains(t, html, want)
	}
	require.NotContains(t, html, "<script")
	require.NotContains(t, html, "customer@example.com")
	require.NotContains(t, html, "eve@acme.test")
	require.Equal(t, []string{", agent@acme.test", ", sam@acme.test", ", ann@acme.test"}, regexp.MustCompile(`, \w+@acme\.test`).FindAllString(html, -1))

	user := url.Values{"user": {fmt.Sprint(ann.ID)}, "decision": {"allow"}}
	res := d.browse("POST", d.authURL(), user)
	require.Equal(t, 302, res.StatusCode)
	back, err := url.Parse(res.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", back.Host)
	require.Equal(t, "zendesk", back.Query().Get("from"))
	require.Equal(t, "s t&te", back.Query().Get("state"))
	got := d.exchange("authorization_code", "code", back.Query().Get("code"), "redirect_uri", callback, "code_verifier", verifier)
	require.Equal(t, 201, got.StatusCode)
	d.token = got.at("access_token").(string)
	require.Equal(t, "ann@acme.test", d.want(200, "GET", "/api/v2/users/me", nil).at("user.email"))

	user.Set("decision", "deny")
	back, err = url.Parse(d.browse("POST", d.authURL(), user).Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, url.Values{"from": {"zendesk"}, "state": {"s t&te"}, "error": {"access_denied"},
		"error_description": {"The end-user or authorization server denied the request."}}, back.Query())

	for _, bad := range []url.Values{{}, {"user": {fmt.Sprint(ann.ID)}}, {"user": {"1"}, "decision": {"allow"}}} {
		require.Equal(t, 400, d.browse("POST", d.authURL(), bad).StatusCode)
	}
	require.Empty(t, d.Unknown())
	require.Empty(t, d.Violations())
}

func TestWhoIsNotAskedAtAll(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{ClientScopes: []string{"tickets:read", "users:read"}})
	for _, change := range [][]string{
		{"client_id", "other"}, {"client_id", ""}, {"redirect_uri", ""}, {"redirect_uri", "https://evil.example/"},
		{"redirect_uri", "http://evil.example/"}, {"redirect_uri", "http://localhost.evil.example/"}, {"redirect_uri", "http://a@localhost/"},
		{"redirect_uri", "http://localhost/#x"}, {"redirect_uri", "javascript:alert(1)"}, {"redirect_uri", "//localhost/"},
	} {
		for _, method := range []string{"GET", "POST"} {
			res := d.browse(method, d.authURL(change...), url.Values{"user": {"1"}, "decision": {"allow"}})
			require.Equal(t, 400, res.StatusCode, change)
			require.Empty(t, res.Header.Get("Location"))
			require.Contains(t, string(res.body), `role="alert"`)
		}
		_, err := d.Authorize(d.authURL(change...), zendesktest.Answer{})
		require.Error(t, err)
	}
	for _, bad := range []string{"::", d.url + "/oauth/tokens"} {
		_, err := d.Authorize(bad, zendesktest.Answer{})
		require.Error(t, err)
	}
	_, err := d.Authorize(d.authURL(), zendesktest.Answer{User: "nobody@acme.test"})
	require.ErrorContains(t, err, "nobody@acme.test")

	for code, change := range map[string][]string{
		"unsupported_response_type": {"response_type", "token"}, "invalid_scope": {"scope", "write"},
		"invalid_request": {"code_challenge_method", "plain"},
	} {
		res := d.browse("GET", d.authURL(change...), nil)
		require.Equal(t, 302, res.StatusCode)
		back, err := d.Authorize(d.authURL(change...), zendesktest.Answer{})
		require.NoError(t, err)
		require.Equal(t, res.Header.Get("Location"), back.String())
		require.Equal(t, code, back.Query().Get("error"))
		require.Equal(t, "s t&te", back.Query().Get("state"))
	}
	back, err := d.Authorize(d.authURL("scope", ""), zendesktest.Answer{})
	require.NoError(t, err)
	require.Equal(t, "invalid_scope", back.Query().Get("error"))
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Redirects: []string{"https://app.example/cb"}})
	_, err := d.Authorize(d.authURL(), zendesktest.Answer{})
	require.ErrorContains(t, err, "redirect URL")
	_, err = d.Authorize(d.authURL("redirect_uri", "https://app.example/cb/"), zendesktest.Answer{})
	require.Error(t, err)
	back, err := d.Authorize(d.authURL("redirect_uri", "https://app.example/cb", "state", ""), zendesktest.Answer{Deny: true})
	require.NoError(t, err)
	require.Equal(t, "https://app.example/cb?error=access_denied&error_description=The+end-user+or+authorization+server+denied+the+request.", back.String())
}

func TestCodes(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	try := func(pairs ...string) *response {
		t.Helper()
		return d.exchange("authorization_code", append([]string{"redirect_uri", callback, "code_verifier", verifier}, pairs...)...)
	}
	code := d.code(zendesktest.Answer{})
	for _, wrong := range [][]string{
		{"code", "x"}, {"code", ""}, {"code", code, "redirect_uri", "http://127.0.0.1:8080/"}, {"code", code, "redirect_uri", ""},
		{"code", code, "code_verifier", "other"}, {"code", code, "code_verifier", ""},
	} {
		res := try(wrong...)
		require.Equal(t, 400, res.StatusCode)
		require.Equal(t, "invalid_grant", res.at("error"))
	}
	for _, wrong := range [][]string{{"client_id", "other"}, {"client_secret", "wrong"}, {"client_secret", "", "code_verifier", "other"}} {
		require.Equal(t, "invalid_client", try(append(wrong, "code", code)...).at("error"))
	}
	require.Equal(t, "invalid_request", try("code", code, "refresh_token_expires_in", "604799").at("error"))

	got := try("code", code, "expires_in", "3600", "refresh_token_expires_in", "7776000", "scope", "write")
	require.Equal(t, 201, got.StatusCode)
	require.Equal(t, "tickets:read users:read", got.at("scope"), "what was authorized counts")
	require.Equal(t, []string{"a scope of POST /oauth/tokens other than what was authorized"}, d.Unknown())
	require.EqualValues(t, 3600, got.id("expires_in"))
	require.EqualValues(t, 7776000, got.id("refresh_token_expires_in"))
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	require.Equal(t, "invalid_grant", try("code", code).at("error"), "it is good once")

	code = d.code(zendesktest.Answer{})
	d.Advance(121 * time.Second)
	require.Equal(t, "invalid_grant", try("code", code).at("error"))

	// A confidential client has PKCE or its secret, or both.
	require.Equal(t, 201, try("code", d.code(zendesktest.Answer{}), "client_secret", "").StatusCode)
	code = d.code(zendesktest.Answer{}, "code_challenge", "", "code_challenge_method", "")
	require.Equal(t, "invalid_client", try("code", code, "client_secret", "", "code_verifier", "").at("error"))
	require.Equal(t, "invalid_grant", try("code", code).at("error"), "a verifier of nothing")
	require.Equal(t, 201, try("code", code, "code_verifier", "").StatusCode)

	code = d.code(zendesktest.Answer{})
	d.Suspend("agent@acme.test")
	require.Equal(t, "invalid_grant", try("code", code).at("error"))
	require.Equal(t, "invalid_grant", d.exchange("client_credentials", "scope", "read").at("error"))
}
