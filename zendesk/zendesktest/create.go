package zendesktest

import (
	"cmp"
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
	if private := f.comment.public; private != nil && !*private && s.opt.NoPrivateFirst {
		// That the setting forbids it is documented, not how it is said.
		return s.warn(refused("base", "Comment: the first comment must be public", "InvalidValue"), root)
	}

	t, author := s.born(c, f)
	if from := s.continues(f); from != nil {
		t.source, t.via = from, continued(from)
		from.followUps = append(from.followUps, t.id)
		s.keep(from)
		if !p.has("tags") {
			t.tags = append(t.tags, from.tags...)
		}
	}
	s.assign(t, f.assigned)
	s.solve(t, c.token.user)
	au := s.addAudit(t, c.token.user, t.via)
	au.system, au.custom = c.origin(), f.metadata
	m := s.addComment(t, au, f, author, true)
	au.describe(t)
	if m.Public {
		au.notify(t)
	}
	au.number(s)
	s.keep(t)

	out := s.ticketJSON(c, t)
	out["generated_timestamp"] = 0 // QUIRK: until the ticket is read again
	a := reply(http.StatusCreated, object{"ticket": out, "audit": s.auditJSON(c, au)})
	return s.warn(a.with("Location", c.url("/api/v2/tickets/%d.json", t.id)), root)
}

// born makes the ticket that f asks for, still without a word in it, and
// tells who speaks first.
func (s *Server) born(c *call, f *fields) (t *ticket, author *user) {
	now := s.second()
	t = &ticket{
		id: int64(len(s.tickets) + 1), externalID: f.externalID, subject: f.subject, status: cmp.Or(f.status, "new"), priority: f.priority,
		kind: f.kind, recipient: f.recipient, tags: f.tags, idempotencyKey: c.r.Header.Get("Idempotency-Key"),
		via: byAPI, seen: s.now(), created: now, updated: now,
	}
	t.submitter, author = s.parties(c.token.user, f)
	switch {
	case f.newRequester:
		t.requester = s.findOrCreate(f.requester.name, f.requester.email)
	case f.ofRequester != nil:
		t.requester = f.ofRequester
	default:
		t.requester = c.token.user
	}
	t.submitter, author = cmp.Or(t.submitter, t.requester), cmp.Or(author, t.requester)
	s.tickets = append(s.tickets, t)
	s.copyTo(t, f.ccs)
	s.follow(t, f.followers)
	return t, author
}

// continues is the closed ticket that f follows up. A source that is not
// closed has no effect.
func (s *Server) continues(f *fields) *ticket {
	if t := s.ticket(f.source); t != nil && !t.deleted && t.status == "closed" {
		return t
	}
	return nil
}

// parties tells the submitter of the ticket that f asks for and the author of
// its first comment; nil is a requester who is yet to be made.
func (s *Server) parties(me *user, f *fields) (submitter, author *user) {
	submitter = f.ofRequester
	if s.opt.AgentAuthors || submitter == nil && !f.newRequester {
		submitter = me
	}
	if s.continues(f) != nil {
		// "submitter_id is ignored for follow-ups", whose first author is the
		// API's user unless the comment names one.
		submitter = me
	} else if f.ofSubmitter != nil {
		return f.ofSubmitter, f.ofSubmitter // "the submitter always becomes the author of the first comment"
	}
	return submitter, cmp.Or(f.ofSaid, submitter)
}

// describe records what a new ticket is like.
func (au *audit) describe(t *ticket) {
	au.created("subject", t.subject)
	au.created("status", t.status)
	au.created("requester_id", idText(t.requester.ID))
	for name, v := range map[string]string{"priority": t.priority, "type": t.kind, "external_id": t.externalID, "recipient": t.recipient} {
		if v != "" {
			au.created(name, v)
		}
	}
	if t.assignee != nil {
		au.created("assignee_id", assigneeText(t))
	}
	if t.group != 0 {
		au.created("group_id", groupText(t))
	}
	if len(t.tags) > 0 {
		au.created("tags", t.tags)
	}
}
