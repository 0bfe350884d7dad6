package zendesktest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// importTicket makes a ticket with a past. No trigger runs, so nobody is
// written to.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_import/
//
// QUIRK: an idempotency key protects nothing here, and the answer has no
// audit.
func (s *Server) importTicket(c *call) *answer {
	body, ok := readBody(c.r)
	if !ok {
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	p, root, a := s.open(c, body, "imports/tickets")
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.token.user.Role != "admin" && (!s.opt.AgentImports || c.token.user.Light) {
		return forbidden()
	}
	if a != nil {
		return s.warn(a, root)
	}
	archive := c.r.URL.Query().Get("archive_immediately")
	if !slices.Contains([]string{"", "true", "false"}, archive) {
		return invalidAttribute("archive_immediately", "a boolean from imports/tickets")
	}
	return s.warn(s.imports(c, &p, root, archive == "true"), root)
}

// stamps are the times that an import sets.
type stamps struct{ created, updated, solved *time.Time }

func (s *Server) imports(c *call, p *params, root *parse, archive bool) *answer {
	f := readFields(p)
	f.recipient, f.submitterID = p.text("recipient"), p.id("submitter_id")
	at := stamps{p.time("created_at"), p.time("updated_at"), p.time("solved_at")}
	list := readImported(p)
	// description is documented as read-only; without comments it serves as
	// one, as it does when tickets are created.
	if legacy := p.text("description"); len(list) == 0 {
		list = []*said{{body: legacy}}
	}
	if f.comment != nil { // imports have comments, and nobody says what becomes of another
		root.unmodeled = append(root.unmodeled, "ticket.comment")
		f.comment = nil
	}
	p.ignore("macro_ids", "via", "via_id", "via_followup_source_id")
	p.close()
	if root.bad != nil {
		return root.bad
	}
	if a := s.check(c, f, nil); a != nil {
		return a
	}
	comments, a := s.checkImported(list, at)
	if a != nil {
		return a
	}

	t, first := s.born(c, f)
	s.assign(t, f.assigned)
	t.status = cmp.Or(f.status, "new") // no rule of the account is applied
	t.via, t.idempotencyKey = byImport, ""
	t.created, t.updated = notBefore1970(at.created, t.created), notBefore1970(at.updated, t.updated)
	if at.solved != nil {
		t.solved = *at.solved
	}
	t.archived = archive && t.status == "closed"
	for i, m := range comments {
		// That every comment has its own audit is likely, not documented.
		au := s.addAudit(t, c.token.user, byImport)
		au.system = c.origin()
		if s.opt.ImportMetadata && i == 0 {
			au.custom = f.metadata
		}
		author, public := c.token.user, true
		if i == 0 {
			author = first
		} else {
			public = t.comments[0].Public
		}
		if m.ofSaid != nil {
			author = m.ofSaid
		}
		added := s.addComment(t, au, m, author, public)
		if m.comment.at != nil {
			added.CreatedAt, au.at = *m.comment.at, *m.comment.at
		}
		if i == 0 {
			au.describe(t)
		}
		au.number(s)
	}
	s.keep(t)
	return reply(http.StatusCreated, object{"ticket": s.ticketJSON(c, t)}).with("Location", c.url("/api/v2/tickets/%d.json", t.id))
}

func readImported(p *params) []*said {
	var out []*said
	for _, v := range p.list("comments") {
		in, ok := v.(object)
		if !ok {
			p.fail("comments", "an array of objects")
			break
		}
		e := params{path: "ticket.comments", in: in, root: p.root}
		value, at := e.text("value"), e.time("created_at")
		m := readComment(&e)
		if m.body == "" {
			m.body = value
		}
		m.at = at
		out = append(out, m)
	}
	return out
}

// checkImported finds what is refused of the comments and times of an import.
// What the service says of times that "you can't set" is not documented, nor
// what it makes of a ticket's own times in the future.
func (s *Server) checkImported(list []*said, at stamps) ([]*fields, *answer) {
	d := details{}
	if len(list) > mostComments {
		d.add("base", "Ticket: has too many comments", "TooManyComments")
	}
	var out []*fields
	taken := map[*upload]bool{}
	for _, m := range list {
		f := &fields{comment: m}
		if m.blank() {
			d.add("base", "Description: cannot be blank", "BlankValue")
		}
		s.checkComment(f, nil, d)
		f.files = slices.DeleteFunc(f.files, func(u *upload) bool { // a token serves once
			if taken[u] && !s.opt.IgnoreUploads {
				d.add("base", "Attachment: token is invalid or has expired", "InvalidValue")
			}
			again := taken[u]
			taken[u] = true
			return again
		})
		if m.at != nil && (m.at.Before(time.Unix(0, 0)) || m.at.After(s.now())) {
			d.add("created_at", "Created at: must not be before 1970 or in the future", "InvalidValue")
		}
		if u := f.ofSaid; u != nil {
			s.checkImportedAuthor(u, m, d)
		}
		out = append(out, f)
	}
	for _, v := range []*time.Time{at.created, at.updated, at.solved} {
		if v != nil && v.After(s.now()) {
			d.add("base", "Time: must not be in the future", "InvalidValue")
		}
	}
	if len(d) > 0 {
		return nil, d.answer()
	}
	return out, nil
}

func (s *Server) checkImportedAuthor(u *user, m *said, d details) {
	if u.Suspended && s.opt.RefuseSuspendedAuthors {
		d.add("author", "Author: "+u.Name+" is suspended.", "UserSuspended")
	}
	if u.Light && (m.public == nil || *m.public) && s.opt.LightAgents == LightRefused {
		d.add("base", "Comment: light agents may not comment in public", "InvalidValue")
	}
}

// notBefore1970 is v, "rounded up to 1970".
func notBefore1970(v *time.Time, or time.Time) time.Time {
	switch {
	case v == nil:
		return or
	case v.Before(time.Unix(0, 0)):
		return time.Unix(0, 0).UTC()
	}
	return *v
}
