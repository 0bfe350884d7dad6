package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

var (
	_ exdesk.Outbox = (*Client)(nil)
	_ exdesk.Tracer = (*Client)(nil)
)

// Send implements exdesk.Outbox.
func (c *Client) Send(ctx context.Context, id string) error {
	req := &rest.Request{Op: "send message", Method: http.MethodPost, Path: c.path("messages", id, "send"), Header: immutable(), Once: true,
		Apart: true,                               // a quota of sending is none of reading
		Data:  []byte{}, Type: "application/json"} // it needs a Content-Length of 0 ("message: send")
	resp, err := c.rest.Do(ctx, req)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Status == http.StatusTooManyRequests && e.wait < 0 && !errors.Is(err, exdesk.ErrQuota) {
			e.wait = pause429 // which has been seen to come without Retry-After
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		// QUIRK: a 200 has been seen after which nothing was sent.
		return explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Doubt: true,
			Err: errors.New("the answer is not 202 Accepted")})
	}
	return nil
}

// pause429 is for how long nothing is sent after a 429 that does not say.
const pause429 = time.Minute

// Ready implements exdesk.Outbox, in one batch.
func (c *Client) Ready(ctx context.Context, l *exdesk.Letter, id string, r exdesk.Record) ([]*exdesk.Copy, error) {
	change := map[string]any{"singleValueExtendedProperties": []property{{ID: recordID, Value: value(formatRecord(r))}}}
	requests := append(c.searches(l, id), batchRequest{Method: http.MethodPatch, URL: c.itemURL(id), Body: change,
		Headers: batchHeaders{Type: "application/json", Prefer: immutableID}})
	answers, err := c.batch(ctx, "look for message", requests)
	if err != nil {
		return nil, err
	}
	last := len(answers) - 1
	switch err := answers[last].into(nil); {
	case errors.Is(err, exdesk.ErrConflict):
		if _, err := c.change(ctx, "mark draft", id, change); err != nil {
			return nil, err
		}
	case err != nil && !isGone(err): // a draft that is gone is not among the copies
		return nil, err
	}
	return c.copies(ctx, answers[:last], l, id)
}

// discarded begins the mark of a draft that is to be deleted, or lies in Deleted
// Items.
const discarded = "discarded "

// Discard implements exdesk.Outbox. The draft is marked first, and has nobody to
// go to any more: should the process die it is deleted later. Only a draft lets
// its subject be changed ("Update message"), so that what was sent at this moment
// stays as it is.
func (c *Client) Discard(ctx context.Context, l *exdesk.Letter, id string) error {
	draft, err := c.changeDraft(ctx, "discard draft", id, map[string]any{
		"subject": "exdesk has discarded this draft", "toRecipients": []any{}, "ccRecipients": []any{}, "bccRecipients": []any{},
		"singleValueExtendedProperties": []property{{ID: markID, Value: value(discarded + l.Key)}}})
	switch {
	case err != nil:
		return err
	case !draft:
		return errSent
	}
	// It can not be sent any more. What is not there was deleted by an attempt whose
	// answer was lost.
	if err := c.Delete(ctx, id); !errors.Is(err, exdesk.ErrNotFound) {
		return err
	}
	return nil
}

// changeDraft changes what only a draft lets be changed, and returns whether the
// message is one.
func (c *Client) changeDraft(ctx context.Context, op, id string, what map[string]any) (draft bool, err error) {
	draft, err = c.change(ctx, op, id, what)
	var e *Error
	if errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusForbidden) {
		var is letterItem // how it is refused is not documented
		if _, err2 := c.rest.JSON(ctx, &rest.Request{Op: "read draft", Path: c.path("messages", id), Query: query("$select", letterSelect), Header: immutable()}, &is); err2 != nil {
			return false, err2
		}
		if !is.Draft {
			return false, nil
		}
	}
	return draft, err
}

var (
	// errSent is that a draft is none any more.
	errSent = fmt.Errorf("graph: the draft was sent: %w", exdesk.ErrDone)
	// errTakenAway is that it is not there any more, and nobody knows why.
	errTakenAway = fmt.Errorf("graph: the draft was sent or deleted meanwhile: %w: %w", exdesk.ErrNotFound, exdesk.ErrTemporary)
)

// Delete implements exdesk.Tracer.
func (c *Client) Delete(ctx context.Context, id string) error {
	resp, err := c.rest.Do(ctx, &rest.Request{Op: "delete message", Method: http.MethodDelete, Path: c.path("messages", id), Header: immutable(), Repeatable: true})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// change patches a message, and returns whether it is a draft.
func (c *Client) change(ctx context.Context, op, id string, what map[string]any) (draft bool, err error) {
	for n := 1; ; n++ {
		var out struct {
			Draft *bool `json:"isDraft"`
		}
		_, err := c.rest.JSON(ctx, &rest.Request{Op: op, Method: http.MethodPatch, Path: c.path("messages", id), Header: immutable(),
			JSON: what, Repeatable: true, Shorten: 16 << 10}, &out)
		// Exchange touches fresh items by itself, so conflicts are ordinary.
		if !errors.Is(err, exdesk.ErrConflict) || n == labelAttempts || rest.Sleep(ctx, conflictPause(n)) != nil {
			return out.Draft == nil || *out.Draft, err
		}
	}
}
