package consent_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// nowhere is a network that nothing may be sent to.
type nowhere struct{ *testing.T }

func (n nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.Error("this was sent: ", r.Method, " ", r.URL.Path)
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
	f.Fuzz(func(t *testing.T, query, cookie string) {
		hc := &http.Client{Transport: nowhere{t}}
		app, err := entra.New("contoso.test", "app", entra.Secret("secret"), &entra.Options{HTTPClient: hc})
		require.NoError(t, err)
		store := new(tokens.Memory)
		h, err := consent.New(app, store, &consent.Options{URL: "http://localhost/mail", Mailboxes: consent.Only(support), Graph: &graph.Options{HTTPClient: hc}})
		require.NoError(t, err)
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
		_, _, err = store.Load(t.Context(), support)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}
