// Package zendesktest is a Zendesk Support account in memory: a stateful
// http.Handler that answers the Ticketing API as the service does, the
// unfriendly parts included. It is for testing programs that talk to Zendesk,
// whatever client they use.
//
//	srv := zendesktest.New(&zendesktest.Options{SupportAddresses: []string{"help@acme.test"}})
//	web := httptest.NewServer(srv)
//	defer web.Close()
//
//	client := mydesk.New(web.URL, srv.Token())
//	// … let it make a ticket, then look at what the account holds:
//	fmt.Println(srv.Tickets()[0].Requester.Email)
//
// The caller chooses the network: httptest.NewServer, a TLS server, or
// net.Pipe inside a testing/synctest bubble. URLs in answers are made of the
// request's Host. New does no I/O and starts no goroutine, and a Server is
// safe for concurrent use.
//
// # What it checks
//
// Credentials and scopes, content types, required fields, addresses,
// suspended requesters, the 64 kB of a comment, upload tokens, idempotency
// keys (two hours), safe updates, closed tickets, who may be assigned, follow
// and import, and rate limits. A route it
// does not know is answered 404 InvalidEndpoint and listed by
// [Server.Unknown], as are parameters that the service knows and this package
// does not act on. What a client did that the service would suffer from is
// listed by [Server.Violations].
//
// # Signing in
//
// [Server.Client] is an OAuth client of the account. Its page, GET
// /oauth/authorizations/new, asks a person, who may be one of the account's
// agents; [Server.Authorize] answers it without a browser. POST /oauth/tokens
// grants authorization_code, refresh_token and client_credentials, and
// [Server.Grants] tells what it has granted. [Server.RevokeTokens] and
// [Server.ExpireTokens] end it again.
//
// # Webhooks
//
// [NewWebhooks] stands before a Server and sends the account's events to the
// endpoints that were registered, signed as Zendesk signs them.
//
// # What nobody has documented
//
// Where the vendor's pages are silent or contradict each other, a field of
// [Options] chooses between the plausible answers; its comment begins with
// "Undocumented" or "Contested". A careful client passes with both.
//
// # Trouble
//
// [Server.Fault] scripts failures: delays, refusals with or without
// Retry-After, answers that are lost after the server has acted, answers cut
// in the middle. [Server.ExpireTokens], [Server.AddUser], [Server.Suspend],
// [Server.AddSupportAddress], [Server.Edit], [Server.Merge] and
// [Server.Advance] do what people and time do to an account. Options.ReadLag,
// AuditLag and LookupLag let its readers be behind.
package zendesktest
