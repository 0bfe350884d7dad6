package rest_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// patient is a source that never has a token, and counts who waits for one.
type patient struct{ waiting atomic.Int32 }

func (p *patient) Token() (*oauth2.Token, error) { return p.TokenContext(context.Background()) }

func (p *patient) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(24 * time.Hour):
		return nil, errors.New("nothing")
	}
}

// Nobody goes on waiting in vain for a source that one can leave.
func TestNobodyWaitsForATokenInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := new(patient)
		c := start(t, func(http.ResponseWriter, *http.Request) {})
		c.Token = p
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := get(ctx, c, &rest.Request{Path: []string{"x"}})
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		synctest.Wait()
		require.Zero(t, p.waiting.Load())
		began := time.Now()
		_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}, Once: true})
		require.ErrorContains(t, err, "no progress")
		require.Equal(t, 100*time.Second, time.Since(began))
		require.True(t, err.(failure).Temporary())
	})
}

// What a token endpoint says is shown if it looks like a code.
func TestTokenErrorIsACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(http.ResponseWriter, *http.Request) {})
		c.Token = badSource{&oauth2.RetrieveError{ErrorCode: "ann@contoso.test hunter2", Response: &http.Response{StatusCode: 400}}}
		_, err := get(t.Context(), c, &rest.Request{Path: []string{"x"}})
		require.ErrorContains(t, err, "the token endpoint answered 400")
		require.NotContains(t, err.Error(), "ann@")
	})
}
