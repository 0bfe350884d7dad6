package exdesk

import (
	"context"
	"time"
)

// Step is one step of the work on a mailbox, for metrics and traces.
type Step struct {
	// Name is "ingest" or "import", a pass; "mail", which is all that is done with one mail; and
	// within that "read", "upload", "screen", "thread", "ticket" and
	// "comment"; "label", which is about several mails; and "relay", which is one
	// mail on its way out.
	Name     string
	Mailbox  string
	Mail     string // Mail.ID, where it is about one
	Begin    time.Time
	Duration time.Duration // the wait for a Limiter included
	Bytes    int64         // of read and upload
	Outcome  Outcome       // of mail
	Err      error
}

// step begins a step and returns what ends it.
func (c *Connector) step(name, mail string) func(bytes int64, o Outcome, err error) {
	if c.opts.OnStep == nil {
		return unobserved
	}
	begin := time.Now()
	return func(bytes int64, o Outcome, err error) {
		c.opts.OnStep(Step{Name: name, Mailbox: c.mailbox.Address(), Mail: mail, Begin: begin,
			Duration: time.Since(begin), Bytes: bytes, Outcome: o, Err: err})
	}
}

func unobserved(int64, Outcome, error) {}

// observedDesk tells of uploads.
type observedDesk struct {
	Desk
	c    *Connector
	mail string
}

func (d observedDesk) Upload(ctx context.Context, f *File) (*Upload, error) {
	end := d.c.step("upload", d.mail)
	in := &counter{r: f.Body}
	seen := *f
	seen.Body = in
	up, err := d.Desk.Upload(ctx, &seen)
	end(in.n, "", err)
	return up, err
}
