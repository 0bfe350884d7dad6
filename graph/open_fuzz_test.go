package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/eml"
)

// answers is a service in memory: what it does with a request.
type answers func(*http.Request) (status int, body []byte)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	status, body := a(r)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// clientOf returns a Client of such a service.
func clientOf(t *testing.T, a answers) *Client {
	t.Helper()
	c, err := New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "s3cret"}), &Options{HTTPClient: &http.Client{Transport: a}})
	require.NoError(t, err)
	return c
}

// wholeField is a line of a header that everybody reads as a field.
var wholeField = regexp.MustCompile(`^[!-9;-~]+:[^\r\n]*$`)

// FuzzRebuilt: a mail that is made of Graph's JSON has the fields and the files that
// Graph names and no others, whatever is in them: no value begins another field, no
// name goes on with the one before, no file is taken for a container of others, and
// nobody is its sender whom Graph does not name.
func FuzzRebuilt(f *testing.F) {
	f.Add("\tX-Fold", "x", "a\r\nFrom: eve@evil.example", "Ann", "ann@customer.example", "multipart/mixed; boundary=x", "a.bin", "id@x", []byte("--x\r\n\r\ninside\r\n--x--"))
	f.Add("X-A", "a\r\n\r\nb", "=?utf-8?q?x?=", "ann@customer.example", "eve@evil.example", "message/rfc822", "a\r\nb", "x>\r\ny", []byte("From: x\r\n\r\ny"))
	f.Add("From", "Eve <eve@evil.example>", "Grüße", "\" <", "ann@customer.example", "MULTIPART/digest", "", "", []byte{0, 1, 2})
	f.Add("Content-Type", "multipart/mixed", "", "", "a@b", "text/plain\r\nX: y", "ü.txt", "", []byte("x"))
	f.Add("\x00", "\x00", "\x00", "\x00", "a\x00@b", "multipart /mixed", "\x00", "\x00", []byte{})
	f.Add("a\u00e4", "\u2028", "", ",", "a,b@c", "\"multipart\"/mixed", "..", "<>", []byte("\r\n.\r\n"))
	f.Add("a", "b", "c", "'", "eve@evil.example'.", "text/plain", "d", "e", []byte("f"))
	f.Fuzz(func(t *testing.T, name, value, subject, person, address, kind, file, cid string, data []byte) {
		name, address = string([]rune(name)), string([]rune(address)) // as JSON has them
		object := func(v any) []byte {
			b, err := json.Marshal(v)
			require.NoError(t, err)
			return b
		}
		type list = []map[string]any
		from := map[string]any{"emailAddress": map[string]string{"name": person, "address": address}}
		c := clientOf(t, func(r *http.Request) (int, []byte) {
			switch at := r.URL.Path; {
			case strings.HasSuffix(at, "/messages/1/$value"):
				return http.StatusUnprocessableEntity, []byte(`{"error":{"code":"ErrorMimeContentInvalid"}}`)
			case strings.HasSuffix(at, "/attachments"):
				return 200, object(map[string]any{"value": list{{"id": "2", "name": file, "contentType": kind, "contentId": cid}, {"id": "3", "name": "last", "contentType": "image/png"}}})
			case strings.HasSuffix(at, "/attachments/2/$value"):
				return 200, data
			case strings.HasSuffix(at, "/attachments/3/$value"):
				return 200, []byte("PNG")
			}
			return 200, object(map[string]any{"internetMessageHeaders": list{{"name": "X-First", "value": "1"}, {"name": name, "value": value}}, "subject": subject,
				"internetMessageId": value, "from": from, "toRecipients": list{from}, "body": map[string]string{"contentType": "text", "content": "Hello"}})
		})
		body, err := c.Open(t.Context(), "1")
		require.NoError(t, err)
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())

		head, _, _ := strings.Cut(string(text), "\r\n\r\n")
		allowed := []string{"x-first", "from", "to", "subject", "message-id", "mime-version", "content-type", strings.ToLower(name)}
		count := make(map[string]int)
		for line := range strings.SplitSeq(head, "\r\n") {
			require.Regexp(t, wholeField, line)
			field, _, _ := strings.Cut(line, ":")
			require.Contains(t, allowed, strings.ToLower(field))
			count[strings.ToLower(field)]++
			require.True(t, count[strings.ToLower(field)] == 1 || strings.EqualFold(name, "x-first"), field)
		}

		r := eml.NewReader(bytes.NewReader(text), nil)
		h, err := r.Header()
		require.NoError(t, err)
		require.Equal(t, "1", h.Raw("X-First")[0], "nothing is added to it")
		if !strings.EqualFold(name, "from") {
			for _, a := range h.Addresses("From") {
				require.Equal(t, strings.TrimRight(address, "."), strings.ReplaceAll(a.Address, `"`, "")) // the same one
			}
		}
		var parts []*eml.Part
		var octets [][]byte
		for {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			b, err := io.ReadAll(p)
			require.NoError(t, err)
			parts, octets = append(parts, p), append(octets, b)
		}
		require.Len(t, parts, 3)
		require.Equal(t, "Hello", string(octets[0]))
		require.True(t, bytes.Equal(data, octets[1]), "%q is not %q", octets[1], data)
		require.Equal(t, "PNG", string(octets[2]))
		require.Equal(t, "attachment", parts[1].Disposition)
		require.Len(t, parts[1].Within, 1)
		require.Equal(t, "last", parts[2].Name)
	})
}
