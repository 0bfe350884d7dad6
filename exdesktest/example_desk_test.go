package exdesktest_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// Book is a desk in memory, on which mail can be added to tickets. The zero value
// has no tickets.
type Book struct {
	mu      sync.Mutex
	tickets map[int64]*sheet
	last    int64               // number of whatever was made last
	keys    map[string]*request // what was heard under each key
	files   map[string][]byte   // by token, until a ticket has them
	people  []*somebody
	support []string // its own addresses
}

// sheet is a ticket that is kept.
type sheet struct {
	exdesktest.Case
	id, merged int64
	changes    int // the stamp
	updated    time.Time
	origins    []added
}

// added is when something of a mail was added.
type added struct {
	exdesk.Origin
	at time.Time
}

// request is a ticket that was asked for, and what was made.
type request struct {
	asked exdesk.NewTicket
	made  int64
}

var _ interface {
	exdesk.Desk
	exdesk.Conversations
	exdesk.People
	exdesk.Importer
} = (*Book)(nil)

// largest is the size in octets of the largest file that a Book takes.
const largest = 2 << 20

// Account returns the name that Records are kept under.
func (b *Book) Account() string { return "book" }

// number returns a new number. It needs the lock, as all below it do.
func (b *Book) number() int64 {
	b.last++
	return b.last
}

func (b *Book) sheet(id int64) (*sheet, error) {
	if s := b.tickets[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("book: there is no ticket %d: %w", id, exdesk.ErrNotFound)
}

func (s *sheet) ticket() exdesk.Ticket {
	t := exdesk.Ticket{ID: s.id, ExternalID: s.ExternalID, Status: s.Status, Created: s.Created}
	if len(s.origins) > 0 {
		t.Origin = s.origins[0].Origin
	}
	return t
}

// changed moves the stamp.
func (s *sheet) changed() {
	s.changes++
	s.updated = time.Now()
}

var markup = regexp.MustCompile(`<[^>]*>`)

// remark adds a comment with the files of these tokens, all or nothing.
func (b *Book) remark(s *sheet, author string, public bool, text string, tokens []string) (int64, error) {
	r := exdesktest.Remark{Author: author, Public: public, Text: html.UnescapeString(markup.ReplaceAllString(text, ""))}
	for _, token := range tokens {
		data, ok := b.files[token]
		if !ok {
			return 0, fmt.Errorf("book: an upload is not there: %w", exdesk.ErrRefused)
		}
		r.Files = append(r.Files, data)
	}
	for _, token := range tokens {
		delete(b.files, token)
	}
	r.ID = b.number()
	s.Remarks = append(s.Remarks, r)
	return r.ID, nil
}

// Ticket implements exdesk.Desk.
func (b *Book) Ticket(_ context.Context, id int64) (*exdesk.Ticket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := b.sheet(id)
	if err != nil {
		return nil, err
	}
	t := s.ticket()
	return &t, nil
}

// Find implements exdesk.Desk.
func (b *Book) Find(_ context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []*exdesk.Ticket
	for _, id := range slices.Sorted(maps.Keys(b.tickets)) {
		if s := b.tickets[id]; s.ExternalID == externalID && !s.Created.Before(since) {
			t := s.ticket()
			found = append(found, &t)
		}
	}
	return found, nil
}

// Upload implements exdesk.Desk.
func (b *Book) Upload(_ context.Context, f *exdesk.File) (*exdesk.Upload, error) {
	data, err := io.ReadAll(io.LimitReader(f.Body, largest+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("book: reading a file: %w", err)
	case len(data) > largest:
		return nil, fmt.Errorf("book: the file has more than %d octets: %w", largest, exdesk.ErrRefused)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.files == nil {
		b.files = make(map[string][]byte)
	}
	token := "file-" + strconv.FormatInt(b.number(), 10)
	b.files[token] = data
	return &exdesk.Upload{Token: token, URL: "https://book.example/" + token}, nil
}

// Create implements exdesk.Desk. Keys are remembered for ever.
func (b *Book) Create(_ context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.keys[t.Key]; k != nil {
		s := b.tickets[k.made]
		if s == nil || !reflect.DeepEqual(k.asked, *t) {
			return nil, fmt.Errorf("book: the key was used for another ticket: %w", exdesk.ErrKeyUsed)
		}
		made := s.ticket()
		return &made, nil
	}
	s, err := b.open(t, time.Now())
	if err != nil {
		return nil, err
	}
	if b.keys == nil {
		b.keys = make(map[string]*request)
	}
	b.keys[t.Key] = &request{*t, s.id}
	made := s.ticket()
	return &made, nil
}

// open makes a ticket as of that time.
func (b *Book) open(t *exdesk.NewTicket, at time.Time) (*sheet, error) {
	s := &sheet{updated: time.Now(), origins: []added{{t.Origin, time.Now()}}}
	s.Case = exdesktest.Case{
		ExternalID: t.ExternalID, Subject: t.Subject, Status: "new", Requester: t.Requester.Address,
		Recipient: t.Recipient, Tags: slices.Clone(t.Tags), FollowUpOf: t.FollowUp, Created: at,
	}
	for _, cc := range t.CCs {
		s.CCs = append(s.CCs, cc.Address)
	}
	if _, err := b.remark(s, t.Requester.Address, true, t.HTML, t.Uploads); err != nil {
		return nil, err
	}
	for _, a := range append([]exdesk.Address{t.Requester}, t.CCs...) {
		b.known(a)
	}
	if b.tickets == nil {
		b.tickets = make(map[int64]*sheet)
	}
	s.id = b.number()
	b.tickets[s.id] = s
	return s, nil
}

// Import implements exdesk.Importer.
func (b *Book) Import(_ context.Context, t *exdesk.NewTicket, written time.Time) (*exdesk.Ticket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := b.open(t, written)
	if err != nil {
		return nil, err
	}
	made := s.ticket()
	return &made, nil
}

// Conversation implements exdesk.Conversations.
func (b *Book) Conversation(_ context.Context, id int64, since time.Time) (*exdesk.Conversation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := b.sheet(id)
	if err != nil {
		return nil, err
	}
	c := &exdesk.Conversation{
		Ticket: s.ticket(), Private: true, MergedInto: s.merged, Requester: b.known(exdesk.Address{Address: s.Requester}).ID, EncodedID: encoded(s.id),
		Tags: slices.Clone(s.Tags), Stamp: strconv.Itoa(s.changes), Updated: s.updated,
	}
	for _, r := range s.Remarks {
		c.Private = c.Private && !r.Public
	}
	for _, cc := range s.CCs {
		c.CCs = append(c.CCs, b.known(exdesk.Address{Address: cc}).ID)
	}
	for _, o := range s.origins {
		if !o.at.Before(since) {
			c.Origins = append(c.Origins, o.Origin)
		}
	}
	return c, nil
}

// Comment implements exdesk.Conversations.
func (b *Book) Comment(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := b.sheet(to.ID)
	switch {
	case err != nil:
		return 0, err
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case s.Status == "closed" || strconv.Itoa(s.changes) != to.Stamp:
		return 0, fmt.Errorf("book: ticket %d is not as it was read: %w", to.ID, exdesk.ErrConflict)
	}
	author := "agent@book.example"
	for _, p := range b.people {
		if p.ID == n.Author {
			author = p.Address
		}
	}
	id, err := b.remark(s, author, n.Public, n.HTML, n.Uploads)
	if err != nil {
		return 0, err
	}
	for _, cc := range n.CCs {
		s.CCs = append(s.CCs, cc.Address)
	}
	for _, tag := range n.Tags {
		if !slices.Contains(s.Tags, tag) {
			s.Tags = append(s.Tags, tag)
		}
	}
	if n.Reopen && (s.Status == "pending" || s.Status == "solved") {
		s.Status = "open"
	}
	s.changed()
	s.origins = append(s.origins, added{n.Origin, s.updated})
	return id, nil
}

// PrivateTexts implements exdesk.Conversations.
func (b *Book) PrivateTexts(_ context.Context, id int64) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := b.sheet(id)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, r := range slices.Backward(s.Remarks) {
		if !r.Public {
			texts = append(texts, r.Text)
		}
	}
	return texts, nil
}

// look returns a copy of a ticket.
func (b *Book) look(id int64) (exdesktest.Case, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.tickets[id]
	if s == nil {
		return exdesktest.Case{}, false
	}
	c := s.Case
	c.CCs, c.Tags, c.Remarks = slices.Clone(c.CCs), slices.Clone(c.Tags), slices.Clone(c.Remarks)
	for i := range c.Remarks {
		for k, f := range c.Remarks[i].Files {
			c.Remarks[i].Files[k] = bytes.Clone(f)
		}
	}
	return c, true
}

// edit lets an agent change a ticket.
func (b *Book) edit(id int64, f func(*exdesktest.Case)) {
	c, ok := b.look(id)
	if !ok {
		return
	}
	f(&c)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tickets[id].Case = c
	b.tickets[id].changed()
}

// bookUnderTest is what the suite is told of a Book.
func bookUnderTest(b *Book) exdesktest.DeskUnderTest {
	return exdesktest.DeskUnderTest{
		Desk: b,
		Tickets: func() []int64 {
			b.mu.Lock()
			defer b.mu.Unlock()
			return slices.Sorted(maps.Keys(b.tickets))
		},
		Look: b.look,
		Edit: b.edit,
		Delete: func(id int64) {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.tickets, id)
		},
		Merge: func(into, from int64) {
			b.edit(from, func(c *exdesktest.Case) { c.Status = "closed" })
			b.mu.Lock()
			defer b.mu.Unlock()
			b.tickets[from].merged = into
		},
		Join: b.join,
		Support: func(address string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.support = append(b.support, address)
		},
		MostFile: largest,
	}
}

func TestDesk(t *testing.T) {
	exdesktest.Desk(t, synctest.Test, func(*testing.T) exdesktest.DeskUnderTest { return bookUnderTest(new(Book)) })
}
