package graphtest

import (
	"bytes"
	"mime"
	netmail "net/mail"
	"strings"
	"time"
)

// mail is the octets of a message and their structure, read tolerantly:
// everything is a mail.
type mail struct {
	octets []byte
	root   *part
}

func readMail(octets []byte) *mail { return &mail{octets, readPart(octets, 0)} }

// text returns the first field of that name, unfolded, as it is encoded.
func (m *mail) text(name string) string { return m.root.text(name) }

func (m *mail) date() (time.Time, bool) {
	t, err := netmail.ParseDate(m.text("Date"))
	return t, err == nil
}

func (m *mail) importance() string {
	switch v := strings.ToLower(m.text("Importance")); v {
	case "high", "low":
		return v
	}
	switch p := m.text("X-Priority"); {
	case strings.HasPrefix(p, "1"), strings.HasPrefix(p, "2"):
		return "high"
	case strings.HasPrefix(p, "4"), strings.HasPrefix(p, "5"):
		return "low"
	}
	return "normal"
}

// attached tells whether there are files. Inline images are none: "message
// resource type" says so of hasAttachments.
func (m *mail) attached() bool {
	found := false
	m.root.walk(func(p *part) { found = found || p.isFile() })
	return found
}

// bodies returns the first text and the first HTML body, nil if there is none.
func (m *mail) bodies() (plain, html *part) {
	m.root.walk(func(p *part) {
		switch {
		case p.kids != nil || p.disposition() == "attachment" || p.serial != 0:
		case p.kind == "text/plain" && plain == nil:
			plain = p
		case p.kind == "text/html" && html == nil:
			html = p
		}
	})
	return plain, html
}

// meeting returns the method of a calendar part, which makes the message an
// event message.
func (m *mail) meeting() string {
	method := ""
	m.root.walk(func(p *part) {
		if p.kind == "text/calendar" && method == "" && p.disposition() != "attachment" && p.serial == 0 {
			method = strings.ToUpper(p.params["method"])
		}
	})
	return method
}

// person is an address in the JSON view.
type person struct{ name, address string }

// people returns the addresses of all fields of that name. Of what cannot be
// parsed, whatever looks like an address is taken.
func (m *mail) people(name string) []person {
	var list []person
	for _, f := range m.root.fields {
		if !strings.EqualFold(f.name, name) {
			continue
		}
		parser := netmail.AddressParser{WordDecoder: &words}
		parsed, err := parser.ParseList(f.value())
		for _, a := range parsed {
			list = append(list, person{a.Name, a.Address})
		}
		if err == nil {
			continue
		}
		for _, word := range strings.FieldsFunc(f.value(), func(r rune) bool { return strings.ContainsRune(" \t<>,;:\"()", r) }) {
			if i := strings.LastIndexByte(word, '@'); i > 0 && i < len(word)-1 {
				list = append(list, person{"", word})
			}
		}
	}
	return list
}

// messageIDs returns the ids in angle brackets.
func messageIDs(v string) []string {
	var ids []string
	for {
		i := strings.IndexByte(v, '<')
		if i < 0 {
			return ids
		}
		j := strings.IndexByte(v[i:], '>')
		if j < 0 {
			return ids
		}
		ids, v = append(ids, v[i:i+j+1]), v[i+j+1:]
	}
}

var words = mime.WordDecoder{CharsetReader: charsetReader}

// decodeWords decodes RFC 2047 words, and returns what cannot be decoded as it
// is.
func decodeWords(v string) string {
	d, err := words.DecodeHeader(v)
	if err != nil {
		d = v
	}
	return decodeCharset([]byte(d), "")
}

// field is one field of a header.
type field struct {
	name string
	raw  []byte // after the colon, with folding and without the last line end
}

// value unfolds the field: every fold becomes one space.
func (f field) value() string {
	var b strings.Builder
	for line := range bytes.SplitSeq(f.raw, []byte("\n")) {
		if t := bytes.Trim(line, " \t\r"); len(t) > 0 {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.Write(t)
		}
	}
	return b.String()
}

// part is a part of a message, or the whole of it.
type part struct {
	octets []byte // header and body
	body   []byte
	fields []field
	kids   []*part // of a multipart whose boundary was found
	kind   string  // media type in lower case, text/plain if there is none
	params map[string]string
	clean  bool // the header is well-formed and says how to read the body

	// Of a part that was attached here:
	serial int  // tells it from others of the message
	file   bool // it is a file even if it holds a message
}

// maxDepth bounds nesting; deeper parts are read as leaves.
const maxDepth = 50

func readPart(octets []byte, depth int) *part {
	p := &part{octets: octets, clean: true, kind: "text/plain"}
	p.readHeader()
	types, encodings := 0, 0
	for _, f := range p.fields {
		switch strings.ToLower(f.name) {
		case "content-type":
			types++
		case "content-transfer-encoding":
			encodings++
		}
	}
	p.clean = p.clean && types <= 1 && encodings <= 1
	if types > 0 {
		p.readType()
	}
	if strings.HasPrefix(p.kind, "multipart/") && depth < maxDepth && p.params["boundary"] != "" {
		for _, kid := range splitParts(p.body, p.params["boundary"]) {
			p.kids = append(p.kids, readPart(kid, depth+1))
		}
	}
	return p
}

// readHeader reads fields up to an empty line, or up to a line that is no
// field. A first line as in mbox files is skipped.
func (p *part) readHeader() {
	rest, from := p.octets, 0 // from is where the value of the last field starts
	for first := true; len(rest) > 0; first = false {
		at := len(p.octets) - len(rest)
		line, next := cutLine(rest)
		name, _, ok := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) == 0:
			p.body = next
			return
		case line[0] == ' ' || line[0] == '\t':
			if len(p.fields) == 0 {
				p.clean = false
				break
			}
			p.fields[len(p.fields)-1].raw = p.octets[from : at+len(line)]
		case ok && isFieldName(bytes.TrimRight(name, " \t")): // RFC 5322 §4.5 allows blanks there
			from = at + len(name) + 1
			p.fields = append(p.fields, field{string(bytes.TrimRight(name, " \t")), p.octets[from : at+len(line)]})
		case first && bytes.HasPrefix(line, []byte("From ")):
			p.clean = false
		default:
			p.clean = false
			p.body = rest
			return
		}
		rest = next
	}
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

func isFieldName(name []byte) bool {
	for _, ch := range name {
		if ch <= ' ' || ch >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// readType reads Content-Type. What cannot be read makes a leaf that nobody
// touches.
func (p *part) readType() {
	v := p.text("Content-Type")
	kind, params, err := mime.ParseMediaType(v)
	if err != nil {
		p.clean = false
		kind, _, _ = strings.Cut(v, ";")
		kind, params = strings.ToLower(strings.TrimSpace(kind)), map[string]string{}
		if _, after, ok := strings.Cut(v, "boundary="); ok {
			b, _, _ := strings.Cut(after, ";")
			params["boundary"] = strings.Trim(strings.TrimSpace(b), `"`)
		}
	}
	if strings.Contains(kind, "/") {
		p.kind = kind
	}
	p.params = params
}

func (p *part) text(name string) string {
	for _, f := range p.fields {
		if strings.EqualFold(f.name, name) {
			return f.value()
		}
	}
	return ""
}

func (p *part) walk(f func(*part)) {
	f(p)
	for _, k := range p.kids {
		k.walk(f)
	}
}

func (p *part) disposition() string {
	d, _, _ := strings.Cut(p.text("Content-Disposition"), ";")
	return strings.ToLower(strings.TrimSpace(d))
}

func (p *part) isFile() bool {
	switch d := p.disposition(); {
	case strings.HasPrefix(p.kind, "multipart/"):
		return false
	case d == "attachment":
		return true
	case d == "inline" || p.text("Content-Id") != "":
		return false
	}
	return p.params["name"] != "" || !strings.HasPrefix(p.kind, "text/")
}

// splitParts cuts the body of a multipart at its boundary. The line break
// before a boundary belongs to the boundary (RFC 2046 §5.1.1). A missing end
// is where the octets end.
func splitParts(body []byte, boundary string) [][]byte {
	var parts [][]byte
	mark := []byte("--" + boundary)
	start := -1 // of the part that is being read
	for at := 0; ; {
		i := bytes.Index(body[at:], mark)
		if i < 0 {
			break
		}
		i += at
		line, rest := cutLine(body[i+len(mark):])
		line = bytes.Trim(line, " \t")
		if i > 0 && body[i-1] != '\n' || len(line) > 0 && string(line) != "--" {
			at = i + len(mark)
			continue
		}
		if start >= 0 {
			parts = append(parts, trimBreak(body[start:max(start, i)]))
		}
		at = len(body) - len(rest)
		start = at
		if len(line) > 0 {
			return parts
		}
	}
	if start >= 0 {
		parts = append(parts, body[start:])
	}
	return parts
}

func trimBreak(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}
