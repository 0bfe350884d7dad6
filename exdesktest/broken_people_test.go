package exdesktest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// identified changes what is told of a person.
func identified(f func(address string, p *exdesk.Person) *exdesk.Person) func(b *bentBook) {
	return func(b *bentBook) {
		b.person = func(ctx context.Context, address string) (*exdesk.Person, error) {
			p, err := b.Book.Person(ctx, address)
			if p != nil {
				p = f(address, p)
			}
			return p, err
		}
	}
}

// recalled changes what is imported.
func recalled(f func(t *exdesk.NewTicket, written *time.Time)) func(b *bentBook) {
	return func(b *bentBook) {
		b.imported = func(ctx context.Context, t *exdesk.NewTicket, written time.Time) (*exdesk.Ticket, error) {
			other := *t
			f(&other, &written)
			return b.Book.Import(ctx, &other, written)
		}
	}
}

var brokenPeople = map[string]flaw{
	"people: the case of an address counts": {"person", brokenDesk(identified(func(address string, p *exdesk.Person) *exdesk.Person {
		if address != strings.ToLower(address) {
			return nil
		}
		return p
	}))},
	"people: further addresses are nobody's": {"person", brokenDesk(identified(func(address string, p *exdesk.Person) *exdesk.Person {
		if !strings.EqualFold(address, p.Address) {
			return nil
		}
		return p
	}))},
	"people: a part of an address will do": {"person odd", brokenDesk(func(b *bentBook) {
		b.person = func(ctx context.Context, address string) (*exdesk.Person, error) {
			b.Book.mu.Lock()
			defer b.Book.mu.Unlock()
			for _, p := range b.people {
				if strings.Contains(p.Address, address) {
					return &p.Person, nil
				}
			}
			return nil, nil
		}
	})},
	"people: a light agent may speak in public": {"person agents", brokenDesk(identified(func(_ string, p *exdesk.Person) *exdesk.Person {
		p.PrivateOnly = false
		return p
	}))},
	"people: nobody is suspended": {"person agents", brokenDesk(identified(func(_ string, p *exdesk.Person) *exdesk.Person {
		p.Suspended = false
		return p
	}))},
	"people: somebody has one address": {"person addresses", brokenDesk(func(b *bentBook) {
		b.addresses = func(ctx context.Context, person int64) ([]string, error) {
			list, err := b.Book.Addresses(ctx, person)
			return list[:min(1, len(list))], err
		}
	})},
	"people: the ticket that is named last counts": {"encoded", brokenDesk(func(b *bentBook) {
		b.encoded = func(ctx context.Context, ids, addresses []string) (int64, error) {
			ids = slices.Clone(ids)
			slices.Reverse(ids)
			return b.Book.Encoded(ctx, ids, addresses)
		}
	})},
	"people: anybody's ticket is found": {"encoded", brokenDesk(func(b *bentBook) {
		b.encoded = func(_ context.Context, ids, _ []string) (int64, error) {
			for _, id := range ids {
				for _, ticket := range bookUnderTest(b.Book).Tickets() {
					if encoded(ticket) == id {
						return ticket, nil
					}
				}
			}
			return 0, nil
		}
	})},
	"importer: a ticket is of today": {"import", brokenDesk(recalled(func(_ *exdesk.NewTicket, written *time.Time) { *written = time.Now() }))},
	"importer: the origin is lost":   {"import", brokenDesk(recalled(func(t *exdesk.NewTicket, _ *time.Time) { t.Origin = exdesk.Origin{} }))},
	"importer: the files are lost":   {"import", brokenDesk(recalled(func(t *exdesk.NewTicket, _ *time.Time) { t.Uploads = nil }))},
}
