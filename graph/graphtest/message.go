package graphtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is a message as it is in its mailbox at one moment.
type Message struct {
	ID                string // the immutable id
	Mailbox           string // address
	InternetMessageID string
	Folder            string // well-known name, such as "inbox"
	Subject           string
	IsRead            bool
	IsDraft           bool
	Categories        []string
	Size              int64 // PidTagMessageSize, "Integer 0x0E08"
	Received          time.Time
	Properties        map[string]string // extended properties that were set, by normalised id
	ChangeKey         string
}

// Delivery says how a mail is put into a mailbox. The zero value is a mail
// that arrives in the Inbox now.
type Delivery struct {
	Folder     string    // well-known name; default inbox
	Received   time.Time // default now, by the server's clock
	Read       bool
	Draft      bool
	Categories []string
	Size       int64 // default the octets of the mail
	Raw        bool  // as Options.Raw, for this mail alone
}

// item is a message in the store. Server.mu guards the fields of the second
// group. Slices and maps are replaced, never written to, so that a copy taken
// under the lock is a snapshot.
type item struct {
	owner        *mailbox
	immutable    string
	seq          int
	mail         *mail
	raw          bool
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
}

// Deliver puts a mail into the Inbox of the first mailbox, unread, and returns
// its immutable id. Any octets are accepted as a mail. They are copied.
func (s *Server) Deliver(mime []byte) string {
	id, err := s.DeliverTo(s.opts.Mailbox, mime, nil)
	if err != nil {
		panic(err) // the first mailbox and its Inbox always exist
	}
	return id
}

// DeliverTo puts a mail into a mailbox and returns its immutable id. nil is
// the zero Delivery. It fails if there is no such mailbox or folder.
func (s *Server) DeliverTo(address string, mime []byte, d *Delivery) (string, error) {
	if d == nil {
		d = &Delivery{}
	}
	m := s.findMailbox(address)
	if m == nil {
		return "", fmt.Errorf("graphtest: deliver: no mailbox %s", address)
	}
	name := d.Folder
	if name == "" {
		name = "inbox"
	}
	f := m.folder(name)
	if f == nil {
		return "", fmt.Errorf("graphtest: deliver: no folder %s", name)
	}
	now := s.stamp()
	it := &item{
		owner: m, immutable: s.dice.immutableID(), mail: readMail(bytes.Clone(mime)), raw: d.Raw || s.opts.Raw,
		received: d.Received.UTC().Truncate(time.Second), created: now, size: d.Size, isDraft: d.Draft,
		mutable: s.dice.mutableID(), folder: f, changeKey: s.dice.changeKey(), modified: now, isRead: d.Read,
		categories: slices.Clone(d.Categories), inference: "focused", flagged: "notFlagged",
	}
	if d.Received.IsZero() {
		it.received = now
	}
	if it.size == 0 {
		it.size = int64(len(mime))
	}
	it.describe(s.dice)
	s.mu.Lock()
	defer s.mu.Unlock()
	m.arrived++
	it.seq = m.arrived
	it.conversation = m.conversation(it)
	m.items = append(m.items, it)
	m.byID[it.immutable], m.byID[it.mutable] = it, it
	return it.immutable, nil
}

// describe fills in what follows from the mail.
func (it *item) describe(d *dice) {
	m := it.mail
	it.subject = decodeWords(m.text("Subject"))
	it.attached = m.attached()
	it.importance = m.importance()
	it.receipt = m.text("Disposition-Notification-To") != ""
	it.messageID = m.text("Message-ID")
	if it.messageID == "" {
		// Exchange gives every message an id.
		it.messageID = "<" + strings.ToUpper(d.text(32)) + "@graphtest.prod.outlook.test>"
	}
	it.sent = it.received
	if t, ok := m.date(); ok {
		it.sent = t.UTC().Truncate(time.Second)
	}
}

// conversation finds the conversation of a message that arrives: the one of a
// message it refers to, or the one that the first of those would have had.
func (m *mailbox) conversation(it *item) string {
	refs := append(messageIDs(it.mail.text("References")), messageIDs(it.mail.text("In-Reply-To"))...)
	talk := ""
	for _, ref := range refs {
		if talk == "" {
			talk = m.talk[ref]
		}
	}
	if talk == "" {
		root := it.messageID
		if len(refs) > 0 {
			root = refs[0]
		}
		talk = derived("AAQkADhmMzY1", root, 43) + "="
	}
	m.talk[it.messageID] = talk
	return talk
}

// Messages returns all messages of all mailboxes, in the order they arrived
// in each.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Message
	for _, m := range s.mailboxes {
		for _, it := range m.items {
			list = append(list, it.message())
		}
	}
	return list
}

// Message returns the message with an immutable or mutable id.
func (s *Server) Message(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it == nil {
		return Message{}, false
	}
	return it.message(), true
}

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
		ID: it.immutable, Mailbox: it.owner.address, InternetMessageID: it.messageID, Folder: it.folder.name,
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
