package exdesk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"sync"

	"github.com/exdesk/exdesk/internal/eml"
)

const (
	// maxText and maxHTML are how much of one text is held, HTML before its
	// styles are taken out; a longer one goes to the ticket as a file, streamed.
	maxText = 64 << 10
	maxHTML = 256 << 10
	// maxTexts is how much text of one mail is held, the last one aside.
	maxTexts = 256 << 10
	// maxFiles bounds the uploads of one mail; Zendesk takes 500 files a comment.
	maxFiles = 500
	// small is up to what size a file is held, so that the desk knows its
	// length and can be sent it again.
	small = 64 << 10
)

// mailReader reads one mail, once, front to back: texts are kept, files go
// straight to the desk.
type mailReader struct {
	ctx   context.Context
	desk  Desk                 // nil: files are read and dropped
	early func(*Message) error // asked when the header was read; may be nil
	src   *source
	eml   *eml.Reader
	msg   *Message

	texts   texts
	held    int // octets of text
	leaves  int // texts
	uploads int
	buf     *[small]byte // for small files
}

// heads and files are what texts and small files are read into, mail after mail.
var (
	heads = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	files = sync.Pool{New: func() any { return new([small]byte) }}
)

// read reads the mail from src, its files to the desk. With an error the
// message holds what was read until then. A *rejection may come with a message
// that was read to its end.
func read(ctx context.Context, src io.Reader, most int64, desk Desk, early func(*Message) error) (*Message, error) {
	s := &source{r: src, most: most}
	r := &mailReader{ctx: ctx, desk: desk, early: early, src: s, eml: eml.NewReader(s, nil), msg: new(Message)}
	defer r.eml.Release()
	err := r.read()
	if r.buf != nil {
		files.Put(r.buf)
	}
	r.msg.octets = s.n
	r.msg.Repairs = append(r.msg.Repairs, r.eml.Repairs()...)
	r.finish()
	return r.msg, err
}

func (r *mailReader) read() error {
	h, err := r.eml.Header()
	if err != nil {
		return r.cause(err)
	}
	why := r.header(h)
	switch {
	case why != nil:
		r.desk = nil // read on, so that the report can tell the mail; upload nothing
	case r.early != nil:
		if err := r.early(r.msg); err != nil {
			return err
		}
	}
	for {
		part, err := r.eml.Next()
		if err == io.EOF {
			// What comes after the last part is nothing to read, but it has
			// to come: else the mail was not whole.
			if _, err = io.Copy(io.Discard, r.src); err == nil {
				return why
			}
		}
		if err == nil {
			err = r.part(part)
		}
		if err != nil {
			if err = r.cause(err); why != nil && isRejection(err) {
				err = why // the first reason is the plainest
			}
			return err
		}
	}
}

// header takes over the header, and decides what it alone can decide.
func (r *mailReader) header(h *eml.Header) error {
	m := r.msg
	from := addresses(h, "From")
	if len(from) > 0 {
		m.From = from[0]
	}
	if len(from) > 1 {
		m.Repairs = append(m.Repairs, "several authors, of whom the first counts")
	}
	m.ReplyTo, m.To, m.CC = addresses(h, "Reply-To"), addresses(h, "To"), addresses(h, "Cc")
	m.Subject = h.Text("Subject")
	m.InReplyTo, m.References = h.MessageIDs("In-Reply-To"), h.MessageIDs("References")
	if ids := h.MessageIDs("Message-ID"); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.header = h
	m.Date, _ = h.Date()
	switch {
	case !h.Has("From"):
		return rejectf("the From field is missing: nobody could be answered")
	case len(from) == 0:
		return rejectf("the From field names no address: nobody could be answered")
	case !strings.Contains(m.Requester().Address, "@"):
		return rejectf("the From address %s has no domain: nobody could be answered", clip(m.From.Address, 80))
	case !h.Has("To"):
		return rejectf("the To field is missing")
	case !h.Filled("To"):
		return rejectf("the To field is empty")
	}
	return nil
}

func addresses(h *eml.Header, field string) []Address {
	list := h.Addresses(field)
	out := make([]Address, len(list))
	for i, a := range list {
		out[i] = Address(a)
	}
	return out
}

// part takes over one leaf: as text where a reader would see text, else as a
// file.
func (r *mailReader) part(p *eml.Part) error {
	if r.isText(p) && r.held < maxTexts {
		return r.text(p)
	}
	a := Attachment{Name: p.Name, Type: p.Type, ContentID: p.ContentID, Inline: p.Disposition == "inline" && p.ContentID != ""}
	if len(a.Type) > 127 { // RFC 6838 §4.2
		a.Type = "application/octet-stream"
	}
	if a.Name == "" {
		a.Name, a.unnamed = "part-"+p.Path+extension(a.Type), true
	}
	var body io.Reader = p
	if w := r.msg.auto.Keep(p.Type); w != nil {
		body = io.TeeReader(p, w)
	}
	return r.file(a, p.Params["charset"], body)
}

// isText tells a text from a file. A named text is a file, except the first
// one and those that are a form of another: some programs name the body.
func (r *mailReader) isText(p *eml.Part) bool {
	switch {
	case p.Disposition == "attachment":
		return false
	case p.Type == "text/plain" || p.Type == "text/html":
		n := len(p.Within)
		return p.Name == "" || r.leaves == 0 || n > 0 && p.Within[n-1].Type == "multipart/alternative"
	case r.leaves > 0 || p.Name != "":
		return false
	}
	// A body of another kind of text is better read raw than not at all.
	return p.Type == "text/enriched" || p.Type == "text/richtext"
}

func (r *mailReader) text(p *eml.Part) error {
	isHTML := p.Type == "text/html"
	a, most := Attachment{Name: "message.txt", Type: "text/plain"}, maxText
	if isHTML {
		a, most = Attachment{Name: "message.html", Type: "text/html"}, maxHTML
	}
	in := p.Text()
	head := heads.Get().(*bytes.Buffer)
	defer heads.Put(head)
	head.Reset()
	if _, err := head.ReadFrom(io.LimitReader(in, int64(most)+1)); err != nil {
		return err
	}
	body := head.String()
	if len(body) > most {
		a.unnamed = true
		if err := r.file(a, "utf-8", io.MultiReader(strings.NewReader(body), in)); err != nil {
			return err
		}
		r.msg.whole = true
		body = cut(body, most)
	}
	if isHTML {
		body = tidy(body)
	}
	if r.leaves++; r.leaves > 1 {
		r.msg.whole = false // the file is one of them
	}
	r.held += len(body)
	r.texts.add(p.Within, isHTML, body)
	return nil
}

// file moves one file from the mail to the desk. A file that the desk refuses
// is noted; the ticket is made without it.
func (r *mailReader) file(a Attachment, charset string, body io.Reader) error {
	in := &counter{r: body}
	defer func() {
		a.Bytes = in.n
		r.msg.Files = append(r.msg.Files, a)
	}()
	if r.desk == nil || r.uploads >= maxFiles-1 { // one is kept for a text that is too long
		if r.desk != nil {
			a.Refused = fmt.Sprintf("a ticket takes at most %d files", maxFiles-1)
		}
		_, err := io.Copy(io.Discard, in)
		return err
	}
	f := &File{Name: a.Name, Type: a.Type, Size: -1}
	if charset != "" && strings.HasPrefix(a.Type, "text/") {
		if t := mime.FormatMediaType(a.Type, map[string]string{"charset": charset}); t != "" && len(charset) < 50 {
			f.Type = t
		}
	}
	if r.buf == nil {
		r.buf = files.Get().(*[small]byte)
	}
	n, err := io.ReadFull(in, r.buf[:])
	switch err {
	case nil:
		f.Body = io.MultiReader(bytes.NewReader(r.buf[:]), in)
	case io.EOF, io.ErrUnexpectedEOF:
		if in.err != nil && in.err != io.EOF { // the source broke off: no end at all
			return in.err
		}
		f.Size, f.Body = int64(n), bytes.NewReader(r.buf[:n])
	default:
		return err
	}
	r.uploads++
	up, err := r.desk.Upload(r.ctx, f)
	switch {
	case in.err != nil && in.err != io.EOF:
		return in.err // the mail's fault, whatever the desk made of it
	case err == nil:
		a.Upload = up
	case errors.Is(err, ErrRefused):
		a.Refused = reason(err)
		_, err = io.Copy(io.Discard, in) // for its size, and for what is wrong with it
		return err
	default:
		return err
	}
	return nil
}

// cause turns what the reading layer says into what the Connector decides by.
func (r *mailReader) cause(err error) error {
	var bad *eml.Error
	switch {
	case isRejection(r.src.err):
		return r.src.err
	case r.src.err != nil:
		// A mail that did not come whole is not a malformed one.
		return fmt.Errorf("the mail broke off while it was fetched: %w: %w", ErrTemporary, r.src.err)
	case errors.As(err, &bad):
		return rejectf("the mail is malformed: %s", bad.Reason)
	}
	return err
}

func isRejection(err error) bool {
	var no *rejection
	return errors.As(err, &no)
}

// source is the mail on its way in. It remembers why it ended, and ends a mail
// that is much larger than its store said: the limit is on the store's own form
// of the mail, which as MIME may be half as much again.
type source struct {
	r    io.Reader
	n    int64
	most int64 // <= 0: no limit
	err  error // what ended it, if not the end
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if s.n += int64(n); s.most > 0 && s.n-s.most > s.most/2 { // in this order it cannot overflow
		err = tooLarge(s.n, s.most)
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// tooLarge is the rejection of a mail over the limit, with what its sender can do.
func tooLarge(size, most int64) error {
	return rejectf("the mail has %s, and at most %s can be imported, attachments included: ask the sender to compress the files or to share them by a link",
		megabytes(size), megabytes(most))
}

func megabytes(n int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0") + " MB"
}

// counter counts what is read and remembers what ended it.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// extension names a nameless file so that Zendesk, which goes by the ending,
// keeps its type.
func extension(mediaType string) string {
	if e, ok := extensions[mediaType]; ok {
		return e
	}
	return ".bin"
}

var extensions = map[string]string{
	"application/ms-tnef": ".dat", "application/pdf": ".pdf", "application/pgp-encrypted": ".pgp",
	"application/pgp-signature": ".asc", "application/pkcs7-mime": ".p7m", "application/pkcs7-signature": ".p7s",
	"application/x-pkcs7-mime": ".p7m", "application/x-pkcs7-signature": ".p7s", "application/zip": ".zip",
	"image/bmp": ".bmp", "image/gif": ".gif", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/png": ".png",
	"image/svg+xml": ".svg", "image/tiff": ".tif", "image/webp": ".webp",
	"message/delivery-status": ".txt", "message/disposition-notification": ".txt",
	"message/feedback-report": ".txt", "message/rfc822": ".eml",
	"text/calendar": ".ics", "text/csv": ".csv", "text/html": ".html", "text/x-amp-html": ".html", "text/plain": ".txt",
	"text/rfc822-headers": ".txt", "text/vcard": ".vcf", "text/x-vcard": ".vcf", "text/xml": ".xml",
}
