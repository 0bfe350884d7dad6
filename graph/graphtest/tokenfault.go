package graphtest

import (
	"errors"
	"fmt"
	"net/http"
)

// TokenFault is a scripted refusal of the token endpoint: what a tenant's
// policies, an administrator or Entra ID itself do to a program that did
// nothing wrong. The request has no effect. Fault scripts what happens to
// requests as such: delays, lost answers, other bodies.
type TokenFault struct {
	// Grant is the grant_type that it befalls, such as refresh_token; empty is
	// any.
	Grant string
	// Number is Entra ID's number, such as 50076. What is not set below is
	// what is usual for it; a number that this server does not know needs
	// Error.
	Number int
	// Error is such as invalid_grant.
	Error string
	// Text follows the number in error_description.
	Text string
	// Suberror is such as consent_required, or token_expired.
	Suberror string
	// Claims is a claims challenge, JSON within a string, as Conditional Access
	// sends it.
	Claims string
	// RetryAfter is the value of that field.
	RetryAfter string
	// Status is 400 to 599; 0 is what is usual.
	Status int
	// Skip lets so many requests pass first; then Times fail: 0 is one, -1 all.
	Skip, Times int
}

// FailTokens appends f to what the token endpoint will refuse. It refuses what
// cannot work. ClearFaults ends it.
func (s *Server) FailTokens(f TokenFault) error {
	_, known := aadsts[f.Number]
	switch {
	case !known && (f.Error == "" || f.Number <= 0):
		return fmt.Errorf("graphtest: AADSTS%d is not known here: say which Error it comes with", f.Number)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("graphtest: Status %d is no refusal: 400 to 599, or 0 for what is usual", f.Status)
	case f.Skip < 0 || f.Times < -1:
		return errors.New("graphtest: Skip is 0 or more, Times -1 or more")
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	s.entra.faults = append(s.entra.faults, &f)
	return nil
}

// befallen returns the refusal that is scripted for a request, if one is.
// entra.mu is held.
func (e *entra) befallen(grant string) *tokenRefusal {
	for _, f := range e.faults {
		switch {
		case f.Grant != "" && f.Grant != grant || f.Times == 0:
			continue
		case f.Skip > 0:
			f.Skip--
			continue
		case f.Times > 0:
			f.Times--
		}
		return f.refusal()
	}
	return nil
}

func (f *TokenFault) refusal() *tokenRefusal {
	no := trouble(f.Number)
	if no.status == 0 {
		no.status, no.text = http.StatusBadRequest, "A scripted failure."
	}
	for _, v := range []struct {
		text *string
		set  string
	}{{&no.err, f.Error}, {&no.text, f.Text}, {&no.suberror, f.Suberror}, {&no.claims, f.Claims}, {&no.retryAfter, f.RetryAfter}} {
		if v.set != "" {
			*v.text = v.set
		}
	}
	if f.Status != 0 {
		no.status = f.Status
	}
	return no
}
