package fault_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/fault"
)

// start serves a handler that counts, behind a script.
func start(t *testing.T, faults ...fault.Fault) (url string, acted *atomic.Int32, script *fault.Script) {
	t.Helper()
	acted = new(atomic.Int32)
	script = &fault.Script{Answer: func(w http.ResponseWriter, _ *http.Request, status int, code string) {
		w.WriteHeader(status)
		fmt.Fprint(w, code)
	}}
	for _, f := range faults {
		require.NoError(t, script.Add(f))
	}
	srv := httptest.NewServer(script.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		acted.Add(1)
		fmt.Fprintf(w, "heard %s", body)
	})))
	t.Cleanup(srv.Close)
	return srv.URL, acted, script
}

func post(url, body string) (int, string, error) {
	resp, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestWhoIsBefallen(t *testing.T) {
	t.Parallel()
	url, _, _ := start(t,
		fault.Fault{Path: "/a/*/c", Status: 500},
		fault.Fault{Path: "/deep/**", Status: 501, Skip: 1, Times: 2},
		fault.Fault{Method: "GET", Status: 502, Times: -1},
		fault.Fault{Contains: "bad word", Status: 503, Times: -1},
	)
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/a/b/c", "", 500}, {"/a/b/c", "", 200}, {"/a/b/c/d", "", 200},
		{"/deep/x/y", "", 200}, {"/deep/x", "", 501}, {"/deep", "", 200}, {"/deep/z/z/z", "", 501}, {"/deep/x", "", 200},
		{"/x", "a bad word", 503}, {"/x", "a good word", 200},
	} {
		status, body, err := post(url+c.path, c.body)
		require.NoError(t, err)
		require.Equal(t, c.want, status, "%+v", c)
		if c.want == 200 {
			require.Equal(t, "heard "+c.body, body, "a body that was looked into is whole")
		}
	}
	resp, err := http.Get(url + "/anything")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 502, resp.StatusCode)
}

func TestWhatHappens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault  fault.Fault
		status int
		body   string
		fails  bool
		acted  int32
	}{
		{fault.Fault{Status: 429, Code: "Slow"}, 429, "Slow", false, 0},
		{fault.Fault{Status: 429, Body: "text"}, 429, "text", false, 0},
		{fault.Fault{Commit: true, Status: 504}, 504, "", false, 1},
		{fault.Fault{Drop: true}, 0, "", true, 0},
		{fault.Fault{Commit: true, Drop: true}, 0, "", true, 1},
		{fault.Fault{Commit: true}, 0, "", true, 1},
		{fault.Fault{Cut: 3}, 200, "hea", true, 1},
		{fault.Fault{Delay: fault.Duration(time.Millisecond)}, 200, "heard x", false, 1},
	} {
		url, acted, script := start(t, c.fault)
		status, body, err := post(url, "x")
		require.Equal(t, c.fails, err != nil, "%+v: %v", c.fault, err)
		require.Equal(t, c.status, status)
		require.Equal(t, c.body, body)
		require.Equal(t, c.acted, acted.Load())
		require.NoError(t, script.Add(fault.Fault{Times: -1, Status: 500}))
		script.Clear()
		status, _, err = post(url, "x")
		require.NoError(t, err)
		require.Equal(t, 200, status)
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	url, acted, _ := start(t, fault.Fault{Commit: true, Hang: true})
	client := http.Client{Timeout: 50 * time.Millisecond}
	_, err := client.Post(url, "text/plain", strings.NewReader("x"))
	require.Error(t, err)
	require.EqualValues(t, 1, acted.Load())
}

func TestJSON(t *testing.T) {
	t.Parallel()
	f := fault.Fault{Path: "/x", Delay: fault.Duration(90 * time.Second), RetryAfter: "7"}
	b, err := json.Marshal(f)
	require.NoError(t, err)
	require.JSONEq(t, `{"path":"/x","delay":"1m30s","retryAfter":"7"}`, string(b))
	var back fault.Fault
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, f, back)
	require.Error(t, json.Unmarshal([]byte(`{"delay":5}`), &back))
	require.Error(t, new(fault.Script).Add(fault.Fault{Path: "["}))
}
