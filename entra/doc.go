// Package entra signs in to Microsoft Entra ID, so that a mailbox can be opened:
// over package oauth2, with the least permissions, for packages tokens and graph.
//
// A person signs in as the mailbox, with a browser or with a code, and goes on
// being signed in while the tokens are renewed:
//
//	app, err := entra.New("contoso.com", clientID, entra.Secret(secret), nil)
//	url := app.AuthCodeURL(in, state, verifier)                // send the browser there
//	token, err := app.Exchange(ctx, in, code, verifier)        // when it is back
//	trial, _, err := app.Try(ctx, address, app.SignedIn(token, address))
//	err = tokens.Copy(ctx, store, trial, address)
//	source, err := app.Source(address, store)
//	mailbox, err := graph.New(address, source, &graph.Options{User: "me"})
//
// Package consent is the pages that do so. On a terminal, Device and DeviceToken
// take the place of the browser. Or the application signs in by itself,
// to the mailboxes that an administrator has let it:
//
//	source, err := app.AppSource()
//	mailbox, err := graph.New("support@contoso.com", source, nil)
//
// # Credentials
//
// A Secret is the simplest. A Certificate never leaves the process: each request
// is signed. A Federated has nothing to keep at all. Overlap has two of them at a
// time, for the days in which one follows the other.
//
// # Errors
//
// What Entra refuses is a *tokens.Error, whose text says what a person must do.
// No error has a token, a secret or an address in it.
package entra
