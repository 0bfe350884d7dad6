package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

const (
	listSelect = "id,internetMessageId,conversationId,receivedDateTime,sentDateTime,subject,from,categories"
	listOrder  = "receivedDateTime asc"
	everUnread = "receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false"
	listExpand = "singleValueExtendedProperties($filter=id eq '" + sizeID + "' or id eq '" + recordID + "')"
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

// goodPages is after how many pages in a row larger ones are tried again.
const goodPages = 10

// fewEmpty is after how many it is asked for by place instead of by link.
const fewEmpty = 5

// Unread implements exdesk.Mailbox.
func (c *Client) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	return c.oldestFirst(ctx, time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), " and isRead eq false")
}

// Since implements exdesk.Archive.
func (c *Client) Since(ctx context.Context, t time.Time) iter.Seq2[*exdesk.Mail, error] {
	return c.oldestFirst(ctx, t, "")
}

// oldestFirst lists the Inbox from a moment on.
func (c *Client) oldestFirst(ctx context.Context, since time.Time, and string) iter.Seq2[*exdesk.Mail, error] {
	return func(yield func(*exdesk.Mail, error) bool) {
		var before map[string]bool // ids of the last snapshot, which the next begins with
		lost := 0                  // mails that cannot be listed at all
		for {
			// The sort order must stand in the filter too, and first; else Graph
			// answers InefficientFilter ("List messages", using filter and orderby).
			l := c.newList("receivedDateTime ge "+since.UTC().Format(time.RFC3339)+and, listOrder)
			mails, more, err := l.snapshot(ctx, since)
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
			lost += l.lost
			if !more {
				break
			}
			since, before = mails[len(mails)-1].Received, ids
		}
		if lost > 0 {
			yield(nil, unlisted(lost))
		}
	}
}

func unlisted(n int) error {
	return explain(&rest.Failure{Op: "list messages", Status: http.StatusInternalServerError, Wait: -1,
		Err: fmt.Errorf("%d messages of the Inbox cannot be shown at all: look for %w", n, exdesk.ErrDamaged)})
}

// Newest implements exdesk.Archive.
func (c *Client) Newest(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	return func(yield func(*exdesk.Mail, error) bool) {
		l := c.newList("receivedDateTime ge 1900-01-01T00:00:00Z", "receivedDateTime desc")
		for l.more {
			mails, err := l.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, m := range mails {
				if !yield(m, nil) {
					return
				}
			}
		}
		if l.lost > 0 {
			yield(nil, unlisted(l.lost))
		}
	}
}

// maxSameID is how many mails of one Message-ID are shown.
const maxSameID = 10

// ByMessageID implements exdesk.Archive. It finds mail in every folder of the
// mailbox; a mail that is only just there may not be found yet.
func (c *Client) ByMessageID(ctx context.Context, id string) ([]*exdesk.Mail, error) {
	req := &rest.Request{Op: "find message", Path: c.path("messages"), Header: immutable(), Query: query(
		"$filter", "internetMessageId eq '<"+strings.ReplaceAll(id, "'", "''")+">'",
		"$select", listSelect, "$expand", listExpand, "$top", strconv.Itoa(maxSameID))}
	items, err := c.some(ctx, req, maxSameID)
	if err != nil {
		if unanswerable(err) {
			return nil, nil
		}
		return nil, err
	}
	var mails []*exdesk.Mail
	for _, item := range items {
		if m := new(texts).mail(scan.New(item)); m.ID != "" {
			mails = append(mails, m)
		}
	}
	return mails, nil
}

// some returns the first items of a list, n or a few more. Graph may send pages
// that have nothing on them but a link to the next.
func (c *Client) some(ctx context.Context, req *rest.Request, n int) (items []json.RawMessage, err error) {
	for pages := 1; ; pages++ {
		p, err := c.page(ctx, req)
		if err != nil {
			return nil, err
		}
		if items = append(items, p.Value...); len(items) >= n || p.Next == "" || pages == fewPages {
			return items, nil
		}
		req = &rest.Request{Op: req.Op, URL: p.Next, Header: immutable()}
	}
}

// fewPages is how many pages are read of a list of which a few items will do.
const fewPages = 10

// unanswerable reports whether it is the question that Graph does not like, or
// the mail that is the answer: the id is anybody's word, and the item may be
// damaged. Asking again is no use.
func unanswerable(err error) bool {
	var e *Error
	if errors.Is(err, exdesk.ErrRefused) {
		return true
	}
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestURITooLong || e.Status == http.StatusRequestHeaderFieldsTooLarge)
}

// Mail implements exdesk.Archive.
func (c *Client) Mail(ctx context.Context, id string) (*exdesk.Mail, error) {
	var m single
	req := &rest.Request{Op: "read message", Path: c.path("messages", id), Query: query("$select", listSelect, "$expand", listExpand), Header: immutable()}
	if _, err := c.rest.JSON(ctx, req, &m); err != nil {
		return nil, err
	}
	return m.mail, nil
}

// list is a list of the Inbox while it is read, page by page.
//
// A page that Graph cannot send, because it is too large (504) or because of one
// item in it, is asked for in ever smaller pieces, until what is wrong is known
// to be one item. That is then shown with as little as can be shown of it.
type list struct {
	c             *Client
	filter, order string
	top           int
	at            int    // how many items were read
	link          string // to the next page
	broken        bool   // the pages are counted here and not by links
	good          int    // pages since the last one that could not be sent
	empty         int    // pages in a row that brought nothing new
	listed        map[string]bool
	more          bool
	lost          int // items that could not be shown at all
}

func (c *Client) newList(filter, order string) *list {
	return &list{c: c, filter: filter, order: order, top: c.pageSize(), listed: make(map[string]bool), more: true}
}

// snapshot lists mails to the end, or to a length from which the next list can
// go on: its last mail came later than its first.
func (l *list) snapshot(ctx context.Context, since time.Time) (mails []*exdesk.Mail, more bool, err error) {
	for l.more {
		page, err := l.next(ctx)
		if err != nil {
			return nil, false, err
		}
		mails = append(mails, page...)
		if n := len(mails); l.more && n >= snapshot && mails[n-1].Received.After(since) {
			return mails, true, nil
		}
	}
	return mails, false, nil
}

// next returns the new mails of the next page.
func (l *list) next(ctx context.Context) ([]*exdesk.Mail, error) {
	page, err := l.c.mails(ctx, l.request(l.at, l.top, listSelect, listExpand))
	if err != nil && unreadable(err) || err == nil && l.empty > 0 && l.empty%fewEmpty == 0 && len(page.list) == 0 && page.next != "" {
		l.broken, l.link, l.good = true, "", 0
		page, err = l.narrow(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	var mails []*exdesk.Mail
	l.empty++
	for _, m := range page.list {
		// A mail may move from one page to the next.
		if m.ID != "" && !l.listed[m.ID] {
			l.listed[m.ID], l.empty = true, 0
			mails = append(mails, m)
		}
	}
	if l.empty > maxEmpty {
		return nil, explain(&rest.Failure{Op: "list messages", Status: 200, Wait: -1, Err: fmt.Errorf("%d pages in a row brought nothing new", maxEmpty)})
	}
	l.at += len(page.list)
	switch l.more = page.next != "" || page.lost; {
	case page.lost:
		l.at++
		l.lost++
		l.link = ""
	case l.broken && len(page.list) > 0:
		l.link = ""
		if l.good++; l.good%goodPages == 0 {
			l.top = min(l.top*2, l.c.pageSize())
		}
	default:
		l.link = page.next
	}
	return mails, nil
}

// request asks for the next page, or for items from a place on.
func (l *list) request(at, top int, selected, expanded string) *rest.Request {
	if l.link != "" {
		return &rest.Request{Op: "list messages", URL: l.link, Header: immutable()}
	}
	pairs := []string{"$filter", l.filter, "$orderby", l.order, "$select", selected, "$top", strconv.Itoa(top)}
	if expanded != "" {
		pairs = append(pairs, "$expand", expanded)
	}
	if at > 0 {
		pairs = append(pairs, "$skip", strconv.Itoa(at))
	}
	return &rest.Request{Op: "list messages", Path: l.c.path("mailFolders", "inbox", "messages"), Query: query(pairs...), Header: immutable()}
}

// narrow asks for less and less of a page that Graph cannot send.
func (l *list) narrow(ctx context.Context, cause error) (*mails, error) {
	if _, err := l.fetch(ctx, l.at, 1, "id", ""); err != nil {
		if _, err := l.fetch(ctx, l.at+1, 1, "id", ""); err != nil {
			return nil, cmp.Or(cause, err) // it is no item: nothing can be shown
		}
	}
	for l.top > 1 {
		l.top = max(l.top/4, 1)
		if p, err := l.fetch(ctx, l.at, l.top, listSelect, listExpand); err == nil || !unreadable(err) {
			return p, err
		}
	}
	// It is the one item, unless that was chance: it is asked for with patience
	// before less of it will do.
	if p, err := l.c.mails(ctx, l.request(l.at, 1, listSelect, listExpand)); err == nil && len(p.list) > 0 || err != nil && !unreadable(err) {
		return p, err
	}
	for _, fields := range []string{listSelect, "id,receivedDateTime", "id"} {
		if p, err := l.fetch(ctx, l.at, 1, fields, ""); err == nil || !unreadable(err) {
			return p, err
		}
	}
	return &mails{lost: true}, nil
}

// fetch asks for items from a place on, once: whether it is the size or an item
// is soon known. Empty pages on the way there are passed over.
func (l *list) fetch(ctx context.Context, at, top int, selected, expanded string) (*mails, error) {
	req := l.request(at, top, selected, expanded)
	for n := 0; ; n++ {
		req.Once = true
		p, err := l.c.mails(ctx, req)
		if err != nil || len(p.list) > 0 || p.next == "" || n == maxEmpty {
			return p, err
		}
		req = &rest.Request{Op: req.Op, URL: p.next, Header: immutable()}
	}
}

// unreadable reports whether a page failed in a way that a smaller one may not.
func unreadable(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return false
	}
	return e.Status == http.StatusOK || e.Status >= 500
}

// query encodes pairs in the order given, spaces as %20: the form Graph documents.
func query(pairs ...string) string {
	var b strings.Builder
	b.Grow(512)
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i])
		b.WriteByte('=')
		value, ok := often[pairs[i+1]]
		if !ok {
			value = escape(pairs[i+1])
		}
		b.WriteString(value)
	}
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// often are values that most requests have, and how they are encoded.
var often = func() map[string]string {
	m := make(map[string]string)
	for _, s := range []string{everUnread, listOrder, listSelect, listExpand} {
		m[s] = escape(s)
	}
	return m
}()
