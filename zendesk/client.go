package zendesk

import (
	"cmp"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Options are the settings of a Client. The zero value is ready to use.
type Options struct {
	// BaseURL is the account's root, without /api/v2. Default
	// https://{subdomain}.zendesk.com. Only a loopback host may be reached
	// without https.
	BaseURL string
	// HTTPClient sends the requests; its redirect policy and timeout are not
	// used, nor its cookies. Default: connections with buffers for large files, over
	// HTTP/1.1, shared by all Clients.
	HTTPClient *http.Client
	// Logger hears of fields that Zendesk did not know
	// (X-Zendesk-API-Warn). Default: nobody.
	Logger *slog.Logger
}

// Client is one Zendesk account. It is safe for concurrent use.
type Client struct {
	rest    rest.Client
	account string
	log     *slog.Logger
}

var _ interface {
	exdesk.Desk
	exdesk.Conversations
	exdesk.People
	exdesk.Importer
} = (*Client)(nil)

var subdomains = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}$`)

// New returns the account with that subdomain: "acme" for acme.zendesk.com.
// It does no I/O. Every request asks tokens for the current token; a token
// that was refused is asked for once more, in case the source has a newer one
// by then.
func New(subdomain string, tokens oauth2.TokenSource, opts *Options) (*Client, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	base, err := accountURL(subdomain, o.BaseURL, "/api/v2")
	if err != nil {
		return nil, err
	}
	if tokens == nil {
		return nil, errors.New("zendesk: no token source")
	}
	c := &Client{account: subdomain, log: cmp.Or(o.Logger, slog.New(slog.DiscardHandler))}
	c.rest.Base, c.rest.HTTP, c.rest.Token = base, o.HTTPClient, tokens
	c.rest.Service = &service
	return c, nil
}

var service = rest.Service{UserAgent: "exdesk (+https://github.com/exdesk/exdesk)", Explain: explain, Spent: spent, Narrow: narrow}

// Account returns the subdomain.
func (c *Client) Account() string { return c.account }

// Now returns the time that Zendesk's own clock shows, going by its last
// answer; false before the first. Zendesk forgets idempotency keys by it.
func (c *Client) Now() (time.Time, bool) { return c.rest.Now() }

// APIToken makes a token source of an API token and the e-mail address of the
// agent it acts as.
//
// Zendesk creates no new API tokens since 27 October 2026 and stops accepting
// the old ones on 30 April 2027 ("OAuth migration guide"): move to an OAuth
// client with the client_credentials grant.
func APIToken(email, token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{
		TokenType:   "Basic",
		AccessToken: base64.StdEncoding.EncodeToString([]byte(email + "/token:" + token)),
	})
}
