package rest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/internal/rest"
)

// failure makes a Failure an error that tests can look into.
type failure struct{ *rest.Failure }

func (f failure) Error() string { return fmt.Sprintf("%s: %d: %v", f.Op, f.Status, f.Err) }
func (f failure) Unwrap() error { return f.Err }

// start serves h over in-memory connections, on which time can be virtual.
func start(t *testing.T, h http.HandlerFunc) *rest.Client {
	t.Helper()
	url, client, stop := memnet.Serve(h)
	t.Cleanup(stop)
	base, err := rest.ParseBase(url + "/v1")
	require.NoError(t, err)
	return &rest.Client{
		Base: base, HTTP: client, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "secret"}),
		Service: &rest.Service{InFlight: 4, Explain: func(f *rest.Failure) error { return failure{f} }},
	}
}

// get sends a request and returns the body.
func get(ctx context.Context, c *rest.Client, r *rest.Request) (string, error) {
	resp, err := c.Do(ctx, r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestParseBase(t *testing.T) {
	for _, good := range []string{"https://graph.microsoft.com/v1.0", "http://127.0.0.1:1/x/", "http://localhost", "http://[::1]:80"} {
		_, err := rest.ParseBase(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"http://example.com", "ftp://127.0.0.1", "https://u:p@example.com", "https://x?q=1", "u:p@example.com", "https://example.com/#q=1", "", "https://", "http://127.0.0.1.example.com", "\x00"} {
		_, err := rest.ParseBase(bad)
		require.Error(t, err, "%q", bad)
		require.NotContains(t, err.Error(), "p@")
		require.NotContains(t, err.Error(), "q=1")
	}
}

func TestPathElementsAreEscaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) })
		got, err := get(t.Context(), c, &rest.Request{Path: []string{"users", "a/b?c#d", "AAMk+/=="}, Query: "x=1"})
		require.NoError(t, err)
		require.Equal(t, "/v1/users/a%2Fb%3Fc%23d/AAMk+%2F==?x=1", got)
		for _, bad := range []string{"", ".", ".."} {
			_, err = get(t.Context(), c, &rest.Request{Path: []string{bad}})
			require.Error(t, err)
		}
	})
}

func TestForeignLinksGetNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hits atomic.Int32
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			hits.Add(1)
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		})
		for _, url := range []string{
			"http://evil.example/v1/x", "https://localhost/v1/x", "http://localhost:81/v1/x", "http://localhost/v2/x", "http://localhost/v1",
			"http://a@localhost/v1/x", "//evil.example/v1/x", "/v1/x", "http:localhost/v1/x", "\x7f",
		} {
			_, err := get(t.Context(), c, &rest.Request{URL: url})
			require.Error(t, err, url)
		}
		require.Zero(t, hits.Load())
		_, err := get(t.Context(), c, &rest.Request{URL: "http://LOCALHOST/v1/x?$skip=1"})
		require.ErrorIs(t, err, rest.ErrForeign, "a redirect is not followed")
		require.EqualValues(t, 1, hits.Load())
	})
}

func TestRetryAfterIsObeyedByEveryRequest(t *testing.T) {
	for _, value := range []string{"30", "date", "7.5"} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int32
			c := start(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 1 {
					v := value
					if v == "date" {
						v = time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)
					}
					w.Header().Set("Retry-After", v)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			begin := time.Now()
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := get(t.Context(), c, &rest.Request{Path: []string{"a"}, Method: "POST", JSON: 1})
				require.NoError(t, err)
			})
			wg.Go(func() {
				time.Sleep(time.Second)
				_, err := get(t.Context(), c, &rest.Request{Path: []string{"b"}})
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(begin), 7*time.Second, "others are held back as well")
			})
			wg.Wait()
			require.EqualValues(t, 3, n.Load())
			require.LessOrEqual(t, time.Since(begin), 31*time.Second)
		})
	}
}

func TestLongRetryAfterIsLeftToTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		for range 3 {
			_, err := get(t.Context(), c, &rest.Request{Path: []string{"a"}})
			var f failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, 429, f.Status)
			require.InDelta(t, time.Hour, f.Wait, float64(time.Second))
		}
		require.EqualValues(t, 1, n.Load(), "the service is left alone")
	})
}

func TestWhatIsSentAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		req    rest.Request
		want   int32 // requests
		doubt  bool
	}{
		{"GET after 503", 503, rest.Request{}, 4, false},
		{"POST after 503", 503, rest.Request{Method: "POST", JSON: 1}, 1, true},
		{"repeatable POST after 504", 504, rest.Request{Method: "POST", JSON: 1, Repeatable: true}, 4, true},
		{"POST after 429", 429, rest.Request{Method: "POST", JSON: 1}, 4, false},
		{"stream after 429", 429, rest.Request{Method: "POST", Stream: strings.NewReader("x"), Type: "text/plain"}, 1, false},
		{"GET after 404", 404, rest.Request{}, 1, false},
		{"GET after 501", 501, rest.Request{}, 1, false},
		{"GET after 401", 401, rest.Request{}, 1, false},
		{"GET dropped", 0, rest.Request{}, 4, false},
		{"POST dropped", 0, rest.Request{Method: "POST", JSON: 1}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int32
				client := start(t, func(w http.ResponseWriter, r *http.Request) {
					n.Add(1)
					_, _ = io.Copy(io.Discard, r.Body)
					if c.status == 0 {
						panic(http.ErrAbortHandler)
					}
					w.WriteHeader(c.status)
				})
				c.req.Path = []string{"x"}
				_, err := get(t.Context(), client, &c.req)
				var f failure
				require.ErrorAs(t, err, &f)
				require.Equal(t, c.status, f.Status)
				require.Equal(t, c.doubt, f.Doubt)
				require.Equal(t, c.want, n.Load())
			})
		})
	}
}

func TestRefusedConnectionLeavesNoDoubt(t *testing.T) {
	base, err := rest.ParseBase("http://127.0.0.1:1")
	require.NoError(t, err)
	c := &rest.Client{Base: base, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"}),
		Service: &rest.Service{Explain: func(f *rest.Failure) error { return failure{f} }}}
	_, err = c.Do(t.Context(), &rest.Request{Method: "POST", Path: []string{"x"}, JSON: 1, Op: "try"})
	var f failure
	require.ErrorAs(t, err, &f)
	require.False(t, f.Doubt)
}

// renewing is a token source that has a newer token from the second call on.
type renewing struct{ n atomic.Int32 }

func (r *renewing) Token() (*oauth2.Token, error) {
	if r.n.Add(1) == 1 {
		return &oauth2.Token{AccessToken: "old"}, nil
	}
	return &oauth2.Token{AccessToken: "new"}, nil
}

func TestRefusedTokenIsAskedForOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer new" {
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		c.Token = new(renewing)
		_, err := get(t.Context(), c, &rest.Request{Method: "POST", Path: []string{"x"}, JSON: 1})
		require.NoError(t, err)
	})
}

// ending is a token source whose sign-in ended after its first token.
type ending struct {
	given atomic.Bool
	err   error
}

func (e *ending) Token() (*oauth2.Token, error) {
	if e.given.Swap(true) {
		return nil, e.err
	}
	return &oauth2.Token{AccessToken: "old"}, nil
}

// Why there is no newer token than the one that was refused is told, unless it
// passes by itself.
func TestRefusedTokenSaysWhy(t *testing.T) {
	for _, c := range []struct {
		err  error
		says bool
	}{{errors.New("the password was changed"), true}, {&net.OpError{Op: "dial", Err: errors.New("refused")}, false}} {
		synctest.Test(t, func(t *testing.T) {
			client := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
			client.Token = &ending{err: c.err}
			_, err := get(t.Context(), client, &rest.Request{Path: []string{"x"}})
			var f failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, http.StatusUnauthorized, f.Status)
			require.False(t, f.Temporary())
			require.Equal(t, c.says, errors.Is(err, rest.ErrToken))
			require.Equal(t, c.says, errors.Is(err, c.err))
		})
	}
}

type badSource struct{ err error }

func (b badSource) Token() (*oauth2.Token, error) { return nil, b.err }

func TestTokenErrorsKeepSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(http.ResponseWriter, *http.Request) {})
		c.Token = badSource{&oauth2.RetrieveError{ErrorCode: "invalid_grant", Body: []byte("refresh_token=hunter2"), ErrorDescription: "hunter2"}}
		_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}})
		require.ErrorContains(t, err, "invalid_grant")
		require.NotContains(t, err.Error(), "hunter2")
	})
}

func TestTokenTrouble(t *testing.T) {
	for _, c := range []struct {
		err       error
		temporary bool
	}{
		{&oauth2.RetrieveError{ErrorCode: "invalid_grant", Response: &http.Response{StatusCode: 400}}, false},
		{&oauth2.RetrieveError{ErrorCode: "temporarily_unavailable", Response: &http.Response{StatusCode: 400}}, true},
		{&oauth2.RetrieveError{Response: &http.Response{StatusCode: 429}}, true},
		{&oauth2.RetrieveError{Response: &http.Response{StatusCode: 503}}, true},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		{nil, false}, // neither a token nor an error
		{errors.New("oauth2: token expired and refresh token is not set"), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := start(t, func(http.ResponseWriter, *http.Request) {})
			client.Token = badSource{c.err}
			_, err := get(t.Context(), client, &rest.Request{Path: []string{"x"}})
			var f failure
			require.ErrorAs(t, err, &f)
			require.ErrorIs(t, err, rest.ErrToken)
			require.Equal(t, c.temporary, f.Temporary(), "%v", c.err)
		})
	}
}

func TestDrippingAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(99 * time.Second)
			}
		})
		begin := time.Now()
		var out any
		_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"x"}}, &out)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(begin), time.Hour)
		time.Sleep(2 * time.Minute) // until the server has noticed
	})
}

// A request that stood in line while the service asked for silence keeps it.
func TestSilenceIsForThoseInLineToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quiet atomic.Int64
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			if until := quiet.Load(); until != 0 {
				require.GreaterOrEqual(t, time.Now().UnixNano(), until)
				return
			}
			time.Sleep(time.Second)
			quiet.Store(time.Now().Add(30 * time.Second).UnixNano())
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		c.InFlight = 1
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}})
				require.NoError(t, err)
			})
		}
		wg.Wait()
	})
}

func TestOnceIsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := start(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); w.WriteHeader(http.StatusServiceUnavailable) })
		_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}, Once: true})
		require.Error(t, err)
		require.EqualValues(t, 1, n.Load())
	})
}

type hangingSource struct{}

func (hangingSource) Token() (*oauth2.Token, error) { time.Sleep(24 * time.Hour); return nil, nil }

func TestContextEndsTheWaitForAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(http.ResponseWriter, *http.Request) {})
		c.Token = hangingSource{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := get(ctx, c, &rest.Request{Path: []string{"x"}})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(25 * time.Hour) // until the source has come back
	})
}

func TestStalledServiceIsGivenUp(t *testing.T) {
	for _, where := range []string{"before the answer", "in the answer"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, func(w http.ResponseWriter, r *http.Request) {
					if where == "in the answer" {
						_, _ = io.WriteString(w, "half")
						_ = http.NewResponseController(w).Flush()
					}
					<-r.Context().Done()
				})
				begin := time.Now()
				body, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}})
				require.ErrorContains(t, err, "no progress")
				if where == "in the answer" {
					require.Equal(t, "half", body)
				}
				require.Less(t, time.Since(begin), 10*time.Minute)
			})
		})
	}
}

func TestSlowConsumerIsNotAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20)) })
		resp, err := c.Do(t.Context(), &rest.Request{Path: []string{"x"}})
		require.NoError(t, err)
		defer resp.Body.Close()
		n := 0
		for buf := make([]byte, 200<<10); ; time.Sleep(time.Hour) {
			m, err := io.ReadFull(resp.Body, buf)
			if n += m; err != nil {
				break
			}
		}
		require.Equal(t, 1<<20, n)
	})
}

func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if strings.HasSuffix(r.URL.Path, "whole") {
				require.EqualValues(t, 1, n, "a request for all slots is alone")
			}
			time.Sleep(time.Second)
			now.Add(-1)
		})
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				r := &rest.Request{Path: []string{"one"}}
				if i%5 == 0 {
					r = &rest.Request{Path: []string{"whole"}, Slots: 4}
				}
				_, err := get(t.Context(), c, r)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.LessOrEqual(t, most.Load(), int32(4))
		require.Greater(t, most.Load(), int32(1))

		// An open body keeps its slot.
		resp, err := c.Do(t.Context(), &rest.Request{Path: []string{"one"}})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = get(ctx, c, &rest.Request{Path: []string{"whole"}, Slots: 4})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, resp.Body.Close(), "twice does no harm")
		_, err = get(t.Context(), c, &rest.Request{Path: []string{"whole"}, Slots: 4})
		require.NoError(t, err)
	})
}

func TestStreamBelongsToTheCallerAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) })
		src := &lonely{r: io.LimitReader(zeros{}, 8<<20)}
		_, err := get(t.Context(), c, &rest.Request{Method: "POST", Path: []string{"x"}, Stream: src, Type: "a/b"})
		var f failure
		require.ErrorAs(t, err, &f)
		src.owned.Store(true)
		_, err = io.Copy(io.Discard, src) // races, under -race, with a transport that still reads
		require.NoError(t, err)
	})
}

func TestBrokenStreamIsNotSentAsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the mail broke off")
		whole := make(chan bool, 1)
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			whole <- err == nil
		})
		_, err := get(t.Context(), c, &rest.Request{Method: "POST", Path: []string{"x"}, Type: "a/b",
			Stream: io.MultiReader(strings.NewReader("half"), failing{broken})})
		require.Error(t, err)
		require.False(t, <-whole)
	})
}

func TestEarlySuccessIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusCreated) })
		_, err := get(t.Context(), c, &rest.Request{Method: "POST", Path: []string{"x"}, Stream: io.LimitReader(zeros{}, 64<<20), Type: "a/b"})
		require.Error(t, err)
		_, err = get(t.Context(), c, &rest.Request{Method: "POST", Path: []string{"x"}, Type: "a/b",
			Body: func() io.Reader { return zeros{} }, Length: 64 << 20})
		require.Error(t, err)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A body of known length is made for each time that it is sent, and is sent as
// a whole or the request fails.
func TestBodyIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		var n, made int
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			n++
			got, err := io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			require.EqualValues(t, size, got)
			require.EqualValues(t, size, r.ContentLength)
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		body := func() io.Reader { made++; return io.LimitReader(zeros{}, size) }
		req := &rest.Request{Method: "PUT", Path: []string{"x"}, Body: body, Length: size, Type: "a/b", Repeatable: true}
		_, err := get(t.Context(), c, req)
		require.NoError(t, err)
		require.Equal(t, []int{3, 3}, []int{n, made})

		// A transport finds that a connection has ended when it has read some of it.
		var first io.Reader
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			first = r.Body
			_, err := io.CopyN(io.Discard, r.Body, 1000)
			require.NoError(t, err)
			again, err := r.GetBody()
			require.NoError(t, err)
			_, err = first.Read(make([]byte, 1))
			require.Error(t, err, "two are not read at once")
			got, err := io.Copy(io.Discard, again)
			require.NoError(t, err)
			require.EqualValues(t, size, got)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		})}
		c = &rest.Client{Base: c.Base, HTTP: c.HTTP, Token: c.Token, Service: c.Service}
		_, err = get(t.Context(), c, req)
		require.NoError(t, err)

		// What is shorter than it should be is not sent as whole.
		req.Body = func() io.Reader { return io.LimitReader(zeros{}, size-1) }
		_, err = get(t.Context(), start(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			require.Error(t, err)
		}), req)
		require.Error(t, err)
	})
}

func TestJSONIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/endless":
				_, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20))
			case "/v1/html":
				_, _ = io.WriteString(w, "<html>secret</html>")
			default:
				_, _ = io.WriteString(w, `{"a":1}`)
			}
		})
		var out struct{ A int }
		_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"good"}}, &out)
		require.NoError(t, err)
		require.Equal(t, 1, out.A)
		_, err = c.JSON(t.Context(), &rest.Request{Path: []string{"endless"}}, &out)
		require.ErrorContains(t, err, "longer than")
		_, err = c.JSON(t.Context(), &rest.Request{Path: []string{"html"}}, &out)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	})
}

func TestShorten(t *testing.T) {
	long := strings.Repeat(`ab\"\\\u00e9`, 100)
	answer := `{"a":"` + long + `","b":["x","` + strings.Repeat("y", 50<<20) + `"],"c":{"d":1},"e\"":"z"}`
	for _, chunk := range []int{1, 7, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, func(w http.ResponseWriter, r *http.Request) {
				for s := answer; s != ""; {
					n := len(s)
					if len(answer)-len(s) < 2000 {
						n = min(chunk, n)
					}
					_, _ = io.WriteString(w, s[:n])
					_ = http.NewResponseController(w).Flush()
					s = s[n:]
				}
			})
			var out struct {
				A string
				B []string
				C struct{ D int }
			}
			_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"x"}, Shorten: 12}, &out)
			require.NoError(t, err)
			require.Equal(t, strings.Repeat(`ab"\é`, 3)[:len(`ab"\éab"\éab`)], out.A, "never inside an escape")
			require.Equal(t, []string{"x", "yyyyyyyyyyyy"}, out.B)
			require.Equal(t, 1, out.C.D)
		})
	}
}

func TestServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))
		})
		_, known := c.Now()
		require.False(t, known)
		_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}})
		require.NoError(t, err)
		now, known := c.Now()
		require.True(t, known)
		require.WithinDuration(t, time.Now().Add(3*time.Hour), now, 2*time.Second)
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// lonely is a reader without a lock: the race detector sees who shares it.
type lonely struct {
	r     io.Reader
	n     int
	owned atomic.Bool
}

func (l *lonely) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.n += n
	return n, err
}
