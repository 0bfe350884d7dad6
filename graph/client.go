package graph

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// BaseURL is Microsoft Graph v1.0 in the global cloud. National clouds have
// hosts of their own, whose tokens are good for nothing elsewhere.
const BaseURL = "https://graph.microsoft.com/v1.0"

// Options are the settings of a Client. The zero value is ready to use.
type Options struct {
	// User is whose mailbox it is, in the request's path: a user id or
	// principal name, or "me" for whoever signed in. Default: the address.
	User string
	// BaseURL is the service's root with its version. Default BaseURL. Only a
	// loopback host may be reached without https.
	BaseURL string
	// HTTPClient sends the requests; its redirect policy and timeout are not
	// used. Default: one for all mailboxes, with buffers for large mail, that speaks
	// HTTP/1.1.
	HTTPClient *http.Client
	// OutOfReach is the address of a mailbox that an application must not be able
	// to open. Check tries, and so proves that the application's access is limited
	// to the mailboxes that it is for. Nothing else is done with it.
	OutOfReach string
	// PageSize is how many mails are listed at a time, 1 to 1000. Default 100.
	PageSize int
}

// Client is one mailbox. It is safe for concurrent use.
type Client struct {
	rest     rest.Client
	address  string
	user     []string // the path of the user
	opts     Options
	pageSize int
	habits   habits
}

var _ exdesk.Mailbox = (*Client)(nil)

// New returns the mailbox with that address. It does no I/O. Every request
// asks tokens for the current token; a token that was refused is asked for
// once more, in case the source has a newer one by then.
func New(address string, tokens oauth2.TokenSource, opts *Options) (*Client, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	switch {
	case !isAddress(address):
		return nil, fmt.Errorf("graph: %q is not the address of a mailbox", address)
	case o.OutOfReach != "" && (!isAddress(o.OutOfReach) || strings.EqualFold(o.OutOfReach, address)):
		return nil, fmt.Errorf("graph: %q is not the address of another mailbox", o.OutOfReach)
	case o.PageSize < 0 || o.PageSize > 1000:
		return nil, fmt.Errorf("graph: page size %d is not between 1 and 1000", o.PageSize)
	}
	c := &Client{address: address, opts: o, pageSize: cmp.Or(o.PageSize, 100), user: []string{"users", cmp.Or(o.User, address)}}
	if o.User == "me" {
		c.user = []string{"me"}
	}
	if err := c.dial(tokens); err != nil {
		return nil, err
	}
	return c, nil
}

// dial makes what sends the requests.
func (c *Client) dial(tokens oauth2.TokenSource) error {
	base, err := rest.ParseBase(cmp.Or(c.opts.BaseURL, BaseURL))
	if err != nil {
		return fmt.Errorf("graph: base URL: %w", err)
	}
	if tokens == nil {
		return errors.New("graph: no token source")
	}
	c.rest.Base, c.rest.HTTP, c.rest.Token = base, c.opts.HTTPClient, tokens
	c.rest.UserAgent = "exdesk (+https://github.com/exdesk/exdesk)"
	c.rest.InFlight = maxInFlight
	c.rest.Explain, c.rest.Elsewhere = explain, uploadHost
	return nil
}

func isAddress(s string) bool {
	return strings.Count(s, "@") == 1 && !strings.ContainsAny(s, " \r\n<>")
}

// maxInFlight is how many requests Exchange serves an application at once in
// one mailbox.
const maxInFlight = 4

// Address returns the address of the mailbox.
func (c *Client) Address() string { return c.address }

// path returns a path below the user.
func (c *Client) path(elements ...string) []string {
	return append(c.user[:len(c.user):len(c.user)], elements...)
}

// immutable asks for ids that stay when a mail is moved between folders. It
// has to be asked on every request.
func immutable() http.Header { return http.Header{"Prefer": {immutableID}} }
