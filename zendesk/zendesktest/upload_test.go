package zendesktest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestUpload(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	res := d.want(201, "POST", "/api/v2/uploads.json?filename=a%20b.pdf", "content", "Content-Type", "application/binary")
	require.Equal(t, "text/plain; charset=utf-8", res.Header.Get("Content-Type"), "though it is JSON")
	require.Contains(t, res.Header.Get("Location"), "/api/v2/attachments/")
	token := res.at("upload.token").(string)
	require.Equal(t, "a b.pdf", res.at("upload.attachment.file_name"))
	require.Equal(t, "application/pdf", res.at("upload.attachment.content_type"))
	require.Equal(t, false, res.at("upload.attachment.inline"))
	require.Equal(t, "not_scanned", res.at("upload.attachment.malware_scan_result"))
	expires, err := time.Parse(time.RFC3339, res.at("upload.expires_at").(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), expires, 10*time.Second)

	// A second file under the same token, streamed without a length.
	res = d.want(201, "POST", "/api/v2/uploads?filename=README.md&token="+token, io.MultiReader(strings.NewReader("more")), "Content-Type", "application/octet-stream")
	require.Equal(t, token, res.at("upload.token"))
	require.Len(t, res.at("upload.attachments"), 2)
	require.Equal(t, "application/x-genesis-rom", res.at("upload.attachment.content_type"))
	require.Equal(t, "image/x-own", d.want(201, "POST", "/api/v2/uploads?filename=x.bin", "y", "Content-Type", "image/x-own").at("upload.attachment.content_type"))

	url := strings.TrimPrefix(res.at("upload.attachment.content_url").(string), d.url)
	require.Equal(t, "more", string(d.want(200, "GET", url, nil, "Authorization", "").body))

	created := d.create(`"comment":{"body":"x","uploads":["` + token + `"]}`)
	require.Len(t, created.at("audit.events.0.attachments"), 2)
	got := d.Tickets()[0].Comments[0].Attachments
	sum := sha256.Sum256([]byte("content"))
	require.Equal(t, hex.EncodeToString(sum[:]), got[0].SHA256)
	require.EqualValues(t, 7, got[0].Size)
	require.Equal(t, "content", string(got[0].Content))
	require.Equal(t, token, got[0].Token)
	require.Equal(t, []bool{true, false}, []bool{d.Uploads()[0].Used, d.Uploads()[1].Used})

	d.want(422, "POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x","uploads":["`+token+`"]}}}`)
	d.want(422, "POST", "/api/v2/uploads?filename=c&token="+token, "x")
	d.Advance(time.Minute)
	list := d.want(200, "GET", "/api/v2/tickets/1/comments", nil)
	require.Equal(t, "malware_not_found", list.at("comments.0.attachments.0.malware_scan_result"))
	require.Empty(t, d.Unknown())
	for _, r := range d.Requests() {
		require.NotContains(t, r.Query, token)
	}
}

func TestUploadTokens(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	one, two := d.upload("a.txt", "1"), d.upload("b.txt", "2")
	d.want(204, "DELETE", "/api/v2/uploads/"+one, nil)
	d.want(404, "DELETE", "/api/v2/uploads/"+one, nil)
	d.Advance(time.Hour)
	d.token = d.Token()
	post := func(token string) *response {
		return d.do("POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x","uploads":"`+token+`"}}}`)
	}
	require.Equal(t, 422, post(one).StatusCode)
	require.Equal(t, 422, post(two).StatusCode, "expired")
	require.Equal(t, 201, post(d.upload("c.txt", "3")).StatusCode, "a bare string will do")

	d = setup(t, &zendesktest.Options{IgnoreUploads: true})
	d.create(`"comment":{"body":"x","uploads":["nope"]}`)
	require.Empty(t, d.Tickets()[0].Comments[0].Attachments)
}

func TestUploadRefused(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{AttachmentLimit: 10, RefuseTypes: []string{".exe"}})
	d.want(400, "POST", "/api/v2/uploads", "x")
	d.want(413, "POST", "/api/v2/uploads?filename=a.txt", strings.Repeat("x", 11))
	d.want(201, "POST", "/api/v2/uploads?filename=a.txt", strings.Repeat("x", 10))
	d.want(413, "POST", "/api/v2/uploads?filename=a.txt", io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20))))
	d.want(422, "POST", "/api/v2/uploads?filename=A.EXE", "x")
	d.want(201, "POST", "/api/v2/uploads?filename=empty.txt", "")
	require.Zero(t, d.Aborted())
	d.want(400, "POST", "/api/v2/uploads?filename=a.txt", "--x--", "Content-Type", "multipart/form-data; boundary=x")
	require.Len(t, d.Unknown(), 1)

	d = setup(t, &zendesktest.Options{AttachmentLimit: 10, OversizeStatus: 422, RefuseEmpty: true})
	require.Equal(t, "RecordInvalid", d.want(422, "POST", "/api/v2/uploads?filename=a.txt", strings.Repeat("x", 11)).at("error"))
	require.Equal(t, "RecordInvalid", d.want(422, "POST", "/api/v2/uploads?filename=a.txt", "").at("error"))
}

func TestUploadCutOff(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]string{
		"length": "Content-Length: 100\r\n\r\nabc",
		"chunks": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			host := strings.TrimPrefix(d.url, "http://")
			conn, err := net.Dial("tcp", host)
			require.NoError(t, err)
			_, err = fmt.Fprintf(conn, "POST /api/v2/uploads?filename=a HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n%s", host, d.token, rest)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			require.Eventually(t, func() bool { return d.Aborted() == 1 }, 5*time.Second, 5*time.Millisecond)
			require.Empty(t, d.Uploads())
		})
	}
}

func TestLargeUploadsAreNotKept(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	big := bytes.Repeat([]byte("x"), 2<<20)
	res := d.want(201, "POST", "/api/v2/uploads?filename=big.bin", big)
	sum := sha256.Sum256(big)
	got := d.Uploads()[0].Files[0]
	require.Equal(t, hex.EncodeToString(sum[:]), got.SHA256)
	require.EqualValues(t, len(big), got.Size)
	require.Nil(t, got.Content)
	d.want(404, "GET", strings.TrimPrefix(res.at("upload.attachment.content_url").(string), d.url), nil)
	require.Len(t, d.Unknown(), 1)

	for range 70 {
		d.upload("mid.bin", big[:1<<20])
	}
	files := d.Uploads()
	require.Nil(t, files[1].Files[0].Content, "64 MiB in all")
	require.NotNil(t, files[70].Files[0].Content)
}

func TestInlineImages(t *testing.T) {
	t.Parallel()
	for _, inline := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{InlineImages: inline})
		up := d.want(201, "POST", "/api/v2/uploads?filename=a.png", "png")
		d.create(`"comment":{"html_body":"<img src='` + up.at("upload.attachment.content_url").(string) + `'>","uploads":["` + up.at("upload.token").(string) + `"]}`)
		require.Equal(t, inline, d.Tickets()[0].Comments[0].Attachments[0].Inline)
		list := d.want(200, "GET", "/api/v2/tickets/1/comments", nil).at("comments.0.attachments")
		require.Len(t, list, map[bool]int{false: 1, true: 0}[inline])
		list = d.want(200, "GET", "/api/v2/tickets/1/comments?include_inline_images=true", nil).at("comments.0.attachments")
		require.Len(t, list, 1)
	}
}

func TestUploadAnswersJSON(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{JSONUploads: true})
	res := d.want(201, "POST", "/api/v2/uploads?filename=a.txt", "x", "Content-Type", "text/plain")
	require.Equal(t, "application/json; charset=utf-8", res.Header.Get("Content-Type"))
	require.NotEmpty(t, res.at("upload.token"))
}
