package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// SourceOptions are the settings of a Source. The zero value is ready to use.
type SourceOptions struct {
	// HTTPClient asks the token endpoint; its redirect policy and timeout are
	// not used. Default: connections that all Sources share.
	HTTPClient *http.Client
	// Leeway is how long before its end an access token is renewed, but not
	// more than a fifth of its life. Until it ends it is handed out if
	// renewing it is temporarily impossible. Default 5 minutes.
	Leeway time.Duration
}

// Source hands out an account's access token and renews it. It is an
// oauth2.TokenSource that is safe for concurrent use; other processes, and
// other Sources in this one, may use the same account in the same Store.
type Source struct {
	cache
	account string
	store   Store
	config  oauth2.Config
	http    *http.Client
	id      string // in claims

	// The flight's alone: one after another.
	unsaved  *unsaved
	failed   *failure
	notAfter notAfter
}

var _ oauth2.TokenSource = (*Source)(nil)

// unsaved is the outcome of a renewal that is not in the Store yet.
type unsaved struct {
	record  *record
	spent   string // the refresh token that it was had for
	version string
}

// failure is an answer that need not be asked for again so soon.
type failure struct {
	spent string // the refresh token that it is about
	err   *Error
	until time.Time
}

// notAfter ends, by this machine's clock, the wait for one claim.
type notAfter struct {
	claim claim
	at    time.Time
}

const (
	// asking is how long the token endpoint may take.
	asking = 20 * time.Second
	// claiming is how long other processes wait for one that is renewing.
	claiming = 30 * time.Second
	// skew is by how much the clocks of two machines may differ.
	skew = 2 * time.Minute
	// looking is how often the Store is looked at meanwhile.
	looking = 250 * time.Millisecond
	// saves is how often saving is tried, with longer and longer pauses, at a time:
	// for 19 seconds, while the claim still counts.
	saves = 20
	// lingering is how long after a claim ran out its owner may still save.
	lingering = 3 * time.Second
)

// NewSource returns the Source for an account for which a token was Put. It
// does no I/O. Of the config ClientID, ClientSecret and Endpoint are used;
// its AuthStyle is oauth2.AuthStyleInParams unless it says otherwise, which
// Entra and Zendesk both take: trying out which one is right would use up a refresh token.
func NewSource(account string, store Store, config *oauth2.Config, opts *SourceOptions) (*Source, error) {
	var o SourceOptions
	if opts != nil {
		o = *opts
	}
	switch err := checkAccount(account); {
	case err != nil:
		return nil, err
	case store == nil:
		return nil, errors.New("tokens: no store")
	case config == nil || config.ClientID == "":
		return nil, errors.New("tokens: no client id")
	case o.Leeway < 0:
		return nil, fmt.Errorf("tokens: a leeway of %s", o.Leeway)
	}
	if _, err := rest.ParseBase(config.Endpoint.TokenURL); err != nil {
		return nil, fmt.Errorf("tokens: token URL: %w", err)
	}
	s := &Source{account: account, store: store, id: rand.Text()}
	s.leeway, s.looks, s.renew = cmp.Or(o.Leeway, leeway), minding, s.renewed
	s.config = oauth2.Config{ClientID: config.ClientID, ClientSecret: config.ClientSecret, Endpoint: config.Endpoint}
	if s.config.Endpoint.AuthStyle == oauth2.AuthStyleAutoDetect {
		s.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	s.http = rest.TokenClient(o.HTTPClient)
	return s, nil
}

// Look is Look, for the Source's own account.
func (s *Source) Look(ctx context.Context) (*State, error) { return Look(ctx, s.store, s.account) }

// Scopes returns what the person has consented to, as the service said last;
// nil if it did not say.
func (s *Source) Scopes(ctx context.Context) ([]string, error) {
	state, err := s.Look(ctx)
	if err != nil {
		return nil, err
	}
	return state.Scopes, nil
}

// renewed returns a record with a token that can be used.
func (s *Source) renewed(ctx context.Context, refused string) (*record, *Error) {
	// The other half is for what has to be ended once it has begun.
	waiting, cancel := context.WithTimeout(ctx, flying/2)
	defer cancel()
	for again := false; ; again = true {
		if again {
			if err := rest.Sleep(waiting, looking); err != nil {
				return nil, &Error{Op: opRenew, Err: errors.New("another process is renewing"), wait: -1, classes: passing}
			}
		}
		if s.unsaved != nil {
			if _, err := s.keep(ctx); err != nil {
				return nil, err
			}
		}
		old, version, err := s.load(ctx)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		good := old.good(now) && (old.Access != refused || s.brake.on(now))
		switch {
		case !old.isOf(&s.config):
			return nil, &Error{Op: opRenew, Err: errOther, wait: -1, classes: []error{ErrClient},
				advice: "configure the application and the login host that it was made with, or " + signIn}
		case good && old.fresh(now, s.leeway):
			return old, nil
		case s.claimed(old.Claim, now):
			if good {
				return old, nil
			}
			continue
		case old.Refresh == "":
			if good {
				return old, nil
			}
			return nil, &Error{Op: opRenew, wait: -1, classes: []error{ErrExpired}, advice: "there is no refresh token, which Entra gives for the scope offline_access alone: " + signIn}
		case s.failed != nil && s.failed.spent == old.Refresh && now.Before(s.failed.until):
			if good {
				return old, nil
			}
			return nil, s.failed.err
		}
		// Whether the Store can be written is known before the refresh token
		// is used.
		mine := *old
		mine.Claim = &claim{By: s.id, Until: now.Add(claiming).Round(0).UTC()}
		version, failed := s.store.Save(ctx, s.account, mine.marshal(), version)
		if errors.Is(failed, ErrChanged) && ctx.Err() == nil {
			continue
		}
		if failed != nil {
			if good {
				return old, nil
			}
			return nil, storeError("save the tokens", failed)
		}
		if time.Since(now) > claiming-asking {
			continue // the Store was slow, and the claim could run out before the answer comes
		}
		if old.Access != "" && old.Access == refused {
			s.brake.spend(now)
		}
		fresh, err := s.ask(ctx, old)
		if fresh != nil {
			s.failed, s.unsaved = nil, &unsaved{fresh, old.Refresh, version}
			if err != nil {
				s.failed = &failure{fresh.Refresh, err, err.restsUntil()}
			}
			saved, failed := s.keep(ctx)
			switch {
			case failed != nil:
				return nil, failed
			case saved && err == nil:
				return fresh, nil // without another look: it may be what was refused
			}
			continue
		}
		if err.Code == "invalid_grant" && s.overtaken(ctx, old) {
			continue
		}
		s.release(ctx, old, version, err)
		s.failed = &failure{old.Refresh, err, err.restsUntil()}
		if good {
			return old, nil
		}
		return nil, err
	}
}

// claimed reports whether somebody else is about to use the refresh token. His
// clock may be wrong: a claim is obeyed although it has just run out, and the same
// one only for so long.
func (s *Source) claimed(c *claim, now time.Time) bool {
	if c == nil || c.By == s.id || !now.Before(c.Until.Add(skew)) {
		return false
	}
	if s.notAfter.claim != *c {
		s.notAfter = notAfter{*c, now.Add(claiming)}
	}
	return now.Before(s.notAfter.at)
}

func (s *Source) load(ctx context.Context) (*record, string, *Error) {
	return load(ctx, s.store, s.account)
}

// load returns what is kept.
func load(ctx context.Context, store Store, account string) (*record, string, *Error) {
	data, version, err := store.Load(ctx, account)
	var r *record
	if err == nil {
		r, err = parseRecord(data)
	}
	if err != nil {
		return nil, version, storeError("load the tokens", err)
	}
	return r, version, nil
}

// ask uses a refresh token. With an error may come what has to be saved all the
// same: a new refresh token, whose access token is of no use.
func (s *Source) ask(ctx context.Context, old *record) (*record, *Error) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	now := time.Now()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.http)
	token, err := s.config.TokenSource(ctx, &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		return nil, answerError(opRenew, err)
	}
	r, e := answered(token, now)
	if e == nil {
		r.renews(old)
		return r, nil
	}
	if token.RefreshToken != old.Refresh && visible(token.RefreshToken) {
		kept := *old
		kept.Refresh, kept.Claim = token.RefreshToken, nil
		return &kept, e
	}
	return nil, e
}

// overtaken reports whether the Store has another refresh token than the one
// that was refused. Who took over a claim gives its owner time to save.
func (s *Source) overtaken(ctx context.Context, old *record) bool {
	until := time.Now()
	if old.Claim != nil && old.Claim.By != s.id {
		until = until.Add(lingering)
	}
	for {
		now, _, err := s.load(ctx)
		if err == nil && now.Refresh != old.Refresh {
			return true
		}
		if !time.Now().Before(until) || rest.Sleep(ctx, looking) != nil {
			return false
		}
	}
}

// release takes the claim back, if that can be, so that nobody waits for it, and
// notes a refusal for whoever looks.
func (s *Source) release(ctx context.Context, old *record, version string, why *Error) {
	free := *old
	free.Claim = nil
	if !why.temporary() {
		free.Trouble = why.trouble(old.Trouble)
	}
	_, _ = s.store.Save(ctx, s.account, free.marshal(), version)
}

// keep saves what is unsaved, or finds that it is not wanted any more.
func (s *Source) keep(ctx context.Context) (saved bool, _ *Error) {
	u := s.unsaved
	for attempt := 1; ; attempt++ {
		_, err := s.store.Save(ctx, s.account, u.record.marshal(), u.version)
		if err == nil {
			s.unsaved = nil
			return true, nil
		}
		if errors.Is(err, ErrChanged) {
			now, version, e := s.load(ctx)
			switch {
			case e == nil && now.Refresh == u.spent:
				// Only claimed since, or saved by one who was not given a new
				// refresh token: ours is the newest.
				u.version = version
			case e == nil, errors.Is(e, ErrMissing):
				// Somebody has renewed, signed in or out, or this is ours, whose
				// saving was not heard of.
				s.unsaved = nil
				return false, nil
			default:
				err = e
			}
		}
		if attempt < saves && rest.Sleep(ctx, time.Duration(attempt)*100*time.Millisecond) == nil {
			continue
		}
		e := storeError("save the tokens", err)
		e.advice = "the new refresh token is in this process alone: do not end it before it could save"
		e.final = true
		return false, e
	}
}
