package rest

import (
	"context"
	"fmt"
	"net"
	"net/http"
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
// and n slots are free. It returns what gives the slots back. What tells the
// request from others.
func (c *Client) begin(ctx context.Context, what func() string, n int) (release func(), err error) {
	for {
		if err := c.waitQuiet(ctx, what); err != nil {
			return nil, err
		}
		release, err := c.enter(ctx, n)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		quiet := time.Until(c.quiet) > 0
		c.mu.Unlock()
		if !quiet {
			return release, nil
		}
		release() // the service spoke while this request stood in line
	}
}

// enter takes n of the slots and returns what gives them back.
func (c *Client) enter(ctx context.Context, n int) (func(), error) {
	if c.slots == nil {
		return func() {}, nil
	}
	n = min(n, cap(c.slots))
	if n > 1 {
		select {
		case c.whole <- struct{}{}:
			defer func() { <-c.whole }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	taken := 0
	release := func() {
		for range taken {
			<-c.slots
		}
	}
	for taken < n {
		select {
		case c.slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			release()
			return nil, context.Cause(ctx)
		}
	}
	return release, nil
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
