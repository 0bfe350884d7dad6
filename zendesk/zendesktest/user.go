package zendesktest

import (
	"slices"
	"strings"
	"time"
)

// User is a person as the account knows him.
type User struct {
	ID   int64
	Name string
	// Email is the primary address, the only one that a user's JSON shows.
	Email string
	// Emails are further addresses, by which he is found as well.
	Emails []string
	// Role is "end-user", "agent" or "admin".
	Role string
	// Light makes a light agent of an agent: he may comment in private only,
	// and no ticket can be assigned to him.
	Light bool
	// CustomRoleID is an agent's custom role; 0 is none, and for light agents
	// one is made up.
	CustomRoleID int64
	// TicketRestriction says which tickets he may see: "assigned", "groups",
	// "organization", "requested" or, for all, "". The account tells it and
	// does not enforce it. An end user's default is "requested".
	TicketRestriction string
	// DefaultGroupID is an agent's group; 0 is none. Naming a group here makes
	// it one that tickets may be assigned to.
	DefaultGroupID int64
	Suspended      bool
}

type user struct {
	User
	identities       []identity // in order of creation, the primary one first
	created, updated time.Time
}

func (u *user) staff() bool { return u.Role != "end-user" }

// assignable tells whether tickets can be assigned to u.
// https://support.zendesk.com/hc/en-us/articles/4408846501402
func (u *user) assignable() bool { return u.staff() && !u.Light && !u.Suspended }

// setLight makes u a light agent, or not.
func (u *user) setLight(light bool) {
	if u.Light = light; light && u.CustomRoleID == 0 {
		u.CustomRoleID = lightRole
	}
}

func (u *user) snapshot() User {
	v := u.User
	v.Emails = slices.Clone(v.Emails)
	return v
}

func (s *Server) addUser(name, email, role string) *user {
	if strings.TrimSpace(name) == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	u := &user{User: User{ID: s.nextID(), Name: name, Email: fold(email), Role: role}, created: s.second(), updated: s.second()}
	if role == "end-user" {
		u.TicketRestriction = "requested"
	}
	s.users[u.ID] = u
	s.identify(u, u.Email)
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

// AddUser adds a user, or gives the one whose address v.Email is the rest of
// v, and returns him with what is filled in: v.ID is ignored, the default of
// Role is "end-user", that of Name is made of the address. It panics if there
// is no such role, or an address is malformed or somebody else's.
func (s *Server) AddUser(v User) User {
	if v.Role == "" {
		v.Role = "end-user"
	}
	if !slices.Contains([]string{"end-user", "agent", "admin"}, v.Role) || v.Light && v.Role != "agent" {
		panic("zendesktest: no such role: " + v.Role)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.byEmail[fold(v.Email)]
	for _, email := range append([]string{v.Email}, v.Emails...) {
		if owner := s.byEmail[fold(email)]; !validEmail(fold(email)) || owner != nil && owner != u {
			panic("zendesktest: an address that is malformed or somebody else's: " + email)
		}
	}
	if u == nil {
		u = s.addUser(v.Name, v.Email, v.Role)
	}
	if v.Name != "" {
		u.Name = v.Name
	}
	u.Role, u.Suspended = v.Role, v.Suspended
	u.TicketRestriction, u.DefaultGroupID, u.CustomRoleID = v.TicketRestriction, v.DefaultGroupID, v.CustomRoleID
	u.setLight(v.Light)
	u.updated = s.second()
	if u.TicketRestriction == "" && !u.staff() {
		u.TicketRestriction = "requested"
	}
	if u.DefaultGroupID != 0 {
		s.groups[u.DefaultGroupID] = true
	}
	for _, email := range v.Emails {
		s.identify(u, fold(email))
	}
	return u.snapshot()
}

// lightRole is the custom role that light agents have unless told otherwise.
const lightRole = 360_000_000_007

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
		out = append(out, u.snapshot())
	}
	return out
}

// user is a user with the keys that the service sends.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#json-format
//
// QUIRK: end users are restricted agents.
func (c *call) user(u *user) object {
	roleType := any(nil)
	switch {
	case u.Role == "admin":
		roleType = 4
	case u.Light:
		roleType = 1
	case u.staff() && u.CustomRoleID != 0:
		roleType = 0
	}
	return object{
		"id": u.ID, "url": c.url("/api/v2/users/%d.json", u.ID), "name": u.Name, "email": u.Email,
		"created_at": stamp(u.created), "updated_at": stamp(u.updated), "time_zone": "UTC", "iana_time_zone": "Etc/UTC",
		"locale": "en-US", "locale_id": 1, "role": u.Role, "role_type": roleType, "custom_role_id": idOrNull(u.CustomRoleID),
		"ticket_restriction": orNull(u.TicketRestriction), "only_private_comments": u.Light, "default_group_id": idOrNull(u.DefaultGroupID),
		"restricted_agent": u.Role != "admin" && (u.TicketRestriction != "" || u.Light), "moderator": u.Role == "admin",
		"verified": u.staff(), "active": true, "shared": false, "shared_agent": false, "suspended": u.Suspended, "chat_only": false,
		"external_id": nil, "alias": nil, "details": nil, "notes": nil, "signature": nil, "phone": nil, "shared_phone_number": nil,
		"photo": nil, "last_login_at": nil, "two_factor_auth_enabled": nil, "report_csv": false,
		"tags": []string{}, "user_fields": object{}, "organization_id": nil,
	}
}
