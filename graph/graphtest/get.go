package graphtest

import "net/http"

// take finds the message of a path and returns a snapshot of it.
func (c *call) take(folderKey, id string) (*item, *refusal) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	it, no := c.locate(folderKey, id)
	if no != nil {
		return nil, no
	}
	snapshot := *it
	return &snapshot, nil
}

// locate finds the message of a path. Server.mu is held.
func (c *call) locate(folderKey, id string) (*item, *refusal) {
	it := c.mailbox.byID[id]
	if it != nil && !it.here(c.s.Now()) {
		it = nil // on its way to Sent Items
	}
	if folderKey != "" {
		f := c.mailbox.folder(folderKey)
		if f == nil {
			return nil, folderNotFound(folderKey)
		}
		if it != nil && it.folder != f {
			it = nil
		}
	}
	if it == nil {
		return nil, itemNotFound()
	}
	return it, nil
}

// getMessage answers "Get message".
func (c *call) getMessage(folderKey, id string) *refusal {
	if no := c.parseQuery("$select", "$expand"); no != nil {
		return no
	}
	if no := c.checkRead(); no != nil {
		return no
	}
	it, no := c.take(folderKey, id)
	if no != nil {
		return no
	}
	if no := c.spoiled(it); no != nil {
		return no
	}
	c.writeMessage(http.StatusOK, "#"+c.user()+"/messages"+c.projection()+"/$entity", it)
	return nil
}

func (c *call) writeMessage(status int, context string, it *item) {
	c.prefer.apply(c.w.Header())
	c.w.Header().Set("ETag", it.etag())
	c.write(status, append(object{{"@odata.context", c.base() + "/$metadata" + context}}, c.view(it)...))
}

// getMIME answers "Get MIME content of a message": streamed, of no announced
// length.
func (c *call) getMIME(folderKey, id string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.Read"); no != nil {
		return no
	}
	it, no := c.take(folderKey, id)
	if no != nil {
		return no
	}
	if it.broken != "" {
		return corrupt(it.broken)
	}
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.WriteHeader(http.StatusOK)
	// Flushed before the body is known, so that there is no Content-Length.
	_ = http.NewResponseController(c.w).Flush()
	if it.raw {
		_, _ = c.w.Write(it.mail.octets)
		return nil
	}
	_ = regenerate(c.w, it)
	return nil
}
