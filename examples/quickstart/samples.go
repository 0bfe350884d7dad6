package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/text/encoding/japanese"
)

// samples makes a handful of mails as support mailboxes get them.
func samples() [][]byte {
	plain := mail("Ada Moreno <ada@customer.example>", "support@contoso.test", "Where is my order?", "one@customer.example",
		"Content-Type: text/plain; charset=utf-8\n\nHello,\n\nmy order 4711 should have arrived on Monday.\n\nAda\n")
	return [][]byte{
		plain,
		mail("Bo Lind <bo@shop.example>", "support@contoso.test", "The label is wrong", "two@shop.example", `Content-Type: multipart/related; boundary="r"

--r
Content-Type: text/html; charset=utf-8

<p>Look at the <b>label</b>:</p><p><img src="cid:label@shop.example"></p>
--r
Content-Type: image/png; name="label.png"
Content-Disposition: inline; filename="label.png"
Content-ID: <label@shop.example>
Content-Transfer-Encoding: base64

`+lines(picture())+`--r--
`),
		japaneseMail(),
		mail("Dora Okafor <dora@firm.example>", "support@contoso.test, accounts@contoso.test", "Papers for case 12", "four@firm.example", `Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: text/plain; charset=utf-8

Three papers are attached.
--m
`+attached("contract.pdf", "application/pdf", noise(40_000))+`--m
`+attached("figures.csv", "text/csv", []byte("month,sum\n2026-10,41\n2026-11,37\n"))+`--m
`+attached("notes.txt", "text/plain", []byte("Call me before noon.\n"))+`--m--
`),
		mail("Eli Brandt <eli@studio.example>", "support@contoso.test", "Recording of the fault", "five@studio.example", `Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: text/plain; charset=utf-8

About 30 MB, sorry.
--m
`+attached("fault.mov", "video/quicktime", noise(22<<20))+`--m--
`),
		mail("Finn <finn@old.example>", "support@contoso.test", "Broken by a gateway", "six@old.example", `Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: text/plain; charset=utf-8

The file below was damaged on its way.
--m
Content-Type: application/zip; name="photos.zip"
Content-Transfer-Encoding: base64

`+strings.Repeat("UEsDBBQ!!!(damaged)!!!AAAIAK==\n", 40)+`--m--
`),
		// Without a To field there is nobody that it was written to.
		bytes.Replace(mail("Gus <gus@list.example>", "", "For whom?", "seven@list.example",
			"Content-Type: text/plain; charset=utf-8\n\nNobody knows.\n"), []byte("To: \r\n"), nil, 1),
		mail("Hana Kim <hana@film.example>", "support@contoso.test", "The whole film", "eight@film.example", `Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: text/plain; charset=utf-8

Enjoy!
--m
`+attached("film.mov", "video/quicktime", noise(40<<20))+`--m--
`),
		plain, // delivered twice
		reply("Bo Lind <bo@shop.example>", "Re: The label is wrong", "nine@shop.example", "two@shop.example", "",
			"It is on the left side of the parcel.\n"),
		// Nobody wrote this one: answering it would begin a loop.
		reply("Dora Okafor <dora@firm.example>", "Automatic reply: Papers for case 12", "ten@firm.example", "four@firm.example",
			"Auto-Submitted: auto-replied\n", "I am out of office until Monday.\n"),
		// A web form that gives every mail the same Message-ID.
		mail("Ivo <ivo@form.example>", "support@contoso.test", "Contact form", "one@customer.example",
			"Content-Type: text/plain; charset=utf-8\n\nPlease call me back.\n"),
	}
}

// mail puts a header before a body that begins with header fields of its own.
func mail(from, to, subject, id, body string) []byte {
	head := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s>\nMIME-Version: 1.0\n",
		from, to, subject, time.Now().Format(time.RFC1123Z), id)
	return []byte(strings.ReplaceAll(head+body, "\n", "\r\n"))
}

// reply is a mail that answers another one.
func reply(from, subject, id, to, fields, text string) []byte {
	return mail(from, "support@contoso.test", subject, id, "In-Reply-To: <"+to+">\n"+fields+"Content-Type: text/plain; charset=utf-8\n\n"+text)
}

func japaneseMail() []byte {
	word := func(s string) string {
		b, _ := japanese.ISO2022JP.NewEncoder().String(s) // it has only what the set has
		return b
	}
	subject := "=?ISO-2022-JP?B?" + base64.StdEncoding.EncodeToString([]byte(word("お問い合わせ"))) + "?="
	return mail("=?ISO-2022-JP?B?"+base64.StdEncoding.EncodeToString([]byte(word("田中")))+"?= <tanaka@kaisha.example>",
		"support@contoso.test", subject, "three@kaisha.example",
		"Content-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n"+word("お世話になっております。\n注文の状況を教えてください。\n"))
}

func attached(name, mediaType string, content []byte) string {
	return fmt.Sprintf("Content-Type: %s; name=%q\nContent-Disposition: attachment; filename=%q\nContent-Transfer-Encoding: base64\n\n%s",
		mediaType, name, name, lines(content))
}

// lines is base64 in lines of 76 (RFC 2045 §6.8).
func lines(content []byte) string {
	enc := base64.StdEncoding.EncodeToString(content)
	var b strings.Builder
	b.Grow(len(enc) + len(enc)/76 + 1)
	for len(enc) > 76 {
		b.WriteString(enc[:76] + "\n")
		enc = enc[76:]
	}
	b.WriteString(enc + "\n")
	return b.String()
}

// noise is content that does not compress, and is the same in every run.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{'e', 'x', 'd', 'e', 's', 'k'}).Read(b)
	return b
}

func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for x := range 64 {
		for y := range 32 {
			img.Set(x, y, color.RGBA{R: uint8(4 * x), G: uint8(8 * y), B: 120, A: 255})
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}
