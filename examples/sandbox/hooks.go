package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// senders is how many events are on their way at a time, to webhooks that take
// their ten seconds.
const senders = 8

// deliver sends events until ctx ends.
func (s *sandbox) deliver(ctx context.Context) {
	s.stamp()
	for range senders {
		go s.hooks.Run(ctx)
	}
}

// stamp has events sent together, so that none waits for the answer to another,
// and stamped with the real time: whoever receives them has no other clock to judge
// them by.
func (s *sandbox) stamp() {
	s.hooks.Misbehave(zendesktest.Mischief{Together: true, Skew: time.Since(s.support.Now())})
}

// subscribe registers a webhook, as an administrator does.
func (s *sandbox) subscribe(r *http.Request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if u, err := url.Parse(in.URL); err != nil || u.Host == "" {
		return nil, errors.New(`"url" is where to send events`)
	}
	id, secret := s.hooks.Subscribe(in.URL)
	return map[string]string{"id": id, "secret": secret}, nil
}

// delivery is one try to tell a webhook of a comment.
type delivery struct {
	Webhook string    `json:"webhook"`
	Ticket  int64     `json:"ticket"`
	Comment int64     `json:"comment"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status"`           // 0 is no answer
	RetryAt time.Time `json:"retryAt,omitzero"` // none is never
}

func (s *sandbox) deliveries(*http.Request) (any, error) {
	list := []delivery{}
	for _, d := range s.hooks.Deliveries() {
		list = append(list, delivery{d.Webhook, d.Ticket, d.Comment, d.Attempt, d.Status, d.RetryAt})
	}
	return map[string]any{"pending": s.hooks.Pending(), "tries": list}, nil
}

// left is a mail that left the mailbox.
type left struct {
	At         time.Time `json:"at"`
	Recipients []string  `json:"recipients"`
	MIME       []byte    `json:"mime"`
}

func (s *sandbox) left(*http.Request) (any, error) {
	list := []left{}
	for _, m := range s.exchange.Sent() {
		list = append(list, left{m.At, m.EnvelopeRecipients, m.MIME})
	}
	return list, nil
}
