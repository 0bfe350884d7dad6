// Package tokens keeps the tokens of an account and renews them: a Source is
// the oauth2.TokenSource that packages graph and zendesk ask for.
//
//	keys, err := tokens.NewKeys(tokens.Key{ID: "2026", Secret: secret})
//	files, err := tokens.OpenFile("/var/lib/exdesk/tokens")
//	store := &tokens.Sealed{Store: files, Keeper: keys}
//	err = tokens.Put(ctx, store, account, tokens.SignIn{Token: token}) // once, when somebody has signed in
//	source, err := tokens.NewSource(account, store, config, nil)
//	mailbox, err := graph.New("support@contoso.com", source, nil)
//
// # Stores
//
// A Store keeps a few hundred octets for each account, and replaces them only
// if they are still what the caller has seen. Memory forgets them with the
// process. File keeps them in a directory, readable by its owner alone, which
// any number of processes on one machine may share. Sealed encrypts what goes
// into another Store, under a key that is the caller's: of Keys, or of a
// service, which a keeper of gocloud.dev/secrets leads to.
//
// # Renewal
//
// Entra and Zendesk give a new refresh token whenever one is used; Zendesk
// deletes the old one at once, and other services take its second use for theft
// and end the whole sign-in. So each refresh token is used once, by one caller:
//
//   - the callers of a Source share one renewal, which goes on when they leave;
//   - before it uses a refresh token a Source notes in the Store that it is about
//     to. Other processes that see the note wait for what comes of it, for half a
//     minute: whoever wrote it may be dead. A Store that cannot be written fails
//     here, while the refresh token is still good;
//   - the new refresh token is saved before the access token is handed out. If
//     that fails, the Source keeps both, hands out neither and saves them when it
//     is asked next;
//   - a refresh token that was refused is an error only if the Store holds no
//     other by then.
//
// While it is in use a Source looks once a minute whether there still is a sign-in,
// and which, so that nobody has to restart it after a Forget or a Put. Nobody waits
// for that look, and if it fails the access token is good until its end.
//
// Nothing is locked while a token is renewed, and the clocks of the machines may
// differ by two minutes. What remains is a process that dies after the service has
// answered and before the answer is saved, some milliseconds in an hour: Entra still
// takes the old refresh token then, for Zendesk somebody has to sign in again.
//
// Look tells what the Sources of an account, in all processes, have heard of it
// last, a refusal as well, and asks the Store alone.
//
// An AppSource hands out what an application gets by its own credentials. It
// keeps nothing, and gets each token once for all who ask.
//
// # Errors
//
// An error of a Source is an *Error. It is an exdesk.ErrTemporary when it passes by
// itself, and otherwise an exdesk.ErrAuth, of which ErrRevoked, ErrExpired,
// ErrConsent, ErrInteraction, ErrClient, ErrMissing and ErrSealed say more; its
// text says what a person must do. Microsoft's trace and correlation ids are in
// it, its description, which may hold addresses, is not.
//
// A refusal is remembered for a minute, or until somebody puts another token, so
// that a loop over a dead sign-in does not get the application blocked. A service
// that takes no token at all gets five new ones, and then one a minute.
package tokens
