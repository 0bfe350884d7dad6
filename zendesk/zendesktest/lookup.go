package zendesktest

import (
	"net/http"
	"slices"
)

// listTickets lists tickets, all or those with an external_id, of which there
// may be several.
//
// QUIRK: archived tickets are left out, so this is no perfect look-up.
func (s *Server) listTickets(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := c.r.URL.Query()
	return s.answerTickets(c, func(t *ticket) bool {
		if t.archived {
			return false
		}
		return !q.Has("external_id") || t.externalID == q.Get("external_id") && t.externalID != "" && (s.opt.LookupLag <= 0 || s.now().Sub(t.seen) >= s.opt.LookupLag)
	})
}

// answerTickets answers those tickets that are wanted, deleted ones never.
func (s *Server) answerTickets(c *call, want func(*ticket) bool) *answer {
	var found []*ticket
	for _, t := range s.tickets {
		if !t.deleted && want(t) {
			found = append(found, t)
		}
	}
	keys, descending := s.order(c, found)
	w, a := s.page(c, keys, descending)
	if a != nil {
		return a
	}
	return reply(http.StatusOK, w.into(object{"tickets": s.ticketsJSON(c, found[w.from:w.to])}))
}

func (s *Server) listRequested(c *call) *answer {
	return s.listUsers(c, func(t *ticket, u *user) bool { return t.requester == u })
}

func (s *Server) listCCd(c *call) *answer {
	return s.listUsers(c, func(t *ticket, u *user) bool { return slices.Contains(t.ccs, u) })
}

func (s *Server) listFollowed(c *call) *answer {
	return s.listUsers(c, func(t *ticket, u *user) bool { return slices.Contains(t.followers, u) })
}

func (s *Server) listAssigned(c *call) *answer {
	return s.listUsers(c, func(t *ticket, u *user) bool { return t.assignee == u })
}

// listUsers lists those tickets that a user has to do with in one way.
func (s *Server) listUsers(c *call, has func(*ticket, *user) bool) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, a := s.wantedUser(c)
	if a != nil {
		return a
	}
	archived := s.opt.ListArchived && c.r.URL.Query().Get("exclude_archived") != "true"
	return s.answerTickets(c, func(t *ticket) bool { return has(t, u) && (archived || !t.archived) })
}

func (s *Server) showMany(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, a := many(c, "tickets/show_many")
	if a != nil {
		return a
	}
	var found []*ticket
	for _, id := range ids {
		// Who asks for a ticket that is not there is not told so.
		if t := s.ticket(id); t != nil && !t.deleted && !slices.Contains(found, t) {
			found = append(found, t)
		}
	}
	return reply(http.StatusOK, object{"tickets": s.ticketsJSON(c, found), "count": len(found), "next_page": nil, "previous_page": nil})
}

func (s *Server) ticketsJSON(c *call, list []*ticket) []object {
	out := []object{}
	for _, t := range list {
		out = append(out, s.ticketJSON(c, t))
	}
	return out
}
