package graphtest_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// FuzzEntra sends what it likes to every endpoint: no browser is sent to where
// the application is not, nothing is granted, and nobody panics.
func FuzzEntra(f *testing.F) {
	fake := graphtest.New(&graphtest.Options{Redirects: []string{back, "https://desk.test"}})
	id, _ := fake.Client()
	good := url.Values{"client_id": {id}, "response_type": {"code"}, "redirect_uri": {back}, "scope": {"Mail.Read"}, "prompt": {"none"}}
	f.Add(good.Encode(), "authorize", "")
	good.Set("redirect_uri", "https://desk.test?x=https://evil.test")
	f.Add(good.Encode(), "authorize", "")
	good.Set("redirect_uri", "https://desk.test")
	f.Add(good.Encode(), "authorize", "")
	f.Add(good.Encode(), "devicecode", "client_id="+id+"&scope=Mail.Read")
	f.Add("", "token", "grant_type=refresh_token&refresh_token=x&client_id="+id+"&client_secret=x")
	f.Add("", "token", "grant_type=client_credentials&client_id="+id+"&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=e30.e30.e30")
	f.Add("", "login", "ctx=x&user=support%40contoso.test")
	f.Add("", "deviceauth", "code=ABC")
	paths := map[string]string{"authorize": "/t/oauth2/v2.0/authorize", "token": "/t/oauth2/v2.0/token", "devicecode": "/t/oauth2/v2.0/devicecode",
		"deviceauth": "/t/oauth2/deviceauth", "login": "/t/login", "adminconsent": "/t/adminconsent", "v2": "/t/v2.0/adminconsent"}
	f.Fuzz(func(t *testing.T, query, where, form string) {
		path := paths[where]
		if path == "" {
			t.Skip()
		}
		for _, method := range []string{"GET", "POST"} {
			req := httptest.NewRequest(method, path, strings.NewReader(form))
			req.URL.RawQuery = query
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			fake.ServeHTTP(w, req)
			require.Contains(t, []int{200, 302, 400, 401}, w.Code)
			require.NotContains(t, w.Body.String(), "access_token")
			require.NotContains(t, w.Body.String(), "<script")
			if to := w.Header().Get("Location"); to != "" {
				u, err := url.Parse(to)
				require.NoError(t, err)
				require.Contains(t, []string{"127.0.0.1", "desk.test"}, u.Hostname(), to)
				require.NotContains(t, u.Query(), "code")
			}
		}
	})
}
