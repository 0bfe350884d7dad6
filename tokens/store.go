package tokens

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Store keeps something secret for each account. It is safe for concurrent use.
type Store interface {
	// Load returns what was saved for the account last, and a version that
	// stands for it. If there is nothing the error is an ErrNotFound, and the
	// version is good for Save nevertheless.
	Load(ctx context.Context, account string) (data []byte, version string, err error)
	// Save replaces what the version stands for and returns the version of what
	// it has saved. If that is not there any more, the error is an ErrChanged
	// and nothing was done. After another error nobody knows: data is there as
	// a whole, or not at all. Empty data removes what was there.
	Save(ctx context.Context, account string, data []byte, version string) (string, error)
}

var (
	// ErrNotFound means that a Store holds nothing for an account.
	ErrNotFound = fmt.Errorf("tokens: nothing is kept for the account: %w", exdesk.ErrNotFound)
	// ErrChanged means that somebody else has saved meanwhile.
	ErrChanged = fmt.Errorf("tokens: %w", exdesk.ErrConflict)
)

// Bounds on what a Store is given and gives.
const (
	mostAccount = 1 << 10
	mostData    = 1 << 20
)

func checkAccount(account string) error {
	if account == "" || len(account) > mostAccount {
		return fmt.Errorf("tokens: an account's name has 1 to %d octets, not %d", mostAccount, len(account))
	}
	return nil
}

func checkData(data []byte) error {
	if len(data) > mostData {
		return fmt.Errorf("tokens: %d octets are more than an account can have", len(data))
	}
	return nil
}

// SignIn is what a sign-in gave.
type SignIn struct {
	// Token is what the service answered, with a refresh token.
	Token *oauth2.Token
	// ClientID and TokenURL say which application the token was given to, and
	// where: a Source of another application, or of another cloud, does not use
	// it. "" is any.
	ClientID, TokenURL string
	// User is who signed in, for people to read.
	User string
}

// Put saves what somebody's sign-in gave, whatever was there for the account
// before. Sources that are in use find it by themselves, within a minute.
func Put(ctx context.Context, store Store, account string, in SignIn) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	if in.Token == nil {
		return errors.New("tokens: no token")
	}
	r, err := newRecord(in.Token, time.Now())
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	r.Client, r.TokenURL, r.User, r.Since = in.ClientID, in.TokenURL, in.User, r.Issued
	return overwrite(ctx, store, account, r.marshal())
}

// Forget removes what is kept for the account. Sources that are in use hear of it
// within a minute of being used. It does not tell the service: the tokens
// themselves stay good until they are revoked there.
func Forget(ctx context.Context, store Store, account string) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	return overwrite(ctx, store, account, nil)
}

// overwrite saves data over whatever is there, even what cannot be read.
func overwrite(ctx context.Context, store Store, account string, data []byte) error {
	for range 100 {
		_, version, err := store.Load(ctx, account)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrSealed) {
			return err
		}
		if err != nil && len(data) == 0 && errors.Is(err, ErrNotFound) {
			return nil
		}
		if _, err = store.Save(ctx, account, data, version); !errors.Is(err, ErrChanged) {
			return err
		}
		if err := rest.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("tokens: others save all the time: %w", exdesk.ErrTemporary)
}
