package zendesktest

import (
	"net/http"
	"slices"
	"strings"
)

// copied is one entry of email_ccs or followers.
// https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/#setting-email-ccs
type copied struct {
	person
	id     int64
	delete bool
}

const mostCCs = 48

func readCopied(p *params, name string) []copied {
	var out []copied
	for _, v := range p.list(name) {
		in, ok := v.(object)
		if !ok {
			p.fail(name, "an array of objects")
			break
		}
		e := params{path: p.path + "." + name, in: in, root: p.root}
		cc := copied{id: e.id("user_id"), person: person{e.text("user_name"), e.text("user_email")}}
		switch e.text("action") {
		case "", "put":
		case "delete":
			cc.delete = true
		default:
			e.fail("action", `"put" or "delete"`)
		}
		e.close()
		out = append(out, cc)
	}
	return out
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
		f.ccs, f.followers = nil, nil
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
	for _, who := range f.followers {
		// "Agents only" is documented; that others are refused is not.
		if u := s.known(who); u == nil || !u.staff() {
			d.add("followers", "Followers: must be agents", "InvalidValue")
		}
	}
	return nil
}

// known is the user that an entry names, if there is one.
func (s *Server) known(who copied) *user {
	if who.id != 0 {
		return s.users[who.id]
	}
	return s.byEmail[fold(who.email)]
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

// follow adds and removes followers, of whom there may be any number.
func (s *Server) follow(t *ticket, list []copied) {
	for _, who := range list {
		u := s.known(who)
		switch {
		case who.delete:
			t.followers = slices.DeleteFunc(t.followers, func(v *user) bool { return v == u })
		case !slices.Contains(t.followers, u):
			t.followers = append(t.followers, u)
		}
	}
}

func (s *Server) listEmailCCs(c *call) *answer {
	return s.listPeople(c, func(t *ticket) []*user { return t.ccs })
}

func (s *Server) listFollowers(c *call) *answer {
	return s.listPeople(c, func(t *ticket) []*user { return t.followers })
}

func (s *Server) listPeople(c *call, of func(*ticket) []*user) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, a := s.wanted(c)
	if a != nil {
		return a
	}
	list := of(t)
	w, a := s.offset100(c, len(list))
	if a != nil {
		return a
	}
	return reply(http.StatusOK, w.into(object{"users": c.users(list[w.from:w.to])}))
}
