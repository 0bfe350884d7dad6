package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/tokens"
)

// mortal is the Store of a process that dies at one of its calls, before or after
// the call was done. From then on the process does nothing any more.
type mortal struct {
	tokens.Store
	calls int
	at    int
	after bool
}

var errDead = errors.New("this process is dead")

func (m *mortal) die(call func()) bool {
	m.calls++
	switch {
	case m.calls < m.at:
		call()
	case m.calls == m.at && m.after:
		call()
		return true
	}
	return m.calls >= m.at
}

func (m *mortal) Load(ctx context.Context, account string) (data []byte, version string, err error) {
	if m.die(func() { data, version, err = m.Store.Load(ctx, account) }) {
		return nil, "", errDead
	}
	return data, version, err
}

func (m *mortal) Save(ctx context.Context, account string, data []byte, version string) (out string, err error) {
	if m.die(func() { out, err = m.Store.Save(ctx, account, data, version) }) {
		return "", errDead
	}
	return out, err
}

// A process dies at any moment of a renewal: before and after each look at the
// Store and each change of it, so also between the service's answer and its
// saving. Another one then goes on, at once or when the claim has run out, except
// that a service which takes the second use of a refresh token for theft has to
// be signed in to again, and says so. Nobody ever gets a token that was not saved.
func TestSourceDies(t *testing.T) {
	for _, strict := range []bool{false, true} {
		for at := 1; at <= 3; at++ {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("strict=%v/call %d/after=%v", strict, at, after), func(t *testing.T) {
					inBubble(t, func(t *testing.T, b *bubble) {
						b.endpoint.forgiving = !strict
						time.Sleep(2 * time.Hour)
						dying := &mortal{Store: b.store, at: at, after: after}
						_, err := b.source(dying).Token()
						require.Error(t, err, "who is dead has no token")
						saved := b.kept()

						began := time.Now()
						token, err := b.source(b.store).Token()
						require.LessOrEqual(t, time.Since(began), 35*time.Second)
						if strict && at == 3 && !after { // answered and not saved
							require.ErrorIs(t, err, tokens.ErrRevoked)
							require.NotContains(t, saved, "refresh-1")
							return
						}
						require.NoError(t, err)
						require.Contains(t, b.kept(), token.AccessToken)
						// And it goes on.
						time.Sleep(2 * time.Hour)
						again, err := b.source(b.store).Token()
						require.NoError(t, err)
						require.NotEqual(t, token.AccessToken, again.AccessToken)
					})
				})
			}
		}
	}
}
