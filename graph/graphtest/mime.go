package graphtest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/quotedprintable"
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
	for _, f := range transportFields(it) {
		g.field(f)
	}
	if root := it.mail.root; root.clean {
		g.top(it, root)
	} else {
		g.write(it.mail.octets)
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

// transportFields are the fields that Exchange adds to what arrives.
func transportFields(it *item) []field {
	host := "AM0PR01MB" + strings.ToUpper(hex.EncodeToString(threadIndex(it)[1:3])) + ".prod.exchangelabs.test"
	list := []field{
		{"Received", []byte("from mail.example.test (192.0.2.25) by " + host + " (2603:10a6:208:1::25) with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9000.10 via Frontend Transport; " + it.received.Format("Mon, 2 Jan 2006 15:04:05 -0700"))},
		{"X-MS-Exchange-Organization-AuthSource", []byte(host)},
		{"X-MS-Exchange-Organization-AuthAs", []byte("Anonymous")},
		{"X-MS-Exchange-Organization-Network-Message-Id", []byte(guidOf(threadIndex(it)[1:17]))},
		{"X-MS-Exchange-Organization-SCL", []byte("1")},
		{"X-MS-Exchange-Transport-CrossTenantHeadersStamped", []byte(host)},
	}
	if it.mail.text("Message-ID") == "" {
		list = append(list, field{"Message-ID", []byte(it.messageID)})
	}
	return list
}

// familiar are the fields that Exchange writes after all others, in its order.
var familiar = []string{"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Thread-Topic", "Thread-Index", "Date",
	"Message-ID", "References", "In-Reply-To", "Content-Language"}

// structural are the fields that belong to the body and are written with it.
var structural = map[string]bool{"content-type": true, "content-transfer-encoding": true, "content-disposition": true,
	"content-id": true, "content-description": true, "content-location": true, "content-md5": true, "mime-version": true}

func (g *generator) top(it *item, p *part) {
	late := map[string]bool{}
	for _, name := range familiar {
		late[strings.ToLower(name)] = true
	}
	for _, f := range p.fields {
		if lower := strings.ToLower(f.name); !late[lower] && !structural[lower] {
			g.field(f)
		}
	}
	for _, name := range familiar {
		found := false
		for _, f := range p.fields {
			if strings.EqualFold(f.name, name) {
				found = true
				g.field(field{name, f.raw})
			}
		}
		if !found && name == "Thread-Index" {
			g.field(field{name, []byte(base64.StdEncoding.EncodeToString(threadIndex(it)))})
		}
	}
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

var textEncoding = map[string]bool{"": true, "7bit": true, "8bit": true, "binary": true}

// plan chooses another transfer encoding for a leaf, nil to leave it alone.
func (g *generator) plan(p *part) (encoding string, encode func()) {
	if p.kids != nil || strings.HasPrefix(p.kind, "multipart/") || strings.HasPrefix(p.kind, "message/") || strings.HasSuffix(p.kind, "pkcs7-mime") {
		return "", nil
	}
	switch encoding := strings.ToLower(p.text("Content-Transfer-Encoding")); {
	case encoding == "base64" && isBase64(p.body):
		return "base64", func() { g.rewrap(p.body) }
	case encoding == "quoted-printable" && isQuotedPrintable(p.body):
		return "base64", func() {
			g.base64(quotedprintable.NewReader(bytes.NewReader(p.body)))
		}
	case textEncoding[encoding] && strings.HasPrefix(p.kind, "text/") && !looseBreaks(p.body):
		return "quoted-printable", func() {
			q := quotedprintable.NewWriter(g.w)
			_, _ = q.Write(p.body)
			_ = q.Close()
		}
	case textEncoding[encoding]:
		return "base64", func() { g.base64(bytes.NewReader(p.body)) }
	}
	return "", nil
}

// isBase64 tells whether b is base64 without any need for repair.
func isBase64(b []byte) bool {
	n, pad := 0, 0
	for _, ch := range b {
		switch {
		case ch == '\r' || ch == '\n':
		case ch == '=':
			pad++
		case pad > 0 || !isBase64Digit(ch):
			return false
		default:
			n++
		}
	}
	return pad <= 2 && (n+pad)%4 == 0
}

func isBase64Digit(ch byte) bool {
	return ch >= 'A' && ch <= 'Z' || ch >= 'a' && ch <= 'z' || ch >= '0' && ch <= '9' || ch == '+' || ch == '/'
}

// isQuotedPrintable tells whether b decodes without any need for repair: each
// = is followed by two digits or by a line end.
func isQuotedPrintable(b []byte) bool {
	for i := bytes.IndexByte(b, '='); i >= 0; {
		rest := b[i+1:]
		soft := bytes.HasPrefix(rest, []byte("\n")) || bytes.HasPrefix(rest, []byte("\r\n"))
		if !soft && (len(rest) < 2 || !isHex(rest[0]) || !isHex(rest[1])) {
			return false
		}
		j := bytes.IndexByte(rest, '=')
		if j < 0 {
			break
		}
		i += 1 + j
	}
	_, err := io.Copy(io.Discard, quotedprintable.NewReader(bytes.NewReader(b)))
	return err == nil
}

func isHex(ch byte) bool { return ch >= '0' && ch <= '9' || ch >= 'A' && ch <= 'F' }

// looseBreaks tells whether there is a CR or LF that is no CRLF, which
// quoted-printable could not keep.
func looseBreaks(b []byte) bool {
	return bytes.Count(b, []byte("\r\n")) != bytes.Count(b, []byte("\n")) || bytes.Count(b, []byte("\r\n")) != bytes.Count(b, []byte("\r"))
}

const base64Line = 76

// rewrap writes base64 in other lines.
func (g *generator) rewrap(b []byte) {
	w := &wrapper{w: g.w}
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		for chunk := range bytes.SplitSeq(line, []byte("\r")) {
			_, _ = w.Write(chunk)
		}
	}
	w.close()
}

func (g *generator) base64(r io.Reader) {
	w := &wrapper{w: g.w}
	e := base64.NewEncoder(base64.StdEncoding, w)
	_, _ = io.Copy(e, r)
	_ = e.Close()
	w.close()
}

// wrapper breaks lines.
type wrapper struct {
	w      *bufio.Writer
	column int
}

func (l *wrapper) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(base64Line-l.column, len(p))
		if _, err := l.w.Write(p[:k]); err != nil {
			return n - len(p), err
		}
		p, l.column = p[k:], l.column+k
		if l.column == base64Line {
			_, _ = l.w.WriteString("\r\n")
			l.column = 0
		}
	}
	return n, nil
}

func (l *wrapper) close() {
	if l.column > 0 {
		_, _ = l.w.WriteString("\r\n")
	}
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
