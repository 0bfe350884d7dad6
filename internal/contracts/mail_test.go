package contracts_test

import (
	"fmt"
	"strings"
	"time"
)

// letter writes a mail: a name for who it is from and what it is about, further
// fields with CRLF, and what follows them.
func letter(name, fields, rest string) []byte {
	return fmt.Appendf(nil, "From: %[1]s <%[1]s@customer.example>\r\n%[2]sSubject: About %[1]s\r\nDate: %[3]s\r\n"+
		"Message-ID: <%[1]s@customer.example>\r\nMIME-Version: 1.0\r\n%[4]s", name, fields, time.Now().Format(time.RFC1123Z), rest)
}

const (
	toSupport = "To: support@contoso.test\r\n"
	text      = "Content-Type: text/plain; charset=utf-8\r\n\r\nWhere is my order?\r\n"
	page      = "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nHello\r\n" +
		"--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>you</b></p><script>x</script>\r\n--a--\r\n"
)

// withFile has files of so many octets and a picture that its text shows.
func withFile(sizes ...int) string {
	line := strings.Repeat("0123456789abcdef", 4)[:62] + "\r\n"
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n" +
		"--r\r\nContent-Type: text/html\r\n\r\n<p>See <img src=\"cid:one\"></p>\r\n" +
		"--r\r\nContent-Type: image/png\r\nContent-ID: <one>\r\nContent-Disposition: inline; filename=a.png\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n")
	for _, n := range sizes {
		b.WriteString("--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"Rechnung 12.pdf\"\r\n\r\n" +
			strings.Repeat(line, n/len(line)+1))
	}
	return b.String() + "--m--\r\n"
}

// notice is a notification of Zendesk.
func notice(name, to, rest string) string {
	return "From: \"Acme Support\" <support@contoso.test>\r\n" + to + "Reply-To: support@contoso.test\r\n" +
		"Subject: Re: About " + name + "\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <" + name + "_sprut@zendesk.com>\r\n" +
		"In-Reply-To: <one@customer.example>\r\nReferences: <one@customer.example>\r\nAuto-Submitted: auto-generated\r\n" +
		"X-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\nX-Zendesk-Email-Id: 01HQ" + name + "\r\n" +
		"MIME-Version: 1.0\r\n" + rest
}
