package exdesktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/tokens"
)

// mortal is a Store of a process that dies at one of its calls, before or after
// the call was done. From then on the process does nothing any more.
type mortal struct {
	tokens.Store
	at    int
	after bool
	died  func()

	mu    sync.Mutex
	calls int
}

var errDead = errors.New("this process is dead")

func (m *mortal) die(call func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.calls < m.at || m.calls == m.at && m.after {
		call()
	}
	if m.calls >= m.at {
		m.died()
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

// storeDeath has a process die at each step of a renewal, the one between the
// service's answer and its saving included, and another one go on, within half a
// minute, at a service that takes old refresh tokens, as Entra does.
func storeDeath(t *testing.T, open func() tokens.Store) {
	if testing.Short() {
		t.Skip("the claim of a process that died is obeyed for half a minute")
	}
	var wg sync.WaitGroup
	for at := 1; at <= 3; at++ { // it loads, claims and saves
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("%d%v@contoso.test", at, after)
			server := httptest.NewServer(&endpoint{valid: "refresh-0", forgiving: true})
			defer server.Close()
			config := &oauth2.Config{ClientID: "app", Endpoint: oauth2.Endpoint{TokenURL: server.URL + "/token"}}
			require.NoError(t, tokens.Put(t.Context(), open(), name, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}}))
			ctx, died := context.WithCancel(t.Context())
			defer died()
			dying, err := tokens.NewSource(name, &mortal{Store: open(), at: at, after: after, died: died}, config, nil)
			require.NoError(t, err)
			_, err = dying.TokenContext(ctx)
			require.Error(t, err, "who is dead hands out nothing")
			wg.Go(func() {
				s, err := tokens.NewSource(name, open(), config, nil)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				began := time.Now()
				token, err := s.TokenContext(t.Context())
				if err != nil || time.Since(began) > 45*time.Second {
					t.Errorf("%s: after %s: %v", name, time.Since(began), err)
					return
				}
				data, _, err := open().Load(t.Context(), name)
				if err != nil || !bytes.Contains(data, []byte(token.AccessToken)) {
					t.Errorf("%s: what was handed out is not what was saved: %v", name, err)
				}
			})
		}
	}
	wg.Wait()
}
