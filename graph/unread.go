package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// message is what is asked of each mail of a list.
type message struct {
	ID             string    `json:"id"`
	ETag           string    `json:"@odata.etag"`
	MessageID      string    `json:"internetMessageId"`
	ConversationID string    `json:"conversationId"`
	Received       time.Time `json:"receivedDateTime"`
	Sent           time.Time `json:"sentDateTime"`
	Subject        string    `json:"subject"`
	From           *struct { // null on odd items
		EmailAddress struct{ Name, Address string } `json:"emailAddress"`
	} `json:"from"`
	Categories []string   `json:"categories"`
	Properties []property `json:"singleValueExtendedProperties"`
}

const (
	unreadSelect = "id,internetMessageId,conversationId,receivedDateTime,sentDateTime,subject,from,categories"
	unreadExpand = "singleValueExtendedProperties($filter=id eq '" + sizeID + "' or id eq '" + recordID + "')"
)

// snapshot is about how many mails are listed before the first is handed out.
// Messages are paged by counting ($skip), and a mail that is marked read
// leaves the filter: a link followed after that would skip as many as were
// marked. So a list is read to this length first, and then begun anew from
// where it ended.
const snapshot = 1000

// Unread implements exdesk.Mailbox.
func (c *Client) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	return func(yield func(*exdesk.Mail, error) bool) {
		since := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		var before map[string]bool // ids of the last snapshot, which the next begins with
		for {
			mails, more, err := c.unreadSince(ctx, since)
			if err != nil {
				yield(nil, err)
				return
			}
			ids := make(map[string]bool, len(mails))
			for _, m := range mails {
				if ids[m.ID] {
					continue // a mail that moved from one page to the next
				}
				ids[m.ID] = true
				if !before[m.ID] && !yield(m, nil) {
					return
				}
			}
			if !more {
				return
			}
			since, before = mails[len(mails)-1].Received, ids
		}
	}
}

// unreadSince lists the unread mails of the Inbox from a moment on, to the end
// or to a length from which the next list can go on: its last mail came later
// than its first.
func (c *Client) unreadSince(ctx context.Context, since time.Time) (mails []*exdesk.Mail, more bool, err error) {
	// The sort order must stand in the filter too, and first; else Graph
	// answers InefficientFilter ("List messages", using filter and orderby).
	query := query(
		"$filter", "receivedDateTime ge "+since.UTC().Format(time.RFC3339)+" and isRead eq false",
		"$orderby", "receivedDateTime asc",
		"$select", unreadSelect,
		"$expand", unreadExpand,
		"$top", strconv.Itoa(c.pageSize))
	req := &rest.Request{Op: "list messages", Path: c.path("mailFolders", "inbox", "messages"), Query: query, Header: immutable()}
	for {
		page, err := c.page(ctx, req)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Value {
			mails = append(mails, page.Value[i].mail())
		}
		if page.Next == "" {
			return mails, false, nil
		}
		if n := len(mails); n >= snapshot && mails[n-1].Received.After(since) {
			return mails, true, nil
		}
		req = &rest.Request{Op: "list messages", URL: page.Next, Header: immutable()}
	}
}

type page struct {
	Value []message       `json:"value"`
	Next  string          `json:"@odata.nextLink"`
	Error json.RawMessage `json:"error"`
}

// page fetches one page of a list.
//
// QUIRK: answers with status 200 have been seen whose JSON breaks off or holds
// an error in the middle, so a page that cannot be read is fetched again.
func (c *Client) page(ctx context.Context, req *rest.Request) (*page, error) {
	for attempt := 1; ; attempt++ {
		var p page
		_, err := c.rest.JSON(ctx, req, &p)
		if err == nil && (p.Value == nil || p.Error != nil) {
			err = explain(&rest.Failure{Op: req.Op, Status: 200, Wait: -1, Err: errors.New("the answer is not a list")})
		}
		var e *Error
		if err == nil || attempt == 3 || !errors.As(err, &e) || e.Status != 200 || ctx.Err() != nil {
			return &p, err
		}
	}
}

func (m *message) mail() *exdesk.Mail {
	out := &exdesk.Mail{
		ID: m.ID, MessageID: m.MessageID, ConversationID: m.ConversationID,
		Received: m.Received, Sent: m.Sent, Subject: m.Subject, Categories: m.Categories,
	}
	if m.From != nil {
		out.From = exdesk.Address{Name: m.From.EmailAddress.Name, Address: m.From.EmailAddress.Address}
	}
	for _, p := range m.Properties {
		switch {
		case p.is(sizeID):
			out.Size, _ = strconv.ParseInt(p.Value, 10, 64)
		case p.is(recordID):
			out.Record = parseRecord(p.Value)
		}
	}
	return out
}

// Open implements exdesk.Mailbox. The body takes one of the four requests that
// the mailbox allows until it is closed.
func (c *Client) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	resp, err := c.rest.Do(ctx, &rest.Request{Op: "open message", Path: c.path("messages", id, "$value"), Header: immutable()})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// query encodes pairs in the order given, spaces as %20: the form Graph documents.
func query(pairs ...string) string {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, pairs[i]...)
		b = append(b, '=')
		b = append(b, url.PathEscape(pairs[i+1])...)
	}
	return string(b)
}
