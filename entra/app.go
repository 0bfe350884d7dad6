package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/tokens"
)

// Options are the settings of an App. The zero value is ready to use.
type Options struct {
	// Cloud is where the application is registered. Default Global.
	Cloud Cloud
	// HTTPClient asks the login host; its redirect policy, timeout and cookies
	// are not used. Default: connections that all Apps share.
	HTTPClient *http.Client
}

// App is an application that is registered with Microsoft Entra ID. It is safe
// for concurrent use; make it with New.
type App struct {
	tenant   string
	clientID string
	cloud    Cloud
	endpoint oauth2.Endpoint
	login    string // root of everything below the tenant
	http     *http.Client
	proves   bool // whether it has a credential
}

// tenants are the names and ids that can stand in a path.
var tenants = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$`)

// New returns the application with that client id. The tenant is its id or one
// of its domains, or "organizations" for an application of many tenants, whose
// people then sign in; it is the same for signing in and for renewing, since an
// application of one tenant is refused elsewhere (AADSTS50194). The credential
// proves that it is the application; nil is for public clients, such as programs on
// a person's own machine. New does no I/O.
func New(tenant, clientID string, credential Credential, opts *Options) (*App, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Cloud == (Cloud{}) {
		o.Cloud = Global
	}
	switch {
	case !tenants.MatchString(tenant):
		return nil, fmt.Errorf("entra: %q is not a tenant: give its id or one of its domains", tenant)
	case strings.EqualFold(tenant, "consumers"):
		return nil, errors.New("entra: a personal account has no mailbox in Exchange Online: give the organisation's tenant")
	case clientID == "" || strings.ContainsAny(clientID, " \r\n"):
		return nil, errors.New("entra: no client id: it is the Application (client) ID of the registration")
	case credential != nil && empty(credential):
		return nil, fmt.Errorf("entra: the credential is empty: %T without a value", credential)
	}
	login, err := rest.ParseBase(o.Cloud.Login)
	if err != nil {
		return nil, fmt.Errorf("entra: login host: %w", err)
	}
	if _, err := rest.ParseBase(o.Cloud.Graph); err != nil {
		return nil, fmt.Errorf("entra: Graph: %w", err)
	}
	a := &App{tenant: tenant, clientID: clientID, cloud: o.Cloud, login: login.JoinPath(tenant).String(), proves: credential != nil}
	a.endpoint = oauth2.Endpoint{
		AuthURL:       a.login + "/oauth2/v2.0/authorize",
		TokenURL:      a.login + "/oauth2/v2.0/token",
		DeviceAuthURL: a.login + "/oauth2/v2.0/devicecode",
		AuthStyle:     oauth2.AuthStyleInParams, // trying out which one is right would use up a code
	}
	a.http = rest.TokenClient(o.HTTPClient)
	if credential != nil {
		a.http.Transport = &prover{next: a.http.Transport, credentials: several(credential), clientID: clientID, tokenURL: a.endpoint.TokenURL}
	}
	return a, nil
}

// ClientID returns the application's id.
func (a *App) ClientID() string { return a.clientID }

// Cloud returns the cloud that the application is registered in.
func (a *App) Cloud() Cloud { return a.cloud }

// config is without a secret: the App's HTTP client adds what proves who asks.
func (a *App) config(redirect string, scopes []string) *oauth2.Config {
	return &oauth2.Config{ClientID: a.clientID, Endpoint: a.endpoint, RedirectURL: redirect, Scopes: a.join(scopes)}
}

func (a *App) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, a.http)
}

// Source returns the source of the tokens of a person who has signed in, which
// SignedIn was Put into the store for. It does no I/O.
func (a *App) Source(account string, store tokens.Store) (*tokens.Source, error) {
	return tokens.NewSource(account, store, a.config("", nil), &tokens.SourceOptions{HTTPClient: a.http})
}

// SignedIn is what tokens.Put keeps of a sign-in with this application; user is
// who signed in, for people to read.
func (a *App) SignedIn(token *oauth2.Token, user string) tokens.SignIn {
	return tokens.SignIn{Token: token, ClientID: a.clientID, TokenURL: a.endpoint.TokenURL, User: user}
}

// Try renews a sign-in once before it is kept: what is wrong with that, such as the
// wrong kind of tenant, would show in an hour otherwise. It returns where the renewed
// sign-in is, for tokens.Copy to keep, and a source of its tokens until then. An
// error of the login host is a *tokens.Error.
func (a *App) Try(ctx context.Context, account string, in tokens.SignIn) (*tokens.Memory, *tokens.Source, error) {
	trial := new(tokens.Memory)
	if err := tokens.Put(ctx, trial, account, in); err != nil {
		return nil, nil, err
	}
	source, err := a.Source(account, trial)
	if err != nil {
		return nil, nil, err
	}
	source.Refused(in.Token)
	if _, err := source.TokenContext(ctx); err != nil {
		return nil, nil, err
	}
	return trial, source, nil
}

// AppSource returns the source of the application's own tokens, with all the
// permissions that an administrator has granted it ("OAuth 2.0 client credentials
// flow"). It takes a credential and the tenant's own name. It does no I/O.
func (a *App) AppSource() (*tokens.AppSource, error) {
	switch {
	case !a.proves:
		return nil, errors.New("entra: an application that signs in by itself needs a credential: a secret, a certificate or a federated one")
	case strings.EqualFold(a.tenant, "organizations"), strings.EqualFold(a.tenant, "common"):
		return nil, fmt.Errorf("entra: an application cannot sign in by itself to %q: give the id or a domain of the tenant whose mailbox it is", a.tenant)
	}
	config := clientcredentials.Config{ClientID: a.clientID, TokenURL: a.endpoint.TokenURL, AuthStyle: oauth2.AuthStyleInParams,
		Scopes: []string{a.cloud.permission(".default")}}
	return tokens.NewAppSource(func(ctx context.Context) (*oauth2.Token, error) {
		return config.Token(a.context(ctx))
	}), nil
}
