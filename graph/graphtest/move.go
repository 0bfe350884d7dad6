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
	return c.place(folderKey, id, "move", c.relocate)
}

// copyMessage answers "message: copy".
func (c *call) copyMessage(folderKey, id string) *refusal {
	return c.place(folderKey, id, "copy", c.duplicate)
}

// place answers an action that puts a message into the folder that its one
// parameter names.
func (c *call) place(folderKey, id, action string, into func(folderKey, id, dest string) (*item, *refusal)) *refusal {
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
			return unknownProperty(name, action)
		}
		if json.Unmarshal(raw, &key) != nil {
			return badRequest("Cannot convert the value of parameter 'destinationId' to Edm.String.")
		}
	}
	if key == "" {
		return badRequest("The parameter 'destinationId' is missing.")
	}
	it, no := into(folderKey, id, key)
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

// duplicate makes a message of its own, with ids of its own, that says the same.
func (c *call) duplicate(folderKey, id, key string) (*item, *refusal) {
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
	twin := *it
	twin.immutable, twin.mutable, twin.folder = s.dice.immutableID(), s.dice.mutableID(), dest
	twin.created, twin.placed = s.stamp(), s.Now()
	s.touch(&twin)
	c.mailbox.add(&twin)
	twin.conversation = it.conversation
	snapshot := twin
	return &snapshot, nil
}
