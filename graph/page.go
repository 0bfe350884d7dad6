package graph

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

// page is one page of a list.
type page struct {
	Value []json.RawMessage `json:"value"`
	Next  string            `json:"@odata.nextLink"`
	Error json.RawMessage   `json:"error"`
}

func (p *page) whole() bool {
	return p.Value != nil && (len(p.Error) == 0 || string(p.Error) == "null")
}

// page fetches one page of a list.
func (c *Client) page(ctx context.Context, req *rest.Request) (*page, error) {
	return fetch[page](ctx, c, req)
}

// mails is one page of a list of messages.
type mails struct {
	list   []*exdesk.Mail // those of which nothing can be read have no ID
	next   string
	listed bool // it is a list
	failed bool // it holds an error
	lost   bool // there is an item, of which nothing can be shown
	odd    bool // it is not what it should be beside its items
	texts  texts
}

func (p *mails) whole() bool { return p.listed && !p.failed && !p.odd }

// Scan implements rest.Scanner.
func (p *mails) Scan(r *scan.Reader) {
	for name := range r.Object {
		switch string(name) {
		case "value":
			p.list, p.listed = nil, r.Kind() == '['
			odd := r.Odd() // what came before, of which the mails are not to blame
			for range r.Array {
				p.list = append(p.list, p.texts.mail(r))
			}
			p.odd = p.odd || odd
		case "@odata.nextLink":
			p.next = string(r.Text())
		case "error":
			p.failed = r.Kind() != 'n'
		}
	}
}

// mails fetches one page of a list of messages.
func (c *Client) mails(ctx context.Context, req *rest.Request) (*mails, error) {
	return fetch[mails](ctx, c, req)
}

// fetch fetches one page of a list.
//
// QUIRK: answers with status 200 have been seen whose JSON breaks off or holds
// an error in the middle, so a page that cannot be read is fetched again.
func fetch[T any, P interface {
	*T
	whole() bool
}](ctx context.Context, c *Client, req *rest.Request) (P, error) {
	for attempt := 1; ; attempt++ {
		p := P(new(T))
		_, err := c.rest.JSON(ctx, req, p)
		if err == nil && !p.whole() {
			err = explain(&rest.Failure{Op: req.Op, Status: 200, Wait: -1, Err: errors.New("the answer is not a list")})
		}
		var e *Error
		if err == nil || attempt == 3 || req.Once || !errors.As(err, &e) || e.Status != 200 || ctx.Err() != nil {
			return p, err
		}
	}
}
