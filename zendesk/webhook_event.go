package zendesk

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// CommentAdded tells of a comment that was added to a ticket. It tells it as
// it was then: whoever acts on it later should read the comment again, which may
// have been redacted or made private, and has files and HTML that are not here.
type CommentAdded struct {
	Account int64
	Ticket  int64
	Comment int64
	Author  CommentAuthor
	// Actor is the user by whom it was made, who need not be its author; 0 if
	// that is not told.
	Actor  int64
	Public bool
	Body   string    // as text; whether Zendesk cuts it is not documented
	At     time.Time // when it happened; zero if that is not told
	// EventID is the same whenever the event is sent.
	EventID string
}

// CommentAuthor is whom a comment is by.
type CommentAuthor struct {
	ID    int64
	Staff bool // not an end user
	Name  string
}

// LogValue implements slog.LogValuer, without names and without the body.
func (e CommentAdded) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("account", e.Account), slog.Int64("ticket", e.Ticket), slog.Int64("comment", e.Comment),
		slog.Int64("author", e.Author.ID), slog.String("event", clip(e.EventID, 64)),
	)
}

const commentAdded = "zen:event-type:ticket.comment_added"

// number is an id.
//
// QUIRK: ids are strings in the documented events, but for the account's;
// some programs in the field have them as numbers.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = number(v)
	return err
}

// commentEvent is an event as Zendesk sends it.
// https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/
//
// What is not needed is not read, so that it cannot be wrong.
type commentEvent struct {
	Account number `json:"account_id"`
	ID      string `json:"id"`
	Time    string `json:"time"`
	Detail  struct {
		ID    number `json:"id"`
		Actor number `json:"actor_id"`
	} `json:"detail"`
	Event struct {
		Comment struct {
			ID     number `json:"id"`
			Body   string `json:"body"`
			Public *bool  `json:"is_public"`
			Author struct {
				ID    number `json:"id"`
				Staff *bool  `json:"is_staff"`
				Name  string `json:"name"`
			} `json:"author"`
			AuthorID number `json:"author_id"`
		} `json:"comment"`
	} `json:"event"`
}

// readEvent reads a signed body. It returns nil for what is not a
// comment_added; wrong names what is missing or not as expected, and quotes
// nothing.
func readEvent(body []byte) (e *CommentAdded, wrong string) {
	if !json.Valid(body) {
		return nil, "JSON"
	}
	// Requests of triggers may hold anything, under any name.
	var head struct {
		Type json.RawMessage `json:"type"`
	}
	var kind string
	if json.Unmarshal(body, &head) != nil || json.Unmarshal(head.Type, &kind) != nil || kind != commentAdded {
		return nil, ""
	}
	var in commentEvent
	if json.Unmarshal(body, &in) != nil {
		return nil, "types"
	}
	c := &in.Event.Comment
	switch {
	case in.Detail.ID <= 0:
		return nil, "detail.id"
	case c.ID <= 0:
		return nil, "event.comment.id"
	case c.Public == nil:
		return nil, "event.comment.is_public"
	case c.Author.Staff == nil:
		return nil, "event.comment.author.is_staff"
	}
	e = &CommentAdded{
		Account: int64(in.Account), Ticket: int64(in.Detail.ID), Comment: int64(c.ID), Public: *c.Public, Body: c.Body,
		// The author's id is documented under author; a program in the field
		// has seen author_id as well.
		Author: CommentAuthor{ID: int64(cmp.Or(c.Author.ID, c.AuthorID)), Staff: *c.Author.Staff, Name: c.Author.Name},
		Actor:  int64(in.Detail.Actor), EventID: in.ID,
	}
	if e.Author.ID == 0 {
		return nil, "event.comment.author.id" // it might be ourselves
	}
	e.At, _ = time.Parse(time.RFC3339, in.Time)
	return e, ""
}
