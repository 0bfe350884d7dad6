package exdesktest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// bentPost is a Post behind a service that fails when it is told to, and that does
// some of it otherwise.
type bentPost struct {
	*Post
	copies  func(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error)
	draft   func(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error)
	ready   func(ctx context.Context, l *exdesk.Letter, id string, r exdesk.Record) ([]*exdesk.Copy, error)
	send    func(ctx context.Context, id string) error
	discard func(ctx context.Context, l *exdesk.Letter, id string) error
	letters func(ctx context.Context, notification string) ([]*exdesk.Copy, error)
	remove  func(ctx context.Context, id string) error

	down bool            // the service fails
	lose bool            // the next answer to a change gets lost
	late map[string]bool // drafts whose sending failed, unless it is nil
}

// trouble is the error of a service that is not there.
func (b *bentPost) trouble() error {
	if b.down {
		return fmt.Errorf("post: it is closed: %w", exdesk.ErrTemporary)
	}
	return nil
}

// lost is the error instead of an answer to a change.
func (b *bentPost) lost(class error) error {
	if !b.lose {
		return nil
	}
	b.lose = false
	return fmt.Errorf("post: the answer was lost: %w", class)
}

func (b *bentPost) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	if err := b.trouble(); err != nil {
		return func(yield func(*exdesk.Mail, error) bool) { yield(nil, err) }
	}
	return b.Post.Unread(ctx)
}

func (b *bentPost) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	if err := b.trouble(); err != nil {
		return nil, err
	}
	return b.Post.Open(ctx, id)
}

func (b *bentPost) Label(ctx context.Context, marks []exdesk.Mark) []error {
	errs := make([]error, len(marks))
	if err := b.trouble(); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	errs = b.Post.Label(ctx, marks)
	if err := b.lost(exdesk.ErrTemporary); err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

func (b *bentPost) Copies(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
	if err := b.trouble(); err != nil {
		return nil, err
	}
	return b.copies(ctx, l, id)
}

func (b *bentPost) Draft(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
	if err := b.trouble(); err != nil {
		return nil, err
	}
	made, err := b.draft(ctx, l, begun)
	if lost := b.lost(exdesk.ErrTemporary); lost != nil {
		return nil, lost
	}
	return made, err
}

func (b *bentPost) Ready(ctx context.Context, l *exdesk.Letter, id string, r exdesk.Record) ([]*exdesk.Copy, error) {
	if err := b.trouble(); err != nil {
		return nil, err
	}
	return b.ready(ctx, l, id, r)
}

func (b *bentPost) Send(ctx context.Context, id string) error {
	if err := b.trouble(); err != nil {
		if b.late != nil {
			b.late[id] = true
		}
		return err
	}
	err := b.send(ctx, id)
	if lost := b.lost(exdesk.ErrDoubtful); lost != nil {
		return lost
	}
	return err
}

func (b *bentPost) Discard(ctx context.Context, l *exdesk.Letter, id string) error {
	if err := b.trouble(); err != nil {
		return err
	}
	return b.discard(ctx, l, id)
}

func (b *bentPost) Letters(ctx context.Context, notification string) ([]*exdesk.Copy, error) {
	return b.letters(ctx, notification)
}

func (b *bentPost) Delete(ctx context.Context, id string) error { return b.remove(ctx, id) }

// brokenOutbox is the suite over a Post of which bend breaks one promise.
func brokenOutbox(bend func(b *bentPost)) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Mailbox(t, synctest.Test, func(*testing.T) exdesktest.MailboxUnderTest {
			p := new(Post)
			b := &bentPost{Post: p, copies: p.Copies, draft: p.Draft, ready: p.Ready, send: p.Send, discard: p.Discard, letters: p.Letters, remove: p.Delete}
			bend(b)
			m := postUnderTest(p)
			m.Mailbox = b
			m.Outage, m.Lose = func(on bool) { b.down = on }, func() { b.lose = true }
			return m
		})
	}
}

// TestPostInTrouble is what of the suite an implementation at a service goes
// through.
func TestPostInTrouble(t *testing.T) { brokenOutbox(func(*bentPost) {})(t) }

// drafted changes what becomes of a letter that is made a draft.
func drafted(f func(p *Post, l *exdesk.Letter, o *outgoing)) func(t *testing.T) {
	return brokenOutbox(func(b *bentPost) {
		b.draft = func(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
			made, err := b.Post.Draft(ctx, l, begun)
			if err != nil {
				return nil, err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			o := b.Post.letters[made.ID]
			f(b.Post, l, o)
			return o.show(), nil
		}
	})
}

// recopied changes what is found of a letter.
func recopied(f func(list []*exdesk.Copy) []*exdesk.Copy) func(t *testing.T) {
	return brokenOutbox(func(b *bentPost) {
		b.copies = func(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
			list, err := b.Post.Copies(ctx, l, id)
			return f(list), err
		}
	})
}

// retraced changes what is found of a notification.
func retraced(f func(list []*exdesk.Copy) []*exdesk.Copy) func(t *testing.T) {
	return brokenOutbox(func(b *bentPost) {
		b.letters = func(ctx context.Context, notification string) ([]*exdesk.Copy, error) {
			list, err := b.Post.Letters(ctx, notification)
			return f(list), err
		}
	})
}

// draftsOnly leaves out what was sent.
func draftsOnly(list []*exdesk.Copy) []*exdesk.Copy {
	return slices.DeleteFunc(list, func(c *exdesk.Copy) bool { return !c.Draft })
}

func reversed(list []*exdesk.Copy) []*exdesk.Copy {
	slices.Reverse(list)
	return list
}

var brokenOutboxes = map[string]flaw{
	"outbox: what is drafted leaves": {"outbox draft", drafted(func(p *Post, _ *exdesk.Letter, o *outgoing) {
		p.left = append(p.left, exdesktest.Departure{Recipients: o.copy.Recipients, MIME: p.letter(o.copy.ID).data})
	})},
	"outbox: a field is lost, and is said to be kept": {"outbox draft", drafted(func(p *Post, _ *exdesk.Letter, o *outgoing) {
		m := p.letter(o.copy.ID)
		m.data = bytes.Replace(m.data, []byte("Auto-Submitted"), []byte("X-Submitted"), 1)
	})},
	"outbox: nothing is told of the header": {"outbox draft", drafted(func(_ *Post, _ *exdesk.Letter, o *outgoing) { o.copy.Fields = nil })},
	"outbox: one recipient gets lost": {"outbox draft", drafted(func(_ *Post, _ *exdesk.Letter, o *outgoing) {
		o.copy.Recipients = o.copy.Recipients[:1]
	})},
	"outbox: a draft is in the Inbox": {"outbox draft", drafted(func(p *Post, _ *exdesk.Letter, o *outgoing) { p.letter(o.copy.ID).elsewhere = false })},
	"outbox: nobody else gets it": {"outbox send", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			err := b.Post.Send(ctx, id)
			if n := len(b.left); err == nil {
				b.left[n-1].Recipients = b.left[n-1].Recipients[:1]
			}
			return err
		}
	})},
	"outbox: it sends what was sent": {"outbox send", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			err := b.Post.Send(ctx, id)
			b.mu.Lock()
			defer b.mu.Unlock()
			if o := b.there(id); err != nil && o != nil {
				b.left = append(b.left, exdesktest.Departure{Recipients: o.copy.Recipients, MIME: b.letter(id).data})
				return nil
			}
			return err
		}
	})},
	"outbox: the copy forgets the record": {"outbox send", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			b.mu.Lock()
			if o := b.there(id); o != nil {
				o.copy.Record = nil
			}
			b.mu.Unlock()
			return b.Post.Send(ctx, id)
		}
	})},
	"outbox: what was sent is not found": {"outbox send", recopied(draftsOnly)},
	"outbox: ready does not write": {"outbox ready", brokenOutbox(func(b *bentPost) {
		b.ready = func(ctx context.Context, l *exdesk.Letter, id string, _ exdesk.Record) ([]*exdesk.Copy, error) {
			return b.Post.Copies(ctx, l, id)
		}
	})},
	"outbox: ready shows its own draft alone": {"outbox ready", brokenOutbox(func(b *bentPost) {
		b.ready = func(ctx context.Context, l *exdesk.Letter, id string, r exdesk.Record) ([]*exdesk.Copy, error) {
			list, err := b.Post.Ready(ctx, l, id, r)
			return slices.DeleteFunc(list, func(c *exdesk.Copy) bool { return c.ID != id }), err
		}
	})},
	"outbox: who goes on begins anew": {"outbox finished", brokenOutbox(func(b *bentPost) {
		b.draft = func(ctx context.Context, l *exdesk.Letter, _ *exdesk.Copy) (*exdesk.Copy, error) {
			return b.Post.Draft(ctx, l, nil)
		}
	})},
	"outbox: one draft is found": {"outbox two drafts", recopied(func(list []*exdesk.Copy) []*exdesk.Copy { return list[:min(len(list), 1)] })},
	"outbox: the newest first":   {"outbox two drafts", recopied(reversed)},
	"outbox: a draft is the letter's own": {"outbox two drafts", brokenOutbox(func(b *bentPost) {
		b.draft = func(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
			if list, err := b.Post.Copies(ctx, l, ""); err == nil && begun == nil && len(list) > 0 {
				return list[0], nil
			}
			return b.Post.Draft(ctx, l, begun)
		}
	})},
	"outbox: what is discarded is found": {"outbox discard", brokenOutbox(func(b *bentPost) {
		b.discard = func(context.Context, *exdesk.Letter, string) error { return nil }
	})},
	"outbox: what is discarded is sent all the same": {"outbox discard", brokenOutbox(func(b *bentPost) {
		gone := make(map[string]exdesktest.Departure)
		b.discard = func(ctx context.Context, l *exdesk.Letter, id string) error {
			b.mu.Lock()
			if o := b.there(id); o != nil {
				gone[id] = exdesktest.Departure{Recipients: o.copy.Recipients, MIME: b.letter(id).data}
			}
			b.mu.Unlock()
			return b.Post.Discard(ctx, l, id)
		}
		b.send = func(ctx context.Context, id string) error {
			if d, ok := gone[id]; ok {
				b.left = append(b.left, d)
				return nil
			}
			return b.Post.Send(ctx, id)
		}
	})},
	"outbox: what was sent meanwhile is drafted again": {"outbox sent meanwhile", brokenOutbox(func(b *bentPost) {
		b.draft = func(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
			made, err := b.Post.Draft(ctx, l, begun)
			if err != nil {
				return b.Post.Draft(ctx, l, nil)
			}
			return made, nil
		}
	})},
	"outbox: what was sent is discarded": {"outbox sent meanwhile", brokenOutbox(func(b *bentPost) {
		b.discard = func(ctx context.Context, _ *exdesk.Letter, id string) error { return b.Post.Delete(ctx, id) }
	})},
	"outbox: sending what is gone succeeds": {"outbox deleted meanwhile", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			if b.Post.Send(ctx, id) != nil {
				return nil
			}
			return nil
		}
	})},
	"outbox: sending what is gone is a refusal": {"outbox deleted meanwhile", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			if err := b.Post.Send(ctx, id); err != nil {
				return fmt.Errorf("post: %w", exdesk.ErrRefused)
			}
			return nil
		}
	})},
	"outbox: all parts of a notification are one": {"outbox apart", brokenOutbox(func(b *bentPost) {
		b.copies = func(ctx context.Context, l *exdesk.Letter, _ string) ([]*exdesk.Copy, error) {
			return b.Post.Letters(ctx, l.Notification)
		}
	})},
	"outbox: whoever has its Message-ID is the letter": {"outbox apart", brokenOutbox(func(b *bentPost) {
		b.copies = func(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
			list, err := b.Post.Copies(ctx, l, id)
			for _, m := range b.mails {
				if m.MessageID == l.MessageID && b.Post.letters[m.ID] == nil && m.data != nil {
					list = append(list, &exdesk.Copy{ID: m.ID, MessageID: m.MessageID})
				}
			}
			return list, err
		}
	})},
	"outbox: everybody sees who is in Bcc": {"outbox blind", drafted(func(p *Post, l *exdesk.Letter, o *outgoing) {
		m := p.letter(o.copy.ID)
		m.data = slices.Concat(l.Header, m.data[bytes.Index(m.data, []byte("\r\n\r\n"))+4:])
	})},
	"outbox: who is in Bcc gets nothing": {"outbox blind", drafted(func(_ *Post, _ *exdesk.Letter, o *outgoing) {
		o.copy.Recipients = slices.DeleteFunc(slices.Clone(o.copy.Recipients), func(a string) bool { return strings.HasPrefix(a, "secret@") })
	})},
	"outbox: a large letter is cut": {"outbox large", drafted(func(p *Post, _ *exdesk.Letter, o *outgoing) {
		m := p.letter(o.copy.ID)
		m.data = m.data[:min(len(m.data), 4<<20)]
	})},
	"outbox: what is sent in an outage leaves after it": {"outbox outage", brokenOutbox(func(b *bentPost) {
		b.late = make(map[string]bool)
		b.copies = func(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
			for id := range b.late {
				_ = b.Post.Send(ctx, id)
			}
			return b.Post.Copies(ctx, l, id)
		}
	})},
	"outbox: a lost answer is said to be a failure": {"outbox lost answer", brokenOutbox(func(b *bentPost) {
		b.send = func(ctx context.Context, id string) error {
			err := b.Post.Send(ctx, id)
			if b.lose {
				b.lose = false
				return fmt.Errorf("post: the answer was lost: %w", exdesk.ErrRefused)
			}
			return err
		}
	})},
	"outbox: a draft whose answer was lost is not found": {"outbox lost answer", brokenOutbox(func(b *bentPost) {
		b.draft = func(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
			made, err := b.Post.Draft(ctx, l, begun)
			if err == nil && b.lose {
				b.Post.letters[made.ID].key = "" // which is written when the answer is there
			}
			return made, err
		}
	})},
	"tracer: drafts alone":     {"tracer", retraced(draftsOnly)},
	"tracer: the newest first": {"tracer", retraced(reversed)},
	"tracer: names that begin so": {"tracer", brokenOutbox(func(b *bentPost) {
		b.letters = func(_ context.Context, notification string) ([]*exdesk.Copy, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.list(func(o *outgoing) bool { return strings.HasPrefix(o.notification, notification) }), nil
		}
	})},
	"tracer: nothing is told of the header": {"tracer", retraced(func(list []*exdesk.Copy) []*exdesk.Copy {
		for _, c := range list {
			c.Fields = nil
		}
		return list
	})},
	"tracer: what was discarded is found": {"tracer", brokenOutbox(func(b *bentPost) {
		b.letters = func(_ context.Context, notification string) ([]*exdesk.Copy, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			var list []*exdesk.Copy
			for _, m := range b.mails {
				if o := b.Post.letters[m.ID]; o != nil && o.notification == notification {
					list = append(list, o.show())
				}
			}
			return list, nil
		}
	})},
	"tracer: what was sent is not deleted": {"tracer delete", brokenOutbox(func(b *bentPost) {
		b.remove = func(ctx context.Context, id string) error {
			if o := b.Post.letters[id]; o != nil && !o.copy.Draft {
				return nil
			}
			return b.Post.Delete(ctx, id)
		}
	})},
	"tracer: mail that came is not deleted": {"tracer delete", brokenOutbox(func(b *bentPost) {
		b.remove = func(ctx context.Context, id string) error {
			if b.Post.letters[id] == nil {
				return fmt.Errorf("post: %s is no letter: %w", id, exdesk.ErrNotFound)
			}
			return b.Post.Delete(ctx, id)
		}
	})},
}
