package graphtest

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"time"
)

// outgoing is a message that was accepted.
type outgoing struct {
	from         *mailbox
	at           time.Time
	recipients   []string
	draft        *draft   // as the copy in Sent Items has it
	wire         *draft   // as it leaves
	late         *failure // it was accepted, and will not be delivered
	conversation string
	seed         string
	id           string // of the copy, if one is kept
}

// MessageIDs says what becomes of the Message-ID of a mail that is sent:
// "Servers MAY overwrite the PidTagInternetMessageId property", "A MIME writer
// MAY generate a new Message-ID header" ([MS-OXCMAIL] 2.1.3.2.11).
type MessageIDs int

const (
	// KeptIDs leaves it, as in all reports of messages sent by Graph.
	KeptIDs MessageIDs = iota
	// ReplacedIDs gives the copy in Sent Items and the arrival another.
	ReplacedIDs
	// ReplacedOnWire gives the arrival another, which nobody learns.
	ReplacedOnWire
	// ReplacedInDraft gives a draft that is made of MIME another. It keeps the one
	// that internetMessageId sets.
	ReplacedInDraft
)

// transmit returns what a message becomes by being sent: what its copy is, and
// what leaves. Server.mu is held.
func (s *Server) transmit(it *item, behalf *mailbox) (sent, wire *draft) {
	o := &s.opts
	n := *it
	n.revise(func(d *draft) {
		author := n.people("From")
		switch {
		case len(author) == 0:
			d.setPeople("From", []person{{it.owner.display, it.owner.address}})
		case !o.SendFromAlias && !strings.EqualFold(author[0].address, it.owner.address):
			// QUIRK: what is sent from an alias leaves from the primary address
			// unless the tenant allows otherwise (Set-OrganizationConfig
			// -SendFromAliasEnabled).
			d.setPeople("From", []person{{author[0].name, it.owner.address}})
		}
		if behalf != nil {
			d.setPeople("Sender", []person{{behalf.display, behalf.address}})
		}
		if o.SubmitDate || !d.mime || d.text("Date") == "" {
			// PidTagClientSubmitTime ([MS-OXCMAIL] 2.1.3.2.7).
			d.set("Date", dateText(s.Now()))
		}
		if o.MessageIDs == ReplacedIDs {
			d.set("Message-ID", s.dice.messageID())
		}
		if d.text("Thread-Topic") == "" {
			d.set("Thread-Topic", d.text("Subject"))
		}
		d.set("Return-Path", "")
	})
	if o.FromName != NameKept {
		n.rename()
	}
	wire = n.draft.clone()
	for _, name := range append([]string{"Bcc"}, o.LostOnWire...) {
		wire.set(name, "")
	}
	if o.MessageIDs == ReplacedOnWire {
		wire.set("Message-ID", s.dice.messageID())
	}
	return n.draft, wire
}

// SentMail is a mail that left a mailbox.
type SentMail struct {
	Mailbox            string // address of the sender
	At                 time.Time
	EnvelopeRecipients []string // each once, in the order of To, Cc and Bcc
	MIME               []byte   // as it arrives outside: without Bcc, with what Exchange added
	ID                 string   // immutable id of the copy in Sent Items, "" if none is kept
}

// Submission is a mail that was accepted for sending.
type Submission struct {
	Mailbox    string
	At         time.Time
	Recipients int
	Bytes      int64 // of the mail as it left, encoded
}

// Sent returns the mails that left, in the order in which they were accepted,
// the last 10,000 at most. MIME must not be changed.
func (s *Server) Sent() []SentMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Accepted returns what was accepted for sending, the last 10,000 at most, so
// that a test can look into any window of time how many mails, recipients and
// octets there were.
func (s *Server) Accepted() []Submission {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// carry brings an accepted message on its way: to those whose mailboxes are
// here, and out to the others.
func (s *Server) carry(out *outgoing) {
	it := &item{immutable: out.seed, conversation: out.conversation, received: out.at.UTC().Truncate(time.Second)}
	it.compose(out.wire)
	domain := out.from.address[strings.LastIndexByte(out.from.address, '@')+1:]
	it.header.stamps = []field{{"Accept-Language", []byte("en-US")}, {"Content-Language", []byte("en-US")},
		{"x-ms-exchange-messagesentrepresentingtype", []byte("1")}, {"X-OriginatorOrg", []byte(domain)}}
	inside := render(it)

	var trace bytes.Buffer
	g := generator{w: bufio.NewWriter(&trace)}
	g.fields(newTransit(it, &Delivery{Internal: true}, false).outbound())
	_ = g.w.Flush()
	outside := slices.Concat(trace.Bytes(), inside)

	s.mu.Lock()
	s.accepted = keep(s.accepted, Submission{out.from.address, out.at, len(out.recipients), int64(len(outside))})
	if out.late == nil {
		s.sent = keep(s.sent, SentMail{out.from.address, out.at, out.recipients, outside, out.id})
	}
	s.mu.Unlock()

	bounced := map[*failure][]string{}
	for _, address := range out.recipients {
		switch m, why := s.resolve(address, out.late); {
		case why != nil:
			bounced[why] = append(bounced[why], address)
		case m != nil && !m.entry.nowhere:
			_, _ = s.deliver(m, inside, &Delivery{Internal: true}) // an Inbox cannot be missing
		}
	}
	s.bounce(out, it, inside, bounced)
}

// resolve finds the mailbox of a recipient, or why there will be no delivery.
func (s *Server) resolve(address string, late *failure) (*mailbox, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if late != nil {
		return nil, late
	}
	if why := s.failures[strings.ToLower(address)]; why != nil {
		return nil, why
	}
	for _, m := range s.mailboxes {
		if m.owns(address) {
			return m, nil
		}
	}
	return nil, nil
}

// outbound returns what is written on the way out, the newest first.
func (t *transit) outbound() []field {
	sender := t.edge + ".eurprd01.prod.outlook.com"
	return []field{
		t.received(0, "from "+sender+" (2603:10a6:10:2cc::19) by "+outsideHost+" ("+outsideAddress+") with ESMTPS"),
		t.received(0, "from "+sender+" (2603:10a6:20b:5a::16) by "+t.hub+".eurprd01.prod.outlook.com (2603:10a6:208:1::25) with "+withOld),
		t.received(0, "from "+sender+" ([fe80::72e:658e:6a4e:2ede]) by "+sender+" ([fe80::72e:658e:6a4e:2ede%4]) with mapi id "+build),
	}
}
