package exdesk

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// finish puts the texts together.
func (r *mailReader) finish() {
	var text, rich strings.Builder
	r.texts.writeText(&text)
	r.msg.Text = text.String()
	if r.texts.isRich() {
		r.texts.writeHTML(&rich)
		r.msg.HTML = rich.String()
	}
	shown := make(map[string]bool)
	eachCID(r.msg.HTML, func(id string) (string, bool) {
		shown[id] = true
		return "", false
	})
	for i := range r.msg.Files {
		f := &r.msg.Files[i]
		f.Inline = f.Inline || f.ContentID != "" && shown[f.ContentID]
	}
}

// Comments are cut by Zendesk without a word at 64 kB. The margin is for what
// is said above the text.
const (
	maxComment = 64<<10 - maxNotes - 2048
	maxNotes   = 4 << 10
)

// comment returns the first comment of the ticket, as HTML: Zendesk would take
// plain text for Markdown and fold its spaces. It tells whether the text was
// too long for it.
func (m *Message) comment() (comment string, long bool) {
	long = len(m.HTML) > maxComment
	body := m.place(cutHTML(m.HTML, maxComment))
	if blank(body) {
		long = long || len(m.Text) > maxComment
		body = textHTML(cut(m.Text, maxComment))
	}
	if body = neutral(body); len(body) > maxComment {
		long = true
		body = cutHTML(body, maxComment)
	}
	if blank(body) {
		body = "<p>(This mail has no text.)</p>" // Zendesk refuses an empty comment
	}
	return m.notes() + body, long
}

// notes says above the text, where no markup of the mail can hide it, what is
// to be known of the mail, and what the ticket lacks of it.
func (m *Message) notes() string {
	var b strings.Builder
	for i := range m.Files {
		f := &m.Files[i]
		if f.Refused == "" {
			continue
		}
		note := neutral(fmt.Sprintf("<li>%s (%s): %s</li>", html.EscapeString(f.Name), megabytes(f.Bytes), html.EscapeString(f.Refused)))
		if b.Len()+len(note) > maxNotes-128 {
			b.WriteString("<li>…</li>")
			break
		}
		b.WriteString(note)
	}
	out := m.remark + m.sealed()
	if b.Len() > 0 {
		out += "<p>Not attached:</p><ul>" + b.String() + "</ul>"
	}
	if out != "" {
		out += "<hr>"
	}
	return out
}

// sealed says which files hold the mail itself in a form that is not opened
// here.
func (m *Message) sealed() string {
	said := make(map[string]bool)
	var b strings.Builder
	for i := range m.Files {
		f := &m.Files[i]
		why := sealedTypes[strings.TrimPrefix(f.Type, "application/")]
		if strings.EqualFold(f.Name, "winmail.dat") {
			why = sealedTypes["ms-tnef"]
		}
		if why != "" && !said[why] && f.Upload != nil {
			said[why] = true
			b.WriteString("<p><i>" + html.EscapeString(clip(f.Name, 100)) + " " + why + "</i></p>")
		}
	}
	return neutral(b.String())
}

const tnef = "is in a format of Outlook's own (TNEF) and was not opened: it may hold files and the formatted text of this mail."

var sealedTypes = map[string]string{
	"ms-tnef": tnef, "vnd.ms-tnef": tnef,
	"pkcs7-mime":    "is the mail, signed or encrypted with S/MIME; it was not opened.",
	"x-pkcs7-mime":  "is the mail, signed or encrypted with S/MIME; it was not opened.",
	"pgp-encrypted": "announces a mail that is encrypted with PGP; it was not opened.",
}

// place puts the images that came along where the HTML shows them (RFC 2392).
func (m *Message) place(s string) string {
	urls := make(map[string]string)
	for i := range m.Files {
		f := &m.Files[i]
		if _, taken := urls[f.ContentID]; !taken && f.ContentID != "" && f.Upload != nil && f.Upload.URL != "" {
			urls[f.ContentID] = html.EscapeString(f.Upload.URL)
		}
	}
	return eachCID(s, func(id string) (string, bool) {
		to, ok := urls[id]
		return to, ok
	})
}

// eachCID calls replace for each cid: URL in the HTML, decoded, and puts what
// it returns in the URL's place.
func eachCID(s string, replace func(id string) (string, bool)) string {
	var out strings.Builder
	for {
		i := indexFold(s, "cid:")
		if i < 0 {
			break
		}
		end := i + 4
		for end < len(s) && !strings.ContainsRune(" \t\r\n\"'<>()", rune(s[end])) {
			end++
		}
		raw := s[i+4 : end]
		id := html.UnescapeString(raw)
		if u, err := url.PathUnescape(id); err == nil {
			id = u
		}
		if to, ok := replace(id); ok && (i == 0 || !isWordByte(s[i-1])) {
			out.WriteString(s[:i] + to)
		} else {
			out.WriteString(s[:end])
		}
		s = s[end:]
	}
	out.WriteString(s)
	return out.String()
}

func isWordByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// indexFold is strings.Index for a needle of lower-case ASCII, in any case.
func indexFold(s, needle string) int {
	for i := 0; i+len(needle) <= len(s); i++ {
		if s[i]|0x20 == needle[0] && strings.EqualFold(s[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}

// neutral keeps Zendesk from expanding a customer's {{…}} and {%…%} (Liquid, which
// its templates are in) as its own placeholders, however they are written: a word
// joiner, which nobody sees, stands between the signs. Tags do not keep them apart:
// Zendesk takes out those that it does not know.
func neutral(s string) string {
	s = entity.ReplaceAllStringFunc(s, func(e string) string {
		if sign := html.UnescapeString(e); sign == "{" || sign == "%" {
			return sign
		}
		return e
	})
	var b strings.Builder
	brace, tags := false, true // whether a brace came last, and whether there may be tags
	for s != "" {
		if s[0] == '<' && tags {
			name, rest, closed := tag(s)
			if name != "" && closed {
				b.WriteString(apart.Replace(s[:len(s)-len(rest)]))
				s = rest
				continue
			}
			tags = name == "" // the first one without an end is the last: it takes linear time
		}
		if brace && (s[0] == '{' || s[0] == '%') {
			b.WriteString(joiner)
		}
		b.WriteByte(s[0])
		brace = s[0] == '{'
		s = s[1:]
	}
	return b.String()
}

const joiner = "\u2060"

var (
	entity = regexp.MustCompile(`(?i)&(?:#[0-9]+|#x[0-9a-f]+|lcub|lbrace|percnt);?`)
	apart  = strings.NewReplacer("{{", "{"+joiner+"{"+joiner, "{%", "{"+joiner+"%")
)
