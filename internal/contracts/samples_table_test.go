package contracts_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// documented is how one exchange is replayed.
type documented struct {
	options graphtest.Options
	replay  func(r *replay)
	cannot  string // why it is not replayed
}

const (
	noDelta         = "the fake has no delta: nothing here asks for it, and routes that are unknown are refused"
	noSubscriptions = "the fake has no subscriptions: mail is found by looking for it"
)

// sampleDeviations are those that only the documented requests meet.
var sampleDeviations = []deviation{
	{"*_ListMessages", "answer 200 /@microsoft.graph.tips unknown", "facts/graph-api.md §2: seen in answers to GET without $select"},
}

var samples = map[int]documented{
	1: {replay: func(r *replay) {
		for range 11 {
			r.mail()
		}
		r.as()
	}},
	2: {replay: func(r *replay) {
		r.mail()
		r.token = application(r.fake)
		r.as("UID", r.fake.Mailbox())
	}},
	3: {replay: func(r *replay) { r.as() }},
	4: {replay: func(r *replay) { r.as("AAMkADhMGAAA=", r.mail()) }},
	5: {replay: func(r *replay) { r.as("AAMkADhAAAW-VPeAAA=", r.mail()) }},
	6: {replay: func(r *replay) { r.as("{id}", r.mail()) }},
	7: {replay: func(r *replay) { r.as("4aade2547798441eab5188a7a2436bc1", r.mail()) }},
	8: {replay: func(r *replay) {
		id := r.mail()
		status, _ := r.send("PATCH", "/me/messages/"+id, `{"singleValueExtendedProperties":[{"id":"String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color","value":"Green"}]}`)
		require.Equal(r, 200, status)
		r.as("{id}", id)
	}},
	9: {replay: func(r *replay) { r.told += " 200"; r.as("{id}", r.mail()) }},
	10: {replay: func(r *replay) {
		r.mail()
		r.as("{66f5a359-…}", "{66f5a359-4659-4830-9070-00047ec6ac6e}")
	}},
	11: {cannot: noDelta}, 12: {cannot: noDelta}, 13: {cannot: noDelta}, 14: {cannot: noDelta},
	15: {replay: func(r *replay) { r.as() }},
	16: {replay: func(r *replay) {
		id := r.mail()
		_, list := r.send("GET", "/me/messages/"+id+"/attachments", "")
		r.as("{mid}", id, "{aid}", url.PathEscape(list["value"].([]any)[1].(map[string]any)["id"].(string)))
	}},
	17: {replay: func(r *replay) { r.as("{id}", r.mail()) }},
	18: {replay: func(r *replay) { r.as("AAMkADhAAATs28OAAA=", r.mail()) }},
	19: {replay: func(r *replay) { r.told = r.asked[strings.Index(r.asked, "DELETE"):] + r.told; r.as("{id}", r.mail()) }},
	20: {replay: func(r *replay) { r.as("AdeleV@…", "adele@contoso.test") }},
	21: {replay: func(r *replay) {
		v := r.with("POST", "/me/messages", `{"subject":"s","internetMessageHeaders":[{"name":"x-custom-header-group-name","value":"Washington"}]}`)
		require.NotContains(r, v, "internetMessageHeaders")
	}},
	22: {replay: func(r *replay) {
		r.with("POST", "/me/messages", base64.StdEncoding.EncodeToString(letter("ann", toSupport, text)))
	}},
	23: {replay: func(r *replay) { r.with("POST", "/me/messages", "no base64!") }},
	24: {replay: func(r *replay) { r.as() }},
	25: {replay: func(r *replay) {
		id := r.mail()
		r.fake.Conflict(1)
		r.with("PATCH", "/me/messages/"+id, `{"isRead":true}`)
	}},
	26: {replay: func(r *replay) {
		r.mail()
		_, list := r.send("GET", "/me/messages?$select=id", "")
		r.as(`"a","b"`, `"`+list["value"].([]any)[0].(map[string]any)["id"].(string)+`"`)
	}},
	27: {replay: func(r *replay) {
		r.with("POST", "/me/sendMail", `{"message":{"subject":"Meet for lunch?","body":{"contentType":"Text","content":"c"},"toRecipients":[{"emailAddress":{"address":"a@b.example"}}],"ccRecipients":[]},"saveToSentItems":"false"}`)
	}},
	28: {replay: func(r *replay) {
		r.with("POST", "/me/sendMail", base64.StdEncoding.EncodeToString([]byte(notice("own", toAnn, page))))
	}},
	29: {replay: func(r *replay) {
		r.with("POST", "/me/messages", `{"subject":"s","internetMessageHeaders":[{"name":"In-Reply-To","value":"<a@b>"}]}`)
		six := strings.TrimSuffix(strings.Repeat(`{"name":"x-a","value":"b"},`, 6), ",")
		r.with("POST", "/me/messages", `{"subject":"s","internetMessageHeaders":[`+six+`]}`)
	}},
	30: {replay: func(r *replay) { r.with("POST", "/me/sendMail", `{"message":{"subject":"s"}}`) }},
	31: {replay: func(r *replay) { r.with("POST", "/me/messages", `{"subject":"`+strings.Repeat("x", 4<<20)+`"}`) }},
	32: {replay: func(r *replay) {
		_, draft := r.send("POST", "/me/messages", `{"subject":"s"}`)
		r.as("AAMkpsDRVK", url.PathEscape(draft["id"].(string)), "R0lGODdhEAYEAA7", "R0lGODdhEAYEAA==")
	}},
	33: {replay: func(r *replay) {
		_, draft := r.send("POST", "/me/messages", `{"subject":"s"}`)
		at := "/me/messages/" + url.PathEscape(draft["id"].(string)) + "/attachments"
		r.told, _, _ = strings.Cut(r.told, "\nb) ")
		v := r.as("AAMkADI5MAAIT3drCAAA=", url.PathEscape(draft["id"].(string)))
		r.header["Authorization"], r.header["Content-Type"] = "", "application/octet-stream"
		put := func(from, to int, want string) {
			r.told = want
			r.header["Content-Range"] = fmt.Sprintf("bytes %d-%d/3483322", from, to)
			r.with("PUT", v["uploadUrl"].(string), strings.Repeat("x", to-from+1))
		}
		put(0, 2097151, `200 {"@odata.context":"","ExpirationDateTime":"","NextExpectedRanges":[]}`)
		put(2097152, 3483321, "201")
		clear(r.header)
		r.told = `200 "size":1, "@odata.mediaContentType":""`
		_, list := r.send("GET", at, "")
		r.with("GET", at+"/"+url.PathEscape(list["value"].([]any)[0].(map[string]any)["id"].(string))+"?$select=lastModifiedDateTime,name,contentType,size,isInline", "")
	}},
	34: {replay: func(r *replay) {
		_, draft := r.send("POST", "/me/messages", `{"subject":"s"}`)
		r.with("POST", "/me/messages/"+url.PathEscape(draft["id"].(string))+"/attachments/createUploadSession", `{"AttachmentItem":{"attachmentType":"file","name":"flower","size":1000}}`)
	}},
	35: {replay: func(r *replay) {
		_, draft := r.send("POST", "/me/messages", `{"subject":"s","toRecipients":[{"emailAddress":{"address":"a@b.example"}}]}`)
		r.as("{id}", url.PathEscape(draft["id"].(string)))
	}},
	36: {replay: func(r *replay) {
		status, v := r.send("POST", "/me/sendmail", `{"message":{"subject":"s","from":{"emailAddress":{"address":"AllanD@contoso.com"}},"toRecipients":[{"emailAddress":{"address":"a@b.example"}}]}}`)
		require.Equal(r, 403, status)
		require.Equal(r, "ErrorSendAsDenied", v["error"].(map[string]any)["code"])
	}},
	37: {replay: func(r *replay) {
		id := r.mail()
		r.fake.Remove(id)
		r.as("{gone}", id)
		r.with("GET", "/me/messages/garbled", "")
	}},
	38: {replay: func(r *replay) {
		r.fake.AddOnPremises("old@contoso.test")
		r.token = application(r.fake)
		r.told = r.asked + "→" + r.told
		r.with("GET", "/users/old@contoso.test/messages", "")
	}},
	39: {options: graphtest.Options{OutOfScope: graphtest.ScopeOData}, replay: func(r *replay) {
		r.fake.AddMailbox("boss@contoso.test")
		r.token = r.fake.TokenFor(graphtest.Grant{AppOnly: true, Mailboxes: []string{r.fake.Mailbox()}})
		r.with("GET", "/users/boss@contoso.test/messages", "")
	}},
	40: {replay: func(r *replay) { r.fake.ExpireTokens(); r.told += r.asked; r.with("GET", "/me/messages", "") }},
	41: {replay: func(r *replay) {
		require.NoError(r, r.fake.Fault(graphtest.Fault{Status: 429, RetryAfter: "10"}))
		r.with("GET", "/me/messages", "")
	}},
	42: {replay: func(r *replay) {
		require.NoError(r, r.fake.Fault(graphtest.Fault{Status: 429, Code: "ApplicationThrottled", RetryAfter: "1"}))
		r.with("GET", "/me/messages", "")
	}},
	43: {replay: func(r *replay) {
		r.told = r.asked + r.told
		for _, status := range []int{503, 504} {
			require.NoError(r, r.fake.Fault(graphtest.Fault{Status: status}))
			r.with("GET", "/me/messages", "")
		}
	}},
	44: {cannot: "a refusal of OneDrive's uploads, whose envelope EX 29 to EX 43 have as well"},
	45: {options: graphtest.Options{DailyRecipients: 1}, replay: func(r *replay) {
		r.told = r.asked + r.told
		r.with("POST", "/me/sendMail", `{"message":{"subject":"s","toRecipients":[{"emailAddress":{"address":"a@b.example"}},{"emailAddress":{"address":"c@b.example"}}]}}`)
	}},
	46: {replay: func(r *replay) {
		require.NoError(r, r.fake.Fault(graphtest.Fault{Path: "/v1.0/me/messages/B", Status: 429, Code: "ApplicationThrottled", RetryAfter: "1"}))
		r.with("POST", "/$batch", `{"requests":[{"id":"1","method":"PATCH","url":"/me/messages/`+r.mail()+`","headers":{"Content-Type":"application/json"},"body":{"isRead":true}},{"id":"2","method":"GET","url":"/me/messages/B"}]}`)
	}},
	47: {cannot: noSubscriptions}, 48: {cannot: noSubscriptions}, 49: {cannot: noSubscriptions}, 50: {cannot: noSubscriptions},
	51: {cannot: noSubscriptions}, 52: {cannot: noSubscriptions},
	53: {replay: func(r *replay) { r.signIn() }},
	54: {replay: func(r *replay) {
		r.told = signedIn
		first := r.signIn()["refresh_token"].(string)
		require.NotEqual(r, first, r.renew(first)["refresh_token"])
	}},
	55: {replay: func(r *replay) {
		r.with("POST", "/contoso.test/oauth2/v2.0/token", r.form("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default"))
	}},
	56: {replay: func(r *replay) {
		r.told = `200 {"token_type":"","expires_in":1,"access_token":""}` // EX 55
		r.form()                                                          // its header
		r.with("POST", "/contoso.test/oauth2/v2.0/token", r.assertion().Encode())
	}},
	57: {replay: func(r *replay) {
		id, _ := r.fake.Client()
		ask := r.url + "/contoso.test/adminconsent?" + url.Values{"client_id": {id}, "state": {"12345"}, "redirect_uri": {redirect}}.Encode()
		require.Contains(r, r.told, "state=12345&admin_consent=True")
		q := r.browser(ask, graphtest.Answer{User: "admin@contoso.test"})
		require.NotEmpty(r, q.Get("tenant"))
		require.Equal(r, "12345", q.Get("state"))
		require.Equal(r, "True", q.Get("admin_consent"))
		q = r.browser(ask+"&prompt=consent", graphtest.Answer{User: "admin@contoso.test", Deny: true})
		require.Contains(r, r.told, "?error=permission_denied&error_description=")
		require.Equal(r, "permission_denied", q.Get("error"))
		require.NotEmpty(r, q.Get("error_description"))
	}},
	58: {replay: func(r *replay) {
		body := r.form("scope", "offline_access Mail.Read")
		begun, poll, _ := strings.Cut(r.told, "; poll")
		r.told = begun
		device := r.with("POST", "/organizations/oauth2/v2.0/devicecode", body)["device_code"].(string)
		r.told = poll
		v := r.with("POST", "/organizations/oauth2/v2.0/token", r.form("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", device))
		require.Equal(r, "authorization_pending", v["error"])
	}},
	59: {replay: func(r *replay) {
		revoked, wrong, _ := strings.Cut(r.told, "; wrong secret")
		r.told = signedIn
		token := r.signIn()["refresh_token"].(string)
		r.fake.RevokeSignIns(r.fake.Mailbox())
		r.told = revoked
		require.Equal(r, []any{50173.}, r.renew(token)["error_codes"])
		r.told = wrong
		v := r.with("POST", "/contoso.test/oauth2/v2.0/token", r.form("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default", "client_secret", "wrong"))
		require.Equal(r, []any{7000215.}, v["error_codes"])
	}},
}
