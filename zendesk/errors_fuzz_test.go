package zendesk

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
)

// FuzzError: whatever an answer says, what is told of it is one line that is not
// long, and holds no address and no token; a pause is of at most an hour.
func FuzzError(f *testing.F) {
	const secret, address = "6f1a3c5e7b9d2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f1a", "ann@customer.example"
	for _, s := range []string{
		`{"error":"RecordInvalid","description":"Record validation errors","details":{"SECRET":[{"description":"Email: ADDRESS is suspended.","error":"UserSuspended"}],"base":[{"description":"x"}]}}`,
		`{"error":"Couldn't authenticate you SECRET ADDRESS"}`, `{"error":{"title":"SECRET","message":"No ADDRESS \u0085\u009b\u202e"}}`,
		`{"errors":[{"code":"SECRET","title":"x","detail":"token=SECRET;ADDRESS"}]}`, `<html>SECRET`, `{"error":"a\u0000b","description":"\ud800\u2028"}`, `null`, `{"error":7,"errors":{}}`,
	} {
		f.Add(403, []byte(s), "total=100; remaining=0; resets=41")
		f.Add(422, []byte(s), "SECRET")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, header string) {
		fill := strings.NewReplacer("SECRET", secret, "ADDRESS", address)
		header = fill.Replace(header)
		h := http.Header{"X-Request-Id": {header}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {header}, "Zendesk-Ratelimit-X": {header}}
		err := explain(&rest.Failure{Op: opCreate, Status: status, Header: h, Body: []byte(fill.Replace(string(body))), Wait: -1}).(*Error)
		require.LessOrEqual(t, len(err.Detail), 310)
		for _, s := range []string{err.Error(), err.Reason(), err.Code, err.RequestID} {
			require.LessOrEqual(t, len(s), 1500)
			require.True(t, utf8.ValidString(s), "%q", s)
			require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
		}
		require.NotContains(t, err.Error(), address)
		if header != secret { // an id of a request looks like it
			require.NotContains(t, err.Error(), secret)
		}
		require.LessOrEqual(t, len(err.Code), 64)
		require.LessOrEqual(t, spent(h), time.Hour)
		require.GreaterOrEqual(t, spent(h), time.Duration(0))
		narrow(&rest.Failure{Status: 429, Header: h, Body: body})
	})
}
