package graph

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// Account is who signed in.
type Account struct {
	ID                string // the user's object id
	Name              string // as the directory has it
	Address           string // of the mailbox; the principal name if the directory has none
	UserPrincipalName string // the name that is signed in with
}

// WhoSignedIn asks Graph whose token it is ("Get a user", /me), which takes
// User.Read. Of the options BaseURL and HTTPClient are used. An application's
// token is nobody's, and an error: 400.
func WhoSignedIn(ctx context.Context, tokens oauth2.TokenSource, opts *Options) (*Account, error) {
	var c Client
	if err := c.dial(tokens, cmp.Or(opts, new(Options))); err != nil {
		return nil, err
	}
	return c.whoSignedIn(ctx)
}

func (c *Client) whoSignedIn(ctx context.Context) (*Account, error) {
	var out struct {
		ID, DisplayName, Mail, UserPrincipalName string
	}
	req := &rest.Request{Op: "read who signed in", Path: []string{"me"}, Apart: true, Query: query("$select", "id,displayName,mail,userPrincipalName")}
	if _, err := c.rest.JSON(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.ID == "" || out.UserPrincipalName == "" {
		return nil, explain(&rest.Failure{Op: req.Op, Status: http.StatusOK, Wait: -1, Err: errors.New("the answer is not a user")})
	}
	return &Account{ID: out.ID, Name: out.DisplayName, Address: cmp.Or(out.Mail, out.UserPrincipalName), UserPrincipalName: out.UserPrincipalName}, nil
}
