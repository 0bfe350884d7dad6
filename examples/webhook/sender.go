package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
)

// sender makes mail of comments and sends it.
type sender struct {
	*connection
	conn  *exdesk.Connector
	queue *queue
}

func newSender(c *connection) (*sender, error) {
	s := &sender{connection: c}
	s.queue = newQueue(s.send, c.log)
	var err error
	s.conn, err = exdesk.New(c.mailbox, c.desk, &exdesk.Options{Relay: c.relay, Logger: c.log})
	return s, err
}

// send sends one comment. It may be called again for the same, by any process.
func (s *sender) send(ctx context.Context, e *zendesk.CommentAdded) error {
	out, err := s.desk.Notification(ctx, e, exdesk.Address{Address: s.mailbox.Address()})
	if err != nil {
		return err
	}
	r, err := s.conn.Relay(ctx, out)
	if err != nil {
		return err
	}
	s.log.Info("sent", "comment", e, "recipients", len(r.Recipients), "bytes", r.Bytes, "already", r.Already, "waited", r.Waited.Round(time.Second))
	return nil
}

// health is where it tells how it is.
const health = "/healthz"

func (s *sender) handler(path string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(path, &zendesk.Webhook{Secrets: s.secrets, Self: s.self, Handle: s.queue.handle, Logger: s.log})
	mux.HandleFunc("GET "+health, func(w http.ResponseWriter, _ *http.Request) {
		if s.queue.closing() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(w, "%d waiting, the oldest for %s\n", s.queue.waiting(), s.queue.oldest().Round(time.Second))
	})
	return mux
}
