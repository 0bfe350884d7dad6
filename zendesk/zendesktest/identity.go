package zendesktest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// identity is one of a user's addresses.
// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/
type identity struct {
	id      int64
	email   string
	created time.Time
}

// identify makes an address one of u's. It must be free or his already.
func (s *Server) identify(u *user, email string) {
	if s.byEmail[email] == u {
		return
	}
	s.byEmail[email] = u
	u.identities = append(u.identities, identity{id: s.nextID(), email: email, created: s.second()})
	if email != u.Email {
		u.Emails = append(u.Emails, email)
	}
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

// listIdentities answers the addresses of a user, all of them, which the user
// himself does not.
func (s *Server) listIdentities(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, a := s.wantedUser(c)
	if a != nil {
		return a
	}
	list := u.identities
	if kinds := c.r.URL.Query()["type[]"]; len(kinds) > 0 && !slices.Contains(kinds, "email") {
		list = nil
	}
	ids := make([]int64, len(list))
	for i, one := range list {
		ids[i] = one.id
	}
	w, a := s.page(c, ids, false)
	if a != nil {
		return a
	}
	method := "none"
	if u.staff() {
		method = "low"
	}
	out := []object{}
	for _, one := range list[w.from:w.to] {
		out = append(out, object{
			"id": one.id, "url": c.url("/api/v2/users/%d/identities/%d.json", u.ID, one.id), "user_id": u.ID, "type": "email",
			"value": one.email, "primary": one.email == u.Email, "verified": u.staff(), "verification_method": method,
			"created_at": stamp(one.created), "updated_at": stamp(one.created),
			"undeliverable_count": 0, "deliverable_state": "deliverable",
		})
	}
	return reply(http.StatusOK, w.into(object{"identities": out}))
}
