package zendesktest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func ExampleNew() {
	srv := zendesktest.New(nil)
	web := httptest.NewServer(srv)
	defer web.Close()

	req, _ := http.NewRequest("POST", web.URL+"/api/v2/tickets", strings.NewReader(
		`{"ticket":{"subject":"Fire","comment":{"body":"It burns"},"requester":{"name":"Ann","email":"ann@example.com"}}}`))
	req.Header.Set("Authorization", "Bearer "+srv.Token())
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = res.Body.Close()

	t, _ := srv.Ticket(1)
	fmt.Println(res.Status, t.Subject, t.Requester.Email, t.Comments[0].Body)
	// Output: 201 Created Fire ann@example.com It burns
}

func ExampleServer_Fault() {
	srv := zendesktest.New(nil)
	web := httptest.NewServer(srv)
	defer web.Close()
	if err := srv.Fault(zendesktest.Fault{Method: "GET", Status: 503, RetryAfter: "30"}); err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		res, err := http.Get(web.URL + "/api/v2/users/me")
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = res.Body.Close()
		fmt.Printf("%d %q\n", res.StatusCode, res.Header.Get("Retry-After"))
	}
	fmt.Println(len(srv.Violations()), "violation")
	// Output:
	// 503 "30"
	// 200 ""
	// 1 violation
}

func ExampleServer_AddUser() {
	srv := zendesktest.New(nil)
	ann := srv.AddUser(zendesktest.User{Name: "Ann", Email: "ann@example.com", Emails: []string{"ann@home.example"}})
	cy := srv.AddUser(zendesktest.User{Email: "cy@acme.test", Role: "agent", Light: true})
	fmt.Println(ann.Role, ann.Emails[0])
	fmt.Println(cy.Name, cy.Role)
	// Output:
	// end-user ann@home.example
	// cy agent
}

func ExampleServer_Merge() {
	srv := zendesktest.New(nil)
	web := httptest.NewServer(srv)
	defer web.Close()
	for _, subject := range []string{"Fire", "Smoke"} {
		req, _ := http.NewRequest("POST", web.URL+"/api/v2/tickets", strings.NewReader(
			`{"ticket":{"subject":"`+subject+`","comment":{"body":"Help"}}}`))
		req.Header.Set("Authorization", "Bearer "+srv.Token())
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = res.Body.Close()
	}

	srv.Merge(1, 2)
	t, _ := srv.Ticket(2)
	fmt.Println(t.Status, t.MergedInto, t.Tags)
	fmt.Println(t.Comments[1].Body)
	// Output:
	// closed 1 [closed_by_merge]
	// This request was closed and merged into request #1 "Fire".
}

// A person signs in, without a browser.
func ExampleServer_Authorize() {
	srv := zendesktest.New(&zendesktest.Options{Agents: []string{"sam@acme.test"}})
	web := httptest.NewServer(srv)
	defer web.Close()
	id, secret := srv.Client()
	app := oauth2.Config{ClientID: id, ClientSecret: secret, RedirectURL: "http://localhost/callback", Scopes: []string{"tickets:read"},
		Endpoint: oauth2.Endpoint{AuthURL: web.URL + "/oauth/authorizations/new", TokenURL: web.URL + "/oauth/tokens", AuthStyle: oauth2.AuthStyleInParams}}

	back, err := srv.Authorize(app.AuthCodeURL("state"), zendesktest.Answer{User: "sam@acme.test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := app.Exchange(context.Background(), back.Query().Get("code"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(back.Query().Get("state"), token.Extra("scope"), token.RefreshToken != "")
	for _, g := range srv.Grants() {
		fmt.Println(g.Type, g.User, g.Scopes)
	}
	srv.RevokeTokens("sam@acme.test")

	back, err = srv.Authorize(app.AuthCodeURL("again"), zendesktest.Answer{Deny: true})
	fmt.Println(back.Query().Get("error"), err)
	// Output:
	// state tickets:read true
	// authorization_code sam@acme.test [tickets:read]
	// access_denied <nil>
}

func ExampleServer_AddSupportAddress() {
	srv := zendesktest.New(nil)
	a := srv.AddSupportAddress(zendesktest.SupportAddress{Email: "help@acme.test", Forwarding: "waiting"})
	fmt.Println(a.Name, a.Forwarding, a.SPF, a.Default)
	// Output: acme waiting verified false
}
