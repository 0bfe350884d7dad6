package exdesktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

// bentBook is a Book that does some of it otherwise.
type bentBook struct {
	*Book
	ticket       func(ctx context.Context, id int64) (*exdesk.Ticket, error)
	find         func(ctx context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error)
	upload       func(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error)
	create       func(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error)
	conversation func(ctx context.Context, id int64, since time.Time) (*exdesk.Conversation, error)
	comment      func(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error)
	texts        func(ctx context.Context, id int64) ([]string, error)
	person       func(ctx context.Context, address string) (*exdesk.Person, error)
	addresses    func(ctx context.Context, person int64) ([]string, error)
	encoded      func(ctx context.Context, ids, addresses []string) (int64, error)
	imported     func(ctx context.Context, t *exdesk.NewTicket, written time.Time) (*exdesk.Ticket, error)
}

func (b *bentBook) Ticket(ctx context.Context, id int64) (*exdesk.Ticket, error) {
	return b.ticket(ctx, id)
}
func (b *bentBook) Find(ctx context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error) {
	return b.find(ctx, externalID, since)
}
func (b *bentBook) Upload(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
	return b.upload(ctx, f)
}
func (b *bentBook) Create(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
	return b.create(ctx, t)
}
func (b *bentBook) Conversation(ctx context.Context, id int64, since time.Time) (*exdesk.Conversation, error) {
	return b.conversation(ctx, id, since)
}
func (b *bentBook) Comment(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
	return b.comment(ctx, to, n)
}
func (b *bentBook) PrivateTexts(ctx context.Context, id int64) ([]string, error) {
	return b.texts(ctx, id)
}

func (b *bentBook) Person(ctx context.Context, address string) (*exdesk.Person, error) {
	return b.person(ctx, address)
}
func (b *bentBook) Addresses(ctx context.Context, person int64) ([]string, error) {
	return b.addresses(ctx, person)
}
func (b *bentBook) Encoded(ctx context.Context, ids, addresses []string) (int64, error) {
	return b.encoded(ctx, ids, addresses)
}
func (b *bentBook) Import(ctx context.Context, t *exdesk.NewTicket, written time.Time) (*exdesk.Ticket, error) {
	return b.imported(ctx, t, written)
}

// brokenDesk is the suite over a Book of which bend breaks one promise.
func brokenDesk(bend func(b *bentBook)) func(t *testing.T) {
	return func(t *testing.T) {
		exdesktest.Desk(t, synctest.Test, func(*testing.T) exdesktest.DeskUnderTest {
			in := new(Book)
			b := &bentBook{in, in.Ticket, in.Find, in.Upload, in.Create, in.Conversation, in.Comment, in.PrivateTexts, in.Person, in.Addresses, in.Encoded, in.Import}
			bend(b)
			d := bookUnderTest(in)
			d.Desk = b
			return d
		})
	}
}

// asked changes what is asked of Create.
func asked(f func(t *exdesk.NewTicket)) func(b *bentBook) {
	return func(b *bentBook) {
		b.create = func(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
			other := *t
			f(&other)
			return b.Book.Create(ctx, &other)
		}
	}
}

// refound changes what is found.
func refound(f func(list []*exdesk.Ticket) []*exdesk.Ticket) func(b *bentBook) {
	return func(b *bentBook) {
		b.find = func(ctx context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error) {
			list, err := b.Book.Find(ctx, externalID, since)
			return f(list), err
		}
	}
}

// reread changes what is read.
func reread(f func(c *exdesk.Conversation)) func(b *bentBook) {
	return func(b *bentBook) {
		b.conversation = func(ctx context.Context, id int64, since time.Time) (*exdesk.Conversation, error) {
			c, err := b.Book.Conversation(ctx, id, since)
			if err == nil {
				f(c)
			}
			return c, err
		}
	}
}

// said changes what is said in a comment.
func said(f func(b *Book, to *exdesk.Conversation, n *exdesk.NewComment)) func(b *bentBook) {
	return func(b *bentBook) {
		b.comment = func(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
			there, other := *to, *n
			f(b.Book, &there, &other)
			return b.Book.Comment(ctx, &there, &other)
		}
	}
}

// stamp makes the ticket look as it is now.
func stamp(b *Book, to *exdesk.Conversation) {
	if now, err := b.Conversation(context.Background(), to.ID, time.Now()); err == nil {
		to.Stamp = now.Stamp
	}
}

var brokenDesks = map[string]flaw{
	"desk: create ignores the key": {"create twice", brokenDesk(func(b *bentBook) {
		var n atomic.Int64
		asked(func(t *exdesk.NewTicket) { t.Key = fmt.Sprint(n.Add(1)) })(b)
	})},
	"desk: another body makes another ticket": {"create another", brokenDesk(asked(func(t *exdesk.NewTicket) { t.Key += t.Subject }))},
	"desk: it looks for the key before it makes the ticket": {"create together", brokenDesk(func(b *bentBook) {
		var n atomic.Int64
		b.create = func(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
			found, _ := b.Book.Find(ctx, t.ExternalID, time.Time{})
			time.Sleep(time.Millisecond)
			if len(found) > 0 {
				return found[0], nil
			}
			other := *t
			other.Key = fmt.Sprint(n.Add(1))
			return b.Book.Create(ctx, &other)
		}
	})},
	"desk: nobody is copied":           {"create", brokenDesk(asked(func(t *exdesk.NewTicket) { t.CCs = nil }))},
	"desk: a ticket has one file":      {"upload several", brokenDesk(asked(func(t *exdesk.NewTicket) { t.Uploads = t.Uploads[:min(1, len(t.Uploads))] }))},
	"desk: the origin is made without": {"find origin", brokenDesk(asked(func(t *exdesk.NewTicket) { t.Origin.MessageID = "" }))},
	"desk: what is odd is to come back": {"create odd", brokenDesk(func(b *bentBook) {
		b.create = func(ctx context.Context, t *exdesk.NewTicket) (*exdesk.Ticket, error) {
			if t.Subject == "" {
				return nil, exdesk.ErrTemporary
			}
			return b.Book.Create(ctx, t)
		}
	})},
	"desk: no ticket is no error": {"ticket", brokenDesk(func(b *bentBook) {
		b.ticket = func(ctx context.Context, id int64) (*exdesk.Ticket, error) {
			if t, err := b.Book.Ticket(ctx, id); err == nil {
				return t, nil
			}
			return new(exdesk.Ticket), nil
		}
	})},
	"desk: find forgets since": {"find since", brokenDesk(func(b *bentBook) {
		b.find = func(ctx context.Context, externalID string, _ time.Time) ([]*exdesk.Ticket, error) {
			return b.Book.Find(ctx, externalID, time.Time{})
		}
	})},
	"desk: find leaves out the moment itself": {"find since", brokenDesk(func(b *bentBook) {
		b.find = func(ctx context.Context, externalID string, since time.Time) ([]*exdesk.Ticket, error) {
			return b.Book.Find(ctx, externalID, since.Add(1))
		}
	})},
	"desk: find loses the origin": {"find", brokenDesk(refound(func(list []*exdesk.Ticket) []*exdesk.Ticket {
		for _, t := range list {
			t.Origin = exdesk.Origin{}
		}
		return list
	}))},
	"desk: find returns one of several": {"find", brokenDesk(refound(func(list []*exdesk.Ticket) []*exdesk.Ticket { return list[:min(1, len(list))] }))},
	"desk: find stops after a page":     {"find many", brokenDesk(refound(func(list []*exdesk.Ticket) []*exdesk.Ticket { return list[:min(100, len(list))] }))},
	"desk: find takes what begins alike": {"find", brokenDesk(func(b *bentBook) {
		b.find = func(ctx context.Context, externalID string, since time.Time) (found []*exdesk.Ticket, _ error) {
			for _, id := range bookUnderTest(b.Book).Tickets() {
				if t, err := b.Ticket(ctx, id); err == nil && strings.HasPrefix(t.ExternalID, externalID) && !t.Created.Before(since) {
					found = append(found, t)
				}
			}
			return found, nil
		}
	})},
	"desk: upload does not read to the end": {"upload read", brokenDesk(func(b *bentBook) {
		b.upload = func(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
			if other := *f; f.Size >= 0 {
				other.Body = io.LimitReader(f.Body, f.Size)
				return b.Book.Upload(ctx, &other)
			}
			return b.Book.Upload(ctx, f)
		}
	})},
	"desk: a file that was cut off is a file": {"upload error", brokenDesk(func(b *bentBook) {
		b.upload = func(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
			data, _ := io.ReadAll(f.Body)
			other := *f
			other.Body = strings.NewReader(string(data))
			return b.Book.Upload(ctx, &other)
		}
	})},
	"desk: a file is cut": {"upload", brokenDesk(func(b *bentBook) {
		b.upload = func(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
			other := *f
			other.Body = io.LimitReader(f.Body, 64<<10)
			return b.Book.Upload(ctx, &other)
		}
	})},
	"desk: a file that is too large is to come back": {"upload too large", brokenDesk(func(b *bentBook) {
		b.upload = func(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
			up, err := b.Book.Upload(ctx, f)
			if errors.Is(err, exdesk.ErrRefused) {
				err = exdesk.ErrTemporary
			}
			return up, err
		}
	})},
	"desk: a conversation forgets since": {"conversation since", brokenDesk(func(b *bentBook) {
		b.conversation = func(ctx context.Context, id int64, _ time.Time) (*exdesk.Conversation, error) {
			return b.Book.Conversation(ctx, id, time.Time{})
		}
	})},
	"desk: the ticket's own origin is not among them": {"conversation", brokenDesk(reread(func(c *exdesk.Conversation) {
		c.Origins = slices.DeleteFunc(c.Origins, func(o exdesk.Origin) bool { return o == c.Origin })
	}))},
	"desk: the stamp stays":         {"conversation changed", brokenDesk(reread(func(c *exdesk.Conversation) { c.Stamp = "always" }))},
	"desk: a merge is not told":     {"conversation merged", brokenDesk(reread(func(c *exdesk.Conversation) { c.MergedInto = 0 }))},
	"desk: nothing is private":      {"conversation private", brokenDesk(reread(func(c *exdesk.Conversation) { c.Private = false }))},
	"desk: comment ignores changes": {"comment conflict", brokenDesk(said(func(b *Book, to *exdesk.Conversation, _ *exdesk.NewComment) { stamp(b, to) }))},
	"desk: comment looks before it writes": {"comment together", brokenDesk(func(b *bentBook) {
		b.comment = func(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
			if now, err := b.Book.Conversation(ctx, to.ID, time.Time{}); err != nil || now.Stamp != to.Stamp {
				return b.Book.Comment(ctx, to, n)
			}
			time.Sleep(time.Millisecond)
			there := *to
			stamp(b.Book, &there)
			return b.Book.Comment(ctx, &there, n)
		}
	})},
	"desk: a closed ticket is refused for good": {"comment closed", brokenDesk(func(b *bentBook) {
		b.comment = func(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
			if c, ok := b.Book.look(to.ID); ok && c.Status == "closed" {
				return 0, exdesk.ErrRefused
			}
			return b.Book.Comment(ctx, to, n)
		}
	})},
	"desk: every comment is public": {"comment", brokenDesk(said(func(_ *Book, _ *exdesk.Conversation, n *exdesk.NewComment) { n.Public = true }))},
	"desk: a comment has no origin": {"comment", brokenDesk(said(func(_ *Book, _ *exdesk.Conversation, n *exdesk.NewComment) { n.Origin = exdesk.Origin{} }))},
	"desk: a comment's number is another": {"comment", brokenDesk(func(b *bentBook) {
		b.comment = func(ctx context.Context, to *exdesk.Conversation, n *exdesk.NewComment) (int64, error) {
			id, err := b.Book.Comment(ctx, to, n)
			return id + 1, err
		}
	})},
	"desk: tags replace those that are there": {"comment tags", brokenDesk(said(func(b *Book, to *exdesk.Conversation, n *exdesk.NewComment) {
		if len(n.Tags) > 0 {
			b.edit(to.ID, func(c *exdesktest.Case) { c.Tags = nil })
			stamp(b, to)
		}
	}))},
	"desk: nothing is opened again":    {"comment reopen", brokenDesk(said(func(_ *Book, _ *exdesk.Conversation, n *exdesk.NewComment) { n.Reopen = false }))},
	"desk: everything is opened again": {"comment reopen", brokenDesk(said(func(_ *Book, _ *exdesk.Conversation, n *exdesk.NewComment) { n.Reopen = true }))},
	"desk: private texts have the oldest first": {"private texts", brokenDesk(func(b *bentBook) {
		b.texts = func(ctx context.Context, id int64) ([]string, error) {
			list, err := b.Book.PrivateTexts(ctx, id)
			slices.Reverse(list)
			return list, err
		}
	})},
	"desk: private texts have the public ones": {"private texts", brokenDesk(func(b *bentBook) {
		b.texts = func(ctx context.Context, id int64) (list []string, err error) {
			c, _ := b.Book.look(id)
			for _, r := range c.Remarks {
				list = append(list, r.Text)
			}
			return list, nil
		}
	})},
}
