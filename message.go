package exdesk

import (
	"strings"
	"time"
	"unicode"
)

// Message is what was understood of a mail.
type Message struct {
	From    Address   // the first author
	ReplyTo []Address // in order, of all fields of that name, as the next two
	To, CC  []Address
	Date    time.Time // zero if missing or not understood
	Subject string
	// Text is the mail as plain text; HTML as HTML, empty if it has none. Both
	// are valid UTF-8, shortened where the mail is longer than a comment may
	// be: then the whole is among the Files.
	Text string
	HTML string
	// Files are the attachments and the images inside the text, in order.
	Files []Attachment
	// Repairs names what was mended to read the mail.
	Repairs []string

	digest string // kept once it was computed
	whole  bool   // Files hold the whole of the text
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
}

// Requester returns whose ticket it is: like Zendesk, the first address of
// Reply-To, else the author ("Understanding how requesters are set"). A
// Reply-To that only names the mailbox itself would make it its own customer
// and is passed over.
func (m *Message) Requester(mailbox string) Address {
	for _, a := range m.ReplyTo {
		if plausible(a.Address) && !strings.EqualFold(a.Address, mailbox) {
			return a
		}
	}
	return m.From
}

// digestRunes is how much of the text counts for the digest.
const digestRunes = 512

// Digest is a short hash of what makes the mail this mail and no other: its
// author, date, subject and the beginning of its text. White space does not
// count, because Exchange makes the MIME anew each time.
func (m *Message) Digest() string {
	if m.digest == "" {
		var start strings.Builder
		n := 0
		for _, r := range m.Text {
			if unicode.IsSpace(r) || r == '\u00a0' {
				continue
			}
			if n++; n > digestRunes {
				break
			}
			start.WriteRune(r)
		}
		date := ""
		if !m.Date.IsZero() {
			date = m.Date.UTC().Format(time.RFC3339)
		}
		m.digest = hash("digest", strings.ToLower(m.From.Address), date, strings.Join(strings.Fields(m.Subject), " "), start.String())[:32]
	}
	return m.digest
}
