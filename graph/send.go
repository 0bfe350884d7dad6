package graph

import (
	"context"
	"errors"
	"net/http"

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
		Data: []byte{}, Type: "application/json"} // it needs a Content-Length of 0 ("message: send")
	resp, err := c.rest.Do(ctx, req)
	if err != nil {
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

// discarded is the mark of a draft that is nobody's any more: a deleted one may
// lie in Deleted Items.
const discarded = "discarded"

// Discard implements exdesk.Outbox.
func (c *Client) Discard(ctx context.Context, id string) error {
	err := c.change(ctx, "discard draft", id, map[string]any{"singleValueExtendedProperties": []property{{ID: markID, Value: discarded}}})
	if err != nil {
		return err
	}
	return c.delete(ctx, id)
}

func (c *Client) delete(ctx context.Context, id string) error {
	resp, err := c.rest.Do(ctx, &rest.Request{Op: "delete draft", Method: http.MethodDelete, Path: c.path("messages", id), Header: immutable(), Repeatable: true})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// change patches a message.
func (c *Client) change(ctx context.Context, op, id string, what map[string]any) error {
	var out struct {
		ID string `json:"id"`
	}
	for n := 1; ; n++ {
		_, err := c.rest.JSON(ctx, &rest.Request{Op: op, Method: http.MethodPatch, Path: c.path("messages", id), Header: immutable(),
			JSON: what, Repeatable: true, Shorten: 16 << 10}, &out)
		// Exchange touches fresh items by itself, so conflicts are ordinary.
		if !errors.Is(err, exdesk.ErrConflict) || n == labelAttempts || rest.Sleep(ctx, conflictPause(n)) != nil {
			return err
		}
	}
}
