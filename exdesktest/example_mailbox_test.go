package exdesktest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// Inbox is a mailbox in memory. The zero value is empty.
type Inbox struct {
	mu    sync.Mutex
	mails []*letter // in order of arrival
}

// letter is a mail that is kept.
type letter struct {
	exdesk.Mail
	data            []byte
	read, elsewhere bool
}

var _ exdesk.Mailbox = (*Inbox)(nil)

// Address implements exdesk.Mailbox.
func (b *Inbox) Address() string { return "support@contoso.test" }

// Deliver puts a mail into the Inbox and returns its id.
func (b *Inbox) Deliver(data []byte, arrived time.Time) string {
	return b.put(data, arrived, false)
}

func (b *Inbox) put(data []byte, arrived time.Time, elsewhere bool) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &letter{data: bytes.Clone(data), elsewhere: elsewhere}
	l.ID, l.Received, l.Size = fmt.Sprintf("mail-%d", len(b.mails)+1), arrived, int64(len(data))
	if m, err := mail.ReadMessage(bytes.NewReader(data)); err == nil { // others are listed as well
		l.MessageID, l.Subject = m.Header.Get("Message-ID"), m.Header.Get("Subject")
		if s, err := new(mime.WordDecoder).DecodeHeader(l.Subject); err == nil {
			l.Subject = s
		}
		if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
			l.From = exdesk.Address{Name: from.Name, Address: from.Address}
		}
	}
	at, _ := slices.BinarySearchFunc(b.mails, l, func(a, b *letter) int {
		if a.Received.After(b.Received) {
			return 1
		}
		return -1
	})
	b.mails = slices.Insert(b.mails, at, l)
	return l.ID
}

// letter returns a mail, or nil. It needs the lock.
func (b *Inbox) letter(id string) *letter {
	if i := slices.IndexFunc(b.mails, func(l *letter) bool { return l.ID == id && l.data != nil }); i >= 0 {
		return b.mails[i]
	}
	return nil
}

// Unread implements exdesk.Mailbox. It lists what is unread at its beginning, so
// that nothing is skipped whatever becomes of it meanwhile.
func (b *Inbox) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	return func(yield func(*exdesk.Mail, error) bool) {
		var list []*exdesk.Mail
		b.mu.Lock()
		for _, l := range b.mails {
			if !l.read && !l.elsewhere && l.data != nil {
				m := l.Mail // a copy, which no later Label changes
				m.Categories = slices.Clone(m.Categories)
				list = append(list, &m)
			}
		}
		b.mu.Unlock()
		for _, m := range list {
			if err := context.Cause(ctx); err != nil {
				yield(nil, err)
				return
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

// Open implements exdesk.Mailbox.
func (b *Inbox) Open(_ context.Context, id string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.letter(id)
	if l == nil {
		return nil, fmt.Errorf("inbox: there is no mail %s: %w", id, exdesk.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(l.data)), nil
}

// Label implements exdesk.Mailbox. Each mark is written under one lock.
func (b *Inbox) Label(ctx context.Context, marks []exdesk.Mark) []error {
	errs := make([]error, len(marks))
	for i := range marks {
		if errs[i] = context.Cause(ctx); errs[i] == nil {
			errs[i] = b.mark(&marks[i])
		}
	}
	return errs
}

func (b *Inbox) mark(m *exdesk.Mark) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.letter(m.ID)
	switch {
	case l == nil:
		return fmt.Errorf("inbox: there is no mail %s: %w", m.ID, exdesk.ErrNotFound)
	case m.Barred(l.Categories):
		return fmt.Errorf("inbox: mail %s has the category %s: %w", m.ID, m.Unless, exdesk.ErrDone)
	}
	l.Categories = slices.DeleteFunc(slices.Clone(l.Categories), func(c string) bool {
		return slices.ContainsFunc(m.Without, func(w string) bool { return strings.EqualFold(c, w) })
	})
	for _, c := range m.Categories {
		if !l.HasCategory(c) {
			l.Categories = append(l.Categories, c)
		}
	}
	record := m.Record
	l.Record = &record
	if m.Flag != exdesk.Keep {
		l.read = m.Flag == exdesk.Read
	}
	return nil
}

// edit lets a person change a mail.
func (b *Inbox) edit(id string, f func(*exdesktest.Item)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.letter(id)
	item := exdesktest.Item{Categories: slices.Clone(l.Categories), Read: l.read, Elsewhere: l.elsewhere}
	f(&item)
	l.Categories, l.read, l.elsewhere = item.Categories, item.Read, item.Elsewhere
}

// inboxUnderTest is what the suite is told of an Inbox.
func inboxUnderTest(b *Inbox) exdesktest.MailboxUnderTest {
	return exdesktest.MailboxUnderTest{
		Mailbox: b,
		Deliver: b.Deliver,
		Look: func(id string) (item exdesktest.Item, ok bool) {
			b.mu.Lock()
			ok = b.letter(id) != nil
			b.mu.Unlock()
			if ok {
				b.edit(id, func(i *exdesktest.Item) { item = *i })
			}
			return item, ok
		},
		Edit: b.edit,
		Delete: func(id string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.letter(id).data = nil
		},
	}
}

func TestMailbox(t *testing.T) {
	exdesktest.Mailbox(t, synctest.Test, func(*testing.T) exdesktest.MailboxUnderTest { return inboxUnderTest(new(Inbox)) })
}
