package graph

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

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
	// used, nor its cookies. Default: connections with buffers for large mail, over
	// HTTP/1.1, shared by all Clients.
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
	rest    rest.Client
	address string
	opts    *Options // User, OutOfReach and PageSize; nil if none is set
	habits  habits
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
	c := &Client{address: address}
	if o.User != "" || o.OutOfReach != "" || o.PageSize != 0 {
		c.opts = &o
	}
	if err := c.dial(tokens, &o); err != nil {
		return nil, err
	}
	return c, nil
}

// dialled is the base URL that was parsed last: one string, and what it says. Most
// processes know one.
var dialled atomic.Pointer[struct {
	text string
	url  *url.URL
}]

var service = &rest.Service{
	UserAgent: "exdesk (+https://github.com/exdesk/exdesk)", InFlight: maxInFlight, Explain: explain, Elsewhere: uploadHost,
}

// options returns the settings of this Client alone.
func (c *Client) options() Options {
	if c.opts == nil {
		return Options{}
	}
	return *c.opts
}

func (c *Client) pageSize() int { return cmp.Or(c.options().PageSize, 100) }

// dial makes what sends the requests.
func (c *Client) dial(tokens oauth2.TokenSource, o *Options) error {
	text := cmp.Or(o.BaseURL, BaseURL)
	last := dialled.Load()
	if last == nil || last.text != text {
		base, err := rest.ParseBase(text)
		if err != nil {
			return fmt.Errorf("graph: base URL: %w", err)
		}
		last = &struct {
			text string
			url  *url.URL
		}{text, base}
		dialled.Store(last)
	}
	if tokens == nil {
		return errors.New("graph: no token source")
	}
	c.rest.Base, c.rest.HTTP, c.rest.Token = last.url, o.HTTPClient, tokens
	c.rest.Service = service
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
	user := c.options().User
	if user == "me" {
		return append([]string{"me"}, elements...)
	}
	return append([]string{"users", cmp.Or(user, c.address)}, elements...)
}

// immutable asks for ids that stay when a mail is moved between folders. It
// has to be asked on every request.
func immutable() http.Header { return http.Header{"Prefer": {immutableID}} }
