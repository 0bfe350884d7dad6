package graphtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// mostTranslated is how many ids one request may have.
const mostTranslated = 1000

// translateExchangeIds answers "Translate Exchange identifiers" for the two forms
// in which messages are named here. Folders have one id in both
// (https://learn.microsoft.com/en-us/graph/outlook-immutable-id). An id that is not
// known comes back with an error of its own, of which only the shape is documented.
func (c *call) translateExchangeIds() *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	permission := "User.Read"
	if c.token.user == nil {
		permission = "User.Read.All"
	}
	if no := c.need(permission); no != nil {
		return no
	}
	body, no := c.readBody()
	if no != nil {
		return no
	}
	var in struct {
		InputIds                   []string
		SourceIdType, TargetIdType string
	}
	for name, raw := range body {
		// Microsoft writes them with a capital in the description of the service, and
		// without in its samples.
		target, ok := map[string]any{"inputids": &in.InputIds, "sourceidtype": &in.SourceIdType, "targetidtype": &in.TargetIdType}[strings.ToLower(name)]
		if !ok {
			return unknownProperty(name, "translateExchangeIds")
		}
		if json.Unmarshal(raw, target) != nil {
			return badRequest("Cannot convert the value of parameter '" + name + "'.")
		}
	}
	if n := len(in.InputIds); n == 0 || n > mostTranslated {
		return badRequest("inputIds needs between 1 and 1000 ids.")
	}
	for _, form := range []string{in.SourceIdType, in.TargetIdType} {
		switch form {
		case "restId", "restImmutableEntryId":
		case "entryId", "ewsId", "immutableEntryId":
			return c.unimplemented("ids of the form " + form)
		default:
			return badRequest("sourceIdType and targetIdType have to be of exchangeIdFormat.")
		}
	}
	c.s.mu.Lock()
	list := make([]object, len(in.InputIds))
	for i, id := range in.InputIds {
		list[i] = c.translate(id, in.SourceIdType, in.TargetIdType)
	}
	c.s.mu.Unlock()
	c.write(http.StatusOK, object{{"@odata.context", c.base() + "/$metadata#Collection(microsoft.graph.convertIdResult)"}, {"value", list}})
	return nil
}

// translate needs Server.mu.
func (c *call) translate(id, from, to string) object {
	if f := c.mailbox.folder(id); f != nil && f.id == id {
		return object{{"sourceId", id}, {"targetId", id}}
	}
	it := c.mailbox.byID[id]
	if it == nil || (id == it.immutable) != (from == "restImmutableEntryId") {
		return object{{"sourceId", id}, {"targetId", nil}, {"errorDetails", object{{"code", "ErrorInvalidIdMalformed"}, {"message", texts["ErrorInvalidIdMalformed"]}}}}
	}
	target := it.mutable
	if to == "restImmutableEntryId" {
		target = it.immutable
	}
	return object{{"sourceId", id}, {"targetId", target}}
}
