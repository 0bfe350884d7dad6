package graphtest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
)

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
