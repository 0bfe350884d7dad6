package zendesktest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// FuzzRequests: whatever is asked, with a token that may do everything, is answered
// with what its type says, and not with a fault of the account's own; what is
// refused, or was only read, leaves tickets, people and uploads as they were; and
// the tickets can be read afterwards.
func FuzzRequests(f *testing.F) {
	const asJSON = "application/json"
	ticket := `"comment":{"body":"x"},"requester":{"name":"Ann","email":"ann@customer.example"}`
	for _, s := range [][4]string{
		{"POST", "/api/v2/tickets", asJSON, `{"ticket":{` + ticket + `,"email_ccs":[{"user_email":"bob@customer.example","action":"put"}],"tags":["a b"],"metadata":{"n":1}}}`},
		{"POST", "/api/v2/tickets.json", asJSON, `{"ticket":{` + ticket + `,"comment":{"uploads":["none"]}}}`},
		{"POST", "/api/v2/tickets", asJSON, `{"ticket":{` + ticket + `,"via_followup_source_id":1}}`},
		{"POST", "/api/v2/tickets", asJSON, `{"ticket":{"comment":7,"requester":[],"external_id":{},"tags":"x"}}`},
		{"PUT", "/api/v2/tickets/1", asJSON, `{"ticket":{"comment":{"html_body":"<p>x","public":false,"author_id":1},"status":"solved","safe_update":true,"updated_stamp":"2026-11-22T09:00:00Z"}}`},
		{"PUT", "/api/v2/tickets/1", asJSON, `{"ticket":{"additional_collaborators":[1,"x",{"email":"y"}],"custom_fields":[{"id":1,"value":null}]}}`},
		{"POST", "/api/v2/tickets/1/merge", asJSON, `{"ids":[1,2,"x"],"target_comment":"x"}`},
		{"POST", "/api/v2/imports/tickets", asJSON, `{"ticket":{"requester_id":1,"created_at":"2020-01-01T00:00:00Z","comments":[{"value":"x","author_id":1,"created_at":"later"}]}}`},
		{"GET", "/api/v2/tickets?external_id=x&page[size]=-1&sort=-updated_at", "", ""},
		{"GET", "/api/v2/tickets?page[after]=e30&page=2&per_page=1e9", "", ""},
		{"GET", "/api/v2/tickets/show_many?ids=1,,x,-1", "", ""},
		{"GET", "/api/v2/tickets/1/comments?include=users&include_inline_images=true", "", ""},
		{"GET", "/api/v2/users/search?query=email:\"a\"&external_id=1", "", ""},
		{"POST", "/api/v2/uploads?filename=../%00.exe&token=x", "application/octet-stream", "MZ"},
		{"DELETE", "/api/v2/uploads/none", "", ""}, {"DELETE", "/api/v2/tickets/1", "", ""}, {"GET", "/api/v2/attachments/9223372036854775808", "", ""},
		{"POST", "/oauth/tokens", "application/x-www-form-urlencoded", "grant_type=authorization_code&code=x"},
	} {
		f.Add(s[0], s[1], s[2], []byte(s[3]))
	}
	f.Fuzz(func(t *testing.T, method, target, kind string, body []byte) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || !slices.Contains([]string{"GET", "POST", "PUT", "DELETE"}, method) {
			t.Skip()
		}
		fake := zendesktest.New(nil)
		ask := func(method string, u *url.URL, kind, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL, r.RequestURI = u, u.RequestURI()
			r.Header = http.Header{"Authorization": {"Bearer " + fake.Token()}, "Content-Type": {kind}}
			w := httptest.NewRecorder()
			fake.ServeHTTP(w, r)
			return w
		}
		tickets := &url.URL{Path: "/api/v2/tickets"}
		require.Equal(t, 201, ask("POST", tickets, asJSON, `{"ticket":{`+ticket+`}}`).Code)

		all := func() []any { return []any{fake.Tickets(), fake.Users(), fake.Uploads()} }
		before := all()
		w := ask(method, u, kind, string(body))
		require.True(t, w.Code >= 200 && w.Code < 500, "%d: %s", w.Code, w.Body)
		if strings.Contains(w.Header().Get("Content-Type"), "json") {
			require.True(t, json.Valid(w.Body.Bytes()), "%d: %s", w.Code, w.Body)
		}
		if method == "GET" || w.Code >= 400 {
			require.Equal(t, before, all(), "%d: %s", w.Code, w.Body)
		}
		w = ask("GET", tickets, "", "")
		require.Equal(t, 200, w.Code)
		require.True(t, json.Valid(w.Body.Bytes()))
	})
}
