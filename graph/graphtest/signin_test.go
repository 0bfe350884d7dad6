package graphtest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/graph/graphtest"
)

const back = "http://127.0.0.1:7777/back"

// config is the application as golang.org/x/oauth2 sees it.
func (b *bench) config(scopes ...string) *oauth2.Config {
	id, secret := b.fake.Client()
	base := b.web.URL + "/contoso.test/oauth2/v2.0/"
	return &oauth2.Config{ClientID: id, ClientSecret: secret, RedirectURL: back, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: base + "authorize", TokenURL: base + "token",
			DeviceAuthURL: base + "devicecode", AuthStyle: oauth2.AuthStyleInParams}}
}

// authorize signs somebody in and returns what the application is told.
func (b *bench) authorize(authURL string, as graphtest.Answer) url.Values {
	b.Helper()
	sent, err := b.fake.Authorize(authURL, as)
	require.NoError(b, err)
	require.True(b, strings.HasPrefix(sent, back+"?"), sent)
	u, err := url.Parse(sent)
	require.NoError(b, err)
	return u.Query()
}

// signIn takes a whole sign-in by code and PKCE.
func (b *bench) signIn(user string, scopes ...string) *oauth2.Token {
	b.Helper()
	conf, verifier := b.config(scopes...), oauth2.GenerateVerifier()
	q := b.authorize(conf.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier)), graphtest.Answer{User: user})
	require.Equal(b, "a state", q.Get("state"), q)
	token, err := conf.Exchange(b.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(b, err)
	return token
}

// renew uses a refresh token.
func (b *bench) renew(refresh string, more ...string) reply {
	b.Helper()
	id, secret := b.fake.Client()
	v := url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refresh}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return b.ask("contoso.test", v)
}

// troubled asserts an error of Entra ID's.
func (b *bench) troubled(r reply, status int, code string, number float64) {
	b.Helper()
	require.Equal(b, status, r.status, r.text)
	require.Equal(b, code, r.json["error"], r.text)
	require.Equal(b, []any{number}, r.json["error_codes"], r.text)
}

var mailScopes = []string{"offline_access", "openid", "profile", "email", "https://graph.microsoft.com/Mail.ReadWrite", "https://graph.microsoft.com/mail.send"}

func TestSignIn(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("sales@contoso.test")
	token := b.signIn("Sales@contoso.test", mailScopes...)
	require.Equal(t, "https://graph.microsoft.com/Mail.ReadWrite https://graph.microsoft.com/Mail.Send openid profile email", token.Extra("scope"))
	require.EqualValues(t, 3599, token.Extra("ext_expires_in"))
	require.NotEmpty(t, token.RefreshToken)

	parts := strings.Split(token.Extra("id_token").(string), ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	require.Equal(t, "sales@contoso.test", claims["preferred_username"])
	require.Equal(t, b.config().ClientID, claims["aud"])

	// The access token is for this mailbox, and for what was consented to.
	b.token = token.AccessToken
	require.Equal(t, 200, b.get("/v1.0/me/messages").status)
	require.Equal(t, 200, b.get("/v1.0/users/sales@contoso.test/messages").status)
	b.refused(b.get("/v1.0/users/support@contoso.test/messages"), 403, "ErrorAccessDenied")
	b.refused(b.get("/v1.0/me/outlook/masterCategories"), 403, "ErrorAccessDenied")
	b.fake.Advance(time.Hour)
	b.refused(b.get("/v1.0/me/messages"), 401, "InvalidAuthenticationToken")

	r := b.renew(token.RefreshToken)
	require.Equal(t, 200, r.status, r.text)
	require.NotEqual(t, token.RefreshToken, r.json["refresh_token"])
	b.token = r.json["access_token"].(string)
	require.Equal(t, 200, b.get("/v1.0/me/messages").status)

	list := b.fake.Issued()
	require.Len(t, list, 2)
	require.Equal(t, graphtest.Issue{Grant: "authorization_code", User: "sales@contoso.test", Auth: "client_secret_post",
		Scopes: []string{"Mail.ReadWrite", "Mail.Send"}, At: list[0].At}, list[0])
	require.Equal(t, "refresh_token", list[1].Grant)
	require.Zero(t, b.fake.RefreshReuses())
}

func TestSignInWithoutMailbox(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddUnlicensed("intern@contoso.test")
	b.token = b.signIn("intern@contoso.test", "Mail.Read", "User.Read").AccessToken
	b.refused(b.get("/v1.0/me/messages"), 404, "MailboxNotEnabledForRESTAPI")
	require.Equal(t, "intern@contoso.test", b.get("/v1.0/me").json["userPrincipalName"])
	require.Nil(t, b.fake.Unknown())
}

// visitor is a person's browser.
type visitor struct {
	*bench
	http *http.Client
}

func (b *bench) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(b, err)
	return &visitor{b, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is what a browser shows.
type page struct {
	reply
	sent url.Values // what the application was told, nil if nothing was
}

func (v *visitor) load(req *http.Request) page {
	v.Helper()
	resp, err := v.http.Do(req)
	require.NoError(v, err)
	defer resp.Body.Close()
	r, err := read(resp)
	require.NoError(v, err)
	p := page{reply: r}
	if resp.StatusCode == http.StatusFound {
		u, err := resp.Location()
		require.NoError(v, err)
		require.True(v, strings.HasPrefix(u.String(), back), u)
		p.sent = u.Query()
	}
	return p
}

func (v *visitor) open(target string) page {
	v.Helper()
	req, err := http.NewRequestWithContext(v.Context(), "GET", target, nil)
	require.NoError(v, err)
	return v.load(req)
}

var (
	formAction = regexp.MustCompile(`action="([^"]*)"`)
	formCtx    = regexp.MustCompile(`name="ctx" value="([^"]*)"`)
	formButton = regexp.MustCompile(`<button[^>]* name="(\w+)" value="([^"]*)"[^>]*>([^<]*)<`)
)

// press presses the button with a text.
func (v *visitor) press(p page, text string, more ...string) page {
	v.Helper()
	form := url.Values{}
	if m := formCtx.FindStringSubmatch(p.text); m != nil {
		form.Set("ctx", m[1])
	}
	for _, m := range formButton.FindAllStringSubmatch(p.text, -1) {
		if m[3] == text {
			form.Set(m[1], m[2])
		}
	}
	require.Contains(v, p.text, ">"+text+"<")
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return v.post(v.web.URL+formAction.FindStringSubmatch(p.text)[1], form)
}

func (v *visitor) post(target string, form url.Values) page {
	v.Helper()
	req, err := http.NewRequestWithContext(v.Context(), "POST", target, strings.NewReader(form.Encode()))
	require.NoError(v, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.load(req)
}

func TestSignInPages(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("sales@contoso.test")
	conf, v := b.config("Mail.Read"), b.visitor()

	p := v.open(conf.AuthCodeURL("x"))
	require.Equal(t, 200, p.status)
	require.Contains(t, p.text, `<html lang="en">`)
	require.NotContains(t, p.text, "<script")
	require.Equal(t, "no-store, no-cache", p.header.Get("Cache-Control"))
	require.NotContains(t, p.header.Get("Content-Security-Policy"), "form-action")
	p = v.press(p, "Sign in as sales@contoso.test")
	require.Contains(t, p.text, "Read your mail")
	require.Contains(t, p.text, "sales@contoso.test")
	asked := p
	p = v.press(p, "Cancel")
	require.Equal(t, "access_denied", p.sent.Get("error"))
	require.Contains(t, p.sent.Get("error_description"), "AADSTS65004: ")
	require.Equal(t, "x", p.sent.Get("state"))
	require.Contains(t, v.press(asked, "Accept").text, "AADSTS50089", "the visit is over")

	// The browser remembers who signed in: only consent is asked for.
	p = v.press(v.open(conf.AuthCodeURL("x")), "Accept")
	require.NotEmpty(t, p.sent.Get("code"))
	require.NotEmpty(t, p.sent.Get("session_state"))
	require.NotEmpty(t, v.open(conf.AuthCodeURL("x")).sent.Get("code"), "and now nothing")
	require.NotEmpty(t, v.open(conf.AuthCodeURL("x", oauth2.SetAuthURLParam("prompt", "none"))).sent.Get("code"))
	require.Contains(t, v.open(conf.AuthCodeURL("x", oauth2.SetAuthURLParam("prompt", "consent"))).text, "Permissions requested")

	// Another account comes in only if it is asked for, and then there are two.
	for _, prompt := range []string{"login", "select_account"} {
		require.Contains(t, v.open(conf.AuthCodeURL("x", oauth2.SetAuthURLParam("prompt", prompt))).text, "Sign in as support@contoso.test")
	}
	hint := oauth2.SetAuthURLParam("login_hint", "support@contoso.test")
	p = v.open(conf.AuthCodeURL("x", hint))
	require.Less(t, strings.Index(p.text, "Sign in as support@"), strings.Index(p.text, "Sign in as sales@"))
	require.NotEmpty(t, v.press(v.press(p, "Sign in as support@contoso.test"), "Accept").sent.Get("code"))
	require.Contains(t, v.open(conf.AuthCodeURL("x")).text, "<h1>Sign in</h1>")
	require.NotEmpty(t, v.open(conf.AuthCodeURL("x", hint)).sent.Get("code"))
	none := oauth2.SetAuthURLParam("prompt", "none")
	require.Equal(t, "login_required", v.open(conf.AuthCodeURL("x", none)).sent.Get("error"))
	require.Equal(t, "login_required", b.visitor().open(conf.AuthCodeURL("x", none)).sent.Get("error"))
	require.Equal(t, "interaction_required", v.open(b.config("Mail.Send").AuthCodeURL("x", none, hint)).sent.Get("error"))

	b.fake.RevokeSignIns("support@contoso.test")
	require.Contains(t, v.open(conf.AuthCodeURL("x", hint)).text, "<h1>Sign in</h1>")
	b.fake.SetEnabled("support@contoso.test", false)
	p = v.press(v.open(conf.AuthCodeURL("x", hint)), "Sign in as support@contoso.test")
	require.Contains(t, p.text, `role="alert">The user account is disabled.`)
	require.NotEmpty(t, v.press(p, "Sign in as sales@contoso.test").sent.Get("code"))
	require.Contains(t, v.press(p, "Sign in as sales@contoso.test").text, "AADSTS50089")
	b.fake.SetEnabled("support@contoso.test", true)
	require.NotEmpty(t, b.authorize(conf.AuthCodeURL("x"), graphtest.Answer{User: "support@contoso.test"}).Get("code"))
}

func TestVisitsExpireAndAreHostile(t *testing.T) {
	b := setup(t, nil)
	v := b.visitor()
	conf := b.config("Mail.Read")
	p := v.press(v.open(conf.AuthCodeURL("x")), "Sign in as support@contoso.test")
	// Who consents cannot be taken from elsewhere, nor consent before sign-in.
	ctx := formCtx.FindStringSubmatch(v.open(conf.AuthCodeURL("x", oauth2.SetAuthURLParam("prompt", "login"))).text)[1]
	require.Contains(t, v.post(b.web.URL+"/contoso.test/login", url.Values{"ctx": {ctx}, "answer": {"accept"}}).text, "<h1>Sign in</h1>")
	require.Contains(t, v.post(b.web.URL+"/contoso.test/login", url.Values{"ctx": {ctx}, "user": {"<b>nobody"}}).text, "does not exist in the directory")
	require.Contains(t, v.post(b.web.URL+"/contoso.test/login", url.Values{"ctx": {"made up"}}).text, "AADSTS50089")
	require.Contains(t, v.open(b.web.URL+"/contoso.test/login").text, "AADSTS900561")
	b.fake.Advance(10 * time.Minute)
	require.Contains(t, v.press(p, "Accept").text, "AADSTS50089")
}

func TestAuthorizeRefuses(t *testing.T) {
	b := setup(t, &graphtest.Options{Tenant: "contoso.test", Redirects: []string{"https://desk.test/back", "http://localhost/here?a=b", back}})
	conf := b.config("Mail.Read")
	set := oauth2.SetAuthURLParam
	for name, c := range map[string]struct {
		o      oauth2.AuthCodeOption
		number string
	}{
		"client":            {set("client_id", "other"), "AADSTS700016"},
		"no client":         {set("client_id", ""), "AADSTS900144"},
		"no redirect":       {set("redirect_uri", ""), "AADSTS900971"},
		"another path":      {set("redirect_uri", back+"/"), "AADSTS50011"},
		"another host":      {set("redirect_uri", "http://evil.test/back"), "AADSTS50011"},
		"a user in it":      {set("redirect_uri", "http://a@127.0.0.1:7777/back"), "AADSTS50011"},
		"a fragment":        {set("redirect_uri", back+"#x"), "AADSTS50011"},
		"a port of another": {set("redirect_uri", "https://desk.test:8443/back"), "AADSTS50011"},
		"markup":            {set("redirect_uri", "<script>"), "&lt;script&gt;"},
	} {
		p := b.visitor().open(conf.AuthCodeURL("x", c.o))
		require.Equal(t, 400, p.status, name)
		require.Contains(t, p.text, c.number, name)
		require.Empty(t, p.header.Get("Location"), name)
		_, err := b.fake.Authorize(conf.AuthCodeURL("x", c.o), graphtest.Answer{User: "support@contoso.test"})
		require.ErrorContains(t, err, "graphtest: AADSTS", name)
	}
	for _, tenant := range []string{"common", "organizations", "consumers", "fabrikam.test"} {
		p := b.visitor().open(strings.Replace(conf.AuthCodeURL("x"), "contoso.test", tenant, 1))
		require.Equal(t, 400, p.status, tenant)
	}
	require.Contains(t, b.visitor().open(conf.AuthCodeURL("x")+"&scope=again").text, "AADSTS9002313")
	require.Contains(t, b.visitor().open(conf.AuthCodeURL("x")+"&more="+strings.Repeat("x", 17<<10)).text, "AADSTS90015")
	require.Contains(t, b.visitor().open(conf.AuthCodeURL("x")+"&%zz").text, "AADSTS9002313")

	for name, c := range map[string]struct {
		o            oauth2.AuthCodeOption
		code, number string
	}{
		"response type":   {set("response_type", "token"), "unsupported_response_type", "AADSTS70005"},
		"no type":         {set("response_type", ""), "invalid_request", "AADSTS900144"},
		"response mode":   {set("response_mode", "form_post"), "invalid_request", "AADSTS70007"},
		"prompt":          {set("prompt", "admin_consent"), "invalid_request", "AADSTS9002313"},
		"no scope":        {set("scope", ""), "invalid_request", "AADSTS900144"},
		"another cloud":   {set("scope", "https://graph.microsoft.us/Mail.Read"), "invalid_scope", "AADSTS70011"},
		"no such scope":   {set("scope", "Mail.Everything"), "invalid_client", "AADSTS650053"},
		"default and one": {set("scope", "https://graph.microsoft.com/.default Mail.Read"), "invalid_scope", "AADSTS70011"},
		"short challenge": {set("code_challenge", "short"), "invalid_request", "AADSTS501491"},
		"bad method":      {set("code_challenge_method", "S512"), "invalid_request", "AADSTS9002313"},
		"method alone":    {set("code_challenge_method", "S256"), "invalid_request", "AADSTS900144"},
	} {
		q := b.authorize(conf.AuthCodeURL("x", c.o), graphtest.Answer{User: "support@contoso.test"})
		require.Equal(t, c.code, q.Get("error"), name)
		require.Contains(t, q.Get("error_description"), c.number+": ", name)
		require.Equal(t, "x", q.Get("state"), name)
	}
	require.Len(t, b.fake.Unknown(), 3)

	// The port of localhost is any; a query of the address stays.
	sent, err := b.fake.Authorize(conf.AuthCodeURL("x y&z", set("redirect_uri", "http://localhost:1234/here?a=b")), graphtest.Answer{User: "support@contoso.test"})
	require.NoError(t, err)
	require.Regexp(t, `^http://localhost:1234/here\?a=b&code=[^&]+&state=x\+y%26z&session_state=`, sent)
	// No state that was not there.
	require.NotContains(t, b.authorize(strings.Replace(conf.AuthCodeURL(""), "&state=", "", 1), graphtest.Answer{User: "support@contoso.test"}), "state")
	_, err = b.fake.Authorize(conf.AuthCodeURL(""), graphtest.Answer{})
	require.ErrorContains(t, err, "set Answer.User")
	_, err = b.fake.Authorize("http://%zz", graphtest.Answer{})
	require.ErrorContains(t, err, "no URL")
	_, err = b.fake.Authorize(conf.AuthCodeURL("")+"&scope=again", graphtest.Answer{User: "support@contoso.test"})
	require.ErrorContains(t, err, "AADSTS9002313")
	_, err = b.fake.Authorize(b.web.URL+"/elsewhere", graphtest.Answer{})
	require.ErrorContains(t, err, "no page")
	_, err = b.fake.Authorize(conf.AuthCodeURL(""), graphtest.Answer{User: "nobody@contoso.test"})
	require.ErrorContains(t, err, "AADSTS50034")
	// By default only this machine.
	other := setupMore(t, nil)
	require.Contains(t, other.visitor().open(other.config("Mail.Read").AuthCodeURL("x", set("redirect_uri", "http://192.0.2.1/"))).text, "AADSTS50011")
	require.Contains(t, other.visitor().open(other.config("Mail.Read").AuthCodeURL("x", set("redirect_uri", "http://[::1]:99/"))).text, "AADSTS50011")
	require.Contains(t, other.visitor().open(other.config("Mail.Read").AuthCodeURL("x", set("redirect_uri", "http://localhost:99/#x"))).text, "AADSTS50011")
	require.Equal(t, 200, other.visitor().open(other.config("Mail.Read").AuthCodeURL("x", set("redirect_uri", "http://localhost:99/"))).status)
}

func TestCodes(t *testing.T) {
	b := setup(t, nil)
	conf := b.config("Mail.Read")
	support := graphtest.Answer{User: "support@contoso.test"}
	verifier := oauth2.GenerateVerifier()
	fresh := func(o ...oauth2.AuthCodeOption) url.Values {
		v := b.credentials()
		v.Set("grant_type", "authorization_code")
		v.Del("scope")
		v.Set("code", b.authorize(conf.AuthCodeURL("x", o...), support).Get("code"))
		v.Set("redirect_uri", back)
		return v
	}
	with := func(v url.Values, key, value string) url.Values { v.Set(key, value); return v }
	challenge := oauth2.S256ChallengeOption(verifier)

	v := with(fresh(challenge), "code_verifier", verifier)
	r := b.ask("contoso.test", v)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, "Mail.Read", r.json["scope"])
	require.NotContains(t, r.json, "refresh_token")
	require.NotContains(t, r.json, "id_token")
	b.troubled(b.ask("contoso.test", v), 400, "invalid_grant", 54005)

	plain := oauth2.SetAuthURLParam("code_challenge", verifier)
	require.Equal(t, 200, b.ask("contoso.test", with(fresh(plain), "code_verifier", verifier)).status, "without a method it is plain")
	require.Equal(t, 200, b.ask("contoso.test", fresh()).status, "and need not be")

	v = with(fresh(challenge), "code_verifier", oauth2.GenerateVerifier())
	b.troubled(b.ask("contoso.test", v), 400, "invalid_grant", 501481)
	b.troubled(b.ask("contoso.test", with(v, "code_verifier", verifier)), 400, "invalid_grant", 54005)
	b.troubled(b.ask("contoso.test", fresh(challenge)), 400, "invalid_grant", 501481)
	b.troubled(b.ask("contoso.test", with(fresh(), "code_verifier", verifier)), 400, "invalid_grant", 501481)
	b.troubled(b.ask("contoso.test", with(fresh(plain), "code_verifier", "short")), 400, "invalid_grant", 501481)
	b.troubled(b.ask("contoso.test", with(fresh(), "redirect_uri", "http://127.0.0.1:7778/back")), 400, "invalid_client", 500112)
	b.troubled(b.ask("contoso.test", with(fresh(), "redirect_uri", "")), 400, "invalid_request", 900144)
	b.troubled(b.ask("contoso.test", with(fresh(), "code", "made up")), 400, "invalid_grant", 9002313)
	b.troubled(b.ask("fabrikam.test", fresh()), 400, "invalid_grant", 700005)
	b.troubled(b.ask("contoso.test", with(fresh(), "scope", "Mail.Send")), 400, "consent_required", 65001)
	b.troubled(b.ask("contoso.test", with(fresh(), "scope", "https://graph.microsoft.us/Mail.Read")), 400, "invalid_scope", 70011)

	// A wrong secret does not cost the code.
	v = fresh()
	b.troubled(b.ask("contoso.test", with(v, "client_secret", "wrong")), 401, "invalid_client", 7000215)
	require.Equal(t, 200, b.ask("contoso.test", with(v, "client_secret", b.credentials().Get("client_secret"))).status)

	v = fresh()
	b.fake.RevokeSignIns("support@contoso.test")
	b.troubled(b.ask("contoso.test", v), 400, "invalid_grant", 50173)
	v = fresh()
	b.fake.Advance(10 * time.Minute)
	b.troubled(b.ask("contoso.test", v), 400, "invalid_grant", 70008)
}

// QUIRKS of what the application is told: a path that it did not send, and a
// state without what looks like HTML.
func TestWhatComesBack(t *testing.T) {
	b := setup(t, nil)
	conf := b.config("Mail.Read")
	conf.RedirectURL = "http://localhost:7071"
	sent, err := b.fake.Authorize(conf.AuthCodeURL("1<2 <b>bold</b>"), graphtest.Answer{User: "support@contoso.test"})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(sent, "http://localhost:7071/?code="), sent)
	u, err := url.Parse(sent)
	require.NoError(t, err)
	require.Equal(t, "1bold", u.Query().Get("state"))
	_, err = conf.Exchange(t.Context(), u.Query().Get("code"))
	require.NoError(t, err)
}

func TestSignInOverTLS(t *testing.T) {
	b := setup(t, &graphtest.Options{Tenant: "contoso.test"})
	web := httptest.NewTLSServer(b.fake)
	defer web.Close()
	conf := b.config("openid", "Mail.Read")
	conf.Endpoint.TokenURL = strings.Replace(conf.Endpoint.TokenURL, b.web.URL, web.URL, 1)
	conf.Endpoint.AuthURL = strings.Replace(conf.Endpoint.AuthURL, b.web.URL, web.URL, 1)
	v := b.visitor()
	v.http.Transport = web.Client().Transport
	p := v.open(conf.AuthCodeURL("", oauth2.SetAuthURLParam("nonce", "n-0S6")))
	v.web = web
	signed := v.press(p, "Sign in as support@contoso.test")
	require.Contains(t, signed.header.Get("Set-Cookie"), "; HttpOnly; Secure; SameSite=Lax")
	token, err := conf.Exchange(context.WithValue(t.Context(), oauth2.HTTPClient, web.Client()), v.press(signed, "Accept").sent.Get("code"))
	require.NoError(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token.Extra("id_token").(string), ".")[1])
	require.NoError(t, err)
	require.Contains(t, string(raw), `"iss":"`+web.URL+`/`)
	require.Contains(t, string(raw), `"nonce":"n-0S6"`)
}

func TestScopes(t *testing.T) {
	b := setup(t, &graphtest.Options{Scope: "https://graph.microsoft.us/.default", Delegated: []string{"Mail.Read", "User.Read"}})
	scope := func(token *oauth2.Token) any { return token.Extra("scope") }
	require.Equal(t, "Mail.Send", scope(b.signIn("support@contoso.test", "mail.send")))
	require.Equal(t, "https://graph.microsoft.us/Mail.Read https://graph.microsoft.us/Mail.Send", scope(b.signIn("support@contoso.test", "https://graph.microsoft.us/Mail.Read")), "with what was consented to before")
	require.Equal(t, "https://graph.microsoft.us/Mail.Send https://graph.microsoft.us/Mail.Read", scope(b.signIn("support@contoso.test", "https://graph.microsoft.us/.default")))
	b.fake.AddMailbox("sales@contoso.test")
	require.Equal(t, "https://graph.microsoft.us/Mail.Read https://graph.microsoft.us/User.Read", scope(b.signIn("sales@contoso.test", "https://graph.microsoft.us/.default")), "what is registered")

	exact := setupMore(t, &graphtest.Options{ExactScopes: true})
	exact.fake.Consent("support@contoso.test", "Mail.Read", "mail.send")
	require.Equal(t, "Mail.Read openid", scope(exact.signIn("support@contoso.test", "Mail.Read", "openid", "openid")))
	require.Equal(t, "https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/Mail.Send", scope(exact.signIn("support@contoso.test", "https://graph.microsoft.com/.default")))
	require.Panics(t, func() { exact.fake.Consent("", "Mail.Everything") })
	exact.token = exact.signIn("admin@contoso.test", "openid").AccessToken
	exact.refused(exact.get("/v1.0/me"), 403, "Authorization_RequestDenied")
}
