package zendesktest

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// audit is the record of one update.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/
type audit struct {
	id     int64
	ticket *ticket
	at     time.Time
	seen   time.Time // when it was made, to the nanosecond
	author *user     // who updated, which need not be who is said to speak
	custom object
	system object
	via    via
	events []event
}

type event struct {
	id      int64
	kind    string
	comment *comment
	more    object
}

func (s *Server) addAudit(t *ticket, by *user, v via) *audit {
	au := &audit{id: s.nextID(), ticket: t, at: s.second(), seen: s.now(), author: by, system: object{}, via: v}
	t.audits = append(t.audits, au)
	return au
}

// origin is audit.metadata.system of what a request does.
func (c *call) origin() object {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		host = c.r.RemoteAddr
	}
	return object{"client": c.r.UserAgent(), "ip_address": host, "location": "", "latitude": nil, "longitude": nil}
}

// drop takes back an audit that nothing happened in.
func (au *audit) drop() { au.ticket.audits = au.ticket.audits[:len(au.ticket.audits)-1] }

func (au *audit) created(name string, v any) {
	au.events = append(au.events, event{kind: "Create", more: object{"field_name": name, "value": v}})
}

func (au *audit) changed(name string, from, to any) {
	au.events = append(au.events, event{kind: "Change", more: object{"field_name": name, "value": to, "previous_value": from}})
}

// changedPeople records that the list of CCs or followers is another.
func (au *audit) changedPeople(kind, list string, from, to []*user) {
	au.events = append(au.events, event{kind: kind, more: object{"current_" + list: emails(to), "previous_" + list: emails(from)}})
}

func emails(list []*user) []string {
	out := []string{}
	for _, u := range list {
		out = append(out, u.Email)
	}
	return out
}

// notify records that a trigger has sent mail; its templates stay as they
// are.
func (au *audit) notify(t *ticket) {
	au.events = append(au.events, event{kind: "Notification", more: object{
		"subject": "[Request received] {{ticket.title}}", "body": "{{ticket.comments_formatted}}", "recipients": []int64{t.requester.ID},
		"via": object{"channel": "rule", "source": object{"to": object{}, "rel": "trigger",
			"from": object{"deleted": false, "title": "Notify requester", "id": 360_000_000_001, "revision_id": 1}}},
	}})
}

// number gives the events their ids; a comment's event has the comment's.
func (au *audit) number(s *Server) {
	slices.SortStableFunc(au.events, func(a, b event) int { return rank(a) - rank(b) })
	for i := range au.events {
		if au.events[i].comment == nil {
			au.events[i].id = s.nextID()
		}
	}
}

// rank puts the comment first and mail last.
func rank(e event) int {
	switch e.kind {
	case "Comment":
		return 0
	case "Notification":
		return 2
	}
	return 1
}

func (au *audit) metadata() object {
	custom := au.custom
	if custom == nil {
		custom = object{}
	}
	return object{"system": au.system, "custom": custom}
}

func (s *Server) auditJSON(c *call, au *audit) object {
	events := []object{}
	for _, e := range au.events {
		o := object{"id": e.id, "type": e.kind}
		if e.comment != nil {
			o = s.commentJSON(c, e.comment, false)
		}
		maps.Copy(o, e.more)
		events = append(events, o)
	}
	return object{
		"id": au.id, "ticket_id": au.ticket.id, "created_at": stamp(au.at), "author_id": au.author.ID,
		"metadata": au.metadata(), "events": events, "via": au.via.json(),
	}
}

// listAudits lists the audits of a ticket.
//
// QUIRK: those of an archived ticket come all at once.
func (s *Server) listAudits(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, a := s.wanted(c)
	if a != nil {
		return a
	}
	list := slices.DeleteFunc(slices.Clone(t.audits), func(au *audit) bool { return s.opt.AuditLag > 0 && s.now().Sub(au.seen) < s.opt.AuditLag })
	descending := s.descending(c, "created_at")
	if descending {
		slices.Reverse(list)
	}
	ids := make([]int64, len(list))
	for i, au := range list {
		ids[i] = au.id
	}
	w, a := s.page(c, ids, descending)
	if a != nil {
		return a
	}
	if t.archived {
		w = window{to: len(list), tell: object{"count": len(list), "next_page": nil, "previous_page": nil}}
	}
	out := []object{}
	for _, au := range list[w.from:w.to] {
		out = append(out, s.auditJSON(c, au))
	}
	return reply(http.StatusOK, w.into(object{"audits": out}))
}

// idText is how audits write ids.
func idText(id int64) string { return strconv.FormatInt(id, 10) }
