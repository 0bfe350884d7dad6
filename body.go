package exdesk

import (
	"fmt"
	"html"
	"net/url"
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

// block is one text of the mail: in plain, in HTML, or the same in both when
// they are alternatives of each other (RFC 2046 §5.1.4).
type block struct {
	alternative int // id of the multipart/alternative; 0 if it is in none
	plain, html string
}

// join adds a text to the plain one.
func (b *block) join(s string) {
	if b.plain != "" && s != "" && !strings.HasSuffix(b.plain, "\n") {
		b.plain += "\n"
	}
	b.plain += s
}

// alternative returns the block that a part is another form of, or nil.
func (r *mailReader) alternative(p *eml.Part) *block {
	if id := alternativeID(p); id != 0 {
		for _, b := range r.blocks {
			if b.alternative == id {
				return b
			}
		}
	}
	return nil
}

// block returns the block that a text belongs to.
func (r *mailReader) block(p *eml.Part) *block {
	if b := r.alternative(p); b != nil {
		return b
	}
	b := &block{alternative: alternativeID(p)}
	r.blocks = append(r.blocks, b)
	return b
}

// alternativeID returns the innermost multipart/alternative around a part.
func alternativeID(p *eml.Part) int {
	for i := len(p.Within) - 1; i >= 0; i-- {
		if p.Within[i].Type == "multipart/alternative" {
			return p.Within[i].ID
		}
	}
	return 0
}

// finish puts the texts together.
func (r *mailReader) finish() {
	var text, rich strings.Builder
	isHTML := false
	for _, b := range r.blocks {
		if strings.TrimSpace(b.plain) != "" && blank(b.html) {
			b.html = "" // an empty alternative must not hide the full one
		}
		isHTML = isHTML || b.html != ""
	}
	for i, b := range r.blocks {
		plain := b.plain
		if strings.TrimSpace(plain) == "" && b.html != "" {
			plain = htmlText(b.html)
		}
		if i > 0 && text.Len() > 0 && !strings.HasSuffix(text.String(), "\n") {
			text.WriteByte('\n')
		}
		text.WriteString(plain)
		if b.html != "" {
			rich.WriteString(b.html)
		} else if isHTML {
			rich.WriteString(textHTML(b.plain))
		}
	}
	r.msg.Text, r.msg.HTML = text.String(), rich.String()
	r.msg.whole = r.streamed > 0 && len(r.blocks) == 1
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

// Comments are cut by Zendesk without a word at 64 kB; the margin is for what
// is added below the text.
const (
	maxComment = 64<<10 - maxNotes - 512
	maxNotes   = 4 << 10
)

// comment returns the first comment of the ticket, as HTML: Zendesk would take
// plain text for Markdown and fold its spaces.
func (m *Message) comment() string {
	body := m.HTML
	if body == "" {
		body = textHTML(m.Text)
	}
	body = neutral(m.place(body))
	if len(body) > maxComment {
		body = cut(body, maxComment, true)
	}
	if blank(body) {
		body += "<p>(This mail has no text.)</p>" // Zendesk refuses an empty comment
	}
	return body + neutral(m.notes())
}

// tooLong reports whether the comment holds less than the text.
func (m *Message) tooLong() bool {
	body := m.HTML
	if body == "" {
		body = textHTML(m.Text)
	}
	return len(neutral(m.place(body))) > maxComment
}

// notes says below the text what the ticket lacks of the mail.
func (m *Message) notes() string {
	var b strings.Builder
	for i := range m.Files {
		f := &m.Files[i]
		if f.Refused == "" {
			continue
		}
		note := fmt.Sprintf("<li>%s (%s): %s</li>", html.EscapeString(f.Name), megabytes(f.Bytes), html.EscapeString(f.Refused))
		if b.Len()+len(neutral(note)) > maxNotes-128 {
			b.WriteString("<li>…</li>")
			break
		}
		b.WriteString(note)
	}
	if b.Len() == 0 {
		return ""
	}
	return "<hr><p>Not attached:</p><ul>" + b.String() + "</ul>"
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

// neutral keeps Zendesk from expanding a customer's {{…}} as its own
// placeholder: a word joiner, which nobody sees, stands between the braces.
func neutral(s string) string {
	// Twice, because the matches of one pass do not overlap.
	return strings.ReplaceAll(strings.ReplaceAll(s, "{{", "{\u2060{"), "{{", "{\u2060{")
}
