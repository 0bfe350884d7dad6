package graphtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// bench is a server on a real connection and a token for it.
type bench struct {
	*testing.T
	fake  *graphtest.Server
	web   *httptest.Server
	token string
}

// start is the time on the clock of every test server.
var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func setup(t *testing.T, o *graphtest.Options) *bench {
	t.Parallel()
	return setupMore(t, o)
}

// setupMore makes a further server for a test.
func setupMore(t *testing.T, o *graphtest.Options) *bench {
	b := &bench{T: t, fake: graphtest.New(o)}
	b.fake.SetTime(start)
	b.web = httptest.NewServer(b.fake)
	t.Cleanup(b.web.Close)
	b.token = b.fake.Token()
	return b
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
	length int64
}

func (b *bench) do(method, target, body string, header ...string) reply {
	b.Helper()
	r, err := b.try(method, target, body, header...)
	require.NoError(b, err)
	return r
}

func (b *bench) try(method, target, body string, header ...string) (reply, error) {
	if !strings.HasPrefix(target, "http") {
		target = b.web.URL + target
	}
	req, err := http.NewRequestWithContext(b.Context(), method, target, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.web.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	return read(resp)
}

func read(resp *http.Response) (reply, error) {
	text, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text), length: resp.ContentLength}
	_ = json.Unmarshal(text, &r.json)
	return r, err
}

func (b *bench) get(target string, header ...string) reply {
	b.Helper()
	return b.do("GET", target, "", header...)
}

func (b *bench) code(r reply) string {
	b.Helper()
	e, ok := r.json["error"].(map[string]any)
	require.True(b, ok, "no error envelope: %d %s", r.status, r.text)
	return e["code"].(string)
}

// refused asserts an error envelope.
func (b *bench) refused(r reply, status int, code string) {
	b.Helper()
	require.Equal(b, status, r.status, r.text)
	require.Equal(b, code, b.code(r))
}

func (b *bench) user() string { return "/v1.0/users/" + b.fake.Mailbox() }

// message is the path of a message.
func (b *bench) message(id string) string { return b.user() + "/messages/" + url.PathEscape(id) }

// list is the path of a list of messages with query options.
func (b *bench) list(options ...string) string { return b.user() + "/messages" + joined(options) }

func joined(options []string) string {
	var q []string
	for i := 0; i < len(options); i += 2 {
		q = append(q, options[i]+"="+url.QueryEscape(options[i+1]))
	}
	return "?" + strings.Join(q, "&")
}

func (r reply) value() []map[string]any {
	var rows []map[string]any
	for _, v := range r.json["value"].([]any) {
		rows = append(rows, v.(map[string]any))
	}
	return rows
}

func (r reply) subjects() []string {
	list := []string{}
	for _, row := range r.value() {
		list = append(list, row["subject"].(string))
	}
	return list
}

func (r reply) next() string {
	s, _ := r.json["@odata.nextLink"].(string)
	return s
}

// letter is a small mail.
func letter(subject string) []byte {
	return []byte("From: Ann <ann@example.com>\r\nTo: support@contoso.test\r\nSubject: " + subject +
		"\r\nDate: Sun, 22 Nov 2026 08:00:00 +0100\r\nMessage-ID: <" + subject + "@example.com>\r\n\r\nHello " + subject + ".\r\n")
}

// deliver puts letters into the Inbox, a minute apart, the first the oldest.
func (b *bench) deliver(subjects ...string) []string {
	var ids []string
	for i, s := range subjects {
		id, err := b.fake.DeliverTo(b.fake.Mailbox(), letter(s), &graphtest.Delivery{
			Received: start.Add(time.Duration(i-len(subjects)) * time.Minute)})
		require.NoError(b, err)
		ids = append(ids, id)
	}
	return ids
}

const immutable = `IdType="ImmutableId"`

// serveOnce asks without a connection.
func serveOnce(t *testing.T, fake *graphtest.Server, target string) string {
	t.Helper()
	req := httptest.NewRequest("GET", target, nil)
	req.Header.Set("Authorization", "Bearer "+fake.Token())
	w := httptest.NewRecorder()
	fake.ServeHTTP(w, req)
	require.Equal(t, 200, w.Code, w.Body)
	return w.Body.String()
}
