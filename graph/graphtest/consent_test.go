package graphtest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// adminConsent is the address for an administrator.
func (b *bench) adminConsent(path string, more ...string) string {
	id, _ := b.fake.Client()
	q := url.Values{"client_id": {id}, "redirect_uri": {back}, "state": {"x"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return b.web.URL + path + "?" + q.Encode()
}

var (
	support = graphtest.Answer{User: "support@contoso.test"}
	admin   = graphtest.Answer{User: "admin@contoso.test"}
)

func TestUsersMayNotConsent(t *testing.T) {
	b := setup(t, &graphtest.Options{NoUserConsent: true, AdminConsentFirst: true})
	conf := b.config("Mail.Read")
	q := b.authorize(conf.AuthCodeURL("x"), support)
	require.Equal(t, "access_denied", q.Get("error"))
	require.Contains(t, q.Get("error_description"), "AADSTS90094: ")

	v := b.visitor()
	p := v.press(v.open(conf.AuthCodeURL("x")), "Sign in as support@contoso.test")
	require.Contains(t, p.text, "<h1>Need admin approval</h1>")
	// Accept cannot be pressed where it is not offered.
	ctx := formCtx.FindStringSubmatch(p.text)[1]
	p = v.post(b.web.URL+"/contoso.test/login", url.Values{"ctx": {ctx}, "answer": {"accept"}, "everyone": {"yes"}})
	require.Contains(t, p.text, "<h1>Need admin approval</h1>")
	p = v.press(p, "Have an admin account? Sign in with that account")
	p = v.press(p, "Sign in as admin@contoso.test")
	require.Contains(t, p.text, `name="everyone"`)
	require.NotEmpty(t, v.press(p, "Accept").sent.Get("code"))
	require.Equal(t, "access_denied", b.authorize(conf.AuthCodeURL("x"), support).Get("error"), "the administrator did for himself only")
	q = b.authorize(b.config("Mail.Read", "Mail.Send").AuthCodeURL("x"), graphtest.Answer{User: admin.User, Everyone: true})
	require.NotEmpty(t, q.Get("code"))
	require.NotEmpty(t, b.authorize(b.config("Mail.Send").AuthCodeURL("x"), support).Get("code"))

	other := setupMore(t, &graphtest.Options{NoUserConsent: true, ConsentRequired: true})
	require.Equal(t, "consent_required", other.authorize(other.config("Mail.Read").AuthCodeURL("x"), support).Get("error"))
}

func TestRestrictedPermissions(t *testing.T) {
	b := setup(t, nil)
	conf := b.config("User.Read.All")
	require.Equal(t, "access_denied", b.authorize(conf.AuthCodeURL("x"), support).Get("error"))
	// Somebody who is no administrator cannot consent for others.
	require.NotEmpty(t, b.authorize(b.config("Mail.Read").AuthCodeURL("x"), graphtest.Answer{User: support.User, Everyone: true}).Get("code"))
	b.fake.AddMailbox("sales@contoso.test")
	v := b.visitor()
	require.Contains(t, v.press(v.open(b.config("Mail.Read").AuthCodeURL("x")), "Sign in as sales@contoso.test").text, "Permissions requested")
	require.NotEmpty(t, b.authorize(conf.AuthCodeURL("x"), admin).Get("code"))
}

func TestAdminConsent(t *testing.T) {
	b := setup(t, &graphtest.Options{NoUserConsent: true, AdminConsentFirst: true, Delegated: []string{"Mail.Read", "User.Read"}})
	// The application gets tokens that are good for nothing.
	r := b.ask("contoso.test", b.credentials())
	b.token = r.json["access_token"].(string)
	b.refused(b.get(b.list()), 403, "ErrorAccessDenied")

	first := b.adminConsent("/contoso.test/adminconsent")
	q := b.authorize(first, graphtest.Answer{User: admin.User, Deny: true})
	require.Equal(t, "permission_denied", q.Get("error"))
	require.Equal(t, "x", q.Get("state"))
	q = b.authorize(b.adminConsent("/organizations/v2.0/adminconsent", "scope", "Mail.Send"), graphtest.Answer{User: admin.User, Deny: true})
	require.Equal(t, "consent_required", q.Get("error"))
	require.Equal(t, "True", q.Get("admin_consent"))
	require.Contains(t, q.Get("error_description"), "AADSTS65004: ")
	require.Contains(t, b.authorize(first, support).Get("error_description"), "AADSTS90094: ")

	v := b.visitor()
	p := v.press(v.open(first), "Sign in as admin@contoso.test")
	require.Contains(t, p.text, "Permissions requested for your organization")
	require.Contains(t, p.text, "Without a signed-in user, in all mailboxes")
	q = v.press(p, "Accept").sent
	require.Equal(t, "True", q.Get("admin_consent"))
	require.Regexp(t, `^[0-9a-f]{8}-`, q.Get("tenant"))
	require.Equal(t, "x", q.Get("state"))
	require.NotContains(t, q, "scope")

	b.token = b.ask("contoso.test", b.credentials()).json["access_token"].(string)
	require.Equal(t, 200, b.get(b.list()).status)
	require.NotEmpty(t, b.authorize(b.config("Mail.Read").AuthCodeURL("x"), support).Get("code"), "nobody is asked")

	q = b.authorize(b.adminConsent("/contoso.test/v2.0/adminconsent", "scope", "https://graph.microsoft.com/mail.send"), admin)
	require.Equal(t, "https://graph.microsoft.com/Mail.Send", q.Get("scope"))
	require.Equal(t, "Mail.Read User.Read Mail.Send", b.signIn(support.User, "Mail.Read").Extra("scope"))
	q = b.authorize(b.adminConsent("/contoso.test/v2.0/adminconsent", "scope", "https://graph.microsoft.com/.default"), admin)
	require.Equal(t, "https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/User.Read", q.Get("scope"))

	b.fake.RevokeConsent("")
	b.token = b.ask("contoso.test", b.credentials()).json["access_token"].(string)
	b.refused(b.get(b.list()), 403, "ErrorAccessDenied")
	// A scope alone is not about the application itself.
	b.authorize(b.adminConsent("/contoso.test/v2.0/adminconsent", "scope", "Mail.Send"), admin)
	b.token = b.ask("contoso.test", b.credentials()).json["access_token"].(string)
	b.refused(b.get(b.list()), 403, "ErrorAccessDenied")

	require.Equal(t, "invalid_request", b.authorize(b.adminConsent("/contoso.test/v2.0/adminconsent"), admin).Get("error"))
	for _, target := range []string{
		b.adminConsent("/common/v2.0/adminconsent", "scope", "Mail.Send"), b.adminConsent("/contoso.test/adminconsent", "client_id", "x"),
		b.adminConsent("/contoso.test/adminconsent", "redirect_uri", "http://evil.test/"),
	} {
		_, err := b.fake.Authorize(target, admin)
		require.ErrorContains(t, err, "AADSTS")
	}
	_, err := b.fake.Authorize("http://x/"+strings.Repeat("y", 9), admin)
	require.ErrorContains(t, err, "no page")
}

func TestAnAdministratorOfOnesOwn(t *testing.T) {
	b := setup(t, &graphtest.Options{Admin: "Support@contoso.test"})
	require.Equal(t, "True", b.authorize(b.adminConsent("/contoso.test/adminconsent"), support).Get("admin_consent"))
	require.NotContains(t, b.visitor().open(b.config("Mail.Read").AuthCodeURL("")).text, "admin@contoso.test")
}
