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
	onPremises bool
	folders    []*folder
	items      []*item // in the order they arrived
	arrived    int     // how many ever did
	byID       map[string]*item
	talk       map[string]string // conversation by Message-ID
	categories []category
}

type folder struct{ name, id string }

// wellKnown are the names of folders that a path may use in place of an id.
// ("mailFolder resource type".)
var wellKnown = []string{
	"archive", "clutter", "conflicts", "conversationhistory", "deleteditems", "drafts", "inbox", "junkemail",
	"localfailures", "msgfolderroot", "outbox", "recoverableitemsdeletions", "scheduled", "searchfolders",
	"sentitems", "serverfailures", "syncissues",
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
		byID: map[string]*item{}, talk: map[string]string{}}
	for _, name := range wellKnown {
		m.folders = append(m.folders, &folder{name, s.dice.folderID()})
	}
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

// folder finds a folder by id or well-known name.
func (m *mailbox) folder(key string) *folder {
	i := slices.IndexFunc(m.folders, func(f *folder) bool { return f.id == key || strings.EqualFold(f.name, key) })
	if i < 0 {
		return nil
	}
	return m.folders[i]
}
