package graphtest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The properties of an attachment, in the order in which they are shown: those
// of all, and those of a file. The latter are not properties of the list's own
// type, so that $select has to name the type as well.
var (
	attachmentProperties = []string{"id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"}
	fileProperties       = []string{"contentId", "contentLocation", "contentBytes"}
)

const fileType = "microsoft.graph.fileAttachment"

// routeAttachment answers what is below /messages/{id}/attachments.
func (c *call) routeAttachment(folder, id string, rest []string) *refusal {
	method := c.r.Method
	switch {
	case len(rest) == 0 && method == http.MethodGet:
		return c.listAttachments(folder, id)
	case len(rest) == 0 && method == http.MethodPost:
		return c.createAttachment(folder, id)
	case len(rest) == 0:
	case len(rest) == 1 && isAction(rest[0], "createUploadSession") && method == http.MethodPost:
		return c.createUpload(folder, id)
	case !wellFormedAttachment(rest[0]):
		return malformedID()
	case len(rest) == 1 && method == http.MethodGet:
		return c.getAttachment(folder, id, rest[0])
	case len(rest) == 1 && method == http.MethodDelete:
		return c.deleteAttachment(folder, id, rest[0])
	case len(rest) == 2 && is(rest[1], "$value") && method == http.MethodGet:
		return c.getAttachmentValue(folder, id, rest[0])
	}
	return c.unknown()
}

// listAttachments answers "List attachments".
func (c *call) listAttachments(folderKey, id string) *refusal {
	skipped, no := c.resume()
	if no != nil {
		return no
	}
	if no := c.parseQuery("$select", "$top", "$skip", "$count"); no != nil {
		return no
	}
	it, no := c.openAttachments(folderKey, id)
	if no != nil {
		return no
	}
	list := c.attachments(it)
	size := c.s.opts.PageSize
	if c.query.values.Has("$top") { // no default is documented
		size = min(size, c.query.top)
	}
	at := c.query.skip + skipped
	page := list[min(at, len(list)):min(at+size, len(list))]
	v := object{{"@odata.context", c.attachmentsContext(it) + c.projection()}}
	if c.query.count {
		v = append(v, member{"@odata.count", len(list)})
	}
	rows := []object{}
	for _, a := range page {
		rows = append(rows, attachmentView(it, a, c.query.selected))
	}
	v = append(v, member{"value", rows})
	if at+len(page) < len(list) {
		v = append(v, member{"@odata.nextLink", c.nextLink(skipped + len(page))})
	}
	c.prefer.apply(c.w.Header())
	c.write(http.StatusOK, v)
	return nil
}

// openAttachments checks what a request for attachments selects and finds the
// message.
func (c *call) openAttachments(folderKey, id string) (*item, *refusal) {
	if no := checkAttachmentSelect(c.query.selected); no != nil {
		return nil, no
	}
	if no := c.need("Mail.Read"); no != nil {
		return nil, no
	}
	return c.take(folderKey, id)
}

// checkAttachmentSelect refuses names that an attachment has not.
func checkAttachmentSelect(selected []string) *refusal {
	for _, name := range selected {
		if bare, ok := ofFile(name); !slices.Contains(attachmentProperties, name) && (!ok || !slices.Contains(fileProperties, bare)) {
			return badQuery("Could not find a property named '" + name + "' on type 'microsoft.graph.attachment'.")
		}
	}
	return nil
}

// ofFile cuts the type off a name such as
// microsoft.graph.fileAttachment/contentId.
func ofFile(name string) (string, bool) {
	kind, bare, ok := strings.Cut(name, "/")
	return bare, ok && is(kind, fileType)
}

func (c *call) attachmentsContext(it *item) string {
	return c.base() + "/$metadata#" + c.user() + "/messages('" + url.QueryEscape(c.id(it)) + "')/attachments"
}

// getAttachment answers "Get attachment".
func (c *call) getAttachment(folderKey, id, key string) *refusal {
	if no := c.parseQuery("$select"); no != nil {
		return no
	}
	it, no := c.openAttachments(folderKey, id)
	if no != nil {
		return no
	}
	a := c.findAttachment(it, key)
	if a == nil {
		return itemNotFound()
	}
	c.prefer.apply(c.w.Header())
	c.write(http.StatusOK, append(object{{"@odata.context", c.attachmentsContext(it) + c.projection() + "/$entity"}}, attachmentView(it, a, c.query.selected)...))
	return nil
}

// findAttachment finds an attachment by its id in either form.
func (c *call) findAttachment(it *item, key string) *attachment {
	for _, a := range c.attachments(it) {
		if key == attachmentID(it.immutable, it, a.key) || key == attachmentID(it.mutable, it, a.key) {
			return a
		}
	}
	return nil
}

// getAttachmentValue answers "Get the raw contents of a file or item
// attachment": a file as what it is, a message as MIME.
func (c *call) getAttachmentValue(folderKey, id, key string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	it, no := c.openAttachments(folderKey, id)
	if no != nil {
		return no
	}
	a := c.findAttachment(it, key)
	if a == nil {
		return itemNotFound()
	}
	if !a.isItem() {
		c.w.Header().Set("Content-Type", a.kind)
		c.w.WriteHeader(http.StatusOK)
		_, _ = c.w.Write(a.octets())
		return nil
	}
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.WriteHeader(http.StatusOK)
	if it.raw {
		_, _ = c.w.Write(a.octets())
		return nil
	}
	// A message within a message has been stored as properties just the same.
	m := readMail(a.octets())
	inner := &item{immutable: a.id, conversation: a.id, mail: m, attached: m.attached(), header: header{foreign: m.root.fields}, damaged: m.octets}
	_ = regenerate(c.w, inner)
	return nil
}

// attachmentView shows an attachment in JSON, with what was selected of it; nil is
// all.
func attachmentView(it *item, a *attachment, selected []string) object {
	v := object{{"@odata.type", "#microsoft.graph.itemAttachment"}}
	if !a.isItem() {
		v = object{{"@odata.type", "#" + fileType}, {"@odata.mediaContentType", a.kind}}
	}
	for _, name := range attachmentProperties {
		if name == "id" || selected == nil || slices.Contains(selected, name) {
			v = append(v, member{name, a.property(it, name)})
		}
	}
	for _, name := range fileProperties {
		shown := selected == nil || slices.ContainsFunc(selected, func(s string) bool { bare, ok := ofFile(s); return ok && bare == name })
		if shown && !a.isItem() {
			v = append(v, member{name, a.property(it, name)})
		}
	}
	return v
}

func (a *attachment) property(it *item, name string) any {
	switch name {
	case "id":
		return a.id
	case "lastModifiedDateTime":
		return timestamp(it.created)
	case "name":
		return a.name
	case "contentType":
		if a.isItem() {
			return nil
		}
		return a.kind
	case "size":
		return a.size()
	case "isInline":
		return a.inline
	case "contentId":
		if id := strings.Trim(a.part.text("Content-Id"), " <>"); id != "" {
			return strings.ToValidUTF8(id, "\uFFFD")
		}
		return nil
	case "contentLocation":
		return nil // "fileAttachment resource type": not supported
	case "contentBytes":
		return base64.StdEncoding.EncodeToString(a.octets())
	}
	panic("graphtest: no view of " + name)
}
