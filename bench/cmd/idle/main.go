// The idle command measures what mailboxes cost in which nothing happens: ten
// thousand in one process, each of which is looked at and is empty.
//
// The other side is a process of its own, this program with the argument serve,
// which has the same empty page for everybody and does nothing else.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve()
		return
	}
	measure.Main(
		measure.Of("poll", measure.Exdesk, polls(exdeskPoll)),
		measure.Of("poll", "net/http GET", polls(barePoll)),
		measure.Of("idle", measure.Exdesk, idles(inPoller)),
		measure.Of("idle", "exdesk, Run each", idles(runEach)),
		measure.Of("idle", "net/http GET, a goroutine each", idles(tickEach)),
	)
}

const mailboxes = 10_000

// every is how long it is from one look to the next: so long that each mailbox is
// looked at once, when within says so.
const every = time.Hour

// within is in what time all are looked at, one after the other.
func within() time.Duration { return time.Duration(measure.Times(20, 10)) * time.Second }

// polls measures one look after the other.
func polls(open func(page *page, name string) func(context.Context) error) func(*measure.Report) error {
	return func(r *measure.Report) error {
		page, err := start()
		if err != nil {
			return err
		}
		defer page.stop()
		poll := open(page, address(0))
		for range 100 { // connections, buffers
			if err := poll(context.Background()); err != nil {
				return err
			}
		}
		cost, err := measure.Do(measure.Times(20_000, 5_000), func(int) error { return poll(context.Background()) })
		if err != nil {
			return err
		}
		r.AddCPU("poll of an empty mailbox", cost.CPU)
		r.AddGarbage("poll of an empty mailbox", cost)
		return nil
	}
}

// idles measures mailboxes that are looked at once each, and then are at rest.
func idles(begin func(ctx context.Context, page *page, names []string) (wait func(), err error)) func(*measure.Report) error {
	return func(r *measure.Report) error {
		page, err := start()
		if err != nil {
			return err
		}
		defer page.stop()
		// The process without them: the code is there, and a connection.
		if err := exdeskPoll(page, address(0))(context.Background()); err != nil {
			return err
		}
		if err := barePoll(page, address(0))(context.Background()); err != nil {
			return err
		}
		without, err := settled()
		if err != nil {
			return err
		}
		names := make([]string, mailboxes)
		for i := range names {
			names[i] = address(i)
		}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		wait, err := begin(ctx, page, names)
		if err != nil {
			return err
		}
		before, err := page.served()
		if err != nil {
			return err
		}
		cpu := measure.CPU()
		time.Sleep(within() + 2*time.Second)
		cpu = measure.CPU() - cpu
		with, err := settled()
		if err != nil {
			return err
		}
		after, err := page.served()
		if err != nil {
			return err
		}
		stop()
		wait()
		if n := after.Mailboxes; n != mailboxes {
			return fmt.Errorf("of %d mailboxes %d were looked at", mailboxes, n)
		}
		n := after.Requests - before.Requests
		r.Add("10,000 idle mailboxes, memory", "MiB RSS", measure.MiB(with-without))
		r.AddCPU("10,000 idle mailboxes, a poll", cpu/time.Duration(n))
		r.Add("10,000 idle mailboxes, a poll, requests", "requests", float64(n)/mailboxes)
		return nil
	}
}

// settled is what is resident when the garbage has gone.
func settled() (int64, error) {
	debug.FreeOSMemory()
	return measure.RSS()
}

func address(n int) string { return fmt.Sprintf("box%05d@contoso.test", n) }

// token is good for all mailboxes, as an application's is, and known by heart, as
// those of package tokens are.
type token struct{}

var secret = &oauth2.Token{AccessToken: "secret"}

func (token) Token() (*oauth2.Token, error)                       { return secret, nil }
func (token) TokenContext(context.Context) (*oauth2.Token, error) { return secret, nil }

// connector makes a Connector of one mailbox.
func connector(page *page, desk exdesk.Desk, name string, opts *exdesk.Options) (*exdesk.Connector, error) {
	box, err := graph.New(name, token{}, &graph.Options{BaseURL: page.url, HTTPClient: page.http})
	if err != nil {
		return nil, err
	}
	return exdesk.New(box, desk, opts)
}

func desk(page *page) (exdesk.Desk, error) {
	return zendesk.New("acme", token{}, &zendesk.Options{BaseURL: page.url, HTTPClient: page.http})
}

func exdeskPoll(page *page, name string) func(context.Context) error {
	return func(ctx context.Context) error {
		if page.conn == nil {
			d, err := desk(page)
			if err != nil {
				return err
			}
			if page.conn, err = connector(page, d, name, nil); err != nil {
				return err
			}
		}
		_, err := page.conn.Ingest(ctx)
		return err
	}
}

// barePoll is the least that can be done with net/http: the page is read and
// thrown away.
func barePoll(page *page, name string) func(context.Context) error {
	url := page.url + "/users/" + name + "/mailFolders/inbox/messages?" + query
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		secret.SetAuthHeader(req)
		req.Header.Set("Prefer", `IdType="ImmutableId"`)
		resp, err := page.http.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
}

// query is about what exdesk asks for.
const query = "$filter=receivedDateTime%20ge%201900-01-01T00%3A00%3A00Z%20and%20isRead%20eq%20false&$orderby=receivedDateTime%20asc" +
	"&$select=id%2CinternetMessageId%2CconversationId%2CreceivedDateTime%2CsentDateTime%2Csubject%2Cfrom%2Ccategories&$top=100" +
	"&$expand=singleValueExtendedProperties%28%24filter%3Did%20eq%20%27Integer%200x0E08%27%20or%20id%20eq%20%27String%20%7B00020329-0000-0000-C000-000000000046%7D%20Name%20exdesk%27%29"

// inPoller has one Poller look after all.
func inPoller(ctx context.Context, page *page, names []string) (func(), error) {
	d, err := desk(page)
	if err != nil {
		return nil, err
	}
	opts := &exdesk.Options{Every: every}
	p := new(exdesk.Poller)
	conns := make([]*exdesk.Connector, len(names))
	for i, name := range names {
		if conns[i], err = connector(page, d, name, opts); err != nil {
			return nil, err
		}
		if err := p.Add(conns[i]); err != nil {
			return nil, err
		}
	}
	var all sync.WaitGroup
	all.Go(func() { _ = p.Run(ctx) })
	all.Go(func() { spread(func(i int) { conns[i].Wake() }) })
	return all.Wait, nil
}

// runEach has each look after itself.
func runEach(ctx context.Context, page *page, names []string) (func(), error) {
	d, err := desk(page)
	if err != nil {
		return nil, err
	}
	opts := &exdesk.Options{Every: every}
	conns := make([]*exdesk.Connector, len(names))
	for i, name := range names {
		if conns[i], err = connector(page, d, name, opts); err != nil {
			return nil, err
		}
	}
	var all sync.WaitGroup
	all.Go(func() { spread(func(i int) { all.Go(func() { _ = conns[i].Run(ctx) }) }) })
	return all.Wait, nil
}

// tickEach is what is written first: a goroutine and a ticker for each.
func tickEach(ctx context.Context, page *page, names []string) (func(), error) {
	var all sync.WaitGroup
	tick := func(name string) {
		poll := barePoll(page, name)
		t := time.NewTicker(every)
		defer t.Stop()
		for poll(ctx) == nil {
			select {
			case <-t.C:
			case <-ctx.Done():
				return
			}
		}
	}
	all.Go(func() { spread(func(i int) { all.Go(func() { tick(names[i]) }) }) })
	return all.Wait, nil
}

// spread calls f for each mailbox, spread over the time.
func spread(f func(i int)) {
	begin := time.Now()
	for i := range mailboxes {
		time.Sleep(time.Until(begin.Add(within() * time.Duration(i) / mailboxes)))
		f(i)
	}
}
