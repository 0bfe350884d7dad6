package zendesktest

import (
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Ticket is a copy of a ticket as the account holds it.
type Ticket struct {
	ID         int64
	ExternalID string
	Subject    string
	// Status is "new", "open", "pending", "hold", "solved" or "closed".
	Status    string
	Priority  string
	Type      string
	Recipient string
	Requester User
	Submitter User
	// Assignee is the agent who works on it; nobody is the zero User.
	Assignee User
	// GroupID is the group that it is assigned to; 0 is none.
	GroupID  int64
	EmailCCs []string
	// Followers are the addresses of agents.
	Followers []string
	Tags      []string
	Comments  []Comment
	// Public is false if no comment is public.
	Public bool
	// Metadata is audit.metadata.custom of the request that made the ticket.
	Metadata map[string]any
	// IdempotencyKey is of the request that made the ticket.
	IdempotencyKey string
	// EncodedID is what mail threading uses, as in "1G7EOR-0Q2J7".
	EncodedID string
	// FollowUpOf is the closed ticket that this one continues.
	FollowUpOf int64
	// MergedInto is the ticket that this one was closed in favour of.
	MergedInto int64
	// Archived tickets are hidden from lists.
	Archived bool
	// Deleted tickets are answered 404.
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
	// SolvedAt is set by imports only.
	SolvedAt time.Time
}

type ticket struct {
	id                                        int64
	externalID, subject, status               string
	priority, kind, recipient, idempotencyKey string
	requester, submitter, assignee            *user
	group                                     int64
	ccs, followers                            []*user
	tags                                      []string
	comments                                  []*comment
	audits                                    []*audit
	source, into                              *ticket
	followUps                                 []int64
	via                                       via
	archived, deleted                         bool
	seen                                      time.Time // when it was made, to the nanosecond
	created, updated, solved                  time.Time
	history                                   []version
}

// Tickets returns all tickets in order of id, archived and deleted ones
// included.
func (s *Server) Tickets() []Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Ticket
	for _, t := range s.tickets {
		out = append(out, t.snapshot(s))
	}
	return out
}

// Ticket returns the ticket with this id.
func (s *Server) Ticket(id int64) (Ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(id)
	if t == nil {
		return Ticket{}, false
	}
	return t.snapshot(s), true
}

// ticket finds any ticket there ever was.
func (s *Server) ticket(id int64) *ticket {
	if id < 1 || id > int64(len(s.tickets)) {
		return nil
	}
	return s.tickets[id-1]
}

// named finds the ticket that a route names, deleted or not.
func (s *Server) named(c *call) (*ticket, *answer) {
	id, err := strconv.ParseInt(c.vars["id"], 10, 64)
	if err != nil {
		return nil, invalidAttribute("id", "an integer")
	}
	if t := s.ticket(id); t != nil {
		return t, nil
	}
	return nil, notFound()
}

// wanted finds the ticket that a route names and that is not deleted.
func (s *Server) wanted(c *call) (*ticket, *answer) {
	t, a := s.named(c)
	if a == nil && t.deleted {
		return nil, notFound()
	}
	return t, a
}

func (t *ticket) snapshot(s *Server) Ticket {
	v := Ticket{
		ID: t.id, ExternalID: t.externalID, Subject: t.subject, Status: t.status, Priority: t.priority, Type: t.kind,
		Recipient: t.recipient, Requester: t.requester.snapshot(), Submitter: t.submitter.snapshot(), Tags: slices.Clone(t.tags),
		GroupID: t.group, Public: t.public(), SolvedAt: t.solved,
		Metadata: plainCopy(t.audits[0].custom), IdempotencyKey: t.idempotencyKey, EncodedID: s.encoded(t.id),
		Archived: t.archived, Deleted: t.deleted, CreatedAt: t.created, UpdatedAt: t.updated,
	}
	for _, u := range t.ccs {
		v.EmailCCs = append(v.EmailCCs, u.Email)
	}
	for _, u := range t.followers {
		v.Followers = append(v.Followers, u.Email)
	}
	if t.assignee != nil {
		v.Assignee = t.assignee.snapshot()
	}
	for _, m := range t.comments {
		v.Comments = append(v.Comments, m.snapshot())
	}
	if t.source != nil {
		v.FollowUpOf = t.source.id
	}
	if t.into != nil {
		v.MergedInto = t.into.id
	}
	return v
}

// plainCopy copies a JSON object, its numbers as float64.
func plainCopy(o object) map[string]any {
	if o == nil {
		return nil
	}
	b, _ := json.Marshal(o)
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return out
}

// encoded makes a ticket's encoded id; how the service does it is its secret.
func (s *Server) encoded(id int64) string {
	sum := sha256.Sum256([]byte(s.opt.Subdomain + strconv.FormatInt(id, 10)))
	text := strings.ToUpper(new(big.Int).SetBytes(sum[:]).Text(36))
	return text[:6] + "-" + text[6:11]
}

// public tells whether anybody but agents can see the ticket.
func (t *ticket) public() bool {
	return slices.ContainsFunc(t.comments, func(m *comment) bool { return m.Public })
}

const brandID = 360_000_000_042

// ticketJSON is a ticket with all the keys that the service sends.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format
func (s *Server) ticketJSON(c *call, t *ticket) object {
	followUps := []int64{}
	if t.status == "closed" { // they are visible from then on
		followUps = append(followUps, t.followUps...)
	}
	assignee := any(nil)
	if t.assignee != nil {
		assignee = t.assignee.ID
	}
	cc, followers := idsOf(t.ccs), idsOf(t.followers)
	return object{
		"url": c.url("/api/v2/tickets/%d.json", t.id), "id": t.id, "external_id": orNull(t.externalID), "encoded_id": s.encoded(t.id),
		"via": t.via.json(), "created_at": stamp(t.created), "updated_at": stamp(t.updated), "generated_timestamp": t.updated.Unix(),
		"type": orNull(t.kind), "subject": t.subject, "raw_subject": t.subject, "description": t.comments[0].Body,
		"priority": orNull(t.priority), "status": t.status, "recipient": orNull(t.recipient),
		"requester_id": t.requester.ID, "submitter_id": t.submitter.ID, "assignee_id": assignee, "organization_id": nil, "group_id": idOrNull(t.group),
		"collaborator_ids": append(slices.Clone(cc), followers...), "follower_ids": followers, "email_cc_ids": cc, "forum_topic_id": nil, "problem_id": nil,
		"has_incidents": false, "is_public": t.public(), "due_at": nil, "tags": append([]string{}, t.tags...),
		"custom_fields": []object{}, "fields": []object{}, "satisfaction_rating": nil, "sharing_agreement_ids": []int64{},
		"custom_status_id": nil, "followup_ids": followUps, "ticket_form_id": nil, "brand_id": brandID,
		"allow_channelback": false, "allow_attachments": true, "from_messaging_channel": false,
	}
}

func idsOf(list []*user) []int64 {
	out := []int64{}
	for _, u := range list {
		out = append(out, u.ID)
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func idOrNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
