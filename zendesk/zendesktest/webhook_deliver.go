package zendesktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Mischief is what goes wrong with deliveries. The zero value is nothing.
type Mischief struct {
	// Duplicates is how many times more each event is sent, each time under an
	// invocation of its own.
	Duplicates int
	// Together sends all that is due at once instead of one after the other.
	Together bool
	// Shuffle puts what is due into an order made of this number; 0 leaves it.
	Shuffle uint64
	// Skew is added to timestamps, before they are signed.
	Skew time.Duration
	// BadSignature signs with another secret.
	BadSignature bool
	// Tamper changes a body after it has been signed.
	Tamper func(body []byte) []byte
}

// Misbehave sets what goes wrong from now on.
func (w *Webhooks) Misbehave(m Mischief) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mischief = m
}

// Delivery is one try to deliver an event.
type Delivery struct {
	Webhook    string
	Event      string
	Type       string
	Ticket     int64
	Comment    int64
	Invocation string // the same for every try
	Attempt    int    // from 1
	At         time.Time
	Status     int // of the answer; 0 is none
	// RetryAt is when it is tried again; zero is never.
	RetryAt time.Time
}

// sending is an event on its way to a webhook.
type sending struct {
	hook       *webhook
	event      *happening
	invocation string
	attempt    int
	due        time.Time // zero is at once
	stamp, sig string    // of the first try
	copied     bool
}

// most is how often something is tried again, by what came of it. That a 429
// or 503 counts like no answer at all is a reading of
// https://developer.zendesk.com/documentation/webhooks/creating-and-monitoring-webhooks/
// at second hand.
var most = map[int]int{0: 5, http.StatusConflict: 3, http.StatusTooManyRequests: 5, http.StatusServiceUnavailable: 5}

// patience is below which a Retry-After is obeyed; a longer one ends it.
const patience = time.Minute

// Deliver tries once what is due by the account's clock, and returns what came
// of it. What is to be tried again is due later: advance the clock and call
// Deliver again. If ctx ends, what was not answered yet stays as it was.
func (w *Webhooks) Deliver(ctx context.Context) []Delivery {
	due, m := w.takeDue()
	out := make([]Delivery, len(due))
	var wg sync.WaitGroup
	for i, d := range due {
		if !m.Together {
			out[i] = w.attempt(ctx, d, m)
			continue
		}
		wg.Go(func() { out[i] = w.attempt(ctx, d, m) })
	}
	wg.Wait()
	return slices.DeleteFunc(out, func(d Delivery) bool { return d.Attempt == 0 })
}

// Run delivers until ctx ends, looking for what is due ten times a second.
func (w *Webhooks) Run(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		w.Deliver(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Pending returns how many events are still to be delivered, due or not.
func (w *Webhooks) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collect()
	return len(w.queue)
}

// Deliveries returns every try so far; of many the newest.
func (w *Webhooks) Deliveries() []Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// takeDue takes out of the queue what is due.
func (w *Webhooks) takeDue() ([]*sending, Mischief) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collect()
	now, m := w.s.Now(), w.mischief
	var due, rest []*sending
	for _, d := range w.queue {
		if d.due.After(now) || d.hook.breaker.until.After(now) {
			rest = append(rest, d)
			continue
		}
		due = append(due, d)
		for n := 0; n < m.Duplicates && !d.copied; n++ {
			due = append(due, &sending{hook: d.hook, event: d.event, invocation: ulid(now), copied: true})
		}
		d.copied = true
	}
	w.queue = rest
	if m.Shuffle != 0 {
		rand.New(rand.NewPCG(m.Shuffle, 0)).Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	return due, m
}

// attempt tries to deliver d and puts it back if it is to be tried again.
func (w *Webhooks) attempt(ctx context.Context, d *sending, m Mischief) Delivery {
	w.mu.Lock()
	now := w.s.Now()
	secret := d.hook.secret
	w.mu.Unlock()
	if m.BadSignature {
		secret = webhookSecret()
	}
	if d.stamp == "" || !w.opt.SameStamp {
		d.stamp = stamp(now.Add(m.Skew))
		d.sig = sign(secret, d.stamp, d.event.body)
	}
	body := d.event.body
	if m.Tamper != nil {
		body = m.Tamper(bytes.Clone(body))
	}
	status, after := w.post(ctx, d, body)

	w.mu.Lock()
	defer w.mu.Unlock()
	if status == 0 && ctx.Err() != nil {
		w.queue = append(w.queue, d)
		return Delivery{}
	}
	d.attempt++
	out := Delivery{
		Webhook: d.hook.id, Event: d.event.id, Type: d.event.kind, Ticket: d.event.ticket, Comment: d.event.comment,
		Invocation: d.invocation, Attempt: d.attempt, At: now, Status: status,
	}
	now = w.s.Now()
	d.hook.breaker.count(now, status/100 == 2)
	if wait, again := w.again(d, status, after); again {
		d.due = now.Add(wait)
		out.RetryAt = d.due
		w.queue = append(w.queue, d)
	}
	if len(w.log) >= logged {
		w.log = slices.Delete(w.log, 0, logged/4)
	}
	w.log = append(w.log, out)
	return out
}

// again tells whether and when a try is followed by another.
func (w *Webhooks) again(d *sending, status int, after string) (time.Duration, bool) {
	if d.attempt > most[status] {
		return 0, false
	}
	if status == 0 || status == http.StatusConflict {
		return w.opt.Backoff, true
	}
	wait := time.Duration(-1)
	if n, err := strconv.Atoi(after); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = max(at.Sub(w.s.Now()), 0)
	}
	return wait, wait >= 0 && wait < patience
}

// sign makes a signature.
// https://developer.zendesk.com/documentation/webhooks/verifying/
func sign(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post sends a body and returns the status and the Retry-After of the answer.
// https://developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request/
func (w *Webhooks) post(ctx context.Context, d *sending, body []byte) (int, string) {
	ctx, cancel := context.WithTimeout(ctx, w.opt.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.hook.endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, ""
	}
	r.GetBody = nil // net/http sends nothing again by itself
	for name, v := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "User-Agent": "Zendesk Webhook", "Accept": "*/*",
		"X-Zendesk-Account-Id": strconv.Itoa(accountID), "X-Zendesk-Webhook-Id": d.hook.id, "X-Zendesk-Webhook-Invocation-Id": d.invocation,
		"X-Zendesk-Webhook-Signature": d.sig, "X-Zendesk-Webhook-Signature-Timestamp": d.stamp,
	} {
		r.Header.Set(name, v)
	}
	res, err := w.client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10)
	return res.StatusCode, res.Header.Get("Retry-After")
}
