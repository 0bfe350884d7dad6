package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
)

// bubble is an endpoint and a Store in virtual time.
type bubble struct {
	*testing.T
	endpoint *endpoint
	store    tokens.Store
	url      string
	client   *http.Client
}

// inBubble runs f where somebody has just signed in, with a token that is
// good for an hour.
func inBubble(t *testing.T, f func(t *testing.T, b *bubble)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{T: t, endpoint: &endpoint{valid: "refresh-0", life: 3600}, store: new(tokens.Memory)}
		var stop func()
		b.url, b.client, stop = memnet.Serve(b.endpoint)
		defer stop()
		b.put("access-0", "refresh-0", time.Hour)
		f(t, b)
	})
}

func (b *bubble) put(access, refresh string, life time.Duration) {
	b.Helper()
	require.NoError(b, tokens.Put(b.Context(), b.store, account,
		tokens.SignIn{Token: &oauth2.Token{AccessToken: access, RefreshToken: refresh, Expiry: time.Now().Add(life)}}))
}

func (b *bubble) source(store tokens.Store) *tokens.Source {
	b.Helper()
	s, err := tokens.NewSource(account, store, config(b.url), &tokens.SourceOptions{HTTPClient: b.client})
	require.NoError(b, err)
	return s
}

func (b *bubble) token(s *tokens.Source, want string) {
	b.Helper()
	got, err := s.Token()
	require.NoError(b, err)
	require.Equal(b, want, got.AccessToken)
	require.Empty(b, got.RefreshToken)
}

func (b *bubble) kept() string {
	b.Helper()
	data, _, err := b.store.Load(b.Context(), account)
	require.NoError(b, err)
	return string(data)
}

func TestSource(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		b.token(s, "access-0")
		time.Sleep(54 * time.Minute)
		b.token(s, "access-0")
		require.Zero(t, b.endpoint.count())
		time.Sleep(2 * time.Minute) // within the leeway
		b.token(s, "access-1")
		require.Contains(t, b.kept(), "refresh-1")
		require.NotContains(t, b.kept(), "claim")
		b.token(b.source(b.store), "access-1")
		time.Sleep(24 * time.Hour)
		b.token(s, "access-2")
		require.Equal(t, 2, b.endpoint.count())
		// A short life is not spent on renewing.
		b.endpoint.set(func() { b.endpoint.life = 300 })
		time.Sleep(time.Hour)
		b.token(s, "access-3")
		time.Sleep(230 * time.Second)
		b.token(s, "access-3")
		time.Sleep(20 * time.Second)
		b.token(s, "access-4")
	})
}

// One renewal for many callers and several processes, again and again, on an
// endpoint that forgives nothing.
func TestSourceRace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := &endpoint{valid: "refresh-0", life: 3600, lag: 2 * time.Millisecond}
	url, client, stop := memnet.Serve(e)
	defer stop()
	keys := newKeys(t, "a")
	process := func() (tokens.Store, *tokens.Source) {
		store := &tokens.Sealed{Store: openFile(t, dir), Keeper: keys}
		s, err := tokens.NewSource(account, store, config(url), &tokens.SourceOptions{HTTPClient: client})
		require.NoError(t, err)
		return store, s
	}
	store, a := process()
	_, b := process()
	_, c := process()
	require.NoError(t, tokens.Put(t.Context(), store, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}}))
	for round := 1; round <= 5; round++ {
		var wg sync.WaitGroup
		for i := range 150 {
			wg.Go(func() {
				got, err := []*tokens.Source{a, b, c}[i%3].TokenContext(t.Context())
				if err != nil || got.AccessToken != fmt.Sprintf("access-%d", round) {
					t.Errorf("round %d: %v %v", round, got, err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, round, e.count())
		for _, s := range []*tokens.Source{a, b, c} {
			s.Refused(&oauth2.Token{AccessToken: fmt.Sprintf("access-%d", round)})
		}
	}
}

// A caller leaves; what he has begun is saved, and others have it.
func TestSourceLeave(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = 5 * time.Second
		s := b.source(b.store)
		time.Sleep(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.TokenContext(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = s.TokenContext(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		b.token(s, "access-1")
		require.Equal(t, 1, b.endpoint.count())
		require.Contains(t, b.kept(), "refresh-1")
	})
}

// faulty is a Store that can be broken.
type faulty struct {
	tokens.Store
	save func(data []byte) (before, after error)
}

func (f *faulty) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	var after error
	if f.save != nil {
		var before error
		if before, after = f.save(data); before != nil {
			return "", before
		}
	}
	v, err := f.Store.Save(ctx, account, data, version)
	return v, errors.Join(err, after)
}

var errFull = errors.New("the disk is full")

// A Store that cannot be written does not cost the refresh token.
func TestSourceUnwritable(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		store := &faulty{b.store, func([]byte) (error, error) { return errFull, nil }}
		s := b.source(store)
		time.Sleep(time.Hour)
		_, err := s.Token()
		require.ErrorIs(t, err, errFull)
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.Zero(t, b.endpoint.count())
		store.save = nil
		b.token(s, "access-1")
	})
}

// What cannot be saved is not handed out, and not lost.
func TestSourceUnsaved(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		saves := 0
		store := &faulty{b.store, func([]byte) (error, error) {
			if saves++; saves > 1 {
				return errFull, nil
			}
			return nil, nil
		}}
		s := b.source(store)
		time.Sleep(56 * time.Minute) // the old one would be good
		for range 2 {
			_, err := s.Token()
			require.ErrorIs(t, err, errFull)
			require.ErrorContains(t, err, "do not end it")
		}
		store.save = nil
		b.token(s, "access-1")
		require.Equal(t, 1, b.endpoint.count())
		require.Contains(t, b.kept(), "refresh-1")
	})
}

// The Store has saved, but its answer was lost.
func TestSourceSavedUnheard(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		saves := 0
		store := &faulty{b.store, func([]byte) (error, error) {
			if saves++; saves == 2 {
				return nil, errFull
			}
			return nil, nil
		}}
		s := b.source(store)
		time.Sleep(time.Hour)
		b.token(s, "access-1")
		require.Equal(t, 1, b.endpoint.count())
	})
}

// While one renews, somebody signs in: his token stays.
func TestSourceSignInMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = 5 * time.Second
		s := b.source(b.store)
		time.Sleep(time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() { b.token(s, "person") })
		time.Sleep(time.Second)
		b.put("person", "refresh-p", time.Hour)
		wg.Wait()
		require.Contains(t, b.kept(), "refresh-p")
		require.NotContains(t, b.kept(), "refresh-1")
	})
}

// A process dies with its claim: others wait half a minute, whatever its clock
// has said.
func TestSourceDeadClaim(t *testing.T) {
	for name, until := range map[string]time.Duration{"honest": time.Hour + 30*time.Second, "fast clock": 100 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bubble) {
				start := time.Now()
				_, v, err := b.store.Load(t.Context(), account)
				require.NoError(t, err)
				_, err = b.store.Save(t.Context(), account, fmt.Appendf(nil,
					`{"access_token":"access-0","refresh_token":"refresh-0","expiry":%q,"issued":%q,"claim":{"by":"dead","until":%q}}`,
					start.Add(time.Hour).Format(time.RFC3339), start.Format(time.RFC3339), start.Add(until).Format(time.RFC3339)), v)
				require.NoError(t, err)
				s := b.source(b.store)
				time.Sleep(56 * time.Minute)
				if name == "honest" {
					b.token(b.source(b.store), "access-0") // which is good, while another renews
				}
				time.Sleep(4 * time.Minute)
				before := time.Now()
				b.token(s, "access-1")
				require.InDelta(t, 30, time.Since(before).Seconds(), 1)
				require.Equal(t, 1, b.endpoint.count())
			})
		})
	}
}

// One was slower than his claim: what he got is neither lost nor lost to others,
// though the refresh token was refused to who took over.
func TestSourceSlow(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		slow := &faulty{Store: b.store}
		saves := 0
		slow.save = func([]byte) (error, error) {
			if saves++; saves == 2 {
				time.Sleep(32 * time.Second)
			}
			return nil, nil
		}
		time.Sleep(time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() { b.token(b.source(slow), "access-1") })
		time.Sleep(time.Second)
		b.token(b.source(b.store), "access-1")
		wg.Wait()
		require.Contains(t, b.kept(), "refresh-1")
		require.Equal(t, 2, b.endpoint.count()) // the second was refused
	})
}

// Another process has renewed without a claim: its token is taken, not an error.
func TestSourceRefreshedElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		time.Sleep(time.Hour)
		b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			b.put("theirs", "refresh-t", time.Hour)
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
		}
		b.token(b.source(b.store), "theirs")
	})
}

// QUIRK: an answer may call itself text/plain, for good or for ill.
func TestSourcePlain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		time.Sleep(time.Hour)
		b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(201)
			fmt.Fprint(w, `{"access_token":"plain","token_type":"bearer","refresh_token":"refresh-t","expires_in":300}`)
		}
		s := b.source(b.store)
		b.token(s, "plain")
		require.Contains(t, b.kept(), "refresh-t")
		b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		}
		time.Sleep(time.Hour)
		_, err := s.Token()
		require.ErrorIs(t, err, tokens.ErrClient)
	})
}

// A refusal is asked for once a minute, until somebody signs in.
func TestSourceRevoked(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		b.endpoint.set(func() { b.endpoint.dead = true })
		time.Sleep(56 * time.Minute)
		b.token(s, "access-0") // is still good
		time.Sleep(4 * time.Minute)
		for range 100 {
			_, err := s.Token()
			require.ErrorIs(t, err, tokens.ErrRevoked)
			require.ErrorIs(t, err, exdesk.ErrAuth)
			require.NotErrorIs(t, err, exdesk.ErrTemporary)
			require.NotContains(t, err.Error(), "ann@")
		}
		require.Equal(t, 2, b.endpoint.count())
		require.NotContains(t, b.kept(), "claim")
		time.Sleep(61 * time.Second)
		_, err := s.Token()
		require.ErrorIs(t, err, tokens.ErrRevoked)
		require.Equal(t, 3, b.endpoint.count())
		b.put("person", "refresh-p", time.Hour)
		b.token(s, "person")
	})
}

// Temporary trouble: the old token as long as it is good, then the error, and
// the endpoint is left alone as it wishes.
func TestSourceTrouble(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		time.Sleep(56 * time.Minute)
		b.endpoint.set(func() {
			b.endpoint.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(503)
			}
		})
		for range 10 {
			b.token(s, "access-0")
		}
		require.Equal(t, 1, b.endpoint.count())
		time.Sleep(4 * time.Minute)
		_, err := s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.NotErrorIs(t, err, exdesk.ErrAuth)
		wait, ok := exdesk.RetryAfter(err)
		require.True(t, ok)
		require.Equal(t, time.Minute, wait)
		// The adapters agree.
		mailbox, err := graph.New(account, s, &graph.Options{BaseURL: b.url, HTTPClient: b.client})
		require.NoError(t, err)
		_, err = mailbox.Mail(t.Context(), "x")
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.NotErrorIs(t, err, exdesk.ErrAuth)
		require.Equal(t, 2, b.endpoint.count())
		b.endpoint.set(func() { b.endpoint.answer = nil })
		time.Sleep(time.Minute)
		b.token(s, "access-1")
	})
}

// An endpoint that never answers, and one whose answer gets lost.
func TestSourceSilence(t *testing.T) {
	t.Run("lost", func(t *testing.T) {
		inBubble(t, func(t *testing.T, b *bubble) {
			// A service that takes the old refresh token once more, as Entra does.
			b.endpoint.answer = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
			s := b.source(b.store)
			time.Sleep(time.Hour)
			_, err := s.Token()
			require.ErrorIs(t, err, exdesk.ErrTemporary)
			require.NotErrorIs(t, err, exdesk.ErrAuth)
			require.Equal(t, 1, b.endpoint.count())
			b.endpoint.set(func() { b.endpoint.answer = nil })
			time.Sleep(5 * time.Second)
			b.token(s, "access-1")
		})
	})
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.lag = time.Minute
		s := b.source(b.store)
		time.Sleep(time.Hour)
		before := time.Now()
		_, err := s.Token()
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.ErrorContains(t, err, "does not answer within 20s")
		require.Equal(t, 20*time.Second, time.Since(before))
		time.Sleep(time.Minute)
	})
}

// Nobody has signed in: an ErrAuth, and never an ErrNotFound, which the
// Connector would take for a mail's.
func TestSourceMissing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.source(b.store)
		require.NoError(t, tokens.Forget(t.Context(), b.store, account))
		_, err := s.Token()
		require.ErrorIs(t, err, tokens.ErrMissing)
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.NotErrorIs(t, err, exdesk.ErrNotFound)
		b.put("access-0", "", time.Hour)
		b.token(s, "access-0")
		time.Sleep(time.Hour)
		_, err = s.Token()
		require.ErrorIs(t, err, tokens.ErrExpired)
		require.ErrorContains(t, err, "offline_access")

		_, v, err := b.store.Load(t.Context(), account)
		require.NoError(t, err)
		_, err = b.store.Save(t.Context(), account, []byte(`{"access_token":"SECRET`), v)
		require.NoError(t, err)
		_, err = s.Token()
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.ErrorContains(t, err, "damaged")
		require.NotContains(t, err.Error(), "SECRET")
		_, err = b.source(&tokens.Sealed{Store: b.store, Keeper: newKeys(t, "a")}).Token()
		require.ErrorIs(t, err, tokens.ErrSealed)
		_, err = b.source(&tokens.Sealed{Store: b.store, Keeper: keeper{err: errFull}}).Token()
		require.ErrorIs(t, err, tokens.ErrSealed) // not sealed at all
	})
}

// A token without expiry is good until it is refused.
func TestSourceRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.endpoint.life = 0
		s := b.source(b.store)
		time.Sleep(time.Hour)
		b.token(s, "access-1")
		time.Sleep(1000 * time.Hour)
		b.token(s, "access-1")
		s.Refused(&oauth2.Token{AccessToken: "access-0"}) // is not what is in use
		b.token(s, "access-1")
		s.Refused(&oauth2.Token{AccessToken: "access-1"})
		b.token(s, "access-2")
		b.token(s, "access-2")
		s.Refused(nil)
		require.Equal(t, 2, b.endpoint.count())
	})
}

func TestAnswers(t *testing.T) {
	const trace = `"trace_id":"0a-1b","correlation_id":"2c-3d","error_description":"AADSTS1: ann@contoso.test SECRET"`
	for _, c := range []struct {
		status int
		body   string
		class  error
		text   string
	}{
		{400, `{"error":"invalid_grant","error_codes":[50173],` + trace + `}`, tokens.ErrRevoked, "password was changed"},
		{400, `{"error":"invalid_grant"}`, tokens.ErrRevoked, "sign in again"},
		{400, `{"error":"invalid_grant","error_codes":[50057]}`, tokens.ErrRevoked, "disabled"},
		{400, `{"error":"invalid_grant","error_description":"AADSTS700082: ann@contoso.test"}`, tokens.ErrExpired, "AADSTS700082"},
		{400, `{"error":"invalid_grant","error_codes":[70043]}`, tokens.ErrExpired, "more often"},
		{400, `{"error":"invalid_grant","error_codes":[65001],"suberror":"consent_required"}`, tokens.ErrConsent, "consent"},
		{400, `{"error":"invalid_grant","suberror":"consent_required"}`, tokens.ErrConsent, "consent"},
		{400, `{"error":"consent_required"}`, tokens.ErrConsent, "consent"},
		{400, `{"error":"interaction_required","error_codes":[50076]}`, tokens.ErrInteraction, "screen"},
		{400, `{"error":"invalid_grant","error_codes":[53003]}`, tokens.ErrInteraction, "conditional access blocks"},
		{401, `{"error":"invalid_client","error_codes":[7000222]}`, tokens.ErrClient, "secret has expired"},
		{401, `{"error":"invalid_client"}`, tokens.ErrClient, "id and secret"},
		{400, `{"error":"unauthorized_client","error_codes":[700016]}`, tokens.ErrClient, "not known in the tenant"},
		{400, `{"error":"unsupported_grant_type"}`, exdesk.ErrAuth, "registration"},
		{200, `{"error":"invalid_grant"}`, tokens.ErrRevoked, ""},
		{429, `{"error":"invalid_grant"}`, exdesk.ErrTemporary, ""},
		{400, `{"error":"invalid_grant","error_codes":[90055]}`, exdesk.ErrTemporary, ""},
		{400, `{"error":"temporarily_unavailable"}`, exdesk.ErrTemporary, ""},
		{502, `<html>SECRET`, exdesk.ErrTemporary, "502 Bad Gateway"},
		{403, `<html>SECRET`, exdesk.ErrAuth, "token URL"},
		{302, ``, exdesk.ErrAuth, "token URL"},
		{400, `{"error":"SECRET\n","trace_id":"SECRET\n","error_codes":["x"]}`, exdesk.ErrAuth, "unknown_error"},
		{400, `{"error":{"title":"SECRET"}}`, exdesk.ErrAuth, ""},
		{200, `SECRET`, exdesk.ErrTemporary, "cannot be read"},
		{200, ``, exdesk.ErrTemporary, "cannot be read"},
		{200, `{"access_token":"SECRET","expires_in":"SECRET"}`, exdesk.ErrTemporary, "cannot be read"},
		{200, `{"access_token":"SECRET\r\nX: y"}`, exdesk.ErrTemporary, "cannot be read"},
		{200, `{"access_token":"SECRET","token_type":"mac"}`, exdesk.ErrTemporary, "cannot be read"},
		{200, `{"access_token":"SECRET","expires_in":-5}`, exdesk.ErrTemporary, "ended before"},
		{200, `{"access_token":"","refresh_token":"SECRET"}`, exdesk.ErrTemporary, "cannot be read"},
	} {
		t.Run(fmt.Sprint(c.status, c.body), func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bubble) {
				var elsewhere atomic.Int32
				b.endpoint.answer = func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != "/token" {
						elsewhere.Add(1)
					}
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(c.status)
					fmt.Fprint(w, c.body)
				}
				time.Sleep(time.Hour)
				_, err := b.source(b.store).Token()
				var e *tokens.Error
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, c.class)
				require.NotEqual(t, errors.Is(err, exdesk.ErrAuth), errors.Is(err, exdesk.ErrTemporary))
				require.ErrorContains(t, err, c.text)
				for _, s := range []string{"SECRET", "ann@", "refresh-0", "access-0", "s&cret", "\n"} {
					require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), s)
				}
				if e.AADSTS == 50173 {
					require.Contains(t, err.Error(), "(trace 0a-1b, correlation 2c-3d)")
				}
				require.Contains(t, b.kept(), "refresh-0")
				require.Zero(t, elsewhere.Load())
				require.Equal(t, 1, b.endpoint.count())
			})
		})
	}
}

func TestNewSource(t *testing.T) {
	t.Parallel()
	m, good := new(tokens.Memory), config("https://login.microsoftonline.com/t/oauth2/v2.0")
	_, err := tokens.NewSource(account, m, good, nil)
	require.NoError(t, err)
	for _, bad := range []func() (*tokens.Source, error){
		func() (*tokens.Source, error) { return tokens.NewSource("", m, good, nil) },
		func() (*tokens.Source, error) { return tokens.NewSource(account, nil, good, nil) },
		func() (*tokens.Source, error) { return tokens.NewSource(account, m, nil, nil) },
		func() (*tokens.Source, error) {
			return tokens.NewSource(account, m, &oauth2.Config{ClientID: "x"}, nil)
		},
		func() (*tokens.Source, error) {
			return tokens.NewSource(account, m, config("http://contoso.test"), nil)
		},
		func() (*tokens.Source, error) {
			return tokens.NewSource(account, m, good, &tokens.SourceOptions{Leeway: -1})
		},
	} {
		_, err := bad()
		require.Error(t, err)
	}
}
