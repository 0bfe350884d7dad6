package exdesk

import (
	"html"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/exdesk/exdesk/internal/automail"
	"github.com/exdesk/exdesk/internal/eml"
)

// Message is what was understood of a mail.
type Message struct {
	From    Address   // the first author
	ReplyTo []Address // in order, of all fields of that name, as the next two
	To, CC  []Address
	Date    time.Time // zero if missing or not understood
	Subject string
	// MessageID, InReplyTo and References are without angle brackets.
	MessageID             string
	InReplyTo, References []string
	// Text is the mail as plain text; HTML as HTML, empty if it has none. Both
	// are valid UTF-8, shortened where the mail is longer than a comment may
	// be: then the whole is among the Files.
	Text string
	HTML string
	// Files are the attachments and the images inside the text, in order.
	Files []Attachment
	// Repairs names what was mended to read the mail.
	Repairs []string

	header *eml.Header
	auto   automail.Evidence
	remark string // HTML to stand above the text
	digest string // kept once it was computed
	author *vouch // and this once it was asked for
	whole  bool   // Files hold the whole of the text
	octets int64  // that were read
}

// Header returns the values of all fields of that name, from the top of the
// mail down, unfolded and otherwise as they are.
func (m *Message) Header(name string) []string {
	if m.header == nil {
		return nil
	}
	return m.header.Raw(name)
}

// Attachment is a file of a mail.
type Attachment struct {
	Name      string
	Type      string // media type
	Bytes     int64  // decoded
	Inline    bool   // shown inside the HTML
	ContentID string
	Upload    *Upload // nil when the desk does not have the file
	Refused   string  // why the desk would not take it

	unnamed bool // the name was made up
}

// automatic tells whether a machine wrote the mail.
func (m *Message) automatic() automail.Verdict {
	if m.header == nil {
		return automail.Verdict{}
	}
	m.auto.Header, m.auto.Text = m.header, m.Text
	return automail.Judge(&m.auto)
}

// Requester returns whose ticket it is: like Zendesk, the first address of
// Reply-To, else the author ("Understanding how requesters are set"). The
// desk's own addresses in a Reply-To would make it its own customer and are
// passed over.
func (m *Message) Requester(own ...string) Address {
	for _, a := range m.ReplyTo {
		if plausible(a.Address) && !isOwn(own, a.Address) {
			return a
		}
	}
	return m.From
}

// Digest is a short hash of what makes the mail this mail and no other: its
// author, date, subject, whom to answer, text and files. What changes when Exchange makes the
// MIME anew does not count: white space, the octets of text files and of
// attached mails, and names that the mail did not give. The first half is of
// what can be told without the files and the end of the text.
func (m *Message) Digest() string {
	if m.digest == "" {
		parts := []string{squeeze(m.Text, 16<<10), squeezeHTML(m.HTML, 16<<10)}
		for _, a := range m.ReplyTo { // it decides whose ticket it is
			parts = append(parts, "reply-to "+strings.ToLower(a.Address))
		}
		for i := range m.Files {
			f := &m.Files[i]
			if parts = append(parts, f.Type); !f.unnamed {
				parts = append(parts, f.Name)
			}
			if f.Type != "message/rfc822" && !strings.HasPrefix(f.Type, "text/") {
				parts = append(parts, strconv.FormatInt(f.Bytes, 10))
			}
		}
		date := ""
		if !m.Date.IsZero() {
			date = m.Date.UTC().Format(time.RFC3339)
		}
		first := hash(strings.ToLower(m.From.Address), date, squeeze(m.Subject, len(m.Subject)), squeeze(m.Text, 512))
		m.digest = first[:half] + hash(parts...)[:half]
	}
	return m.digest
}

const half = 16 // of a digest

// beginning returns the first half of a digest.
func beginning(digest string) string { return digest[:min(len(digest), half)] }

// squeeze returns the first n octets or so of s that are no white space.
func squeeze(s string, n int) string {
	var b strings.Builder
	b.Grow(min(n+utf8.UTFMax, len(s)))
	squeezeInto(&b, s, n)
	return b.String()
}

// squeezeHTML is squeeze of the text of HTML.
func squeezeHTML(s string, n int) string {
	var b strings.Builder
	for s = tidy(s); s != "" && b.Len() < n; {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		squeezeInto(&b, html.UnescapeString(s[:i]), n)
		if s = s[i:]; s != "" {
			_, s, _ = tag(s)
		}
	}
	return b.String()
}

func squeezeInto(b *strings.Builder, s string, n int) {
	for i := 0; i < len(s) && b.Len() < n; {
		word := i
		for i < len(s) && '!' <= s[i] && s[i] < utf8.RuneSelf && i-word < n-b.Len() {
			i++
		}
		if i > word {
			b.WriteString(s[word:i])
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if i += size; !isSpace(r) {
			b.WriteRune(r)
		}
	}
}

// isSpace is unicode.IsSpace, at once for most of a text.
func isSpace(r rune) bool { return (r <= ' ' || r >= utf8.RuneSelf) && unicode.IsSpace(r) }
