package graphtest

import (
	"slices"
	"strings"
)

// mailbox is a mailbox and its owner in the directory. Server.mu guards what
// may change.
type mailbox struct {
	address    string
	guid       string
	display    string
	aliases    []string
	onPremises bool
	folders    []*folder
	items      []*item // in the order they arrived
	arrived    int     // how many ever did
	byID       map[string]*item
	talk       map[string]string // conversation by Message-ID
	categories []category
	known      map[string]string // names of header fields, by name in lower case
	spent      []spending        // what was sent in the last 24 hours
}

// AddMailbox adds an empty mailbox in Exchange Online. An address that exists
// already is left as it is.
func (s *Server) AddMailbox(address string) { s.addMailbox(address, false) }

// AddOnPremises adds a user whose mailbox is on a server of the organisation's
// own: the user is in the directory, the mail is not in Graph.
func (s *Server) AddOnPremises(address string) { s.addMailbox(address, true) }

func (s *Server) addMailbox(address string, onPremises bool) *mailbox {
	if m := s.findMailbox(address); m != nil {
		return m
	}
	local, _, _ := strings.Cut(address, "@")
	m := &mailbox{address: address, guid: s.dice.guid(), display: local, onPremises: onPremises,
		byID: map[string]*item{}, talk: map[string]string{}, known: map[string]string{}}
	m.folders = s.presetFolders()
	m.categories = s.presetCategories()
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
