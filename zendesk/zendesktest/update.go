package zendesktest

import (
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
	if t.status == "closed" {
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
	au := s.addAudit(c, t, f.metadata)
	if f.comment != nil {
		author := f.ofSaid
		if author == nil {
			author = c.token.user
		}
		m := s.addComment(t, au, f, author, t.comments[0].Public)
		if m.Public {
			au.notify(t)
		}
		if f.status == "" && !author.staff() && !s.opt.KeepSolved && (t.status == "solved" || t.status == "pending") {
			f.status = "open"
		}
	}
	set := func(name string, field *string, v string) {
		if v != *field && (v != "" || f.has(name)) {
			au.changed(name, *field, v)
			*field = v
		}
	}
	set("subject", &t.subject, f.subject)
	if f.status != "" {
		set("status", &t.status, f.status)
	}
	set("priority", &t.priority, f.priority)
	set("type", &t.kind, f.kind)
	set("external_id", &t.externalID, f.externalID)
	if f.has("tags") && !slices.Equal(t.tags, f.tags) {
		au.changed("tags", t.tags, f.tags)
		t.tags = f.tags
	}
	if f.newRequester {
		f.ofRequester = s.findOrCreate(f.requester.name, f.requester.email)
	}
	if f.ofRequester != nil && f.ofRequester != t.requester {
		au.changed("requester_id", idText(t.requester.ID), idText(f.ofRequester.ID))
		t.requester = f.ofRequester
	}
	before := slices.Clone(t.ccs)
	s.copyTo(t, f.ccs)
	if !slices.Equal(before, t.ccs) {
		au.copied(before, t.ccs)
	}
	if len(au.events) == 0 {
		t.audits = t.audits[:len(t.audits)-1] // nothing happened
	} else {
		t.updated = s.second()
	}
	au.number(s)
	return s.warn(reply(http.StatusOK, object{"ticket": s.ticketJSON(c, t), "audit": s.auditJSON(c, au)}), root)
}

func conflict(code string) *answer {
	return plain(http.StatusConflict, code,
		"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.")
}
