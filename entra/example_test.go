package entra_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

// local is the cloud that a test server is. Of a real one the default, Global, or
// another is all that is needed.
func local(url string) *entra.Options {
	return &entra.Options{Cloud: entra.Cloud{Login: url, Graph: url, Resource: entra.Global.Graph}}
}

// An application that an administrator has let into the mailbox.
func ExampleApp_AppSource() {
	exchange := graphtest.New(nil)
	exchange.Deliver([]byte("From: ann@customer.example\r\nTo: support@contoso.test\r\nSubject: Hello\r\n\r\nHi.\r\n"))
	server := httptest.NewServer(exchange)
	defer server.Close()
	id, secret := exchange.Client()

	app, err := entra.New("contoso.test", id, entra.Secret(secret), local(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := app.AppSource()
	if err != nil {
		fmt.Println(err)
		return
	}
	mailbox, err := graph.New("support@contoso.test", source, &graph.Options{BaseURL: app.Cloud().BaseURL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for mail, err := range mailbox.Unread(context.Background()) {
		fmt.Println(mail.Subject, err)
	}
	// Output: Hello <nil>
}

// Somebody signs in with a browser, whose part Authorize plays here; from then on
// a Source renews what he was given.
func ExampleApp_Exchange() {
	exchange := graphtest.New(nil)
	server := httptest.NewServer(exchange)
	defer server.Close()
	id, secret := exchange.Client()
	ctx, store := context.Background(), new(tokens.Memory)
	app, err := entra.New("contoso.test", id, entra.Secret(secret), local(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}

	in := entra.AuthRequest{Redirect: "http://localhost/callback", Mailbox: "support@contoso.test"}
	state, verifier := "kept where only this browser gets at it", oauth2.GenerateVerifier()
	back, err := exchange.Authorize(app.AuthCodeURL(in, state, verifier), graphtest.Answer{User: "support@contoso.test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse(back)
	if err != nil {
		fmt.Println(err)
		return
	}
	code, err := entra.Code(u.Query(), state)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := app.Exchange(ctx, in, code, verifier)
	if err != nil {
		fmt.Println(err)
		return
	}
	trial, _, err := app.Try(ctx, "support@contoso.test", app.SignedIn(token, "support@contoso.test"))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = tokens.Copy(ctx, store, trial, "support@contoso.test")
	fmt.Println(err)
	source, err := app.Source("support@contoso.test", store)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Token()
	fmt.Println(err)
	_, err = entra.Code(u.Query(), "another browser's")
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// entra: this is not the sign-in that was begun here: begin again
}

// A terminal shows a code, which somebody enters on any device.
func ExampleApp_DeviceToken() {
	exchange := graphtest.New(&graphtest.Options{Public: true})
	server := httptest.NewServer(exchange)
	defer server.Close()
	id, _ := exchange.Client()
	app, err := entra.New("contoso.test", id, nil, local(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	auth, err := app.Device(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprintf(os.Stderr, "open %s and enter %s\n", auth.VerificationURI, auth.UserCode)
	auth.Interval = 1 // seconds between two questions; 5 by default

	err = exchange.DeclineCode(auth.UserCode) // somewhere else
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = app.DeviceToken(ctx, auth)
	fmt.Println(err.(*tokens.Error).Reason())
	// Output: the person has declined: consent to the application's permissions again, or have an administrator do it, then sign in again
}

func ExampleApp_AdminConsentURL() {
	app, err := entra.New("contoso.com", "6731de76-14a6-49ae-97bc-6eba6914391e", nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(app.AdminConsentURL("https://app.contoso.com/connect/callback", "s7"))
	back, err := url.Parse("https://app.contoso.com/connect/callback?admin_consent=True&tenant=a8990e1f-ff32-408a-9f8e-78d3b9139b95&state=s7")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(entra.AdminConsented(back.Query(), "s7"))
	// Output:
	// https://login.microsoftonline.com/contoso.com/adminconsent?client_id=6731de76-14a6-49ae-97bc-6eba6914391e&redirect_uri=https%3A%2F%2Fapp.contoso.com%2Fconnect%2Fcallback&state=s7
	// a8990e1f-ff32-408a-9f8e-78d3b9139b95 <nil>
}

func ExampleScopes() {
	fmt.Println(entra.Scopes(entra.Wants{}))
	fmt.Println(entra.Scopes(entra.Wants{Shared: true, Colours: true}))
	// Output:
	// [offline_access User.Read Mail.ReadWrite Mail.Send]
	// [offline_access User.Read Mail.ReadWrite.Shared Mail.Send.Shared MailboxSettings.ReadWrite]
}

// While a new secret follows the old one, either will do.
func ExampleOverlap() {
	exchange := graphtest.New(nil)
	server := httptest.NewServer(exchange)
	defer server.Close()
	id, secret := exchange.Client()
	app, err := entra.New("contoso.test", id, entra.Overlap{entra.Secret("ended yesterday"), entra.Secret(secret)}, local(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := app.AppSource()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Token()
	fmt.Println(err)
	// Output: <nil>
}

func ExampleParseCertificate() {
	_, err := entra.ParseCertificate([]byte("-----BEGIN CERTIFICATE-----\n..."))
	fmt.Println(err)
	// Output: entra: the PEM has to hold a certificate and its private key
}

// On Kubernetes with workload identity, there is no secret at all.
func ExampleFederatedFile() {
	credential := entra.FederatedFile(os.Getenv("AZURE_FEDERATED_TOKEN_FILE"))
	app, err := entra.New("contoso.com", "6731de76-14a6-49ae-97bc-6eba6914391e", credential, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = app.AppSource()
	fmt.Println(err)
	// Output: <nil>
}
