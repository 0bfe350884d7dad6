package graphtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// serialBase sets parts that were attached here apart from those that came
// within a mail, which are known by their place.
const serialBase = 1 << 20

// attach adds files to a draft. Server.mu is held.
func (it *item) attach(files ...*part) {
	it.revise(func(d *draft) {
		for _, p := range files {
			it.attachedEver++
			p.serial = serialBase + it.attachedEver
			d.files = append(d.files, p)
		}
	})
}

// readAttachments reads those of a new message.
func (c *call) readAttachments(raw json.RawMessage) (change, *refusal) {
	var list []map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, badRequest("Cannot convert the value of property 'attachments' to its type.")
	}
	var files []*part
	for _, one := range list {
		p, no := c.readAttachment(one)
		if no != nil {
			return nil, no
		}
		files = append(files, p)
	}
	return func(it *item) { it.attach(files...) }, nil
}

// readAttachment reads an attachment in JSON, whose type must be named.
func (c *call) readAttachment(members map[string]json.RawMessage) (*part, *refusal) {
	var odata string
	_ = json.Unmarshal(members["@odata.type"], &odata)
	switch kind := strings.TrimPrefix(odata, "#"); {
	case is(kind, fileType):
		return c.readFile(members)
	case is(kind, "microsoft.graph.itemAttachment"):
		return c.readItem(members)
	case is(kind, "microsoft.graph.referenceAttachment"):
		return nil, c.unimplemented("reference attachments")
	}
	return nil, badRequest("An attachment needs an @odata.type, such as #" + fileType + ".")
}

func (c *call) readFile(members map[string]json.RawMessage) (*part, *refusal) {
	var name, kind, contentID, text string
	var inline bool
	for key, raw := range members {
		target := map[string]any{"name": &name, "contentType": &kind, "contentId": &contentID, "contentBytes": &text,
			"isInline": &inline, "size": new(json.RawMessage), "contentLocation": new(json.RawMessage)}[key]
		switch {
		case strings.Contains(key, "@odata."):
		case target == nil:
			return nil, unknownProperty(key, "fileAttachment")
		case json.Unmarshal(raw, target) != nil:
			return nil, badRequest("Cannot convert the value of property '" + key + "' to its type.")
		}
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil || name == "" {
		return nil, badRequest("A file attachment needs a name, and contentBytes in base64.")
	}
	return newAttachment(name, kind, contentID, inline, body), nil
}

// newAttachment makes a file. What kind it is Exchange finds out if nobody
// says: the sample of "Add attachment" sends none and is answered image/gif.
func newAttachment(name, kind, contentID string, inline bool, body []byte) *part {
	if kind == "" {
		kind, _, _ = strings.Cut(http.DetectContentType(body), ";")
	}
	p := newFile(name, kind, contentID, inline, body)
	p.file = true
	return p
}

// readItem reads a message to attach. Events and contacts are not known.
func (c *call) readItem(members map[string]json.RawMessage) (*part, *refusal) {
	var name, odata string
	var inner map[string]json.RawMessage
	if json.Unmarshal(members["item"], &inner) != nil || inner == nil {
		return nil, badRequest("An item attachment needs an item.")
	}
	_ = json.Unmarshal(members["name"], &name)
	_ = json.Unmarshal(inner["@odata.type"], &odata)
	if !is(strings.TrimPrefix(odata, "#"), "microsoft.graph.message") {
		return nil, c.unimplemented("item attachments but messages")
	}
	changes, no := c.readNew(inner)
	if no != nil {
		return nil, no
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	it := c.s.newDraft(c.mailbox, changes)
	return newFile(name, "message/rfc822", "", false, render(it)), nil
}

// createAttachment answers "Add attachment", for what fits in a request.
func (c *call) createAttachment(folderKey, id string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	body, no := c.readBody()
	if no != nil {
		return no
	}
	p, no := c.readAttachment(body)
	if no != nil {
		return no
	}
	it, no := c.attachTo(folderKey, id, p)
	if no != nil {
		return no
	}
	list := c.attachments(it)
	i := slices.IndexFunc(list, func(a *attachment) bool { return a.part == p })
	c.prefer.apply(c.w.Header())
	c.write(http.StatusCreated, append(object{{"@odata.context", c.attachmentsContext(it) + "/$entity"}}, attachmentView(it, list[i], nil)...))
	return nil
}

func (c *call) attachTo(folderKey, id string, p *part) (*item, *refusal) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	it, no := c.locateDraft(folderKey, id)
	if no != nil {
		return nil, no
	}
	if no := c.s.oversized(it.size+int64(len(p.body)), true); no != nil {
		return nil, no
	}
	it.attach(p)
	c.s.touch(it)
	snapshot := *it
	return &snapshot, nil
}

// locateDraft finds a message that must be a draft. Exchange may attach files
// to others; how it answers is not documented. Server.mu is held.
func (c *call) locateDraft(folderKey, id string) (*item, *refusal) {
	it, no := c.locate(folderKey, id)
	if no == nil && !it.isDraft {
		no = c.unimplemented("attachments of what is no draft")
	}
	return it, no
}

// oversized refuses a message above the tenant's limit, as it is answered when
// it is stored (office365-mail issue 39) or otherwise (microsoft-graph-docs
// issue 15579). Exchange measures what it stores: before it is encoded.
func (s *Server) oversized(size int64, storing bool) *refusal {
	if size <= s.opts.MaxMessage {
		return nil
	}
	text := texts["ErrorMessageSizeExceeded"]
	if storing {
		text += ", Cannot save changes made to an item to store."
	}
	return &refusal{status: http.StatusBadRequest, code: "ErrorMessageSizeExceeded", message: text}
}

// deleteAttachment answers "Delete attachment".
func (c *call) deleteAttachment(folderKey, id, key string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	if no := c.detach(folderKey, id, key); no != nil {
		return no
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) detach(folderKey, id, key string) *refusal {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	it, no := c.locateDraft(folderKey, id)
	if no != nil {
		return no
	}
	a := c.findAttachment(it, key)
	switch {
	case a == nil:
		return itemNotFound()
	case it.draft == nil || !slices.Contains(it.draft.files, a.part):
		return c.unimplemented("deleting what came within MIME")
	}
	it.revise(func(d *draft) { d.files = slices.DeleteFunc(d.files, func(p *part) bool { return p == a.part }) })
	c.s.touch(it)
	return nil
}
