package zendesktest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// SupportAddress is an address that mail for the account is sent to.
type SupportAddress struct {
	ID    int64
	Email string
	// Name is what notifications from it are said to be from; the default is
	// the account's subdomain.
	Name string
	// Default makes it the account's default address, instead of the one that
	// was.
	Default bool
	// BrandID is the brand's; the default is that of the account's only one.
	BrandID int64
	// Forwarding says whether mail to it arrives at Zendesk: "unknown",
	// "waiting", "verified" or "failed"; the default is "verified".
	Forwarding string
	// SPF, CNAME and Domain say what was found of its domain's records:
	// "unknown", "verified" or "failed"; the default is "verified".
	SPF, CNAME, Domain string
}

type supportAddress struct {
	SupportAddress
	created, updated time.Time
}

func (s *Server) isSupport(email string) bool { return s.supportAt(email) != nil }

func (s *Server) supportAt(email string) *supportAddress {
	for _, a := range s.support {
		if fold(a.Email) == fold(email) {
			return a
		}
	}
	return nil
}

// AddSupportAddress adds a support address, or gives the one whose address
// v.Email is the rest of v, and returns it with what is filled in; v.ID is
// ignored. The first of an account is its default one. It panics if the address
// is malformed or there is no such status.
func (s *Server) AddSupportAddress(v SupportAddress) SupportAddress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addSupport(v)
}

func (s *Server) addSupport(v SupportAddress) SupportAddress {
	if !validEmail(fold(v.Email)) {
		panic("zendesktest: a support address that is malformed: " + v.Email)
	}
	statuses := []string{"unknown", "verified", "failed"}
	for field, allowed := range map[*string][]string{
		&v.Forwarding: append(statuses, "waiting"), &v.SPF: statuses, &v.CNAME: statuses, &v.Domain: statuses,
	} {
		if *field == "" {
			*field = "verified"
		}
		if !slices.Contains(allowed, *field) {
			panic("zendesktest: no such status of a support address: " + *field)
		}
	}
	if v.Name == "" {
		v.Name = s.opt.Subdomain
	}
	if v.BrandID == 0 {
		v.BrandID = brandID
	}
	a := s.supportAt(v.Email)
	if a == nil {
		a = &supportAddress{SupportAddress: SupportAddress{ID: s.nextID()}, created: s.second()}
		s.support = append(s.support, a)
	}
	v.ID, v.Default = a.ID, v.Default || a.Default || len(s.support) == 1
	if v.Default {
		for _, other := range s.support {
			other.Default = false
		}
	}
	a.SupportAddress, a.updated = v, s.second()
	return v
}

// listSupportAddresses answers all of them.
// https://developer.zendesk.com/api-reference/ticketing/account-configuration/support_addresses/
func (s *Server) listSupportAddresses(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, len(s.support))
	for i, a := range s.support {
		ids[i] = a.ID
	}
	w, bad := s.page(c, ids, false)
	if bad != nil {
		return bad
	}
	out := []object{}
	for _, a := range s.support[w.from:w.to] {
		out = append(out, a.object())
	}
	return reply(http.StatusOK, w.into(object{"recipient_addresses": out}))
}

func (s *Server) showSupportAddress(c *call) *answer {
	id, err := strconv.ParseInt(c.vars["id"], 10, 64)
	if err != nil {
		return invalidAttribute("id", "an integer")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.support {
		if a.ID == id {
			return reply(http.StatusOK, object{"recipient_address": a.object()})
		}
	}
	return notFound()
}

func (a *supportAddress) object() object {
	return object{
		"id": a.ID, "brand_id": a.BrandID, "default": a.Default, "name": a.Name, "email": a.Email,
		"forwarding_status": a.Forwarding, "spf_status": a.SPF, "cname_status": a.CNAME, "domain_verification_status": a.Domain,
		"created_at": stamp(a.created), "updated_at": stamp(a.updated),
	}
}
