package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// hostile makes mails that are as large as the samples and hard to read, each in
// a way that is seen in real mail or that somebody would choose who wants a reader
// to be slow.
//
//	hostile           all that go-message reads without an error: lines that end
//	                  in LF, raw 8-bit letters in the header, hundreds of fields,
//	                  multiparts nested up to 25 deep whose boundaries begin with
//	                  one another, lines that look like boundaries, base64 in
//	                  lines of any length, a line of a quarter of the mail, and
//	                  no closing boundary
//	broken base64     a foreign character in every line of it
//	padded base64     base64 that was encoded piece by piece
//	short base64      lines of four characters
//	one-line base64   no line end at all
//	look-alikes       nothing but lines that begin as a boundary does
//	quoted octets     quoted-printable that encodes every octet
//	blanks            quoted-printable lines that end in white space
//	parts             nine hundred parts
var hostile = map[string]func(n int) []byte{
	"hostile":         all,
	"broken base64":   func(n int) []byte { return file("base64", n, strings.Repeat("QUJD", 9)+"*QUJD", 1) },
	"padded base64":   func(n int) []byte { return file("base64", n, "QUI=", 19) },
	"short base64":    func(n int) []byte { return file("base64", n, "QUJD", 1) },
	"one-line base64": func(n int) []byte { return file("base64", n, "QUJD", n/4) },
	"look-alikes":     func(n int) []byte { return file("8bit", n, "--_mixed_x", 1) },
	"quoted octets":   func(n int) []byte { return file("quoted-printable", n, "=C3=A4", 12) },
	"blanks":          func(n int) []byte { return file("quoted-printable", n, "a  \t", 18) },
	"parts":           parts,
}

// file is a mail with a file of n octets as they are encoded: lines of that many
// pieces.
func file(encoding string, n int, piece string, pieces int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@customer.example\r\nTo: b@contoso.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"_mixed_\"\r\n\r\n" +
		"--_mixed_\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n")
	line := strings.Repeat(piece, pieces) + "\r\n"
	b.WriteString(strings.Repeat(line, max(1, n/len(line))))
	b.WriteString("--_mixed_--\r\n")
	return b.Bytes()
}

func parts(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@customer.example\r\nTo: b@contoso.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"_mixed_\"\r\n\r\n")
	const count = 900
	for i := range count {
		fmt.Fprintf(&b, "--_mixed_\r\nContent-Type: text/plain; charset=utf-8; name=\"%d.txt\"\r\nContent-Disposition: attachment\r\n\r\n%s\r\n",
			i, strings.Repeat("The order that we placed in March has not come yet, and we wait for it.\r\n", max(1, n/count/74)))
	}
	b.WriteString("--_mixed_--\r\n")
	return b.Bytes()
}

// all is a mail of about n octets.
func all(n int) []byte {
	dice := rand.New(rand.NewPCG(7, uint64(n)))
	depth := min(25, 2+n/5000)
	var b bytes.Buffer
	b.WriteString("Received: from x\nFrom: Zo\xeb <zoe@customer.example>\nTo: Support <support@contoso.test>\nSubject: Stra\xdfe =?utf-8?q?b=C3=A4r?=\nMIME-Version: 1.0\n")
	for i := range min(900, n/150) {
		fmt.Fprintf(&b, "X-Field-%d: %s\n", i, strings.Repeat("v", int(dice.Uint64()%90)))
	}
	boundary := func(level int) string { return "=_b" + strings.Repeat("b", level) }
	for level := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%[1]s\nContent-Type: text/plain; charset=iso-8859-1\n\n", boundary(level))
		for range 1 + n/depth/400 {
			b.WriteString("Gr\xfc\xdfe\n--" + boundary(level) + "x\n--=_c\n--" + boundary(depth) + "\n--\n-- \n")
		}
		b.WriteString("--" + boundary(level) + "\n")
	}
	b.WriteString("Content-Type: text/plain\n\n" + strings.Repeat("a long line ", n/4/12) + "\n--" + boundary(depth-1) + "\n" +
		"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("<p style=3D\"x\">=C3=A4=C3=B6 = 1=\n \t\n", n/8/37))
	b.WriteString("--" + boundary(depth-1) + "\nContent-Type: application/octet-stream; name=\"=?utf-8?q?a=2Ebin?=\"\nContent-Transfer-Encoding: base64\n\n")
	raw := make([]byte, max(90, (n-b.Len())*3/4))
	for i := range raw {
		raw[i] = byte(dice.Uint64())
	}
	for text := base64.StdEncoding.EncodeToString(raw); text != ""; {
		k := min(len(text), 50+int(dice.Uint64()%60))
		b.WriteString(text[:k] + "\n")
		text = text[k:]
	}
	return b.Bytes()
}
