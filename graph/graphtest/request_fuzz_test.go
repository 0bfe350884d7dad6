package graphtest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// FuzzRequests: whatever is asked of a mailbox, alone or in a batch, is answered with
// what its type says, and not with a fault of the service's own; what is refused, or
// was only read, leaves the mailbox as it was; and the Inbox can be listed afterwards.
// ID stands for that of a mail.
func FuzzRequests(f *testing.F) {
	for _, s := range [][5]string{
		{"GET", "/me/messages?$select=id,from&$orderby=receivedDateTime desc&$top=0&$expand=attachments($select=id),singleValueExtendedProperties($filter=id eq 'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name x')", "", `IdType="ImmutableId", odata.maxpagesize=1`, ""},
		{"GET", "/me/messages?$skiptoken=e30&$expand=attachments(,$expand=microsoft.graph.itemattachment/item)", "", "", ""},
		{"PATCH", "/me/messages/ID", `{"isRead":true,"categories":["x",7],"flag":{"flagStatus":"flagged"}}`, "", `W/"x"`},
		{"PATCH", "/me/messages/ID", `{"singleValueExtendedProperties":[{"id":"String {66f5a359-4659-4830-9070-00047ec6ac6e} Name x","value":null}]}`, "", "*"},
		{"POST", "/me/messages", `{"subject":"s","body":{"contentType":"HTML","content":"c"},"toRecipients":[{"emailAddress":{"address":"a@b"}}],"internetMessageHeaders":[{"name":"x-a","value":"b\r\nBcc: c@d"}],"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"!"}]}`, "", ""},
		{"POST", "/me/messages", "RnJvbTogYUBiDQoNCng=", "", ""},
		{"POST", "/me/sendMail", `{"message":{"toRecipients":[{"emailAddress":{"address":"support@contoso.test"}}]},"saveToSentItems":"no"}`, "", ""},
		{"POST", "/me/messages/ID/move", `{"DestinationId":"deleteditems"}`, "", ""}, {"POST", "/me/messages/ID/copy", `{"destinationId":7}`, "", ""},
		{"POST", "/me/messages/ID/attachments/createUploadSession", `{"AttachmentItem":{"attachmentType":"file","name":"a","size":-1}}`, "", ""},
		{"POST", "/me/mailFolders", `{"displayName":"a","isHidden":1}`, "", ""}, {"GET", "/me/mailFolders?$filter=displayName eq 'a'", "", "", ""},
		{"POST", "/me/translateExchangeIds", `{"inputIds":["ID"],"targetIdType":"restImmutableEntryId","sourceIdType":"x"}`, "", ""},
		{"POST", "/me/outlook/masterCategories", `{"displayName":"a","color":"preset99"}`, "", ""},
		{"POST", "/$batch", `{"requests":[{"id":"1","method":"PATCH","url":"/me/messages/ID","headers":{"Content-Type":"application/json"},"body":{"isRead":1}},{"id":"2","dependsOn":["1","3"],"method":"GET","url":"me/messages?$top=x"}]}`, "", ""},
		{"DELETE", "/me/messages/ID", "", "", "x"}, {"GET", "/users/a%2fb/messages/ID/$value", "", "", ""}, {"GET", "/me/messages/ID/attachments/../$value", "", "", ""},
	} {
		f.Add(s[0], s[1], []byte(s[2]), s[3], s[4])
	}
	f.Fuzz(func(t *testing.T, method, target string, body []byte, prefer, match string) {
		fake := graphtest.New(&graphtest.Options{Seed: 1})
		id := fake.Deliver([]byte(withFiles))
		target = "/v1.0" + strings.NewReplacer("ID", url.PathEscape(id), " ", "%20").Replace(target)
		u, err := url.ParseRequestURI(target)
		if err != nil || !slices.Contains([]string{"GET", "POST", "PATCH", "DELETE"}, method) {
			t.Skip()
		}
		text := strings.ReplaceAll(string(body), "ID", id)
		r := httptest.NewRequest(method, "/", strings.NewReader(text))
		r.URL, r.RequestURI = u, u.RequestURI()
		r.Header = http.Header{"Authorization": {"Bearer " + fake.Token()}, "Content-Type": {"application/json"}, "Prefer": {prefer}, "If-Match": {match}}
		if !strings.HasPrefix(text, "{") {
			r.Header.Set("Content-Type", "text/plain")
		}
		before := fake.Messages()
		w := httptest.NewRecorder()
		fake.ServeHTTP(w, r)
		require.True(t, w.Code >= 200 && w.Code < 500 || w.Code == http.StatusNotImplemented, "%d: %s", w.Code, w.Body)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !strings.Contains(target, "$value") {
			require.True(t, json.Valid(w.Body.Bytes()), "%d: %s", w.Code, w.Body)
		}
		if method == "GET" || w.Code >= 400 {
			require.Equal(t, before, fake.Messages(), "%d: %s", w.Code, w.Body)
		}
		require.True(t, json.Valid([]byte(serveOnce(t, fake, "/v1.0/me/mailFolders/inbox/messages"))))
	})
}
