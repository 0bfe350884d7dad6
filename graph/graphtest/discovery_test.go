package graphtest_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// claimsOf reads an ID token.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims
}

const metadata = "/v2.0/.well-known/openid-configuration"

// A library that is given nothing but the authority finds the way to a token, and
// each address that it is told is served.
func TestMetadata(t *testing.T) {
	b := setup(t, nil)
	r := b.get("/contoso.test"+metadata, "Authorization", "")
	require.Equal(t, 200, r.status, r.text)
	base := b.web.URL + "/contoso.test"
	require.Equal(t, base+"/oauth2/v2.0/token", r.json["token_endpoint"])
	require.Equal(t, base+"/oauth2/v2.0/authorize", r.json["authorization_endpoint"])
	require.Equal(t, base+"/oauth2/v2.0/devicecode", r.json["device_authorization_endpoint"])
	keys := b.get(r.json["jwks_uri"].(string), "Authorization", "")
	require.Equal(t, 200, keys.status)
	require.Equal(t, []any{}, keys.json["keys"])

	v := b.credentials()
	token := b.do("POST", r.json["token_endpoint"].(string), v.Encode(), "Content-Type", form, "Authorization", "")
	require.Equal(t, 200, token.status, token.text)

	// The issuer is the one in ID tokens.
	signed := b.signIn(b.fake.Mailbox(), "openid", "Mail.Read")
	require.Equal(t, r.json["issuer"], claimsOf(t, signed.Extra("id_token").(string))["iss"])

	require.Equal(t, b.web.URL+"/{tenantid}/v2.0", b.get("/organizations" + metadata).json["issuer"])
	require.Equal(t, b.web.URL+"/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", b.get("/consumers" + metadata).json["issuer"])
	b.troubled(b.do("POST", "/contoso.test"+metadata, "{}"), 400, "invalid_request", 900561)
	require.Empty(t, b.fake.Unknown())

	one := setupMore(t, &graphtest.Options{Tenant: "contoso.test"})
	one.troubled(one.get("/fabrikam.test"+metadata), 400, "invalid_request", 90002)
	require.Equal(t, 200, one.get("/common"+metadata).status, "it is no application's")
}

// MSAL asks who signed in, and keeps accounts by it.
func TestClientInfo(t *testing.T) {
	b := setup(t, nil)
	first := b.signIn(b.fake.Mailbox(), "openid", "offline_access", "Mail.Read")
	require.Nil(t, first.Extra("client_info"))
	r := b.renew(first.RefreshToken, "client_info", "1")
	claims := claimsOf(t, first.Extra("id_token").(string))
	info, err := base64.RawURLEncoding.DecodeString(r.json["client_info"].(string))
	require.NoError(t, err)
	require.JSONEq(t, `{"uid":"`+claims["oid"].(string)+`","utid":"`+claims["tid"].(string)+`"}`, string(info))

	// An application is nobody.
	v := b.credentials()
	v.Set("client_info", "1")
	require.NotContains(t, b.ask("contoso.test", v).json, "client_info")
}
