package graphtest

import (
	"encoding/json"
	"net/http"
	"time"
)

// sendMessage answers "message: send". With the answer the draft is gone: the
// copy in Sent Items appears later, under the same immutable id.
func (c *call) sendMessage(folderKey, id string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.Send"); no != nil {
		return no
	}
	if _, no := c.readAll(); no != nil { // of which nothing is expected
		return no
	}
	out, no := c.submitDraft(folderKey, id)
	if no != nil {
		return no
	}
	c.s.carry(out)
	c.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (c *call) submitDraft(folderKey, id string) (*outgoing, *refusal) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it, no := c.locate(folderKey, id)
	if no != nil {
		return nil, no
	}
	if !it.isDraft && !s.opts.ResendSent {
		// Whether a message can be sent twice is not documented (issue 921 of
		// microsoft-graph-docs-contrib asks); who tried with a message that was
		// no draft was answered so (olkcli issue 118).
		return nil, itemNotFound()
	}
	out, no := s.accept(it, c.delegate())
	if no != nil {
		return nil, no
	}
	if it.isDraft {
		s.toSentItems(it, out.draft)
	}
	out.id = it.immutable
	return out, nil
}

// sendMail answers "user: sendMail": a draft that nobody sees, sent.
func (c *call) sendMail() *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.Send"); no != nil {
		return no
	}
	save := true
	var changes []change
	var no *refusal
	if c.mediaType() == "text/plain" {
		// There is no place to say saveToSentItems, so a copy is kept.
		changes, no = c.readMIME()
	} else {
		changes, save, no = c.readSendMail()
	}
	if no != nil {
		return no
	}
	out, no := c.submitNew(changes, save)
	if no != nil {
		return no
	}
	c.s.carry(out)
	c.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (c *call) readSendMail() (changes []change, save bool, no *refusal) {
	body, no := c.readBody()
	if no != nil {
		return nil, false, no
	}
	var message map[string]json.RawMessage
	save = true
	for name, raw := range body {
		switch {
		case is(name, "message"):
			if json.Unmarshal(raw, &message) != nil {
				return nil, false, badRequest("Cannot convert the value of parameter 'Message' to its type.")
			}
		case is(name, "saveToSentItems"):
			var ok bool
			if save, ok = readFlagOrText(raw); !ok {
				return nil, false, badRequest("Cannot convert the value of parameter 'SaveToSentItems' to Edm.Boolean.")
			}
		default:
			return nil, false, badRequest("The parameter '" + name + "' in the request payload is not a valid parameter for the operation 'SendMail'.")
		}
	}
	if message == nil {
		return nil, false, badRequest("The parameter 'Message' is missing.")
	}
	changes, no = c.readNew(message)
	return changes, save, no
}

// readFlagOrText reads a boolean, which Microsoft's own sample sends as a
// string.
func readFlagOrText(raw json.RawMessage) (value, ok bool) {
	if json.Unmarshal(raw, &value) == nil && string(raw) != "null" {
		return value, true
	}
	var text string
	_ = json.Unmarshal(raw, &text)
	return is(text, "true"), is(text, "true") || is(text, "false")
}

func (c *call) submitNew(changes []change, save bool) (*outgoing, *refusal) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.newDraft(c.mailbox, changes)
	if no := s.oversized(it.size, true); no != nil {
		return nil, no
	}
	it.folder = c.mailbox.folder("drafts")
	it.conversation = c.mailbox.conversation(it)
	out, no := s.accept(it, c.delegate())
	if no != nil {
		return nil, no
	}
	if save {
		c.mailbox.add(it)
		s.toSentItems(it, out.draft)
		out.id = it.immutable
	}
	return out, nil
}

// accept takes a message for sending, or says why not. Nothing is changed but
// what counts against limits. by is who sends from the mailbox of another, or
// nil. Server.mu is held.
func (s *Server) accept(it *item, by *mailbox) (*outgoing, *refusal) {
	recipients, no := it.envelope()
	if no != nil {
		return nil, no
	}
	if no := s.checkSender(it); no != nil {
		return nil, no
	}
	behalf, no := it.owner.sentBy(by)
	if no != nil {
		return nil, no
	}
	if no := s.oversized(it.size, false); no != nil {
		return nil, no
	}
	now := s.Now()
	late, no := s.spend(it.owner, len(recipients), now)
	if no != nil {
		return nil, no
	}
	out := &outgoing{from: it.owner, at: now, recipients: recipients, late: late, conversation: it.conversation, seed: s.dice.text(32)}
	out.draft, out.wire = s.transmit(it, behalf)
	return out, nil
}

// toSentItems makes a draft the copy of what was sent. Server.mu is held.
func (s *Server) toSentItems(it *item, sent *draft) {
	it.compose(sent)
	it.isDraft, it.isRead, it.received = false, true, s.stamp()
	it.sent = it.received
	if t, ok := it.mail.date(); ok {
		it.sent = t.UTC().Truncate(time.Second)
	}
	it.placed, it.lagging = s.Now().Add(s.opts.SentLag), s.opts.SentLag > 0
	if s.opts.NewSentID {
		delete(it.owner.byID, it.immutable)
		it.immutable = s.dice.immutableID()
		it.owner.byID[it.immutable] = it
	}
	it.owner.talk[it.messageID] = it.conversation
	s.touch(it)
	s.move(it, it.owner.folder("sentitems"))
}
