// Package consent is the pages on which people connect their mailboxes to an
// application: they sign in at Microsoft, see what is connected and what is wrong
// with it, connect again and disconnect. They work without JavaScript.
//
//	pages, err := consent.New(app, store, &consent.Options{
//		URL:       "https://desk.example/mailboxes",
//		Mailboxes: consent.Only("support@contoso.com"),
//	})
//	http.Handle("/mailboxes/", requireLogin(pages))
//
// The application's registration needs the redirect URI URL + "/callback". What
// was connected is found under the name of Options.Account, and opened as whoever
// signed in; with Wants.Shared without that option, by its address:
//
//	source, err := app.Source("support@contoso.com", store)
//	mailbox, err := graph.New("support@contoso.com", source, &graph.Options{User: "me"})
//
// # Who may do what
//
// Options.Mailboxes is the access control: it says which mailboxes a visitor may
// see, connect and disconnect. The Handler has no login of its own. A session
// cookie of the application's has to be SameSite=Lax, or there is no session
// when the browser comes back from Microsoft.
//
// An administrator who was sent the address to consent at comes back to URL +
// "/callback" with the state "administrator", maybe without a login: he has
// consented all the same, and is thanked if the application lets him through.
//
// Cross-site requests change nothing. What was begun is bound to the browser by a
// sealed cookie with state and PKCE verifier, which is good once, for ten
// minutes. Several tabs may be at it at once.
//
// # What connected means
//
// Before anything is saved the account that signed in must be the mailbox that was
// asked for, or may open it if Wants.Shared is set; its Inbox must open; and its
// sign-in must have been renewed once. Whatever fails, an older sign-in of the
// mailbox goes on working. If the process dies, nothing is half saved: begin again.
//
// # Status
//
// GET of the root shows what the Store knows and asks nobody else, so it tells
// what is wrong when everything is. With "Accept: application/json" it is JSON: an
// object with the member "mailboxes", a list of Mailbox.
//
// # Looks
//
// Template returns the pages, whose parts an application may define anew, such as
// "style" and "header"; or it brings a template of its own, which is executed with
// a Page. Their words are English. A browser takes styles from the page itself,
// with the Nonce of Page, and if Options.Template is set, styles, pictures and fonts
// from the application's own host as well.
package consent
