package graphtest_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// content is what a message says, read with the standard library.
func content(t *testing.T, text string) []string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	require.NoError(t, err)
	var said []string
	for _, name := range []string{"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-Id", "References", "In-Reply-To"} {
		v, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
		require.NoError(t, err)
		said = append(said, name+": "+v)
	}
	var walk func(get func(string) string, r io.Reader)
	walk = func(get func(string) string, r io.Reader) {
		kind, params, err := mime.ParseMediaType(get("Content-Type"))
		if err != nil {
			kind = "text/plain"
		}
		switch strings.ToLower(get("Content-Transfer-Encoding")) {
		case "base64":
			r = base64.NewDecoder(base64.StdEncoding, r)
		case "quoted-printable":
			r = quotedprintable.NewReader(r)
		}
		if strings.HasPrefix(kind, "multipart/") {
			parts := multipart.NewReader(r, params["boundary"])
			said = append(said, kind)
			for {
				p, err := parts.NextRawPart()
				if err == io.EOF {
					said = append(said, "end")
					return
				}
				require.NoError(t, err)
				walk(p.Header.Get, p)
			}
		}
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		said = append(said, fmt.Sprintf("%s %s %s %s %q", kind, params["charset"], get("Content-Disposition"), get("Content-Id"), body))
	}
	walk(m.Header.Get, m.Body)
	return said
}

const nested = "Received: from a by b\r\n\t; Sun, 22 Nov 2026 08:00:00 +0000\r\n" +
	"From: \"Ann  Two Blanks\" <ann@example.com>\r\nTo: support@contoso.test,\r\n  second@example.com\r\nCC: =?utf-8?q?J=C3=BC?= <j@example.com>\r\n" +
	"Reply-To: r@example.com\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?= an alle, die so lange Betreffzeilen lesen, dass man sie falten muss\r\n" +
	"Date: Sun, 22 Nov 2026 08:00:00 +0100\r\nMessage-Id: <one@example.com>\r\nReferences: <1@example.com> <2@example.com>\r\n <3@example.com>\r\n" +
	"In-Reply-To: <3@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"outer\"\r\n\r\npreamble\r\n" +
	"--outer\r\nContent-Type: multipart/related; boundary=outer-2; type=\"text/html\"\r\n\r\n" +
	"--outer-2\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=C3=BC=C3=9Fe=\r\n!</p>\r\n" +
	"--outer-2\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline; filename=\"a b.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n" +
	"--outer-2--\r\n" +
	"--outer\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nplain text, = and all, with a blank at the end \r\n.\r\n" +
	"--outer\r\nContent-Type: text/plain\r\nContent-Disposition: attachment;\r\n filename*=utf-8''%C3%BC.txt\r\n\r\nbare\nline\nfeeds\r\n" +
	"--outer\r\nContent-Type: application/x-thing\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\x01\xff\r\n" +
	"--outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--\r\n" +
	"--outer--\r\nepilogue\r\n"

func (b *bench) mime(id string) string {
	b.Helper()
	r := b.get(b.message(id) + "/$value")
	require.Equal(b, 200, r.status, r.text)
	return r.text
}

func TestMIMEIsRegenerated(t *testing.T) {
	b := setup(t, nil)
	r := b.get(b.message(b.fake.Deliver([]byte(nested))) + "/$value")
	require.Equal(t, "text/plain", r.header.Get("Content-Type"))
	require.EqualValues(t, -1, r.length, "chunked")
	require.Equal(t, content(t, nested), content(t, r.text))
	require.NotContains(t, r.text, "--outer")
	require.True(t, strings.HasPrefix(r.text, "Received: from "))
	for _, added := range []string{"X-MS-Exchange-Organization-AuthSource:", "Thread-Index:", "X-MS-Has-Attach: yes"} {
		require.Contains(t, r.text, added)
	}
	require.Contains(t, r.text, "Subject: =?utf-8?b?")
	for line := range strings.SplitSeq(r.text, "\n") {
		require.LessOrEqual(t, len(line), 300)
	}
	require.Equal(t, r.text, b.mime(b.fake.Messages()[0].ID), "the same each time")
}

func TestMIMESinglePart(t *testing.T) {
	b := setup(t, nil)
	for name, text := range map[string]string{
		"no MIME":          "Message-ID: <x@y>\r\nSubject: plain\r\n\r\nHello =\r\nWorld",
		"bare LF":          "Message-ID: <x@y>\nSubject: =?utf-8?q?=C3=BC?= =?utf-8?q?=C3=BC?=\n\nHello\nWorld\n",
		"8bit":             "Message-ID: <x@y>\r\nSubject: raw \xc3\xbc\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n",
		"base64":           "Message-ID: <x@y>\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("QUJD", 100) + "\r\n",
		"quoted-printable": "Message-ID: <x@y>\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\na=3Db=\r\nc \r\n",
		"empty":            "Message-ID: <x@y>\r\n\r\n",
		"header only":      "Message-ID: <x@y>\r\nSubject: x\r\n",
		"odd subject":      "Message-ID: <x@y>\r\nSubject: a=?utf-8?q?b?=c  =?broken?=\r\n\r\n",
	} {
		got := b.mime(b.fake.Deliver([]byte(text)))
		require.NotContains(t, got, text, name)
		if name == "header only" {
			text += "\r\n"
		}
		require.Equal(t, content(t, text), content(t, got), name)
	}
}

// What cannot be read without doubt stays as it is, so that a client finds the
// damage as it was sent.
func TestMIMEKeepsDamage(t *testing.T) {
	b := setup(t, nil)
	const leaf = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: "
	for _, body := range []string{
		leaf + "base64\r\n\r\nQUJ$DRE\r\n",
		leaf + "base64\r\n\r\nQUJDR\r\n",
		leaf + "quoted-printable\r\n\r\na=ZZb\r\n",
		leaf + "x-uuencode\r\n\r\nbegin 644 x\r\n",
		"Content-Type: multipart/mixed; boundary=never\r\n\r\nnothing here\r\n",
		"Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nsigned  \r\n--s\r\n\r\nsig\r\n--s--\r\n",
	} {
		_, octets, _ := strings.Cut(body, "\r\n\r\n")
		text := "Message-ID: <x@y>\r\n" + body
		got := b.mime(b.fake.Deliver([]byte(text)))
		require.True(t, strings.HasSuffix(got, "\r\n\r\n"+octets), got)
		text = "Message-ID: <x@y>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n" + body + "\r\n--o--\r\n"
		require.Contains(t, b.mime(b.fake.Deliver([]byte(text))), octets)
	}
	for _, broken := range []string{"not a field\r\nSubject: x\r\n\r\nbody", "From x@y Sun\nSubject: x\n\nbody", "Content-Type: a/b\nContent-Type: c/d\n\nbody"} {
		got := b.mime(b.fake.Deliver([]byte(broken)))
		require.True(t, strings.HasSuffix(got, "\r\n"+broken), got)
		require.True(t, strings.HasPrefix(got, "Received: "))
	}
	// A missing end is what Exchange repairs.
	got := b.mime(b.fake.Deliver([]byte("Message-ID: <x@y>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext")))
	require.Contains(t, strings.Join(content(t, got), "\n"), `"text"`)
}

func TestMIMEMessageIDIsAdded(t *testing.T) {
	b := setup(t, nil)
	id := b.fake.Deliver([]byte("Subject: x\r\n\r\nbody\r\n"))
	m, _ := b.fake.Message(id)
	require.Contains(t, b.mime(id), "Message-ID: "+m.InternetMessageID+"\r\n")
}

func TestRaw(t *testing.T) {
	b := setup(t, &graphtest.Options{Raw: true})
	require.Equal(t, nested, b.mime(b.fake.Deliver([]byte(nested))))
}

func TestRawDelivery(t *testing.T) {
	b := setup(t, nil)
	id, err := b.fake.DeliverTo(b.fake.Mailbox(), []byte(nested), &graphtest.Delivery{Raw: true})
	require.NoError(t, err)
	require.Equal(t, nested, b.mime(id))
}

func TestMIMELarge(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	b := setup(t, nil)
	file := bytes.Repeat([]byte("0123456789abcdef"), 12<<16) // 12 MiB
	var text bytes.Buffer
	text.WriteString("Message-ID: <x@y>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/zip\r\n\r\n")
	code := base64.StdEncoding.EncodeToString(file)
	for i := 0; i < len(code); i += 64 {
		text.WriteString(code[i:min(i+64, len(code))] + "\r\n")
	}
	text.WriteString("--o--\r\n")
	got := b.mime(b.fake.Deliver(text.Bytes()))
	m, err := mail.ReadMessage(strings.NewReader(got))
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	p, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	require.NoError(t, err)
	back, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
	require.NoError(t, err)
	require.True(t, bytes.Equal(file, back))
}

// said is what a mail says to a plain reader: the fields that people see, and the
// leaves with their transfer encoding undone; not ok if that reader cannot tell.
func said(text string) (fields, leaves []string, ok bool) {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return nil, nil, false
	}
	for _, name := range []string{"From", "To", "Cc", "Reply-To", "Message-Id", "In-Reply-To", "References"} {
		for _, v := range m.Header[name] {
			fields = append(fields, name+":"+strings.Join(strings.Fields(v), ""))
		}
	}
	var walk func(h func(string) string, r io.Reader, depth int) bool
	walk = func(h func(string) string, r io.Reader, depth int) bool {
		kind, params, err := mime.ParseMediaType(cmp.Or(h("Content-Type"), "text/plain"))
		if err != nil || depth > 5 {
			return false
		}
		if !strings.HasPrefix(kind, "multipart/") {
			switch strings.ToLower(h("Content-Transfer-Encoding")) {
			case "base64":
				r = base64.NewDecoder(base64.StdEncoding, r)
			case "quoted-printable":
				r = quotedprintable.NewReader(r)
			case "", "7bit", "8bit":
			default:
				return false
			}
			b, err := io.ReadAll(r)
			leaves = append(leaves, kind+":"+strings.Join(strings.Fields(string(b)), " "))
			return err == nil
		}
		for parts := multipart.NewReader(r, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return true
			}
			if err != nil || !walk(p.Header.Get, p, depth+1) {
				return false
			}
		}
	}
	ok = walk(m.Header.Get, m.Body, 0)
	return fields, leaves, ok
}

// FuzzMIME: whatever is delivered can be read back, and never as the same octets; but
// to a plain reader who could tell before what it said, it says the same: the same
// people and ids, and the same leaves.
func FuzzMIME(f *testing.F) {
	f.Add([]byte(nested))
	f.Add([]byte(withFiles))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n----"))
	f.Add([]byte("Subject: x\n\n"))
	f.Add([]byte("From: a@b.example\r\nTo: c@d.example\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &bench{T: t, fake: graphtest.New(nil)}
		r := serveOnce(t, b.fake, b.message(b.fake.Deliver(text))+"/$value")
		require.NotEqual(t, string(text), r)
		serveOnce(t, b.fake, b.user()+"/messages?$select=body,from,toRecipients,internetMessageHeaders,bodyPreview,hasAttachments,subject")
		before, leaves, ok := said(string(text))
		whole := (len(leaves) == 1 || bytes.HasSuffix(bytes.TrimSpace(text), []byte("--"))) && bytes.Count(text, []byte("\n")) == bytes.Count(text, []byte("\r\n"))
		if !ok || !whole || len(leaves) == 0 || bytes.ContainsFunc(text, func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' && r != '\t' }) {
			return
		}
		after, left, ok := said(r)
		require.True(t, ok, "%q became %q", text, r)
		require.Equal(t, leaves, left, "%q became %q", text, r)
		for _, field := range before {
			require.Contains(t, after, field, "%q became %q", text, r)
		}
	})
}
