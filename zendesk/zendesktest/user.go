package zendesktest

import (
	"net/http"
	"strings"
	"time"
)

// User is a person as the account knows him.
type User struct {
	ID    int64
	Name  string
	Email string
	// Role is "end-user", "agent" or "admin".
	Role      string
	Suspended bool
}

type user struct {
	User
	created, updated time.Time
}

func (u *user) staff() bool { return u.Role != "end-user" }

func (s *Server) addUser(name, email, role string) *user {
	if strings.TrimSpace(name) == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	u := &user{User: User{ID: s.nextID(), Name: name, Email: fold(email), Role: role}, created: s.second(), updated: s.second()}
	s.users[u.ID] = u
	s.byEmail[fold(email)] = u
	return u
}

// findOrCreate returns the user with an address, whatever its case; a user
// there is keeps his name.
func (s *Server) findOrCreate(name, email string) *user {
	if u := s.byEmail[fold(email)]; u != nil {
		return u
	}
	return s.addUser(name, email, "end-user")
}

// Suspend suspends the user with this address, who is made if need be. The
// service then refuses tickets that name him as requester with 422.
func (s *Server) Suspend(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findOrCreate("", email).Suspended = true
}

// Users returns the account's users in order of id.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []User
	for _, u := range sorted(s.users) {
		out = append(out, u.User)
	}
	return out
}

// validEmail is what the account takes for an address: ASCII, one "@", a
// domain of two labels or more.
func validEmail(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(local) > 64 || len(email) > 254 || !strings.Contains(domain, ".") {
		return false
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.Trim(fold(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return strings.Trim(fold(local), "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-") == ""
}

func (c *call) user(u *user) object {
	return object{
		"id": u.ID, "url": c.url("/api/v2/users/%d.json", u.ID), "name": u.Name, "email": u.Email,
		"created_at": stamp(u.created), "updated_at": stamp(u.updated), "time_zone": "UTC", "locale": "en-US", "locale_id": 1,
		"role": u.Role, "verified": u.staff(), "active": true, "shared": false, "suspended": u.Suspended,
		"external_id": nil, "alias": nil, "phone": nil, "photo": nil, "tags": []string{}, "user_fields": object{}, "organization_id": nil,
	}
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

// searchUsers knows the operator email: and bare words.
//
// QUIRK: email: finds parts of addresses as well; who wants one person must
// compare.
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
	win, a := s.offset100(c, len(found))
	if a != nil {
		return a
	}
	out := []object{}
	for _, u := range found[win.from:win.to] {
		out = append(out, c.user(u))
	}
	return reply(http.StatusOK, win.into(object{"users": out}))
}

func (s *Server) matches(u *user, query string) bool {
	for word := range strings.FieldsSeq(query) {
		operator, value, ok := strings.Cut(word, ":")
		value = fold(strings.Trim(value, `"`))
		switch {
		case ok && operator == "type" && value == "user":
		case ok && operator == "email":
			if !strings.Contains(u.Email, value) {
				return false
			}
		case ok:
			remember(&s.book.unknown, "search operator "+operator+":")
			return false
		case !strings.Contains(u.Email+" "+fold(u.Name), fold(strings.Trim(word, `"`))):
			return false
		}
	}
	return true
}
