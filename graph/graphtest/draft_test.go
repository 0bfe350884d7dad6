package graphtest_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// drafts is where drafts are made.
func (b *bench) drafts() string { return b.user() + "/messages" }

// draft makes a draft of JSON and returns its immutable id.
func (b *bench) draft(body string) string {
	b.Helper()
	r := b.do("POST", b.drafts(), body, "Prefer", immutable)
	require.Equal(b, 201, r.status, r.text)
	return r.json["id"].(string)
}

// draftMIME makes one of a MIME message.
func (b *bench) draftMIME(text string) string {
	b.Helper()
	r := b.do("POST", b.drafts(), base64.StdEncoding.EncodeToString([]byte(text)), "Prefer", immutable, "Content-Type", "text/plain")
	require.Equal(b, 201, r.status, r.text)
	return r.json["id"].(string)
}

// note is a mail for the relay.
const note = "From: Sue at Contoso <support@contoso.test>\r\nTo: Ann <ann@example.com>\r\nCc: bob@example.com\r\nBcc: eve@example.com\r\n" +
	"Reply-To: support+1@contoso.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Sun, 22 Nov 2026 08:00:00 +0100\r\n" +
	"Message-ID: <n1@zendesk.test>\r\nIn-Reply-To: <q1@example.com>\r\nReferences: <q0@example.com> <q1@example.com>\r\n" +
	"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\n" +
	"X-Zendesk-Email-Id: 7\r\nPrecedence: bulk\r\nReceived: from a by b\r\nReturn-Path: <x@y.test>\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>Hello</p>\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n"

func TestDraftOfJSON(t *testing.T) {
	b := setup(t, nil)
	r := b.do("POST", b.drafts(), `{"subject":"Did you see “it”?","importance":"Low","body":{"contentType":"HTML","content":"They were <b>awesome</b>!"},
		"toRecipients":[{"emailAddress":{"address":"adele@example.com","name":"Müller, Adele"}}],"ccRecipients":[],"replyTo":[{"emailAddress":{"address":"r@example.com"}}],
		"internetMessageHeaders":[{"name":"x-custom","value":"Wäshington"}],"categories":["Red"],"isReadReceiptRequested":true,"isDeliveryReceiptRequested":true,
		"singleValueExtendedProperties":[{"id":"String 0x1042","value":"<q1@example.com>"},{"id":"String 0x1039","value":"<q0@example.com> <q1@example.com>"},
			{"id":"String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color","value":"Green"}],
		"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","name":"a.txt","contentBytes":"aGkK"}]}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, r.json["@odata.etag"], r.header.Get("ETag"))
	require.Equal(t, `IdType="ImmutableId"`, r.header.Get("Preference-Applied"))
	require.Equal(t, true, r.json["isDraft"])
	require.Equal(t, true, r.json["isRead"])
	require.Equal(t, "low", r.json["importance"])
	require.Equal(t, true, r.json["hasAttachments"])
	require.Equal(t, true, r.json["isReadReceiptRequested"])
	require.Equal(t, "Did you see “it”?", r.json["subject"])
	require.Equal(t, "They were awesome!", r.json["bodyPreview"])
	require.Regexp(t, `^<[0-9A-F]{32}@.+>$`, r.json["internetMessageId"])
	require.Nil(t, r.json["from"])
	require.Contains(t, r.json["body"].(map[string]any)["content"], "<body>\r\nThey were <b>awesome</b>!\r\n</body>")
	require.NotContains(t, r.text, "internetMessageHeaders")
	require.NotContains(t, r.text, "singleValueExtendedProperties")
	require.Equal(t, "Müller, Adele", r.json["toRecipients"].([]any)[0].(map[string]any)["emailAddress"].(map[string]any)["name"])
	id := r.json["id"].(string)
	m, _ := b.fake.Message(id)
	require.Equal(t, "drafts", m.Folder)

	list := fields(b.mime(id))
	require.Equal(t, []string{"=?utf-8?q?W=C3=A4shington?="}, values(list, "x-custom"))
	require.Equal(t, []string{"<q1@example.com>"}, values(list, "In-Reply-To"))
	require.Equal(t, []string{"<q0@example.com> <q1@example.com>"}, values(list, "References"))
	require.Equal(t, []string{"low"}, values(list, "Importance"))
	require.Equal(t, []string{"support@contoso.test"}, values(list, "Disposition-Notification-To"))
	require.Equal(t, []string{"r@example.com"}, []string{strings.Trim(values(list, "Reply-To")[0], "<>")})
	require.Contains(t, b.mime(id), "Content-Type: multipart/alternative;")
	require.NotContains(t, b.get(b.message(id)+"?$select=internetMessageHeaders").text, "Headers\":", "a draft was never delivered")

	at := b.get(b.message(id)+"/attachments", "Prefer", immutable).value()
	require.Len(t, at, 1)
	require.Equal(t, "text/plain", at[0]["contentType"])
	require.Equal(t, "aGkK", at[0]["contentBytes"])

	// What is asked for by property is found by property.
	found := b.get(b.list("$filter", "singleValueExtendedProperties/Any(ep: ep/id eq 'String {00020386-0000-0000-C000-000000000046} Name x-custom' and ep/value eq 'wäshington')"))
	require.Len(t, found.value(), 1, found.text)
	require.Empty(t, b.fake.Unknown())
}

func TestDraftOfJSONRefused(t *testing.T) {
	b := setup(t, nil)
	header := func(name string) string { return `{"name":"` + name + `","value":"v"}` }
	for body, code := range map[string]string{
		`{"internetMessageHeaders":[` + header("In-Reply-To") + `]}`:                                "InvalidInternetMessageHeader",
		`{"internetMessageHeaders":[` + header("x-a b") + `]}`:                                      "InvalidInternetMessageHeader",
		`{"internetMessageHeaders":[]}`:                                                             "InvalidInternetMessageHeaderCollection",
		`{"internetMessageHeaders":[` + strings.Repeat(header("x-a")+",", 5) + header("x-b") + `]}`: "InvalidInternetMessageHeaderCollection",
		`{"internetMessageHeaders":[{"name":"x-a","value":"a\r\nBcc: x@y"}]}`:                       "BadRequest",
		`{"internetMessageHeaders":[{"name":"x-a"}]}`:                                               "BadRequest",
		`{"internetMessageHeaders":{}}`:                                                             "BadRequest",
		`{"contentType":"text","content":"x"}`:                                                      "UnableToDeserializePostBody",
		`{"receivedDateTime":"2026-01-01T00:00:00Z"}`:                                               "ErrorInvalidPropertySet",
		`{"toRecipients":"x"}`:                                                                      "BadRequest",
		`{"toRecipients":[{"address":"x"}]}`:                                                        "UnableToDeserializePostBody",
		`{"toRecipients":[{"emailAddress":{"mail":"x"}}]}`:                                          "UnableToDeserializePostBody",
		`{"toRecipients":[{"emailAddress":"x"}]}`:                                                   "BadRequest",
		`{"body":{"content":"x"}}`:                                                                  "BadRequest",
		`{"body":{"contentType":"rtf","content":"x"}}`:                                              "BadRequest",
		`{"subject":7}`:                                        "BadRequest",
		`{"internetMessageId":""}`:                             "BadRequest",
		`{"internetMessageId":"<a@b>\r\nX: y"}`:                "BadRequest",
		`{"attachments":[{"name":"a","contentBytes":"aGk="}]}`: "BadRequest",
		`{"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"aGk"}]}`: "BadRequest",
		`{"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","contentBytes":"aGk="}]}`:           "BadRequest",
		`{"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","color":"aGk="}]}`:       "UnableToDeserializePostBody",
		`{"attachments":[{"@odata.type":"#microsoft.graph.referenceAttachment","name":"a"}]}`:                 "BadRequest",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x0E08","value":"1"}]}`:                             "ErrorInvalidPropertySet",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x3FDF","value":"All"}]}`:                           "BadRequest",
	} {
		b.refused(b.do("POST", b.drafts(), body), 400, code)
	}
	b.refused(b.do("POST", b.drafts(), `{"subject":"`+strings.Repeat("x", 4_000_000)+`"}`), 413, "RequestEntityTooLarge")
	b.refused(b.do("POST", b.drafts(), `{}`, "Content-Type", "message/rfc822"), 400, "BadRequest")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read", "Mail.Send"}})
	b.refused(b.do("POST", b.drafts(), `{}`), 403, "ErrorAccessDenied")
	require.Empty(t, b.fake.Messages())
}

func TestDraftOfMIME(t *testing.T) {
	b := setup(t, nil)
	r := b.do("POST", b.drafts(), base64.StdEncoding.EncodeToString([]byte(note)), "Content-Type", "text/plain", "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, true, r.json["isDraft"])
	require.Contains(t, r.json, "isDeliveryReceiptRequested")
	require.Nil(t, r.json["isDeliveryReceiptRequested"])
	require.Equal(t, "2026-11-22T07:00:00Z", r.json["sentDateTime"])
	require.Equal(t, "2026-11-22T09:00:00Z", r.json["receivedDateTime"].(string)[:17]+"00Z")
	require.Equal(t, "Grüße", r.json["subject"])
	require.Equal(t, "<n1@zendesk.test>", r.json["internetMessageId"])
	require.Len(t, r.json["bccRecipients"], 1)
	require.Len(t, b.get(b.message(r.json["id"].(string))+"/attachments").value(), 1)

	lines := base64.StdEncoding.EncodeToString([]byte("Subject: x\r\n\r\nbody"))
	wrapped := b.do("POST", b.drafts(), lines[:8]+"\r\n"+lines[8:]+"\n", "Content-Type", "text/plain; charset=utf-8")
	require.Equal(t, 201, wrapped.status, wrapped.text)
	require.NotEmpty(t, wrapped.json["internetMessageId"])
	for _, bad := range []string{"Subject: x", "YQ", "YR==", "YQ==YQ==", "-_-_", " YQ=="} {
		b.refused(b.do("POST", b.drafts(), bad, "Content-Type", "text/plain"), 400, "ErrorMimeContentInvalidBase64String")
	}
	b.refused(b.do("POST", b.drafts(), strings.Repeat("QUFB", 1_000_001), "Content-Type", "text/plain"), 413, "RequestEntityTooLarge")

	b.refused(b.do("POST", b.user()+"/mailFolders/inbox/messages", lines, "Content-Type", "text/plain"), 400, "UnableToDeserializePostBody")
	r = b.do("POST", b.user()+"/mailFolders/inbox/messages", `{"subject":"x"}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	m, _ := b.fake.Message(r.json["id"].(string))
	require.Equal(t, "inbox", m.Folder)
	require.True(t, m.IsDraft)
	b.refused(b.do("POST", b.user()+"/mailFolders/nowhere/messages", `{}`), 400, "ErrorInvalidIdMalformed")
}

func TestDraftPatch(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	r := b.do("PATCH", b.message(id), `{"subject":"new","internetMessageId":"<n2@zendesk.test>","toRecipients":[{"emailAddress":{"address":"dan@example.com","name":"Dan"}}],
		"bccRecipients":[],"body":{"contentType":"text","content":"plain\nnow"},"importance":"high","from":{"emailAddress":{"address":"support@contoso.test"}},
		"singleValueExtendedProperties":[{"id":"String {00020386-0000-0000-C000-000000000046} Name Auto-Submitted","value":"auto-generated"},
			{"id":"String 0x1042","value":"<q2@example.com>"},{"id":"String 0x1045","value":"<mailto:u@x.test>"},{"id":"Integer 0x3FDF","value":"12"}]}`, "Prefer", immutable)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, "new", r.json["subject"])
	require.Equal(t, "<n2@zendesk.test>", r.json["internetMessageId"])
	require.Equal(t, "plain now", r.json["bodyPreview"])
	require.Equal(t, true, r.json["hasAttachments"], "the file stays")
	text := b.mime(id)
	list := fields(text)
	require.Equal(t, []string{"new"}, values(list, "Subject"))
	require.Equal(t, []string{`"Dan" <dan@example.com>`}, values(list, "To"))
	require.Empty(t, values(list, "Bcc"))
	require.Equal(t, []string{"auto-generated"}, values(list, "Auto-Submitted"))
	require.Equal(t, []string{"<q2@example.com>"}, values(list, "In-Reply-To"))
	require.Equal(t, []string{"<mailto:u@x.test>"}, values(list, "List-Unsubscribe"))
	require.Equal(t, []string{"RN, NRN"}, values(list, "X-Auto-Response-Suppress"))
	require.Contains(t, text, "plain\r\nnow")
	require.NotContains(t, text, "<p>Hello</p>")
	row := b.get(b.message(id) + joined([]string{"$expand", "singleValueExtendedProperties($filter=id eq 'Integer 0x3fdf' or id eq 'String 0x1042')"}))
	require.Contains(t, row.text, `{"id":"Integer 0x3fdf","value":"12"}`)
	require.Contains(t, row.text, `{"id":"String 0x1042","value":"<q2@example.com>"}`)

	found := b.get(b.list("$filter", "internetMessageId eq '<n2@zendesk.test>'"))
	require.Len(t, found.value(), 1)
	b.refused(b.do("PATCH", b.message(id), `{"internetMessageHeaders":[]}`), 400, "ErrorInvalidPropertySet")
	require.Equal(t, 204, b.do("DELETE", b.message(id), "").status)
	b.refused(b.get(b.message(id)), 404, "ErrorItemNotFound")

	// A draft that was put there by hand is one as well.
	hand, err := b.fake.DeliverTo(b.fake.Mailbox(), letter("hand"), &graphtest.Delivery{Folder: "drafts", Draft: true})
	require.NoError(t, err)
	r = b.do("PATCH", b.message(hand), `{"subject":"by hand","body":{"contentType":"html","content":"<html><body>x</body></html>"}}`)
	require.Equal(t, "by hand", r.json["subject"])
	require.Equal(t, "<hand@example.com>", r.json["internetMessageId"])
	require.Equal(t, "<html><body>x</body></html>", r.json["body"].(map[string]any)["content"])
	received := b.deliver("received")[0]
	b.refused(b.do("PATCH", b.message(received), `{"body":{"contentType":"text","content":""}}`), 400, "ErrorInvalidPropertySet")
	b.refused(b.do("PATCH", b.message(received), `{"singleValueExtendedProperties":[{"id":"String 0x1042","value":"<x@y>"}]}`), 400, "ErrorInvalidPropertySet")
}

func TestDraftAttachments(t *testing.T) {
	b := setup(t, nil)
	id := b.draft(`{"subject":"files","body":{"contentType":"html","content":"<img src=\"cid:pic\">"}}`)
	path := b.message(id) + "/attachments"
	before, _ := b.fake.Message(id)
	r := b.do("POST", path, `{"@odata.type":"#microsoft.graph.fileAttachment","name":"smile","contentBytes":"R0lGODdhEAYEAA==","isInline":true,"contentId":"pic"}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, "image/gif", r.json["contentType"])
	require.Equal(t, true, r.json["isInline"])
	require.Equal(t, "pic", r.json["contentId"])
	image := r.json["id"].(string)
	r = b.do("POST", path, `{"@odata.type":"microsoft.graph.fileAttachment","name":"Übersicht.eml","contentType":"message/rfc822","contentBytes":"U3ViamVjdDogeA0KDQo="}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, "#microsoft.graph.fileAttachment", r.json["@odata.type"])
	require.Equal(t, "Übersicht.eml", r.json["name"])
	file := r.json["id"].(string)
	r = b.do("POST", path, `{"@odata.type":"#microsoft.graph.itemAttachment","name":"inner","item":{"@odata.type":"microsoft.graph.message","subject":"inner"}}`, "Prefer", immutable)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, "#microsoft.graph.itemAttachment", r.json["@odata.type"])
	require.Equal(t, "inner", r.json["name"])
	after, _ := b.fake.Message(id)
	require.NotEqual(t, before.ChangeKey, after.ChangeKey)
	require.Greater(t, after.Size, before.Size)

	rows := b.get(path, "Prefer", immutable).value()
	require.Len(t, rows, 3)
	require.Equal(t, image, rows[0]["id"])
	require.Equal(t, "Subject: x\r\n\r\n", b.get(b.attachment(id, file)+"/$value").text)
	text := b.mime(id)
	require.Contains(t, text, "multipart/mixed")
	require.Contains(t, text, "multipart/related")
	require.Contains(t, text, "Content-ID: <pic>")

	require.Equal(t, 204, b.do("DELETE", b.attachment(id, image), "").status)
	b.refused(b.do("DELETE", b.attachment(id, image), ""), 404, "ErrorItemNotFound")
	rows = b.get(path, "Prefer", immutable).value()
	require.Len(t, rows, 2)
	require.Equal(t, file, rows[0]["id"], "ids stay")
	b.refused(b.do("POST", path, `{"@odata.type":"#microsoft.graph.itemAttachment","name":"x","item":{"@odata.type":"microsoft.graph.event"}}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"@odata.type":"#microsoft.graph.itemAttachment","name":"x"}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"@odata.type":"#microsoft.graph.itemAttachment","name":"x","item":{"@odata.type":"microsoft.graph.message","color":1}}`), 400, "RequestBodyRead")
	b.refused(b.do("POST", b.message(b.deliver("received")[0])+"/attachments", `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":""}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"`+strings.Repeat("AAAA", 1_000_000)+`"}`), 413, "RequestEntityTooLarge")
	b.refused(b.do("PUT", path+"/"+url.PathEscape(file), "{}"), 501, "NotImplemented")

	// Whatever its kind, what is attached is an attachment.
	for _, kind := range []string{"multipart/mixed", "text/html", "text/plain", "text/calendar; method=REQUEST", "no kind", "message/rfc822"} {
		one := b.draft(`{"subject":"x","body":{"contentType":"text","content":"the body"}}`)
		r := b.do("POST", b.message(one)+"/attachments", `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","isInline":true,"contentType":"`+kind+`","contentBytes":"PGI+"}`)
		require.Equal(t, 201, r.status, r.text)
		require.Equal(t, "PGI+", r.json["contentBytes"])
		r = b.get(b.message(one))
		require.Equal(t, "the body", r.json["bodyPreview"])
		require.NotContains(t, r.json, "@odata.type")
	}
	pdf := b.draftMIME("Subject: pdf\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF")
	require.Equal(t, 200, b.do("PATCH", b.message(pdf), `{"body":{"contentType":"text","content":"x"}}`).status)
	require.Len(t, b.get(b.message(pdf)+"/attachments").value(), 1)
	require.Equal(t, 1, strings.Count(b.mime(pdf), "Subject: pdf"))

	mixed := b.draftMIME(note)
	require.Equal(t, 201, b.do("POST", b.message(mixed)+"/attachments", `{"@odata.type":"#microsoft.graph.fileAttachment","name":"b.txt","contentBytes":"Yg=="}`).status)
	rows = b.get(b.message(mixed) + "/attachments").value()
	require.Len(t, rows, 2)
	require.Equal(t, "a.txt", rows[0]["name"])
	b.refused(b.do("DELETE", b.attachment(mixed, rows[0]["id"].(string)), ""), 400, "BadRequest")
	require.Equal(t, 200, b.do("PATCH", b.message(mixed), `{"body":{"contentType":"text","content":"x"}}`).status)
	require.Len(t, b.get(b.message(mixed)+"/attachments").value(), 2)
	require.Equal(t, 200, b.do("PATCH", b.message(mixed), `{"body":{"contentType":"text","content":"y"}}`).status)
	require.Len(t, b.get(b.message(mixed)+"/attachments").value(), 2, "once")
}

func TestMessageTooLarge(t *testing.T) {
	b := setup(t, &graphtest.Options{MaxMessage: 20_000})
	big := base64.StdEncoding.EncodeToString(make([]byte, 21_000))
	file := `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"` + big + `"}`
	id := b.draft(`{"subject":"x"}`)
	r := b.do("POST", b.message(id)+"/attachments", file)
	b.refused(r, 400, "ErrorMessageSizeExceeded")
	require.Contains(t, r.text, "Cannot save changes made to an item to store.")
	b.refused(b.do("POST", b.drafts(), `{"attachments":[`+file+`]}`), 400, "ErrorMessageSizeExceeded")
	b.refused(b.do("POST", b.user()+"/sendMail", `{"message":{"attachments":[`+file+`]}}`), 400, "ErrorMessageSizeExceeded")
	hand, err := b.fake.DeliverTo(b.fake.Mailbox(), []byte(note), &graphtest.Delivery{Folder: "drafts", Draft: true, Size: 30_000})
	require.NoError(t, err)
	r = b.do("POST", b.message(hand)+"/send", "")
	b.refused(r, 400, "ErrorMessageSizeExceeded")
	require.NotContains(t, r.text, "Cannot save")
	require.Len(t, b.fake.Messages(), 2)
}
