package main

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/emersion/go-message"
	"github.com/jhillyerd/enmime/v2"
	"github.com/mnako/letters"

	"github.com/exdesk/exdesk/internal/eml"
)

// found is what a subject found in a mail: so many leaves, with so many octets
// when they are decoded.
type found struct {
	leaves int
	octets int64
}

func (f *found) add(n int64) {
	f.leaves++
	f.octets += n
}

// subject reads a mail and decodes every leaf of it.
type subject struct {
	name string
	read func(in io.Reader, buf []byte) (found, error)
}

// subjects are those that run in this process, exdesk first.
var subjects = []subject{
	{"exdesk", exdesk},
	{"go-message", goMessage},
	{"net/mail + mime/multipart", standard},
	{"letters", readLetters},
	{"enmime", readEnmime},
}

// drop decodes a leaf and forgets it. It hides io.Discard's own way of reading,
// which has a buffer of 8 KiB.
func drop(body io.Reader, buf []byte) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{body}, buf)
}

// exdesk reads as the product does: texts become clean UTF-8, attachments are
// octets whatever they hold, and what is wrong is repaired.
func exdesk(in io.Reader, buf []byte) (f found, err error) {
	r := eml.NewReader(in, nil)
	defer r.Release()
	for {
		p, err := r.Next()
		if err == io.EOF {
			return f, nil
		}
		if err != nil {
			return f, err
		}
		body := io.Reader(p)
		if (p.Type == "text/plain" || p.Type == "text/html") && p.Disposition != "attachment" {
			body = p.Text()
		}
		n, err := drop(body, buf)
		if err != nil {
			return f, err
		}
		f.add(n)
	}
}

// goMessage goes on where the library gives up on a leaf, as a person would have
// his program do.
func goMessage(in io.Reader, buf []byte) (f found, err error) {
	e, err := message.Read(in)
	if err != nil && !message.IsUnknownCharset(err) {
		return f, err
	}
	err = e.Walk(func(_ []int, e *message.Entity, err error) error {
		if e == nil || e.MultipartReader() != nil {
			return nil
		}
		n, _ := drop(e.Body, buf)
		f.add(n)
		return nil
	})
	return f, err
}

func standard(in io.Reader, buf []byte) (f found, err error) {
	m, err := mail.ReadMessage(in)
	if err != nil {
		return f, err
	}
	err = f.entity(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, buf)
	return f, err
}

func (f *found) entity(contentType, encoding string, body io.Reader, buf []byte) error {
	media, params, err := mime.ParseMediaType(contentType)
	if err == nil && strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := f.entity(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, buf); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	n, err := drop(body, buf)
	f.add(n)
	return err
}

func readLetters(in io.Reader, _ []byte) (f found, err error) {
	m, err := letters.ParseEmail(in)
	if err != nil {
		return f, err
	}
	for _, text := range []string{m.Text, m.HTML, m.EnrichedText} {
		if text != "" {
			f.add(int64(len(text)))
		}
	}
	for _, file := range m.AttachedFiles {
		f.add(int64(len(file.Data)))
	}
	for _, file := range m.InlineFiles {
		f.add(int64(len(file.Data)))
	}
	return f, nil
}

func readEnmime(in io.Reader, _ []byte) (f found, err error) {
	m, err := enmime.ReadEnvelope(in)
	if err != nil {
		return f, err
	}
	for _, text := range []string{m.Text, m.HTML} {
		if text != "" {
			f.add(int64(len(text)))
		}
	}
	for _, list := range [][]*enmime.Part{m.Attachments, m.Inlines, m.OtherParts} {
		for _, p := range list {
			f.add(int64(len(p.Content)))
		}
	}
	return f, nil
}
