package graphtest_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http/httptest"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// application is the registration of a program, as golang.org/x/oauth2 has it.
func application(fake *graphtest.Server, base string, scopes ...string) *oauth2.Config {
	id, secret := fake.Client()
	base += "/contoso.test/oauth2/v2.0/"
	return &oauth2.Config{ClientID: id, ClientSecret: secret, Scopes: scopes, RedirectURL: "http://localhost:8080/back",
		Endpoint: oauth2.Endpoint{AuthURL: base + "authorize", TokenURL: base + "token", DeviceAuthURL: base + "devicecode",
			AuthStyle: oauth2.AuthStyleInParams}}
}

func ExampleServer_Authorize() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	fake.AddMailbox("sales@contoso.test")
	app := application(fake, web.URL, "offline_access", "Mail.ReadWrite", "Mail.Send")

	// The program sends a browser off; a person signs in, accepts, and comes back.
	verifier := oauth2.GenerateVerifier()
	back, err := fake.Authorize(app.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier)), graphtest.Answer{User: "sales@contoso.test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, _ := url.Parse(back)
	token, err := app.Exchange(context.Background(), u.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Host, u.Query().Get("state"), token.Extra("scope"), token.RefreshToken != "")

	// Another one does not accept.
	back, _ = fake.Authorize(app.AuthCodeURL("a state"), graphtest.Answer{User: fake.Mailbox(), Deny: true})
	u, _ = url.Parse(back)
	fmt.Println(u.Query().Get("error"))
	for _, issue := range fake.Issued() {
		fmt.Println(issue.User, issue.Grant, issue.Auth, issue.Scopes)
	}
	// Output:
	// localhost:8080 a state Mail.ReadWrite Mail.Send true
	// access_denied
	// sales@contoso.test authorization_code client_secret_post [Mail.ReadWrite Mail.Send]
}

func ExampleServer_EnterCode() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	app := application(fake, web.URL, "Mail.Read")

	code, err := app.DeviceAuth(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	// Somebody does so before the program asks for the first time.
	fmt.Println(fake.EnterCode(code.UserCode, fake.Mailbox()))
	code.Interval = 1
	token, err := app.DeviceAccessToken(context.Background(), code)
	fmt.Println(token.Extra("scope"), err)

	code, _ = app.DeviceAuth(context.Background())
	fmt.Println(fake.DeclineCode(code.UserCode))
	// Output:
	// <nil>
	// Mail.Read <nil>
	// <nil>
}

func ExampleServer_RevokeSignIns() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	app := application(fake, web.URL, "offline_access", "Mail.Read")

	// Who consented before is not asked again.
	fake.Consent(fake.Mailbox(), "Mail.Read")
	back, _ := fake.Authorize(app.AuthCodeURL(""), graphtest.Answer{User: fake.Mailbox()})
	u, _ := url.Parse(back)
	token, err := app.Exchange(context.Background(), u.Query().Get("code"))
	if err != nil {
		fmt.Println(err)
		return
	}
	renew := func() {
		token.Expiry = time.Now().Add(-time.Hour)
		_, err := app.TokenSource(context.Background(), token).Token()
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			fmt.Println(refused.ErrorCode, refused.ErrorDescription[:12])
			return
		}
		fmt.Println("renewed", err)
	}
	renew()
	fake.RevokeConsent(fake.Mailbox())
	renew()
	fake.Consent(fake.Mailbox(), "Mail.Read")
	fake.SetEnabled(fake.Mailbox(), false)
	renew()
	fake.SetEnabled(fake.Mailbox(), true)
	fake.RevokeSignIns(fake.Mailbox())
	renew()
	// All the while the program used a refresh token that it had used before.
	fmt.Println(fake.RefreshReuses())
	// Output:
	// renewed <nil>
	// invalid_grant AADSTS65001:
	// invalid_grant AADSTS50057:
	// invalid_grant AADSTS50173:
	// 3
}

func ExampleServer_FailTokens() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	id, secret := fake.Client()
	app := clientcredentials.Config{ClientID: id, ClientSecret: secret, Scopes: []string{"https://graph.microsoft.com/.default"},
		TokenURL: web.URL + "/contoso.test/oauth2/v2.0/token", AuthStyle: oauth2.AuthStyleInParams}

	for _, number := range []int{53003, 7000222, 90055} {
		if err := fake.FailTokens(graphtest.TokenFault{Number: number}); err != nil {
			fmt.Println(err)
			return
		}
		_, err := app.Token(context.Background())
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			fmt.Println(refused.Response.StatusCode, refused.ErrorCode)
		}
	}
	_, err := app.Token(context.Background())
	fmt.Println(err)
	// Output:
	// 400 interaction_required
	// 401 invalid_client
	// 429 temporarily_unavailable
	// <nil>
}

func ExampleServer_AddSecret() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	id, secret := fake.Client()
	ask := func(secret string) {
		app := clientcredentials.Config{ClientID: id, ClientSecret: secret, Scopes: []string{"https://graph.microsoft.com/.default"},
			TokenURL: web.URL + "/contoso.test/oauth2/v2.0/token", AuthStyle: oauth2.AuthStyleInParams}
		_, err := app.Token(context.Background())
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			fmt.Println(refused.ErrorDescription[:14])
			return
		}
		fmt.Println(err)
	}
	fake.AddSecret(secret, fake.Now().Add(time.Hour)) // the one that is there has an end now
	fake.AddSecret("the next one", time.Time{})
	fake.Advance(2 * time.Hour)
	ask(secret)
	ask("the next one")
	// Output:
	// AADSTS7000222:
	// <nil>
}

func ExampleServer_AddCertificate() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	id, _ := fake.Client()
	endpoint := web.URL + "/contoso.test/oauth2/v2.0/token"

	key := makeKeys()[0]
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: fake.Now().AddDate(1, 0, 0)}
	raw, _ := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fake.AddCertificate(cert)
	thumbprint := sha256.Sum256(cert.Raw)
	assertion, err := signJWT(claims{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])},
		claims{"aud": endpoint, "iss": id, "sub": id, "jti": "1", "exp": fake.Now().Add(5 * time.Minute).Unix()}, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	app := clientcredentials.Config{ClientID: id, Scopes: []string{"https://graph.microsoft.com/.default"},
		TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}}
	_, err = app.Token(context.Background())
	fmt.Println(err, fake.Issued()[0].Auth)
	// Output: <nil> private_key_jwt
}

func ExampleServer_Trust() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	key := makeKeys()[0]
	id, _ := fake.Client()

	// A platform vouches for its workload; no secret is anywhere.
	fake.Trust(graphtest.FederatedCredential{Issuer: "https://issuer.test", Subject: "repo:exdesk", Key: &key.PublicKey})
	assertion, err := signJWT(claims{"alg": "RS256"}, claims{"iss": "https://issuer.test", "sub": "repo:exdesk",
		"aud": "api://AzureADTokenExchange", "exp": fake.Now().Add(time.Minute).Unix()}, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	app := clientcredentials.Config{ClientID: id, Scopes: []string{"https://graph.microsoft.com/.default"},
		TokenURL: web.URL + "/contoso.test/oauth2/v2.0/token", AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}}
	_, err = app.Token(context.Background())
	fmt.Println(err, fake.Issued()[0].Auth)
	// Output: <nil> federated
}

func ExampleOptions_entra() {
	// A tenant whose users may not consent, and somebody without a mailbox.
	fake := graphtest.New(&graphtest.Options{Tenant: "contoso.test", NoUserConsent: true, Redirects: []string{"http://localhost/back"}})
	fake.AddUnlicensed("intern@contoso.test")
	app := application(fake, "http://login.test", "Mail.Read")
	told := func(page, user string) url.Values {
		back, err := fake.Authorize(page, graphtest.Answer{User: user})
		if err != nil {
			fmt.Println(err)
		}
		u, _ := url.Parse(back)
		return u.Query()
	}
	fmt.Println(told(app.AuthCodeURL(""), "intern@contoso.test").Get("error"))
	page := "http://login.test/contoso.test/adminconsent?client_id=" + app.ClientID + "&redirect_uri=" + url.QueryEscape(app.RedirectURL)
	fmt.Println(told(page, "admin@contoso.test").Get("admin_consent"))
	fake.Consent("", "Mail.Read") // what is not in Options.Delegated
	fmt.Println(told(app.AuthCodeURL(""), "intern@contoso.test").Get("code") != "")
	// Output:
	// access_denied
	// True
	// true
}
