package exdesktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/tokens"
)

const account = "support@contoso.test"

// TokenStore tests a tokens.Store: that it replaces only what the caller has seen,
// keeps accounts apart, loses nothing while several processes save at once, and
// that their Sources use each refresh token once, and go on when one of them dies.
// With -short it leaves out what takes half a minute.
//
// fresh makes an empty Store and returns a function that opens it: each call as
// another process would. A Store that one process has for itself returns the same
// one.
func TokenStore(t *testing.T, fresh func(t *testing.T) (open func() tokens.Store)) {
	for name, test := range map[string]func(*testing.T, func() tokens.Store){
		"replaces":  storeReplaces,
		"accounts":  storeAccounts,
		"removes":   storeRemoves,
		"whole":     storeWhole,
		"cancelled": storeCancelled,
		"race":      storeRace,
		"renewal":   storeRenewal,
		"death":     storeDeath,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func storeReplaces(t *testing.T, open func() tokens.Store) {
	ctx, a, b := t.Context(), open(), open()
	_, none, err := a.Load(ctx, account)
	require.ErrorIs(t, err, tokens.ErrNotFound)
	require.ErrorIs(t, err, exdesk.ErrNotFound)
	_, err = a.Save(ctx, account, []byte("x"), "no version of mine")
	require.ErrorIs(t, err, tokens.ErrChanged, "a version that never was")
	require.ErrorIs(t, err, exdesk.ErrConflict)

	data := []byte("first")
	first, err := a.Save(ctx, account, data, none)
	require.NoError(t, err)
	data[0] = 'X' // which is the caller's own
	got, version, err := b.Load(ctx, account)
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
	require.Equal(t, first, version)
	got[0] = 'X'
	got, _, err = b.Load(ctx, account)
	require.NoError(t, err)
	require.Equal(t, "first", string(got))

	_, err = b.Save(ctx, account, []byte("late"), none)
	require.ErrorIs(t, err, tokens.ErrChanged)
	second, err := b.Save(ctx, account, []byte("first"), first)
	require.NoError(t, err)
	require.NotEqual(t, first, second, "the same data saved again is another version")
	_, err = a.Save(ctx, account, []byte("late"), first)
	require.ErrorIs(t, err, tokens.ErrChanged)
	got, version, err = a.Load(ctx, account)
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
	require.Equal(t, second, version)
}

// storeAccounts keeps accounts apart, whatever they are called.
func storeAccounts(t *testing.T, open func() tokens.Store) {
	ctx, s := t.Context(), open()
	names := []string{account, "Support@contoso.test", account + " ", "../x", "a/b", "a\x00b", ".", "*", "%", "日本", "'; --", strings.Repeat("x", 1024)}
	for _, name := range names {
		_, v, err := s.Load(ctx, name)
		require.ErrorIs(t, err, tokens.ErrNotFound, "%.20q", name)
		_, err = s.Save(ctx, name, []byte("of "+name), v)
		require.NoError(t, err, "%.20q", name)
	}
	for _, name := range names {
		got, _, err := open().Load(ctx, name)
		require.NoError(t, err)
		require.Equal(t, "of "+name, string(got))
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025)} {
		_, _, err := s.Load(ctx, bad)
		require.Error(t, err)
		_, err = s.Save(ctx, bad, []byte("x"), "")
		require.Error(t, err)
	}
}

// storeRemoves removes what empty data replaces; the versions from before stay
// old when there is something again.
func storeRemoves(t *testing.T, open func() tokens.Store) {
	ctx, s := t.Context(), open()
	_, none, err := s.Load(ctx, account)
	require.ErrorIs(t, err, tokens.ErrNotFound)
	first, err := s.Save(ctx, account, []byte("first"), none)
	require.NoError(t, err)
	second, err := s.Save(ctx, account, []byte("second"), first)
	require.NoError(t, err)
	_, err = s.Save(ctx, account, nil, first)
	require.ErrorIs(t, err, tokens.ErrChanged)
	_, err = s.Save(ctx, account, nil, second)
	require.NoError(t, err)
	_, gone, err := open().Load(ctx, account)
	require.ErrorIs(t, err, tokens.ErrNotFound)
	_, err = s.Save(ctx, account, []byte("late"), second)
	require.ErrorIs(t, err, tokens.ErrChanged)
	_, err = s.Save(ctx, account, []byte("again"), gone)
	require.NoError(t, err)
	_, err = s.Save(ctx, account, []byte("late"), second)
	require.ErrorIs(t, err, tokens.ErrChanged)
}

// storeWhole keeps every octet of what is as large as a sign-in with room to
// spare, and refuses what nothing is.
func storeWhole(t *testing.T, open func() tokens.Store) {
	ctx, s := t.Context(), open()
	data := make([]byte, 256<<10)
	for i := range data {
		data[i] = byte(i ^ i>>8)
	}
	_, v, err := s.Load(ctx, account)
	require.ErrorIs(t, err, tokens.ErrNotFound)
	v, err = s.Save(ctx, account, data, v)
	require.NoError(t, err)
	got, _, err := open().Load(ctx, account)
	require.NoError(t, err)
	require.True(t, string(got) == string(data), "what is kept is something else")
	_, err = s.Save(ctx, account, make([]byte, 2<<20), v)
	require.Error(t, err, "2 MB are no sign-in")
}

// storeCancelled may do what it was asked to when the caller has gone, and says
// so, or does nothing.
func storeCancelled(t *testing.T, open func() tokens.Store) {
	ctx, s := t.Context(), open()
	_, v, err := s.Load(ctx, account)
	require.ErrorIs(t, err, tokens.ErrNotFound)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, failed := s.Save(gone, account, []byte("x"), v)
	got, _, err := open().Load(ctx, account)
	if failed == nil {
		require.NoError(t, err)
		require.Equal(t, "x", string(got))
	} else if err != nil {
		require.ErrorIs(t, err, tokens.ErrNotFound)
	}
}

// storeRace counts together: of those who save over the same version one wins.
func storeRace(t *testing.T, open func() tokens.Store) {
	const processes, callers, each = 3, 4, 15
	var wg sync.WaitGroup
	var mu sync.Mutex
	winners := make(map[string]int) // by the version that was replaced
	for range processes {
		s := open()
		for range callers {
			wg.Go(func() {
				for done := 0; done < each; {
					data, v, err := s.Load(t.Context(), account)
					if err != nil && !errors.Is(err, tokens.ErrNotFound) {
						t.Errorf("loading: %v", err)
						return
					}
					n, _ := strconv.Atoi(string(data))
					switch _, err = s.Save(t.Context(), account, []byte(strconv.Itoa(n+1)), v); {
					case err == nil:
						done++
						mu.Lock()
						winners[v]++
						mu.Unlock()
					case !errors.Is(err, tokens.ErrChanged):
						t.Errorf("saving: %v", err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for v, n := range winners {
		require.Equal(t, 1, n, "version %q was replaced more than once", v)
	}
	data, _, err := open().Load(t.Context(), account)
	require.NoError(t, err)
	n, err := strconv.Atoi(string(data))
	require.NoError(t, err)
	// A Store may say ErrChanged of what it has saved if that was replaced at
	// once; it never says that it has saved what it has not.
	require.GreaterOrEqual(t, n, processes*callers*each)
}

// storeRenewal has several processes with many callers renew at once, at a token
// endpoint that ends the sign-in when a refresh token is used twice.
func storeRenewal(t *testing.T, open func() tokens.Store) {
	e := &endpoint{valid: "refresh-0"}
	server := httptest.NewServer(e)
	defer server.Close()
	config := &oauth2.Config{ClientID: "app", Endpoint: oauth2.Endpoint{TokenURL: server.URL + "/token"}}
	var sources []*tokens.Source
	for range 3 {
		s, err := tokens.NewSource(account, open(), config, nil)
		require.NoError(t, err)
		sources = append(sources, s)
	}
	require.NoError(t, tokens.Put(t.Context(), open(), account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}}))
	for round := 1; round <= 4; round++ {
		want := fmt.Sprintf("access-%d", round)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				got, err := sources[i%len(sources)].TokenContext(t.Context())
				if err != nil || got.AccessToken != want {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		wg.Wait()
		data, _, err := open().Load(t.Context(), account)
		require.NoError(t, err)
		require.Contains(t, string(data), fmt.Sprintf(`"refresh-%d"`, round), "what is handed out is saved before")
		for _, s := range sources {
			s.Refused(&oauth2.Token{AccessToken: want})
		}
	}
}

// endpoint takes each refresh token once.
type endpoint struct {
	mu    sync.Mutex
	n     int
	valid string
	dead  bool
	// forgiving takes old refresh tokens as well.
	forgiving bool
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	_ = r.ParseForm()
	e.mu.Lock()
	defer e.mu.Unlock()
	time.Sleep(2 * time.Millisecond) // so that others ask meanwhile
	w.Header().Set("Content-Type", "application/json")
	if e.dead || r.PostForm.Get("refresh_token") != e.valid && !e.forgiving {
		e.dead = true
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	e.n++
	e.valid = fmt.Sprintf("refresh-%d", e.n)
	_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": fmt.Sprintf("access-%d", e.n), "refresh_token": e.valid})
}
