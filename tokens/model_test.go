package tokens_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
)

// ledger is a token endpoint that gives everybody who brings a refresh token
// another one, and counts how often each was brought.
type ledger struct {
	mu    sync.Mutex
	r     *rand.Rand
	n     int
	used  map[string]int
	twice []string
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	l.mu.Lock()
	lag := time.Duration(l.r.IntN(9000)) * time.Millisecond
	token := r.PostForm.Get("refresh_token")
	if l.used[token]++; l.used[token] > 1 {
		l.twice = append(l.twice, token)
	}
	l.n++
	body := fmt.Sprintf(`{"token_type":"Bearer","expires_in":%d,"access_token":"a%d","refresh_token":"r%d"}`, 60+l.r.IntN(3000), l.n, l.n)
	l.mu.Unlock()
	time.Sleep(lag)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, body)
}

func (l *ledger) doubles() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.twice
}

// moody is a Store that is slow and fails, before or after it has saved, and is
// away for some seconds now and then.
type moody struct {
	tokens.Store
	mu   sync.Mutex
	r    *rand.Rand
	away time.Time
}

func (m *moody) mood() (time.Duration, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.r.IntN(10) == 0 && now.Sub(m.away) > time.Minute {
		m.away = now.Add(time.Duration(m.r.IntN(8)) * time.Second)
	}
	lag, mood := time.Duration(m.r.IntN(1500))*time.Millisecond, m.r.IntN(8)
	if now.Before(m.away) {
		mood = 0
	}
	return lag, mood
}

func (m *moody) Load(ctx context.Context, account string) ([]byte, string, error) {
	lag, mood := m.mood()
	time.Sleep(lag)
	if mood == 0 {
		return nil, "", errFull
	}
	return m.Store.Load(ctx, account)
}

func (m *moody) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	lag, mood := m.mood()
	time.Sleep(lag)
	if mood == 0 {
		return "", errFull
	}
	v, err := m.Store.Save(ctx, account, data, version)
	if err == nil && mood == 1 {
		return "", errFull
	}
	return v, err
}

// Several processes, slow Stores that fail, an endpoint that takes its time,
// tokens that are refused, people who sign in and callers who leave: no refresh
// token is used twice, and in the end the one that is kept is good.
func TestSourceModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			l := &ledger{r: rand.New(rand.NewPCG(seed, 2)), used: make(map[string]int)}
			url, client, stop := memnet.Serve(l)
			defer stop()
			memory := new(tokens.Memory)
			put := func(n int) {
				require.NoError(t, tokens.Put(t.Context(), memory, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: fmt.Sprintf("person%d", n)}}))
			}
			put(0)
			var wg sync.WaitGroup
			for i := range 3 {
				s, err := tokens.NewSource(account, &moody{Store: memory, r: rand.New(rand.NewPCG(seed, uint64(10+i)))}, config(url), &tokens.SourceOptions{HTTPClient: client})
				require.NoError(t, err)
				for range 3 {
					mine := rand.New(rand.NewPCG(r.Uint64(), 3))
					wg.Go(func() {
						for range 60 {
							ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+mine.IntN(40))*time.Second)
							token, err := s.TokenContext(ctx)
							cancel()
							if err == nil && mine.IntN(4) == 0 {
								s.Refused(token)
							}
							time.Sleep(time.Duration(mine.IntN(200)) * time.Second)
						}
					})
				}
			}
			wg.Go(func() {
				for n := range 5 {
					time.Sleep(time.Duration(r.IntN(1800)) * time.Second)
					put(n + 1)
				}
			})
			wg.Wait()
			time.Sleep(10 * time.Minute)
			require.Empty(t, l.doubles(), "seed %d", seed)
			s, err := tokens.NewSource(account, memory, config(url), &tokens.SourceOptions{HTTPClient: client})
			require.NoError(t, err)
			s.Refused(&oauth2.Token{AccessToken: "any"})
			time.Sleep(24 * time.Hour)
			_, err = s.Token()
			require.NoError(t, err)
			require.Empty(t, l.doubles(), "seed %d", seed)
		})
	}
}
