package exdesktest_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// bentInbox is an Inbox that does some of it otherwise.
type bentInbox struct {
	*Inbox
	unread func(ctx context.Context) iter.Seq2[*exdesk.Mail, error]
	open   func(ctx context.Context, id string) (io.ReadCloser, error)
	label  func(ctx context.Context, marks []exdesk.Mark) []error
}

func (b *bentInbox) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] { return b.unread(ctx) }
func (b *bentInbox) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	return b.open(ctx, id)
}
func (b *bentInbox) Label(ctx context.Context, marks []exdesk.Mark) []error {
	return b.label(ctx, marks)
}

// brokenMailbox is the suite over an Inbox of which bend breaks one promise.
func brokenMailbox(bend func(b *bentInbox)) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Mailbox(t, synctest.Test, func(*testing.T) exdesktest.MailboxUnderTest {
			in := new(Inbox)
			b := &bentInbox{Inbox: in, unread: in.Unread, open: in.Open, label: in.Label}
			bend(b)
			m := inboxUnderTest(in)
			m.Mailbox = b
			return m
		})
	}
}

// relisted changes what is listed.
func relisted(f func(list []*exdesk.Mail) []*exdesk.Mail) func(b *bentInbox) {
	return func(b *bentInbox) {
		b.unread = func(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
			return func(yield func(*exdesk.Mail, error) bool) {
				var list []*exdesk.Mail
				for m, err := range b.Inbox.Unread(ctx) {
					if err != nil {
						yield(nil, err)
						return
					}
					list = append(list, m)
				}
				for _, m := range f(list) {
					if !yield(m, nil) {
						return
					}
				}
			}
		}
	}
}

// remarked changes each mark.
func remarked(f func(b *Inbox, m *exdesk.Mark)) func(b *bentInbox) {
	return func(b *bentInbox) {
		b.label = func(ctx context.Context, marks []exdesk.Mark) []error {
			marks = slices.Clone(marks)
			for i := range marks {
				f(b.Inbox, &marks[i])
			}
			return b.Inbox.Label(ctx, marks)
		}
	}
}

// answered changes the errors of Label.
func answered(f func(errs []error) []error) func(b *bentInbox) {
	return func(b *bentInbox) {
		b.label = func(ctx context.Context, marks []exdesk.Mark) []error { return f(b.Inbox.Label(ctx, marks)) }
	}
}

// change lets the store change a mail, if it is there.
func change(b *Inbox, id string, f func(i *exdesktest.Item)) {
	if _, ok := inboxUnderTest(b).Look(id); ok {
		b.edit(id, f)
	}
}

var brokenMailboxes = map[string]flaw{
	"mailbox: the newest first": {"unread", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		slices.Reverse(list)
		return list
	}))},
	"mailbox: what is labelled is not listed": {"unread", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		return slices.DeleteFunc(list, func(m *exdesk.Mail) bool { return m.HasCategory(exdesk.LabelProcessed) })
	}))},
	"mailbox: a mail is listed twice": {"unread", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		return append(list, list...)
	}))},
	"mailbox: what lacks a sender is not listed": {"odd mail", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		return slices.DeleteFunc(list, func(m *exdesk.Mail) bool { return m.From.Address == "" })
	}))},
	"mailbox: one mail of a second is listed": {"one second", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		return slices.CompactFunc(list, func(a, b *exdesk.Mail) bool { return a.Received.Equal(b.Received) })
	}))},
	"mailbox: the Message-ID has no brackets": {"fields", brokenMailbox(relisted(func(list []*exdesk.Mail) []*exdesk.Mail {
		for _, m := range list {
			if n := len(m.MessageID); n > 2 {
				m.MessageID = m.MessageID[1 : n-1]
			}
		}
		return list
	}))},
	"mailbox: pages are counted, so that marking skips": {"marked while listed", brokenMailbox(func(b *bentInbox) {
		b.unread = func(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
			return func(yield func(*exdesk.Mail, error) bool) {
				for n := 0; ; n++ {
					at := 0
					var next *exdesk.Mail
					for m, err := range b.Inbox.Unread(ctx) {
						if err != nil {
							yield(nil, err)
							return
						}
						if at == n {
							next = m
							break
						}
						at++
					}
					if next == nil || !yield(next, nil) {
						return
					}
				}
			}
		}
	})},
	"mailbox: a list that was cut off looks whole": {"cancelled", brokenMailbox(func(b *bentInbox) {
		b.unread = func(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
			return func(yield func(*exdesk.Mail, error) bool) {
				for m, err := range b.Inbox.Unread(ctx) {
					if err != nil || !yield(m, nil) {
						return
					}
				}
			}
		}
	})},
	"mailbox: another mail is opened": {"open", brokenMailbox(func(b *bentInbox) {
		b.open = func(ctx context.Context, _ string) (io.ReadCloser, error) { return b.Inbox.Open(ctx, "mail-1") }
	})},
	"mailbox: a large mail is cut": {"large", brokenMailbox(func(b *bentInbox) {
		b.open = func(ctx context.Context, id string) (io.ReadCloser, error) {
			in, err := b.Inbox.Open(ctx, id)
			if err != nil {
				return nil, err
			}
			return io.NopCloser(io.LimitReader(in, 1<<20)), nil
		}
	})},
	"mailbox: what is gone is an empty mail": {"gone", brokenMailbox(func(b *bentInbox) {
		b.open = func(ctx context.Context, id string) (io.ReadCloser, error) {
			in, err := b.Inbox.Open(ctx, id)
			if err != nil {
				return io.NopCloser(new(bytes.Reader)), nil
			}
			return in, nil
		}
	})},
	"mailbox: who opens a mail marks it read": {"untouched", brokenMailbox(func(b *bentInbox) {
		b.open = func(ctx context.Context, id string) (io.ReadCloser, error) {
			change(b.Inbox, id, func(i *exdesktest.Item) { i.Read = true })
			return b.Inbox.Open(ctx, id)
		}
	})},
	"mailbox: label drops what others put there": {"label others", brokenMailbox(remarked(func(b *Inbox, m *exdesk.Mark) {
		change(b, m.ID, func(i *exdesktest.Item) { i.Categories = nil })
	}))},
	"mailbox: label rejects what is done": {"label unless", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) {
		if len(m.Categories) > 1 {
			m.Unless = ""
		}
	}))},
	"mailbox: label ignores Unless":        {"label unless", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) { m.Unless = "" }))},
	"mailbox: label ignores Without":       {"label without", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) { m.Without = nil }))},
	"mailbox: label always marks read":     {"label flag", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) { m.Flag = exdesk.Read }))},
	"mailbox: the record loses its digest": {"label record", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) { m.Record.Digest = "" }))},
	"mailbox: the reason is cut too short": {"label long record", brokenMailbox(remarked(func(_ *Inbox, m *exdesk.Mark) {
		m.Record.Reason = m.Record.Reason[:min(len(m.Record.Reason), 255)]
	}))},
	"mailbox: a category is put there again": {"label twice", brokenMailbox(remarked(func(b *Inbox, m *exdesk.Mark) {
		change(b, m.ID, func(i *exdesktest.Item) { i.Categories = append(i.Categories, m.Categories...) })
	}))},
	"mailbox: one error for all marks": {"label order", brokenMailbox(answered(func(errs []error) []error {
		i := max(0, slices.IndexFunc(errs, func(err error) bool { return err != nil }))
		return errs[i:min(i+1, len(errs))]
	}))},
	"mailbox: the errors are out of order": {"label order", brokenMailbox(answered(func(errs []error) []error {
		slices.Reverse(errs)
		return errs
	}))},
	"mailbox: the record comes after the category": {"label at once", brokenMailbox(func(b *bentInbox) {
		b.label = func(ctx context.Context, marks []exdesk.Mark) []error {
			for _, m := range marks {
				change(b.Inbox, m.ID, func(i *exdesktest.Item) { i.Categories = append(i.Categories, m.Categories...) })
			}
			time.Sleep(10 * time.Millisecond)
			return b.Inbox.Label(ctx, marks)
		}
	})},
	"mailbox: who writes last wins": {"label together", brokenMailbox(func(b *bentInbox) {
		b.label = func(ctx context.Context, marks []exdesk.Mark) []error {
			var was []exdesktest.Item
			for _, m := range marks {
				item, _ := inboxUnderTest(b.Inbox).Look(m.ID)
				was = append(was, item)
			}
			time.Sleep(time.Millisecond) // between reading and writing
			for i, m := range marks {
				change(b.Inbox, m.ID, func(item *exdesktest.Item) { item.Categories = was[i].Categories })
			}
			return b.Inbox.Label(ctx, marks)
		}
	})},
	"mailbox: label says that it wrote when it did not": {"label cancelled", brokenMailbox(func(b *bentInbox) {
		b.label = func(ctx context.Context, marks []exdesk.Mark) []error {
			if errs := b.Inbox.Label(ctx, marks); ctx.Err() == nil {
				return errs
			}
			return make([]error, len(marks))
		}
	})},
}
