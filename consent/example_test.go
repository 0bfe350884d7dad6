package consent_test

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

// An application in which a mailbox can be connected, against the fake of Entra
// ID. The pages have the application's own header.
func ExampleNew() {
	exchange := graphtest.New(nil)
	exchange.AddMailbox("ann@contoso.test")
	microsoft := httptest.NewServer(exchange)
	defer microsoft.Close()

	id, secret := exchange.Client()
	app, err := entra.New("contoso.test", id, entra.Secret(secret), &entra.Options{ // for the real one Options are nil
		Cloud: entra.Cloud{Login: microsoft.URL, Graph: microsoft.URL, Resource: "https://graph.microsoft.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	store := new(tokens.Memory)
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	defer web.Close()
	pages, err := consent.New(app, store, &consent.Options{
		URL:       web.URL + "/mailboxes",
		Mailboxes: consent.Only("support@contoso.test"),
		Template:  template.Must(consent.Template().Parse(`{{define "header"}}<header>Contoso</header>{{end}}`)),
		OnChange:  func(_ context.Context, e consent.Event) { fmt.Println(e.Mailbox, e.Change, "by", e.User) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/mailboxes/", pages) // behind the application's own login

	// A person presses Connect, and signs in at Microsoft.
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, who := range []string{"ann@contoso.test", "support@contoso.test"} {
		resp, err := browser.PostForm(web.URL+"/mailboxes/start", url.Values{"mailbox": {"support@contoso.test"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		back, err := exchange.Authorize(resp.Header.Get("Location"), graphtest.Answer{User: who})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp, err = browser.Get(back)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}

	// What was connected is found under its address.
	source, err := app.Source("support@contoso.test", store)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Token()
	fmt.Println(err)
	// Output:
	// 403 Forbidden
	// support@contoso.test connected by support@contoso.test
	// 303 See Other
	// <nil>
}

// What a machine that watches the application reads.
func ExampleHandler() {
	app, err := entra.New("contoso.test", "00000000-0000-0000-0000-000000000000", entra.Secret("the secret's value"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	pages, err := consent.New(app, new(tokens.Memory), &consent.Options{
		URL:       "https://desk.example/mailboxes",
		Mailboxes: consent.Only("support@contoso.test"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(pages)
	defer web.Close()
	r, err := http.NewRequest(http.MethodGet, web.URL+"/mailboxes/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	status, err := io.ReadAll(resp.Body)
	fmt.Print(string(status), err)
	// Output:
	// {"mailboxes":[{"mailbox":"support@contoso.test","state":"disconnected"}]}
	// <nil>
}
