package sim

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
)

// life is a process from its start to its death. What it knows dies with it.
type life struct {
	c      *cell
	place  int    // of one process or of two
	n      string // as the story calls it
	ctx    context.Context
	cancel context.CancelFunc
	dead   atomic.Bool
	alive  sync.WaitGroup
	conn   *exdesk.Connector
	desk   *zendesk.Client
	hook   *zendesk.Webhook
	wishes map[service]wish

	readings map[*mail]*reading // the last of each
	last     *reading           // of all of them
}

const (
	exchangeURL = "https://graph.test"
	supportURL  = "https://acme.zendesk.test"
)

// rise starts a process at its place.
func (c *cell) rise(place int) {
	c.risen++
	l := &life{c: c, place: place, n: fmt.Sprintf("process %d", c.risen)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	c.lives[place] = l
	c.all = append(c.all, l)
	c.tell(entry{life: l.n, what: "starts"})

	mailbox, err := graph.New(mailboxAddress, l.exchangeTokens(), &graph.Options{BaseURL: exchangeURL + "/v1.0", HTTPClient: l.client(exchange), User: c.user})
	must(err)
	desk, err := zendesk.New("acme", l.supportTokens(), &zendesk.Options{BaseURL: supportURL, HTTPClient: l.client(support)})
	must(err)
	l.desk = desk
	l.listen()
	opts := &exdesk.Options{Limiter: c.fetching, Every: time.Minute, OnResult: func(r *exdesk.Result) { l.heard(r) }}
	opts.Relay.Limiter, opts.Relay.MayLose = c.relaying, c.lossy()
	if len(c.lives) > 1 || c.dice.chance(0.5, "claims") {
		opts.Relay.Claimer = &graph.Claims{Client: mailbox}
	}
	l.conn, err = exdesk.New(mailbox, desk, opts)
	must(err)
	l.alive.Go(func() { _ = l.conn.Run(l.ctx) })
}

// lossy names the fields that a probe would have shown to be lost here.
func (c *cell) lossy() []string {
	if c.exchangeOptions.Headers == graphtest.Keeps || c.exchangeOptions.Headers == graphtest.Repairable && !c.exchangeOptions.BareProperties {
		return nil
	}
	return []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id"}
}

func (l *life) client(to service) *http.Client {
	return &http.Client{Transport: line{l.c, l, to}}
}

// exchangeTokens is how the process signs in: as the application, or as the
// person who did, whose refresh token changes with each use.
func (l *life) exchangeTokens() oauth2.TokenSource {
	app := l.c.entraApp(l.client(exchange))
	if l.c.delegated {
		source, err := app.Source(mailboxAddress, l.c.store)
		must(err)
		return source
	}
	source, err := app.AppSource()
	must(err)
	return source
}

func (c *cell) entraApp(client *http.Client) *entra.App {
	id, secret := c.exchange.Client()
	app, err := entra.New("contoso.test", id, entra.Secret(secret), &entra.Options{HTTPClient: client,
		Cloud: entra.Cloud{Login: exchangeURL, Graph: exchangeURL, Resource: entra.Global.Graph}})
	must(err)
	return app
}

func (l *life) supportTokens() oauth2.TokenSource {
	app := l.c.zendeskApp(l.client(support))
	if l.c.delegated {
		source, err := app.Source("acme", l.c.store)
		must(err)
		return source
	}
	source, err := app.AppSource()
	must(err)
	return source
}

func (c *cell) zendeskApp(client *http.Client) *zendesk.App {
	id, secret := c.support.Client()
	app, err := zendesk.NewApp("acme", id, secret, &zendesk.AppOptions{BaseURL: supportURL, HTTPClient: client})
	must(err)
	return app
}

// heard takes note of what the Connector says of a mail.
func (l *life) heard(r *exdesk.Result) {
	if l.dead.Load() {
		return
	}
	c := l.c
	id, held, what := r.Mail.ID, r.Outcome == exdesk.Held, "is "+string(r.Outcome)
	if r.Reason != "" {
		what += ": " + r.Reason
	}
	if r.Err != nil {
		what += ": " + r.Err.Error()
	}
	c.post(l, "result "+id, func() {
		if m, ok := c.byID[id].(*mail); ok {
			m.held = m.held || held
			c.tell(entry{life: l.n, item: m.tag, what: what})
		}
	})
}

// die ends a process at once: nothing that it still sends is heard, and nothing
// that it is still sent arrives.
func (l *life) die(why string) {
	if l.dead.Swap(true) {
		return
	}
	c := l.c
	c.deaths++
	c.tell(entry{life: l.n, what: "dies: " + why})
	l.lost()
	l.cancel()
	for call := range c.underway {
		if call.life == l {
			c.suffers(call, answer{err: errDead})
			call.answer <- answer{err: errDead}
			delete(c.underway, call)
		}
	}
	down := pick(c.dice, []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 130 * time.Minute}, "down for", l.n)
	c.agenda.add(time.Now().Add(down+c.dice.between(0, time.Second, "and", l.n)), func() { c.rise(l.place) })
}

func must(err error) {
	if err != nil {
		panic(err) // the simulation is wrong
	}
}
