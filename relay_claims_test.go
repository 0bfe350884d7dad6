package exdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// process is another process on the same mailbox, which knows nothing of this
// one.
func (w *world) process() *exdesk.Connector {
	w.Helper()
	w.connect()
	opts := w.opts
	opts.Relay.Claimer = &graph.Claims{Client: w.mailbox}
	conn, err := exdesk.New(w.mailbox, w.desk, &opts)
	require.NoError(w, err)
	return conn
}

// many is an Exchange that is as late as can be, and serves many clients.
func many() *graphtest.Options {
	o := late()
	o.InFlight, o.UploadBudget = -1, -1
	return o
}

// claims counts the claims that the mailbox holds.
func (w *world) claims() int {
	w.Helper()
	parent := w.folderIDs("?includeHiddenFolders=true&$filter=displayName%20eq%20'exdesk%20claims'")
	require.Len(w, parent, 1)
	return len(w.folderIDs("/" + parent[0] + "/childFolders?includeHiddenFolders=true&$top=1000"))
}

func (w *world) folderIDs(query string) (ids []string) {
	w.Helper()
	req := httptest.NewRequest("GET", w.graphURL+"/users/support@contoso.test/mailFolders"+query, nil)
	req.Header.Set("Authorization", "Bearer "+w.exchange.Token())
	rec := httptest.NewRecorder()
	w.exchange.ServeHTTP(rec, req)
	var out struct{ Value []struct{ ID string } }
	require.NoError(w, json.Unmarshal(rec.Body.Bytes(), &out), rec.Body.String())
	for _, v := range out.Value {
		ids = append(ids, v.ID)
	}
	return ids
}

// Several processes that are given the same notifications send each once, and
// none of them has to wait for anything to settle.
func TestClaims(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.opts.Relay.Limiter = exdesk.Unlimited
		names := []string{"ann", "bob", "cat", "dan"}
		begin := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			conn := w.process()
			for _, name := range names {
				wg.Go(func() {
					for range 100 {
						if r, err := conn.Relay(w.Context(), outbound(notice(name))); err == nil {
							if !r.Already && time.Since(begin) > time.Minute {
								t.Error("it had to wait")
							}
							return
						} else if wait, ok := exdesk.RetryAfter(err); ok {
							time.Sleep(wait + time.Duration(rand.N(1000))*time.Millisecond)
						} else {
							t.Error(err)
							return
						}
					}
					t.Error("it never leaves")
				})
			}
		}
		wg.Wait()
		require.Len(w, w.exchange.Sent(), len(names))

		// Claims that nobody needs any more are deleted.
		time.Sleep(2 * time.Hour)
		_, err := w.process().Relay(w.Context(), outbound(notice("eve")))
		require.NoError(w, err)
		require.Equal(w, 1, w.claims())
	})
}

// A claim whose holder dies ends, and who takes it over knows that something
// may have left.
func TestClaimsOutliveTheirHolder(t *testing.T) {
	for _, commit := range []bool{false, true} {
		relaying(t, many(), func(w *world) {
			conn := w.process()
			w.graphFault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Hang: true, Commit: commit})
			w.graphFault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/mailFolders/*", Hang: true, Times: -1})
			ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
			_, err := conn.Relay(ctx, outbound(notice("ann")))
			cancel()
			require.Error(w, err)
			w.heal()
			other := w.process()
			_, err = other.Relay(w.Context(), outbound(notice("ann")))
			require.ErrorIs(w, err, exdesk.ErrTemporary)
			require.ErrorContains(w, err, "another process is at this notification")
			time.Sleep(15 * time.Minute)
			r, err := other.Relay(w.Context(), outbound(notice("ann")))
			require.NoError(w, err)
			require.Equal(w, commit, r.Already)
			require.Len(w, w.exchange.Sent(), 1)
			require.Empty(w, w.drafts())
		})
	}
}

// Where folders cannot be filtered by how their names begin, all are looked at.
func TestClaimsWithoutTheFilter(t *testing.T) {
	relaying(t, many(), func(w *world) {
		w.tap(func(r *http.Request) *http.Response {
			if strings.Contains(r.URL.RawQuery, "startswith") {
				return &http.Response{StatusCode: 400, Header: http.Header{}, Request: r, Body: http.NoBody}
			}
			return nil
		}, nil)
		claims := &graph.Claims{Client: w.mailbox}
		for n := range 3 {
			c, err := claims.Claim(w.Context(), "support@contoso.test", "key")
			require.NoError(w, err)
			require.Equal(w, n == 0, c.Before.IsZero())
			c.Release(exdesk.ClaimUsed)
		}
	})
}

// However many claims there were, those of the last hour are left.
func TestClaimsAreSwept(t *testing.T) {
	relaying(t, many(), func(w *world) {
		claims := &graph.Claims{Client: w.mailbox}
		for n := range 1500 {
			c, err := claims.Claim(w.Context(), "support@contoso.test", fmt.Sprint("key", n))
			require.NoError(w, err)
			require.True(w, c.Before.IsZero())
			c.Release(exdesk.ClaimSent)
			time.Sleep(6 * time.Second)
		}
		require.Less(w, w.claims(), 900)
		again, err := claims.Claim(w.Context(), "support@contoso.test", "key1499")
		require.NoError(w, err)
		require.WithinDuration(w, time.Now().Add(-6*time.Second), again.Before, 3*time.Second)
		require.True(w, again.Sent)
		again.Release(exdesk.ClaimUnused)
	})
}
