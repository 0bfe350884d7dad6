package sim

import (
	"bytes"
	"strconv"
	"time"
)

// trouble is what befalls a request.
type trouble struct {
	kind   kindOfTrouble
	delay  time.Duration // before it is heard
	status int           // instead of what the service says
	retry  string        // Retry-After
	inner  int           // which request of a batch
	method string        // of which method
}

type kindOfTrouble string

const (
	none      kindOfTrouble = ""
	unreached kindOfTrouble = "unreached"          // no connection
	unheard   kindOfTrouble = "unheard"            // the connection breaks before the service acts
	lost      kindOfTrouble = "answer lost"        // and after
	cut       kindOfTrouble = "answer cut"         // in the middle of the body
	stall     kindOfTrouble = "answer stalls"      // there, for ever
	slow      kindOfTrouble = "slow"               // heard late
	refused   kindOfTrouble = "refused"            // a status before the service acts
	replaced  kindOfTrouble = "acted, but"         // and after
	inBatch   kindOfTrouble = "refused in a batch" // one of its requests
	diesFirst kindOfTrouble = "dies before"        // the process, and the request never leaves
	diesAfter kindOfTrouble = "dies after"         // and when the service has acted
	meddle    kindOfTrouble = "meddled before"     // a person labels the mail just before
	storm     kindOfTrouble = "lost in a storm"    // the answer is lost, and a bot changes the ticket many times
	down      kindOfTrouble = "outage"
)

// acts reports whether the service does what it was asked.
func (t trouble) acts() bool {
	switch t.kind {
	case unreached, unheard, refused, diesFirst, down:
		return false
	}
	return true
}

// weather is how bad a cell's network is.
type weather struct {
	trouble, death float64
	outages        []outage
}

// outage is for how long a service is not there.
type outage struct {
	of       service
	from, to time.Time
	how      kindOfTrouble // unreached, refused, lost or slow
}

func (c *cell) forecast() {
	c.weather.trouble = pick(c.dice, []float64{0, 0.02, 0.05, 0.12}, "weather")
	c.weather.death = pick(c.dice, []float64{0, 0, 0.002, 0.006}, "deaths")
	for i := range c.dice.n(4, "outages") {
		from := c.begun.Add(c.dice.between(0, c.length, "outage from", i))
		length := pick(c.dice, []time.Duration{2 * time.Minute, 20 * time.Minute, 150 * time.Minute}, "outage for", i)
		o := outage{of: pick(c.dice, []service{exchange, support}, "outage of", i), from: from, to: from.Add(length),
			how: pick(c.dice, []kindOfTrouble{unreached, refused, lost, slow}, "outage how", i)}
		c.weather.outages = append(c.weather.outages, o)
		c.agenda.add(o.from, func() { c.tell(entry{what: string(o.of) + " is out: " + string(o.how)}) })
		c.agenda.add(o.to, func() { c.tell(entry{what: string(o.of) + " is back"}) })
	}
}

// troubleOf decides what befalls a request: by the hour, or else by what it is
// about and how often that was tried.
func (c *cell) troubleOf(call *call) trouble {
	now := time.Now()
	if c.healed {
		return trouble{}
	}
	for _, o := range c.weather.outages {
		if o.of != call.to || now.Before(o.from) || !now.Before(o.to) {
			continue
		}
		switch o.how {
		case refused:
			return trouble{kind: refused, status: 503}
		case slow:
			if call.op == opSend && c.exchangeOptions.ResendSent {
				return trouble{kind: unheard}
			}
			return trouble{kind: slow, delay: 3 * time.Minute}
		}
		return trouble{kind: o.how}
	}
	ask := func(what string) []any { return []any{what, call.op, call.item, call.attempt, call.life.n} }
	if c.dice.chance(c.weather.death, ask("death")...) {
		return trouble{kind: pick(c.dice, []kindOfTrouble{diesFirst, diesAfter}, ask("when")...)}
	}
	if !c.dice.chance(c.weather.trouble, ask("trouble")...) {
		return trouble{}
	}
	kinds := []trouble{{kind: unreached}, {kind: unheard}, {kind: lost}, {kind: lost}, {kind: cut}, {kind: stall},
		{kind: slow, delay: c.dice.between(time.Second, 4*time.Minute, ask("delay")...)},
		{kind: refused, status: 401}, {kind: refused, status: 500}, {kind: refused, status: 502}, {kind: refused, status: 503},
		{kind: refused, status: 503, retry: strconv.Itoa(c.dice.n(100, ask("retry")...))},
		{kind: refused, status: 429, retry: strconv.Itoa(1 + c.dice.n(100, ask("retry")...))}, {kind: refused, status: 504},
		{kind: replaced, status: 500}, {kind: replaced, status: 502}, {kind: replaced, status: 504}}
	switch call.op {
	case opToken:
		kinds = []trouble{{kind: unreached}, {kind: unheard}, {kind: lost}, {kind: cut}, {kind: refused, status: 503}, {kind: refused, status: 500}}
	case opCreate:
		kinds = append(kinds, trouble{kind: lost}, trouble{kind: refused, status: 409}, trouble{kind: refused, status: 422}, trouble{kind: refused, status: 403})
	case opComment:
		kinds = append(kinds, trouble{kind: storm}, trouble{kind: storm}, trouble{kind: refused, status: 409}, trouble{kind: refused, status: 422})
	case opOpen, opList, opLookup:
		kinds = append(kinds, trouble{kind: refused, status: 403})
	case opMark:
		kinds = append(kinds, trouble{kind: refused, status: 412}, trouble{kind: refused, status: 409}, trouble{kind: lost}, trouble{kind: meddle})
	case opLabels:
		method := "PATCH"
		if !bytes.Contains(call.body, []byte(`"PATCH"`)) {
			method = "GET"
		}
		for _, status := range []int{429, 503, 412, 409, 404} {
			if method == "PATCH" || status != 412 && status != 409 {
				t := trouble{kind: inBatch, method: method, status: status, inner: c.dice.n(5, ask("inner")...)}
				if status == 429 {
					t.retry = strconv.Itoa(c.dice.n(60, ask("retry")...))
				}
				kinds = append(kinds, t)
			}
		}
		if method == "GET" || !c.exchangeOptions.IgnoreIfMatch {
			kinds = append(kinds, trouble{kind: meddle}, trouble{kind: meddle})
		}
	}
	t := pick(c.dice, kinds, ask("which")...)
	if t.kind == slow && call.op == opSend && c.exchangeOptions.ResendSent {
		t.delay = min(t.delay, 10*time.Second) // nothing helps against a request that is heard much later, and sends again
	}
	return t
}
