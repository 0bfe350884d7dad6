package graphtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// session makes an upload session.
func (b *bench) session(id string, size int, more string) reply {
	b.Helper()
	return b.do("POST", b.message(id)+"/attachments/createUploadSession",
		fmt.Sprintf(`{"AttachmentItem":{"attachmentType":"file","name":"flower.jpg","size":%d%s}}`, size, more), "Prefer", immutable)
}

// put sends a fragment without credentials.
func (b *bench) put(target string, chunk []byte, span string, header ...string) reply {
	b.Helper()
	return b.bare("PUT", target, chunk, append([]string{"Content-Type", "application/octet-stream", "Content-Range", span}, header...)...)
}

func (b *bench) bare(method, target string, body []byte, header ...string) reply {
	b.Helper()
	token := b.token
	b.token = ""
	defer func() { b.token = token }()
	return b.do(method, target, string(body), append([]string{"Authorization", ""}, header...)...)
}

func TestUpload(t *testing.T) {
	b := setup(t, nil)
	id := b.draft(`{"subject":"x","body":{"contentType":"html","content":"<img src=\"cid:pic\">"},"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}]}`)
	file := bytes.Repeat([]byte("0123456789"), 350_000)
	r := b.session(id, len(file), `,"contentType":"image/jpeg","isInline":true,"contentId":"pic"`)
	require.Equal(t, 201, r.status, r.text)
	require.Equal(t, []any{"0-"}, r.json["nextExpectedRanges"])
	require.Regexp(t, `^2026-11-22T10:00:0\d\.\d{7}Z$`, r.json["expirationDateTime"])
	target := r.json["uploadUrl"].(string)
	require.True(t, strings.HasPrefix(target, b.web.URL+"/api/gv1.0/users('"), target)
	require.Contains(t, target, "?authtoken=")

	r = b.put(target, file[:2_000_000], "bytes 0-1999999/3500000")
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, []any{"2000000"}, r.json["NextExpectedRanges"])
	require.Contains(t, r.json, "ExpirationDateTime")
	require.NotContains(t, r.json, "uploadUrl")
	for span, text := range map[string]string{
		"":                              "missing or malformed",
		"bytes 2000000-2999999":         "missing or malformed",
		"bytes=2000000-2999999/3500000": "missing or malformed",
		"bytes 3-2/3500000":             "missing or malformed",
		"bytes 3000000-3500000/3500000": "missing or malformed",
		"bytes 2000000-3000000/3500000": "does not match the provided number of bytes",
		"bytes 2000000-2999999/3500001": "size of the file",
		"bytes 1999999-2999998/3500000": "overlaps",
		"bytes 0-999999/3500000":        "overlaps",
		"bytes 2000001-3000000/3500000": "not contiguous",
	} {
		r = b.put(target, file[:1_000_000], span)
		b.refused(r, 400, "badRequest")
		require.Contains(t, r.text, text, span)
		require.Equal(t, "invalidRange", r.json["error"].(map[string]any)["innerError"].(map[string]any)["code"])
	}
	b.refused(b.put(target, make([]byte, 4_000_001), "bytes 2000000-6000000/3500000"), 413, "RequestEntityTooLarge")
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-3499999/3500000", "Content-Type", "image/jpeg"), 400, "BadRequest")
	require.Empty(t, b.fake.Violations())
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-3499999/3500000", "Authorization", "Bearer "+b.token), 401, "InvalidAudienceForResource")
	require.Len(t, b.fake.Violations(), 1)
	b.refused(b.put(target+"x", file[2_000_000:], "bytes 2000000-3499999/3500000"), 401, "InvalidAuthenticationToken")
	b.refused(b.bare("GET", target, nil), 405, "ErrorInvalidRequest")
	require.Empty(t, b.get(b.message(id)+"/attachments").value())

	r = b.put(target, file[2_000_000:], "bytes 2000000-3499999/3500000")
	require.Equal(t, 201, r.status, r.text)
	require.Empty(t, r.text)
	require.Equal(t, "0", r.header.Get("Content-Length"))
	location, err := url.Parse(r.header.Get("Location"))
	require.NoError(t, err)
	_, aid, _ := strings.Cut(strings.TrimSuffix(location.Path, "')"), "/Attachments('")
	at := b.get(b.attachment(id, aid))
	require.Equal(t, 200, at.status, at.text)
	require.Equal(t, "flower.jpg", at.json["name"])
	require.Equal(t, "image/jpeg", at.json["contentType"])
	require.Equal(t, true, at.json["isInline"])
	require.Equal(t, "pic", at.json["contentId"])
	require.Greater(t, at.json["size"], 3_500_000.0)
	require.Equal(t, string(file), b.get(b.attachment(id, aid)+"/$value").text)
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-3499999/3500000"), 404, "ErrorItemNotFound")

	require.Equal(t, 202, b.send(id).status)
	require.Greater(t, b.fake.Accepted()[0].Bytes, int64(4_600_000), "encoded")
}

func TestUploadRefused(t *testing.T) {
	b := setup(t, &graphtest.Options{MinUpload: 3 << 20})
	id := b.draft(`{}`)
	b.refused(b.session(id, 3<<20-1, ""), 400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
	b.refused(b.session(id, 150<<20+1, ""), 400, "ErrorAttachmentSizeLimitExceeded")
	b.refused(b.session(id, 3<<20, `,"attachmentType":"item"`), 405, "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments")
	b.refused(b.session(id, 3<<20, `,"color":"x"`), 400, "RequestBodyRead")
	b.refused(b.session(id, 3<<20, `,"isInline":"x"`), 400, "BadRequest")
	path := b.message(id) + "/attachments/createUploadSession"
	b.refused(b.do("POST", path, `{}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"x":1}`), 400, "RequestBodyRead")
	b.refused(b.session(b.deliver("received")[0], 3<<20, ""), 400, "BadRequest")
	require.Equal(t, 201, b.session(id, 3<<20, "").status)

	b.fake.AddMailbox("other@contoso.test")
	b.token = b.fake.TokenFor(graphtest.Grant{User: "other@contoso.test", Scopes: []string{"Mail.ReadWrite.Shared"}})
	b.fake.Delegate(b.fake.Mailbox(), "other@contoso.test", graphtest.FullAccess)
	b.refused(b.session(id, 3<<20, ""), 403, "ErrorAccessDenied")

	b = setupMore(t, &graphtest.Options{SharedUploads: true})
	b.fake.AddShared("team@contoso.test")
	b.fake.Delegate("team@contoso.test", b.fake.Mailbox(), graphtest.FullAccess)
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite.Shared"}})
	r := b.do("POST", "/v1.0/users/team@contoso.test/messages", `{}`)
	require.Equal(t, 201, r.status, r.text)
	r = b.do("POST", "/v1.0/users/team@contoso.test/messages/"+url.PathEscape(r.json["id"].(string))+"/attachments/createUploadSession",
		`{"AttachmentItem":{"attachmentType":"file","name":"x.bin","size":3000000}}`)
	require.Equal(t, 201, r.status, r.text)
}

func TestUploadEnds(t *testing.T) {
	t.Parallel()
	for _, extends := range []bool{false, true} {
		b := setupMore(t, &graphtest.Options{UploadLife: 10 * time.Minute, UploadExtends: extends, UploadStatus: true})
		id := b.draft(`{}`)
		target := b.session(id, 3_000_000, "").json["uploadUrl"].(string)
		b.fake.Advance(8 * time.Minute)
		first := b.put(target, make([]byte, 100), "bytes 0-99/3000000")
		require.Equal(t, 200, first.status)
		r := b.bare("GET", target, nil)
		require.Equal(t, []any{"100"}, r.json["NextExpectedRanges"])
		b.fake.Advance(8 * time.Minute)
		if extends {
			require.Equal(t, 200, b.put(target, make([]byte, 100), "bytes 100-199/3000000").status)
		} else {
			b.refused(b.put(target, make([]byte, 100), "bytes 100-199/3000000"), 401, "InvalidAuthenticationToken")
		}
	}
	b := setupMore(t, nil)
	id := b.draft(`{"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}]}`)
	target := b.session(id, 3_000_000, "").json["uploadUrl"].(string)
	require.Equal(t, 204, b.bare("DELETE", target, nil).status)
	b.refused(b.put(target, []byte("x"), "bytes 0-0/3000000"), 404, "ErrorItemNotFound")
	target = b.session(id, 3_000_000, "").json["uploadUrl"].(string)
	require.Equal(t, 202, b.send(id).status)
	b.refused(b.put(target, []byte("x"), "bytes 0-0/3000000"), 404, "ErrorItemNotFound")
}

func TestUploadBase(t *testing.T) {
	b := setup(t, &graphtest.Options{UploadBase: "https://outlook.test"})
	target := b.session(b.draft(`{}`), 3_000_000, "").json["uploadUrl"].(string)
	rest, ok := strings.CutPrefix(target, "https://outlook.test/")
	require.True(t, ok, target)
	require.NoError(t, b.fake.Fault(graphtest.Fault{Method: "PUT", Path: "/api/gv1.0/users/*/messages/*/AttachmentSessions/*", Status: 503}))
	b.refused(b.put(b.web.URL+"/"+rest, []byte("x"), "bytes 0-0/3000000"), http.StatusServiceUnavailable, "ErrorServerBusy")
	require.Equal(t, 200, b.put(b.web.URL+"/"+rest, []byte("x"), "bytes 0-0/3000000").status)
}

// A message that grows too large is refused in the middle of the file.
func TestUploadTooLarge(t *testing.T) {
	b := setup(t, &graphtest.Options{MaxMessage: 3_500_000})
	id := b.draft(`{}`)
	target := b.session(id, 4_000_000, "").json["uploadUrl"].(string)
	require.Equal(t, 200, b.put(target, make([]byte, 3_000_000), "bytes 0-2999999/4000000").status)
	r := b.put(target, make([]byte, 1_000_000), "bytes 3000000-3999999/4000000")
	b.refused(r, 400, "ErrorMessageSizeExceeded")
}

func TestUploadBudget(t *testing.T) {
	b := setup(t, &graphtest.Options{UploadBudget: 2_000})
	big := `{"subject":"` + strings.Repeat("x", 900) + `"}`
	b.draft(big)
	b.fake.Advance(time.Minute)
	b.draft(big)
	r := b.do("POST", b.drafts(), big)
	b.refused(r, 429, "TooManyRequests")
	require.Regexp(t, `^(239|240)$`, r.header.Get("Retry-After"))
	require.Equal(t, 200, b.get(b.list()).status)
	b.fake.Advance(4 * time.Minute)
	b.draft(big)
}
