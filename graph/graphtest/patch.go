package graphtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// draftOnly are the properties that may be changed on a draft alone, and
// settable the others that this server does not let change. ("Update
// message".)
var (
	draftOnly = []string{"subject", "body", "replyTo", "internetMessageId"}
	settable  = []string{"from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "multiValueExtendedProperties"}
)

// change is one change of a PATCH, checked and not yet made.
type change func(*item)

// patchMessage answers "Update message". All of it is checked before anything
// changes.
func (c *call) patchMessage(folderKey, id string) *refusal {
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
	target, no := c.take(folderKey, id)
	if no != nil {
		return no
	}
	var changes []change
	for _, name := range draftOnly {
		if body[name] != nil && !target.isDraft {
			return badProperty(name) // whatever else there is
		}
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if strings.Contains(name, "@odata.") {
			continue // annotations sent back are passed over
		}
		apply, no := c.readChange(name, body[name], target.isDraft)
		if no != nil {
			return no
		}
		changes = append(changes, apply)
	}
	it, no := c.apply(folderKey, id, changes)
	if no != nil {
		return no
	}
	c.writeMessage(http.StatusOK, "#"+c.user()+"/messages/$entity", it)
	return nil
}

func (c *call) apply(folderKey, id string, changes []change) (*item, *refusal) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it, no := c.locate(folderKey, id)
	if no != nil {
		return nil, no
	}
	if s.conflicts > 0 {
		s.conflicts--
		s.touch(it)
		return nil, conflict()
	}
	if !s.opts.IgnoreIfMatch && !it.matches(c.r.Header.Get("If-Match")) {
		return nil, conflict()
	}
	for _, apply := range changes {
		apply(it)
	}
	if it.isDraft && it.composed {
		s.nameInDraft(it)
	}
	s.touch(it)
	snapshot := *it
	return &snapshot, nil
}

// matches compares an If-Match, none of which matches all. Exchange's etags
// are weak, so the comparison is.
func (it *item) matches(header string) bool {
	if header == "" {
		return true
	}
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == `"`+it.changeKey+`"` {
			return true
		}
	}
	return false
}

func (c *call) readChange(name string, raw json.RawMessage, draft bool) (change, *refusal) {
	wrong := badRequest("Cannot convert the value of property '" + name + "' to its type.")
	null := string(raw) == "null"
	switch name {
	case "categories":
		var v []string
		if null || json.Unmarshal(raw, &v) != nil {
			return nil, wrong
		}
		return func(it *item) { it.categories = v }, nil
	case "isRead", "isReadReceiptRequested", "isDeliveryReceiptRequested":
		var v bool
		if null || json.Unmarshal(raw, &v) != nil {
			return nil, wrong
		}
		return map[string]change{
			"isRead":                     func(it *item) { it.isRead = v },
			"isReadReceiptRequested":     func(it *item) { it.receipt = v; it.standard("Disposition-Notification-To", it.readerField(v)) },
			"isDeliveryReceiptRequested": func(it *item) { it.delivery = &v; it.standard("Return-Receipt-To", it.readerField(v)) },
		}[name], nil
	case "importance":
		v, ok := enum(raw, "low", "normal", "high")
		if !ok {
			return nil, wrong
		}
		return func(it *item) { it.importance = v; it.standard("Importance", importanceField(v)) }, nil
	case "inferenceClassification":
		v, ok := enum(raw, "focused", "other")
		if !ok {
			return nil, wrong
		}
		return func(it *item) { it.inference = v }, nil
	case "flag":
		return c.readFlag(raw, wrong)
	case "singleValueExtendedProperties":
		return c.readProperties(raw, wrong, draft)
	}
	switch {
	case slices.Contains(draftOnly, name) && !draft:
		return nil, badProperty(name)
	case draft && (slices.Contains(draftOnly, name) || addressFields[name] != ""):
		return c.readDraftChange(name, raw, wrong)
	case slices.Contains(settable, name):
		return nil, c.unimplemented("PATCH of " + name)
	case slices.Contains(messageProperties, name):
		return nil, badProperty(name)
	}
	return nil, unknownProperty(name, "message")
}

// enum reads the name of a member. Input is not case-sensitive: the sample of
// "Create draft" sends "Low" and is answered "low".
func enum(raw json.RawMessage, members ...string) (string, bool) {
	var v string
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	i := slices.IndexFunc(members, func(m string) bool { return strings.EqualFold(m, v) })
	if i < 0 {
		return "", false
	}
	return members[i], true
}

func (c *call) readFlag(raw json.RawMessage, wrong *refusal) (change, *refusal) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return nil, wrong
	}
	status := ""
	for name, value := range m {
		switch name {
		case "flagStatus":
			var ok bool
			if status, ok = enum(value, "notFlagged", "flagged", "complete"); !ok {
				return nil, wrong
			}
		case "startDateTime", "dueDateTime", "completedDateTime":
			return nil, c.unimplemented("PATCH of flag/" + name)
		default:
			return nil, unknownProperty(name, "followupFlag")
		}
	}
	if status == "" {
		return nil, wrong
	}
	return func(it *item) { it.flagged = status }, nil
}

// readProperties reads extended properties. Those that are not named stay.
func (c *call) readProperties(raw json.RawMessage, wrong *refusal, draft bool) (change, *refusal) {
	list, no := readSettings(raw, wrong, func(id propertyID) bool { return fromMail(id, draft) })
	if no != nil {
		return nil, no
	}
	return func(it *item) {
		for _, one := range list {
			it.setProperty(one.id, one.value, &c.s.opts)
		}
	}, nil
}
