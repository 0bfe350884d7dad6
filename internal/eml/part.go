package eml

import (
	"io"
	"strings"
)

// Container is a multipart around a part.
type Container struct {
	// ID tells the multiparts of one message apart.
	ID int
	// Type is such as "multipart/alternative".
	Type string
	// Params are the charset, type, start, report-type and protocol of
	// Content-Type, those that there are.
	Params map[string]string
}

// Part is a leaf of a message: anything but a multipart. Attached messages are
// leaves. It can be read until the next call of Next.
type Part struct {
	// Path is the section number as IMAP has it (RFC 9051 §6.4.5.1), such as
	// "1.2", and "1" for the body of a message that is not a multipart.
	Path string
	// Type is the media type in lower case, such as "text/plain".
	Type string
	// Params are those of Content-Type, with keys in lower case, decoded.
	Params map[string]string
	// Disposition is "", "inline" or "attachment".
	Disposition string
	// Name is the file name, "" for none. It has no directory and no control
	// characters and at most 255 bytes.
	Name string
	// ContentID is without angle brackets.
	ContentID string
	// Within are the multiparts around the part, outermost first. It is not to
	// be modified.
	Within []Container
	// Encoding is the transfer encoding in effect: "7bit", "8bit", "binary",
	// "quoted-printable", "base64" or "uuencode".
	Encoding string

	r      *Reader
	header *Header
	dec    decoder
	err    error

	begun, entity, end int64 // see Span
}

// decoder undoes a transfer encoding of the body at hand. It returns octets,
// or an error that is io.EOF at the end; p is not empty.
type decoder interface {
	decode(r *Reader, p []byte) (int, error)
}

// newPart describes the entity with that header.
func (r *Reader) newPart(h *Header, path string) *Part {
	p := &Part{Path: path, r: r, header: h, Within: r.within()}
	if path == "" {
		p.Path = "1"
	}
	p.Type, p.Params = h.kind, h.decodeParams(h.params)

	disposition, params := parseDisposition(h.first("Content-Disposition"))
	p.Disposition = disposition
	p.Name = cleanName(h.decodeParam(params["filename"]))
	if p.Name == "" {
		p.Name = cleanName(p.Params["name"])
	}
	if ids := h.MessageIDs("Content-Id"); len(ids) > 0 {
		p.ContentID = ids[0] // RFC 2045 §7: of the form of a Message-ID
	}
	p.Encoding = r.encoding(h.first("Content-Transfer-Encoding"), p.Path)

	if p.Type == "" {
		p.Type = r.defaultType(h, p)
	}
	return p
}

// defaultType is the type of a part whose header names none that is valid.
func (r *Reader) defaultType(h *Header, p *Part) string {
	if v := strings.TrimSpace(h.first("Content-Type")); v != "" {
		r.note("malformed Content-Type of part %s", p.Path)
		if strings.EqualFold(v, "html") {
			return "text/html"
		}
		if p.Name != "" {
			return "application/octet-stream"
		}
		return "text/plain"
	}
	if n := len(r.stack); n > 0 && r.stack[n-1].Type == "multipart/digest" {
		return "message/rfc822" // RFC 2046 §5.1.5
	}
	return "text/plain" // RFC 2045 §5.2
}

// encoding maps the value of Content-Transfer-Encoding to a known one.
func (r *Reader) encoding(v, path string) string {
	switch v {
	case "7bit", "8bit", "base64", "quoted-printable": // as nearly all write it
		return v
	}
	name := strings.ToLower(strings.Trim(v, " \t\"';.,"))
	if i := strings.IndexAny(name, ";,("); i >= 0 {
		name = strings.TrimSpace(name[:i])
	}
	switch strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c == ' ' || c == '/' {
			return -1
		}
		return c
	}, name) {
	case "", "7bit":
		return "7bit" // RFC 2045 §6.1
	case "8bit":
		return "8bit"
	case "binary":
		return "binary"
	case "base64":
		return "base64"
	case "quotedprintable":
		return "quoted-printable"
	case "uuencode", "xuuencode", "xuue", "uue":
		return "uuencode"
	}
	// RFC 2045 §6.4 has a part with an unknown encoding treated as opaque.
	// QUIRK: what bulk mailers write here ("plain", "text/html") stands for
	// no encoding.
	r.note("unknown transfer encoding of part %s", path)
	return "binary"
}

// begin makes the part ready to be read.
func (p *Part) begin() {
	switch p.Encoding {
	case "base64":
		p.dec = &base64Decoder{part: p}
	case "quoted-printable":
		p.dec = &quotedDecoder{}
	case "uuencode":
		p.dec = &uuDecoder{}
	default:
		p.dec = identity{}
	}
}

// Header returns the header of the part. That of a message which is not a
// multipart is the message's.
func (p *Part) Header() *Header { return p.header }

// Span tells where a part of a multipart is in the message: begin is where the
// delimiter before it begins, the line end that belongs to it included, entity
// where its own header does, and end where the next delimiter begins. It is
// known once the Reader has gone on to the next part or to the end; not ok
// where it is not, and where what was read is not the message octet for octet.
func (p *Part) Span() (begin, entity, end int64, ok bool) {
	return p.begun, p.entity, p.end, p.end > p.entity && len(p.Within) > 0 && !p.r.moved && !p.r.src.cr
}

// Read reads octets of the part with its transfer encoding undone. It fills b
// as far as the input allows: pieces smaller than b come at the end only, so
// that what is written elsewhere goes out in large writes.
func (p *Part) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && p.err == nil {
		if p.r.part != p {
			p.err = errStale
			break
		}
		var m int
		m, p.err = p.dec.decode(p.r, b[n:])
		n += m
	}
	if n > 0 || len(b) == 0 {
		return n, nil
	}
	return 0, p.err
}

// Text returns the part as UTF-8 whatever its charset: valid, with LF line
// ends and no other control characters but tabs. It reads from the part.
func (p *Part) Text() io.Reader { return &textReader{p: p} }

// charset is the declared one.
//
// QUIRK: some senders declare it once, with the multipart around.
func (p *Part) charset() string {
	label := p.Params["charset"]
	for i := len(p.Within) - 1; label == "" && i >= 0; i-- {
		label = p.Within[i].Params["charset"]
	}
	return label
}

type identity struct{}

func (identity) decode(r *Reader, p []byte) (int, error) {
	b, last, err := r.bytes(1)
	if err != nil {
		return 0, err
	}
	n := copy(p, b)
	r.consume(n)
	if n == 0 && last {
		return 0, io.EOF
	}
	return n, nil
}
