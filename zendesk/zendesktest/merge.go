package zendesktest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mergeTag is on every ticket that was closed in favour of another.
const mergeTag = "closed_by_merge"

// merging is what is said when tickets are merged.
type merging struct {
	by             *user
	system         object
	target, source string // "" is no comment
	publicTarget   bool
	publicSource   bool
}

// Merge lets an agent close tickets in favour of another, with the private
// comments that the agent interface proposes. Tickets that do not exist or are
// closed already are left alone.
func (s *Server) Merge(into int64, from ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := func(id int64) *ticket {
		if t := s.ticket(id); t != nil && !t.deleted && t.status != "closed" {
			return t
		}
		return nil
	}
	target := open(into)
	var sources []*ticket
	for _, id := range from {
		if t := open(id); t != nil && t != target && !slices.Contains(sources, t) {
			sources = append(sources, t)
		}
	}
	if target == nil || len(sources) == 0 {
		return
	}
	// The words are as people quote them from their accounts.
	words := fmt.Sprintf("Request #%d \"%s\" was closed and merged into this request. Last comment in request #%[1]d:\n\n%[3]s",
		sources[0].id, sources[0].subject, sources[0].comments[len(sources[0].comments)-1].Body)
	if len(sources) > 1 {
		var ids []string
		for _, t := range sources {
			ids = append(ids, fmt.Sprintf("#%d", t.id))
		}
		words = "Requests " + strings.Join(ids, ", ") + " were closed and merged into this request."
	}
	s.merge(target, sources, merging{by: s.agent, system: object{}, target: words,
		source: fmt.Sprintf("This request was closed and merged into request #%d \"%s\".", target.id, target.subject)})
}

// mergeTickets is Merge for clients.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#merge-tickets-into-target-ticket
func (s *Server) mergeTickets(c *call) *answer {
	body, ok := readBody(c.r)
	if !ok {
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	p, root, a := s.openBare(c, body, "tickets/merge")
	s.mu.Lock()
	defer s.mu.Unlock()
	target, missing := s.wanted(c)
	if missing != nil {
		return missing
	}
	if a != nil {
		return a
	}
	ids := p.ids("ids")
	yes := func(name string) bool { v := p.flag(name); return v != nil && *v }
	m := merging{
		by: c.token.user, system: c.origin(), target: p.text("target_comment"), source: p.text("source_comment"),
		publicTarget: yes("target_comment_is_public"), publicSource: yes("source_comment_is_public"),
	}
	p.close()
	if root.bad != nil {
		return s.warn(root.bad, root)
	}
	if len(ids) == 0 {
		return invalidAttribute("ids", "an array of integers from tickets/merge")
	}
	// What cannot be merged is refused here; the service may answer that the
	// job is queued and let it fail, of which nothing is documented.
	var sources []*ticket
	for _, id := range ids {
		t := s.ticket(id)
		switch {
		case t == nil || t.deleted:
			return notFound()
		case t == target || slices.Contains(sources, t):
			return refused("base", "Merge: a ticket cannot be merged twice or into itself", "InvalidValue")
		case t.status == "closed":
			return refused("status", "Status: closed prevents ticket update", "InvalidValue")
		}
		sources = append(sources, t)
	}
	if target.status == "closed" {
		return refused("status", "Status: closed prevents ticket update", "InvalidValue")
	}
	s.merge(target, sources, m)
	var results []object
	for _, t := range append(sources, target) {
		results = append(results, object{"action": "update", "id": t.id, "status": "Updated", "success": true})
	}
	return s.warn(reply(http.StatusOK, c.job(s.addJob(results), "queued")), root)
}

// merge closes the sources. What was said there stays there; their files go
// along with the target's comment.
func (s *Server) merge(target *ticket, sources []*ticket, m merging) {
	// "Comments are private … if any of the sources or target tickets are
	// private."
	for _, t := range append([]*ticket{target}, sources...) {
		m.publicTarget, m.publicSource = m.publicTarget && t.public(), m.publicSource && t.public()
	}
	au := s.addAudit(target, m.by, mergedFrom(sources))
	au.system = m.system
	if said := s.mergeComment(target, au, m.target, m.publicTarget); said != nil {
		for _, t := range sources {
			for _, old := range t.comments {
				for _, f := range old.files {
					said.files = append(said.files, s.copyFile(f))
				}
			}
		}
	}
	s.alter(target, au, func() {
		if s.opt.MergeCCs {
			for _, t := range sources {
				for _, u := range append([]*user{t.requester}, t.ccs...) {
					s.copyTo(target, []copied{{id: u.ID}})
				}
			}
		}
	})
	for _, t := range sources {
		au := s.addAudit(t, m.by, mergedInto(target))
		au.system = m.system
		s.mergeComment(t, au, m.source, m.publicSource)
		s.alter(t, au, func() {
			t.status, t.into = "closed", target
			if !slices.Contains(t.tags, mergeTag) {
				t.tags = append(slices.Clone(t.tags), mergeTag)
			}
		})
	}
}

func (s *Server) mergeComment(t *ticket, au *audit, words string, public bool) *comment {
	if strings.TrimSpace(words) == "" {
		return nil
	}
	m := s.addComment(t, au, &fields{comment: &said{body: words, public: &public}}, au.author, public)
	if m.Public {
		au.notify(t)
	}
	return m
}
