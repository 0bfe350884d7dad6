package zendesktest

import (
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
	ccs, followers                   []copied
	assigned                         assigned
	comment                          *said
	metadata                         object
	safe                             bool
	stamp                            string
	newRequester                     bool
	ofRequester, ofSubmitter, ofSaid *user
	files                            []*upload
}

type person struct{ name, email string }

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
	f.ccs, f.followers, f.assigned = readCopied(p, "email_ccs"), readCopied(p, "followers"), readAssigned(p)
	if m, ok := p.object("metadata"); ok {
		f.metadata = m.in
	}
	if m, ok := p.object("comment"); ok {
		f.comment = readComment(&m)
	}
	p.ignore("organization_id", "custom_status_id", "due_at", "problem_id",
		"custom_fields", "fields", "ticket_form_id", "brand_id", "collaborators", "collaborator_ids",
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
	s.checkAssigned(f, d)
	if f.comment != nil {
		s.checkComment(f, t, d)
		s.checkSpeaker(c, f, t, d)
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
