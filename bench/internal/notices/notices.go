// Package notices makes the notifications that are sent: those that Zendesk
// writes when an agent has answered, without a file or with one.
package notices

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Sizes are the kinds of notifications, the smallest first, by how many octets
// their MIME has. 1KB is the one with which a process and a mailbox are made
// ready.
var Sizes = []string{"1KB", "5KB", "2MB", "30MB"}

// A Notice is a notification.
type Notice struct {
	From, To, Subject string
	MessageID         string // in angle brackets
	Text, HTML        string
	File              int64 // octets of the file that it has; 0 if it has none
	size              string
	n                 int
}

// FileName is the name of the file.
const FileName = "report.pdf"

// New returns the n-th notification of that kind. Those of different n differ in
// their ids, subject and recipient. It panics if there is no such kind.
func New(size string, n int, from string) *Notice {
	words, file := 0, int64(0)
	switch size {
	case "1KB":
		words = 10
	case "5KB":
		words = 310
	case "2MB":
		words, file = 310, 1_400_000
	case "30MB":
		words, file = 310, 22_000_000
	default:
		panic("notices: there is none of " + size)
	}
	text := strings.TrimSpace(strings.Repeat("parcel ", words))
	return &Notice{
		From: from, To: fmt.Sprintf("customer%d@customer.example", n),
		Subject:   fmt.Sprintf("Re: [Acme] Order %d", n),
		MessageID: fmt.Sprintf("<56Z97D7G67G_%s%08x_sprut@zendesk.com>", size, n),
		Text:      "Your order is on its way. " + text + "\r\n", HTML: "<p>Your order is on its way.</p>\r\n<p>" + fold(text) + "</p>\r\n",
		File: file, size: size, n: n,
	}
}

// fold keeps lines as short as RFC 5322 §2.1.1 wants them.
func fold(text string) string {
	var b strings.Builder
	for i, word := range strings.Fields(text) {
		if i > 0 && i%10 == 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(word + " ")
	}
	return b.String()
}

// Body returns the octets of the file, which nothing can compress.
func (v *Notice) Body() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), v.File) }

// WriteMIME writes the notification as Zendesk hands it over. It needs no memory
// for the file.
func (v *Notice) WriteMIME(w io.Writer) error {
	const header = "From: Acme Support <%s>\r\nTo: %s\r\nReply-To: %[1]s\r\nSubject: %[3]s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n" +
		"Message-ID: %[4]s\r\nIn-Reply-To: <one.%[5]d@customer.example>\r\nReferences: <one.%[5]d@customer.example>\r\n" +
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\n" +
		"X-Zendesk-From-Account-Id: cc6f582\r\nX-Zendesk-Email-Id: 01HQ6Z3D%[6]s%08[5]x\r\nMIME-Version: 1.0\r\n"
	if _, err := fmt.Fprintf(w, header, v.From, v.To, v.Subject, v.MessageID, v.n, v.size); err != nil {
		return err
	}
	alternative := "Content-Type: multipart/alternative; boundary=\"alternative\"\r\n\r\n" +
		"--alternative\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + fold(v.Text) + "\r\n" +
		"--alternative\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + v.HTML + "\r\n--alternative--\r\n"
	if v.File == 0 {
		_, err := io.WriteString(w, alternative)
		return err
	}
	_, err := io.WriteString(w, "Content-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n--mixed\r\n"+alternative+
		"--mixed\r\nContent-Type: application/pdf; name=\""+FileName+"\"\r\nContent-Disposition: attachment; filename=\""+FileName+"\"\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n")
	if err != nil {
		return err
	}
	lines := base64.NewEncoder(base64.StdEncoding, &folder{w: w})
	if _, err := io.Copy(lines, v.Body()); err != nil {
		return err
	}
	if err := lines.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\r\n--mixed--\r\n")
	return err
}

// folder ends a line after 76 octets.
type folder struct {
	w      io.Writer
	column int
}

func (f *folder) Write(p []byte) (int, error) {
	var out []byte
	for rest := p; len(rest) > 0; {
		if f.column == 76 {
			out, f.column = append(out, '\r', '\n'), 0
		}
		k := min(len(rest), 76-f.column)
		out, rest, f.column = append(out, rest[:k]...), rest[k:], f.column+k
	}
	if _, err := f.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
