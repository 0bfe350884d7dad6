package zendesktest

import "slices"

// Edit lets an agent change a ticket: f gets a copy, and what it changes
// there is done to the ticket. It may set ExternalID, Subject, Status,
// Priority, Type, Recipient, Tags, EmailCCs, Followers, Assignee.Email,
// GroupID, Archived and Deleted, the Public of a comment, and append Comments,
// of which Body or HTML, Public, Author.Email and the Name, Type and Content of
// Attachments count; without an author the API's user speaks. An assignee or
// follower whom nobody knows becomes an agent.
// A ticket that does not exist is left alone. f may call the Server's methods.
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
	gone := t.deleted != after.Deleted || t.archived != after.Archived
	t.archived, t.deleted = after.Archived, after.Deleted
	au := s.addAudit(t, s.agent, byWeb)
	for i := range before.Comments[:min(len(before.Comments), len(after.Comments))] {
		if public := after.Comments[i].Public; public != before.Comments[i].Public {
			m := t.comments[i]
			m.Public = public
			au.events = append(au.events, event{kind: "CommentPrivacyChange", more: object{"comment_id": m.ID, "public": public}})
		}
	}
	for _, m := range after.Comments[min(len(before.Comments), len(after.Comments)):] {
		author := s.agent
		if m.Author.Email != "" {
			author = s.findOrCreate(m.Author.Name, m.Author.Email)
		}
		f := &fields{comment: &said{body: m.Body, html: m.HTML, public: &m.Public}}
		for _, a := range m.Attachments {
			f.files = append(f.files, &upload{files: []*file{s.addFile(a.Name, a.Type, a.Content)}})
		}
		s.addComment(t, au, f, author, m.Public)
	}
	s.alter(t, au, func() { s.edit(t, &before, &after) })
	if gone {
		s.keep(t)
	}
}

func (s *Server) edit(t *ticket, before, after *Ticket) {
	set := func(field *string, from, to string) {
		if from != to {
			*field = to
		}
	}
	set(&t.externalID, before.ExternalID, after.ExternalID)
	set(&t.subject, before.Subject, after.Subject)
	set(&t.status, before.Status, after.Status)
	set(&t.priority, before.Priority, after.Priority)
	set(&t.kind, before.Type, after.Type)
	set(&t.recipient, before.Recipient, after.Recipient)
	if !slices.Equal(before.Tags, after.Tags) {
		t.tags = slices.Clone(after.Tags)
	}
	if !slices.Equal(before.EmailCCs, after.EmailCCs) {
		t.ccs = nil
		for _, email := range after.EmailCCs {
			s.copyTo(t, []copied{{person: person{email: email}}})
		}
	}
	if !slices.Equal(before.Followers, after.Followers) {
		t.followers = nil
		for _, email := range after.Followers {
			s.follow(t, []copied{{id: s.colleague(email).ID}})
		}
	}
	if before.GroupID != after.GroupID {
		t.group = after.GroupID
		s.groups[t.group] = true // 0 is never asked for
	}
	switch email := after.Assignee.Email; {
	case email == before.Assignee.Email:
	case email == "":
		t.assignee = nil
	default:
		s.assign(t, assigned{who: s.colleague(email), grouped: t.group != 0, group: t.group})
	}
}

// colleague is the user with an address, who becomes an agent if there is
// none.
func (s *Server) colleague(email string) *user {
	if u := s.byEmail[fold(email)]; u != nil {
		return u
	}
	return s.addUser("", email, "agent")
}
