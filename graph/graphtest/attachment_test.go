package graphtest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

const withFiles = "From: a@example.com\r\nSubject: files\r\nMessage-ID: <files@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" +
	"--o\r\nContent-Type: multipart/related; boundary=r\r\n\r\n" +
	"--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain\r\n\r\nplain\r\n--a\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:pic@x\">\r\n" +
	"--a\r\nContent-Type: text/x-amp-html\r\n\r\namp\r\n--a\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n--a--\r\n" +
	"--r\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--r--\r\n" +
	"--o\r\nContent-Type: application/pdf; name=\"=?utf-8?q?Gr=C3=BC=C3=9Fe=2Epdf?=\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%PDF=2D1\r\n" +
	"--o\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.csv\r\n\r\na;b\r\nc;d\r\n" +
	"--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nFrom: in@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nhello\r\n--in\r\nContent-Type: image/gif\r\n\r\nGIF\r\n--in--\r\n" +
	"--o\r\nContent-Type: text/plain\r\n\r\n-- \r\nfooter\r\n--o--\r\n"

func (b *bench) attachments(id string, options ...string) reply {
	b.Helper()
	r := b.get(b.message(id) + "/attachments" + joined(options))
	require.Equal(b, 200, r.status, r.text)
	return r
}

func (b *bench) attachment(id, aid string) string {
	return b.message(id) + "/attachments/" + url.PathEscape(aid)
}

func TestAttachments(t *testing.T) {
	b := setup(t, nil)
	id := b.arrive(withFiles, nil)
	r := b.attachments(id)
	require.Contains(t, r.json["@odata.context"], "/attachments")
	rows := r.value()
	require.Len(t, rows, 5)

	contents := []string{"hello", "%PDF-1", "a;b\r\nc;d", "", "-- \r\nfooter"}
	want := []map[string]any{
		{"name": "ATT00001.png", "contentType": "image/png", "isInline": true, "contentId": "pic@x"},
		{"name": "Grüße.pdf", "contentType": "application/pdf", "isInline": false, "contentId": nil},
		{"name": "ü.csv", "contentType": "text/csv", "isInline": false, "contentId": nil},
		{"name": "inner", "contentType": nil, "isInline": false},
		{"name": "ATT00002.txt", "contentType": "text/plain", "isInline": true, "contentId": nil},
	}
	for i, row := range rows {
		aid := row["id"].(string)
		require.Contains(t, aid, "/")
		require.Equal(t, "2026-11-22T09:00:00Z", row["lastModifiedDateTime"])
		for name, value := range want[i] {
			require.Equal(t, value, row[name], "%d %s", i, name)
		}
		one := b.get(b.attachment(id, aid))
		require.Equal(t, 200, one.status, one.text)
		require.Contains(t, one.json["@odata.context"], "/attachments/$entity")
		delete(one.json, "@odata.context")
		require.Equal(t, row, one.json, "the same alone")
		value := b.get(b.attachment(id, aid) + "/$value")
		require.Equal(t, 200, value.status)
		if i == 3 {
			require.Equal(t, "#microsoft.graph.itemAttachment", row["@odata.type"])
			require.Len(t, row, 7)
			require.Equal(t, "text/plain", value.header.Get("Content-Type"))
			require.Equal(t, "From: in@example.com", fields(value.text)[0])
			require.Contains(t, value.text, "X-MS-Has-Attach: yes")
			require.NotContains(t, value.text, "--in", "regenerated")
			require.NotContains(t, value.text, "Received", "it did not arrive by itself")
			continue
		}
		require.Equal(t, "#microsoft.graph.fileAttachment", row["@odata.type"])
		require.Equal(t, contents[i], value.text)
		require.Equal(t, row["contentType"], value.header.Get("Content-Type"))
		require.Equal(t, base64.StdEncoding.EncodeToString([]byte(contents[i])), row["contentBytes"])
		require.Greater(t, row["size"], float64(len(contents[i])))
		require.Contains(t, row, "contentLocation")
	}
	require.Equal(t, true, b.get(b.message(id)).json["hasAttachments"])
	require.Empty(t, b.attachments(b.deliver("none")[0]).value())
	require.Empty(t, b.fake.Unknown())
}

func TestAttachmentIDs(t *testing.T) {
	b := setup(t, nil)
	id := b.arrive(withFiles, nil)
	old := b.attachments(id).value()[0]["id"].(string)
	r := b.get(b.message(id)+"/attachments", "Prefer", immutable)
	require.Equal(t, immutable, r.header.Get("Preference-Applied"))
	fixed := r.value()[0]["id"].(string)
	require.True(t, strings.HasPrefix(fixed, strings.TrimSuffix(id, "=")))
	b.fake.Edit(id, func(m *graphtest.Message) { m.Folder = "archive" })
	b.refused(b.get(b.attachment(id, old)), 404, "ErrorItemNotFound")
	require.Equal(t, 200, b.get(b.attachment(id, fixed)+"/$value").status)
	require.Equal(t, 200, b.get(b.message(id)+"/attachments('"+url.PathEscape(fixed)+"')").status)
	require.Equal(t, 200, b.get(b.user()+"/mailFolders/archive/messages/"+id+"/attachments/"+fixed).status)
	b.refused(b.get(b.user()+"/mailFolders/inbox/messages/"+id+"/attachments"), 404, "ErrorItemNotFound")

	b.refused(b.get(b.message(id)+"/attachments/"+old), 400, "ErrorInvalidIdMalformed") // the slash not escaped
	b.refused(b.get(b.attachment(id, "nonsense")), 400, "ErrorInvalidIdMalformed")
	b.refused(b.get(b.attachment(id, id)+"/$value"), 400, "ErrorInvalidIdMalformed")
	other := "A"
	if fixed[len(fixed)-3] == 'A' {
		other = "B"
	}
	b.refused(b.get(b.attachment(id, fixed[:len(fixed)-3]+other+fixed[len(fixed)-2:])+"/$value"), 404, "ErrorItemNotFound")
}

func TestAttachmentsSelect(t *testing.T) {
	b := setup(t, nil)
	id := b.arrive(withFiles, nil)
	rows := b.attachments(id, "$select", "name,size").value()
	require.Len(t, rows[0], 5, "both types and the id always")
	require.NotContains(t, rows[0], "contentBytes")
	rows = b.attachments(id, "$select", "id,microsoft.graph.fileAttachment/contentId,microsoft.graph.fileattachment/contentBytes").value()
	require.Equal(t, "pic@x", rows[0]["contentId"])
	require.Equal(t, "aGVsbG8=", rows[0]["contentBytes"])
	require.NotContains(t, rows[3], "contentBytes", "a message has none")

	// QUIRK: the properties of a file are not those of an attachment.
	r := b.get(b.message(id) + "/attachments?$select=id,contentId")
	b.refused(r, 400, "RequestBroker--ParseUri")
	require.Contains(t, r.text, "'contentId' on type 'microsoft.graph.attachment'")
	for _, bad := range []string{"$select=nonsense", "$select=microsoft.graph.fileAttachment/name", "$expand=microsoft.graph.itemAttachment/item", "$filter=isInline eq true", "$top=0"} {
		require.Equal(t, 400, b.get(b.message(id)+"/attachments?"+strings.ReplaceAll(bad, " ", "%20")).status, bad)
	}
	aid := rows[0]["id"].(string)
	require.Equal(t, 400, b.get(b.attachment(id, aid)+"?$select=nonsense").status)
	require.Equal(t, 400, b.get(b.attachment(id, aid)+"/$value?$select=id").status)
	require.Equal(t, 400, b.do("DELETE", b.attachment(id, aid), "").status, "of what is no draft")
	require.Equal(t, 501, b.get(b.attachment(id, aid)+"/x").status)
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadBasic"}})
	b.refused(b.get(b.message(id)+"/attachments"), 403, "ErrorAccessDenied")
}

func TestAttachmentsPages(t *testing.T) {
	b := setup(t, &graphtest.Options{PageSize: 2})
	id := b.arrive(withFiles, nil)
	for _, options := range [][]string{nil, {"$top", "1", "$count", "true"}, {"$select", "name", "$skip", "1"}} {
		var got []string
		for r := b.attachments(id, options...); ; r = b.get(r.next()) {
			for _, row := range r.value() {
				got = append(got, row["name"].(string))
			}
			if r.next() == "" {
				break
			}
		}
		all := []string{"ATT00001.png", "Grüße.pdf", "ü.csv", "inner", "ATT00002.txt"}
		if len(options) > 2 && options[2] == "$skip" {
			all = all[1:]
		}
		require.Equal(t, all, got)
	}
	require.Equal(t, 400, b.get(b.attachments(id).next()+"x").status)
}

func TestAttachmentsOfSignedMail(t *testing.T) {
	b := setup(t, nil)
	const signed = "Message-ID: <s@x>\r\nContent-Type: multipart/signed; boundary=s;\r\n protocol=\"application/pkcs7-signature\"\r\n\r\n"
	const body = "--s\r\nContent-Type: text/plain\r\n\r\ntext\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nsig\r\n--s--\r\n"
	id := b.arrive(signed+body, nil)
	rows := b.attachments(id).value()
	require.Len(t, rows, 1)
	require.Equal(t, "smime.p7m", rows[0]["name"])
	require.Equal(t, "multipart/signed", rows[0]["contentType"])
	require.Equal(t, "Content-Type: multipart/signed; boundary=s; protocol=\"application/pkcs7-signature\"\r\n\r\n"+body,
		b.get(b.attachment(id, rows[0]["id"].(string))+"/$value").text)

	rows = b.attachments(b.arrive("Message-ID: <s@x>\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n", nil)).value()
	require.Equal(t, "smime.p7m", rows[0]["name"])
	require.Equal(t, "aGk=", rows[0]["contentBytes"])

	raw := b.arrive(withFiles, &graphtest.Delivery{Raw: true})
	aid := b.attachments(raw).value()[3]["id"].(string)
	require.True(t, strings.HasPrefix(b.get(b.attachment(raw, aid)+"/$value").text, "Subject: inner\r\n"))
}

// FuzzAttachments: whatever is delivered has attachments that can be listed, each
// under an id of its own, and opened, alone and in the list with the same octets, as
// many as is said.
func FuzzAttachments(f *testing.F) {
	f.Add([]byte(withFiles))
	f.Add([]byte(nested))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=\"a\x00/../b\"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=\r\n--b--"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &bench{T: t, fake: graphtest.New(nil)}
		id := b.fake.Deliver(text)
		var list struct {
			Value []struct {
				Kind    string `json:"@odata.type"`
				ID      string
				Size    int64
				Content []byte `json:"contentBytes"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(serveOnce(t, b.fake, b.message(id)+"/attachments?$top=1000")), &list))
		seen := make(map[string]bool)
		for _, a := range list.Value {
			require.False(t, a.ID == "" || seen[a.ID])
			seen[a.ID] = true
			require.GreaterOrEqual(t, a.Size, int64(0))
			octets := serveOnce(t, b.fake, b.attachment(id, a.ID)+"/$value")
			require.True(t, a.Kind == "#microsoft.graph.fileAttachment" || a.Kind == "#microsoft.graph.itemAttachment", a.Kind)
			if a.Kind == "#microsoft.graph.fileAttachment" {
				require.Equal(t, octets, string(a.Content))
			}
		}
	})
}

// Attachments come with their message where that is asked for.
func TestAttachmentsExpanded(t *testing.T) {
	b := setup(t, nil)
	id := b.arrive(withFiles, nil)
	bare := b.arrive("From: a@example.com\r\nSubject: no files\r\n\r\n-\r\n", nil)
	rows := b.attachments(id).json["value"]
	one := b.get(b.message(id) + "?$expand=attachments&$select=subject")
	require.Equal(t, 200, one.status, one.text)
	require.Equal(t, rows, one.json["attachments"])
	require.Contains(t, one.json["attachments@odata.context"], "/attachments")
	require.NotContains(t, one.json, "body")
	require.NotContains(t, b.get(b.message(id)).json, "attachments")
	require.Equal(t, []any{}, b.get(b.message(bare) + "?$expand=attachments").json["attachments"])

	// With $select of their own, beside the other expansion, and in a list.
	const property = "String {00020329-0000-0000-c000-000000000046} Name exdesk"
	require.True(t, b.fake.Edit(id, func(m *graphtest.Message) { m.Properties[property] = "a,b(c" }))
	list := b.get(b.list("$orderby", "receivedDateTime", "$expand",
		"attachments($select=id,name), singleValueExtendedProperties($filter=id eq '"+property+"')")).value()
	require.Len(t, list, 2)
	require.Len(t, list[0]["attachments"], 5)
	require.Equal(t, "Grüße.pdf", list[0]["attachments"].([]any)[1].(map[string]any)["name"])
	require.NotContains(t, list[0]["attachments"].([]any)[1], "contentBytes")
	require.Len(t, list[0]["singleValueExtendedProperties"], 1)
	require.Equal(t, []any{}, list[1]["attachments"])

	b.refused(b.get(b.folders("$expand", "attachments")), 400, "RequestBroker--ParseUri")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadBasic"}})
	b.refused(b.get(b.message(id)+"?$select=subject&$expand=attachments"), 403, "ErrorAccessDenied")
}
