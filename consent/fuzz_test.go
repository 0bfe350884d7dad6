package consent_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// nowhere is a network that leads nowhere, and counts what is sent.
type nowhere struct{ sent atomic.Int64 }

func (n *nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	n.sent.Add(1)
	return nil, io.ErrUnexpectedEOF
}

// FuzzCallback: whatever comes back that was not begun here leads nowhere, and
// nothing of it is in the page but as text. A code is redeemed only with the state
// and the cookie that were made together, and once.
func FuzzCallback(f *testing.F) {
	f.Add("code=0.AX&state=ABCDEFGHIJKLMNOPQRSTUVWXYZ&session_state=1", "exdesk-try-00000000000000000000=AQAA")
	f.Add("error=access_denied&error_description=AADSTS65004%3A+x&state=a", "exdesk-notice=AQAA; exdesk-notice=")
	f.Add("admin_consent=True&tenant=contoso.test&state=administrator", "")
	f.Add("admin_consent=True&error=%3Cscript%3E&state=administrator", "exdesk-try-")
	f.Add("state=&state=&%zz;", "\x00=\"")
	wire, store := new(nowhere), new(tokens.Memory)
	hc := &http.Client{Transport: wire}
	app, err := entra.New("contoso.test", "app", entra.Secret("secret"), &entra.Options{HTTPClient: hc})
	require.NoError(f, err)
	h, err := consent.New(app, store, &consent.Options{URL: "http://localhost/mail", Mailboxes: consent.Only(support), Graph: &graph.Options{HTTPClient: hc}})
	require.NoError(f, err)
	visit := func(query, cookie string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/mail/callback", nil)
		r.URL.RawQuery = query
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	f.Fuzz(func(t *testing.T, query, cookie string) {
		for _, path := range []string{"/mail/callback", "/mail/", "/mail/disconnect"} {
			r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
			r.URL.RawQuery = query
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusServiceUnavailable}, w.Code)
			if q, _ := url.ParseQuery(query); path == "/mail/callback" && q.Get("state") != "administrator" {
				require.Equal(t, http.StatusBadRequest, w.Code)
			}
			require.Empty(t, w.Header().Get("Location"))
			body := w.Body.String()
			require.True(t, strings.HasPrefix(body, "<!DOCTYPE html>"), body)
			require.NotContains(t, strings.ToLower(body), "<script")
			require.Equal(t, 1, strings.Count(body, "<main>"))
		}
		require.Zero(t, wire.sent.Load())
		form := httptest.NewRequest(http.MethodPost, "http://localhost/mail/start", strings.NewReader("mailbox="+url.QueryEscape(support)))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		form.Header.Set("Sec-Fetch-Site", "same-origin")
		begun := httptest.NewRecorder()
		h.ServeHTTP(begun, form)
		to, err := url.Parse(begun.Header().Get("Location"))
		require.NoError(t, err)
		state := to.Query().Get("state")
		require.NotEmpty(t, state, begun.Body)
		mine := begun.Result().Cookies()[0]
		made := mine.Name + "=" + mine.Value
		good := "code=c&state=" + url.QueryEscape(state)

		if q, err := url.ParseQuery(query); err != nil || q.Get("state") != state {
			visit(query, made)
			visit(query+"&state="+url.QueryEscape(state[:len(state)-1]), made)
			visit(good+"&state="+url.QueryEscape(state), made)
		}
		visit(good, cookie)
		visit(good, mine.Name+"="+cookie)
		changed := []byte(mine.Value)
		i := len(query) % (len(changed) - 1) // the last letter has bits that count for nothing
		changed[i]++
		visit(good, mine.Name+"="+string(changed))
		require.Zero(t, wire.sent.Load(), "nothing is redeemed for another's state or cookie")
		visit(good, made)
		sent := wire.sent.Swap(0)
		require.Positive(t, sent)
		visit(good, made)
		require.Zero(t, wire.sent.Load(), "once")
		_, _, err = store.Load(t.Context(), support)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}
