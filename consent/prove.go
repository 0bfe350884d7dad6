package consent

import (
	"cmp"
	"context"
	"errors"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// proved is a sign-in that works, and is not in the Handler's Store yet.
type proved struct {
	store *tokens.Memory
	user  string
}

// otherError means that the account that signed in is not the mailbox.
type otherError struct{ user string }

// Error leaves the addresses to the page.
func (*otherError) Error() string {
	return "consent: the account that signed in is not the mailbox that was asked for"
}

// closedError means that the Inbox does not open to the account that signed in.
type closedError struct {
	user string
	err  error
}

func (e *closedError) Error() string { return "consent: the Inbox does not open: " + e.err.Error() }
func (e *closedError) Unwrap() error { return e.err }

// prove finds out whether a sign-in is the one that is wanted, and works.
func (h *Handler) prove(ctx context.Context, mailbox string, token *oauth2.Token) (*proved, error) {
	opts := h.graph
	who, err := graph.WhoSignedIn(ctx, oauth2.StaticTokenSource(token), &opts)
	if err != nil {
		return nil, err
	}
	user := cmp.Or(who.Address, who.UserPrincipalName)
	if opts.User = ""; !h.opts.Wants.Shared {
		opts.User = "me" // the address need not be the name in the directory
		if !same(who.Address, mailbox) && !same(who.UserPrincipalName, mailbox) {
			return nil, &otherError{user}
		}
	}
	store, source, err := h.app.Try(ctx, h.opts.Account(mailbox), h.app.SignedIn(token, user))
	if err != nil {
		return nil, err
	}
	opts.PageSize = 1
	client, err := graph.New(mailbox, source, &opts)
	if err != nil {
		return nil, err
	}
	for _, err := range client.Newest(ctx) {
		if err != nil && !errors.Is(err, exdesk.ErrDamaged) {
			return nil, &closedError{user, err}
		}
		break
	}
	return &proved{store, user}, nil
}
