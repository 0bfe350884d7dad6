package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/tokens"
)

// reply has the endpoint answer so from now on.
func (b *bubble) reply(status int, body string) {
	b.endpoint.set(func() {
		b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	})
}

// An endpoint that gives the same access token again, although it was refused, is
// asked once, and not until it gives another.
func TestSourceSameToken(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.reply(200, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-0","refresh_token":"refresh-0"}`)
		s := b.source(b.store)
		b.token(s, "access-0")
		s.Refused(&oauth2.Token{AccessToken: "access-0"})
		b.token(s, "access-0")
		require.Equal(t, 1, b.endpoint.count())
		b.token(s, "access-0")
		require.Equal(t, 1, b.endpoint.count())
	})
}

// A service that takes no token at all gets a new one now and then, and not for
// each request; what another process has got is taken all the same.
func TestRefusedAlways(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		for range 3600 {
			token, err := s.Token()
			require.NoError(t, err)
			s.Refused(token)
			time.Sleep(time.Second)
		}
		n := b.endpoint.count()
		require.Less(t, n, 100)
		require.Greater(t, n, 10, "it is tried again")
		b.put("person", "refresh-p", time.Hour)
		b.token(s, "person")
	})
	synctest.Test(t, func(t *testing.T) {
		n, same := 0, false
		s := tokens.NewAppSource(func(context.Context) (*oauth2.Token, error) {
			n++
			access := fmt.Sprintf("access-%d", n)
			if same {
				access = "the-same"
			}
			return &oauth2.Token{AccessToken: access, Expiry: time.Now().Add(time.Hour)}, nil
		})
		ask := func(want string) {
			t.Helper()
			for range 10 {
				token, err := s.Token()
				require.NoError(t, err)
				require.Equal(t, want, token.AccessToken)
			}
		}
		for range 3600 {
			token, err := s.Token()
			require.NoError(t, err)
			s.Refused(token)
			time.Sleep(time.Second)
		}
		require.Less(t, n, 100)
		require.Greater(t, n, 10)
		same = true
		time.Sleep(2 * time.Hour)
		before := n
		ask("the-same")
		require.Equal(t, before+1, n)
		s.Refused(&oauth2.Token{AccessToken: "the-same"})
		ask("the-same")
		require.Equal(t, before+2, n)
	})
}

// A new refresh token is kept even if the access token that came with it is of no
// use: the old one may be spent.
func TestSourceUseless(t *testing.T) {
	for name, answer := range map[string]string{
		"ended": `"token_type":"Bearer","expires_in":-5`,
		"short": `"token_type":"Bearer","expires_in":5`,
		"mac":   `"token_type":"mac","expires_in":3600`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bubble) {
				s := b.source(b.store)
				time.Sleep(time.Hour)
				b.reply(200, `{`+answer+`,"access_token":"SECRET","refresh_token":"refresh-9"}`)
				for range 3 {
					_, err := s.Token()
					require.ErrorIs(t, err, exdesk.ErrTemporary)
				}
				require.Equal(t, 1, b.endpoint.count())
				require.Contains(t, b.kept(), "refresh-9")
				require.NotContains(t, b.kept(), "claim")
				b.endpoint.set(func() { b.endpoint.answer, b.endpoint.valid = nil, "refresh-9" })
				time.Sleep(5 * time.Second)
				b.token(s, "access-1")
			})
		})
	}
}

// A Store is so slow that the claim has run out when it is written: the refresh
// token is not used then.
func TestSourceLateClaim(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = 15 * time.Second
		slow := &slowStore{Store: b.store, after: 25 * time.Second}
		time.Sleep(time.Hour)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.token(b.source(slow), "access-1")
		}()
		time.Sleep(10 * time.Second)
		b.token(b.source(b.store), "access-1")
		<-done
		require.Equal(t, 1, b.endpoint.count(), "the refresh token was used once")
	})
}

// slowStore hears of its first saving late.
type slowStore struct {
	tokens.Store
	after time.Duration
	n     atomic.Int32
}

func (s *slowStore) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	v, err := s.Store.Save(ctx, account, data, version)
	if s.n.Add(1) == 1 {
		time.Sleep(s.after)
	}
	return v, err
}

// Another machine's clock is behind by a minute: its claim counts nevertheless.
func TestSourceSlowClock(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = 10 * time.Second
		time.Sleep(time.Hour)
		behind := &faulty{Store: b.store}
		a := b.source(&behindStore{behind, time.Minute})
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.token(a, "access-1")
		}()
		time.Sleep(time.Second)
		b.token(b.source(b.store), "access-1")
		<-done
		require.Equal(t, 1, b.endpoint.count())
	})
}

// behindStore writes claims as a machine does whose clock is behind.
type behindStore struct {
	tokens.Store
	by time.Duration
}

func (s *behindStore) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	var r map[string]any
	if err := json.Unmarshal(data, &r); err != nil {
		return "", err
	}
	if c, ok := r["claim"].(map[string]any); ok {
		until, err := time.Parse(time.RFC3339Nano, c["until"].(string))
		if err != nil {
			return "", err
		}
		c["until"] = until.Add(-s.by)
		data, _ = json.Marshal(r)
	}
	return s.Store.Save(ctx, account, data, version)
}

// A Store that always says that somebody else was faster ends in an error, and is
// not asked as fast as it answers.
func TestLyingStore(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		n := 0
		liar := &faulty{b.store, func([]byte) (error, error) { n++; return tokens.ErrChanged, nil }}
		err := tokens.Put(context.Background(), liar, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "x"}})
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.Error(t, tokens.Forget(context.Background(), liar, account))
		require.Less(t, n, 1000)
		n = 0
		s := b.source(liar)
		time.Sleep(time.Hour)
		_, err = s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.NotErrorIs(t, err, exdesk.ErrConflict)
		require.Less(t, n, 2000)
		require.Zero(t, b.endpoint.count())
	})
}

// What was not said is nil.
func TestScopesUnsaid(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		state, err := tokens.Look(t.Context(), b.store, account)
		require.NoError(t, err)
		require.Nil(t, state.Scopes)
		s := tokens.NewAppSource(func(context.Context) (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "x"}, nil })
		scopes, err := s.Scopes(t.Context())
		require.NoError(t, err)
		require.Nil(t, scopes)
		// Neither are the ids of a refusal that have none.
		b.reply(400, `{"error":"invalid_grant","trace_id":"0a-1b"}`)
		time.Sleep(time.Hour)
		_, err = b.source(b.store).Token()
		require.Contains(t, err.Error(), "(trace 0a-1b)")
	})
}

// An endpoint that wants to be left alone for a year is asked again after ten
// minutes, by who is told to come back as well.
func TestRetryAfterAbsurd(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999")
			w.WriteHeader(503)
		}
		s := b.source(b.store)
		time.Sleep(time.Hour)
		_, err := s.Token()
		wait, ok := exdesk.RetryAfter(err)
		require.True(t, ok)
		require.Equal(t, 10*time.Minute, wait)
		b.endpoint.set(func() { b.endpoint.answer = nil })
		time.Sleep(wait)
		b.token(s, "access-1")
	})
}

// The Store is away for some seconds just when the answer has come: it is saved
// before another process takes the refresh token for free.
func TestSourceStoreAway(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		var away time.Time
		saves := 0
		store := &faulty{b.store, func([]byte) (error, error) {
			if saves++; saves == 2 {
				away = time.Now().Add(10 * time.Second)
			}
			if time.Now().Before(away) {
				return errFull, nil
			}
			return nil, nil
		}}
		time.Sleep(time.Hour)
		a := b.source(store)
		go func() { _, _ = a.Token() }() // who does not come again
		time.Sleep(time.Second)
		b.token(b.source(b.store), "access-1")
		require.Equal(t, 1, b.endpoint.count())
	})
}

// A proxy that lets nobody through is not an answer of the token endpoint.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(at)}
	defer transport.CloseIdleConnections()
	store := new(tokens.Memory)
	require.NoError(t, tokens.Put(t.Context(), store, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "SECRET"}}))
	s, err := tokens.NewSource(account, store, config("https://login.contoso.test"), &tokens.SourceOptions{HTTPClient: &http.Client{Transport: transport}})
	require.NoError(t, err)
	_, err = s.Token()
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.ErrorContains(t, err, "the token endpoint cannot be reached: check the network and its proxy")
	require.NotContains(t, err.Error(), "SECRET")
}

// Who has waited long for another process does not begin what he cannot end.
func TestSourceLateTurn(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = 15 * time.Second
		time.Sleep(time.Hour)
		claim := func(text string) {
			_, v, err := b.store.Load(t.Context(), account)
			require.NoError(t, err)
			_, err = b.store.Save(t.Context(), account, fmt.Appendf(nil, `{"refresh_token":"refresh-0"%s}`, text), v)
			require.NoError(t, err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 8 {
				claim(fmt.Sprintf(`,"claim":{"by":"busy","until":%q}`, time.Now().Add(30*time.Second).Format(time.RFC3339Nano)))
				time.Sleep(10 * time.Second)
			}
			claim("")
		}()
		time.Sleep(time.Second)
		s := b.source(b.store)
		_, err := s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		<-done
		b.token(s, "access-1")
	})
}
