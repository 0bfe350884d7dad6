package graph

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

// FuzzError: whatever an answer says, alone or within a batch, what is told of it
// is one line that is not long, and holds no address and no token.
func FuzzError(f *testing.F) {
	const secret, address = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIwMDAwMDAwMyJ9.c2lnbmF0dXJl", "ann@customer.example"
	for _, s := range []string{
		`{"error":{"code":"ErrorItemNotFound","message":"SECRET ADDRESS","innerError":{"code":"SECRET","request-id":"x"}}}`,
		`{"error":{"code":"SECRET","message":"[RAOP] ADDRESS"}}`, `{"error":{"code":"TooManyRequests","innererror":{"code":"429"}}}`,
		`{"error":{"code":"a\u0000\u0085 ADDRESS"}}`, `<html>SECRET`, `"eyJlcnJvciI6e319"`, `null`, `{"error":7}`,
	} {
		f.Add(403, []byte(s), "SECRET")
		f.Add(200, []byte(s), "a1b2")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, id string) {
		fill := strings.NewReplacer("SECRET", secret, "ADDRESS", address)
		body, id = []byte(fill.Replace(string(body))), fill.Replace(id)
		list := []error{explain(&rest.Failure{Op: "list messages", Status: status, Header: http.Header{"Request-Id": {id}}, Body: body, Wait: -1})}
		if json.Valid(body) {
			a := batchAnswer{op: "label messages", Status: status, Headers: map[string]string{"request-id": id, "Retry-After": id}, Body: body}
			if err := a.into(new(page)); err != nil {
				list = append(list, err)
			}
			m := new(texts).mail(scan.New(body))
			require.LessOrEqual(t, len(m.ID), 3*len(body))
		}
		if r := parseRecord(string(body)); r != nil {
			require.NotEmpty(t, r.Outcome)
			require.LessOrEqual(t, len(body), 8<<10)
			if again := parseRecord(formatRecord(*r)); again != nil {
				require.Equal(t, formatRecord(*r), formatRecord(*again))
			}
		}
		for _, err := range list {
			s := err.Error()
			require.LessOrEqual(t, len(s), 1000)
			require.True(t, utf8.ValidString(s), "%q", s)
			require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
			require.NotContains(t, s, address)
			require.NotContains(t, s, secret)
		}
	})
}
