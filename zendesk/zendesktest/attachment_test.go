package zendesktest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// A content_url leads to another host, which wants no credentials.
func TestFileHost(t *testing.T) {
	t.Parallel()
	var opt zendesktest.Options
	var handler http.Handler
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(storage.Close)
	opt.FileHost = storage.URL
	d := setup(t, &opt)
	handler = d.Server
	d.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	url := strings.TrimPrefix(d.want(201, "POST", "/api/v2/uploads?filename=a.txt", "hello", "Content-Type", "text/plain").at("upload.attachment.content_url").(string), d.url)
	to := d.want(302, "GET", url, nil).Header.Get("Location")
	require.True(t, strings.HasPrefix(to, storage.URL+"/attachment/"), to)
	d.url = ""
	require.Equal(t, "hello", string(d.want(200, "GET", to, nil, "Authorization", "").body))
	require.Empty(t, d.Violations())
	d.want(403, "GET", to, nil)
	require.Len(t, d.Violations(), 1)
	d.want(404, "GET", to[:strings.LastIndex(to, "/")]+"/gone", nil, "Authorization", "")
	require.Empty(t, d.Unknown())
}

func TestPrivateFiles(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{PrivateFiles: true})
	url := strings.TrimPrefix(d.want(201, "POST", "/api/v2/uploads?filename=a.txt", "hello", "Content-Type", "text/plain").at("upload.attachment.content_url").(string), d.url)
	require.Equal(t, "hello", string(d.want(200, "GET", url, nil).body))
	page := d.want(200, "GET", url, nil, "Authorization", "")
	require.Contains(t, string(page.body), "Sign in", "which is no file, whatever the status says")
	d.want(401, "GET", url, nil, "Authorization", "Bearer nonsense")
}

func TestInfected(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Infected: []string{"a.exe"}})
	up := d.want(201, "POST", "/api/v2/uploads?filename=a.exe", "hello", "Content-Type", "application/octet-stream")
	url := strings.TrimPrefix(up.at("upload.attachment.content_url").(string), d.url)
	require.Equal(t, "not_scanned", up.at("upload.attachment.malware_scan_result"))
	d.want(200, "GET", url, nil)
	d.create(`"comment":{"body":"x","uploads":["` + up.at("upload.token").(string) + `"]}`)
	d.Advance(time.Minute)
	require.Equal(t, "malware_found", d.want(200, "GET", "/api/v2/tickets/1/comments", nil).at("comments.0.attachments.0.malware_scan_result"))
	d.want(403, "GET", url, nil)
}

func TestEditWithFiles(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Edit(1, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{Body: "See.", Public: true,
			Attachments: []zendesktest.Attachment{{Name: "label.pdf", Content: []byte("pdf")}, {Name: "x.dat", Type: "image/png"}}})
	})
	list := d.want(200, "GET", "/api/v2/tickets/1/comments", nil)
	require.Equal(t, "label.pdf", list.at("comments.1.attachments.0.file_name"))
	require.Equal(t, "application/pdf", list.at("comments.1.attachments.0.content_type"))
	require.Equal(t, "image/png", list.at("comments.1.attachments.1.content_type"))
	url := strings.TrimPrefix(list.at("comments.1.attachments.0.content_url").(string), d.url)
	require.Equal(t, "pdf", string(d.want(200, "GET", url, nil).body))
}

func TestRedact(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Edit(1, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{HTML: "<p>It is <b>Größe</b>.</p>", Public: true,
			Attachments: []zendesktest.Attachment{{Name: "label.pdf", Content: []byte("pdf")}}})
	})
	id := d.ticket(1).Comments[1].ID
	list := d.want(200, "GET", "/api/v2/tickets/1/comments", nil)
	url := strings.TrimPrefix(list.at("comments.1.attachments.0.content_url").(string), d.url)
	d.Redact(1, id, "Größe")
	d.Redact(1, id, "")
	d.Redact(1, 5, "It")
	d.Redact(7, id, "It")
	list = d.want(200, "GET", "/api/v2/tickets/1/comments", nil)
	require.Equal(t, "It is ▇▇▇▇▇.", list.at("comments.1.plain_body"))
	require.Contains(t, list.at("comments.1.html_body"), "<b>▇▇▇▇▇</b>")
	require.Equal(t, "redacted.txt", list.at("comments.1.attachments.0.file_name"))
	d.want(404, "GET", url, nil)
	require.Equal(t, "CommentRedactionEvent", d.want(200, "GET", "/api/v2/tickets/1/audits", nil).at("audits.2.events.0.type"))
	require.Empty(t, d.Unknown())
}

func ExampleServer_Redact() {
	srv := zendesktest.New(nil)
	r := httptest.NewRequest("POST", "/api/v2/tickets", strings.NewReader(`{"ticket":{"subject":"Card","comment":{"body":"It is 4111."}}}`))
	r.Header.Set("Authorization", "Bearer "+srv.Token())
	r.Header.Set("Content-Type", "application/json")
	srv.ServeHTTP(httptest.NewRecorder(), r)
	srv.Redact(1, srv.Tickets()[0].Comments[0].ID, "4111")
	fmt.Println(srv.Tickets()[0].Comments[0].Body)
	// Output: It is ▇▇▇▇.
}

func TestShowAttachment(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	up := d.want(201, "POST", "/api/v2/uploads?filename=a.csv", "a,b", "Content-Type", "text/csv")
	path := strings.TrimPrefix(up.Header.Get("Location"), d.url)
	require.Equal(t, up.at("upload.attachment"), d.want(200, "GET", path, nil).at("attachment"))
	d.create(`"comment":{"body":"x","uploads":["` + up.at("upload.token").(string) + `"]}`)
	d.Advance(time.Minute)
	list := d.want(200, "GET", "/api/v2/tickets/1/comments", nil)
	require.Equal(t, list.at("comments.0.attachments.0"), d.want(200, "GET", path, nil).at("attachment"))
	require.Equal(t, "malware_not_found", list.at("comments.0.attachments.0.malware_scan_result"))

	other := d.want(201, "POST", "/api/v2/uploads?filename=b.csv", "a,b", "Content-Type", "text/csv")
	d.want(204, "DELETE", "/api/v2/uploads/"+other.at("upload.token").(string), nil)
	d.want(404, "GET", strings.TrimPrefix(other.Header.Get("Location"), d.url), nil)
	d.want(404, "GET", "/api/v2/attachments/1", nil)
	d.want(400, "GET", "/api/v2/attachments/x", nil)
	d.want(401, "GET", path, nil, "Authorization", "")
	require.Empty(t, d.Unknown())
}
