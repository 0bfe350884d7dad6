package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	// maxWrong is how many wrong passwords end a connection.
	maxWrong = 3
	// maxPause is the longest pause after a wrong password.
	maxPause = 32 * time.Second
	// forgiven is how long a host's wrong passwords are remembered after the
	// last one, and maxHosts of how many hosts.
	forgiven = time.Hour
	maxHosts = 10_000
)

// account is the one user that there is.
type account struct {
	user, password [sha256.Size]byte
	pause          time.Duration // after the first wrong password; it doubles

	mu    sync.Mutex // guards what follows
	wrong map[string]mistakes
}

// mistakes are the wrong passwords that came from a host.
type mistakes struct {
	n    int
	last time.Time
}

func newAccount(user, password string) *account {
	return &account{user: sha256.Sum256([]byte(user)), password: sha256.Sum256([]byte(password)),
		pause: time.Second, wrong: make(map[string]mistakes)}
}

// accountOf is newAccount, of what may not be set.
func accountOf(user, password string) (*account, error) {
	if user == "" || password == "" {
		return nil, errors.New("set EXDESK_SMTP_USER and EXDESK_SMTP_PASSWORD to what Zendesk is to sign in with")
	}
	return newAccount(user, password), nil
}

// check takes the same time for all that is wrong.
func (a *account) check(user, password string) bool {
	u, p := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(u[:], a.user[:])&subtle.ConstantTimeCompare(p[:], a.password[:]) == 1
}

// mistake returns how long a host that was wrong has to wait for the answer.
func (a *account) mistake(host string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if len(a.wrong) >= maxHosts {
		for h, m := range a.wrong {
			if now.Sub(m.last) > forgiven || len(a.wrong) >= maxHosts {
				delete(a.wrong, h)
			}
		}
	}
	m := a.wrong[host]
	if now.Sub(m.last) > forgiven {
		m.n = 0
	}
	m.n, m.last = m.n+1, now
	a.wrong[host] = m
	return min(a.pause<<min(m.n-1, 10), maxPause)
}

var errTooOften = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Too many wrong passwords"}

// signIn says whether user and password are right.
func (s *session) signIn(user, password string) error {
	s.mu.Lock()
	tooOften := s.wrong >= maxWrong
	s.mu.Unlock()
	if tooOften {
		return errTooOften // pipelined ones
	}
	if s.g.account.check(user, password) {
		s.mu.Lock()
		s.known = true
		s.mu.Unlock()
		s.client.signedIn()
		return nil
	}
	host, _, err := net.SplitHostPort(s.client.RemoteAddr().String())
	if err != nil {
		host = s.client.RemoteAddr().String()
	}
	pause := s.g.account.mistake(host)
	s.g.log.Warn("wrong user or password", "remote", s.client.RemoteAddr(), "pause", pause)
	s.g.door.wait(pause)
	s.mu.Lock()
	s.wrong++
	tooOften = s.wrong >= maxWrong
	s.mu.Unlock()
	if tooOften {
		s.client.showOut(io.EOF) // once it was answered
		return errTooOften
	}
	return smtp.ErrAuthFailed
}

// AuthMechanisms is asked over TLS alone, unless the gateway is insecure.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, user, password string) error {
			if identity != "" && identity != user {
				return smtp.ErrAuthFailed // nobody acts for somebody else
			}
			return s.signIn(user, password)
		}), nil
	case sasl.Login:
		return &login{check: s.signIn}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// login is the server's side of LOGIN (draft-murchison-sasl-login), which
// go-sasl has left out.
type login struct {
	check func(user, password string) error
	user  *string
	done  bool
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case l.done:
		return nil, false, errors.New("the exchange has ended")
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	l.done = true
	return nil, true, l.check(*l.user, string(response))
}
