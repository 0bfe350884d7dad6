package zendesktest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// wantedUser finds the user that a route names.
func (s *Server) wantedUser(c *call) (*user, *answer) {
	id, err := strconv.ParseInt(c.vars["id"], 10, 64)
	if err != nil {
		return nil, invalidAttribute("id", "an integer")
	}
	if u := s.users[id]; u != nil {
		return u, nil
	}
	return nil, notFound()
}

// showMe answers who calls.
//
// QUIRK: nobody is answered 200 as well, with a null id, so the status does
// not tell whether credentials are good.
func (s *Server) showMe(c *call) *answer {
	if c.token == nil {
		return reply(http.StatusOK, object{"user": object{
			"id": nil, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user", "verified": false, "active": false,
		}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return reply(http.StatusOK, object{"user": c.user(c.token.user)})
}

func (s *Server) showUser(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, a := s.wantedUser(c)
	if a != nil {
		return a
	}
	return reply(http.StatusOK, object{"user": c.user(u)})
}

// listEverybody lists everybody, or those with one of some roles.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#list-users
func (s *Server) listEverybody(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := c.r.URL.Query()
	roles := append(q["role[]"], q["role"]...)
	var found []*user
	var ids []int64
	for _, u := range sorted(s.users) {
		if len(roles) == 0 || slices.Contains(roles, u.Role) {
			found, ids = append(found, u), append(ids, u.ID)
		}
	}
	w, a := s.page(c, ids, false)
	if a != nil {
		return a
	}
	return reply(http.StatusOK, w.into(object{"users": c.users(found[w.from:w.to])}))
}

func (s *Server) showManyUsers(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, a := many(c, "users/show_many")
	if a != nil {
		return a
	}
	var found []*user
	for _, id := range ids {
		// Who asks for somebody who is not there is not told so.
		if u := s.users[id]; u != nil && !slices.Contains(found, u) {
			found = append(found, u)
		}
	}
	return reply(http.StatusOK, object{"users": c.users(found), "count": len(found), "next_page": nil, "previous_page": nil})
}

func (c *call) users(list []*user) []object {
	out := []object{}
	for _, u := range list {
		out = append(out, c.user(u))
	}
	return out
}

// many reads the ids of a show_many.
func many(c *call, action string) ([]int64, *answer) {
	list := strings.Split(c.r.URL.Query().Get("ids"), ",")
	if len(list) > largestPage {
		return nil, reply(http.StatusBadRequest, object{"error": "TooManyValues",
			"description": "Exceeded the maximum number of values", "max_count": largestPage})
	}
	var out []int64
	for _, v := range list {
		id, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return nil, invalidAttribute("ids", "a list of integers from "+action)
		}
		out = append(out, id)
	}
	return out, nil
}

// searchUsers knows the operator email: and bare words.
//
// QUIRK: email: finds parts of addresses as well, and secondary addresses,
// which the answer does not show. Who wants one person must compare, and must
// not believe that a user who shows another address is another.
func (s *Server) searchUsers(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := c.r.URL.Query()
	if !q.Has("query") && !q.Has("external_id") {
		return invalidAttribute("query", "present from users/search")
	}
	var found []*user
	for _, u := range sorted(s.users) {
		if q.Has("query") && s.matches(u, q.Get("query")) { // users here have no external_id
			found = append(found, u)
		}
	}
	w, a := s.offset100(c, len(found))
	if a != nil {
		return a
	}
	return reply(http.StatusOK, w.into(object{"users": c.users(found[w.from:w.to])}))
}

func (s *Server) matches(u *user, query string) bool {
	addressed := func(part string) bool {
		return slices.ContainsFunc(u.identities, func(i identity) bool { return strings.Contains(i.email, part) })
	}
	for word := range strings.FieldsSeq(query) {
		operator, value, ok := strings.Cut(word, ":")
		value = fold(strings.Trim(value, `"`))
		word = fold(strings.Trim(word, `"`))
		switch {
		case ok && operator == "type" && value == "user":
		case ok && operator == "email":
			if !addressed(value) {
				return false
			}
		case ok:
			remember(&s.book.unknown, "search operator "+operator+":")
			return false
		case !addressed(word) && !strings.Contains(fold(u.Name), word):
			return false
		}
	}
	return true
}
