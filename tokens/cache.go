package tokens

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// cache hands out an access token for as long as it is good, and has it renewed
// once for all who ask meanwhile.
type cache struct {
	leeway time.Duration
	looks  time.Duration // how often what is kept is looked at; 0 is never
	renew  func(ctx context.Context, refused string) (*record, *Error)
	brake  brake // the flight's alone

	mu      sync.Mutex // never held during I/O; guards what follows
	current *record
	settled time.Time // until then current need not be asked for again
	looked  time.Time // when what is kept was looked at
	refused string    // access token that the service does not take
	flight  *flight
}

// brake keeps a service that takes no token at all from having one renewed for
// each request: five are, and then one a minute.
type brake struct {
	at   [5]time.Time // of the last ones
	next int          // the oldest
}

func (b *brake) on(now time.Time) bool {
	return now.Sub(b.at[b.next]) < time.Duration(len(b.at))*time.Minute
}

func (b *brake) spend(now time.Time) {
	b.at[b.next] = now
	b.next = (b.next + 1) % len(b.at)
}

// flight is one renewal, for all who wait for it.
type flight struct {
	refused string // when it began
	done    chan struct{}
	record  *record
	err     error
}

const (
	leeway = 5 * time.Minute
	// flying bounds one renewal: a claim of another's, and one's own.
	flying = 90 * time.Second
	// settling is how long after a try a token that ends soon is handed out
	// without another one.
	settling = time.Second
	// minding is how often a Source looks whether there still is a sign-in, and
	// which one: its access token is good for an hour and more.
	minding = time.Minute
)

// Token implements oauth2.TokenSource. It returns within a minute and a half, if
// the Store does.
func (c *cache) Token() (*oauth2.Token, error) { return c.TokenContext(context.Background()) }

// TokenContext is Token for a caller who may leave before there is one. A
// renewal that has begun goes on. The token has no refresh token.
func (c *cache) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("tokens: waiting for a token: %w", context.Cause(ctx))
	}
	for {
		c.mu.Lock()
		now, r, refused := time.Now(), c.current, c.refused
		will := r.good(now) && (r.fresh(now, c.leeway) || now.Before(c.settled)) && r.Access != refused
		f := c.flight
		if f == nil && (!will || c.looks > 0 && now.Sub(c.looked) >= c.looks) {
			f = &flight{refused: refused, done: make(chan struct{})}
			c.flight = f
			go c.fly(f)
		}
		c.mu.Unlock()
		if will {
			return r.token(), nil // the next caller hears what was seen
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("tokens: waiting for a token: %w", context.Cause(ctx))
		}
		if f.err != nil {
			return nil, f.err
		}
		if f.refused == refused || f.record.Access != refused {
			return f.record.token(), nil
		}
	}
}

// Refused says that the service does not take this token, although it has not
// ended by its expiry: it may have none. The next call of Token renews it,
// unless somebody else has by then. After five times in five minutes Token hands
// it out nevertheless: another token does not mend what is wrong.
func (c *cache) Refused(token *oauth2.Token) {
	if token == nil || token.AccessToken == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil || c.current.Access == token.AccessToken {
		c.refused = token.AccessToken
	}
}

// fly is a flight. It does not end with its first caller: what a refresh token
// was spent for has to be saved.
func (c *cache) fly(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), flying)
	defer cancel()
	r, err := c.renew(ctx, f.refused)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		if c.current = r; r.Access == f.refused && c.refused == f.refused {
			c.refused = "" // there is no other for now
		}
	} else if old := c.current; old.good(time.Now()) && old.Access != c.refused && !err.final && err.temporary() {
		r, err = old, nil // it will do until then
	} else if c.looks > 0 && errors.Is(err, ErrMissing) {
		c.current = nil // somebody has disconnected
	}
	c.looked = time.Now()
	if f.record = r; err != nil {
		f.err = err
	} else {
		c.settled = time.Now().Add(settling)
	}
	c.flight = nil
	close(f.done)
}

// answered makes a record of an endpoint's answer.
func answered(token *oauth2.Token, asked time.Time) (*record, *Error) {
	r, err := newRecord(token, asked)
	if err == nil && !r.good(asked) {
		err = errors.New("the token has ended before it came")
	}
	if err != nil {
		return nil, &Error{Op: opRenew, Status: http.StatusOK, Err: fmt.Errorf("%w: %w", errAnswer, err), wait: -1, classes: passing}
	}
	return r, nil
}
