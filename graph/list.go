package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/url"
	"strconv"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// message is what is asked of each mail of a list.
type message struct {
	ID             string    `json:"id"`
	MessageID      string    `json:"internetMessageId"`
	ConversationID string    `json:"conversationId"`
	Received       moment    `json:"receivedDateTime"`
	Sent           moment    `json:"sentDateTime"`
	Subject        string    `json:"subject"`
	From           *struct { // null on odd items
		EmailAddress struct{ Name, Address string } `json:"emailAddress"`
	} `json:"from"`
	Categories []string   `json:"categories"`
	Properties []property `json:"singleValueExtendedProperties"`
}

// moment is a time that may be missing or odd without spoiling its message.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	m.Time, _ = time.Parse(`"`+time.RFC3339+`"`, string(b))
	return nil
}

// parse reads one message of a list. Of one whose fields are not what they
// should be, the id will do: the mail itself is read all the same.
func parse(item json.RawMessage) *message {
	var m message
	if json.Unmarshal(item, &m) == nil {
		return &m
	}
	var bare struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(item, &bare)
	return &message{ID: bare.ID}
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

// maxEmpty is how many pages in a row may bring nothing new. Graph may send
// empty pages that have a link to the next.
const maxEmpty = 50

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
	listed := make(map[string]bool)
	for empty := 0; ; empty++ {
		page, err := c.page(ctx, req)
		if err != nil {
			return nil, false, err
		}
		for _, item := range page.Value {
			// A mail may move from one page to the next.
			if m := parse(item); m.ID != "" && !listed[m.ID] {
				listed[m.ID], empty = true, 0
				mails = append(mails, m.mail())
			}
		}
		if page.Next == "" {
			return mails, false, nil
		}
		if n := len(mails); n >= snapshot && mails[n-1].Received.After(since) {
			return mails, true, nil
		}
		if empty == maxEmpty {
			return nil, false, explain(&rest.Failure{Op: req.Op, Status: 200, Wait: -1, Err: fmt.Errorf("%d pages in a row brought nothing new", maxEmpty)})
		}
		req = &rest.Request{Op: "list messages", URL: page.Next, Header: immutable()}
	}
}

type page struct {
	Value []json.RawMessage `json:"value"`
	Next  string            `json:"@odata.nextLink"`
	Error json.RawMessage   `json:"error"`
}

// page fetches one page of a list.
//
// QUIRK: answers with status 200 have been seen whose JSON breaks off or holds
// an error in the middle, so a page that cannot be read is fetched again.
func (c *Client) page(ctx context.Context, req *rest.Request) (*page, error) {
	for attempt := 1; ; attempt++ {
		var p page
		_, err := c.rest.JSON(ctx, req, &p)
		if err == nil && (p.Value == nil || len(p.Error) > 0 && string(p.Error) != "null") {
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
		Received: m.Received.Time, Sent: m.Sent.Time, Subject: m.Subject, Categories: m.Categories,
	}
	if m.From != nil {
		out.From = exdesk.Address{Name: m.From.EmailAddress.Name, Address: m.From.EmailAddress.Address}
	}
	for _, p := range m.Properties {
		switch {
		case p.is(sizeID):
			out.Size, _ = strconv.ParseInt(string(p.Value), 10, 64)
		case p.is(recordID):
			out.Record = parseRecord(string(p.Value))
		}
	}
	return out
}

// Open implements exdesk.Mailbox. It asks once: the caller counts. The body
// takes one of the four requests that the mailbox allows until it is closed.
func (c *Client) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	req := &rest.Request{Op: "open message", Path: c.path("messages", id, "$value"), Header: immutable(), Once: true}
	resp, err := c.rest.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	// The mail comes as text/plain ("Get MIME content of a message"). Anything
	// else is somebody else's answer, such as a proxy's page.
	switch t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); t {
	case "text/plain", "message/rfc822", "application/octet-stream", "":
		return resp.Body, nil
	default:
		_ = resp.Body.Close()
		return nil, explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Err: errors.New("the answer is not a mail")})
	}
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
