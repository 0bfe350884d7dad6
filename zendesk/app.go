package zendesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/tokens"
)

// Scopes are the least that the connector needs, and what an App asks for unless
// told otherwise. Global read is for ticket audits, people's further addresses and
// the support addresses, for which narrower scopes may not do. Not among them are
// users:write, which an account may want for tickets of people it does not know
// yet, and webhooks:write.
var Scopes = []string{"read", "tickets:write", "ticket_attachments:write"}

// AppOptions are the settings of an App. The zero value is ready to use.
type AppOptions struct {
	// BaseURL is the account's root. Default https://{subdomain}.zendesk.com.
	// Only a loopback host may be reached without https.
	BaseURL string
	// HTTPClient asks the token endpoint; its redirect policy, timeout and
	// cookies are not used. Default: connections that all Apps share.
	HTTPClient *http.Client
}

// App is an OAuth client of a Zendesk account, as it is registered in the Admin
// Center under Apps and integrations, APIs, OAuth clients. It is safe for
// concurrent use; make it with NewApp. Nobody sees its secret who prints it.
type App struct {
	clientID, secret string
	endpoint         oauth2.Endpoint
	http             *http.Client
}

var errPublic = fmt.Errorf("zendesk: a public client cannot get tokens by itself: "+
	"give the secret of a confidential one, or have somebody sign in: %w", tokens.ErrClient)

const (
	opOwnToken = "get a token"
	opRedeem   = "redeem the code"
	// asking is how long the token endpoint may take.
	asking = 20 * time.Second
	// ownLife is how long a token of ClientCredentials is asked to live. Without
	// asking, those of clients made before 30 April 2026 do not end at all.
	ownLife = time.Hour
)

// NewApp returns the OAuth client with that identifier (its name in words, not its
// number). The secret "" is that of a public client, which people sign in with and
// which cannot have ClientCredentials. NewApp does no I/O.
func NewApp(subdomain, clientID, secret string, opts *AppOptions) (*App, error) {
	var o AppOptions
	if opts != nil {
		o = *opts
	}
	if clientID == "" || strings.ContainsAny(clientID, " \t\r\n") {
		return nil, errors.New("zendesk: no client id: it is the Identifier of the OAuth client in the Admin Center")
	}
	root, err := accountURL(subdomain, o.BaseURL, "")
	if err != nil {
		return nil, err
	}
	a := &App{clientID: clientID, secret: secret, http: rest.TokenClient(o.HTTPClient)}
	a.endpoint = oauth2.Endpoint{
		AuthURL:   root.JoinPath("oauth/authorizations/new").String(),
		TokenURL:  root.JoinPath("oauth/tokens").String(),
		AuthStyle: oauth2.AuthStyleInParams, // QUIRK: a secret in the Authorization header is not looked at
	}
	return a, nil
}

// accountURL returns an account's root, or what is below it.
func accountURL(subdomain, base, path string) (*url.URL, error) {
	if !subdomains.MatchString(subdomain) {
		return nil, fmt.Errorf("zendesk: %q is not a subdomain: give acme for acme.zendesk.com", subdomain)
	}
	u, err := rest.ParseBase(cmp.Or(base, "https://"+subdomain+".zendesk.com") + path)
	if err != nil {
		return nil, fmt.Errorf("zendesk: base URL: %w", err)
	}
	return u, nil
}

func (a *App) config(redirect string, scopes ...string) *oauth2.Config {
	return &oauth2.Config{ClientID: a.clientID, ClientSecret: a.secret, Endpoint: a.endpoint, RedirectURL: redirect, Scopes: orScopes(scopes)}
}

func orScopes(scopes []string) []string {
	if len(scopes) == 0 {
		scopes = Scopes
	}
	return slices.Clone(scopes)
}

// ClientCredentials gets a token without anybody signing in. It acts as the user
// who owns the client and ends with his access, so have a service user own it. It
// lives for an hour and has no refresh token: AppSource asks for the next one. An
// Expiry of zero means that Zendesk did not say when it ends. The error is
// a *tokens.Error, also if other scopes were granted than were asked for.
func (a *App) ClientCredentials(ctx context.Context, scopes ...string) (*oauth2.Token, error) {
	if a.secret == "" {
		return nil, tokens.Explain(opOwnToken, errPublic)
	}
	scopes = orScopes(scopes)
	config := clientcredentials.Config{ClientID: a.clientID, ClientSecret: a.secret, TokenURL: a.endpoint.TokenURL, AuthStyle: a.endpoint.AuthStyle,
		Scopes: scopes, EndpointParams: url.Values{"expires_in": {strconv.Itoa(int(ownLife.Seconds()))}}}
	token, err := a.ask(ctx, opOwnToken, config.Token)
	if err != nil {
		return nil, err
	}
	if err := granted(opOwnToken, token, scopes); err != nil {
		return nil, err
	}
	return token, nil
}

// AppSource returns the source of the client's own tokens, by ClientCredentials. It
// does no I/O.
func (a *App) AppSource(scopes ...string) (*tokens.AppSource, error) {
	if a.secret == "" {
		return nil, errPublic
	}
	return tokens.NewAppSource(func(ctx context.Context) (*oauth2.Token, error) {
		return a.ClientCredentials(ctx, scopes...)
	}), nil
}

// Source returns the source of the tokens of somebody who has signed in, which
// SignedIn was Put into the store for. It does no I/O.
func (a *App) Source(account string, store tokens.Store) (*tokens.Source, error) {
	return tokens.NewSource(account, store, a.config(""), &tokens.SourceOptions{HTTPClient: a.http})
}

// SignedIn is what tokens.Put keeps of a sign-in with this client; user is who
// signed in, for people to read.
func (a *App) SignedIn(token *oauth2.Token, user string) tokens.SignIn {
	return tokens.SignIn{Token: token, ClientID: a.clientID, TokenURL: a.endpoint.TokenURL, User: user}
}

// AuthCodeURL returns where to send the browser of an agent who is to sign in
// (RFC 6749 §4.1, with PKCE, RFC 7636). The redirect URL is compared octet by octet
// with those of the client. The state and the verifier, of oauth2.GenerateVerifier,
// are new for each sign-in and kept where only this browser gets at them. What the
// browser comes back with is for tokens.Redirected, and its code, once the state was
// compared, for Exchange.
func (a *App) AuthCodeURL(redirect, state, verifier string, scopes ...string) string {
	return a.config(redirect, scopes...).AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// Exchange redeems a code, which is good once and for 120 seconds. The redirect
// URL, the verifier and the scopes are those of AuthCodeURL. An Expiry of zero means
// that Zendesk did not say when the token ends. The error is a *tokens.Error, also
// if other scopes were granted than were asked for.
func (a *App) Exchange(ctx context.Context, redirect, code, verifier string, scopes ...string) (*oauth2.Token, error) {
	token, err := a.ask(ctx, opRedeem, func(ctx context.Context) (*oauth2.Token, error) {
		return a.config(redirect).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	})
	if err != nil {
		return nil, err
	}
	if err := granted(opRedeem, token, orScopes(scopes)); err != nil {
		return nil, err
	}
	return token, nil
}

// ask asks the token endpoint.
//
// QUIRK: it answers 201.
func (a *App) ask(ctx context.Context, op string, get func(context.Context) (*oauth2.Token, error)) (*oauth2.Token, error) {
	within, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, a.http), asking)
	defer cancel()
	token, err := get(within)
	switch {
	case err == nil:
		return token, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("zendesk: %s: %w", op, context.Cause(ctx))
	}
	return nil, tokens.Explain(op, err)
}

// granted returns an error if a token is good for other scopes than were asked for.
// One whose answer did not say is good for all of them (RFC 6749 §5.1).
//
// QUIRK: a scope that does not exist may be granted all the same, and opens
// nothing: the API answers 403.
func granted(op string, token *oauth2.Token, asked []string) error {
	said, ok := token.Extra("scope").(string)
	if !ok {
		return nil
	}
	granted := strings.Fields(said)
	if without(asked, granted) == nil && without(granted, asked) == nil {
		return nil
	}
	return tokens.Explain(op, fmt.Errorf("the scopes %q were granted instead of %q: "+
		"check their names, and the allowed scopes of the OAuth client in the Admin Center: %w",
		clip(strings.Join(granted, " "), 200), clip(strings.Join(asked, " "), 200), tokens.ErrClient))
}

// without returns what is in list and not in others.
func without(list, others []string) (rest []string) {
	for _, v := range list {
		if !slices.Contains(others, v) {
			rest = append(rest, v)
		}
	}
	return rest
}

// Format implements fmt.Formatter and shows nothing that is secret.
func (a *App) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.name()) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (a *App) LogValue() slog.Value { return slog.StringValue(a.name()) }

func (a *App) name() string { return "zendesk.App(" + strconv.Quote(a.clientID) + ")" }
