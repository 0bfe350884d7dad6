package tokens

import (
	"context"
	"time"
)

// State is what is kept of a sign-in, as far as it is no secret.
type State struct {
	User    string    // who signed in; "" if nobody noted it
	Since   time.Time // when
	Renewed time.Time // when its tokens were renewed last
	Scopes  []string  // what was consented to; nil if the service did not say
	// Refused is the *Error with which the sign-in was refused since, which
	// somebody has to do something about; nil while it works. RefusedSince is
	// when that was first.
	Refused      error
	RefusedSince time.Time
}

// Look returns what is kept for an account. It asks the Store and nobody else:
// it tells what the Sources of the account, in any process, have last heard. The
// error is an *Error; ErrMissing if nobody has signed in.
func Look(ctx context.Context, store Store, account string) (*State, error) {
	if err := checkAccount(account); err != nil {
		return nil, err
	}
	r, _, err := load(ctx, store, account)
	if err != nil {
		return nil, err
	}
	s := &State{User: r.User, Since: r.Since, Renewed: r.Issued, Scopes: r.scopes()}
	if r.Trouble != nil {
		s.Refused, s.RefusedSince = r.Trouble.err(), r.Trouble.At
	}
	return s, nil
}
