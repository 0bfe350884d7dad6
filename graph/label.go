package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

// labelAttempts is how often a mail is read again and labelled again after a
// conflict. Exchange touches fresh mail by itself, so conflicts are ordinary.
const labelAttempts = 5

const (
	// patience is the longest pause between two attempts at a label.
	patience = time.Minute
	// mostHush bounds the pause that an item of a batch imposes on all
	// requests.
	mostHush = time.Hour
)

// conflictPause is the pause after the n-th conflict.
func conflictPause(n int) time.Duration { return time.Duration(n) * 300 * time.Millisecond }

// Label implements exdesk.Mailbox. For each twenty mails it takes two
// requests: one reads the categories, which Graph can only replace as a
// whole, and one writes.
func (c *Client) Label(ctx context.Context, marks []exdesk.Mark) []error {
	errs := make([]error, 0, len(marks))
	for part := range slices.Chunk(marks, batchSize) {
		errs = append(errs, c.label(ctx, part)...)
	}
	return errs
}

func (c *Client) label(ctx context.Context, marks []exdesk.Mark) []error {
	errs := make([]error, len(marks))
	todo := make([]int, len(marks)) // indexes into marks
	for i := range todo {
		todo[i] = i
	}
	for attempt := 1; len(todo) > 0; attempt++ {
		var wait time.Duration
		todo, wait = c.labelOnce(ctx, marks, todo, errs)
		if attempt == labelAttempts || len(todo) == 0 {
			break
		}
		c.rest.Hush(min(wait, mostHush))
		if wait > patience || rest.Sleep(ctx, max(wait, conflictPause(attempt))) != nil {
			break // the errors say what was going on
		}
	}
	return errs
}

// labelOnce tries each mail of todo, notes its error, and returns those that
// are worth another try.
func (c *Client) labelOnce(ctx context.Context, marks []exdesk.Mark, todo []int, errs []error) (again []int, wait time.Duration) {
	failed := func(i int, err error) {
		errs[i] = err
		if errors.Is(err, exdesk.ErrConflict) || errors.Is(err, exdesk.ErrTemporary) {
			again = append(again, i)
			if d, ok := exdesk.RetryAfter(err); ok {
				wait = max(wait, d)
			}
		}
	}
	reads := make([]batchRequest, len(todo))
	for k, i := range todo {
		reads[k] = batchRequest{Method: http.MethodGet, URL: c.itemURL(marks[i].ID) + "?$select=id,categories", Headers: preferImmutable}
	}
	answers, err := c.batch(ctx, "read categories", reads)
	if err != nil {
		for _, i := range todo {
			errs[i] = err
		}
		return nil, 0 // the batch itself was tried often enough
	}
	writes, written := make([]batchRequest, 0, len(todo)), make([]int, 0, len(todo))
	for k, i := range todo {
		var m labels
		err := answers[k].into(&m)
		if err == nil && !m.told {
			// Writing now would take away what is not known.
			err = explain(&rest.Failure{Op: "read categories", Status: 200, Wait: -1, Err: errors.New("the answer has no categories")})
		}
		if errors.Is(err, exdesk.ErrRefused) {
			// A damaged item: nobody can read its categories. Without a label it
			// would come back for ever.
			m, err = labels{}, nil
		}
		if err != nil {
			failed(i, err)
			continue
		}
		if marks[i].Unless != "" && containsFold(m.categories, marks[i].Unless) {
			errs[i] = fmt.Errorf("graph: label message: %w", exdesk.ErrDone)
			continue
		}
		// If-Match is not documented for messages: where Graph heeds it, a category
		// that a person adds at this moment is safe; where it does not, nothing is
		// lost but that.
		headers := batchHeaders{Type: "application/json", Prefer: immutableID, Match: m.etag}
		writes = append(writes, batchRequest{Method: http.MethodPatch, URL: c.itemURL(marks[i].ID), Headers: headers, Body: patch(&marks[i], m.categories)})
		written = append(written, i)
	}
	if len(writes) == 0 {
		return again, wait
	}
	answers, err = c.batch(ctx, "label messages", writes)
	for k, i := range written {
		switch {
		case err != nil:
			errs[i] = err
		default:
			if err := answers[k].into(nil); err != nil {
				failed(i, err)
			} else {
				errs[i] = nil
			}
		}
	}
	return again, wait
}

// labels is what is read of a mail before it is labelled.
type labels struct {
	etag       string
	categories []string
	told       bool // that these are its categories
}

// Scan implements rest.Scanner.
func (l *labels) Scan(r *scan.Reader) {
	for name := range r.Object {
		switch string(name) {
		case "@odata.etag":
			l.etag = string(r.Text())
		case "categories":
			l.categories, l.told = nil, r.Kind() == '['
			for range r.Array {
				l.categories = append(l.categories, string(r.Text()))
			}
		}
	}
}

// change is the one change that writes a mark.
type change struct {
	Categories []string    `json:"categories"`
	Read       *bool       `json:"isRead,omitempty"`
	Properties [1]property `json:"singleValueExtendedProperties"`
}

func patch(m *exdesk.Mark, there []string) *change {
	categories := make([]string, 0, len(there)+len(m.Categories)) // which is not null when it is empty
	for _, name := range there {
		if !containsFold(m.Without, name) {
			categories = append(categories, name)
		}
	}
	for _, name := range m.Categories {
		if !containsFold(categories, name) {
			categories = append(categories, name)
		}
	}
	out := &change{Categories: categories, Properties: [1]property{{recordID, value(formatRecord(m.Record))}}}
	if m.Flag != exdesk.Keep {
		out.Read = new(m.Flag == exdesk.Read)
	}
	return out
}
