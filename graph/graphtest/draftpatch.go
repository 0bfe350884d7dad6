package graphtest

import (
	"encoding/json"
	"strings"
)

// readDraftChange reads a property that only a draft takes. ("Update message",
// "Create message".)
func (c *call) readDraftChange(name string, raw json.RawMessage, wrong *refusal) (change, *refusal) {
	switch name {
	case "subject":
		var v string // null is empty
		if json.Unmarshal(raw, &v) != nil {
			return nil, wrong
		}
		return revision(func(d *draft) { d.set("Subject", headerValue(v)) }), nil
	case "internetMessageId":
		var v string
		if json.Unmarshal(raw, &v) != nil || v == "" || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' }) {
			return nil, wrong
		}
		return revision(func(d *draft) { d.set("Message-ID", v) }), nil
	case "body":
		kind, content, ok := readItemBody(raw)
		if !ok {
			return nil, wrong
		}
		return revision(func(d *draft) { d.setBody(kind, content) }), nil
	}
	people, no := readPeople(name, raw, wrong)
	if no != nil {
		return nil, no
	}
	return revision(func(d *draft) { d.setPeople(addressFields[name], people) }), nil
}

func revision(f func(*draft)) change { return func(it *item) { it.revise(f) } }

func readItemBody(raw json.RawMessage) (kind, content string, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return "", "", false
	}
	for name, value := range members {
		switch {
		case strings.Contains(name, "@odata."):
		case name == "contentType":
			kind, ok = enum(value, "text", "html")
		case name != "content" || json.Unmarshal(value, &content) != nil:
			return "", "", false
		}
	}
	return kind, content, ok
}

// standard sets what a property of a draft says in its header.
func (it *item) standard(name, value string) {
	if it.isDraft {
		it.revise(func(d *draft) { d.set(name, value) })
	}
}

// importanceField is how importance is written ([MS-OXCMAIL] 2.1.3.2.1).
func importanceField(v string) string {
	if v == "normal" {
		return ""
	}
	return v
}

// readerField is what asks for a receipt.
func (it *item) readerField(asked bool) string {
	if !asked {
		return ""
	}
	return it.owner.address
}
