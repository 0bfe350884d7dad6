package graphtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// messageProperties are the properties that $select takes, in the order in
// which they are shown.
var messageProperties = []string{
	"id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "receivedDateTime", "sentDateTime",
	"hasAttachments", "internetMessageId", "subject", "bodyPreview", "importance", "parentFolderId", "conversationId",
	"conversationIndex", "isDeliveryReceiptRequested", "isReadReceiptRequested", "isRead", "isDraft", "webLink",
	"inferenceClassification", "body", "sender", "from", "toRecipients", "ccRecipients", "bccRecipients", "replyTo",
	"flag", "uniqueBody", "internetMessageHeaders",
}

// onDemand are shown only if they are selected. ("message resource type".)
var onDemand = []string{"uniqueBody", "internetMessageHeaders"}

// bodily are hidden from Mail.ReadBasic. ("Microsoft Graph permissions
// reference".)
var bodily = []string{"body", "bodyPreview", "uniqueBody"}

// id returns the id of a message in the form that was asked for.
func (c *call) id(it *item) string {
	if c.prefer.immutable {
		return it.immutable
	}
	return it.mutable
}

// etag is the weak etag that every sample of Microsoft's shows.
func (it *item) etag() string { return `W/"` + it.changeKey + `"` }

// view shows a message in JSON. it is a snapshot.
func (c *call) view(it *item) object {
	v := object{{"@odata.etag", it.etag()}}
	switch it.mail.meeting() {
	case "REQUEST":
		v = append(object{{"@odata.type", "#microsoft.graph.eventMessageRequest"}}, v...)
	case "REPLY":
		v = append(object{{"@odata.type", "#microsoft.graph.eventMessageResponse"}}, v...)
	case "CANCEL":
		v = append(object{{"@odata.type", "#microsoft.graph.eventMessage"}}, v...)
	}
	for _, name := range messageProperties {
		// The id and the etag are shown even if not selected.
		if name == "id" || c.shows(name) {
			if value, ok := c.property(it, name); ok {
				v = append(v, member{name, value})
			}
		}
	}
	v = append(v, c.expansion("messages", c.id(it), it.property)...)
	if c.query.files != nil {
		rows := []object{}
		for _, a := range c.attachments(it) {
			rows = append(rows, attachmentView(it, a, c.query.files.selected))
		}
		v = append(v, member{"attachments@odata.context", c.attachmentsContext(it)}, member{"attachments", rows})
	}
	return v
}

func (c *call) shows(name string) bool {
	if c.query.selected != nil {
		return slices.Contains(c.query.selected, name)
	}
	return !slices.Contains(onDemand, name) && (c.granted("Mail.Read") || !slices.Contains(bodily, name))
}

func (c *call) property(it *item, name string) (any, bool) {
	m := it.mail
	switch name {
	case "id":
		return c.id(it), true
	case "createdDateTime":
		return timestamp(it.created), true
	case "lastModifiedDateTime":
		return timestamp(it.modified), true
	case "changeKey":
		return it.changeKey, true
	case "categories":
		return append([]string{}, it.categories...), true
	case "receivedDateTime":
		return timestamp(it.received), true
	case "sentDateTime":
		return timestamp(it.sent), true
	case "hasAttachments":
		return it.attached, true
	case "internetMessageId":
		return strings.ToValidUTF8(it.messageID, "\uFFFD"), true
	case "subject":
		return it.subject, true
	case "bodyPreview":
		return m.preview(), true
	case "importance":
		return it.importance, true
	case "parentFolderId":
		return it.folder.id, true
	case "conversationId":
		return it.conversation, true
	case "conversationIndex":
		return base64.StdEncoding.EncodeToString(threadIndex(it)), true
	case "isDeliveryReceiptRequested":
		return it.delivery, true // null on what was received
	case "isReadReceiptRequested":
		return it.receipt, true
	case "isRead":
		return it.isRead, true
	case "isDraft":
		return it.isDraft, true
	case "webLink":
		return "https://outlook.office365.com/owa/?ItemID=" + url.QueryEscape(it.mutable) + "&exvsurl=1&viewmodel=ReadMessageItem", true
	case "inferenceClassification":
		return it.inference, true
	case "body", "uniqueBody":
		kind, content := m.display(c.prefer.body)
		return object{{"contentType", kind}, {"content", content}}, true
	case "sender":
		if list := it.people("Sender"); len(list) > 0 {
			return list[0].view(), true
		}
		return c.property(it, "from")
	case "from":
		if list := it.people("From"); len(list) > 0 {
			return list[0].view(), true
		}
		return nil, true
	case "toRecipients":
		return views(it.people("To")), true
	case "ccRecipients":
		return views(it.people("Cc")), true
	case "bccRecipients":
		return views(it.people("Bcc")), true
	case "replyTo":
		return views(it.people("Reply-To")), true
	case "flag":
		return object{{"flagStatus", it.flagged}}, true
	case "internetMessageHeaders":
		// QUIRK: missing for what lies in Sent Items, though $value has them, and
		// for drafts: only delivery sets them ([MS-OXCMAIL] 2.2.3.2.28).
		return c.headersView(it), it.folder.name != "sentitems" && !it.composed
	}
	panic("graphtest: no view of " + name)
}

// threadIndex is the header block of PidTagConversationIndex: 22 octets.
func threadIndex(it *item) []byte {
	return append([]byte{1}, derived("", it.conversation, 21)...)
}

func (p person) view() object {
	name := p.name
	if name == "" && p.address != "" {
		name = p.address // Exchange shows the address for a name
	}
	return object{{"emailAddress", object{
		{"name", strings.ToValidUTF8(name, "\uFFFD")}, {"address", strings.ToValidUTF8(p.address, "\uFFFD")},
	}}}
}

func views(list []person) []object {
	out := []object{}
	for _, p := range list {
		out = append(out, p.view())
	}
	return out
}

func (c *call) headersView(it *item) []object {
	out := []object{}
	for _, f := range it.fields() {
		if c.s.opts.BareHeaders && (is(f.name, "From") || is(f.name, "To")) {
			continue
		}
		out = append(out, object{{"name", f.name}, {"value", strings.ToValidUTF8(f.value(), "\uFFFD")}})
	}
	return out
}

// fields returns the fields of the header in the order in which they are
// served.
func (it *item) fields() []field {
	if it.raw {
		return it.mail.root.fields
	}
	return it.header.all()
}

// expansion shows the extended properties that were asked for and that a
// message or a folder has; nothing at all if it has none of them.
func (c *call) expansion(collection, id string, property func(propertyID) (string, bool)) object {
	var list []object
	for _, id := range c.query.expanded {
		if v, ok := property(id); ok {
			list = append(list, object{{"id", string(id)}, {"value", v}})
		}
	}
	if list == nil {
		return nil
	}
	return object{
		{"singleValueExtendedProperties@odata.context", fmt.Sprintf("%s/$metadata#%s/%s('%s')/singleValueExtendedProperties",
			c.base(), c.user(), collection, url.QueryEscape(id))},
		{"singleValueExtendedProperties", list},
	}
}

// projection is the part of a context URL that names what was selected.
func (c *call) projection() string {
	if c.query.selected == nil {
		return ""
	}
	return "(" + strings.Join(c.query.selected, ",") + ")"
}
