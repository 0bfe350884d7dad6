package graphtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Delivery says how a mail is put into a mailbox. The zero value is a mail
// that arrives in the Inbox from outside now.
//
// Exchange adds fields to the header of what arrives, except where Raw is set.
// What is put into Sent Items, Drafts or the Outbox, or is a draft, did not
// arrive and has none of them.
type Delivery struct {
	Folder     string    // well-known name; default inbox
	Received   time.Time // default now, by the server's clock
	Read       bool
	Draft      bool
	Categories []string
	Size       int64 // default the octets of the mail
	Raw        bool  // as Options.Raw, for this mail alone
	// Auth is the value of the Authentication-Results that Exchange writes
	// into the header, word for word; NoAuth if it writes none. The default
	// says of mail from outside that SPF, DKIM and DMARC pass for the domain
	// of its From, and of mail from inside that nothing was looked at.
	Auth string
	// Internal makes it mail from inside the organisation. By default it comes
	// from outside, through the boundary. The header says which, in Received
	// and in X-MS-Exchange-Organization-AuthAs.
	Internal bool
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
	return s.deliver(m, bytes.Clone(mime), d)
}

// deliver puts a mail into a mailbox, and keeps the octets.
func (s *Server) deliver(m *mailbox, mime []byte, d *Delivery) (string, error) {
	name := d.Folder
	if name == "" {
		name = "inbox"
	}
	s.mu.Lock()
	f := m.folder(name)
	s.mu.Unlock()
	if f == nil {
		return "", fmt.Errorf("graphtest: deliver: no folder %s", name)
	}
	now := s.stamp()
	it := &item{
		owner: m, immutable: s.dice.immutableID(), mail: readMail(mime), raw: d.Raw || s.opts.Raw, placed: s.Now(),
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
	it.transport(d, f.name, &s.opts)
	s.mu.Lock()
	defer s.mu.Unlock()
	it.promote()
	m.add(it)
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
		it.messageID = d.messageID()
	}
	it.sent = it.received
	if t, ok := m.date(); ok {
		it.sent = t.UTC().Truncate(time.Second)
	}
}

// promote makes named properties of the fields whose names the mailbox knows
// ("Named Properties, Round 2"). Server.mu is held.
func (it *item) promote() {
	for _, f := range it.header.foreign {
		if name, knows := it.owner.known[strings.ToLower(f.name)]; knows {
			it.props = setProperties(it.props, map[propertyID]string{propertyID(internetHeaders + name): decodeWords(f.value())})
		}
	}
}

// transport writes the header with which the message is served.
func (it *item) transport(d *Delivery, folder string, o *Options) {
	h := &it.header
	h.late, h.foreign, it.damaged = o.ForeignTraceFirst, it.mail.root.fields, it.mail.octets
	if !d.Draft && folder != "sentitems" && folder != "drafts" && folder != "outbox" {
		t := newTransit(it, d, o.NamedAuth)
		wall := firewall{wide: o.WideFirewall && !d.Internal}
		h.trace, h.foreign, h.stamps = t.trace(), wall.fields(h.foreign), t.stamps()
		if !it.mail.root.clean {
			it.damaged = wall.octets(it.damaged)
		}
	}
	if it.mail.text("Message-ID") == "" {
		h.stamps = append(h.stamps, field{"Message-ID", []byte(it.messageID)})
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
