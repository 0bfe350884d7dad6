// Package graphtest is a fake Exchange Online behind a fake Microsoft Graph,
// and a fake Microsoft Entra ID, for testing programs that read, label and send
// mail. It keeps mailboxes in memory, speaks the v1.0 routes for messages,
// drafts, sending, attachments, upload sessions, folders, categories and
// batches, signs people and applications in, and is as strict and as unfriendly
// as the services it stands for: it checks what they check, throttles as they
// throttle, and loses answers when it is told to.
//
//	fake := graphtest.New(nil)
//	fake.Deliver([]byte("From: ann@example.com\r\nSubject: Help\r\n\r\nPlease.\r\n"))
//
//	web := httptest.NewServer(fake)
//	defer web.Close()
//
//	req, _ := http.NewRequest("GET", web.URL+"/v1.0/users/"+fake.Mailbox()+"/messages", nil)
//	req.Header.Set("Authorization", "Bearer "+fake.Token())
//	resp, err := http.DefaultClient.Do(req)
//
// A Server is an [http.Handler] and nothing else: serve it over TCP, over TLS,
// or over an in-memory connection within a testing/synctest bubble. It serves
// Graph at /v1.0 and Entra ID at /{tenant}. It starts no goroutine that outlives
// a request, and it does not import testing.
//
// # What it does that a simple fake would not
//
//   - Mail is stored as properties in Exchange, so $value is a regenerated
//     message: other boundaries, other encodings, other folding, further
//     fields. What the mail says stays the same. See [Options.Raw].
//   - What arrives has Exchange's own fields: the way it came, whether its
//     sender is authentic, whether it came from outside. What a sender forges
//     stays below, but for what Exchange removes. See [Delivery].
//   - A message has two ids: the immutable one, and one that changes when the
//     message is moved and that holds '/' and '+'.
//   - A nextLink counts items from the start of the result as it is when the
//     page is asked for. If items leave the filter between two pages, as when
//     a program marks mail read while it lists unread mail, the pages shift
//     and items are missed.
//   - $orderby must agree with $filter, or InefficientFilter is the answer.
//   - Four requests may be in flight for one application and mailbox; a fifth
//     is refused. So is the 10,001st within ten minutes.
//   - Every change bumps the change key, which is the etag.
//   - Who signed in opens the mailbox of another only with a .Shared permission
//     and with the rights that [Server.Delegate] gave; an application opens what
//     it may. Users without a mailbox in Exchange Online are told apart by the
//     directory alone.
//   - The answers within a batch come in any order.
//   - What it does not implement it refuses, with 501 for a route and 400 for
//     a query option, and remembers in [Server.Unknown].
//
// # Sending
//
// Drafts are made of JSON or MIME, changed, given files, and sent; sendMail
// does it at once. [Server.Sent] tells what left and as what it arrived,
// [Server.Accepted] how much was taken and when. Recipients whose mailboxes are
// here get the mail in their Inbox. What a simple fake would not do:
//
//   - The header of what is composed here is not what was handed in:
//     [HeaderProfile] says what survives. A draft's $value shows it before it is
//     too late, but for [Options.LostOnWire] and what sending changes, such as
//     the name in From.
//   - An answer of 202 is no promise: see [Server.Undeliverable].
//   - With the answer to send the draft is gone. The copy in Sent Items, under
//     the same immutable id, may be long in coming: see [Options.SentLag].
//   - A session for a large file is at another address, where credentials are
//     an error, and takes octets in order only.
//   - Limits are kept: recipients of a mail and in 24 hours, the size of
//     requests and of messages.
//
// # Signing in
//
// [Server.Token] is for programs whose tokens come from elsewhere. Others get
// theirs as from Entra ID, for the one application of [Server.Client]:
//
//   - /{tenant}/oauth2/v2.0/authorize and /token: authorization code with PKCE,
//     refresh tokens, client credentials. The pages are for browsers, and need
//     no JavaScript; a person picks an account, consents, and is sent back.
//     [Server.Authorize] does what the person would.
//   - /{tenant}/oauth2/v2.0/devicecode, and /{tenant}/oauth2/deviceauth, where the
//     code is typed: see [Server.EnterCode].
//   - /{tenant}/adminconsent and /{tenant}/v2.0/adminconsent, for the
//     administrator: see [Options.Admin].
//   - /{tenant}/v2.0/.well-known/openid-configuration, for libraries that are given
//     the tenant's address alone, as MSAL is.
//
// The application proves who it is by a secret, by an assertion that it signs
// ([Server.AddCertificate]) or by one that somebody else does ([Server.Trust]).
// Everybody with a mailbox can sign in, and whom [Server.AddUser] adds. What a
// simple fake would not do:
//
//   - A browser in which one person is signed in is not asked who is in front of
//     it, which is how the wrong mailbox gets connected.
//   - A redirect URI is compared exactly, a code works once and for its own
//     verifier, tenant and redirect URI, and every refresh has a new refresh
//     token. What the old one is good for is [Options.RefreshReuse]; who goes on
//     using it is counted by [Server.RefreshReuses].
//   - /common and /organizations are refused where the application is for one
//     tenant, in every grant.
//   - Consent is asked for, refused ([Options.NoUserConsent]), and taken back
//     ([Server.RevokeConsent]); people are locked out ([Server.SetEnabled]) and
//     signed out ([Server.RevokeSignIns]).
//   - Refusals have Entra ID's numbers. [Server.FailTokens] scripts those that
//     only a real tenant could give.
//
// [Server.Issued] tells what was granted to whom.
//
// # Failures
//
// [Server.Fault] scripts them: a status, a Retry-After, a delay, a lost or cut
// answer, before or after the server acted. [Server.ExpireTokens],
// [Server.Conflict], [Server.Bump] and [Server.Edit] do what other clients,
// people and Exchange itself do behind a program's back. [Server.Poison] and
// [Server.BreakMIME] make messages that cannot be read. [Server.Violations]
// tells what a client did that it should not have done.
//
// # Time
//
// The server has a clock of its own, the real one plus an offset: see
// [Server.Advance]. Tokens, windows, Date and receivedDateTime follow it.
// Delays of faults are real time.
package graphtest
