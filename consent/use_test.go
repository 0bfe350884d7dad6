package consent_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

// What somebody does while a Source renews outlives what the Source saves late.
func TestWhileRenewing(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		act   func(w *world)
		state consent.State
	}{
		"reconnect": {func(w *world) {
			w.ann.follow(w.ann.connect(support, graphtest.Answer{User: support}))
		}, consent.StateConnected},
		"disconnect": {func(w *world) { w.ann.post("/disconnect", support) }, consent.StateDisconnected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil, nil)
			w.ann.connected(support)
			source := w.source(support)
			first, err := source.Token()
			require.NoError(t, err)
			var kept string
			w.wire.onSend(func() { one.act(w); kept = w.kept(support) })
			source.Refused(first)
			_, err = source.Token()
			require.Equal(t, one.state == consent.StateDisconnected, errors.Is(err, tokens.ErrMissing), err)
			require.Equal(t, kept, w.kept(support))
			require.Equal(t, one.state, w.ann.look(support).State)
			require.Zero(t, w.entra.RefreshReuses())
		})
	}
}

// brittleStore fails in one call, of those since it was broken: before it does
// anything or after.
type brittleStore struct {
	tokens.Store
	n, at int // at 0 never
	after bool
}

var errBrittle = errors.New("the store broke")

func (s *brittleStore) fails() bool { s.n++; return s.n == s.at }

func (s *brittleStore) Load(ctx context.Context, account string) ([]byte, string, error) {
	if s.fails() {
		return nil, "", errBrittle
	}
	return s.Store.Load(ctx, account)
}

func (s *brittleStore) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	fails := s.fails()
	if fails && !s.after {
		return "", errBrittle
	}
	saved, err := s.Store.Save(ctx, account, data, version)
	if fails {
		return "", errBrittle
	}
	return saved, err
}

// Whenever the Store breaks during a reconnect, what is kept afterwards is one
// sign-in or the other, whole, and it works.
func TestStoreBreaks(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			store := &brittleStore{Store: new(tokens.Memory)}
			w := newWorld(t, nil, func(w *world) { w.store = store })
			w.ann.connected(support)
			before, changes := w.kept(support), len(w.events)
			back := w.ann.start(support, graphtest.Answer{User: support})
			store.n, store.at, store.after = 0, at, after
			p := w.ann.do("GET", back, nil)
			calls := store.n
			store.at = 0
			if p.StatusCode != http.StatusSeeOther {
				require.Equal(t, http.StatusServiceUnavailable, p.StatusCode, p.words())
				require.Len(t, w.events, changes)
				require.Equal(t, after && at == 3, before != w.kept(support), "a save that was not heard of")
			}
			token, err := w.source(support).Token()
			require.NoError(t, err)
			source := w.source(support)
			source.Refused(token)
			_, err = source.Token()
			require.NoError(t, err)
			require.Zero(t, w.entra.RefreshReuses())
			if calls < at {
				require.Greater(t, at, 3, "a look, a load and a save")
				break
			}
		}
	}
}
