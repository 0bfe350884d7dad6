package graphtest

import (
	"encoding/json"
	"net/http"
)

// deleteMessage answers "Delete message". If-Match is documented for it.
func (c *call) deleteMessage(folderKey, id string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	if no := c.remove(folderKey, id); no != nil {
		return no
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) remove(folderKey, id string) *refusal {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it, no := c.locate(folderKey, id)
	if no != nil {
		return no
	}
	if !it.matches(c.r.Header.Get("If-Match")) {
		return conflict()
	}
	if bin := c.mailbox.folder("deleteditems"); s.opts.SoftDelete && it.folder != bin {
		s.touch(it)
		s.move(it, bin)
		return nil
	}
	c.mailbox.remove(it)
	return nil
}

// moveMessage answers "message: move".
func (c *call) moveMessage(folderKey, id string) *refusal {
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
	var key string
	for name, raw := range body {
		if !is(name, "destinationId") {
			return unknownProperty(name, "move")
		}
		if json.Unmarshal(raw, &key) != nil {
			return badRequest("Cannot convert the value of parameter 'destinationId' to Edm.String.")
		}
	}
	if key == "" {
		return badRequest("The parameter 'destinationId' is missing.")
	}
	it, no := c.relocate(folderKey, id, key)
	if no != nil {
		return no
	}
	c.prefer.apply(c.w.Header())
	v := object{{"@odata.context", c.base() + "/$metadata#message"}}
	view := c.view(it)
	if view[0].name != "@odata.type" {
		v = append(v, member{"@odata.type", "#microsoft.graph.message"})
	}
	c.write(http.StatusCreated, append(v, view...))
	return nil
}

func (c *call) relocate(folderKey, id, key string) (*item, *refusal) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it, no := c.locate(folderKey, id)
	if no != nil {
		return nil, no
	}
	dest := c.mailbox.folder(key)
	if dest == nil {
		return nil, folderNotFound(key)
	}
	s.touch(it)
	s.move(it, dest)
	snapshot := *it
	return &snapshot, nil
}
