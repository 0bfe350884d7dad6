package exdesk

import "time"

// memory is what a Connector remembers between passes. It only saves requests
// and keeps order: all of it may be lost without a mail being lost or doubled.
// It belongs to the pass that is running.
type memory struct {
	failures map[string]bool      // by mail: it failed in the last pass
	doubts   map[string]*doubt    // by identity.mail: attempts that were heard without a ticket
	messages map[string]time.Time // by Message-ID: when a ticket was made of one
}

// maxMessages bounds the Message-IDs that are remembered.
const maxMessages = 100_000

// doubt is a mail whose ticket was asked for, and may have been made, while
// nobody saw it.
type doubt struct {
	posted     time.Time // when the desk last may have made it
	generation int       // of the key
}

// seenNothing takes note of an empty look-up and returns the generation of the
// key to go on with: one that led to nothing in all of doubtLife is given up.
func (d *doubt) seenNothing(now time.Time) int {
	if now.Sub(d.posted) >= doubtLife {
		d.posted = now
		d.generation++
	}
	return d.generation
}

func (m *memory) failed(mail string) bool { return m.failures[mail] }

func (m *memory) fail(mail string) {
	if m.failures == nil {
		m.failures = make(map[string]bool)
	}
	m.failures[mail] = true
}

func (m *memory) done(mail string) { delete(m.failures, mail) }

func (m *memory) doubt(id *identity) *doubt { return m.doubts[id.mail] }

// heard notes that the desk heard an attempt at this mail.
func (m *memory) heard(id *identity) *doubt {
	if m.doubts == nil {
		m.doubts = make(map[string]*doubt)
	}
	if m.doubts[id.mail] == nil {
		m.doubts[id.mail] = &doubt{posted: now()}
	}
	return m.doubts[id.mail]
}

// met reports whether a ticket was made of a mail with this Message-ID lately,
// so that another mail with it is looked up before it is posted.
func (m *memory) met(id *identity) bool {
	_, ok := m.messages[id.messageID]
	return ok
}

// meet notes that the mail has its ticket.
func (m *memory) meet(id *identity) {
	delete(m.doubts, id.mail)
	if m.messages == nil || len(m.messages) >= maxMessages {
		m.messages = make(map[string]time.Time)
	}
	m.messages[id.messageID] = time.Now()
}

// prune forgets what cannot matter any more.
func (m *memory) prune(listed map[string]bool, now time.Time) {
	for mail := range m.failures {
		if !listed[mail] {
			delete(m.failures, mail)
		}
	}
	for k, d := range m.doubts {
		if now.Sub(d.posted) > 24*time.Hour {
			delete(m.doubts, k)
		}
	}
	for id, at := range m.messages {
		if now.Sub(at) > keyLife {
			delete(m.messages, id)
		}
	}
}
