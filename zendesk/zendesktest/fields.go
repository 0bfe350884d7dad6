package zendesktest

import (
	"net/http"
	"slices"
	"strings"
)

// fields are what a create or update says about a ticket, understood but not
// yet acted upon: a request is obeyed whole or not at all.
type fields struct {
	has                              func(name string) bool
	externalID, subject, status      string
	priority, kind, recipient        string
	requester                        *person
	requesterID, submitterID, source int64
	tags                             []string
	ccs                              []copied
	comment                          *said
	metadata                         object
	safe                             bool
	stamp                            string
	newRequester                     bool
	ofRequester, ofSubmitter, ofSaid *user
	files                            []*upload
}

type person struct{ name, email string }

// copied is one entry of email_ccs.
type copied struct {
	person
	id     int64
	delete bool
}

const mostCCs = 48

var (
	statuses   = []string{"new", "open", "pending", "hold", "solved", "closed"}
	priorities = []string{"low", "normal", "high", "urgent"}
	kinds      = []string{"problem", "incident", "question", "task"}
)

// readFields reads what creates and updates have in common.
func readFields(p *params) *fields {
	f := &fields{has: p.has}
	f.externalID, f.subject = p.text("external_id"), p.text("raw_subject")
	if p.has("subject") || f.subject == "" {
		f.subject = p.text("subject")
	}
	f.status, f.priority, f.kind = p.text("status"), p.text("priority"), p.text("type")
	if r, ok := p.object("requester"); ok {
		f.requester = &person{r.text("name"), r.text("email")}
		r.ignore("locale_id")
		r.close()
	}
	f.requesterID = p.id("requester_id")
	for _, t := range p.texts("tags") {
		for t := range strings.FieldsSeq(strings.ToLower(t)) {
			if !slices.Contains(f.tags, t) {
				f.tags = append(f.tags, t)
			}
		}
	}
	for _, v := range p.list("email_ccs") {
		in, ok := v.(object)
		if !ok {
			p.fail("email_ccs", "an array of objects")
			break
		}
		e := params{path: "ticket.email_ccs", in: in, root: p.root}
		cc := copied{id: e.id("user_id"), person: person{e.text("user_name"), e.text("user_email")}}
		switch e.text("action") {
		case "", "put":
		case "delete":
			cc.delete = true
		default:
			e.fail("action", `"put" or "delete"`)
		}
		e.close()
		f.ccs = append(f.ccs, cc)
	}
	if m, ok := p.object("metadata"); ok {
		f.metadata = m.in
	}
	if m, ok := p.object("comment"); ok {
		f.comment = readComment(&m)
	}
	p.ignore("assignee_id", "assignee_email", "group_id", "organization_id", "custom_status_id", "due_at", "problem_id",
		"custom_fields", "fields", "ticket_form_id", "brand_id", "followers", "collaborators", "collaborator_ids",
		"additional_collaborators", "attribute_value_ids", "sharing_agreement_ids")
	return f
}

// check finds what the service refuses. It needs the lock and changes
// nothing.
func (s *Server) check(c *call, f *fields, t *ticket) *answer {
	d := details{}
	oneOf := func(name, label, v string, of []string) {
		if v != "" && !slices.Contains(of, v) {
			d.add(name, label+": "+v+" is not included in the list", "InvalidValue")
		}
	}
	oneOf("status", "Status", f.status, statuses)
	oneOf("priority", "Priority", f.priority, priorities)
	oneOf("type", "Type", f.kind, kinds)
	if f.recipient != "" && s.opt.RefuseRecipient && !s.isSupport(f.recipient) {
		d.add("recipient", "Recipient: is not a support address", "InvalidValue")
	}
	if f.comment != nil && f.comment.blank() {
		d.add("base", "Description: cannot be blank", "BlankValue")
	}
	if a := s.checkRequester(c, f, d); a != nil {
		return a
	}
	if f.submitterID != 0 {
		if f.ofSubmitter = s.users[f.submitterID]; f.ofSubmitter == nil {
			d.add("submitter", "Submitter: is invalid", "InvalidValue")
		}
	}
	if f.comment != nil {
		s.checkComment(f, t, d)
	}
	if a := s.checkCCs(f, t, d); a != nil {
		return a
	}
	if len(d) > 0 {
		return d.answer()
	}
	return nil
}

func (s *Server) checkRequester(c *call, f *fields, d details) *answer {
	u := s.users[f.requesterID]
	switch {
	case f.requester != nil && strings.TrimSpace(f.requester.email) == "":
		d.add("requester", "Requester: Email: cannot be blank", "BlankValue")
	case f.requester != nil && !validEmail(strings.TrimSpace(f.requester.email)):
		d.add("requester", "Requester: Email: "+f.requester.email+" is not properly formatted", "InvalidFormat")
	case f.requester != nil && s.opt.RefuseSupport && s.isSupport(f.requester.email):
		d.add("requester", "Requester: Email: "+f.requester.email+" is a support address", "InvalidValue")
	case f.requester != nil:
		u = s.byEmail[fold(f.requester.email)]
		if f.newRequester = u == nil; f.newRequester && s.opt.UsersScope && !c.token.covers([]string{"write", "users:write"}) {
			return forbidden()
		}
	case f.requesterID != 0 && u == nil:
		d.add("requester", "Requester: cannot be blank", "BlankValue")
	}
	if u != nil && u.Suspended {
		d.add("requester", "Requester: "+u.Name+" is suspended.", "UserSuspended")
	}
	f.ofRequester = u
	return nil
}

func (s *Server) checkCCs(f *fields, t *ticket, d details) *answer {
	n := 0
	f.ccs = slices.DeleteFunc(f.ccs, func(cc copied) bool {
		if cc.id != 0 {
			return s.users[cc.id] == nil
		}
		if !validEmail(strings.TrimSpace(cc.email)) {
			if !s.opt.DropBadCCs {
				d.add("email_ccs", "Email CCs: "+cc.email+" is not properly formatted", "InvalidFormat")
			}
			return true
		}
		return s.opt.RefuseSupport && s.isSupport(cc.email)
	})
	if s.opt.NoCCs {
		f.ccs = nil
	}
	for _, cc := range f.ccs {
		if !cc.delete {
			n++
		}
	}
	if t == nil && n > mostCCs {
		// QUIRK: an update with as many is cut silently instead.
		return reply(http.StatusBadRequest, object{"error": "TooManyValues",
			"description": "The email_ccs exceed the maximum number of values", "max_count": mostCCs})
	}
	return nil
}

// copyTo adds and removes CCs. The requester is never one, and mail is not
// copied to the suspended.
func (s *Server) copyTo(t *ticket, ccs []copied) {
	for _, cc := range ccs {
		u := s.users[cc.id]
		if u == nil {
			u = s.findOrCreate(cc.name, cc.email)
		}
		switch {
		case cc.delete:
			t.ccs = slices.DeleteFunc(t.ccs, func(v *user) bool { return v == u })
		case u != t.requester && !u.Suspended && !slices.Contains(t.ccs, u) && len(t.ccs) < mostCCs:
			t.ccs = append(t.ccs, u)
		}
	}
}
