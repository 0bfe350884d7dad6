package graphtest

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
)

// attachment is a part of a message that is none of its bodies.
type attachment struct {
	id     string
	key    int // what the id is made of
	part   *part
	name   string
	kind   string // media type
	inline bool
	whole  bool // the file is the part with its Content-Type, not its body
}

// isItem tells whether it is a message and no file.
func (a *attachment) isItem() bool { return a.kind == "message/rfc822" && !a.part.file }

// octets returns the file, or the message as it was attached.
func (a *attachment) octets() []byte {
	if a.whole {
		return bytes.Join([][]byte{[]byte("Content-Type: " + a.part.text("Content-Type")), nil, a.part.body}, []byte("\r\n"))
	}
	return a.part.content(len(a.part.body))
}

// size is larger than the file, by what Exchange stores beside it: the sample
// of "Attach large files to Outlook messages" shows 3,640,066 for 3,483,322.
func (a *attachment) size() int {
	n := len(a.octets())
	return n + n*9/200 + 190
}

// attachments returns the attachments of a message, which is a snapshot.
func (c *call) attachments(it *item) []*attachment {
	list := it.mail.attachments()
	for _, a := range list {
		a.id = attachmentID(c.id(it), it, a.key)
	}
	return list
}

// attachmentID returns the id of an attachment, which begins with that of the
// message as in all samples, and so changes when the message is moved unless
// it is the immutable one.
func attachmentID(message string, it *item, key int) string {
	return strings.TrimSuffix(message, "=") + attachmentMark + derived("", fmt.Sprint(it.immutable, key), 22) + "="
}

const (
	attachmentMark = "BEgAQ"
	attachmentTail = len(attachmentMark) + 22
)

// wellFormedAttachment tells whether an id could be the id of an attachment.
func wellFormedAttachment(id string) bool {
	n := len(id) - attachmentTail
	return n > 0 && wellFormed(id[:n-1]+"=") && id[n-1:n-1+len(attachmentMark)] == attachmentMark && inAlphabet(id)
}

// attachments lists the parts that become attachments, in the order of the
// mail.
func (m *mail) attachments() []*attachment {
	if p := m.root; p.isSigned() {
		// QUIRK: a signed message shows one attachment that holds all of it.
		return []*attachment{{part: p, name: "smime.p7m", kind: p.kind, whole: true}}
	}
	plain, html := m.bodies()
	var list []*attachment
	unnamed := 0
	var visit func(p *part, choice bool)
	visit = func(p *part, choice bool) {
		for _, kid := range p.kids {
			visit(kid, choice || p.kind == "multipart/alternative")
		}
		another := !p.isFile() && (p.kind == "text/calendar" || choice && strings.HasPrefix(p.kind, "text/"))
		if p.serial == 0 && (p.kids != nil || p == plain || p == html || another || strings.HasPrefix(p.kind, "multipart/")) {
			return // a container, a body, or another form of one
		}
		a := &attachment{key: len(list), part: p, kind: p.kind, inline: !p.isFile(), name: p.fileName()}
		if p.serial != 0 {
			a.key = p.serial
		}
		if a.isItem() {
			if subject := decodeWords(readMail(a.octets()).text("Subject")); subject != "" {
				a.name = subject
			}
		}
		if a.name == "" {
			unnamed++
			a.name = fmt.Sprintf("ATT%05d%s", unnamed, extensions[p.kind])
		}
		list = append(list, a)
	}
	visit(m.root, false)
	return list
}

// extensions are for parts without a name, which Exchange gives one, such as
// ATT00001.txt.
var extensions = map[string]string{
	"text/plain": ".txt", "text/html": ".htm", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif",
	"application/pdf": ".pdf", "message/rfc822": ".eml",
}

// isSigned tells whether p is signed with S/MIME in the clear.
func (p *part) isSigned() bool {
	return p.kind == "multipart/signed" && strings.HasSuffix(strings.ToLower(p.params["protocol"]), "pkcs7-signature")
}

func (p *part) fileName() string {
	_, params, err := mime.ParseMediaType(p.text("Content-Disposition"))
	name := params["filename"]
	if err != nil || name == "" {
		name = p.params["name"]
	}
	if name == "" && strings.HasSuffix(p.kind, "pkcs7-mime") {
		name = "smime.p7m"
	}
	return strings.ToValidUTF8(decodeWords(name), "\uFFFD")
}
