package exdesk

import (
	"errors"
	"fmt"
	"time"
)

// Classes of trouble. Adapters return errors of their own types that say what
// happened in the service's words, and that errors.Is finds to belong to one
// or more of these; the Connector decides by class alone.
var (
	// ErrNotFound means that the message, ticket or mailbox is not there (any more).
	ErrNotFound = errors.New("not found")
	// ErrAuth means that the credentials are missing, expired or revoked.
	ErrAuth = errors.New("not authorised")
	// ErrAccess means that the credentials are good but may not do this.
	ErrAccess = errors.New("access denied")
	// ErrTemporary means that the same request may well succeed later: the
	// service is busy, limiting, down or out of reach.
	ErrTemporary = errors.New("temporary trouble")
	// ErrRefused means that the service will never take this mail or file as it is.
	ErrRefused = errors.New("refused")
	// ErrTooLarge means that the mailbox never sends so large a mail. Such an
	// error is an ErrRefused as well.
	ErrTooLarge = fmt.Errorf("too large: %w", ErrRefused)
	// ErrQuota means that the service lets the mailbox send nothing for now.
	ErrQuota = errors.New("the service's own limit of sending is reached")
	// ErrSuspended means that the service takes nothing of this person, whom
	// somebody has suspended. Such an error is an ErrRefused as well.
	ErrSuspended = errors.New("the user is suspended")
	// ErrConflict means that somebody changed the thing meanwhile.
	ErrConflict = errors.New("changed meanwhile")
	// ErrDone means that somebody else has finished the mail meanwhile.
	ErrDone = errors.New("finished by another")
	// ErrDamaged means that the store cannot show some of its mail at all.
	ErrDamaged = errors.New("damaged items")
	// ErrKeyUsed means that a request under the same idempotency key was heard
	// before, with another body: look for what it made.
	ErrKeyUsed = errors.New("idempotency key was used before")
	// ErrDoubtful means that nobody knows whether the service acted: the
	// answer was lost. Look before trying again.
	ErrDoubtful = errors.New("the answer was lost")
)

// RetryAfter returns how long a service asked to be left alone, when err
// carries such a wish.
func RetryAfter(err error) (time.Duration, bool) {
	var wish interface{ RetryAfter() (time.Duration, bool) }
	if errors.As(err, &wish) {
		return wish.RetryAfter()
	}
	return 0, false
}

// A rejection is the reason why a mail can never become a ticket, for a
// person to read.
type rejection struct{ reason string }

func (r *rejection) Error() string { return r.reason }

// A refusal is a rejection that was the desk's word.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func rejectf(format string, args ...any) error {
	return &rejection{fmt.Sprintf(format, args...)}
}
