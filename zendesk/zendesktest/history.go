package zendesktest

import (
	"net/http"
	"slices"
	"time"
)

// version is what a ticket was from some time on.
type version struct {
	at    time.Time
	state *ticket
}

// keep remembers what t is now, if its readers lag behind.
func (s *Server) keep(t *ticket) {
	if s.opt.ReadLag <= 0 {
		return
	}
	v := *t
	v.history, v.tags, v.ccs, v.followers, v.followUps = nil, slices.Clone(t.tags), slices.Clone(t.ccs), slices.Clone(t.followers), slices.Clone(t.followUps)
	v.comments = make([]*comment, len(t.comments))
	for i, m := range t.comments {
		was := *m
		v.comments[i] = &was
	}
	t.history = append(t.history, version{s.now(), &v})
}

// replica is t as it was ReadLag ago; nil means that there was no such
// ticket.
func (s *Server) replica(t *ticket) *ticket {
	if s.opt.ReadLag <= 0 {
		return t
	}
	var out *ticket
	for _, v := range t.history {
		if s.now().Sub(v.at) >= s.opt.ReadLag {
			out = v.state
		}
	}
	return out
}

func (s *Server) showTicket(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, a := s.named(c)
	if a != nil {
		return a
	}
	if t = s.replica(t); t == nil || t.deleted {
		return notFound()
	}
	return reply(http.StatusOK, object{"ticket": s.ticketJSON(c, t)})
}
