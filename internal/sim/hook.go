package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// hook is the other way in which notifications come: agents write comments, Zendesk
// tells of them by a webhook, as often and in whatever order it likes, and who
// hears of one makes the notification and relays it before it answers. What Zendesk
// gives up is found by who looks into the tickets from time to time.
type hook struct {
	from    *zendesktest.Webhooks // nil in cells without
	secret  string
	life    *life // of Zendesk, which never dies
	ringing bool
}

const (
	agentAddress = "agent@acme.test" // by whom exdesk acts
	amyAddress   = "amy@acme.test"   // who answers customers
	accountID    = 22129848          // as events have it

	// ringEvery is how often Zendesk sends what is due, and lookEvery how often
	// somebody looks into a ticket.
	ringEvery, lookEvery = 3 * time.Second, 20 * time.Minute
)

// subscribe has Zendesk tell of comments.
func (c *cell) subscribe() {
	if !c.dice.chance(0.4, "webhook") {
		return
	}
	maybe := func(question string) bool { return c.dice.chance(0.5, question) }
	h := &c.hook
	h.life = &life{c: c, n: "Zendesk"}
	h.life.ctx, h.life.cancel = context.WithCancel(context.Background())
	c.all = append(c.all, h.life)
	h.from = zendesktest.NewWebhooks(c.support, &zendesktest.WebhookOptions{Client: &http.Client{Transport: bell{c}},
		SameStamp: maybe("same stamp"), QuietCreate: maybe("quiet create"), NumericIDs: maybe("numeric ids"), FlatAuthor: maybe("flat author")})
	h.from.Misbehave(zendesktest.Mischief{Duplicates: c.dice.n(3, "duplicate events"), Together: maybe("together"), Shuffle: c.dice.roll("order of events")})
	_, h.secret = h.from.Subscribe("https://relay.test/zendesk")
	c.agenda.add(c.begun.Add(ringEvery), c.ring)
}

// ring has Zendesk send what is due, unless it is still at it.
func (c *cell) ring() {
	c.agenda.add(time.Now().Add(ringEvery), c.ring)
	if c.hook.ringing || c.hook.from.Pending() == 0 {
		return
	}
	c.hook.ringing = true
	l := c.hook.life
	l.alive.Go(func() {
		c.hook.from.Deliver(l.ctx)
		c.post(l, "rang", func() { c.hook.ringing = false })
	})
}

// bell is Zendesk's connection to whoever listens.
type bell struct{ c *cell }

// RoundTrip implements http.RoundTripper.
func (b bell) RoundTrip(r *http.Request) (*http.Response, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	heard := make(chan answer, 1)
	b.c.post(b.c.hook.life, "event "+string(data), func() { b.c.event(r, data, heard) })
	select {
	case a := <-heard:
		return a.resp, a.err
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// event is one on its way to a process, whichever of them lives.
func (c *cell) event(r *http.Request, data []byte, heard chan<- answer) {
	tag := string(tagged.Find(data))
	c.attempts["event "+tag]++
	ask := func(what string) []any { return []any{what, "event", tag, c.attempts["event "+tag]} }
	t := trouble{}
	if !c.healed && c.dice.chance(2*c.weather.trouble, ask("trouble")...) {
		t = pick(c.dice, []trouble{{kind: unheard}, {kind: lost}, {kind: lost}, {kind: slow, delay: c.dice.between(time.Second, 6*time.Minute, ask("delay")...)}}, ask("which")...)
		c.faults++
	}
	l := c.lives[c.dice.n(len(c.lives), ask("to")...)]
	if l == nil || l.dead.Load() {
		t.kind = unreached
	}
	if t.kind == unreached || t.kind == unheard {
		c.tell(entry{item: tag, op: "event", what: string(t.kind)})
		heard <- answer{err: errLost}
		return
	}
	c.agenda.add(time.Now().Add(c.dice.between(time.Millisecond, 80*time.Millisecond, ask("there")...)+t.delay), func() {
		c.tell(entry{life: l.n, item: tag, op: "event", what: string(t.kind)})
		l.alive.Go(func() {
			w := httptest.NewRecorder()
			in := r.Clone(r.Context()) // which ends when Zendesk hangs up
			in.Body, in.RequestURI = io.NopCloser(bytes.NewReader(data)), r.URL.RequestURI()
			l.hook.ServeHTTP(w, in)
			c.post(l, "told "+tag, func() {
				c.tell(entry{life: l.n, item: tag, op: "event", what: "answered", status: w.Code})
				if t.kind == lost || l.dead.Load() {
					heard <- answer{err: errLost}
					return
				}
				heard <- answer{resp: w.Result()}
			})
		})
	})
}

// listen makes the process one that hears of events.
func (l *life) listen() {
	h := &zendesk.Webhook{Secrets: []string{l.c.hook.secret}, Handle: l.told}
	for _, u := range l.c.support.Users() {
		if u.Email == agentAddress {
			h.Self = append(h.Self, u.ID)
		}
	}
	if d := time.Until(l.c.support.Now()).Abs(); d > 4*time.Minute {
		h.Tolerance = d + 5*time.Minute // who cannot set the clock has to
	}
	l.hook = h
}

// told relays the notification of a comment.
func (l *life) told(ctx context.Context, e *zendesk.CommentAdded) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	out, err := l.notification(ctx, e)
	var r *exdesk.Receipt
	if err == nil {
		r, err = l.conn.Relay(ctx, out)
	}
	if tag := tagged.FindString(e.Body); err == nil || errors.Is(err, exdesk.ErrRefused) {
		l.c.post(l, "relayed "+tag, func() {
			if n, ok := l.c.byTag[tag].(*notice); ok {
				l.relayed(n, r, err)
			}
		})
	}
	return err
}

func (l *life) notification(ctx context.Context, e *zendesk.CommentAdded) (*exdesk.Outbound, error) {
	return l.desk.Notification(ctx, e, exdesk.Address{Name: "Acme Support", Address: mailboxAddress})
}

// remark has an agent write the comment that the notification is about, and reports
// whether Zendesk will tell of it.
func (c *cell) remark(n *notice) bool {
	t, ok := c.support.Ticket(n.ticket)
	if c.hook.from == nil || !ok || t.Deleted || t.Status == "closed" || !c.dice.chance(0.7, "by webhook", n.tag) {
		return false
	}
	c.support.Edit(n.ticket, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{Body: "It is on its way, " + n.tag + ".", Public: true, Author: zendesktest.User{Email: amyAddress}})
	})
	c.hook.from.Collect()
	t, _ = c.support.Ticket(n.ticket)
	last := t.Comments[len(t.Comments)-1]
	n.comment = &zendesk.CommentAdded{Account: accountID, Ticket: t.ID, Comment: last.ID, Author: zendesk.CommentAuthor{ID: last.Author.ID, Staff: true},
		Public: true, Body: last.Body, At: last.CreatedAt}
	c.tell(entry{item: n.tag, what: "is a comment that an agent writes"})
	var look func()
	look = func() {
		if n.done() {
			return
		}
		n.overlooked = true
		c.again(n, 0)
		c.agenda.add(time.Now().Add(lookEvery), look)
	}
	c.agenda.add(time.Now().Add(lookEvery), look)
	return true
}

// judgeEvents says whether a process understood all that Zendesk told.
func (c *cell) judgeEvents(r *Result) {
	if c.hook.from == nil {
		return
	}
	for _, n := range c.notices {
		if n.comment != nil {
			r.Told++
		}
		if n.overlooked {
			r.Overlooked++
		}
	}
	for _, d := range c.hook.from.Deliveries() {
		r.Events++
		switch d.Status {
		case http.StatusBadRequest, http.StatusInternalServerError, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
			c.violate("", "an event of ticket %d was answered %d", d.Ticket, d.Status)
		}
	}
}
