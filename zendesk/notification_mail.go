package zendesk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"mime/quotedprintable"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// maxMail is how large a notification may get, as it is sent: what Exchange
// Online lets a mailbox send unless it is set up otherwise ("Exchange Online
// limits", message size), taken as 35·10⁶ octets. spare is what is kept free
// for the header, the lines between the parts and what is said of files.
const (
	maxMail = 35_000_000
	spare   = 500_000
)

// key names the notification. It is made of the subdomain, which whoever
// learns of the comment otherwise than by an event knows as well.
func (n *notification) key() string {
	return fmt.Sprintf("zendesk %s %d %d", strings.ToLower(n.c.account), n.e.Ticket, n.e.Comment)
}

func (n *notification) hash() [sha256.Size]byte { return sha256.Sum256([]byte(n.key())) }

func (n *notification) domain() string {
	return n.from.Address[strings.LastIndexByte(n.from.Address, '@')+1:]
}

// encodedForm is what encoded ids look like.
var encodedForm = regexp.MustCompile(`^[0-9A-Z]{6}-[0-9A-Z]{4,5}$`)

// encoded is the ticket's encoded id without its hyphen; "" if it has none.
func (n *notification) encoded() string {
	if !encodedForm.MatchString(n.ticket.EncodedID) {
		return ""
	}
	return strings.Replace(n.ticket.EncodedID, "-", "", 1)
}

// messageID has Zendesk's form, so that an answer to it tells the ticket: the
// encoded id, the time in seconds and what makes it unique. The domain is the
// mailbox's: zendesk.com is not ours to make ids of.
func (n *notification) messageID() string {
	sum := n.hash()
	unique := fmt.Sprintf("_%08x%s_%s", uint32(n.comment.Created.Unix()), hex.EncodeToString(sum[:3])[:5], hex.EncodeToString(sum[3:9]))
	return "<" + cmp.Or(n.encoded(), "exdesk") + unique + "@" + n.domain() + ">"
}

// crockford are the digits of a ULID, which Zendesk's ids of mails are.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// emailID is a ULID of the comment's time and of what names it.
func (n *notification) emailID() string {
	sum := n.hash()
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(n.comment.Created.UnixMilli(), 0))<<16)
	copy(b[6:], sum[16:26])
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo, hi = lo>>5|hi<<59, hi>>5
	}
	return string(out[:])
}

// accountID is what the account is called in X-Zendesk-From-Account-Id, in
// hex as it is seen there.
func (n *notification) accountID() string {
	if n.e.Account > 0 {
		return fmt.Sprintf("%07x", n.e.Account)
	}
	sum := sha256.Sum256([]byte(strings.ToLower(n.c.account)))
	return hex.EncodeToString(sum[:4])[:7]
}

// header is all of it but what describes the body.
func (n *notification) header() string {
	subject := unstructured(n.ticket.Subject, maxSubject)
	if len(subject) == 0 {
		subject = []string{fmt.Sprintf("#%d", n.e.Ticket)}
	}
	if !answers.MatchString(n.ticket.Subject) {
		subject = append([]string{"Re:"}, subject...)
	}
	var b strings.Builder
	b.WriteString(field("From", mailboxList([]exdesk.Address{n.from})...))
	if len(n.to) > 0 {
		b.WriteString(field("To", mailboxList(n.to)...))
	}
	if len(n.cc) > 0 {
		b.WriteString(field("Cc", mailboxList(n.cc)...))
	}
	b.WriteString(field("Subject", subject...))
	b.WriteString(field("Date", n.comment.Created.UTC().Format(time.RFC1123Z)))
	b.WriteString(field("Message-ID", n.messageID()))
	if last := cmp.Or(n.last, n.first); last != "" {
		b.WriteString(field("In-Reply-To", "<"+last+">"))
	}
	if refs := n.references(); len(refs) > 0 {
		b.WriteString(field("References", refs...))
	}
	// No machine is to answer it, and no Zendesk to make a loop of it ("About
	// the Microsoft Exchange connector", headers).
	b.WriteString(field("Auto-Submitted", "auto-generated"))
	b.WriteString(field("X-Auto-Response-Suppress", "All"))
	b.WriteString(field("X-Mailer", "exdesk"))
	b.WriteString(field("X-Zendesk-From-Account-Id", n.accountID()))
	b.WriteString(field("X-Zendesk-Email-Id", n.emailID()))
	b.WriteString("MIME-Version: 1.0\r\n")
	return b.String()
}

// answers finds a subject that is one of an answer already.
var answers = regexp.MustCompile(`(?i)^\s*re\s*(?:\[\d+\])?\s*:`)

// references begin with the root that all of Zendesk's mails about a ticket
// have.
func (n *notification) references() []string {
	var refs []string
	if id := n.encoded(); id != "" {
		refs = append(refs, "<"+id+"@zendesk.com>")
	}
	if n.first != "" && n.first != n.last {
		refs = append(refs, "<"+n.first+">")
	}
	if n.last != "" {
		refs = append(refs, "<"+n.last+">")
	}
	return refs
}

// mail is the notification as octets. Its files are read while it is.
func (n *notification) mail(ctx context.Context) io.Reader {
	l := n.layOut()
	m := &assembly{ctx: ctx, c: n.c, boundary: hex.EncodeToString(n.first8())}
	m.text(n.header())
	m.mixed(l)
	return io.MultiReader(m.parts...)
}

func (n *notification) first8() []byte {
	sum := n.hash()
	return sum[:8]
}

// layout is what becomes of the comment's text and files.
type layout struct {
	text, html string
	inline     []image    // shown inside the HTML
	attached   []*content // the others
}

// image is a file that the HTML shows.
type image struct {
	*content
	id string // its Content-ID, without angle brackets
}

// layOut decides which files are attached. Images that are shown go first, as
// with Zendesk ("Allowing attachments in tickets").
func (n *notification) layOut() *layout {
	m := &n.comment
	l := &layout{text: m.text(), html: m.HTML}
	if strings.TrimSpace(l.html) == "" {
		l.html = "<div>" + strings.ReplaceAll(html.EscapeString(l.text), "\n", "<br>\n") + "</div>"
	}
	left := int64(maxMail - spare - 2*len(l.html) - 3*len(l.text)) // as quoted-printable, at a guess
	fits := func(f *content) bool {
		n := f.encodedSize() + 1<<10
		if n > left {
			return false
		}
		left -= n
		return true
	}
	shown := make([]bool, len(m.Files))
	for i := range m.Files {
		f := &m.Files[i]
		id := fmt.Sprintf("%d.%s@%s", f.ID, hex.EncodeToString(n.first8()[:4]), n.domain())
		if f.unwanted() == "" && f.isShown(l.html) {
			if shown[i] = true; fits(f) { // else it is shown from where it is
				l.html = f.show(l.html, "cid:"+id)
				l.inline = append(l.inline, image{f, id})
			}
		}
	}
	var links, missing []*content
	for i := range m.Files {
		f := &m.Files[i]
		switch {
		case f.unwanted() != "":
			missing = append(missing, f)
		case shown[i]:
		case fits(f):
			l.attached = append(l.attached, f)
		default:
			links = append(links, f)
		}
	}
	l.remark(links, missing)
	l.sign(n.ticket.EncodedID, n.encoded() != "")
	return l
}

// remark names the files that are not attached.
func (l *layout) remark(links, missing []*content) {
	if len(links)+len(missing) == 0 {
		return
	}
	var text, rich []string
	for _, f := range links {
		text = append(text, fmt.Sprintf("%s (%s): %s", f.name(), megabytes(f.Size), f.URL))
		rich = append(rich, fmt.Sprintf(`<a href="%s">%s</a> (%s)`, html.EscapeString(f.URL), html.EscapeString(f.name()), megabytes(f.Size)))
	}
	for _, f := range missing {
		text = append(text, fmt.Sprintf("%s (not sent: %s)", f.name(), f.unwanted()))
		rich = append(rich, html.EscapeString(text[len(text)-1]))
	}
	l.text = strings.TrimRight(l.text, "\r\n") + "\n\nAttachments:\n" + strings.Join(text, "\n")
	l.html += "\n<p>Attachments:<br>\n" + strings.Join(rich, "<br>\n") + "</p>"
}

// sign puts the encoded id at the end of the text, and of the HTML out of
// sight, as Zendesk does.
func (l *layout) sign(id string, ok bool) {
	if ok {
		l.text = strings.TrimRight(l.text, "\r\n") + "\n\n[" + id + "]"
		l.html += "\n" + `<span style="color:#FFFFFF;font-size:1px" aria-hidden="true">[` + id + `]</span>`
	}
	l.text += "\n"
	l.html = "<html><body>\n" + l.html + "\n</body></html>\n"
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// source finds what an image of HTML shows.
var source = regexp.MustCompile(`(?is)(<img\b[^>]*?\bsrc\s*=\s*)("[^"]*"|'[^']*')`)

// isShown reports whether HTML shows the file.
func (f *content) isShown(page string) bool {
	for _, m := range source.FindAllStringSubmatch(page, -1) {
		if f.isAt(m[2]) {
			return true
		}
	}
	return false
}

// show makes HTML show the file from elsewhere.
func (f *content) show(page, from string) string {
	return source.ReplaceAllStringFunc(page, func(s string) string {
		m := source.FindStringSubmatch(s)
		if !f.isAt(m[2]) {
			return s
		}
		return m[1] + `"` + from + `"`
	})
}

// isAt reports whether the value of an attribute is the file's address, which
// may have another query, and another host of the account.
func (f *content) isAt(quoted string) bool {
	u, err := url.Parse(strings.TrimSpace(html.UnescapeString(quoted[1 : len(quoted)-1])))
	if err != nil || u.Path == "" {
		return false
	}
	for _, at := range []string{f.URL, f.Mapped} {
		if v, err := url.Parse(at); err == nil && v.Path != "" && path.Clean(u.Path) == path.Clean(v.Path) &&
			(u.Host == "" || strings.EqualFold(u.Host, v.Host)) {
			return true
		}
	}
	return false
}

// assembly puts a mail together, part by part.
type assembly struct {
	ctx      context.Context
	c        *Client
	boundary string
	level    int
	parts    []io.Reader
}

func (m *assembly) text(s string) { m.parts = append(m.parts, strings.NewReader(s)) }

// multipart writes parts within a boundary of their own. "=_" stands in no line
// of quoted-printable or base64.
func (m *assembly) multipart(kind string, parts ...func()) {
	m.level++
	boundary := fmt.Sprintf("=_exdesk_%s_%d", m.boundary, m.level)
	m.text("Content-Type: multipart/" + kind + ";\r\n boundary=\"" + boundary + "\"\r\n\r\n")
	for _, part := range parts {
		m.text("--" + boundary + "\r\n")
		part()
		m.text("\r\n")
	}
	m.text("--" + boundary + "--\r\n")
}

// mixed writes the text and what is attached to it.
func (m *assembly) mixed(l *layout) {
	if len(l.attached) == 0 {
		m.related(l)
		return
	}
	parts := []func(){func() { m.related(l) }}
	for _, f := range l.attached {
		parts = append(parts, func() { m.file(f, "attachment", "") })
	}
	m.multipart("mixed", parts...)
}

// related writes the text and what it shows.
func (m *assembly) related(l *layout) {
	if len(l.inline) == 0 {
		m.alternative(l)
		return
	}
	parts := []func(){func() { m.alternative(l) }}
	for _, i := range l.inline {
		parts = append(parts, func() { m.file(i.content, "inline", "Content-ID: <"+i.id+">\r\n") })
	}
	m.multipart(`related; type="multipart/alternative"`, parts...)
}

func (m *assembly) alternative(l *layout) {
	m.multipart("alternative", func() { m.readable("plain", l.text) }, func() { m.readable("html", l.html) })
}

func (m *assembly) readable(kind, text string) {
	m.text("Content-Type: text/" + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, strings.ToValidUTF8(text, "\uFFFD")) // into memory
	_ = w.Close()
	m.text(b.String())
}

func (m *assembly) file(f *content, disposition, more string) {
	m.text("Content-Type: " + f.kind() + "\r\n" + more + "Content-Disposition: " + disposition + ";\r\n " + f.parameter("filename") +
		"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	m.parts = append(m.parts, &base64Lines{r: &download{ctx: m.ctx, c: m.c, f: f}})
}
