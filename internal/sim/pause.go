package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/rest"
)

// wish is a service's, to be left alone: by the process that it was told, which is
// held to it from the moment in which the answer arrived. Two processes do not know
// of one another, and what was on its way already cannot be called back, so that
// the service itself cannot judge it.
type wish struct {
	from, until time.Time
	of          string // the answer
}

// heed takes note of a wish, as the answer arrives that has it.
func (c *cell) heed(call *call, a answer) {
	if a.resp == nil || !bound(call) || call.req.Context().Err() != nil { // nobody hears it any more
		return
	}
	d := asked(a.resp.StatusCode, a.resp.Header)
	if call.op == opLabels { // each item of a batch has an answer of its own
		for _, item := range items(a.resp) {
			d = max(d, asked(item.Status, item.header()))
		}
	}
	if d <= 0 {
		return
	}
	if call.life.wishes == nil {
		call.life.wishes = make(map[service]wish)
	}
	if w := call.life.wishes[call.to]; time.Now().Add(d).After(w.until) {
		call.life.wishes[call.to] = wish{time.Now(), time.Now().Add(d), fmt.Sprintf("a %d to %s", a.resp.StatusCode, call.op)}
	}
}

// asked is how long a refusal asks to be left alone.
func asked(status int, h http.Header) time.Duration {
	if status != http.StatusTooManyRequests && status < 500 || ofOneTicket(h) {
		return 0
	}
	return rest.RetryAfter(h)
}

// item is an answer within that to a batch.
type item struct {
	Status  int
	Headers map[string]string
}

func (i *item) header() http.Header {
	h := make(http.Header)
	for name, value := range i.Headers {
		h.Set(name, value)
	}
	return h
}

// items reads the answer to a batch, if all of it arrives.
func items(resp *http.Response) []item {
	b := resp.Body.(*body)
	if b.cut >= 0 {
		return nil
	}
	data, _ := io.ReadAll(b.data)
	b.data = bytes.NewReader(data)
	var all struct{ Responses []item }
	_ = json.Unmarshal(data, &all)
	return all.Responses
}

// judgePause says whether a request leaves although its process was asked to wait.
func (c *cell) judgePause(call *call) {
	w := call.life.wishes[call.to]
	if now := time.Now(); bound(call) && now.After(w.from) && now.Before(w.until) {
		c.violate(call.item, "%s goes out %s before the end of the pause that %s asked for", call.op, w.until.Sub(now), w.of)
	}
}

// bound reports whether the services count a request for the account or the
// mailbox: sign-ins and uploads to an address of their own are others'.
func bound(call *call) bool { return call.req.Header.Get("Authorization") != "" && call.op != opToken }

// ofOneTicket reports whether a refusal is about the changes of one ticket alone
// ("Rate limits", Zendesk API reference).
func ofOneTicket(h http.Header) bool {
	return strings.Contains(h.Get("Zendesk-Ratelimit-Per-Ticket-Updates"), "remaining=0")
}
