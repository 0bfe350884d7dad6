package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/exdesk/exdesk"
)

// mailbox is one that can be searched.
type mailbox interface {
	exdesk.Mailbox
	exdesk.Archive
}

// watched is a mailbox that shows how far its mails have been read.
type watched struct {
	mailbox
	p *progress
}

// progress is the line that says what is going on: rewritten in place on a
// terminal, and elsewhere said now and then when the work takes long.
type progress struct {
	w        io.Writer
	live     bool
	total    int // 0 if not known
	opened   map[string]bool
	bytes    int64
	subjects map[string]string
	subject  string
	said     time.Time
}

func (w *watched) Unread(ctx context.Context) iter.Seq2[*exdesk.Mail, error] {
	return func(yield func(*exdesk.Mail, error) bool) {
		for mail, err := range w.mailbox.Unread(ctx) {
			if mail != nil {
				w.p.subjects[mail.ID] = mail.Subject
			}
			if !yield(mail, err) {
				return
			}
		}
	}
}

func (w *watched) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	w.p.opened[id] = true
	w.p.bytes, w.p.subject = 0, w.p.subjects[id]
	w.p.show()
	body, err := w.mailbox.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	return &watchedBody{body, w.p}, nil
}

// watchedLimiter says when it is the limit that everybody waits for.
type watchedLimiter struct {
	exdesk.Limiter
	p *progress
}

func (w watchedLimiter) Reserve(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	slot, err := w.Limiter.Reserve(ctx, mailbox, cost)
	var limit *exdesk.LimitError
	if errors.As(err, &limit) {
		w.p.say(fmt.Sprintf("%d mails read; waiting %s for the limit of %s", len(w.p.opened), time.Until(limit.Until).Round(time.Second), limit.Limit))
	}
	return slot, err
}

type watchedBody struct {
	io.ReadCloser
	p *progress
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if before := b.p.bytes; (before+int64(n))>>20 > before>>20 {
		b.p.bytes += int64(n)
		b.p.show()
	} else {
		b.p.bytes += int64(n)
	}
	return n, err
}

// pauseBetween is how often progress is told where it cannot be rewritten.
const pauseBetween = 10 * time.Second

func (p *progress) show() {
	line := fmt.Sprintf("mail %d", len(p.opened))
	if p.total > 0 {
		line = fmt.Sprintf("mail %d of %d", len(p.opened), p.total)
	}
	line += ": " + shorten(p.subject, 40)
	if p.bytes >= 1<<20 {
		line += fmt.Sprintf(", %d MB", p.bytes>>20)
	}
	p.say(line)
}

func (p *progress) say(line string) {
	switch {
	case p.live:
		fmt.Fprint(p.w, "\r\x1b[K"+line)
	case p.said.IsZero():
		p.said = time.Now()
	case time.Since(p.said) > pauseBetween:
		p.said = time.Now()
		fmt.Fprintln(p.w, line)
	}
}

// clear takes the line away before something else is printed.
func (p *progress) clear() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
