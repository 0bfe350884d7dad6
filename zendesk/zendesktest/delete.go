package zendesktest

import "net/http"

// deleteTicket hides a ticket; who looks for it finds nothing.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#delete-ticket
func (s *Server) deleteTicket(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.spend(c, deleteBucket); a != nil {
		return a
	}
	t, a := s.wanted(c)
	if a != nil {
		return a
	}
	if c.token.user.Role != "admin" { // agents may if agent_ticket_deletion is on; here it is off
		return forbidden()
	}
	t.deleted = true
	s.keep(t)
	return &answer{status: http.StatusNoContent, header: http.Header{}}
}
