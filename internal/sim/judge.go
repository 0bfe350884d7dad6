package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// violation is what must never be.
type violation struct {
	item string
	what string
}

// violate takes note of it, once for an item and a kind.
func (c *cell) violate(item, format string, args ...any) {
	v := violation{item, fmt.Sprintf(format, args...)}
	if slices.Contains(c.wrong, v) {
		return
	}
	c.wrong = append(c.wrong, v)
	c.tell(entry{item: item, what: "VIOLATION: " + v.what})
}

// settled reports whether nothing is left to be done.
func (c *cell) settled() bool {
	for _, n := range c.notices {
		if !n.done() || len(n.underway) > 0 {
			return false
		}
	}
	for _, m := range c.mails {
		if len(m.ids) == 0 {
			return false
		}
		if m.touched != "" {
			continue
		}
		quiet := !m.kind.must() && m.kind.reason() == "" // it may be held, or was read by a person
		for _, id := range m.ids {
			g, ok := c.exchange.Message(id)
			if ok && !slices.Contains(g.Categories, "Zendesk") && !(quiet && (g.IsRead || slices.Contains(g.Categories, "ZendeskHeld"))) {
				return false
			}
		}
	}
	return true
}

// judge holds what the services have against what was put in.
func (c *cell) judge() *Result {
	r := &Result{Seed: c.cfg.Seed, Cells: 1, Mails: len(c.mails), Notifications: len(c.notices), Deaths: c.deaths, Faults: c.faults, Requests: c.asked}
	for _, m := range c.mails {
		c.judgeMail(m, r)
	}
	for _, n := range c.notices {
		switch {
		case n.sent == 0 && n.comment != nil && n.refused != "" && c.moved[n.ticket]:
			r.Withheld++ // the ticket was closed, merged or deleted before
			n.withheld = true
			continue
		case n.sent == 1:
			r.SentOnce++
		case n.sent > 1:
			r.SentTwice++
		default:
			r.Unsent++
		}
		switch {
		case n.receipt && n.sent == 0:
			c.violate(n.tag, "has a receipt and never left")
		case n.sent == 0:
			c.violate(n.tag, "never left: %s", n.refused)
		}
	}
	c.judgeLimits()
	c.judgeUploads(r)
	c.judgeEvents(r)
	for _, g := range c.exchange.Messages() {
		if n, ok := c.byID[g.ID].(*notice); ok && !marked(g.Properties) && (n.stray || n.comment != nil) || ok && n.withheld {
			// Of an attempt that was not the last, and nobody asks for it again; or
			// nothing tells that it is of one, since it is to others who were on the
			// ticket then, or was made when nobody waited for it any more.
			continue
		}
		if g.IsDraft && g.Folder != "deleteditems" {
			c.violate(c.tagOf(g.ID), "a draft is left behind in %s", g.Folder)
		}
	}
	for _, u := range append(c.exchange.Unknown(), c.support.Unknown()...) {
		if strings.HasSuffix(u, "attachments of what is no draft") {
			continue // a request that was so slow that the mail has left without it
		}
		c.violate("", "asked for what the service does not know: %s", u)
	}
	for _, v := range append(c.exchange.Violations(), c.support.Violations()...) {
		// What was on its way already, or is another process's, does not know yet
		// what was said, so that each process is held to what it heard (pause.go);
		// and a second attempt has other upload tokens.
		if strings.Contains(v, "Retry-After") || strings.Contains(v, "idempotency key again with another body") {
			continue
		}
		c.violate("", "%s", v)
	}
	if n := c.network.bodies.Load(); n != 0 {
		c.violate("", "%d answers were not closed", n)
	}
	r.Violations = len(c.wrong)
	c.report()
	return r
}

// marked reports whether a message says of which letter it is.
func marked(properties map[string]string) bool {
	for name := range properties {
		if strings.HasSuffix(name, "Name exdesk-letter") {
			return true
		}
	}
	return false
}

// judgeMail says what became of a mail, and whether that is right.
func (c *cell) judgeMail(m *mail, r *Result) {
	made := c.makings(m)
	for _, k := range made {
		if k.first {
			r.Tickets++
		} else {
			r.Comments++
		}
	}
	r.Duplicates += max(0, there(made)-1)
	if m.held {
		r.Held++
	}
	c.judgeOnce(m, made)
	rejected := false
	for _, id := range m.ids {
		g, ok := c.exchange.Message(id)
		if !ok {
			c.violate(m.tag, "is not in the mailbox any more")
			continue
		}
		label := slices.Contains(g.Categories, "Zendesk")
		refused := slices.Contains(g.Categories, "RejectedByZendesk")
		rejected = rejected || refused
		for _, colour := range m.colours {
			if !slices.Contains(g.Categories, colour) {
				c.violate(m.tag, "has lost the category %s", colour)
			}
		}
		switch {
		case m.touched != "":
		case m.kind.must() && !label:
			c.violate(m.tag, "is not labelled")
		case m.kind.must() && refused && !m.refused, !m.kind.must() && m.kind.reason() == "" && refused && !m.refused:
			c.violate(m.tag, "is rejected, and nobody refused it")
		case m.kind.reason() != "" && !refused:
			c.violate(m.tag, "is not rejected")
		case refused && !label:
			c.violate(m.tag, "is rejected and has not both labels")
		case c.exchangeOptions.IgnoreIfMatch: // a note that was slow on its way may be written over it
		case refused && m.kind.reason() != "" && !said(g.Properties, m.kind.reason()):
			c.violate(m.tag, "is rejected for a reason that is not true")
		}
	}
	if rejected {
		r.Rejected++
	}
	switch {
	case m.kind.reason() != "" && len(made) > 0:
		c.violate(m.tag, "must not be on a ticket")
	case m.kind == own && len(made) > 0 && !m.freed:
		c.violate(m.tag, "is our own, and is on a ticket")
	case m.kind.must() && m.touched == "" && len(made) == 0 && !rejected:
		r.Lost++
		c.violate(m.tag, "is lost")
	case there(made) == 1 && rejected && m.touched == "" && m.kind != twin && (len(c.lives) == 1 || !m.refused):
		// Of twins one may be refused, and of two processes one what the other is
		// granted while it is on its way to say so.
		c.violate(m.tag, "is rejected and on a ticket")
	}
	if len(made) == 1 {
		c.judgePlace(m, made[0])
	}
}

// judgeOnce says whether a mail is on more than one ticket. Two processes at one
// reply may choose differently, between two tickets that have one Message-ID or
// when one of them is refused what the other is granted, which only a lock could
// keep them from.
func (c *cell) judgeOnce(m *mail, made []making) {
	torn := len(c.lives) > 1 && (m.parent != nil && m.parent.shared || (m.parent != nil || m.answers != nil) && m.refused)
	if n := there(made); n > 1 && !torn {
		c.violate(m.tag, "is on tickets %d times", n)
	}
}

// said reports whether a record gives that reason.
func said(properties map[string]string, reason string) bool {
	for _, v := range properties {
		if strings.Contains(v, "reason") && strings.Contains(v, reason) {
			return true
		}
	}
	return false
}

// judgePlace says whether a mail is where it belongs, and said to be by who
// wrote it.
func (c *cell) judgePlace(m *mail, k making) {
	if m.kind == files && k.files != 2 {
		c.violate(m.tag, "has %d of its 2 files", k.files)
	}
	if m.kind == stranger && !k.first && k.author == address(m.customer) {
		c.violate(m.tag, "speaks for whom its Reply-To names")
	}
	t, ok := c.support.Ticket(k.ticket)
	if !ok || t.FollowUpOf != 0 || k.gone || c.moved[k.ticket] || m.refused {
		return
	}
	if m.kind == response && m.answers != nil && m.answers.ticket != k.ticket && !c.moved[m.answers.ticket] && m.due.Sub(m.answers.left) > 5*time.Minute {
		c.violate(m.tag, "answers a notification about ticket %d and is on %d", m.answers.ticket, k.ticket)
	}
	// Of two processes one may be at the question while the other is at the reply.
	if p := m.parent; m.kind == reply && len(c.lives) == 1 && p.touched == "" && !p.shared && !p.freed {
		of := c.makings(p)
		// What was not there yet, nobody could find; and a mail whose ticket was
		// deleted and that is on another one leads to neither.
		if len(of) == 1 && of[0].ticket < k.ticket && !c.moved[of[0].ticket] {
			c.violate(m.tag, "answers %s on ticket %d and is on %d", p.tag, of[0].ticket, k.ticket)
		}
	}
}

// judgeLimits says whether the services ever saw more than they may.
func (c *cell) judgeLimits() {
	window := func(what string, at []time.Time, most int, per time.Duration) {
		for i := range at {
			j := i + most
			if j < len(at) && at[j].Sub(at[i]) < per {
				c.violate("", "%d mails were %s in %s, from %s on", most+1, what, at[j].Sub(at[i]), at[i].Sub(c.begun))
				return
			}
		}
	}
	window("fetched", c.openedAt, exdesk.IngestPerMinute, time.Minute)
	window("sent", c.leftAt, exdesk.RelayPerMinute, time.Minute)
	accepted := c.exchange.Accepted()
	for i := range accepted {
		var octets int64
		for _, s := range accepted[i:] {
			if s.At.Sub(accepted[i].At) >= 5*time.Minute {
				break
			}
			octets += s.Bytes
		}
		if octets > exdesk.RelayBytes {
			c.violate("", "%d octets left in five minutes", octets)
			return
		}
	}
}

// report tells what went wrong, and how it came to that.
func (c *cell) report() {
	w := c.cfg.Story
	if w == nil || len(c.wrong) == 0 && !c.cfg.Whole {
		return
	}
	if c.cfg.Whole {
		for _, e := range c.story.lines {
			fmt.Fprintln(w, e)
		}
	}
	const most = 3 // stories
	for i, v := range c.wrong {
		fmt.Fprintf(w, "seed %d: %s %s\n", c.cfg.Seed, v.item, v.what)
		if i < most {
			c.story.print(w, v.item)
			c.show(w, v.item)
		}
	}
}

// show tells what there is of an item in the account.
func (c *cell) show(w io.Writer, item string) {
	for _, t := range c.support.Tickets() {
		for i, said := range t.Comments {
			if item != "" && strings.Contains(said.Body, item) {
				fmt.Fprintf(w, "  ticket %d, %s, deleted %t, external id %s, of %v: comment %d by %s, of %v, %s\n",
					t.ID, t.Status, t.Deleted, t.ExternalID, t.Metadata, i, said.Author.Email, said.Metadata, said.CreatedAt.Sub(c.begun).Round(time.Second))
			}
		}
	}
}
