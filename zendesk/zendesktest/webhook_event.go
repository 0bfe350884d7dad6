package zendesktest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	commentAdded  = "zen:event-type:ticket.comment_added"
	ticketCreated = "zen:event-type:ticket.created"
)

// accountID is what the account is called in events.
const accountID = 22_129_848

// happening is an event that webhooks may have subscribed to.
type happening struct {
	kind, id        string
	ticket, comment int64
	body            []byte
}

// Collect makes events of what has happened since it was last called. Requests
// that go through the Webhooks, Deliver and Run call it; a test calls it to
// have Edit's events tell of the ticket as it is at this moment.
func (w *Webhooks) Collect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collect()
}

// collect needs the lock.
func (w *Webhooks) collect() {
	for _, e := range w.happened() {
		for _, h := range w.hooks {
			if h.status == "active" && slices.Contains(h.subscriptions, e.kind) {
				w.queue = append(w.queue, &sending{hook: h, event: e, invocation: ulid(w.s.Now())})
			}
		}
	}
}

// happened makes events of the new tickets and comments, in their order.
func (w *Webhooks) happened() []*happening {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []*comment
	for i, t := range s.tickets {
		if i == len(w.seen) {
			w.seen = append(w.seen, 0)
		}
		fresh = append(fresh, t.comments[w.seen[i]:]...)
		w.seen[i] = len(t.comments)
	}
	slices.SortFunc(fresh, func(a, b *comment) int { return cmp.Compare(a.ID, b.ID) })
	var out []*happening
	for _, m := range fresh {
		first := m == m.audit.ticket.comments[0]
		if w.opt.QuietImport && m.audit.via.rel == byImport.rel {
			continue
		}
		var kinds []string
		if first {
			kinds = append(kinds, ticketCreated)
		}
		if !first || !w.opt.QuietCreate {
			kinds = append(kinds, commentAdded)
		}
		for i, kind := range kinds {
			out = append(out, w.happening(kind, m, i+1, len(kinds)))
		}
	}
	return out
}

// happening is an event as the service sends it.
// https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/
//
// The keys of detail and meta are documented; those of the comment, and that a
// ticket's status is in capitals, are as integrators have them.
//
// QUIRK: ids are strings, but for the account's.
func (w *Webhooks) happening(kind string, m *comment, position, total int) *happening {
	t := m.audit.ticket
	e := &happening{kind: kind, ticket: t.id, comment: m.ID}
	e.id = fmt.Sprintf("%08x-0000-4000-8000-%012x", position, m.ID)
	var id, author any = idText(m.ID), idText(m.author.ID)
	if w.opt.NumericIDs {
		id, author = m.ID, m.author.ID
	}
	event := object{"meta": object{"sequence": object{"id": fmt.Sprintf("%032X", m.audit.id), "position": position, "total": total}}}
	if kind == commentAdded {
		by := object{"is_staff": m.author.staff(), "name": m.author.Name}
		c := object{"id": id, "body": m.Body, "is_public": m.wasPublic(), "author": by}
		if w.opt.FlatAuthor {
			c["author_id"] = author
		} else {
			by["id"] = author
		}
		event["comment"] = c
	}
	e.body = pretty(object{
		"account_id": accountID, "id": e.id, "subject": "zen:ticket:" + idText(t.id), "type": kind, "zendesk_event_version": "2022-11-06",
		"time": m.audit.seen.Format("2006-01-02T15:04:05.000000000Z"), "detail": ticketDetail(t, m.audit.author), "event": event,
	})
	return e
}

// wasPublic tells what a comment was before anybody changed that.
func (m *comment) wasPublic() bool {
	for _, au := range m.audit.ticket.audits {
		for _, e := range au.events {
			if e.kind == "CommentPrivacyChange" && e.more["comment_id"] == m.ID {
				return e.more["public"] != true
			}
		}
	}
	return m.Public
}

func ticketDetail(t *ticket, actor *user) object {
	upper := func(s string) any { return orNull(strings.ToUpper(s)) }
	assignee, group := any(nil), any(nil)
	if t.assignee != nil {
		assignee = idText(t.assignee.ID)
	}
	if t.group != 0 {
		group = idText(t.group)
	}
	return object{
		"actor_id": idText(actor.ID), "assignee_id": assignee, "brand_id": idText(brandID), "created_at": stamp(t.created),
		"custom_status": nil, "description": t.comments[0].Body, "external_id": orNull(t.externalID), "form_id": nil, "group_id": group,
		"id": idText(t.id), "is_public": t.public(), "organization_id": nil, "priority": upper(t.priority),
		"requester_id": idText(t.requester.ID), "status": upper(t.status), "subject": t.subject, "submitter_id": idText(t.submitter.ID),
		"tags": append([]string{}, t.tags...), "type": upper(t.kind), "updated_at": stamp(t.updated), "via": object{"channel": t.via.channel},
	}
}

// pretty writes JSON with line breaks, as the service does, so that who signs
// what he has parsed and written again is found out.
func pretty(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // v is made here, of maps and strings
	}
	return bytes.TrimSpace(b.Bytes())
}
