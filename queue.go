package exdesk

import (
	"errors"
	"slices"
	"strings"
)

// queues keep the mails of each conversation in order: a reply must not be
// read before the mail that it answers is on a ticket.
type queues struct {
	ids      map[string][]string // by conversation: mails not done yet, the first to arrive first
	messages map[string]int      // by Message-ID: the place of a mail not done yet
	places   map[string]int      // by mail: in order of arrival
}

// errBehind is why a mail waits that comes after another one.
var errBehind = errors.New("an earlier mail of its conversation is not done yet")

// conversation is the mail's, or one of its own if the store does not tell.
func (m *Mail) conversation() string {
	if m.ConversationID == "" {
		return "mail:" + m.ID
	}
	return m.ConversationID
}

func (m *Mail) bareID() string { return strings.Trim(strings.TrimSpace(m.MessageID), "<>") }

// add appends a mail; they come in the order in which they arrived.
func (q *queues) add(m *Mail) {
	if q.ids == nil {
		q.ids, q.messages, q.places = make(map[string][]string), make(map[string]int), make(map[string]int)
	}
	q.places[m.ID] = len(q.places)
	q.ids[m.conversation()] = append(q.ids[m.conversation()], m.ID)
	if id := m.bareID(); id != "" {
		q.messages[id] = q.places[m.ID]
	}
}

// first reports whether no other mail of its conversation comes before it.
func (q *queues) first(m *Mail) bool { return q.ids[m.conversation()][0] == m.ID }

// done takes a mail out.
func (q *queues) done(m *Mail) {
	ids := q.ids[m.conversation()]
	q.ids[m.conversation()] = slices.DeleteFunc(ids, func(id string) bool { return id == m.ID })
	delete(q.messages, m.bareID())
}

// behind reports whether one of these Message-IDs is of a mail that arrived
// before m and is not done yet. Only before: two mails may name each other.
func (q *queues) behind(m *Mail, messageIDs []string) bool {
	return slices.ContainsFunc(messageIDs, func(id string) bool {
		place, ok := q.messages[id]
		return ok && place < q.places[m.ID]
	})
}
