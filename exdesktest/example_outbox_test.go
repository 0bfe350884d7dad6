package exdesktest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// Post is an Inbox that sends, and finds again what it sent. The zero value is
// empty.
type Post struct {
	Inbox
	letters map[string]*outgoing // by id
	left    []exdesktest.Departure
}

// outgoing is a draft, or the copy of what was sent, which has the draft's id.
type outgoing struct {
	key, notification string
	copy              exdesk.Copy
}

var _ interface {
	exdesk.Mailbox
	exdesk.Outbox
	exdesk.Tracer
} = (*Post)(nil)

// blind is the field that nobody is to see.
var blind = regexp.MustCompile(`(?mi)^Bcc:.*\n(?:[ \t].*\n)*`)

// list returns copies of what is there, the oldest first. It needs the lock.
func (p *Post) list(of func(o *outgoing) bool) []*exdesk.Copy {
	var list []*exdesk.Copy
	for id, o := range p.letters {
		if p.letter(id) != nil && of(o) {
			list = append(list, o.show())
		}
	}
	slices.SortFunc(list, func(a, b *exdesk.Copy) int { return a.Created.Compare(b.Created) })
	return list
}

func (o *outgoing) show() *exdesk.Copy {
	c := o.copy
	if c.Record != nil {
		r := *c.Record
		c.Record = &r
	}
	return &c
}

// there returns what is there of a letter, or nil. It needs the lock.
func (p *Post) there(id string) *outgoing {
	if p.letter(id) == nil {
		return nil
	}
	return p.letters[id]
}

// Copies implements exdesk.Outbox.
func (p *Post) Copies(_ context.Context, l *exdesk.Letter, _ string) ([]*exdesk.Copy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list(func(o *outgoing) bool { return o.key == l.Key }), nil
}

// Draft implements exdesk.Outbox. A draft is whole from its beginning, so that one
// that was begun is as it has to be.
func (p *Post) Draft(_ context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
	if begun != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch o := p.there(begun.ID); {
		case o == nil:
			return nil, fmt.Errorf("post: draft %s is gone: %w", begun.ID, exdesk.ErrTemporary)
		case !o.copy.Draft:
			return nil, fmt.Errorf("post: draft %s was sent: %w", begun.ID, exdesk.ErrDone)
		default:
			return o.show(), nil
		}
	}
	text, err := io.ReadAll(io.NewSectionReader(l.Body, 0, l.Body.Size()))
	if err != nil {
		return nil, err
	}
	data := slices.Concat(blind.ReplaceAll(l.Header, nil), text)
	fields, err := l.Compare(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	id := p.put(data, time.Now(), true)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.letters == nil {
		p.letters = make(map[string]*outgoing)
	}
	o := &outgoing{l.Key, l.Notification, exdesk.Copy{ID: id, Draft: true, Created: time.Now(), MessageID: l.MessageID,
		Recipients: l.Recipients, Marked: true, Fields: fields}}
	p.letters[id] = o
	return o.show(), nil
}

// Ready implements exdesk.Outbox.
func (p *Post) Ready(_ context.Context, l *exdesk.Letter, id string, r exdesk.Record) ([]*exdesk.Copy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.there(id)
	if o == nil {
		return nil, fmt.Errorf("post: there is no draft %s: %w", id, exdesk.ErrNotFound)
	}
	if o.copy.Draft {
		o.copy.Record = &r
	}
	return p.list(func(o *outgoing) bool { return o.key == l.Key }), nil
}

// Send implements exdesk.Outbox.
func (p *Post) Send(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.there(id)
	if o == nil || !o.copy.Draft {
		return fmt.Errorf("post: there is no draft %s: %w", id, exdesk.ErrNotFound)
	}
	o.copy.Draft = false
	p.left = append(p.left, exdesktest.Departure{Recipients: o.copy.Recipients, MIME: p.letter(id).data})
	return nil
}

// Discard implements exdesk.Outbox.
func (p *Post) Discard(_ context.Context, _ *exdesk.Letter, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch o := p.there(id); {
	case o == nil:
		return fmt.Errorf("post: there is no draft %s: %w", id, exdesk.ErrNotFound)
	case !o.copy.Draft:
		return fmt.Errorf("post: draft %s was sent: %w", id, exdesk.ErrDone)
	}
	p.letter(id).data = nil
	return nil
}

// Letters implements exdesk.Tracer.
func (p *Post) Letters(_ context.Context, notification string) ([]*exdesk.Copy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list(func(o *outgoing) bool { return o.notification == notification }), nil
}

// Delete implements exdesk.Tracer.
func (p *Post) Delete(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.letter(id)
	if l == nil {
		return fmt.Errorf("post: there is no mail %s: %w", id, exdesk.ErrNotFound)
	}
	l.data = nil
	return nil
}

// postUnderTest is what the suite is told of a Post.
func postUnderTest(p *Post) exdesktest.MailboxUnderTest {
	m := inboxUnderTest(&p.Inbox)
	m.Mailbox = p
	m.Left = func() []exdesktest.Departure {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Clone(p.left)
	}
	return m
}

func TestPost(t *testing.T) {
	exdesktest.Mailbox(t, synctest.Test, func(*testing.T) exdesktest.MailboxUnderTest { return postUnderTest(new(Post)) })
}
