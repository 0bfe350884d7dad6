package tokens

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// AppSource hands out the access tokens that an application gets for itself, by
// its own credentials, and gets new ones in time: there is no refresh token and
// nothing to keep. It is an oauth2.TokenSource that is safe for concurrent use;
// make it with NewAppSource.
type AppSource struct {
	cache
	get    func(context.Context) (*oauth2.Token, error)
	failed *failure // the flight's alone
}

var _ oauth2.TokenSource = (*AppSource)(nil)

// NewAppSource returns the AppSource that calls get for each token, one call at a
// time, which ends when its context does. It does no I/O.
func NewAppSource(get func(context.Context) (*oauth2.Token, error)) *AppSource {
	s := &AppSource{get: get}
	s.leeway, s.renew = leeway, s.renewed
	return s
}

// Scopes returns what the service said last that the token is good for; nil if it
// did not say.
func (s *AppSource) Scopes(ctx context.Context) ([]string, error) {
	if _, err := s.TokenContext(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.scopes(), nil
}

func (s *AppSource) renewed(ctx context.Context, refused string) (*record, *Error) {
	now := time.Now()
	s.mu.Lock()
	old := s.current
	s.mu.Unlock()
	again := old != nil && old.Access == refused
	if again && old.fresh(now, s.leeway) && s.brake.on(now) {
		return old, nil
	}
	if s.failed != nil && now.Before(s.failed.until) {
		return nil, s.failed.err
	}
	if again {
		s.brake.spend(now)
	}
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	r, e := (*record)(nil), (*Error)(nil)
	if token, err := s.get(ctx); err != nil {
		e = asError(opGet, err)
	} else if r, e = answered(token, now); e == nil {
		s.failed = nil
		return r, nil
	}
	s.failed = &failure{err: e, until: e.restsUntil()}
	return nil, e
}
