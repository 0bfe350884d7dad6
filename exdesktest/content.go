package exdesktest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withFile is a mail with a text and a file.
func withFile(subject, text string, file []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: %s\r\nMessage-ID: <file@customer.example>\r\n"+
		"Date: Mon, 01 Nov 1999 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"+
		"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=noise.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n", subject, text)
	for rest := base64.StdEncoding.EncodeToString(file); rest != ""; {
		n := min(76, len(rest))
		b.WriteString(rest[:n] + "\r\n")
		rest = rest[n:]
	}
	b.WriteString("--b--\r\n")
	return b.Bytes()
}

// content is what a mail says, however it is encoded.
type content struct {
	from, subject, messageID string
	parts                    [][]byte
}

// readMail reads the octets of a mail (RFC 5322, RFC 2045).
func readMail(t *testing.T, data []byte) content {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	require.NoError(t, err, "it is no mail")
	var c content
	c.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
		c.from = from.Address
	}
	c.messageID = strings.TrimSpace(m.Header.Get("Message-ID"))
	c.read(t, textproto.MIMEHeader(m.Header), m.Body)
	return c
}

func (c *content) read(t *testing.T, h textproto.MIMEHeader, body io.Reader) {
	t.Helper()
	kind, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		data, err := io.ReadAll(body)
		require.NoError(t, err)
		c.parts = append(c.parts, data)
		return
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		c.read(t, p.Header, p)
	}
}

// has reports whether a part is that file.
func (c content) has(file []byte) bool {
	for _, p := range c.parts {
		if bytes.Equal(p, file) {
			return true
		}
	}
	return false
}

// says reports whether a part holds that text, whatever its lines end in.
func (c content) says(text string) bool {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, p := range c.parts {
		if strings.Contains(squeeze(string(p)), squeeze(text)) {
			return true
		}
	}
	return false
}
