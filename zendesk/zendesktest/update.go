package zendesktest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// mostComments is how many comments a ticket takes.
const mostComments = 5000

// updateTicket changes a ticket or adds a comment to it.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#update-ticket
func (s *Server) updateTicket(c *call) *answer {
	body, ok := readBody(c.r)
	if !ok {
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	p, root, a := s.open(c, body, "tickets/update")
	s.mu.Lock()
	defer s.mu.Unlock()
	t, missing := s.wanted(c)
	if missing != nil {
		return missing
	}
	quotas := []quota{ticketBucket(c.token.user.ID, t.id), updateBucket}
	for _, q := range quotas {
		if a := s.spend(c, q); a != nil {
			return a
		}
	}
	if a == nil {
		a = s.update(c, t, &p, root)
	}
	for _, q := range quotas {
		if left, reset := s.level(q); q.limit(&s.opt) >= 0 {
			q.tell(a, q.limit(&s.opt), left, reset)
		}
	}
	return a
}

func (s *Server) update(c *call, t *ticket, p *params, root *parse) *answer {
	f := readFields(p)
	// QUIRK: false is as good as true.
	f.safe, f.stamp = p.flag("safe_update") != nil, p.text("updated_stamp")
	p.close()
	if root.bad != nil {
		return s.warn(root.bad, root)
	}
	if t.status == "closed" && !s.editable(c, p) {
		prefix := "Status: "
		if s.opt.TerseClosed {
			prefix = ""
		}
		return refused("status", prefix+"closed prevents ticket update", "InvalidValue")
	}
	if f.safe && f.stamp == "" {
		s.violation("PUT %s has safe_update without updated_stamp, which protects nothing", c.r.URL.Path)
	}
	if f.safe && f.stamp != "" {
		at, err := time.Parse(time.RFC3339, f.stamp)
		if err != nil {
			return invalidAttribute("updated_stamp", "a time from tickets/update")
		}
		if !at.Equal(t.updated) {
			return conflict("UpdateConflict")
		}
	}
	if f.comment != nil && len(t.comments) >= mostComments {
		return refused("base", "Ticket: has too many comments", "TooManyComments")
	}
	if a := s.check(c, f, t); a != nil {
		return s.warn(a, root)
	}
	au := s.addAudit(t, c.token.user, byAPI)
	au.system, au.custom = c.origin(), f.metadata
	if f.comment != nil {
		author := cmp.Or(f.ofSaid, c.token.user)
		m := s.addComment(t, au, f, author, t.comments[0].Public)
		if m.Public {
			au.notify(t)
		}
		// https://support.zendesk.com/hc/en-us/articles/4408894213018
		if f.status == "" && !author.staff() && !s.opt.KeepSolved && slices.Contains([]string{"pending", "hold", "solved"}, t.status) {
			f.status = "open"
		}
	}
	if f.newRequester {
		f.ofRequester = s.findOrCreate(f.requester.name, f.requester.email)
	}
	s.alter(t, au, func() {
		set := func(name string, field *string, v string) {
			if v != "" || f.has(name) {
				*field = v
			}
		}
		set("subject", &t.subject, f.subject)
		t.status = cmp.Or(f.status, t.status)
		set("priority", &t.priority, f.priority)
		set("type", &t.kind, f.kind)
		set("external_id", &t.externalID, f.externalID)
		if f.has("tags") {
			t.tags = f.tags
		}
		t.requester = cmp.Or(f.ofRequester, t.requester)
		s.assign(t, f.assigned)
		s.solve(t, c.token.user)
		s.copyTo(t, f.ccs)
		s.follow(t, f.followers)
	})
	out := s.auditJSON(c, au)
	return s.warn(reply(http.StatusOK, object{"ticket": s.ticketJSON(c, t), "audit": out}), root)
}

// alter does what change does to t, tells au of it and ends au. If nothing
// has happened, not even a comment, there is neither an audit nor a new
// updated_at.
func (s *Server) alter(t *ticket, au *audit, change func()) {
	was := *t
	was.tags, was.ccs, was.followers = slices.Clone(t.tags), slices.Clone(t.ccs), slices.Clone(t.followers)
	change()
	for _, v := range []struct{ name, from, to string }{
		{"subject", was.subject, t.subject}, {"status", was.status, t.status}, {"priority", was.priority, t.priority},
		{"type", was.kind, t.kind}, {"external_id", was.externalID, t.externalID}, {"recipient", was.recipient, t.recipient},
		{"requester_id", idText(was.requester.ID), idText(t.requester.ID)},
	} {
		if v.from != v.to {
			au.changed(v.name, v.from, v.to)
		}
	}
	if was.assignee != t.assignee {
		au.changed("assignee_id", assigneeText(&was), assigneeText(t))
	}
	if was.group != t.group {
		au.changed("group_id", groupText(&was), groupText(t))
	}
	if !slices.Equal(was.tags, t.tags) {
		au.changed("tags", was.tags, t.tags)
	}
	if !slices.Equal(was.ccs, t.ccs) {
		au.changedPeople("EmailCcChange", "email_ccs", was.ccs, t.ccs)
	}
	if !slices.Equal(was.followers, t.followers) {
		au.changedPeople("FollowerChange", "followers", was.followers, t.followers)
	}
	au.number(s)
	if len(au.events) == 0 {
		au.drop()
		return
	}
	t.updated = s.second()
	s.keep(t)
}

// editable tells whether a request asks of a closed ticket only what
// administrators may edit there.
// https://support.zendesk.com/hc/en-us/articles/7335734335258
func (s *Server) editable(c *call, p *params) bool {
	for name := range p.in {
		if !slices.Contains([]string{"tags", "subject", "priority", "metadata", "safe_update", "updated_stamp"}, name) {
			return false
		}
	}
	return s.opt.EditClosed && c.token.user.Role == "admin"
}

func conflict(code string) *answer {
	return plain(http.StatusConflict, code,
		"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.")
}
