package graphtest

import "slices"

// Right is what Exchange lets one person do with the mailbox of another. ("Manage
// permissions for recipients in Exchange Online".)
type Right string

const (
	FullAccess   Right = "FullAccess"   // open it; not send from it
	SendAs       Right = "SendAs"       // send from it, and nobody sees who did
	SendOnBehalf Right = "SendOnBehalf" // send from it, with Sender telling who did
)

// Delegate gives the owner of one mailbox rights in another, beside those that
// were given before. Sending from /users/{mailbox} takes FullAccess and one of
// the others. A token opens it with .Shared permissions only. It panics if one of
// the mailboxes does not exist.
func (s *Server) Delegate(mailbox, user string, rights ...Right) {
	m, u := s.mustMailbox(mailbox), s.mustMailbox(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	m.delegates[u] = append(m.delegates[u], rights...)
}

// delegate is who signed in, if the call is about the mailbox of another.
func (c *call) delegate() *mailbox {
	if t := c.token; !t.anywhere && t.user != c.mailbox {
		return t.user
	}
	return nil
}

// may tells whether u has a right in m.
func (s *Server) may(m, u *mailbox, right Right) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(m.delegates[u], right)
}

// sentBy returns who stands in Sender of what u sends from m: nobody, if u is
// nil or sends as m. Server.mu is held.
func (m *mailbox) sentBy(u *mailbox) (*mailbox, *refusal) {
	switch {
	case u == nil, slices.Contains(m.delegates[u], SendAs):
		return nil, nil
	case slices.Contains(m.delegates[u], SendOnBehalf):
		return u, nil
	}
	return nil, sendAsDenied()
}

// OutOfScope is how a mailbox that an application may not open refuses it.
// ("Limiting application permissions to specific Exchange Online mailboxes".)
type OutOfScope int

const (
	// ScopeRAOP names the policy, as newer answers do.
	ScopeRAOP OutOfScope = iota
	// ScopeOData is what older answers said of it.
	ScopeOData
	// ScopePlain is the answer to a permission that is missing, which RBAC for
	// Applications makes of it.
	ScopePlain
)

func (o OutOfScope) text() string {
	switch o {
	case ScopeOData:
		return "Access to OData is disabled."
	case ScopePlain:
		return deniedText
	}
	return "[RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
}
