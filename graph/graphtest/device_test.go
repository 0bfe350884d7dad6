package graphtest_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
)

func (b *bench) device(o ...string) reply {
	b.Helper()
	id, _ := b.fake.Client()
	v := url.Values{"client_id": {id}, "scope": {"offline_access Mail.Read"}}
	for i := 0; i < len(o); i += 2 {
		v.Set(o[i], o[i+1])
	}
	return b.do("POST", "/organizations/oauth2/v2.0/devicecode", v.Encode(), "Content-Type", form, "Authorization", "")
}

func (b *bench) poll(code any) reply {
	b.Helper()
	v := b.credentials()
	v.Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
	v.Del("scope")
	v.Set("device_code", code.(string))
	return b.ask("organizations", v)
}

func TestDevice(t *testing.T) {
	b := setup(t, nil)
	d := b.device()
	require.Equal(t, 200, d.status, d.text)
	require.EqualValues(t, 900, d.json["expires_in"])
	require.EqualValues(t, 5, d.json["interval"])
	require.Len(t, d.json["user_code"], 9)
	require.Contains(t, d.json["message"], d.json["user_code"])
	require.NotContains(t, d.json, "verification_uri_complete")
	code := d.json["device_code"]

	b.troubled(b.poll(code), 400, "authorization_pending", 70016)
	b.fake.Advance(5 * time.Second)
	b.troubled(b.poll(code), 400, "authorization_pending", 70016)
	b.troubled(b.poll(code), 400, "slow_down", 70016)
	b.fake.Advance(4 * time.Second) // less than half of 10 seconds now
	b.troubled(b.poll(code), 400, "slow_down", 70016)
	b.fake.Advance(15 * time.Second)
	b.troubled(b.poll(code), 400, "authorization_pending", 70016)

	// What a person sees. Case and spaces do not matter.
	v := b.visitor()
	p := v.open(d.json["verification_uri"].(string))
	require.Contains(t, p.text, `<label for="code">`)
	require.Contains(t, v.press(p, "Next", "code", "WRONGCODE").text, "That code did not work.")
	require.Contains(t, v.press(p, "Next").text, "The user code is null or empty.")
	user := d.json["user_code"].(string)
	p = v.press(p, "Next", "code", strings.ToLower(user[:4])+" "+user[4:])
	p = v.press(p, "Sign in as support@contoso.test")
	require.Contains(t, p.text, "Are you trying to sign in to")
	p = v.press(v.press(p, "Use another account"), "Sign in as support@contoso.test")
	p = v.press(p, "Continue")
	require.Contains(t, p.text, "Read your mail")
	require.Contains(t, v.press(p, "Accept").text, "You may now close this window.")
	require.ErrorContains(t, b.fake.EnterCode(user, "support@contoso.test"), "did not work")

	r := b.poll(code)
	require.Equal(t, 200, r.status, r.text)
	require.NotEmpty(t, r.json["refresh_token"])
	b.token = r.json["access_token"].(string)
	require.Equal(t, 200, b.get("/v1.0/me/messages").status)
	b.troubled(b.poll(code), 400, "invalid_grant", 54005)
	require.Equal(t, "urn:ietf:params:oauth:grant-type:device_code", b.fake.Issued()[0].Grant)
}

func TestDeviceRefuses(t *testing.T) {
	b := setup(t, &graphtest.Options{NoSlowDown: true, DeviceInterval: 1500 * time.Millisecond})
	b.troubled(b.device("client_id", ""), 400, "invalid_request", 900144)
	b.troubled(b.device("client_id", "another"), 400, "unauthorized_client", 700016)
	b.troubled(b.device("scope", ""), 400, "invalid_request", 900144)
	b.troubled(b.do("GET", "/organizations/oauth2/v2.0/devicecode", ""), 400, "invalid_request", 900561)
	b.troubled(b.do("POST", "/consumers/oauth2/v2.0/devicecode", "client_id="+b.credentials().Get("client_id")+"&scope=Mail.Read", "Content-Type", form), 400, "invalid_request", 9002332)

	d := b.device()
	require.EqualValues(t, 1, d.json["interval"])
	b.troubled(b.poll(d.json["device_code"]), 400, "authorization_pending", 70016)
	b.troubled(b.poll(d.json["device_code"]), 400, "authorization_pending", 70016)
	b.troubled(b.poll("made up"), 400, "bad_verification_code", 70018)
	b.troubled(b.poll(""), 400, "invalid_request", 900144)
	v := b.credentials()
	v.Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
	v.Set("device_code", d.json["device_code"].(string))
	b.troubled(b.ask("common", v), 400, "invalid_grant", 700005)
	v.Del("client_secret")
	b.troubled(b.ask("organizations", v), 401, "invalid_client", 7000218)

	require.NoError(t, b.fake.DeclineCode(d.json["user_code"].(string)))
	b.troubled(b.poll(d.json["device_code"]), 400, "authorization_declined", 65004)

	b.fake.Consent("", "Mail.Read")
	d = b.device()
	require.NoError(t, b.fake.DeclineCode(d.json["user_code"].(string)))
	b.troubled(b.poll(d.json["device_code"]), 400, "authorization_declined", 65004)

	d = b.device()
	require.ErrorContains(t, b.fake.EnterCode(d.json["user_code"].(string), "nobody@contoso.test"), "AADSTS50034")
	require.NoError(t, b.fake.EnterCode(d.json["user_code"].(string), "support@contoso.test"))
	b.fake.RevokeSignIns("support@contoso.test")
	b.troubled(b.poll(d.json["device_code"]), 400, "invalid_grant", 50173)

	d = b.device()
	b.fake.Advance(15 * time.Minute)
	require.ErrorContains(t, b.fake.EnterCode(d.json["user_code"].(string), "support@contoso.test"), "has expired")
	b.troubled(b.poll(d.json["device_code"]), 400, "expired_token", 70020)
	require.Equal(t, 400, b.visitor().post(b.web.URL+"/common/oauth2/deviceauth", url.Values{"code": {strings.Repeat("x", 2<<20)}}).status)
}

func TestDeviceNeedsAnAdministrator(t *testing.T) {
	b := setup(t, &graphtest.Options{NoUserConsent: true})
	d := b.device()
	require.ErrorContains(t, b.fake.EnterCode(d.json["user_code"].(string), "support@contoso.test"), "an administrator has to consent first")
	b.troubled(b.poll(d.json["device_code"]), 400, "authorization_declined", 65004)
}

func TestDeviceByOAuth2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := graphtest.New(nil)
		base, client, stop := memnet.Serve(fake)
		defer stop()
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, client)
		id, secret := fake.Client()
		base += "/contoso.test/oauth2/v2.0/"
		conf := &oauth2.Config{ClientID: id, ClientSecret: secret, Scopes: []string{"Mail.Read"},
			Endpoint: oauth2.Endpoint{TokenURL: base + "token", DeviceAuthURL: base + "devicecode", AuthStyle: oauth2.AuthStyleInParams}}
		code, err := conf.DeviceAuth(ctx)
		require.NoError(t, err)
		begin, entered := time.Now(), make(chan error, 1)
		go func() {
			time.Sleep(12 * time.Second)
			entered <- fake.EnterCode(code.UserCode, "support@contoso.test")
		}()
		token, err := conf.DeviceAccessToken(ctx, code)
		require.NoError(t, err)
		require.NoError(t, <-entered)
		require.NotEmpty(t, token.AccessToken)
		require.Equal(t, 15*time.Second, time.Since(begin), "it asked every 5 seconds, and was never too early")
	})
}

// MSAL has a shorter name for the grant.
func TestDeviceShortGrant(t *testing.T) {
	b := setup(t, nil)
	d := b.device("scope", "openid profile Mail.Read")
	require.NoError(t, b.fake.EnterCode(d.json["user_code"].(string), b.fake.Mailbox()))
	v := b.credentials()
	v.Set("grant_type", "device_code")
	v.Set("device_code", d.json["device_code"].(string))
	r := b.ask("organizations", v)
	require.Equal(t, 200, r.status, r.text)
	require.NotEmpty(t, r.json["id_token"])
	require.Equal(t, "urn:ietf:params:oauth:grant-type:device_code", b.fake.Issued()[0].Grant)
}
