package graphtest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestRefreshTokensSlide(t *testing.T) {
	b := setup(t, nil)
	first := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
	b.fake.Advance(90*24*time.Hour - time.Second)
	r := b.renew(first)
	require.Equal(t, 200, r.status, r.text)
	second := r.json["refresh_token"].(string)
	b.fake.Advance(time.Second)
	b.troubled(b.renew(first), 400, "invalid_grant", 700082)
	b.fake.Advance(89 * 24 * time.Hour)
	require.Equal(t, 200, b.renew(second).status)

	b.troubled(b.renew(second[:len(second)-1]), 400, "invalid_grant", 9002313)
	b.troubled(b.renew(""), 400, "invalid_request", 900144)
	b.troubled(b.renew(second, "client_id", "another"), 400, "unauthorized_client", 700016)
	b.troubled(b.renew(second, "client_secret", ""), 401, "invalid_client", 7000218)
}

func TestRefreshTokenReuse(t *testing.T) {
	for name, c := range map[string]struct {
		mode       graphtest.RefreshReuse
		old, newer int
	}{
		"works":   {graphtest.ReuseWorks, 200, 200},
		"refused": {graphtest.ReuseRefused, 400, 200},
		"ends":    {graphtest.ReuseEnds, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, &graphtest.Options{RefreshReuse: c.mode})
			old := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
			newer := b.renew(old).json["refresh_token"].(string)
			require.Zero(t, b.fake.RefreshReuses())
			r := b.renew(old)
			require.Equal(t, c.old, r.status, r.text)
			if c.old != 200 {
				b.troubled(r, 400, "invalid_grant", 70000)
			}
			require.Equal(t, 1, b.fake.RefreshReuses())
			issued := b.fake.Issued()
			require.Equal(t, c.old == 200, issued[len(issued)-1].Reused)
			require.Equal(t, c.newer, b.renew(newer).status)
			// Another sign-in is another matter.
			require.NotEmpty(t, b.signIn("support@contoso.test", "Mail.Read").AccessToken)
		})
	}
}

func TestSignInsEnd(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("sales@contoso.test")
	token := b.signIn("support@contoso.test", "offline_access", "Mail.Read")
	other := b.signIn("sales@contoso.test", "offline_access", "Mail.Read").RefreshToken
	renew := func() reply { return b.renew(token.RefreshToken) }

	b.fake.SetEnabled("support@contoso.test", false)
	b.troubled(renew(), 400, "invalid_grant", 50057)
	b.fake.SetEnabled("support@contoso.test", true)
	require.Equal(t, 200, renew().status)

	b.fake.RevokeConsent("support@contoso.test")
	r := renew()
	b.troubled(r, 400, "invalid_grant", 65001)
	require.Equal(t, "consent_required", r.json["suberror"])
	require.Equal(t, 200, b.renew(other).status)
	b.fake.Consent("support@contoso.test", "Mail.Read")
	require.Equal(t, 200, renew().status)
	b.fake.RevokeConsent("")
	b.troubled(b.renew(other), 400, "invalid_grant", 65001)
	b.fake.Consent("", "Mail.Read")
	require.Equal(t, 200, b.renew(other).status)

	b.fake.RevokeSignIns("support@contoso.test")
	b.troubled(renew(), 400, "invalid_grant", 50173)
	require.Equal(t, 200, b.renew(other).status)
	b.token = token.AccessToken
	require.Equal(t, 200, b.get("/v1.0/me/messages").status, "access tokens go on for their hour")
	require.Equal(t, 200, b.renew(b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken).status)
	for _, f := range []func(){
		func() { b.fake.RevokeSignIns("nobody@contoso.test") }, func() { b.fake.SetEnabled("nobody@contoso.test", true) },
		func() { b.fake.RevokeConsent("nobody@contoso.test") }, func() { b.fake.Consent("nobody@contoso.test") },
	} {
		require.Panics(t, f)
	}
	// The locks were let go of.
	require.Equal(t, 200, b.renew(other).status)
}

func TestRefreshForOtherScopes(t *testing.T) {
	b := setup(t, &graphtest.Options{ExactScopes: true})
	refresh := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
	b.troubled(b.renew(refresh, "scope", "Mail.Send"), 400, "invalid_grant", 65001)
	b.troubled(b.renew(refresh, "scope", "https://graph.microsoft.us/Mail.Read"), 400, "invalid_scope", 70011)
	b.troubled(b.renew(refresh, "scope", "offline_access"), 400, "invalid_request", 900144)
	b.fake.Consent("support@contoso.test", "Mail.Send")
	r := b.renew(refresh, "scope", "Mail.Send openid")
	require.Equal(t, "Mail.Send openid", r.json["scope"])
	require.NotEmpty(t, r.json["id_token"])
	// The next one is for the sign-in again.
	require.Equal(t, "Mail.Read", b.renew(r.json["refresh_token"].(string)).json["scope"])
}

// Programs name /common in the refresh alone, and stop after an hour: chatwoot
// issue 14325.
func TestOneTenantEverywhere(t *testing.T) {
	b := setup(t, &graphtest.Options{Tenant: "contoso.test"})
	v := b.credentials()
	v.Set("grant_type", "refresh_token")
	v.Set("refresh_token", b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken)
	for _, tenant := range []string{"common", "organizations", "Consumers"} {
		b.troubled(b.ask(tenant, v), 400, "invalid_request", 50194)
		b.troubled(b.ask(tenant, b.credentials()), 400, "invalid_request", 50194)
	}
	b.troubled(b.ask("fabrikam.test", v), 400, "invalid_request", 90002)
	require.Equal(t, 200, b.ask("Contoso.test", v).status)

	many := setupMore(t, nil)
	v = many.credentials()
	v.Set("grant_type", "refresh_token")
	v.Set("refresh_token", many.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken)
	for _, tenant := range []string{"common", "organizations", "contoso.test"} {
		require.Equal(t, 200, many.ask(tenant, v).status, tenant)
	}
	many.troubled(many.ask("consumers", v), 400, "invalid_request", 9002332)
	for _, tenant := range []string{"common", "organizations", "consumers"} {
		many.troubled(many.ask(tenant, many.credentials()), 400, "invalid_request", 9001023)
	}
	// A code is for the tenant in whose path it was asked for, by name or id.
	conf := b.config("Mail.Read")
	q := b.authorize(conf.AuthCodeURL(""), graphtest.Answer{User: "support@contoso.test"})
	sent, err := b.fake.Authorize(b.web.URL+"/contoso.test/adminconsent?client_id="+conf.ClientID+"&redirect_uri="+url.QueryEscape(back), graphtest.Answer{User: "admin@contoso.test"})
	require.NoError(t, err)
	u, err := url.Parse(sent)
	require.NoError(t, err)
	v = b.credentials()
	v.Set("grant_type", "authorization_code")
	v.Del("scope")
	v.Set("code", q.Get("code"))
	v.Set("redirect_uri", back)
	require.Equal(t, 200, b.ask(u.Query().Get("tenant"), v).status)
}

func TestRefreshByOAuth2(t *testing.T) {
	b := setup(t, nil)
	token := b.signIn("support@contoso.test", "offline_access", "Mail.Read")
	source := b.config().TokenSource(b.Context(), &oauth2.Token{RefreshToken: token.RefreshToken})
	next, err := source.Token()
	require.NoError(t, err)
	require.NotEqual(t, token.RefreshToken, next.RefreshToken)
	b.fake.RevokeSignIns("support@contoso.test")
	_, err = b.config().TokenSource(b.Context(), &oauth2.Token{RefreshToken: next.RefreshToken}).Token()
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode)
	require.Contains(t, refused.ErrorDescription, "AADSTS50173: ")
}

func TestARefreshTokenIsSpentOnce(t *testing.T) {
	b := setup(t, &graphtest.Options{RefreshReuse: graphtest.ReuseRefused})
	token := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
	v := b.credentials()
	v.Set("grant_type", "refresh_token")
	v.Set("refresh_token", token)
	statuses := make(chan int)
	for range 20 {
		go func() {
			r, err := b.try("POST", "/contoso.test/oauth2/v2.0/token", v.Encode(), "Content-Type", form)
			if err != nil {
				r.status = -1
			}
			statuses <- r.status
		}()
	}
	count := map[int]int{}
	for range 20 {
		count[<-statuses]++
	}
	require.Equal(t, map[int]int{200: 1, 400: 19}, count)
	require.Equal(t, 19, b.fake.RefreshReuses())
}

func TestALostRefreshAnswer(t *testing.T) {
	b := setup(t, &graphtest.Options{RefreshReuse: graphtest.ReuseRefused})
	old := b.signIn("support@contoso.test", "offline_access", "Mail.Read").RefreshToken
	require.NoError(t, b.fake.Fault(graphtest.Fault{Path: "/*/oauth2/v2.0/token", Contains: "grant_type=refresh_token", Commit: true, Drop: true}))
	v := b.credentials()
	v.Set("grant_type", "refresh_token")
	v.Set("refresh_token", old)
	_, err := b.try("POST", "/contoso.test/oauth2/v2.0/token", v.Encode(), "Content-Type", form)
	require.Error(t, err)
	b.troubled(b.renew(old), 400, "invalid_grant", 70000)
}
