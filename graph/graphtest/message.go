package graphtest

import (
	"slices"
	"time"
)

// Message is a message as it is in its mailbox at one moment.
type Message struct {
	ID                string // the immutable id
	Mailbox           string // address
	InternetMessageID string
	Folder            string // well-known name, such as "inbox", or the id of another folder
	Subject           string
	IsRead            bool
	IsDraft           bool
	Categories        []string
	Size              int64 // PidTagMessageSize, "Integer 0x0E08"
	Received          time.Time
	Properties        map[string]string // extended properties that were set, or that are fields the mailbox knows, by normalised id
	ChangeKey         string
}

// item is a message in the store. Server.mu guards the fields of the second
// group, and the first as well while it is a draft. Slices and maps are replaced, never written to, so that a copy taken
// under the lock is a snapshot.
type item struct {
	owner        *mailbox
	immutable    string
	seq          int
	mail         *mail
	header       header
	damaged      []byte // the octets as they are served if the header is not well-formed
	raw          bool
	draft        *draft // of what was composed here, and what it consists of
	composed     bool
	placed       time.Time // when it was put into its mailbox, as created or as sent
	lagging      bool      // not to be seen before placed: see SentLag
	messageID    string
	conversation string
	subject      string
	attached     bool
	received     time.Time
	sent         time.Time
	created      time.Time
	size         int64
	isDraft      bool

	mutable    string
	folder     *folder
	changeKey  string
	modified   time.Time
	isRead     bool
	categories []string
	importance string
	inference  string
	flagged    string
	receipt    bool
	delivery   *bool
	props      map[propertyID]string
	poisoned   bool   // see Poison
	broken     string // see BreakMIME

	attachedEver int // how many files ever were, see attach
}

// Messages returns all messages of all mailboxes, in the order they arrived
// in each. A copy that is still on its way to Sent Items is not among them.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Message
	for _, m := range s.mailboxes {
		for _, it := range m.items {
			if it.here(s.Now()) {
				list = append(list, it.message())
			}
		}
	}
	return list
}

// Message returns the message with an immutable or mutable id.
func (s *Server) Message(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it == nil || !it.here(s.Now()) {
		return Message{}, false
	}
	return it.message(), true
}

// here tells whether a message can be seen.
func (it *item) here(now time.Time) bool { return !it.lagging || !now.Before(it.placed) }

func (s *Server) item(id string) *item {
	for _, m := range s.mailboxes {
		if it := m.byID[id]; it != nil {
			return it
		}
	}
	return nil
}

func (it *item) message() Message {
	m := Message{
		ID: it.immutable, Mailbox: it.owner.address, InternetMessageID: it.messageID, Folder: it.folder.key(),
		Subject: it.subject, IsRead: it.isRead, IsDraft: it.isDraft, Categories: slices.Clone(it.categories),
		Size: it.size, Received: it.received, Properties: map[string]string{}, ChangeKey: it.changeKey,
	}
	for id, v := range it.props {
		m.Properties[string(id)] = v
	}
	return m
}

// Edit changes a message as a person would, behind the back of a program:
// f may change Folder, IsRead, Categories and Properties, and the change key
// is bumped. It reports whether there is such a message. f must not call the
// server. Edit panics if f names a folder or a property that cannot be.
func (s *Server) Edit(id string, f func(*Message)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it == nil {
		return false
	}
	m := it.message()
	f(&m)
	props := map[propertyID]string{}
	for text, v := range m.Properties {
		pid, no := parsePropertyID(text)
		if no != nil {
			panic("graphtest: edit: " + no.message)
		}
		props[pid] = v
	}
	dest := it.owner.folder(m.Folder)
	if dest == nil {
		panic("graphtest: edit: no folder " + m.Folder)
	}
	it.isRead, it.categories, it.props = m.IsRead, slices.Clone(m.Categories), props
	s.touch(it)
	if dest != it.folder {
		s.move(it, dest)
	}
	return true
}

// Remove deletes a message. It reports whether there was such a message.
func (s *Server) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it != nil {
		it.owner.remove(it)
	}
	return it != nil
}

// Bump changes the change key of a message and nothing else, as Exchange does
// of its own accord. It reports whether there is such a message.
func (s *Server) Bump(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it != nil {
		s.touch(it)
	}
	return it != nil
}

func (s *Server) touch(it *item) {
	it.changeKey, it.modified = s.dice.changeKey(), s.stamp()
}

// move puts a message into another folder, whereupon it has another id.
func (s *Server) move(it *item, dest *folder) {
	delete(it.owner.byID, it.mutable)
	it.mutable, it.folder = s.dice.mutableID(), dest
	it.owner.byID[it.mutable] = it
}

func (m *mailbox) remove(it *item) {
	delete(m.byID, it.mutable)
	delete(m.byID, it.immutable)
	m.items = slices.DeleteFunc(m.items, func(o *item) bool { return o == it })
}
