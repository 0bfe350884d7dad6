package tokens

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// FuzzAnswer: whatever a token endpoint, a redirect or a Store says, what is told of
// it is one line that is not long, with nothing of it but codes and ids; and a record
// that is read is one that can be used, and stays what it is when it is written.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"error_codes":[50173],"suberror":"bad_token","trace_id":"0-0","correlation_id":"SECRET"}`), "invalid_grant", "AADSTS50173: SECRET ann@customer.example")
	f.Add([]byte(`{"access_token":"a","refresh_token":"b","issued":"2026-11-23T09:00:00Z","trouble":{"error":"SECRET","trace_id":"SECRET","at":"2026-11-23T09:00:00Z"}}`), "SECRET", "")
	f.Add([]byte(`{"error_codes":["x",-1e99],"trace_id":7}`), "a\u0085b", "AADSTS99999999")
	f.Fuzz(func(t *testing.T, body []byte, code, description string) {
		const secret = "0.AXkAq8~zz_9dF3k5Hs7Lp2Qw"
		fill := strings.NewReplacer("SECRET", secret)
		body, code, description = []byte(fill.Replace(string(body))), fill.Replace(code), fill.Replace(description)
		list := []error{
			Explain("renew", &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400, Header: http.Header{"Retry-After": {code}}},
				Body: body, ErrorCode: code, ErrorDescription: description}),
			Redirected("sign in", url.Values{"error": {code}, "error_description": {description}}),
		}
		r, err := parseRecord(body)
		if err != nil {
			list = append(list, err)
		} else {
			require.True(t, visible(r.Access) && visible(r.Refresh) && r.Access+r.Refresh != "")
			if r.Trouble != nil {
				list = append(list, r.Trouble.err())
			}
			if y := r.Expiry.Year(); 0 <= y && y < 9999 {
				r.fresh(time.Now(), leeway)
			}
			again, err := parseRecord(r.marshal())
			require.NoError(t, err)
			require.Equal(t, string(r.marshal()), string(again.marshal()))
		}
		for _, err := range list {
			s := err.Error()
			require.LessOrEqual(t, len(s), 800)
			require.True(t, utf8.ValidString(s), "%q", s)
			require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
			require.NotContains(t, s, secret)
			require.NotContains(t, s, "@")
		}
	})
}
