package zendesktest

// assigned is what a request says about who works on a ticket.
type assigned struct {
	to         int64
	email      string
	group      int64
	sent, none bool // somebody is named, or null
	grouped    bool // a group is named, or null
	who        *user
}

func readAssigned(p *params) assigned {
	a := assigned{to: p.id("assignee_id"), email: p.text("assignee_email"), group: p.id("group_id"), grouped: p.sent("group_id")}
	a.sent = p.sent("assignee_id") || a.email != ""
	a.none = a.sent && a.to == 0 && a.email == ""
	return a
}

// checkAssigned finds whom the service would not assign to. That it refuses
// is sure; how it says so is not.
func (s *Server) checkAssigned(f *fields, d details) {
	a := &f.assigned
	if a.sent && !a.none {
		a.who = s.users[a.to]
		if a.to == 0 {
			a.who = s.byEmail[fold(a.email)]
		}
		if a.who == nil || !a.who.assignable() {
			d.add("assignee", "Assignee: is invalid", "InvalidValue")
		}
	}
	if a.group != 0 && !s.groups[a.group] {
		d.add("group", "Group: is invalid", "InvalidValue")
	}
}

// assign makes a an agent's ticket of t, whose status is then no longer "new".
// https://support.zendesk.com/hc/en-us/articles/4408894213018
//
// QUIRK: assigning may change the group as well, to the agent's own.
func (s *Server) assign(t *ticket, a assigned) {
	switch {
	case a.none:
		t.assignee = nil
	case a.who != nil:
		t.assignee = a.who
		if !a.grouped && a.who.DefaultGroupID != 0 {
			t.group = a.who.DefaultGroupID
		}
	}
	if a.grouped {
		t.group = a.group
	}
	if t.assignee != nil && t.status == "new" {
		t.status = "open"
	}
}

// solve gives a solved ticket that nobody works on to who solved it, as the
// setting assign_tickets_upon_solve has it.
func (s *Server) solve(t *ticket, by *user) {
	if t.status == "solved" && t.assignee == nil && by.assignable() {
		t.assignee = by
	}
}

// assigneeText is how audits write the assignee.
func assigneeText(t *ticket) any {
	if t.assignee == nil {
		return nil
	}
	return idText(t.assignee.ID)
}

func groupText(t *ticket) any {
	if t.group == 0 {
		return nil
	}
	return idText(t.group)
}
