package graphtest

import (
	"slices"
	"strings"
	"sync/atomic"
)

// mailbox is a mailbox and its owner in the directory. Server.mu guards what
// may change.
type mailbox struct {
	address    string
	guid       string
	display    string
	aliases    []string
	entry      entry
	delegates  map[*mailbox][]Right
	folders    []*folder
	items      []*item // in the order they arrived
	arrived    int     // how many ever did
	byID       map[string]*item
	talk       map[string]string // conversation by Message-ID
	categories []category
	known      map[string]string // names of header fields, by name in lower case
	spent      []spending        // what was sent in the last 24 hours
	disabled   atomic.Bool       // its owner cannot sign in
}

// entry is what the directory knows of a mailbox's owner.
type entry struct {
	disabled bool   // nobody can sign in, at first
	synced   bool   // it comes from a directory of the organisation's own
	plan     string // capabilityStatus of the plan for Exchange Online; "" is none
	nowhere  bool   // Exchange Online has no mailbox for it
}

// AddMailbox adds an empty mailbox in Exchange Online. An address that exists
// already is left as it is, by this and by the other methods that add.
func (s *Server) AddMailbox(address string) { s.addMailbox(address, entry{plan: "Enabled"}) }

// AddShared adds an empty shared mailbox: it takes no licence, and nobody can
// sign in to it. See Delegate.
func (s *Server) AddShared(address string) { s.addMailbox(address, entry{disabled: true}) }

// AddOnPremises adds a user whose mailbox is on a server of the organisation's
// own: the user is in the directory, the mail is not in Graph.
func (s *Server) AddOnPremises(address string) {
	s.addMailbox(address, entry{synced: true, nowhere: true})
}

// AddUnlicensed adds a user who never had a licence for Exchange Online, and so
// has no mailbox.
func (s *Server) AddUnlicensed(address string) { s.addMailbox(address, entry{nowhere: true}) }

// AddSoftDeleted adds a user whose licence for Exchange Online was taken away: the
// mailbox is deleted, and comes back with the licence for 30 days. The plan stays
// with the user as Deleted.
func (s *Server) AddSoftDeleted(address string) {
	s.addMailbox(address, entry{plan: "Deleted", nowhere: true})
}

func (s *Server) addMailbox(address string, e entry) *mailbox {
	if m := s.findMailbox(address); m != nil {
		return m
	}
	local, _, _ := strings.Cut(address, "@")
	m := &mailbox{address: address, guid: s.dice.guid(), display: local, entry: e,
		delegates: map[*mailbox][]Right{}, byID: map[string]*item{}, talk: map[string]string{}, known: map[string]string{}}
	m.folders = s.presetFolders()
	m.categories = s.presetCategories()
	m.disabled.Store(e.disabled)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailboxes = append(s.mailboxes, m)
	return m
}

// findMailbox finds a mailbox by address or object id, nil if there is none.
func (s *Server) findMailbox(key string) *mailbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mailboxes {
		if strings.EqualFold(m.address, key) || strings.EqualFold(m.guid, key) {
			return m
		}
	}
	return nil
}

// AddAlias gives a mailbox a further address, at which it gets mail, and from
// which it may send: see Options.SendFromAlias. It is no name for a path. It
// panics if there is no such mailbox.
func (s *Server) AddAlias(mailbox, alias string) {
	m := s.mustMailbox(mailbox)
	s.mu.Lock()
	defer s.mu.Unlock()
	m.aliases = append(m.aliases, alias)
}

// SetDisplayName sets the name that the directory has for the owner of a
// mailbox, and that Exchange writes into From; it is what stands before the @
// at first. It panics if there is no such mailbox.
func (s *Server) SetDisplayName(mailbox, name string) {
	m := s.mustMailbox(mailbox)
	s.mu.Lock()
	defer s.mu.Unlock()
	m.display = name
}

// owns tells whether an address is that of the mailbox. Server.mu is held.
func (m *mailbox) owns(address string) bool {
	return strings.EqualFold(m.address, address) ||
		slices.ContainsFunc(m.aliases, func(a string) bool { return strings.EqualFold(a, address) })
}
