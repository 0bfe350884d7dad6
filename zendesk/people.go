package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// person is what is read of a user.
type person struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	Role        string `json:"role"`
	PrivateOnly bool   `json:"only_private_comments"`
	Restriction string `json:"ticket_restriction"` // null, or what a restricted agent sees
	Group       int64  `json:"default_group_id"`
	Suspended   bool   `json:"suspended"`
}

func (p *person) desk() *exdesk.Person {
	out := &exdesk.Person{ID: p.ID, Name: p.Name, Address: p.Email, Suspended: p.Suspended}
	if out.Agent = p.Role != "end-user"; out.Agent { // of others the rest means nothing
		out.PrivateOnly, out.Restricted = p.PrivateOnly, p.Restriction != ""
		if p.Restriction == "groups" {
			out.Group = p.Group // he may be in more, of which this does not tell
		}
	}
	return out
}

// Person implements exdesk.People. Somebody's secondary addresses are found as
// well.
func (c *Client) Person(ctx context.Context, address string) (*exdesk.Person, error) {
	p, err := c.person(ctx, address)
	if p == nil || err != nil {
		return nil, err
	}
	return p.desk(), nil
}

// maxNamesakes is how many users are asked for further addresses: the search
// finds parts of addresses too.
const maxNamesakes = 20

var (
	// errNamesakes is the cause when there are more than maxNamesakes.
	errNamesakes = errors.New("too many users have an address like this one")
	// errFurther is the cause when it takes people's further addresses, which
	// may not be read.
	errFurther = errors.New("further addresses of users cannot be read")
)

// person takes who cannot be told for nobody.
func (c *Client) person(ctx context.Context, address string) (*person, error) {
	p, err := c.lookup(ctx, address)
	if errors.Is(err, errFurther) {
		c.log.WarnContext(ctx, "secondary addresses of users cannot be read", "error", err)
		return nil, nil
	}
	return p, err
}

// lookup finds who has an address; errFurther and errNamesakes mean that it
// cannot be told.
func (c *Client) lookup(ctx context.Context, address string) (*person, error) {
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '"' || r >= 0x7f }) {
		return nil, nil // it would be another query, or another address; Zendesk has no such users
	}
	var out struct{ Users []person }
	req := &rest.Request{Op: "find user", Path: []string{"users", "search"}, Query: "query=" + url.QueryEscape(`email:"`+address+`"`)}
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.Users == nil || slices.ContainsFunc(out.Users, func(p person) bool { return p.ID <= 0 || p.Role == "" }) {
		return nil, another(req.Op, "a list of users") // who has no role could be an agent or not
	}
	for i := range out.Users {
		if strings.EqualFold(out.Users[i].Email, address) {
			return &out.Users[i], nil
		}
	}
	if len(out.Users) > maxNamesakes {
		// Not knowing is no answer.
		return nil, explain(&rest.Failure{Op: req.Op, Status: http.StatusForbidden, Wait: -1, Err: errNamesakes})
	}
	for i := range out.Users {
		has, err := c.hasAddress(ctx, out.Users[i].ID, address)
		if errors.Is(err, exdesk.ErrAccess) {
			// QUIRK: by one edition of the page this takes the scope "read".
			return nil, fmt.Errorf("%w: %w", errFurther, err)
		}
		if err != nil {
			return nil, err
		}
		if has {
			return &out.Users[i], nil
		}
	}
	return nil, nil
}

func (c *Client) hasAddress(ctx context.Context, id int64, address string) (bool, error) {
	all, err := c.Addresses(ctx, id)
	return slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, address) }), err
}

// Addresses implements exdesk.People.
func (c *Client) Addresses(ctx context.Context, id int64) ([]string, error) {
	var list []string
	req := &rest.Request{Op: "read addresses of a user", Path: []string{"users", strconv.FormatInt(id, 10), "identities"}, Query: "page%5Bsize%5D=100"}
	for n := 0; req != nil && n < 10; n++ {
		var out struct {
			Identities []struct{ Type, Value string }
			paging
		}
		if _, err := c.do(ctx, req, &out); err != nil {
			return nil, err
		}
		if out.Identities == nil {
			return nil, another(req.Op, "a list of addresses")
		}
		for _, i := range out.Identities {
			if i.Type == "email" {
				list = append(list, i.Value)
			}
		}
		req = out.next(req.Op)
	}
	return list, nil
}

// SupportAddresses implements exdesk.People.
func (c *Client) SupportAddresses(ctx context.Context) ([]string, error) {
	all, err := c.supportAddresses(ctx)
	list := make([]string, len(all))
	for i, a := range all {
		list[i] = a.Email
	}
	return list, err
}

// Encoded implements exdesk.People. No search by encoded id is documented, but
// every ticket tells its own: so the newest hundred tickets that each person
// requested or is copied on are gone through, and of agents those that they
// are assigned or follow.
func (c *Client) Encoded(ctx context.Context, ids, addresses []string) (int64, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	found := make(map[string]int64)
	for _, address := range addresses {
		p, err := c.person(ctx, address)
		if errors.Is(err, exdesk.ErrAccess) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if p == nil {
			continue
		}
		lists := []string{"requested", "ccd"}
		if p.Role != "end-user" {
			lists = []string{"assigned", "followed", "ccd", "requested"}
		}
		for _, list := range lists {
			if err := c.encodedIn(ctx, p.ID, list, found); err != nil {
				return 0, err
			}
			if ticket := found[ids[0]]; ticket != 0 {
				return ticket, nil
			}
		}
	}
	for _, id := range ids {
		if ticket := found[id]; ticket != 0 {
			return ticket, nil
		}
	}
	return 0, nil
}

// encodedIn adds the tickets of a list to found.
func (c *Client) encodedIn(ctx context.Context, user int64, list string, found map[string]int64) error {
	var out struct {
		Tickets []struct {
			ID      int64  `json:"id"`
			Encoded string `json:"encoded_id"`
		} `json:"tickets"`
	}
	req := &rest.Request{Op: "list tickets of a user", Path: []string{"users", strconv.FormatInt(user, 10), "tickets", list},
		Query: "sort=-updated_at&page%5Bsize%5D=100"}
	if _, err := c.do(ctx, req, &out); err != nil {
		return err
	}
	if out.Tickets == nil {
		return another(req.Op, "a list of tickets")
	}
	for _, t := range out.Tickets {
		if t.Encoded != "" {
			found[t.Encoded] = t.ID
		}
	}
	return nil
}
