package exdesk

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
)

// Poller makes passes over many Inboxes, each as Connector.Run would, with one
// timer and few goroutines: a mailbox in which nothing happens costs no more than
// its Connector and about 60 bytes. The zero value is ready to use. It is safe for
// concurrent use; its fields must not change after the first use.
//
// The first passes of the Connectors are spread over Options.Every, so that ten
// thousand of them do not begin in the same second. Who is longest overdue comes
// first, and a mailbox has one pass at a time. What one mailbox's services ask
// for, or fail at, delays that mailbox and no other.
type Poller struct {
	// Workers is how many passes are begun at a time. One that is not over after
	// two seconds, because there is mail or because a service does not answer,
	// goes on beside them and keeps nobody waiting. Default: 8, and one more for
	// each hundred Connectors.
	Workers int

	mu      sync.Mutex // guards what follows
	running bool
	all     int // how many Connectors there are
	waiting polls
	busy    map[*poll]*worker // those whose passes are under way
	quick   []*worker         // of them those that count against Workers, by the begin of their passes
	idle    []*worker
	poke    chan struct{}                // holds one notice that Run has to look again
	start   func(w *worker, first *poll) // starts a worker; nil while Run does not run
}

// gives is after how long a pass does not count against Workers any more.
const gives = 2 * time.Second

// idleWorkers is how many workers are kept that have nothing to do. What others
// have grown is given back.
const idleWorkers = 8

// poll is a Connector in a Poller.
type poll struct {
	p     *Poller
	c     *Connector
	at    time.Time // when it is to look again
	place int32     // in waiting
	woken bool      // while its pass was under way, or nobody ran
	gone  bool      // it was removed
}

// worker is a goroutine that makes passes.
type worker struct {
	next   chan *poll // the next one, while it is idle; closed when there is none
	begin  time.Time  // of its pass
	stop   context.CancelFunc
	passed chan struct{} // closed when a pass is over whose Connector was removed
}

// Add takes in a Connector: it is looked after from now on, or from when Run is
// called. Its first pass comes within Options.Every; Wake makes it come at once.
// A Connector can be in one Poller, once.
func (p *Poller) Add(c *Connector) error {
	if c.desk == nil {
		return errNoDesk
	}
	e := &poll{p: p, c: c}
	p.mu.Lock() // before the Connector's, as everywhere; who finds e there finds it waiting
	defer p.mu.Unlock()
	c.mu.Lock()
	taken := c.poll != nil
	if !taken {
		c.poll = e
	}
	c.mu.Unlock()
	if taken {
		return fmt.Errorf("exdesk: the Connector of %s is in a Poller already", c.mailbox.Address())
	}
	p.all++
	if p.start != nil {
		e.spread(time.Now())
	}
	p.push(e)
	return nil
}

// Remove takes a Connector out. A pass that is under way is told to end, as by
// the end of Run's ctx, and Remove waits for that: it must not be called by what
// the pass calls, such as OnResult. A Connector that is not there is no error.
func (p *Poller) Remove(c *Connector) {
	c.mu.Lock()
	e := c.poll
	if e == nil || e.p != p {
		c.mu.Unlock()
		return
	}
	c.poll = nil
	c.next = time.Time{}
	c.mu.Unlock()

	p.mu.Lock()
	p.all--
	e.gone = true
	w := p.busy[e]
	if w == nil {
		heap.Remove(&p.waiting, int(e.place))
		p.mu.Unlock()
		return
	}
	w.passed = make(chan struct{})
	w.stop()
	p.mu.Unlock()
	<-w.passed
}

// Run makes passes until ctx ends, and then returns its cause when those under
// way have ended, each as with Connector.Run. It may be called again then, and
// not before. A panic of a pass ends the others, and is Run's own.
func (p *Poller) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	var broken any // what a pass panicked with
	var once sync.Once
	poke := make(chan struct{}, 1)

	p.mu.Lock()
	if p.running {
		p.mu.Unlock()
		return errors.New("exdesk: this Poller runs already")
	}
	p.running, p.poke = true, poke
	p.start = func(w *worker, first *poll) {
		var own context.Context
		own, w.stop = context.WithCancel(ctx)
		workers.Go(func() {
			defer w.stop()
			p.work(own, w, first, func(v any) {
				once.Do(func() { broken = v })
				stop()
			})
		})
	}
	now := time.Now()
	for _, e := range p.waiting {
		e.spread(now)
	}
	heap.Init(&p.waiting)
	p.mu.Unlock()

	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		select {
		case <-t.C:
		case <-poke:
		case <-ctx.Done():
		}
		p.mu.Lock()
		t.Reset(p.dispatch(time.Now()))
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.start = nil
	for _, w := range p.idle {
		close(w.next)
	}
	p.idle = nil
	p.mu.Unlock()
	workers.Wait()
	p.mu.Lock()
	p.running = false
	p.mu.Unlock()
	if broken != nil {
		panic(broken)
	}
	return context.Cause(ctx)
}

// dispatch hands those that are due to workers, and returns after how long it
// has to be called again. p.mu is held.
func (p *Poller) dispatch(now time.Time) time.Duration {
	for {
		e, wait := p.due(now)
		if e == nil {
			return wait
		}
		if n := len(p.idle); n > 0 {
			w := p.idle[n-1]
			p.idle = p.idle[:n-1]
			p.take(w, e, now)
			w.next <- e
			continue
		}
		w := &worker{next: make(chan *poll, 1)}
		p.take(w, e, now)
		p.start(w, e)
	}
}

// due takes out who is to look now, if a place is free. If not, it returns after
// how long there may be somebody. p.mu is held.
func (p *Poller) due(now time.Time) (*poll, time.Duration) {
	const never = 24 * time.Hour
	if p.start == nil || len(p.waiting) == 0 {
		return nil, never
	}
	if wait := p.waiting[0].at.Sub(now); wait > 0 {
		return nil, wait
	}
	for len(p.quick) >= p.places() {
		if left := p.quick[0].begin.Add(gives).Sub(now); left > 0 {
			return nil, left
		}
		p.quick = slices.Delete(p.quick, 0, 1)
	}
	return heap.Pop(&p.waiting).(*poll), 0
}

// take notes that a worker makes a pass. p.mu is held.
func (p *Poller) take(w *worker, e *poll, now time.Time) {
	if p.busy == nil {
		p.busy = make(map[*poll]*worker)
	}
	w.begin = now
	p.busy[e] = w
	p.quick = append(p.quick, w)
}

// work makes passes, the first over e, until ctx ends or there is nothing to do
// for so many. It tells broken what a pass panicked with.
func (p *Poller) work(ctx context.Context, w *worker, e *poll, broken func(any)) {
	defer func() {
		if e == nil {
			return
		}
		v := recover()
		if v == nil {
			v = "a pass has ended its goroutine by runtime.Goexit"
		}
		broken(fmt.Sprintf("%v\n\n%s", v, debug.Stack()))
		p.passed(w, e, 0, true)
	}()
	for e != nil {
		pause := e.c.look(ctx)
		ends := ctx.Err() != nil
		if e = p.passed(w, e, pause, ends); e == nil && !ends {
			e = <-w.next
		}
	}
}

// passed notes that the pass of a worker is over, which is its last if it ends,
// and returns the next one for it.
func (p *Poller) passed(w *worker, e *poll, pause time.Duration, ends bool) *poll {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, e)
	if i := slices.Index(p.quick, w); i >= 0 {
		p.quick = slices.Delete(p.quick, i, i+1)
	}
	now := time.Now()
	if e.gone {
		close(w.passed)
	} else {
		if e.at = now.Add(pause); e.woken {
			e.at, e.woken = now, false
		}
		p.push(e)
	}
	if ends {
		p.notify() // of the place that is free
		return nil
	}
	next, _ := p.due(now)
	switch {
	case next != nil:
		p.take(w, next, now)
	case p.start == nil || len(p.idle) == idleWorkers:
		close(w.next)
	default:
		p.idle = append(p.idle, w)
	}
	return next
}

// places is how many passes may be begun at a time. p.mu is held.
func (p *Poller) places() int { return cmp.Or(p.Workers, 8+p.all/100) }

// push adds one that waits. p.mu is held.
func (p *Poller) push(e *poll) {
	heap.Push(&p.waiting, e)
	if e.place == 0 {
		p.notify()
	}
}

// notify makes Run look again. p.mu is held.
func (p *Poller) notify() {
	select {
	case p.poke <- struct{}{}:
	default:
	}
}

// spread gives e a place of its own in the time between two passes.
func (e *poll) spread(now time.Time) {
	if e.at = now; !e.woken {
		e.at = now.Add(jitter.N(e.c.every(), e.c.mailbox.Address()))
	}
	e.woken = false
	e.c.expect(e.at)
}

// wake makes e look now, or once more.
func (e *poll) wake() {
	p := e.p
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.gone:
	case p.busy[e] != nil || p.start == nil:
		e.woken = true
	default:
		if now := time.Now(); e.at.After(now) {
			e.at = now
			heap.Fix(&p.waiting, int(e.place))
		}
		p.notify()
	}
}

// polls is a heap of those that wait, the next to look first.
type polls []*poll

func (h polls) Len() int           { return len(h) }
func (h polls) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h polls) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = int32(i), int32(j)
}

// Push implements heap.Interface.
func (h *polls) Push(x any) {
	e := x.(*poll)
	e.place = int32(len(*h))
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *polls) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
