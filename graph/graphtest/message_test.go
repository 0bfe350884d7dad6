package graphtest_test

import (
	"compress/gzip"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestIds(t *testing.T) {
	b := setup(t, nil)
	fixed := b.deliver("one")[0]
	id := b.get(b.list()).value()[0]["id"].(string)
	require.NotEqual(t, fixed, id)
	require.Contains(t, id, "/")
	require.Contains(t, id, "+")
	require.Contains(t, fixed, "-")
	require.Contains(t, fixed, "_")
	require.True(t, strings.HasSuffix(fixed, "="))

	require.Equal(t, id, b.get(b.message(id)).json["id"])
	require.Equal(t, fixed, b.get(b.message(id), "Prefer", immutable).json["id"])
	require.Equal(t, id, b.get(b.user() + "/messages('" + url.PathEscape(id) + "')").json["id"])
	require.Equal(t, id, b.get(b.user() + "/mailFolders/inbox/messages/" + url.PathEscape(id)).json["id"])
	b.refused(b.get(b.user()+"/mailFolders/drafts/messages/"+url.PathEscape(id)), 404, "ErrorItemNotFound")

	b.refused(b.get(b.user()+"/messages/"+id), 400, "ErrorInvalidIdMalformed") // the slash not escaped
	b.refused(b.get(b.message("nonsense")), 400, "ErrorInvalidIdMalformed")
	b.refused(b.get(b.message(strings.ToLower(id))), 400, "ErrorInvalidIdMalformed")
	last := "B"
	if id[len(id)-3] == 'B' {
		last = "C"
	}
	b.refused(b.get(b.message(id[:len(id)-3]+last+id[len(id)-2:])), 404, "ErrorItemNotFound")
	require.Empty(t, b.fake.Unknown())
}

func TestMove(t *testing.T) {
	b := setup(t, nil)
	fixed := b.deliver("one")[0]
	before := b.get(b.message(fixed)).json
	r := b.do("POST", b.message(fixed)+"/move", `{"destinationId":"DeletedItems"}`)
	require.Equal(t, 201, r.status, r.text)
	require.NotEqual(t, before["id"], r.json["id"])
	require.NotEqual(t, before["changeKey"], r.json["changeKey"])
	require.Equal(t, "#microsoft.graph.message", r.json["@odata.type"])
	b.refused(b.get(b.message(before["id"].(string))), 404, "ErrorItemNotFound")
	require.Equal(t, r.json["id"], b.get(b.message(fixed)).json["id"], "the immutable id stays")
	m, _ := b.fake.Message(fixed)
	require.Equal(t, "deleteditems", m.Folder)

	b.refused(b.do("POST", b.message(fixed)+"/move", `{"destinationId":"nowhere"}`), 400, "ErrorInvalidIdMalformed")
	b.refused(b.do("POST", b.message(fixed)+"/move", `{}`), 400, "BadRequest")
}

func TestCopy(t *testing.T) {
	b := setup(t, nil)
	fixed := b.arrive(withFiles, nil)
	b.fake.Edit(fixed, func(m *graphtest.Message) { m.Categories = []string{"Zendesk"} })
	before := b.get(b.message(fixed), "Prefer", immutable).json
	b.fake.Advance(time.Minute)
	r := b.do("POST", b.message(fixed)+"/copy", `{"destinationId":"archive"}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	twin := r.json["id"].(string)
	for name, value := range r.json {
		switch name {
		case "id", "changeKey", "@odata.etag", "parentFolderId", "createdDateTime", "lastModifiedDateTime", "webLink":
			require.NotEqual(t, before[name], value, name)
		case "@odata.context", "@odata.type":
		default:
			require.Equal(t, before[name], value, name)
		}
	}
	held := func(id string) graphtest.Message {
		m, ok := b.fake.Message(id)
		require.True(t, ok)
		return m
	}
	require.Equal(t, "archive", held(twin).Folder)
	require.Equal(t, "inbox", held(fixed).Folder)
	require.Len(t, b.attachments(twin).value(), 5)

	// What becomes of the one is nothing to the other.
	require.Equal(t, 200, b.do("PATCH", b.message(twin), `{"isRead":true,"categories":[]}`).status)
	require.Equal(t, []string{"Zendesk"}, held(fixed).Categories)
	require.Equal(t, 204, b.do("DELETE", b.message(fixed), "").status)
	require.Equal(t, 200, b.get(b.message(twin)).status)
	draft := b.draft(`{"subject":"one"}`)
	other := b.do("POST", b.message(draft)+"/copy", `{"destinationId":"drafts"}`, "Prefer", immutable).json["id"].(string)
	require.Equal(t, 200, b.do("PATCH", b.message(other), `{"subject":"two"}`).status)
	require.Equal(t, "one", b.get(b.message(draft)).json["subject"])

	b.refused(b.do("POST", b.message(fixed)+"/copy", `{"destinationId":"inbox"}`), 404, "ErrorItemNotFound")
	b.refused(b.do("POST", b.message(twin)+"/copy", `{"destinationId":"nowhere"}`), 400, "ErrorInvalidIdMalformed")
	b.refused(b.do("POST", b.message(twin)+"/copy", `{"destination":"inbox"}`), 400, "RequestBodyRead")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read"}})
	b.refused(b.do("POST", b.message(twin)+"/copy", `{"destinationId":"inbox"}`), 403, "ErrorAccessDenied")
}

func TestDelete(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	b.refused(b.do("DELETE", b.message(id), "", "If-Match", `W/"other"`), 412, "ErrorIrresolvableConflict")
	r := b.do("DELETE", b.message(id), "")
	require.Equal(t, 204, r.status)
	require.Empty(t, r.text)
	b.refused(b.do("DELETE", b.message(id), ""), 404, "ErrorItemNotFound")
}

func TestDeleteSoftly(t *testing.T) {
	b := setup(t, &graphtest.Options{SoftDelete: true})
	id := b.deliver("one")[0]
	require.Equal(t, 204, b.do("DELETE", b.message(id), "").status)
	m, ok := b.fake.Message(id)
	require.True(t, ok)
	require.Equal(t, "deleteditems", m.Folder)
	require.Equal(t, 204, b.do("DELETE", b.message(id), "").status)
	require.Empty(t, b.fake.Messages())
}

func TestPatch(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	before := b.get(b.message(id)).json
	const prop = "String {66F5A359-4659-4830-9070-00047EC6AC6E} Name exdesk"
	r := b.do("PATCH", b.message(id), `{"isRead":true,"categories":["Zendesk","Zendesk"],"importance":"HIGH",
		"inferenceClassification":"Other","flag":{"flagStatus":"flagged"},
		"singleValueExtendedProperties":[{"id":"`+prop+`","value":"{}"}]}`, "Prefer", immutable)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, id, r.json["id"])
	require.Equal(t, true, r.json["isRead"])
	require.Equal(t, []any{"Zendesk", "Zendesk"}, r.json["categories"])
	require.Equal(t, "high", r.json["importance"])
	require.Equal(t, "other", r.json["inferenceClassification"])
	require.Equal(t, "one", r.json["subject"], "the full message")
	require.NotEqual(t, before["changeKey"], r.json["changeKey"])
	require.Equal(t, r.json["@odata.etag"], r.header.Get("ETag"))
	require.NotContains(t, r.text, "singleValueExtendedProperties")
	m, _ := b.fake.Message(id)
	require.Equal(t, map[string]string{"String {66f5a359-4659-4830-9070-00047ec6ac6e} Name exdesk": "{}"}, m.Properties)

	// Properties that are not named stay.
	b.do("PATCH", b.message(id), `{"singleValueExtendedProperties":[{"id":"Integer 0x8001","value":"7"}]}`)
	m, _ = b.fake.Message(id)
	require.Len(t, m.Properties, 2)
}

func TestPatchRefused(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	m, _ := b.fake.Message(id)
	for body, code := range map[string]string{
		`{"isRead":"true"}`:                    "BadRequest",
		`{"isRead":null}`:                      "BadRequest",
		`{"categories":"Zendesk"}`:             "BadRequest",
		`{"categories":null}`:                  "BadRequest",
		`{"importance":"urgent"}`:              "BadRequest",
		`{"flag":{"flagStatus":"x"}}`:          "BadRequest",
		`{"flag":{"color":"x"}}`:               "RequestBodyRead",
		`{"isRead":true`:                       "BadRequest",
		`[]`:                                   "BadRequest",
		`{"nonsense":1}`:                       "RequestBodyRead",
		`{"subject":"x"}`:                      "ErrorInvalidPropertySet",
		`{"internetMessageId":"<x@y>"}`:        "ErrorInvalidPropertySet",
		`{"receivedDateTime":"x"}`:             "ErrorInvalidPropertySet",
		`{"isRead":true,"changeKey":"x"}`:      "ErrorInvalidPropertySet",
		`{"singleValueExtendedProperties":{}}`: "BadRequest",
		`{"singleValueExtendedProperties":[{"id":"x","value":"y"}]}`:              "ErrorInvalidExtendedProperty",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x8001","value":"y"}]}`: "BadRequest",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x8001","value":1}]}`:   "BadRequest",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x0E08","value":"1"}]}`: "ErrorInvalidPropertySet",
	} {
		b.refused(b.do("PATCH", b.message(id), body), 400, code)
	}
	b.refused(b.do("PATCH", b.message(id), `{"isRead":true}`, "Content-Type", "text/plain"), 400, "BadRequest")
	b.refused(b.do("PATCH", b.message(id), `{"x":"`+strings.Repeat("x", 4_000_000)+`"}`), 413, "RequestEntityTooLarge")
	after, _ := b.fake.Message(id)
	require.Equal(t, m, after, "nothing changed, not even the change key")
}

// What Microsoft's own SDKs send is in gzip, be it ever so short.
func TestGzipBody(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	pack := func(s string) string {
		var out strings.Builder
		w := gzip.NewWriter(&out)
		_, _ = io.WriteString(w, s)
		require.NoError(t, w.Close())
		return out.String()
	}
	require.Equal(t, 200, b.do("PATCH", b.message(id), pack(`{"isRead":true}`), "Content-Encoding", "gzip").status)
	m, _ := b.fake.Message(id)
	require.True(t, m.IsRead)
	b.refused(b.do("PATCH", b.message(id), pack(`{"x":"`+strings.Repeat("x", 4_000_000)+`"}`), "Content-Encoding", "gzip"), 413, "RequestEntityTooLarge")
	b.refused(b.do("PATCH", b.message(id), `{"isRead":false}`, "Content-Encoding", "gzip"), 400, "BadRequest")
	b.refused(b.do("PATCH", b.message(id), pack(`{"isRead":false}`)[:20], "Content-Encoding", "gzip"), 400, "BadRequest")
	b.refused(b.do("PATCH", b.message(id), `{"isRead":false}`, "Content-Encoding", "br"), 415, "UnsupportedMediaType")
}

func TestIfMatch(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	etag := b.get(b.message(id)).json["@odata.etag"].(string)
	require.Equal(t, 200, b.do("PATCH", b.message(id), `{"isRead":true}`, "If-Match", etag).status)
	b.refused(b.do("PATCH", b.message(id), `{"isRead":false}`, "If-Match", etag), 412, "ErrorIrresolvableConflict")
	require.Equal(t, 200, b.do("PATCH", b.message(id), `{"isRead":true}`, "If-Match", "*").status)

	etag = b.get(b.message(id)).json["@odata.etag"].(string)
	require.True(t, b.fake.Bump(id))
	b.refused(b.do("PATCH", b.message(id), `{"isRead":false}`, "If-Match", etag), 412, "ErrorIrresolvableConflict")
}

func TestIfMatchIgnored(t *testing.T) {
	b := setup(t, &graphtest.Options{IgnoreIfMatch: true})
	id := b.deliver("one")[0]
	require.Equal(t, 200, b.do("PATCH", b.message(id), `{"isRead":true}`, "If-Match", `W/"other"`).status)
}

func TestSpontaneousConflict(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	b.fake.Conflict(2)
	for range 2 {
		before, _ := b.fake.Message(id)
		b.refused(b.do("PATCH", b.message(id), `{"isRead":true}`), 412, "ErrorIrresolvableConflict")
		after, _ := b.fake.Message(id)
		require.NotEqual(t, before.ChangeKey, after.ChangeKey)
		require.False(t, after.IsRead)
	}
	require.Equal(t, 200, b.do("PATCH", b.message(id), `{"isRead":true}`).status)
}

func TestEditRemove(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	before := b.get(b.message(id)).json
	require.True(t, b.fake.Edit(id, func(m *graphtest.Message) { m.Folder, m.Categories = "archive", []string{"Red"} }))
	after := b.get(b.message(id)).json
	require.NotEqual(t, before["changeKey"], after["changeKey"])
	require.NotEqual(t, before["id"], after["id"])
	require.Equal(t, []any{"Red"}, after["categories"])
	require.True(t, b.fake.Remove(id))
	require.False(t, b.fake.Remove(id))
	require.False(t, b.fake.Bump(id))
	require.False(t, b.fake.Edit(id, func(*graphtest.Message) {}))
	require.Equal(t, 404, b.get(b.message(id)).status)
}

func TestDelivery(t *testing.T) {
	b := setup(t, nil)
	_, err := b.fake.DeliverTo("nobody@contoso.test", nil, nil)
	require.Error(t, err)
	_, err = b.fake.DeliverTo(b.fake.Mailbox(), nil, &graphtest.Delivery{Folder: "nowhere"})
	require.Error(t, err)
	id, err := b.fake.DeliverTo(b.fake.Mailbox(), letter("one"), &graphtest.Delivery{Read: true, Draft: true,
		Folder: "drafts", Size: 60 << 20, Categories: []string{"A"}, Received: start.Add(-time.Hour)})
	require.NoError(t, err)
	m, _ := b.fake.Message(id)
	require.Equal(t, int64(60<<20), m.Size)
	require.True(t, m.IsRead)
	require.True(t, m.IsDraft)
	require.Equal(t, start.Add(-time.Hour), m.Received)

	for _, odd := range []string{"", "\n", "no header at all", ": x\n\nbody", "From: \x00\xff\r\r\n\n\xfe", "From: a\n b\n", " x\n"} {
		id := b.fake.Deliver([]byte(odd))
		require.Equal(t, 200, b.get(b.message(id)+"?$select=subject,body,from,internetMessageHeaders").status, "%q", odd)
		require.Equal(t, 200, b.get(b.message(id)+"/$value").status, "%q", odd)
	}
	require.Equal(t, 200, b.get(b.list()).status)
}

func TestJSONView(t *testing.T) {
	b := setup(t, nil)
	id := b.fake.Deliver([]byte("From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\nSender: s@example.com\n" +
		"To: undisclosed-recipients:;\nCc: \"A, B\" <ab@example.com>, c@example.com\nReply-To: broken <r@example.com\n" +
		"Subject: =?utf-8?q?Gr=C3=BC?=\n =?utf-8?q?=C3=9Fe?=\nImportance: High\nDisposition-Notification-To: x@example.com\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=iso-8859-1\n\n" +
		"<html><head><style>x</style></head><p>Gr\xfc\xdfe &amp; mehr</p></html>\n--b\nContent-Type: image/png; name=a.png\n" +
		"Content-Transfer-Encoding: base64\n\naGk=\n--b--\n"))
	r := b.get(b.message(id))
	require.Equal(t, "Grüße", r.json["subject"])
	require.Equal(t, map[string]any{"emailAddress": map[string]any{"name": "Jürgen", "address": "j@example.com"}}, r.json["from"])
	require.Equal(t, map[string]any{"emailAddress": map[string]any{"name": "s@example.com", "address": "s@example.com"}}, r.json["sender"])
	require.Equal(t, []any{}, r.json["toRecipients"])
	require.Len(t, r.json["ccRecipients"], 2)
	require.Len(t, r.json["replyTo"], 1)
	require.Equal(t, "high", r.json["importance"])
	require.Equal(t, true, r.json["isReadReceiptRequested"])
	require.Equal(t, true, r.json["hasAttachments"])
	require.Equal(t, "Grüße & mehr", r.json["bodyPreview"])
	require.Equal(t, r.json["receivedDateTime"], r.json["sentDateTime"], "no Date")
	require.Regexp(t, `^<[0-9A-F]{32}@.+>$`, r.json["internetMessageId"])
	require.Equal(t, "html", r.json["body"].(map[string]any)["contentType"])

	r = b.get(b.message(id)+"/?$select=body,uniqueBody,internetMessageHeaders", "Prefer", `outlook.body-content-type="text", `+immutable)
	require.Equal(t, `IdType="ImmutableId", outlook.body-content-type="text"`, r.header.Get("Preference-Applied"))
	require.Equal(t, "text", r.json["body"].(map[string]any)["contentType"])
	require.Contains(t, r.json, "uniqueBody")
	require.Contains(t, r.text, `{"name":"Importance","value":"High"}`)

	bare := b.get(b.message(b.fake.Deliver([]byte("Subject: x\n\n"))))
	require.Nil(t, bare.json["from"])
	require.Equal(t, []any{}, bare.json["toRecipients"])

	invitation := b.fake.Deliver([]byte("Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n"))
	require.Equal(t, "#microsoft.graph.eventMessageRequest", b.get(b.message(invitation)).json["@odata.type"])
}

func TestCharsetsAndEncodings(t *testing.T) {
	b := setup(t, nil)
	for header, body := range map[string]string{
		"Content-Type: text/plain; charset=windows-1252":                               "\x80 100",
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64":   "4oKs IDEwM$A=",
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n": "4oKsIDEwMA==",
		"Content-Transfer-Encoding: quoted-printable":                                  "=E2=82=AC =\n100",
	} {
		r := b.get(b.message(b.fake.Deliver([]byte("Subject: =?windows-1252?q?=80?=\n" + strings.TrimSuffix(header, "\n") + "\n\n" + body))))
		require.Equal(t, "€ 100", r.json["bodyPreview"], header)
		require.Equal(t, "€", r.json["subject"])
	}
	r := b.get(b.message(b.fake.Deliver([]byte("X-Priority: 5 (Lowest)\nSubject: =?x-unknown?q?a?=\n\na < b\n"))), "Prefer", `outlook.body-content-type="html"`)
	require.Equal(t, "low", r.json["importance"])
	require.Equal(t, "=?x-unknown?q?a?=", r.json["subject"])
	require.Contains(t, r.json["body"].(map[string]any)["content"], "a &lt; b")
}

func TestConversations(t *testing.T) {
	b := setup(t, nil)
	talk := func(header string) string {
		return b.get(b.message(b.fake.Deliver([]byte(header + "\n\n")))).json["conversationId"].(string)
	}
	early := talk("Message-ID: <3@x>\nReferences: <1@x> <2@x>")
	require.Equal(t, early, talk("Message-ID: <1@x>"), "the root may come later")
	require.Equal(t, early, talk("Message-ID: <4@x>\nIn-Reply-To: <3@x>"))
	require.NotEqual(t, early, talk("Message-ID: <5@x>"))
	r := b.get(b.list("$filter", "conversationId eq '"+early+"'"))
	require.Len(t, r.value(), 3)
}

func TestCategories(t *testing.T) {
	b := setup(t, nil)
	path := b.user() + "/outlook/masterCategories"
	require.Len(t, b.get(path+"?$filter=nonsense").value(), 6, "$filter is taken and ignored")
	r := b.do("POST", path, `{"displayName":"Zendesk","color":"preset9"}`)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, "preset9", r.json["color"])
	require.Len(t, b.get(path).value(), 7)
	require.Equal(t, 409, b.do("POST", path, `{"displayName":"zendesk","color":"none"}`).status)
	for _, bad := range []string{`{}`, `{"displayName":""}`, `{"displayName":"x","color":"red"}`, `{"displayName":"x","color":"preset25"}`, `{"displayName":1}`, `{"displayName":"x","id":"y"}`} {
		require.Equal(t, 400, b.do("POST", path, bad).status, bad)
	}
}

func TestUnknownRoutes(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	for _, path := range []string{"/beta/me", "/v1.0/subscriptions", "/v1.0/users", b.user() + "/contacts", b.message(id) + "/extensions"} {
		b.refused(b.get(path), 501, "NotImplemented")
	}
	b.refused(b.do("PUT", b.message(id), "{}"), 501, "NotImplemented")
	require.Len(t, b.fake.Unknown(), 6)
	require.Equal(t, "GET /beta/me", b.fake.Unknown()[0])
}

func TestRequestLog(t *testing.T) {
	b := setup(t, nil)
	id := b.get(b.message(b.deliver("one")[0])).json["id"].(string)
	b.fake.ResetRequests()
	b.get(b.message(id) + "?$select=subject")
	b.get("/v1.0/users/nobody/messages")
	require.Equal(t, 2, b.fake.Count())
	log := b.fake.Requests()
	require.Equal(t, b.user()+"/messages/"+strings.ReplaceAll(id, "/", "%2F"), log[0].Path)
	require.Equal(t, "$select=subject", log[0].Query)
	require.Equal(t, 200, log[0].Status)
	require.Equal(t, 404, log[1].Status)
}

func TestSeed(t *testing.T) {
	t.Parallel()
	one, same, other := graphtest.New(nil), graphtest.New(&graphtest.Options{Seed: 1}), graphtest.New(&graphtest.Options{Seed: 2})
	id := one.Deliver(letter("one"))
	require.Equal(t, id, same.Deliver(letter("one")))
	require.NotEqual(t, id, other.Deliver(letter("one")))
}
