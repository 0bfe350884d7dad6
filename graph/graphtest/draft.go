package graphtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// createMessage answers "Create message": a draft, in Drafts unless a folder
// is named.
func (c *call) createMessage(folderKey string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	var changes []change
	var no *refusal
	switch {
	case c.mediaType() != "text/plain":
		changes, no = c.readMessage()
	case folderKey != "":
		// QUIRK: documented, and refused (microsoft-graph-docs-contrib issue 503).
		no = undeserializable()
	default:
		changes, no = c.readMIME()
	}
	if no != nil {
		return no
	}
	if folderKey == "" {
		folderKey = "drafts"
	}
	it, no := c.storeDraft(folderKey, changes)
	if no != nil {
		return no
	}
	c.writeMessage(http.StatusCreated, "#"+c.user()+"/messages/$entity", it)
	return nil
}

func (c *call) mediaType() string {
	kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// undeserializable is what people are answered who post what is no message.
func undeserializable() *refusal {
	return &refusal{status: http.StatusBadRequest, code: "UnableToDeserializePostBody", message: "were unable to deserialize "}
}

func (c *call) storeDraft(folderKey string, changes []change) (*item, *refusal) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	f := c.mailbox.folder(folderKey)
	if f == nil {
		return nil, folderNotFound(folderKey)
	}
	it := s.newDraft(c.mailbox, changes)
	if no := s.oversized(it.size, true); no != nil {
		return nil, no
	}
	it.folder = f
	c.mailbox.add(it)
	snapshot := *it
	return &snapshot, nil
}

// newDraft makes a draft that is in no folder yet. Server.mu is held.
func (s *Server) newDraft(m *mailbox, changes []change) *item {
	now, asked := s.stamp(), false
	it := &item{owner: m, immutable: s.dice.immutableID(), mutable: s.dice.mutableID(), changeKey: s.dice.changeKey(),
		received: now, sent: now, created: now, modified: now, placed: s.Now(), isDraft: true, isRead: true,
		importance: "normal", inference: "focused", flagged: "notFlagged", delivery: &asked}
	d := &draft{body: newBody("text", "")}
	d.set("Date", dateText(now))
	d.set("Message-ID", s.dice.messageID())
	it.compose(d)
	for _, apply := range changes {
		apply(it)
	}
	s.nameInDraft(it)
	it.size = it.draft.weight()
	return it
}

// add puts a message into the mailbox. Server.mu is held.
func (m *mailbox) add(it *item) {
	m.arrived++
	it.seq = m.arrived
	it.conversation = m.conversation(it)
	m.items = append(m.items, it)
	m.byID[it.immutable], m.byID[it.mutable] = it, it
}

// compose makes a message consist of d.
func (it *item) compose(d *draft) {
	it.draft, it.mail, it.raw, it.composed = d, d.mail(), false, true
	it.header = header{foreign: d.fields}
	it.subject = decodeWords(d.text("Subject"))
	it.attached = it.mail.attached()
	it.messageID = d.text("Message-ID")
}

// revise changes what a draft consists of. Server.mu is held, or nobody else
// has the message.
func (it *item) revise(f func(*draft)) {
	d := it.draft
	if d == nil {
		d = draftOf(it.mail, it.mail.root.fields)
	}
	d = d.clone()
	f(d)
	if d.text("Message-ID") == "" {
		d.set("Message-ID", it.messageID)
	}
	it.compose(d)
	it.size = d.weight()
}

// messageID is one that Exchange makes.
func (d *dice) messageID() string {
	return "<" + strings.ToUpper(d.text(32)) + "@graphtest.prod.outlook.test>"
}

// readMIME reads a message as base64, in lines or not.
func (c *call) readMIME() ([]change, *refusal) {
	raw, no := c.readAll()
	if no != nil {
		return nil, no
	}
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r"), nil), []byte("\n"), nil)
	octets, err := base64.StdEncoding.Strict().DecodeString(string(raw))
	if err != nil || len(octets) == 0 {
		return nil, &refusal{status: http.StatusBadRequest, code: "ErrorMimeContentInvalidBase64String",
			message: texts["ErrorMimeContentInvalidBase64String"]}
	}
	return []change{func(it *item) {
		it.readFrom(readMail(octets), c.s.opts.Headers)
		if c.s.opts.MessageIDs == ReplacedInDraft {
			it.revise(func(d *draft) { d.set("Message-ID", c.s.dice.messageID()) })
		}
	}}, nil
}

// readFrom makes a draft of a MIME message, as far as its header is kept.
func (it *item) readFrom(m *mail, profile HeaderProfile) {
	fields, props := profile.read(m.root.fields, it.owner.known)
	d := draftOf(m, fields)
	if d.text("Message-ID") == "" {
		d.set("Message-ID", it.messageID)
	}
	it.compose(d)
	it.props = setProperties(it.props, props)
	it.importance, it.receipt, it.delivery = m.importance(), m.text("Disposition-Notification-To") != "", nil
	if t, ok := m.date(); ok {
		it.sent = t.UTC().Truncate(1e9)
	}
}

// readMessage reads a message in JSON.
func (c *call) readMessage() ([]change, *refusal) {
	body, no := c.readBody()
	if no != nil {
		return nil, no
	}
	changes, no := c.readNew(body)
	if no != nil && no.code == "RequestBodyRead" {
		no = undeserializable()
	}
	return changes, no
}

func (c *call) readNew(body map[string]json.RawMessage) ([]change, *refusal) {
	var changes []change
	// In order, so that what a message consists of does not depend on chance.
	for _, name := range slices.Sorted(maps.Keys(body)) {
		var apply change
		var no *refusal
		switch {
		case strings.Contains(name, "@odata."):
			continue
		case name == "internetMessageHeaders":
			apply, no = c.readHeaders(body[name])
		case name == "attachments":
			apply, no = c.readAttachments(body[name])
		default:
			apply, no = c.readChange(name, body[name], true)
		}
		if no != nil {
			return nil, no
		}
		changes = append(changes, apply)
	}
	return changes, nil
}

// maxHeaders is how many fields JSON can set.
const maxHeaders = 5

// readHeaders reads internetMessageHeaders, which only a new message takes:
// "name them starting with 'x-'" ("message resource type").
func (c *call) readHeaders(raw json.RawMessage) (change, *refusal) {
	wrong := badRequest("Cannot convert the value of property 'internetMessageHeaders' to its type.")
	var list []map[string]*string
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, wrong
	}
	if len(list) == 0 || len(list) > maxHeaders {
		return nil, &refusal{status: http.StatusBadRequest, code: "InvalidInternetMessageHeaderCollection",
			message: fmt.Sprintf("Maximum number of headers in one message should be less than or equal to %d.", maxHeaders)}
	}
	var fields []field
	for _, one := range list {
		name, value := one["name"], one["value"]
		if name == nil || value == nil || len(one) != 2 || strings.ContainsAny(*value, "\r\n") {
			return nil, wrong
		}
		if !strings.HasPrefix(strings.ToLower(*name), "x-") || !isFieldName([]byte(*name)) || strings.Contains(*name, ":") {
			return nil, &refusal{status: http.StatusBadRequest, code: "InvalidInternetMessageHeader",
				message: "The internet message header name '" + *name + "' should start with 'x-' or 'X-'."}
		}
		fields = append(fields, field{*name, []byte(*value)})
	}
	return func(it *item) {
		for _, f := range fields {
			it.setHeader(f.name, string(f.raw), &c.s.opts)
		}
	}, nil
}

// setHeader sets a field by its name, and makes the mailbox know it. Server.mu
// is held.
func (it *item) setHeader(name, value string, o *Options) {
	it.owner.learn(name)
	it.props = setProperties(it.props, map[propertyID]string{propertyID(internetHeaders + name): value})
	if it.isDraft && o.admits(name) {
		it.revise(func(d *draft) { d.set(name, headerValue(value)) })
	}
}
