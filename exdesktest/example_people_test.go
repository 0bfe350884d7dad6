package exdesktest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
)

// somebody is a person whom a Book knows.
type somebody struct {
	exdesk.Person
	further []string // addresses besides the primary one
}

func (p *somebody) addresses() []string { return append([]string{p.Address}, p.further...) }

func (p *somebody) has(address string) bool {
	return slices.ContainsFunc(p.addresses(), func(a string) bool { return strings.EqualFold(a, address) })
}

// whose returns who has an address, or nil. It needs the lock, as known does.
func (b *Book) whose(address string) *somebody {
	if i := slices.IndexFunc(b.people, func(p *somebody) bool { return p.has(address) }); i >= 0 {
		return b.people[i]
	}
	return nil
}

// known returns who has an address, and makes him known if need be.
func (b *Book) known(a exdesk.Address) *somebody {
	p := b.whose(a.Address)
	if p == nil {
		p = &somebody{Person: exdesk.Person{ID: b.number(), Name: a.Name, Address: a.Address}}
		b.people = append(b.people, p)
	}
	return p
}

// join makes somebody known.
func (b *Book) join(p exdesk.Person, further ...string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.ID = b.number()
	b.people = append(b.people, &somebody{p, further})
	return p.ID
}

// Person implements exdesk.People.
func (b *Book) Person(_ context.Context, address string) (*exdesk.Person, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.whose(address); p != nil {
		person := p.Person
		return &person, nil
	}
	return nil, nil
}

// SupportAddresses implements exdesk.People.
func (b *Book) SupportAddresses(context.Context) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.support), nil
}

// Addresses implements exdesk.People.
func (b *Book) Addresses(_ context.Context, person int64) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.people {
		if p.ID == person {
			return p.addresses(), nil
		}
	}
	return nil, fmt.Errorf("book: there is no person %d: %w", person, exdesk.ErrNotFound)
}

// encoded is what a ticket's notifications call it.
func encoded(ticket int64) string { return fmt.Sprintf("BOOKID-%05d", ticket) }

// Encoded implements exdesk.People.
func (b *Book) Encoded(_ context.Context, ids, addresses []string) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		for _, s := range b.tickets {
			theirs := slices.ContainsFunc(addresses, func(a string) bool {
				p := b.whose(a)
				return p != nil && (p.has(s.Requester) || slices.ContainsFunc(s.CCs, p.has))
			})
			if encoded(s.id) == id && theirs {
				return s.id, nil
			}
		}
	}
	return 0, nil
}
