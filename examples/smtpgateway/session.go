package main

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/exdesk/exdesk"
)

// session is what a client does, from EHLO on, or from STARTTLS on.
type session struct {
	g      *gateway
	client *client

	mu    sync.Mutex // guards what follows: Reset may be called while Data runs, with BDAT
	known bool       // signed in
	wrong int        // passwords
	to    []string
}

var errAuthRequired = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Sign in first"}

var errNoChunks = &smtp.SMTPError{Code: 502, EnhancedCode: smtp.EnhancedCode{5, 5, 1}, Message: "There is no BDAT here: use DATA"}

// Mail takes any sender: what counts is From, which Relay looks at.
func (s *session) Mail(string, *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		return errAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		return errAuthRequired
	}
	s.to = append(s.to, to)
	return nil
}

// Data relays a mail while it comes in.
func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	to, known := s.to, s.known
	s.mu.Unlock()
	_, chunked := r.(*io.PipeReader) // by BDAT, which was not offered: see client.Write
	switch {
	case !known:
		return errAuthRequired
	case chunked:
		return errNoChunks
	case !s.client.beginMail():
		return errReply(errStopping)
	}
	defer s.client.endMail()
	ctx, cancel := context.WithTimeout(s.g.ctx, patience)
	defer cancel()
	started := time.Now()
	b := &body{r: r}
	receipt, err := s.g.relay(ctx, &exdesk.Outbound{MIME: b, Recipients: to})
	var answer *smtp.SMTPError
	switch {
	case err == nil:
		answer = accepted(receipt)
	case b.failed():
		answer = bodyReply(b.err)
	default:
		answer = errReply(err)
	}
	if receipt != nil && s.g.onReceipt != nil {
		s.g.onReceipt(receipt)
	}
	log := s.g.log.With("remote", s.client.RemoteAddr(), "bytes", b.n, "recipients", len(to),
		"code", answer.Code, "took", time.Since(started).Round(time.Millisecond))
	if err != nil {
		log.Warn("mail", "error", err)
	} else {
		log.Info("mail", "outcome", answer.Message)
	}
	return answer // also of code 250: so go-smtp says what became of it instead of "queued"
}

func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = nil
}

func (s *session) Logout() error { return nil }

// body is a mail as it comes in.
type body struct {
	r   io.Reader
	n   int64
	err error // also io.EOF
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if err != nil {
		b.err = err
	}
	return n, err
}

// failed reports whether the mail did not come in.
func (b *body) failed() bool { return b.err != nil && b.err != io.EOF }
