// Package zendesk is a hand-written adapter to the part of the Zendesk
// Support API that exdesk needs: it makes an account an exdesk.Desk with
// exdesk.Conversations, exdesk.People and exdesk.Importer.
//
//	desk, err := zendesk.New("acme", tokens, nil)
//
// # Credentials
//
// Tokens are OAuth bearer tokens, which an App gets: for itself with
// ClientCredentials, or for a person who signs in, with AuthCodeURL and Exchange.
// Package tokens keeps and renews them.
//
//	app, err := zendesk.NewApp("acme", id, secret, nil)
//	source, err := app.AppSource()
//	desk, err := zendesk.New("acme", source, nil)
//
// The client needs the scopes tickets:read, tickets:write, users:read and, where
// the account asks for it, ticket_attachments:write. Reading a ticket's audits,
// people's further addresses and the support addresses may take the global read
// scope: Zendesk's references disagree, so Scopes has it. Without audits replies
// become tickets of their own. Importing takes an administrator. Client.Check, which
// Connector.Check calls, tries what an account allows. API tokens work through
// APIToken until Zendesk ends them on 30 April 2027.
//
// # Webhooks
//
// Webhook is an http.Handler for the events that Zendesk sends when a comment is
// added: it checks their signature and calls a function of yours.
// Client.Notification makes of such a comment the mail that its people are to
// get, for Connector.Relay: see examples/webhook.
//
// # Limits
//
// A Client obeys Retry-After, and the limit headers of both generations, for
// all its requests, and tries a request that is safe to repeat up to four
// times. Creating a ticket is not repeated after a lost answer: the caller
// looks for the ticket first. (net/http itself may repeat it on a connection
// that turned out to be closed: it carries an idempotency key.)
//
// # Errors
//
// Every error is an *Error, with Zendesk's own code and request id, and
// belongs to the classes of package exdesk.
//
// # Testing
//
// Package zendesktest is a Zendesk account to test against.
package zendesk
