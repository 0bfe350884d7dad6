package zendesk

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

// ticket is what is read of a ticket.
type ticket struct {
	ID         int64     `json:"id"`
	ExternalID string    `json:"external_id"` // null when there is none
	Status     string    `json:"status"`
	Created    time.Time `json:"created_at"`
	Tags       []string  `json:"tags"`
}

// single is the answer that is one ticket. Most of it is passed over: what is
// made is answered with all that happened to it as well.
type single struct{ ticket ticket }

// Scan implements rest.Scanner.
func (s *single) Scan(r *scan.Reader) {
	for name := range r.Object {
		if string(name) == "ticket" {
			s.ticket.read(r)
		}
	}
}

func (t *ticket) read(r *scan.Reader) {
	for name := range r.Object {
		switch string(name) {
		case "id":
			if id, err := strconv.ParseInt(string(r.Raw()), 10, 64); err == nil {
				t.ID = id
			}
		case "external_id":
			t.ExternalID = string(r.Text())
		case "status":
			t.Status = string(r.Text())
		case "created_at":
			t.Created, _ = time.Parse(time.RFC3339, string(r.Text()))
		case "tags":
			t.Tags = nil
			for range r.Array {
				t.Tags = append(t.Tags, string(r.Text()))
			}
		}
	}
}

func (t *ticket) desk() *exdesk.Ticket {
	return &exdesk.Ticket{ID: t.ID, ExternalID: t.ExternalID, Status: t.Status, Created: t.Created}
}

// Ticket implements exdesk.Desk.
func (c *Client) Ticket(ctx context.Context, id int64) (*exdesk.Ticket, error) {
	var out single
	req := &rest.Request{Op: "read ticket", Path: []string{"tickets", strconv.FormatInt(id, 10)}}
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	return out.ticket.desk(), nil
}

const (
	// maxPages bounds how many tickets of one external id are listed.
	maxPages = 20
	// maxHits bounds how many of them are looked into.
	maxHits = 100
)

// Find implements exdesk.Desk. It reads the list of tickets, which knows a new
// ticket sooner than search does, and the audits of each ticket that is young
// enough. Tickets that Zendesk has archived, months after they were closed, are
// not found.
func (c *Client) Find(ctx context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error) {
	req := &rest.Request{Op: "find ticket", Path: []string{"tickets"}, Query: "external_id=" + url.QueryEscape(externalID) + "&page%5Bsize%5D=100"}
	var found []*exdesk.Ticket
	for n := 1; req != nil; n++ {
		var out struct {
			Tickets []ticket
			paging
		}
		if _, err := c.do(ctx, req, &out); err != nil {
			return nil, err
		}
		for i := range out.Tickets {
			t := &out.Tickets[i]
			// Whatever the server takes for equal, only this id is meant.
			if t.ExternalID == externalID && !t.Created.Before(since) {
				d := t.desk()
				d.Origin.Digest = t.importedDigest()
				found = append(found, d)
			}
		}
		if req = out.next(req.Op); len(found) > maxHits || req != nil && n == maxPages {
			// Not knowing is no answer: the mail has to wait.
			return nil, explain(&rest.Failure{Op: "find ticket", Status: http.StatusOK, Wait: -1, Err: errors.New("too many tickets have this external id")})
		}
	}
	for _, t := range found {
		if t.Origin.Digest != "" {
			continue
		}
		var err error
		if t.Origin, err = c.origin(ctx, t.ID); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// paging is what a list says of its next page.
type paging struct {
	Meta struct {
		More bool `json:"has_more"`
	} `json:"meta"`
	Links struct {
		Next string `json:"next"`
	} `json:"links"`
}

// next returns the request for the next page, or nil.
//
// QUIRK: links.next is there on the last page too.
func (p *paging) next(op string) *rest.Request {
	if !p.Meta.More || p.Links.Next == "" {
		return nil
	}
	return &rest.Request{Op: op, URL: p.Links.Next}
}

// metadata is what a ticket's first audit keeps for us.
type metadata struct {
	Digest    string `json:"exdesk_digest,omitempty"`
	Mail      string `json:"exdesk_mail,omitempty"`
	MessageID string `json:"exdesk_message_id,omitempty"`
}

// maxMessageID bounds a Message-ID that is stored. A longer one is only ever
// read by people.
const maxMessageID = 500

func metadataOf(o exdesk.Origin) metadata {
	id := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, shorten(o.MessageID, maxMessageID))
	return metadata{Digest: o.Digest, Mail: o.Mail, MessageID: id}
}

func (m *metadata) origin() exdesk.Origin {
	return exdesk.Origin{Digest: m.Digest, Mail: m.Mail, MessageID: m.MessageID}
}

// maxAuditPages bounds the search for the audit of the creation, which is the
// first of the first page unless the order is not the documented one.
const maxAuditPages = 10

func (c *Client) origin(ctx context.Context, id int64) (exdesk.Origin, error) {
	req := &rest.Request{Op: "read audits", Path: []string{"tickets", strconv.FormatInt(id, 10), "audits"}, Query: "page%5Bsize%5D=100"}
	none := true
	for n := 0; req != nil && n < maxAuditPages; n++ {
		var out struct {
			Audits []struct {
				Metadata struct {
					Custom metadata `json:"custom"`
				} `json:"metadata"`
			} `json:"audits"`
			paging
		}
		if _, err := c.do(ctx, req, &out); err != nil {
			return exdesk.Origin{}, err
		}
		for _, a := range out.Audits {
			if m := a.Metadata.Custom; m.Digest != "" {
				return m.origin(), nil
			}
		}
		none = none && len(out.Audits) == 0
		req = out.next(req.Op)
	}
	if none {
		// Every ticket has the audit of its creation, so this one is too new to be
		// told from another: not knowing is no answer.
		return exdesk.Origin{}, explain(&rest.Failure{Op: "read audits", Status: http.StatusOK, Wait: -1, Err: errors.New("the ticket does not show its audits yet")})
	}
	return exdesk.Origin{}, nil
}

type user struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type emailCC struct {
	Email  string `json:"user_email"`
	Name   string `json:"user_name,omitempty"`
	Action string `json:"action"`
}

func emailCCs(list []exdesk.Address) []emailCC {
	var ccs []emailCC
	for _, cc := range list {
		ccs = append(ccs, emailCC{Email: cc.Address, Name: clipName(cc.Name), Action: "put"})
	}
	return ccs
}

type comment struct {
	HTML    string   `json:"html_body"`
	Public  bool     `json:"public"`
	Author  int64    `json:"author_id,omitempty"`
	Uploads []string `json:"uploads,omitempty"`
}

type newTicket struct {
	ExternalID string    `json:"external_id"`
	Requester  user      `json:"requester"`
	Recipient  string    `json:"recipient,omitempty"`
	EmailCCs   []emailCC `json:"email_ccs,omitempty"`
	Subject    string    `json:"subject,omitempty"`
	Comment    comment   `json:"comment"`
	Metadata   metadata  `json:"metadata"`
	Tags       []string  `json:"tags,omitempty"`
	FollowUp   int64     `json:"via_followup_source_id,omitempty"`
}

// Create implements exdesk.Desk. A key is remembered for two hours from its
// first use ("Idempotency", Zendesk Ticketing API).
func (c *Client) Create(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
	in := newTicket{
		ExternalID: t.ExternalID,
		Requester:  user{Name: clipName(cmp.Or(t.Requester.Name, t.Requester.Address)), Email: t.Requester.Address},
		Recipient:  t.Recipient,
		Subject:    t.Subject,
		// Always said: what a ticket begins with becomes the default of what
		// is added to it later.
		Comment:  comment{HTML: t.HTML, Public: true, Author: t.Author, Uploads: t.Uploads},
		Metadata: metadataOf(t.Origin),
		Tags:     t.Tags,
		FollowUp: t.FollowUp,
	}
	in.EmailCCs = emailCCs(t.CCs)
	key := t.Key
	made, err := c.create(ctx, key, &in)
	for part := in.drop(err); part != ""; part = in.drop(err) {
		c.log.WarnContext(ctx, "zendesk refused a part of a ticket; the ticket is made without it", "part", part)
		key += "-" + part
		made, err = c.create(ctx, key, &in)
	}
	if err != nil {
		return nil, err
	}
	made.Origin = t.Origin
	return made, nil
}

// drop leaves out a part of the ticket that was refused and that the ticket can
// do without, and returns its name. Whether the recipient must be a support
// address of the account, and what becomes of a support address among the CCs,
// is not documented.
func (in *newTicket) drop(err error) string {
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, exdesk.ErrRefused) {
		return ""
	}
	switch {
	case in.Recipient != "" && slices.Contains(e.Fields, "recipient"):
		in.Recipient = ""
		return "recipient" // answers leave from the account's default address
	case in.EmailCCs != nil && slices.Contains(e.Fields, "email_ccs"):
		in.EmailCCs = nil
		return "email_ccs"
	}
	return ""
}

const opCreate = "create ticket"

func (c *Client) create(ctx context.Context, key string, in *newTicket) (*exdesk.Ticket, error) {
	req := &rest.Request{
		Op: opCreate, Method: http.MethodPost, Path: []string{"tickets"},
		Header: http.Header{"Idempotency-Key": {key}},
		JSON: struct {
			Ticket *newTicket `json:"ticket"`
		}{in},
	}
	var out single
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.ticket.ID == 0 {
		return nil, explain(&rest.Failure{Op: req.Op, Status: http.StatusCreated, Wait: -1, Doubt: true, Err: errors.New("the answer has no ticket")})
	}
	return out.ticket.desk(), nil
}

// clipName keeps a name within Zendesk's 255 characters.
func clipName(s string) string {
	if r := []rune(s); len(r) > 255 {
		return string(r[:254]) + "…"
	}
	return s
}

// do sends a request that is answered in JSON.
func (c *Client) do(ctx context.Context, req *rest.Request, out any) (http.Header, error) {
	if req.Header == nil {
		req.Header = make(http.Header, 1)
	}
	req.Header["Accept"] = []string{"application/json"}
	h, err := c.rest.JSON(ctx, req, out)
	if warn := h.Get("X-Zendesk-Api-Warn"); warn != "" {
		// Zendesk drops the fields that it does not know.
		c.log.WarnContext(ctx, "zendesk did not understand a part of a request", "op", req.Op, "warning", clip(warn, 500))
	}
	return h, err
}
