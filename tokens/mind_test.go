package tokens_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/tokens"
)

// Who uses a Source hears within a minute that somebody has disconnected, or has
// signed in anew, although the access token is good for an hour.
func TestSourceMinds(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		b.token(s, "access-0")
		b.put("access-a", "refresh-a", time.Hour)
		b.token(s, "access-0")
		time.Sleep(time.Minute)
		_, _ = s.Token() // which looks, and does not wait
		synctest.Wait()
		b.token(s, "access-a")

		require.NoError(t, tokens.Forget(t.Context(), b.store, account))
		time.Sleep(time.Minute)
		_, _ = s.Token()
		synctest.Wait()
		for range 2 {
			_, err := s.Token()
			require.ErrorIs(t, err, tokens.ErrMissing)
		}
		b.put("access-b", "refresh-b", time.Hour)
		b.token(s, "access-b")
		require.Zero(t, b.endpoint.count())
	})
}

// gate is a Store whose Loads wait, or fail.
type gate struct {
	tokens.Store
	open chan struct{} // nil is open
	err  error
	n    int
}

func (g *gate) Load(ctx context.Context, account string) ([]byte, string, error) {
	g.n++
	if g.open != nil {
		<-g.open
	}
	if g.err != nil {
		return nil, "", g.err
	}
	return g.Store.Load(ctx, account)
}

// Nobody waits for that look, and no trouble with the Store ends a good token.
func TestSourceMindsAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		g := &gate{Store: b.store}
		s := b.source(g)
		b.token(s, "access-0")
		for _, g.err = range []error{errors.New("it is down"), tokens.ErrSealed} {
			time.Sleep(time.Minute)
			before := g.n
			g.open = make(chan struct{})
			for range 3 {
				at := time.Now()
				b.token(s, "access-0")
				require.Zero(t, time.Since(at))
			}
			synctest.Wait()
			close(g.open)
			synctest.Wait()
			b.token(s, "access-0")
			require.Equal(t, before+1, g.n, "once a minute")
		}
		g.open, g.err = nil, nil

		// A token that is refused while somebody looks is not handed out by that.
		time.Sleep(time.Minute)
		g.open = make(chan struct{})
		token, err := s.Token()
		require.NoError(t, err)
		synctest.Wait()
		s.Refused(token)
		time.AfterFunc(time.Second, func() { close(g.open) })
		b.token(s, "access-1")
	})
}
