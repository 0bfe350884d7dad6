package rest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
)

// RetryAfter reads Retry-After, in seconds or as a date (RFC 9110 §10.2.3);
// -1 if there is none or it makes no sense. A date counts from the server's
// own clock where it tells it.
func RetryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return -1
	}
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		if n >= 0 { // which NaN is not
			return time.Duration(min(n, longest.Seconds()) * float64(time.Second))
		}
		return -1
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return -1
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), longest)
}

// longest is the longest pause that a service is believed to mean.
const longest = 24 * time.Hour

// Hush keeps every request of this client back for d: a throttled service
// counts what it refuses.
func (c *Client) Hush(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(d); until.After(c.quiet) {
		c.quiet = until
	}
}

// spent keeps every request back when an answer says that it was the last
// that the service allows for now.
func (c *Client) spent(resp *http.Response) time.Duration {
	if c.Spent == nil {
		return 0
	}
	d := c.Spent(resp.Header)
	if d > 0 {
		c.Hush(d)
	}
	return d
}

// setTime notes what time it is at the service.
func (c *Client) setTime(h http.Header) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.timed = time.Until(at), true
}

// Now returns the service's time, to about a second, going by its last answer;
// false if it has not told yet.
func (c *Client) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead), c.timed
}

// quietError is a pause that is longer than one request's patience.
type quietError struct{ until time.Time }

func (e *quietError) Error() string {
	return fmt.Sprintf("the service asked to be left alone until %s", e.until.UTC().Format(time.RFC3339))
}

// spread is how much later than it might a request goes out that had to wait, so
// that those who wait for the same moment do not all go at once.
const spread = 200 * time.Millisecond

func (c *Client) waitQuiet(ctx context.Context, what func() string) error {
	for {
		c.mu.Lock()
		until := c.quiet
		c.mu.Unlock()
		left := time.Until(until)
		if left <= 0 {
			return ctx.Err()
		}
		if left > patience {
			return &quietError{until}
		}
		if err := Sleep(ctx, left+jitter.N(spread, what())); err != nil {
			return err
		}
	}
}

// Sleep waits for d, or returns at once when ctx would end before.
func Sleep(ctx context.Context, d time.Duration) error {
	if dl, ok := ctx.Deadline(); ok && time.Until(dl) < d {
		return fmt.Errorf("the pause of %s would outlast the deadline: %w", d.Round(time.Second), context.DeadlineExceeded)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin waits until a request may go out: the service is not to be left alone,
// and n slots are free, which leave gives back. What tells the request from others.
func (c *Client) begin(ctx context.Context, what func() string, n int) error {
	for {
		if err := c.waitQuiet(ctx, what); err != nil {
			return err
		}
		if err := c.enter(ctx, n); err != nil {
			return err
		}
		c.mu.Lock()
		quiet := time.Until(c.quiet) > 0
		c.mu.Unlock()
		if !quiet {
			return nil
		}
		c.leave(n) // the service spoke while this request stood in line
	}
}

// place is a place in the line for slots.
type place struct {
	n    int
	free chan struct{} // closed when they are the caller's
}

// enter takes n of the slots, or all there are. Nobody overtakes, so that who
// wants several gets them.
func (c *Client) enter(ctx context.Context, n int) error {
	c.mu.Lock()
	n = min(n, c.InFlight)
	if len(c.line) == 0 && int(c.used)+n <= c.InFlight {
		c.used += int32(n)
		c.mu.Unlock()
		return nil
	}
	p := &place{n, make(chan struct{})}
	c.line = append(c.line, p)
	c.mu.Unlock()
	select {
	case <-p.free:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.line, p); i >= 0 {
		c.line = slices.Delete(c.line, i, i+1)
	} else {
		c.used -= int32(n)
	}
	c.serve()
	return context.Cause(ctx)
}

// leave gives n slots back.
func (c *Client) leave(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used -= int32(min(n, c.InFlight))
	c.serve()
}

// serve lets in who comes next. c.mu is held.
func (c *Client) serve() {
	for len(c.line) > 0 && int(c.used)+c.line[0].n <= c.InFlight {
		c.used += int32(c.line[0].n)
		close(c.line[0].free)
		c.line = c.line[1:]
	}
	if len(c.line) == 0 {
		c.line = nil
	}
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
