package zendesktest

import (
	"net/http"
	"time"
)

// createTicket makes a ticket.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#create-ticket
func (s *Server) createTicket(c *call) *answer {
	body, ok := readBody(c.r)
	if !ok {
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	key, a := s.claim(c, body)
	if a != nil {
		return a
	}
	if s.opt.Think > 0 {
		time.Sleep(s.opt.Think) // whether or not the client still listens
	}
	p, root, a := s.open(c, body, "tickets/create")
	s.mu.Lock()
	defer s.mu.Unlock()
	if a == nil {
		a = s.create(c, &p, root)
	}
	return s.settle(c, key, a)
}

func (s *Server) create(c *call, p *params, root *parse) *answer {
	f := readFields(p)
	f.recipient, f.submitterID, f.source = p.text("recipient"), p.id("submitter_id"), p.id("via_followup_source_id")
	// QUIRK: description is documented as read-only and still works.
	if legacy := p.text("description"); f.comment == nil {
		f.comment = &said{body: legacy}
	}
	p.ignore("macro_ids", "via", "via_id")
	p.close()
	if root.bad != nil {
		return s.warn(root.bad, root)
	}
	if a := s.check(c, f, nil); a != nil {
		return s.warn(a, root)
	}

	now := s.second()
	t := &ticket{
		id: int64(len(s.tickets) + 1), externalID: f.externalID, subject: f.subject, status: f.status, priority: f.priority,
		kind: f.kind, recipient: f.recipient, tags: f.tags, idempotencyKey: c.r.Header.Get("Idempotency-Key"),
		seen: s.now(), created: now, updated: now,
	}
	if t.status == "" {
		t.status = "new"
	}
	me := c.token.user
	switch {
	case f.newRequester:
		t.requester = s.findOrCreate(f.requester.name, f.requester.email)
	case f.ofRequester != nil:
		t.requester = f.ofRequester
	default:
		t.requester = me
	}
	// A source that is not closed has no effect.
	if from := s.ticket(f.source); from != nil && !from.deleted && from.status == "closed" {
		t.source = from
		from.followUps = append(from.followUps, t.id)
		if !p.has("tags") {
			t.tags = append(t.tags, from.tags...)
		}
	}
	author := s.authorship(t, f, me)
	s.tickets = append(s.tickets, t)
	s.copyTo(t, f.ccs)

	au := s.addAudit(c, t, f.metadata)
	m := s.addComment(t, au, f, author, true)
	au.created("subject", t.subject)
	au.created("status", t.status)
	au.created("requester_id", idText(t.requester.ID))
	for name, v := range map[string]string{"priority": t.priority, "type": t.kind, "external_id": t.externalID, "recipient": t.recipient} {
		if v != "" {
			au.created(name, v)
		}
	}
	if len(t.tags) > 0 {
		au.created("tags", t.tags)
	}
	if m.Public {
		au.notify(t)
	}
	au.number(s)

	out := s.ticketJSON(c, t)
	out["generated_timestamp"] = 0 // QUIRK: until the ticket is read again
	a := reply(http.StatusCreated, object{"ticket": out, "audit": s.auditJSON(c, au)})
	return s.warn(a.with("Location", c.url("/api/v2/tickets/%d.json", t.id)), root)
}

// authorship sets the submitter of a ticket and returns the author of its
// first comment.
func (s *Server) authorship(t *ticket, f *fields, me *user) *user {
	t.submitter = t.requester
	if s.opt.AgentAuthors {
		t.submitter = me
	}
	if t.source != nil {
		// "submitter_id is ignored for follow-ups", whose first author is the
		// API's user unless the comment names one.
		t.submitter = me
	} else if f.ofSubmitter != nil {
		t.submitter = f.ofSubmitter
		return t.submitter // "the submitter always becomes the author of the first comment"
	}
	if f.ofSaid != nil {
		return f.ofSaid
	}
	return t.submitter
}
