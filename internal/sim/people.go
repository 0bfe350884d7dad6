package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// visit decides what people do with a mail, and when.
func (c *cell) visit(m *mail) {
	if c.dice.chance(0.6, "left alone", m.tag) {
		return
	}
	when := c.dice.between(time.Second, pick(c.dice, []time.Duration{30 * time.Second, 5 * time.Minute, 2 * time.Hour}, "how soon", m.tag), "visit", m.tag)
	act := pick(c.dice, []func(*mail){c.colour, c.colour, c.colour, c.reread, c.relabel, c.peek, c.carry, c.bin}, "visitor", m.tag)
	c.agenda.add(time.Now().Add(when), func() {
		if !c.healed {
			act(m)
		}
	})
}

// edit changes every copy of the mail that is there.
func (c *cell) edit(m *mail, what string, f func(*graphtest.Message)) {
	c.edits++
	c.tell(entry{item: m.tag, what: "a person " + what})
	for _, id := range m.ids {
		c.exchange.Edit(id, f)
	}
}

// colour adds a category of a person's own.
func (c *cell) colour(m *mail) {
	name := pick(c.dice, []string{"Red category", "Blue category", "Übergabe"}, "colour", m.tag, len(m.colours))
	if slices.Contains(m.colours, name) || c.exchangeOptions.IgnoreIfMatch && (m.freed || (m.opened || m.kind.reason() != "") && !c.isLabelled(m) || c.labels > 0) {
		return // without If-Match nothing can save what comes between reading and writing
	}
	m.colours = append(m.colours, name)
	c.edit(m, "adds the category "+name, func(g *graphtest.Message) { g.Categories = append(g.Categories, name) })
}

func (c *cell) isLabelled(m *mail) bool {
	return !slices.ContainsFunc(m.ids, func(id string) bool {
		g, _ := c.exchange.Message(id)
		return !slices.Contains(g.Categories, "Zendesk")
	})
}

// reread marks the mail unread.
func (c *cell) reread(m *mail) {
	c.edit(m, "marks it unread", func(g *graphtest.Message) { g.IsRead = false })
}

// relabel takes the labels away, so that the mail is looked at again.
func (c *cell) relabel(m *mail) {
	m.freed = true
	c.edit(m, "takes our labels away and marks it unread", func(g *graphtest.Message) {
		g.IsRead = false
		g.Categories = slices.DeleteFunc(g.Categories, func(s string) bool { return strings.Contains(s, "Zendesk") })
	})
}

// peek marks the mail read, and unread again after a while.
func (c *cell) peek(m *mail) {
	c.edit(m, "reads it", func(g *graphtest.Message) { g.IsRead = true })
	c.agenda.add(time.Now().Add(c.dice.between(time.Second, time.Hour, "unread again", m.tag)), func() { c.reread(m) })
}

// carry moves the mail elsewhere and back.
func (c *cell) carry(m *mail) {
	c.edit(m, "moves it to the archive", func(g *graphtest.Message) { g.Folder = "archive" })
	c.agenda.add(time.Now().Add(c.dice.between(time.Second, time.Hour, "back", m.tag)), func() {
		c.edit(m, "moves it back to the Inbox", func(g *graphtest.Message) { g.Folder = "inbox" })
	})
}

// bin moves the mail away for good.
func (c *cell) bin(m *mail) {
	m.touched = "thrown away"
	c.edit(m, "throws it away", func(g *graphtest.Message) { g.Folder = "deleteditems" })
}

// agents plans what happens to tickets.
func (c *cell) agents() {
	for i := range c.cfg.Mails / 8 {
		at := c.begun.Add(c.dice.between(0, c.length, "agent at", i))
		c.agenda.add(at, func() { c.work(i) })
	}
}

// work is what an agent does with a ticket.
func (c *cell) work(i int) {
	n := int64(0)
	for {
		if _, ok := c.support.Ticket(n + 1); !ok {
			break
		}
		n++
	}
	if n == 0 || c.healed {
		return
	}
	id := 1 + int64(c.dice.n(int(n), "which ticket", i))
	t, _ := c.support.Ticket(id)
	status := func(s string) {
		if t.Status != "closed" {
			c.support.Edit(id, func(t *zendesktest.Ticket) { t.Status = s })
			c.moved[id] = c.moved[id] || s == "closed"
		}
	}
	switch c.dice.n(7, "what", i) {
	case 0:
		status("solved")
	case 1:
		status("closed")
	case 2:
		c.support.Edit(id, func(t *zendesktest.Ticket) { t.Deleted = true })
		c.moved[id] = true
	case 3:
		into := 1 + int64(c.dice.n(int(n), "into", i))
		c.support.Merge(into, id)
		c.moved[id], c.moved[into] = true, true
	case 4:
		c.bustle(id, 5)
	default:
		c.support.Edit(id, func(t *zendesktest.Ticket) { t.Tags = append(t.Tags, "seen") })
	}
}

// bustle is a bot that changes a ticket again and again.
func (c *cell) bustle(id int64, times int) {
	for i := range times {
		c.support.Edit(id, func(t *zendesktest.Ticket) {
			t.Priority = []string{"low", "normal", "high"}[i%3]
		})
	}
}

// restore undoes, when all is well again, what people did that keeps mail from
// being taken, as whoever looks after the mailbox would.
func (c *cell) restore() {
	for _, m := range c.mails {
		if !m.kind.must() || m.touched != "" {
			continue
		}
		for _, id := range m.ids {
			g, ok := c.exchange.Message(id)
			labelled := slices.Contains(g.Categories, "Zendesk")
			held := slices.Contains(g.Categories, "ZendeskHeld")
			if !ok || labelled || !held && !g.IsRead {
				continue
			}
			c.tell(entry{item: m.tag, what: "is given back to the connector"})
			c.exchange.Edit(id, func(g *graphtest.Message) {
				g.IsRead = false
				g.Categories = slices.DeleteFunc(g.Categories, func(s string) bool { return s == "ZendeskHeld" })
			})
		}
	}
}
