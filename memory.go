package exdesk

import "time"

// memory is what a Connector remembers between passes. It only saves requests
// and keeps order: all of it may be lost without a mail being lost or doubled.
// It belongs to the pass that is running.
type memory struct {
	failures map[string]*failure // by mail: it failed when it was last tried
	doubts   map[string]*doubt   // by identity.mail: attempts that were heard without a ticket
	messages map[string]meeting  // by Message-ID: the ticket that was made of one
	placed   map[string]bool     // by identity.mail: it is on a ticket, and perhaps not labelled

	busy    map[int64]time.Time // tickets that take no comment until then
	missing map[int64]time.Time // tickets that the desk said are not there, and since when

	own      []string // the desk's own addresses
	ownUntil time.Time

	unlabelled []pending // mails whose tickets are known and whose labels could not be written

	waiting map[string]bool // mails that were seen and are not done, for the totals
	seen    time.Time       // with Options.Since: up to when all mail is done
	swept   time.Time       // when all of it was last listed
}

// failure is a mail that failed.
type failure struct {
	alone int       // attempts that failed while other mail passed
	next  time.Time // not to be tried before
	err   error     // of the last
}

// meeting is when a mail was last seen on a ticket, and on which.
type meeting struct {
	at         time.Time
	ticket     int64 // 0 if there are several
	generation int   // of the key that made it
	last       int64 // the ticket, of several the last
	digest     string
	mail       string // identity.mail
}

// maxMessages bounds the Message-IDs that are remembered.
const maxMessages = 100_000

// doubt is a mail whose ticket was asked for, and may have been made, while
// nobody saw it.
type doubt struct {
	posted     time.Time // when the desk last may have made it
	generation int       // of the key
	used       bool      // the desk has said that it knows the key
}

// seenNothing takes note of an empty look-up and returns the generation of the
// key to go on with. One that the desk knows, and that led to nothing in all of
// doubtLife, is given up: nobody else can make a ticket with it. One that the desk
// may never have heard of is not, since another process may be about to use it.
func (d *doubt) seenNothing(now time.Time) int {
	if d.used && now.Sub(d.posted) >= doubtLife {
		*d = doubt{posted: now, generation: d.generation + 1}
	}
	return d.generation
}

// fail notes that a mail failed, as others may.
func (m *memory) fail(mail *Mail, err error) {
	if m.failures == nil {
		m.failures = make(map[string]*failure)
	}
	f := m.failures[mail.ID]
	if f == nil {
		f = &failure{alone: max(0, mail.tries()-1)} // in earlier lives; this one is noted
		m.failures[mail.ID] = f
	}
	f.err = err
}

// failedAlone notes that it did so while others passed: it is left alone for
// longer each time.
func (m *memory) failedAlone(mail string) {
	f := m.failures[mail]
	f.alone++
	f.next = now().Add(rest(f.alone))
}

// postpone notes that a mail has to wait, which is not its fault.
func (m *memory) postpone(mail *Mail, l *later) {
	m.fail(mail, l)
	m.failures[mail.ID].next = l.until
}

// rest notes that a ticket takes no comment for a while.
func (m *memory) rest(ticket int64, until time.Time) {
	if m.busy == nil {
		m.busy = make(map[int64]time.Time)
	}
	m.busy[ticket] = until
}

// gone reports whether a ticket that the desk does not show is no more. What
// answers may be a copy of the desk's data that does not know the ticket yet, so
// that is believed when it has been so for a while.
func (m *memory) gone(ticket int64) (until time.Time, gone bool) {
	if m.missing == nil {
		m.missing = make(map[int64]time.Time)
	}
	since, ok := m.missing[ticket]
	if !ok {
		since = now()
		m.missing[ticket] = since
	}
	until = since.Add(absence)
	return until, !now().Before(until)
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

// meet notes that the mail is on a ticket.
func (m *memory) meet(id *identity, ticket int64) {
	delete(m.doubts, id.mail)
	if m.placed == nil {
		m.placed = make(map[string]bool)
	}
	m.placed[id.mail] = true
	if m.messages == nil || len(m.messages) >= maxMessages {
		m.messages = make(map[string]meeting)
	}
	last := ticket
	if was, ok := m.messages[id.messageID]; ok && was.ticket != ticket {
		ticket = 0 // the id says nothing about the ticket
	}
	m.messages[id.messageID] = meeting{now(), ticket, m.messages[id.messageID].generation, last, id.digest, id.mail}
}

// copied returns the ticket that another copy of the mail has become so lately
// that a look-up may not show it, or 0.
func (m *memory) copied(id *identity) int64 {
	met := m.messages[id.messageID]
	if met.digest != id.digest || met.mail == id.mail || met.last == id.lost || now().Sub(met.at) > absence {
		return 0
	}
	return met.last
}

// made notes of which generation the key was that made the ticket of a mail, and
// generation tells it for another with the same Message-ID.
func (m *memory) made(id *identity, generation int) {
	met := m.messages[id.messageID]
	met.generation = generation
	m.messages[id.messageID] = met
}

func (m *memory) generation(id *identity) int { return m.messages[id.messageID].generation }

// ticket returns the ticket that a Message-ID lately led to, or 0.
func (m *memory) ticket(messageID string) int64 { return m.messages[messageID].ticket }

// sweep is how often all mail since Options.Since is listed, for labels that
// people took away. In between it goes on from what was done.
const sweep = time.Hour

// resumes reports whether a pass need not list all mail since then.
func (m *memory) resumes(since, now time.Time) bool {
	return now.Sub(m.swept) < sweep && m.seen.After(since)
}

// empty reports whether there is nothing to remember.
func (m *memory) empty() bool {
	return len(m.failures)+len(m.doubts)+len(m.messages)+len(m.placed)+len(m.busy)+len(m.missing)+len(m.own)+len(m.waiting) == 0 &&
		m.ownUntil.IsZero() && m.seen.IsZero() && m.swept.IsZero()
}

// prune forgets what cannot matter any more.
func (m *memory) prune(listed map[string]bool, now time.Time) {
	if len(m.placed) > maxMessages {
		clear(m.placed)
	}
	for mail := range m.failures {
		if !listed[mail] {
			delete(m.failures, mail)
		}
	}
	for ticket, until := range m.busy {
		if now.After(until) {
			delete(m.busy, ticket)
		}
	}
	for ticket, since := range m.missing {
		if now.Sub(since) > 24*time.Hour {
			delete(m.missing, ticket)
		}
	}
	for k, d := range m.doubts {
		if now.Sub(d.posted) > 24*time.Hour {
			delete(m.doubts, k)
		}
	}
	for id, met := range m.messages {
		if now.Sub(met.at) > keyLife {
			delete(m.messages, id)
		}
	}
}
