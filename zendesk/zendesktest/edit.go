package zendesktest

import "slices"

// Edit lets an agent change a ticket: f gets a copy, and what it changes
// there is done to the ticket. It may set ExternalID, Subject, Status,
// Priority, Type, Recipient, Tags, EmailCCs, Archived and Deleted, and append
// Comments, of which Body or HTML, Public and Author.Email count; without an
// author the API's user speaks. A ticket that does not exist is left alone.
// f may call the Server's methods.
func (s *Server) Edit(id int64, f func(*Ticket)) {
	before, ok := s.Ticket(id)
	if !ok {
		return
	}
	after, _ := s.Ticket(id)
	f(&after)

	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(id)
	now := s.second()
	au := &audit{id: s.nextID(), ticket: t, at: now, author: s.agent, system: object{}}
	set := func(name string, field *string, from, to string) {
		if from != to {
			au.changed(name, *field, to)
			*field = to
		}
	}
	set("external_id", &t.externalID, before.ExternalID, after.ExternalID)
	set("subject", &t.subject, before.Subject, after.Subject)
	set("status", &t.status, before.Status, after.Status)
	set("priority", &t.priority, before.Priority, after.Priority)
	set("type", &t.kind, before.Type, after.Type)
	set("recipient", &t.recipient, before.Recipient, after.Recipient)
	if !slices.Equal(before.Tags, after.Tags) {
		au.changed("tags", t.tags, after.Tags)
		t.tags = slices.Clone(after.Tags)
	}
	if !slices.Equal(before.EmailCCs, after.EmailCCs) {
		old := t.ccs
		t.ccs = nil
		for _, email := range after.EmailCCs {
			s.copyTo(t, []copied{{person: person{email: email}}})
		}
		au.copied(old, t.ccs)
	}
	for _, m := range after.Comments[min(len(before.Comments), len(after.Comments)):] {
		author := s.agent
		if m.Author.Email != "" {
			author = s.findOrCreate(m.Author.Name, m.Author.Email)
		}
		s.addComment(t, au, &fields{comment: &said{body: m.Body, html: m.HTML, public: &m.Public}}, author, m.Public)
	}
	t.archived, t.deleted = after.Archived, after.Deleted
	if len(au.events) > 0 {
		au.number(s)
		t.audits = append(t.audits, au)
		t.updated = now
	}
}
