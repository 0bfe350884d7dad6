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

// nowhere is a network that nothing may be sent to.
type nowhere struct{ sent atomic.Int64 }

func (n *nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	n.sent.Add(1)
	return nil, io.ErrUnexpectedEOF
}

// Whatever comes back that was not begun here leads nowhere, and nothing of it is
// in the page but as text.
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
		_, _, err := store.Load(t.Context(), support)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}
