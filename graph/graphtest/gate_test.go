package graphtest_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func basic(user, pass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass))
}

// hold sends n requests for the folder list that stay in flight until release.
func (b *bench) hold(n int) (release func()) {
	b.Helper()
	require.NoError(b, b.fake.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/**", Times: n, Hang: true}))
	before := b.fake.Count()
	ctx, cancel := context.WithCancel(b.Context())
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, "GET", b.web.URL+b.user()+"/mailFolders/inbox/messages", nil)
			req.Header.Set("Authorization", "Bearer "+b.token)
			if resp, err := b.web.Client().Do(req); err == nil {
				resp.Body.Close()
			}
		})
	}
	require.Eventually(b, func() bool { return b.fake.Count() == before+n && b.fake.MaxInFlight() >= n }, 5*time.Second, time.Millisecond)
	return func() { cancel(); group.Wait() }
}

func TestGate(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("sales@contoso.test")
	release := b.hold(4)
	r := b.get(b.list())
	b.refused(r, 429, "ApplicationThrottled")
	require.Equal(t, "1", r.header.Get("Retry-After"))
	require.Equal(t, 5, b.fake.MaxInFlight())
	require.Len(t, b.fake.Violations(), 1)
	require.Equal(t, 200, b.get("/v1.0/users/sales@contoso.test/messages").status, "another mailbox")
	mine := b.token
	b.token = b.fake.TokenFor(graphtest.Grant{App: "another", AppOnly: true})
	require.Equal(t, 200, b.get(b.list()).status, "another application")
	b.token = mine
	release()
	require.Eventually(t, func() bool { return b.get(b.list("$top", "1")).status == 200 }, 5*time.Second, 10*time.Millisecond)
}

func TestBatchCountsForTheGate(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three", "four", "five", "six", "seven", "eight")
	for _, st := range b.batch(b.patches(ids)) {
		require.EqualValues(t, 200, st["status"], "a batch alone never trips the gate")
	}
	require.LessOrEqual(t, b.fake.MaxInFlight(), 4)
	release := b.hold(4)
	defer release()
	for _, st := range b.batch(b.patches(ids)) {
		require.EqualValues(t, 429, st["status"])
		require.Equal(t, "1", st["headers"].(map[string]any)["Retry-After"])
	}
}

func TestBudget(t *testing.T) {
	b := setup(t, &graphtest.Options{Budget: 3})
	for i := range 3 {
		require.Equal(t, 200, b.get(b.list("$top", fmt.Sprint(i+1))).status)
	}
	r := b.get(b.list())
	b.refused(r, 429, "TooManyRequests")
	require.Equal(t, "600", r.header.Get("Retry-After"))
	b.fake.Advance(10 * time.Minute)
	require.Equal(t, 200, b.get(b.list()).status)
}

func TestEarlyRetryIsAViolation(t *testing.T) {
	b := setup(t, nil)
	require.NoError(t, b.fake.Fault(graphtest.Fault{Status: 429, RetryAfter: "10", Times: 2}))
	b.refused(b.get(b.list()), 429, "TooManyRequests")
	b.fake.Advance(5 * time.Second)
	b.get(b.list())
	require.Len(t, b.fake.Violations(), 1)
	b.fake.Advance(11 * time.Second)
	require.Equal(t, 200, b.get(b.list()).status)
	require.Len(t, b.fake.Violations(), 1)
	require.Equal(t, 200, b.get(b.list()).status)
}

func TestFaults(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	path := "/v1.0/users/*/messages/*"
	fault := func(f graphtest.Fault) {
		b.fake.ClearFaults()
		f.Path = path
		require.NoError(t, b.fake.Fault(f))
	}
	for status, code := range map[int]string{503: "ErrorServerBusy", 504: "UnknownError", 500: "ErrorInternalServerError", 401: "InvalidAuthenticationToken", 418: "UnknownError"} {
		fault(graphtest.Fault{Status: status})
		r := b.get(b.message(id))
		b.refused(r, status, code)
		require.Contains(t, r.text, r.header.Get("Request-Id"))
	}
	fault(graphtest.Fault{Status: 500, Code: "ErrorCorruptData"})
	b.refused(b.get(b.message(id)), 500, "ErrorCorruptData")

	fault(graphtest.Fault{Method: "PATCH", Commit: true, Status: 504})
	b.refused(b.do("PATCH", b.message(id), `{"isRead":true}`), 504, "UnknownError")
	m, _ := b.fake.Message(id)
	require.True(t, m.IsRead, "the server acted")

	fault(graphtest.Fault{Drop: true, Times: -1}) // net/http repeats a GET by itself
	_, err := b.try("GET", b.message(id), "")
	require.Error(t, err)
	fault(graphtest.Fault{Cut: 20})
	_, err = b.try("GET", b.message(id), "")
	require.Error(t, err)
	mutable := b.get(b.message(id)).json["id"].(string)
	fault(graphtest.Fault{Status: 503})
	b.refused(b.get(b.message(mutable)), 503, "ErrorServerBusy") // "*" spans the slash of an id

	b.fake.ClearFaults()
	require.NoError(t, b.fake.Fault(graphtest.Fault{Path: "/*/oauth2/v2.0/token", Status: 503}))
	require.Equal(t, "temporarily_unavailable", b.ask("contoso.test", b.credentials()).json["error"])
	require.Equal(t, 200, b.ask("contoso.test", b.credentials()).status)
}

// A server in a bubble has the bubble's clock.
func TestSynctest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := graphtest.New(nil)
		token := fake.Token()
		get := func() int {
			req := httptest.NewRequest("GET", "/v1.0/me/messages", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			fake.ServeHTTP(w, req)
			return w.Code
		}
		require.Equal(t, 200, get())
		time.Sleep(time.Hour)
		require.Equal(t, 401, get())
	})
}
