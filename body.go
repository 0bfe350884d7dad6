package exdesk

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// finish puts the texts together.
func (r *mailReader) finish() {
	r.msg.Text = strings.Join(r.texts.appendText(nil), "") // which copies nothing of one text alone
	if r.texts.isRich() {
		r.msg.HTML = strings.Join(r.texts.appendHTML(nil), "")
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
	kept := 0 // from where on s is as it was
	for at := 0; ; {
		i := indexFold(s[at:], "cid:")
		if i < 0 {
			break
		}
		i += at
		at = i + 4
		for at < len(s) && !strings.ContainsRune(" \t\r\n\"'<>()", rune(s[at])) {
			at++
		}
		id := html.UnescapeString(s[i+4 : at])
		if u, err := url.PathUnescape(id); err == nil {
			id = u
		}
		if to, ok := replace(id); ok && (i == 0 || !isWordByte(s[i-1])) {
			out.WriteString(s[kept:i])
			out.WriteString(to)
			kept = at
		}
	}
	if kept == 0 {
		return s
	}
	out.WriteString(s[kept:])
	return out.String()
}

func isWordByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// indexFold is strings.Index for a needle of lower-case ASCII, in any case. The
// needle has a sign, which is what is looked for.
func indexFold(s, needle string) int {
	sign := strings.IndexFunc(needle, func(c rune) bool { return !unicode.IsLetter(c) })
	for at := 0; ; at++ {
		i := strings.IndexByte(s[min(len(s), at+sign):], needle[sign])
		if i < 0 {
			return -1
		}
		if at += i; len(s)-at >= len(needle) && strings.EqualFold(s[at:at+len(needle)], needle) {
			return at
		}
	}
}

// neutral keeps Zendesk from expanding a customer's {{…}} as its own
// placeholder, or {% as Liquid, which its templates are in, however that is
// written: a word joiner, which nobody sees, stands behind the first sign.
func neutral(s string) string {
	if signEntity.MatchString(s) {
		s = signEntity.ReplaceAllStringFunc(s, func(entity string) string {
			switch code, _ := reference(entity); code {
			case '{', '%':
				return string(code)
			}
			return entity
		})
	}
	if strings.IndexByte(s, '{') < 0 {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			break
		}
		b.WriteString(s[:i+1])
		if s = s[i+1:]; opens(s) {
			b.WriteString("\u2060")
		}
	}
	b.WriteString(s)
	return b.String()
}

// mostMarkup is how much markup between two signs is looked through.
const mostMarkup = 2 << 10

// opens reports whether what comes after a brace makes a placeholder with it, at
// once or when a sanitiser has taken the markup between them away.
func opens(s string) bool {
	for left := s[:min(len(s), mostMarkup)]; left != ""; {
		switch next := left[min(1, len(left)-1)]; {
		case left[0] == '{', left[0] == '%':
			return true
		case left[0] == '<' && (isLetter(next) || strings.IndexByte("/!?", next) >= 0):
			name, rest, closed := tag(left)
			if name == "" { // an end tag of nothing, which HTML passes over
				_, rest, closed = strings.Cut(left, ">")
			}
			if !closed {
				return len(s) > mostMarkup
			}
			left = rest
		case left[0] == '&':
			// What is no character is dropped by some.
			code, n := reference(left)
			if n == 0 || unicode.IsPrint(code) || unicode.IsSpace(code) {
				return false
			}
			left = left[n:]
		default:
			return false
		}
	}
	return len(s) > mostMarkup // who knows
}

// reference reads the character reference that s begins with, the named ones of
// the signs of a placeholder among them, and returns its length. A number needs
// no semicolon (HTML, "Numeric character reference state").
func reference(s string) (code rune, n int) {
	m := charReference.FindStringSubmatch(s)
	if m == nil {
		return 0, 0
	}
	digits, base := m[2], 10
	switch {
	case m[3] != "":
		return map[byte]rune{'l': '{', 'p': '%'}[m[3][0]|0x20], len(m[0])
	case m[1] != "":
		digits, base = m[1], 16
	}
	v, err := strconv.ParseUint(strings.TrimLeft(digits, "0"), base, 31)
	if err != nil {
		v = 0 // nothing but zeros, or too much
	}
	return rune(v), len(m[0])
}

var (
	charReference = regexp.MustCompile(`^(?i)&(?:#x([0-9a-f]+)|#([0-9]+)|(lcub|lbrace|percnt));?`)
	signEntity    = regexp.MustCompile(`(?i)&(?:#x[0-9a-f]+|#[0-9]+|lcub|lbrace|percnt);?`)
)
