package zendesktest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) showTicket(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, a := s.wanted(c)
	if a != nil {
		return a
	}
	return reply(http.StatusOK, object{"ticket": s.ticketJSON(c, t)})
}

// listTickets lists tickets, all or those with an external_id, of which there
// may be several.
//
// QUIRK: archived tickets are left out, so this is no perfect look-up.
func (s *Server) listTickets(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := c.r.URL.Query()
	var found []*ticket
	var ids []int64
	for _, t := range s.tickets {
		if t.archived || t.deleted {
			continue
		}
		if q.Has("external_id") && (t.externalID != q.Get("external_id") || t.externalID == "" || s.now().Sub(t.seen) < s.opt.LookupLag) {
			continue
		}
		found, ids = append(found, t), append(ids, t.id)
	}
	descending := s.descending(c, "id")
	if descending {
		slices.Reverse(found)
		slices.Reverse(ids)
	}
	w, a := s.page(c, ids, descending)
	if a != nil {
		return a
	}
	return reply(http.StatusOK, w.into(object{"tickets": s.ticketsJSON(c, found[w.from:w.to])}))
}

func (s *Server) showMany(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := strings.Split(c.r.URL.Query().Get("ids"), ",")
	if len(ids) > largestPage {
		return reply(http.StatusBadRequest, object{"error": "TooManyValues",
			"description": "Exceeded the maximum number of values", "max_count": largestPage})
	}
	var found []*ticket
	for _, v := range ids {
		id, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return invalidAttribute("ids", "a list of integers from tickets/show_many")
		}
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
