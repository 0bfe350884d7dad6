// Package samples makes the mails that everything is measured with: the same
// octets for every subject, on every machine.
package samples

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"time"
)

// Names are the samples, the smallest first.
//
//	3KB   one text/plain part in quoted-printable, under a header as long as
//	      Exchange's usually are
//	60KB  multipart/related: text and HTML, both quoted-printable, and two inline
//	      images, in base64
//	5MB   multipart/mixed: a text and three files
//	50MB  multipart/mixed: a text and one file of 36 MiB, which is about the
//	      largest mail that exdesk takes by default
var Names = []string{"3KB", "60KB", "5MB", "50MB"}

// Epoch is the Date of samples that are only parsed.
var Epoch = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// Files is how many files the mail has that Zendesk would hold as attachments.
var Files = map[string]int{"3KB": 0, "60KB": 2, "5MB": 3, "50MB": 1}

// Mail returns the n-th mail of that kind, written at that time. Mails of
// different n differ in Message-ID, sender and subject, and in nothing else. Its
// lines end in CRLF, those of base64 have 76 columns. It panics if there is no
// such kind.
func Mail(name string, n int, at time.Time) []byte {
	var b bytes.Buffer
	head(&b, name, n, at)
	w := &writer{Buffer: &b, dice: rand.NewPCG(1, uint64(len(name)))}
	switch name {
	case "3KB":
		b.WriteString("Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		w.quoted(w.text(1650))
	case "60KB":
		b.WriteString("Content-Type: multipart/related; boundary=\"_005_related_\"; type=\"multipart/alternative\"\r\n\r\n")
		b.WriteString("--_005_related_\r\nContent-Type: multipart/alternative; boundary=\"_000_alternative_\"\r\n\r\n")
		text := w.text(6000)
		b.WriteString("--_000_alternative_\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		w.quoted(text)
		b.WriteString("\r\n--_000_alternative_\r\nContent-Type: text/html; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		w.quoted(w.html(text, 25_500))
		b.WriteString("\r\n--_000_alternative_--\r\n\r\n")
		for i := range 2 {
			fmt.Fprintf(&b, "--_005_related_\r\nContent-Type: image/png; name=\"image%03d.png\"\r\n"+
				"Content-Description: image%03[1]d.png\r\nContent-Disposition: inline; filename=\"image%03[1]d.png\"; size=8800\r\n"+
				"Content-ID: <image%03[1]d@contoso.example>\r\nContent-Transfer-Encoding: base64\r\n\r\n", i+1)
			w.base64(8800)
		}
		b.WriteString("--_005_related_--\r\n")
	case "5MB":
		w.mixed(1_280_000, 1_280_000, 1_280_000)
	case "50MB":
		w.mixed(36 << 20)
	default:
		panic("samples: there is no " + name)
	}
	return b.Bytes()
}

// head writes the fields that a mail has when Exchange serves it, but for those
// that say what the body is.
func head(b *bytes.Buffer, name string, n int, at time.Time) {
	stamp := at.UTC().Format("Mon, 2 Jan 2006 15:04:05 +0000")
	host := fmt.Sprintf("AM0PR08MB%04d.eurprd08.prod.outlook.example", 1000+n%9000)
	fmt.Fprintf(b, "Received: from %s (2603:10a6:208:e2::21)\r\n by AM9PR08MB6004.eurprd08.prod.outlook.example with HTTPS; %s\r\n", host, stamp)
	fmt.Fprintf(b, "Received: from mail.customer.example (192.0.2.25) by\r\n %s (10.152.16.94) with Microsoft SMTP\r\n"+
		" Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8093.14\r\n via Frontend Transport; %s\r\n", host, stamp)
	b.WriteString("Authentication-Results: spf=pass (sender IP is 192.0.2.25)\r\n smtp.mailfrom=customer.example; dkim=pass (signature was verified)\r\n" +
		" header.d=customer.example;dmarc=pass action=none\r\n header.from=customer.example;compauth=pass reason=100\r\n" +
		"Received-SPF: Pass (protection.outlook.example: domain of customer.example\r\n designates 192.0.2.25 as permitted sender)\r\n")
	fmt.Fprintf(b, "From: =?utf-8?Q?Zo=C3=AB_Customer_%d?= <zoe.%[1]d@customer.example>\r\n", n)
	b.WriteString("To: Support <support@contoso.test>\r\n")
	fmt.Fprintf(b, "Subject: Order %d: =?utf-8?Q?na=C3=AFve_question_about_the_delivery?= (%s)\r\n", 10_000+n, name)
	fmt.Fprintf(b, "Thread-Topic: Order %d\r\nThread-Index: AdsK%011dAAAAAA==\r\n", 10_000+n, n)
	fmt.Fprintf(b, "Date: %s\r\nMessage-ID: <%s.%d.%d@customer.example>\r\n", stamp, name, n, at.UnixNano())
	b.WriteString("Accept-Language: en-GB, de-DE\r\nContent-Language: en-GB\r\nX-MS-Has-Attach:\r\nX-MS-TNEF-Correlator:\r\n" +
		"X-MS-Exchange-Organization-AuthAs: Anonymous\r\nX-MS-Exchange-Organization-SCL: 1\r\nMIME-Version: 1.0\r\n")
}

// writer writes bodies, of which each part depends on those before.
type writer struct {
	*bytes.Buffer
	dice *rand.PCG
}

const words = "the order that we placed in March has not come yet and our café in Zürich waits for it could you please tell us when " +
	"the parcel left your store which carrier has it and whether the naïve label with the old address was replaced as promised"

// text returns n octets of text, a few less where that would cut a character.
func (w *writer) text(n int) string {
	list := strings.Fields(words)
	var b strings.Builder
	for b.Len() < n {
		for range 8 + w.dice.Uint64()%30 {
			b.WriteString(list[w.dice.Uint64()%uint64(len(list))])
			b.WriteByte(' ')
		}
		b.WriteString("thank you.\r\n")
		if w.dice.Uint64()%3 == 0 {
			b.WriteString("\r\n")
		}
	}
	return strings.ToValidUTF8(b.String()[:n], "")
}

// html returns n octets of HTML, as Outlook writes it, that shows the text and
// both images.
func (w *writer) html(text string, n int) string {
	var b strings.Builder
	b.WriteString("<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n" +
		"<style><!--\r\np.MsoNormal, li.MsoNormal {margin:0cm; font-size:11.0pt; font-family:\"Calibri\",sans-serif;}\r\n--></style></head>\r\n" +
		"<body lang=\"EN-GB\" link=\"#0563C1\" vlink=\"#954F72\"><div class=\"WordSection1\">\r\n" +
		"<p><img width=\"120\" height=\"40\" id=\"logo\" src=\"cid:image001@contoso.example\"></p>\r\n")
	const end = "<p><img src=\"cid:image002@contoso.example\"></p>\r\n</div></body></html>\r\n"
	for lines := strings.Split(text, "\r\n"); ; {
		for _, line := range lines {
			p := "<p class=\"MsoNormal\" style=\"margin-bottom:12.0pt\"><span style=\"font-size:11.0pt;color:#1F497D\">" + line + "<o:p></o:p></span></p>\r\n"
			if b.Len()+len(p)+len(end) > n {
				return b.String() + end
			}
			b.WriteString(p)
		}
	}
}

func (w *writer) quoted(s string) {
	q := quotedprintable.NewWriter(w.Buffer)
	_, _ = q.Write([]byte(s)) // into memory
	_ = q.Close()
	w.WriteString("\r\n")
}

// base64 writes n octets that nothing can compress.
func (w *writer) base64(n int) {
	const line = 57
	raw := make([]byte, line)
	var text []byte
	w.Grow(n/line*78 + 78)
	for ; n > 0; n -= line {
		raw = raw[:min(n, line)]
		for i := range raw {
			if i%8 == 0 {
				for j, v := 0, w.dice.Uint64(); j < 8 && i+j < len(raw); j++ {
					raw[i+j] = byte(v >> (8 * j))
				}
			}
		}
		text = append(base64.StdEncoding.AppendEncode(text[:0], raw), '\r', '\n')
		w.Write(text)
	}
}

// mixed writes a text and files of these sizes.
func (w *writer) mixed(sizes ...int) {
	w.WriteString("Content-Type: multipart/mixed; boundary=\"_002_mixed_\"\r\n\r\n" +
		"--_002_mixed_\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w.quoted(w.text(1200))
	for i, n := range sizes {
		fmt.Fprintf(w, "--_002_mixed_\r\nContent-Type: application/octet-stream; name=\"scan%d.bin\"\r\nContent-Description: scan%[1]d.bin\r\n"+
			"Content-Disposition: attachment; filename=\"scan%[1]d.bin\"; size=%[2]d\r\nContent-Transfer-Encoding: base64\r\n\r\n", i+1, n)
		w.base64(n)
	}
	w.WriteString("--_002_mixed_--\r\n")
}
