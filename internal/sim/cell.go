package sim

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// Config says what is put into a cell.
type Config struct {
	Seed          uint64
	Mails         int
	Notifications int
	// Story, if set, is told what happened to the items that a violation is of.
	Story io.Writer
	// Whole tells the story of everything.
	Whole bool
}

// cell is one mailbox, one account and who works between them.
type cell struct {
	cfg    Config
	dice   dice
	begun  time.Time
	length time.Duration // for how long mail comes and there is trouble

	exchangeOptions graphtest.Options
	exchange        *graphtest.Server
	support         *zendesktest.Server
	user            string // graph.Options.User
	delegated       bool
	store           *tokens.Memory // what outlives a process
	fetching        *exdesk.Windows
	relaying        exdesk.Limiters

	agenda   agenda
	network  network
	hook     hook
	underway map[*call]bool
	labels   int // batches that a service has not heard yet, and be it of a process that is dead
	attempts map[string]int
	weather  weather
	healed   bool
	over     bool

	lives   []*life // by place
	all     []*life
	risen   int
	deaths  int
	faults  int
	asked   int
	writes  int    // requests that changed something
	wrote   string // the last of them
	edits   int    // what people did with mail
	mails   []*mail
	notices []*notice
	byID    map[string]any // *mail or *notice, by the id in the mailbox
	byTag   map[string]any
	tickets map[string][]int64 // that speak of a mail, by its tag
	newest  int64              // ticket
	moved   map[int64]bool     // tickets of which people made something else

	readings []*reading
	openedAt []time.Time
	leftAt   []time.Time
	story    story
	wrong    []violation
}

// Run runs a cell, which has to be in a bubble of testing/synctest. It returns
// what came of it, and a digest of all that happened.
func Run(cfg Config) (*Result, string) {
	c := &cell{cfg: cfg, dice: dice(cfg.Seed), begun: time.Now(), underway: make(map[*call]bool), attempts: make(map[string]int),
		byID: make(map[string]any), byTag: make(map[string]any), moved: make(map[int64]bool), tickets: make(map[string][]int64), store: new(tokens.Memory)}
	c.network.bell = make(chan struct{}, 1)
	c.length = pick(c.dice, []time.Duration{time.Hour, 3 * time.Hour, 5 * time.Hour}, "length")
	c.serve()
	c.forecast()
	c.subscribe()
	c.write()
	c.notify()
	c.agents()
	c.lives = make([]*life, 1+c.dice.n(4, "two processes")/3)
	for place := range c.lives {
		c.agenda.add(c.begun.Add(time.Duration(place)*c.dice.between(0, time.Minute, "second")), func() { c.rise(place) })
	}
	c.agenda.add(c.begun.Add(c.length+c.dice.between(time.Minute, 10*time.Minute, "healed")), c.heal)
	for !c.over {
		c.step()
	}
	c.end()
	return c.judge(), c.story.digest()
}

// serve makes the services, with one of the possible answers to each question
// that the vendors leave open.
func (c *cell) serve() {
	maybe := func(question string) bool { return c.dice.chance(0.5, question) }
	lag := func(question string) time.Duration {
		return pick(c.dice, []time.Duration{0, 0, 5 * time.Second, time.Minute}, question)
	}
	c.exchangeOptions = graphtest.Options{
		Seed: c.cfg.Seed | 1, IgnoreIfMatch: maybe("If-Match"), SentLag: lag("sent lag"), FilterLag: lag("filter lag"), PropertyLag: lag("property lag"),
		NewSentID: maybe("new sent id"), SubmitDate: maybe("submit date"), SoftDelete: maybe("soft delete"), ResendSent: maybe("resend"),
		EmptyPages: c.dice.n(4, "empty pages"), BareProperties: maybe("bare properties"), NamedAuth: maybe("named auth"),
		ForeignTraceFirst: maybe("trace first"), WideFirewall: maybe("wide firewall"), BareHeaders: maybe("bare headers"),
		UploadExtends: maybe("upload extends"), UploadStatus: maybe("upload status"), UploadRepeat: maybe("upload repeat"),
		Headers:      pick(c.dice, []graphtest.HeaderProfile{graphtest.Repairable, graphtest.Keeps, graphtest.Strips}, "headers"),
		MessageIDs:   pick(c.dice, []graphtest.MessageIDs{graphtest.KeptIDs, graphtest.KeptIDs, graphtest.ReplacedIDs}, "message ids"),
		RefreshReuse: pick(c.dice, []graphtest.RefreshReuse{graphtest.ReuseWorks, graphtest.ReuseWorks, graphtest.ReuseRefused, graphtest.ReuseEnds}, "reuse"),
	}
	c.exchange = graphtest.New(&c.exchangeOptions)
	c.support = zendesktest.New(&zendesktest.Options{
		SupportAddresses: []string{mailboxAddress}, Agents: []string{amyAddress}, LookupLag: lag("lookup lag"), AuditLag: lag("audit lag"), ReadLag: lag("read lag"),
		RememberFailures: maybe("remember failures"), LooseKeys: maybe("loose keys"), IgnoreUploads: maybe("ignore uploads"),
		InlineImages: maybe("inline"), MergeCCs: maybe("merge ccs"), ListArchived: maybe("archived"), KeepSolved: maybe("keep solved"),
		TerseClosed: maybe("terse"), JSONLimits: maybe("json limits"), RefuseStrangers: maybe("strangers"), AgentAuthors: maybe("authors"),
	})
	c.exchange.Advance(c.skew(exchange))
	c.support.Advance(c.skew(support))
	c.fetching = &exdesk.Windows{Most: exdesk.Cost{Messages: exdesk.IngestPerMinute}, Per: time.Minute}
	c.relaying = exdesk.RelayLimits()
	if c.delegated = maybe("delegated"); c.delegated {
		c.signIn()
	}
}

// direct is how people reach the services: without trouble.
type direct struct{ c *cell }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{req: req}
	if req.Body != nil {
		var err error
		if c.body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	return perform(d.c.handler(d.c.serviceAt(req)), c), nil
}

func (c *cell) serviceAt(req *http.Request) service {
	if "https://"+req.URL.Host == supportURL {
		return support
	}
	return exchange
}

func (c *cell) handler(s service) http.Handler {
	if s == support {
		return c.support
	}
	return c.exchange
}

// signIn has people sign in, for both services, as far as that is needed.
func (c *cell) signIn() {
	ctx, client := context.Background(), &http.Client{Transport: direct{c}}
	const redirect = "http://localhost/callback"
	verifier := oauth2.GenerateVerifier()
	broken := func(account string) bool {
		s, err := tokens.Look(ctx, c.store, account)
		return err != nil || s.Refused != nil
	}
	if broken(mailboxAddress) {
		app := c.entraApp(client)
		in := entra.AuthRequest{Redirect: redirect}
		back, err := c.exchange.Authorize(app.AuthCodeURL(in, "s", verifier), graphtest.Answer{User: mailboxAddress})
		must(err)
		u, err := url.Parse(back)
		must(err)
		token, err := app.Exchange(ctx, in, u.Query().Get("code"), verifier)
		must(err)
		must(tokens.Put(ctx, c.store, mailboxAddress, app.SignedIn(token, mailboxAddress)))
		c.tell(entry{what: "somebody signs in to Exchange"})
	}
	if broken("acme") {
		app := c.zendeskApp(client)
		back, err := c.support.Authorize(app.AuthCodeURL(redirect, "s", verifier), zendesktest.Answer{})
		must(err)
		token, err := app.Exchange(ctx, redirect, back.Query().Get("code"), verifier)
		must(err)
		must(tokens.Put(ctx, c.store, "acme", app.SignedIn(token, "")))
		c.tell(entry{what: "somebody signs in to Zendesk"})
	}
}

// step does what is next: a request that was made is heard, an answer arrives,
// something happens, or time passes.
func (c *cell) step() {
	synctest.Wait() // until nothing else can go on
	for _, call := range c.network.take() {
		c.sent(call)
	}
	at, ok := c.agenda.next()
	if ok && !at.After(time.Now()) {
		c.agenda.pop().do()
		return
	}
	if !ok {
		<-c.network.bell
		return
	}
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.network.bell:
	}
}

// post has something done by the cell, in its turn.
func (c *cell) post(l *life, name string, do func()) {
	c.network.mu.Lock()
	c.network.came = append(c.network.came, &call{life: l, op: operation(name), posted: do})
	c.network.mu.Unlock()
	select {
	case c.network.bell <- struct{}{}:
	default:
	}
}

// sent takes a request on its way.
func (c *cell) sent(call *call) {
	if call.posted != nil {
		call.posted()
		return
	}
	if call.life.dead.Load() {
		call.answer <- answer{err: errDead}
		return
	}
	c.asked++
	call.item = c.itemOf(call)
	key := string(call.op) + " " + call.item
	c.attempts[key]++
	call.attempt = c.attempts[key]
	call.trouble = c.troubleOf(call)
	if call.trouble.kind != none {
		c.faults++
	}
	c.underway[call] = true
	c.judgePause(call)
	if call.trouble.kind == diesFirst {
		call.life.die("before " + key)
		return
	}
	if call.trouble.kind == unreached {
		c.reply(call, answer{err: errUnreached}, 0)
		return
	}
	if call.op == opLabels {
		c.labels++
	}
	c.agenda.add(time.Now().Add(c.travel(call, "there")+call.trouble.delay), func() {
		if call.op == opLabels {
			c.labels--
		}
		c.hear(call)
	})
}

// itemOf names what a request is about.
func (c *cell) itemOf(call *call) string {
	for _, element := range strings.Split(call.req.URL.Path, "/") {
		if tag := c.tagOf(element); tag != "" {
			return tag
		}
	}
	text := call.req.URL.RawQuery
	if tag := tagged.FindString(text); tag != "" {
		return tag
	}
	head := call.body[:min(len(call.body), 64<<10)]
	if call.req.Header.Get("Content-Type") == "text/plain" { // a mail in base64
		decoded := make([]byte, len(head))
		n, _ := base64.StdEncoding.Decode(decoded, head[:len(head)/4*4])
		head = decoded[:n]
		if tag := noticed.Find(head); tag != nil { // it names the mails that it answers before
			return string(tag)
		}
	}
	if tag := tagged.Find(head); tag != nil {
		return string(tag)
	}
	if call.op == opLabels {
		for _, id := range messageIDs.FindAllStringSubmatch(string(head), -1) {
			if tag := c.tagOf(id[1]); tag != "" {
				return tag
			}
		}
	}
	return call.req.URL.Path
}

// tagOf returns the tag of what has an id in the mailbox.
func (c *cell) tagOf(id string) string {
	switch v := c.byID[id].(type) {
	case *mail:
		return v.tag
	case *notice:
		return v.tag
	}
	return ""
}

// hear lets a service act on a request, or not.
func (c *cell) hear(call *call) {
	if !c.underway[call] && !call.trouble.acts() {
		return // its process is dead, and it never got there
	}
	t := call.trouble
	if t.kind == meddle {
		c.meddle(call)
	}
	var resp *http.Response
	switch t.kind {
	case unheard:
	case refused, replaced, inBatch:
		if t.status != 422 || !c.remembers(call) {
			c.script(call)
		}
		resp = c.act(call)
		c.exchange.ClearFaults()
		c.support.ClearFaults()
	default:
		resp = c.act(call)
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	what := string(t.kind)
	if t.status != 0 {
		what = fmt.Sprint(what, " ", t.status)
	}
	c.tell(entry{life: call.life.n, op: call.op, item: call.item, what: what, status: status})
	if n, ok := c.byTag[call.item].(*notice); ok && call.op == opDraft && call.req.Context().Err() != nil {
		n.stray = true
	}
	if t.kind == diesAfter {
		call.life.die("after " + string(call.op) + " " + call.item)
		return
	}
	if t.kind == storm {
		c.stormy(call)
	}
	if resp == nil || t.kind == lost || t.kind == unheard || t.kind == storm || t.kind == cut && resp.ContentLength == 0 {
		c.reply(call, answer{err: errLost}, c.travel(call, "back"))
		return
	}
	c.reply(call, answer{resp: wrap(resp, t)}, c.travel(call, "back"))
}

// reply lets an answer arrive, if there is still somebody who waits for it.
func (c *cell) reply(call *call, a answer, after time.Duration) {
	c.agenda.add(time.Now().Add(after), func() {
		if c.underway[call] {
			delete(c.underway, call)
			c.heed(call, a)
			c.suffers(call, a)
			call.answer <- a
		}
	})
}

// remembers reports whether Zendesk has made a ticket by the key of a request: it
// tells of that again, and refuses nothing.
func (c *cell) remembers(call *call) bool {
	key := call.req.Header.Get("Idempotency-Key")
	return key != "" && slices.ContainsFunc(c.support.Tickets(), func(t zendesktest.Ticket) bool { return t.IdempotencyKey == key })
}

// script has the service itself refuse, in its own words.
func (c *cell) script(call *call) {
	t := call.trouble
	if call.to == support {
		must(c.support.Fault(zendesktest.Fault{Status: t.status, RetryAfter: t.retry, Commit: t.kind == replaced}))
		if t.status == 422 || t.status == 403 {
			if m, ok := c.byTag[call.item].(*mail); ok {
				m.refused = true
			}
		}
		return
	}
	f := graphtest.Fault{Status: t.status, RetryAfter: t.retry, Commit: t.kind == replaced}
	if t.kind == inBatch {
		f.Method, f.Skip, f.Path = t.method, t.inner, "/v1.0/users/*/messages/*"
	}
	must(c.exchange.Fault(f))
}

// meddle has a person label a mail just before the request is heard.
func (c *cell) meddle(call *call) {
	if m, ok := c.byTag[call.item].(*mail); ok {
		c.colour(m)
	}
}

// stormy has a bot change the ticket that a comment was added to.
func (c *cell) stormy(call *call) {
	elements := strings.Split(call.req.URL.Path, "/")
	var id int64
	if _, err := fmt.Sscan(elements[len(elements)-1], &id); err == nil {
		c.bustle(id, 130)
	}
}

// heal ends all trouble, and sees to it that the rest can be done.
func (c *cell) heal() {
	c.healed = true
	c.tell(entry{what: "all is well from here on"})
	begun := time.Now()
	c.agenda.add(begun.Add(time.Minute), func() { c.tend(begun) })
}

// tend looks after what is left until all is done.
func (c *cell) tend(begun time.Time) {
	if c.delegated {
		c.signIn()
	}
	c.restore()
	switch {
	case c.settled():
		c.settle(begun)
	case time.Since(begun) > 48*time.Hour:
		c.violate("", "it does not come to rest within two days")
		c.over = true
	default:
		c.agenda.add(time.Now().Add(5*time.Minute), func() { c.tend(begun) })
	}
}

// settle watches that nothing happens any more.
func (c *cell) settle(begun time.Time) {
	writes, edits := c.writes, c.edits
	c.agenda.add(time.Now().Add(10*time.Minute), func() {
		if c.edits != edits { // somebody did something
			c.tend(begun)
			return
		}
		if c.writes != writes {
			c.violate("", "it does not come to rest: %d requests changed something after all was done, the last: %s", c.writes-writes, c.wrote)
		}
		c.over = true
	})
}

// end stops the processes as a person would, and waits for them to be gone.
func (c *cell) end() {
	for _, l := range c.all {
		l.cancel()
	}
	gone := make(chan struct{})
	go func() {
		for _, l := range c.all {
			l.alive.Wait()
		}
		time.Sleep(30 * time.Minute) // for timers to run out
		close(gone)
	}()
	for done := false; !done; {
		synctest.Wait()
		for _, call := range c.network.take() {
			if call.posted == nil {
				call.answer <- answer{err: errDead}
			}
		}
		select {
		case <-gone:
			done = true
		case <-c.network.bell:
		}
	}
}
