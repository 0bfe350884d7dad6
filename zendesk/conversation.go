package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// conversation is what is read of a ticket that is to be added to.
type conversation struct {
	ticket
	EncodedID     string  `json:"encoded_id"`
	Updated       string  `json:"updated_at"`
	Public        *bool   `json:"is_public"`
	Requester     int64   `json:"requester_id"`
	Assignee      int64   `json:"assignee_id"`
	Group         int64   `json:"group_id"`
	EmailCCs      []int64 `json:"email_cc_ids"`
	Collaborators []int64 `json:"collaborator_ids"`
	Followers     []int64 `json:"follower_ids"`
}

// tagMerged is on tickets that were merged into others.
const tagMerged = "closed_by_merge"

// Conversation implements exdesk.Conversations. First the ticket is read, then
// its audits: what is added in between moves the stamp, so that Comment is
// refused.
func (c *Client) Conversation(ctx context.Context, id int64, since time.Time) (*exdesk.Conversation, error) {
	t, date, err := c.settled(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &exdesk.Conversation{
		Ticket: *t.desk(), EncodedID: t.EncodedID, Private: t.Public != nil && !*t.Public, Requester: t.Requester,
		Assignee: t.Assignee, Group: t.Group, CCs: t.EmailCCs, Followers: t.Followers, Tags: t.Tags, Stamp: t.Updated,
	}
	out.Updated, _ = time.Parse(time.RFC3339, t.Updated) // it was read before
	if t.EmailCCs == nil {
		out.CCs = t.Collaborators // from before "CCs and followers"
	}
	// Follow-ups inherit the tag, and anybody can write the words.
	merged := t.Status == "closed" && slices.Contains(t.Tags, tagMerged)
	if err := c.audits(ctx, id, since, t, date, merged, out); err != nil {
		return nil, err
	}
	return out, nil
}

// settled reads a ticket whose stamp tells every later change.
//
// QUIRK: a stamp is of a whole second, so two changes within one have the same.
// A ticket that was changed in the second in which it is read is read again in
// the next one.
func (c *Client) settled(ctx context.Context, id int64) (*conversation, time.Time, error) {
	for n := 1; ; n++ {
		var out struct{ Ticket conversation }
		req := &rest.Request{Op: "read ticket", Path: ticketPath(id)}
		h, err := c.do(ctx, req, &out)
		if err != nil {
			return nil, time.Time{}, err
		}
		updated, err := time.Parse(time.RFC3339, out.Ticket.Updated)
		if err != nil || out.Ticket.ID != id {
			return nil, time.Time{}, another(req.Op, "the ticket")
		}
		date, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			date = time.Now().Truncate(time.Second)
		}
		if n == 10 {
			return nil, date, explain(&rest.Failure{Op: req.Op, Status: http.StatusOK, Wait: -1, Err: errors.New("the ticket keeps changing")})
		}
		if date.After(updated) {
			return &out.Ticket, date, nil
		}
		if err := rest.Sleep(ctx, time.Second); err != nil {
			return nil, date, err
		}
	}
}

type audit struct {
	Created  time.Time `json:"created_at"`
	Metadata struct {
		Custom metadata `json:"custom"`
	} `json:"metadata"`
	Via struct {
		Source struct {
			Rel  string `json:"rel"`
			From link   `json:"from"`
			To   link   `json:"to"`
		} `json:"source"`
	} `json:"via"`
	Events []struct {
		Type   string `json:"type"`
		ID     int64  `json:"id"`
		Body   string `json:"body"`
		Author int64  `json:"author_id"`
	} `json:"events"`
}

// link is where an audit came from or led to.
type link struct {
	Ticket  int64   `json:"ticket_id"`
	Tickets []int64 `json:"ticket_ids"`
}

// mergedInto is how the closing comment of a merged ticket names the other one.
// The agent who merges can change the words.
var mergedInto = regexp.MustCompile(`(?i)merged into (?:request|ticket)[^#]{0,20}#(\d{1,18})`)

// target returns the ticket that an audit says this one was merged into, or 0.
//
// QUIRK: how that is said is not documented. Programs in the field find the
// other ticket under from, some of them under to, and the words are the last
// resort.
func (a *audit) target(customers []int64) int64 {
	if s := &a.Via.Source; s.Rel == "merge" {
		for _, l := range []link{s.From, s.To} {
			switch {
			case l.Ticket != 0:
				return l.Ticket
			case len(l.Tickets) == 1:
				return l.Tickets[0]
			}
		}
	}
	for _, e := range a.Events {
		if m := mergedInto.FindStringSubmatch(e.Body); e.Type == "Comment" && !slices.Contains(customers, e.Author) && m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			return n
		}
	}
	return 0
}

const (
	// mostAudits bounds the pages of audits that are read of a ticket; it takes
	// 5,000 comments.
	mostAudits = 60
	// auditLag is how long an audit is waited for that a ticket's stamp tells of.
	auditLag = 90 * time.Second
)

// audits reads what was added to a ticket since a moment, newest first.
func (c *Client) audits(ctx context.Context, id int64, since time.Time, t *conversation, date time.Time, merged bool, out *exdesk.Conversation) error {
	req := &rest.Request{Op: "read audits", Path: append(ticketPath(id), "audits"), Query: "sort_order=desc&page%5Bsize%5D=100"}
	var newest, last time.Time
	for n := 1; req != nil; n++ {
		var page struct {
			Audits []audit `json:"audits"`
			paging
		}
		if _, err := c.do(ctx, req, &page); err != nil {
			return err
		}
		if page.Audits == nil {
			return another(req.Op, "a list of audits")
		}
		descending := true
		for i := range page.Audits {
			a := &page.Audits[i]
			if descending = descending && (last.IsZero() || !a.Created.After(last)); a.Created.After(newest) {
				newest = a.Created
			}
			last = a.Created
			if m := &a.Metadata.Custom; m.Digest != "" && !a.Created.Before(since) {
				out.Origins = append(out.Origins, m.origin())
			}
			if merged && out.MergedInto == 0 {
				out.MergedInto = a.target(append(out.CCs, t.Requester))
			}
		}
		// The order was asked for; where it is not kept, all is read.
		if descending && last.Before(since) && (!merged || out.MergedInto != 0) {
			break
		}
		if req = page.next(req.Op); req != nil && n == mostAudits {
			return explain(&rest.Failure{Op: req.Op, Status: http.StatusOK, Wait: -1, Err: fmt.Errorf("ticket %d has too many audits", id)})
		}
	}
	// Whether audits may show later than the change that made them is not
	// documented. Where they seem to, the change may have been ours.
	if updated, _ := time.Parse(time.RFC3339, t.Updated); newest.Before(updated) && date.Sub(updated) < auditLag {
		return explain(&rest.Failure{Op: "read audits", Status: http.StatusOK, Wait: -1, Err: errors.New("the newest change is not among them yet")})
	}
	return nil
}

// newComment is a change that adds a comment.
type newComment struct {
	Comment  comment   `json:"comment"`
	Safe     bool      `json:"safe_update"`
	Stamp    string    `json:"updated_stamp"`
	Metadata metadata  `json:"metadata"`
	EmailCCs []emailCC `json:"email_ccs,omitempty"`
	Tags     []string  `json:"tags,omitempty"`
	Status   string    `json:"status,omitempty"`
}

const opComment = "add comment"

// Comment implements exdesk.Conversations.
func (c *Client) Comment(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
	in := newComment{
		Comment:  comment{HTML: n.HTML, Public: n.Public, Author: n.Author, Uploads: n.Uploads},
		Safe:     true,
		Stamp:    to.Stamp,
		Metadata: metadataOf(n.Origin),
		EmailCCs: emailCCs(n.CCs),
	}
	if len(n.Tags) > 0 {
		// The list is replaced as a whole. The stamp keeps it from being stale.
		in.Tags = slices.Concat(to.Tags, n.Tags)
		slices.Sort(in.Tags)
		in.Tags = slices.Compact(in.Tags)
	}
	if n.Reopen && (to.Status == "solved" || to.Status == "pending") {
		in.Status = "open"
	}
	id, err := c.comment(ctx, to.ID, &in)
	var e *Error
	if errors.As(err, &e) && errors.Is(err, exdesk.ErrRefused) && in.EmailCCs != nil && slices.Contains(e.Fields, "email_ccs") {
		c.log.WarnContext(ctx, "zendesk refused to copy somebody on a ticket; the comment is made without", "ticket", to.ID)
		in.EmailCCs = nil
		id, err = c.comment(ctx, to.ID, &in)
	}
	return id, err
}

func (c *Client) comment(ctx context.Context, ticket int64, in *newComment) (int64, error) {
	req := &rest.Request{Op: opComment, Method: http.MethodPut, Path: ticketPath(ticket), JSON: map[string]any{"ticket": in}}
	var out struct{ Audit audit }
	if _, err := c.do(ctx, req, &out); err != nil {
		return 0, err
	}
	for _, e := range out.Audit.Events {
		if e.Type == "Comment" {
			return e.ID, nil // the event has the comment's number
		}
	}
	return 0, nil
}

// PrivateTexts implements exdesk.Conversations with the newest hundred comments.
func (c *Client) PrivateTexts(ctx context.Context, id int64) ([]string, error) {
	var out struct {
		Comments []struct {
			Public bool   `json:"public"`
			Plain  string `json:"plain_body"`
		} `json:"comments"`
	}
	req := &rest.Request{Op: "read comments", Path: append(ticketPath(id), "comments"), Query: "sort=-created_at&page%5Bsize%5D=100"}
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.Comments == nil {
		return nil, another(req.Op, "a list of comments")
	}
	var texts []string
	for _, m := range out.Comments {
		if !m.Public {
			texts = append(texts, m.Plain)
		}
	}
	return texts, nil
}

func ticketPath(id int64) []string { return []string{"tickets", strconv.FormatInt(id, 10)} }
