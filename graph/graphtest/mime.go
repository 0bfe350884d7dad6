package graphtest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"
)

// regenerate writes a message as Exchange does, which stores properties and
// not octets: $value is composed anew, with fields of Exchange's own, other
// folding, order, boundaries and transfer encodings. ("Get MIME content of a
// message"; that the octets differ is what everybody finds who compares them.)
//
// What the mail says stays: decoded bodies and files, addresses, subject,
// dates, ids, names of files. What cannot be read without doubt is passed
// through: parts whose transfer encoding is unknown or corrupt, signed and
// encrypted parts, attached messages. If the header of the mail itself is not
// well-formed, fields are put before it and nothing else is done, so that a
// broken mail stays as broken as it was.
func regenerate(w io.Writer, it *item) error {
	g := &generator{w: bufio.NewWriterSize(w, 64<<10), mark: strings.ToUpper(derived("", it.immutable, 32))}
	h := &it.header
	root := it.mail.root
	switch {
	case !root.clean:
		g.fields(h.trace)
		g.fields(h.stamps)
		g.write(it.damaged)
	case h.late:
		g.foreign(it, h.foreign)
		g.fields(h.trace)
		g.rest(it, root)
	default:
		g.fields(h.trace)
		g.foreign(it, h.foreign)
		g.rest(it, root)
	}
	return g.w.Flush()
}

// generator composes a message. Errors stick to w.
type generator struct {
	w        *bufio.Writer
	mark     string // makes boundaries unlike those of other messages
	sections int
}

func (g *generator) write(b []byte) { _, _ = g.w.Write(b) }
func (g *generator) line(parts ...string) {
	for _, p := range parts {
		_, _ = g.w.WriteString(p)
	}
	_, _ = g.w.WriteString("\r\n")
}

// familiar are the fields that Exchange writes after the sender's others, in
// its order.
var familiar = []string{"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Thread-Topic", "Thread-Index", "Date",
	"Message-ID", "References", "In-Reply-To", "Content-Language"}

// structural are the fields that belong to the body and are written with it.
var structural = map[string]bool{"content-type": true, "content-transfer-encoding": true, "content-disposition": true,
	"content-id": true, "content-description": true, "content-location": true, "content-md5": true, "mime-version": true}

// renewed are written anew for every message, below the others.
var renewed = map[string]bool{"x-ms-has-attach": true, "x-ms-tnef-correlator": true}

func (g *generator) fields(list []field) {
	for _, f := range list {
		g.field(f)
	}
}

// foreign writes the sender's fields but those that belong to the body.
func (g *generator) foreign(it *item, list []field) {
	late := map[string]bool{}
	for _, name := range familiar {
		late[strings.ToLower(name)] = true
	}
	for _, f := range list {
		if lower := strings.ToLower(f.name); !late[lower] && !structural[lower] && !renewed[lower] {
			g.field(f)
		}
	}
	for _, name := range familiar {
		found := false
		for _, f := range list {
			if strings.EqualFold(f.name, name) {
				found = true
				g.field(field{name, f.raw})
			}
		}
		if !found && name == "Thread-Index" {
			g.field(field{name, []byte(base64.StdEncoding.EncodeToString(threadIndex(it)))})
		}
	}
}

// rest writes what stands below the sender's fields, and the body.
func (g *generator) rest(it *item, p *part) {
	g.fields(it.header.stamps)
	has := ""
	if it.attached {
		has = "yes"
	}
	g.line("X-MS-Has-Attach: ", has)
	g.line("X-MS-TNEF-Correlator: ")
	g.line("MIME-Version: 1.0")
	g.entity(p, true)
}

// part writes a part of a multipart.
func (g *generator) part(p *part) {
	if !p.clean {
		g.write(p.octets)
		return
	}
	g.entity(p, false)
}

// entity writes the fields that describe a body, an empty line and the body.
func (g *generator) entity(p *part, top bool) {
	boundary, kind := g.boundary(p)
	encoding, encode := g.plan(p)
	for _, f := range p.fields {
		switch lower := strings.ToLower(f.name); {
		case lower == "mime-version" || top && !structural[lower]:
		case lower == "content-type" && boundary != "":
			g.field(field{"Content-Type", []byte(kind)})
		case lower == "content-transfer-encoding" && encode != nil:
		default:
			g.field(f)
		}
	}
	if encode != nil {
		g.line("Content-Transfer-Encoding: ", encoding)
	}
	g.line()
	switch {
	case boundary != "":
		for _, kid := range p.kids {
			g.line("--", boundary)
			g.part(kid)
			g.line()
		}
		g.line("--", boundary, "--")
	case encode != nil:
		encode()
	default:
		g.write(p.body)
	}
}

// boundary returns a new boundary for a multipart and its Content-Type, or
// nothing for a body that is left alone: no multipart, or one whose octets
// matter, as they do below a signature (RFC 1847 §2.1).
func (g *generator) boundary(p *part) (boundary, kind string) {
	if p.kids == nil || p.kind == "multipart/signed" || p.kind == "multipart/encrypted" || p.kind == "multipart/digest" {
		return "", ""
	}
	params := maps.Clone(p.params)
	params["boundary"] = fmt.Sprintf("_%03d_%s_", g.sections, g.mark)
	kind = mime.FormatMediaType(p.kind, params)
	if kind == "" {
		return "", ""
	}
	g.sections++
	return params["boundary"], kind
}

const foldAt = 76

// field writes a field, folded anew at single blanks: wider ones could mean
// something to those who unfold.
func (g *generator) field(f field) {
	value := f.value()
	if strings.EqualFold(f.name, "Subject") {
		value = encodeSubject(value)
	}
	_, _ = g.w.WriteString(f.name + ":")
	column := len(f.name) + 1
	for value != "" {
		word, rest := cutWord(value)
		if column > len(f.name)+1 && column+1+len(word) > foldAt {
			_, _ = g.w.WriteString("\r\n")
			column = 0
		}
		_, _ = g.w.WriteString(" " + word)
		column += 1 + len(word)
		value = rest
	}
	g.line()
}

// cutWord cuts at the first blank that has no other beside it.
func cutWord(s string) (word, rest string) {
	blank := func(i int) bool { return i >= 0 && i < len(s) && (s[i] == ' ' || s[i] == '\t') }
	for i := 1; i < len(s)-1; i++ {
		if s[i] == ' ' && !blank(i-1) && !blank(i+1) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

var wholeWord = regexp.MustCompile(`^=\?[^? ]+\?[BbQq]\?[^? ]*\?=$`)

// encodeSubject encodes the subject anew, unless there is any doubt how to
// decode it.
func encodeSubject(value string) string {
	for word := range strings.FieldsSeq(value) {
		if strings.Contains(word, "=?") && !wholeWord.MatchString(word) {
			return value
		}
	}
	text, err := words.DecodeHeader(value)
	if err != nil || !utf8.ValidString(text) || text != strings.TrimSpace(text) || strings.Contains(text, "=?") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return value
	}
	return mime.BEncoding.Encode("utf-8", text)
}
