package sim

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// act lets a service do what it was asked, and holds what it did against what
// may be: here, so that what is wrong is told at the moment when it went wrong.
func (c *cell) act(call *call) *http.Response {
	accepted := len(c.exchange.Accepted())
	resp := perform(c.handler(call.to), call)
	if call.op.writes() {
		c.writes++
		c.wrote = string(call.op) + " " + call.item
	}
	// With a fault that replaces the answer, the service's own is not seen.
	replaced := call.trouble.kind == replaced
	done := resp != nil && resp.StatusCode/100 == 2 || replaced
	switch call.op {
	case opOpen:
		// Who has left, or died, cannot know when it was heard at last.
		m, ok := c.byTag[call.item].(*mail)
		if ok {
			m.opened = true
			c.reads(call.life, m)
		}
		// Nor is anything fetched with a token that has run out.
		expired := resp != nil && resp.StatusCode == 401
		if ok && !expired && call.trouble.kind != refused && c.underway[call] && call.req.Context().Err() == nil {
			c.openedAt = append(c.openedAt, time.Now())
		}
	case opUpload:
		if done {
			c.uploaded(call)
		}
	case opDraft:
		if done {
			c.learn(call)
		}
	case opSend:
		if n, ok := c.byTag[call.item].(*notice); ok && len(c.exchange.Accepted()) > accepted {
			c.left(n)
		}
	case opCreate, opComment:
		var id int64
		if _, err := fmt.Sscan(path.Base(call.req.URL.Path), &id); err == nil {
			c.note(id)
		}
		for c.note(c.newest + 1) {
			c.newest++
		}
		if m, ok := c.byTag[call.item].(*mail); ok && done {
			c.tally(m)
		}
	case opMark, opLabels:
		for _, m := range c.labelled(call) {
			c.checkLabels(m)
		}
	}
	return resp
}

// learn takes note of the id of a new draft, whether the process hears it or not.
func (c *cell) learn(call *call) {
	if c.byTag[call.item] == nil {
		return
	}
	for _, g := range slices.Backward(c.exchange.Messages()) {
		if c.byID[g.ID] == nil {
			c.byID[g.ID] = c.byTag[call.item]
			return
		}
	}
}

// tally counts what was made of a mail.
func (c *cell) tally(m *mail) {
	made := c.makings(m)
	c.judgeOnce(m, made)
	m.made = len(made)
}

// making is a comment that was made of a mail, the first of a ticket included.
type making struct {
	ticket int64
	first  bool
	author string
	public bool
	files  int
	gone   bool // the ticket was deleted
}

// there counts those on tickets that nobody deleted: a mail whose ticket is
// deleted may be on another one.
func there(list []making) int {
	n := 0
	for _, k := range list {
		if !k.gone {
			n++
		}
	}
	return n
}

// note takes note of which mails a ticket speaks.
func (c *cell) note(id int64) bool {
	t, ok := c.support.Ticket(id)
	for _, said := range t.Comments {
		for _, tag := range tagged.FindAllString(said.Body, -1) {
			if !slices.Contains(c.tickets[tag], id) {
				c.tickets[tag] = append(c.tickets[tag], id)
			}
		}
	}
	return ok
}

// makings looks for what was made of a mail.
func (c *cell) makings(m *mail) []making {
	var list []making
	for _, id := range c.tickets[m.tag] {
		t, _ := c.support.Ticket(id)
		for i, said := range t.Comments {
			if said.Metadata["exdesk_mail"] == nil && (i > 0 || t.Metadata["exdesk_mail"] == nil) || !strings.Contains(said.Body, m.tag) {
				continue
			}
			list = append(list, making{t.ID, i == 0, said.Author.Email, said.Public, len(said.Attachments), t.Deleted})
		}
	}
	return list
}

// labelled returns the mails that a request that writes labels names.
func (c *cell) labelled(call *call) []*mail {
	if !bytes.Contains(call.body, []byte("categories")) {
		return nil
	}
	var list []*mail
	if call.op == opMark {
		if m, ok := c.byTag[call.item].(*mail); ok {
			list = append(list, m)
		}
		return list
	}
	for _, id := range messageIDs.FindAllSubmatch(call.body, -1) {
		if m, ok := c.byID[string(id[1])].(*mail); ok && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// checkLabels sees to it that no label is written before what it says is true.
func (c *cell) checkLabels(m *mail) {
	for _, id := range m.ids {
		g, ok := c.exchange.Message(id)
		if !ok || !slices.Contains(g.Categories, "Zendesk") {
			continue
		}
		rejected := slices.Contains(g.Categories, "RejectedByZendesk")
		switch {
		case m.kind.must() && !rejected && m.made == 0:
			c.violate(m.tag, "is labelled before anything was made of it")
		case m.kind.must() && rejected && !m.refused:
			c.violate(m.tag, "is rejected, and nobody refused it")
		}
	}
}
