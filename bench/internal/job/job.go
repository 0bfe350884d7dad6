// Package job measures programs that do the main job: mail of an Inbox becomes
// tickets, and is labelled. Whoever does it, the measurements are these.
package job

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/samples"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

// Category is the label that every Worker writes.
const Category = "Zendesk"

// Worker does the job. It is used by one goroutine.
type Worker interface {
	// Ingest makes a ticket with all files of each unread mail of the Inbox, and
	// labels the mail and marks it read. It returns how many that were.
	Ingest(ctx context.Context) (int, error)
	// List reads the list of the unread mails of the Inbox, with what it takes to
	// decide about each, and returns their number.
	List(ctx context.Context) (int, error)
	// Label labels that mail and marks it read.
	Label(ctx context.Context, id string) error
}

// Batcher is a Worker that can label several mails at once.
type Batcher interface {
	LabelAll(ctx context.Context, ids []string) error
}

// Dial is DialContext of http.Transport.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Open makes a Worker for these services, with the connections that it uses by
// itself, or with dial where that is not nil.
type Open func(at *servers.Access, dial Dial) (Worker, error)

const backlog = 100

// Measurements are all that is measured of a subject.
func Measurements(subject string, open Open) []measure.Measurement {
	of := func(name string, run func(*bench) error) measure.Measurement {
		return measure.Of("ingest/"+name, subject, func(r *measure.Report) error {
			b := &bench{Report: r, ctx: context.Background(), open: open}
			if err := b.begin(nil); err != nil {
				return err
			}
			return run(b)
		})
	}
	return []measure.Measurement{
		of("3KB", func(b *bench) error { return b.stream("3KB", backlog, measure.Times(8, 2)) }),
		of("60KB", func(b *bench) error { return b.stream("60KB", backlog, measure.Times(4, 1)) }),
		of("5MB", func(b *bench) error { return b.stream("5MB", 10, measure.Times(4, 1)) }),
		of("50MB", (*bench).large),
		of("writes", (*bench).writes),
		of("wire", (*bench).wire),
		of("list", (*bench).list),
		of("label", (*bench).label),
	}
}

// bench is one measurement under way.
type bench struct {
	*measure.Report
	ctx     context.Context
	open    Open
	control *servers.Control
	worker  Worker
}

// begin makes the services new and the worker ready: one mail of 3 KB has gone
// through it.
func (b *bench) begin(dial Dial) (err error) {
	if b.control, err = servers.Open(); err != nil {
		return err
	}
	at, err := b.control.Reset(servers.Setup{})
	if err != nil {
		return err
	}
	if b.worker, err = b.open(at, dial); err != nil {
		return err
	}
	return b.ingest("3KB", 1, func() error { return b.pass(1) })
}

// fill delivers mail, and takes nothing from the processor while that goes on.
func (b *bench) fill(sample string, n int) ([]string, error) {
	return b.control.Fill(servers.Fill{Sample: sample, Count: n})
}

// pass ingests what is there.
func (b *bench) pass(n int) error {
	got, err := b.worker.Ingest(b.ctx)
	if err == nil && got != n {
		err = fmt.Errorf("%d mails were ingested, and there were %d", got, n)
	}
	return err
}

// ingest delivers n mails, lets do ingest them, and holds it to that.
func (b *bench) ingest(sample string, n int, do func() error) error {
	before, err := b.control.Outcome()
	if err != nil {
		return err
	}
	if _, err := b.fill(sample, n); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := b.control.Outcome()
	if err != nil {
		return err
	}
	if t, l, f := after.Tickets-before.Tickets, after.Labelled-before.Labelled, after.Files-before.Files; t != n || l != n || f != n*samples.Files[sample] {
		return fmt.Errorf("of %d mails of %s came %d tickets with %d files, and %d labels", n, sample, t, f, l)
	}
	return nil
}

// stream measures backlogs of n mails, several times.
func (b *bench) stream(sample string, n, times int) error {
	if err := b.ingest(sample, min(n, 10), func() error { return b.pass(min(n, 10)) }); err != nil {
		return err
	}
	var sum measure.Cost
	for range times {
		err := b.ingest(sample, n, func() error {
			c, err := measure.Do(1, func(int) error { return b.pass(n) })
			sum.Wall, sum.CPU, sum.Bytes, sum.Objects = sum.Wall+c.Wall, sum.CPU+c.CPU, sum.Bytes+c.Bytes, sum.Objects+c.Objects
			return err
		})
		if err != nil {
			return err
		}
	}
	mails := float64(times * n)
	row := "ingest/" + sample
	b.AddHigher(row+", speed", "mails/s", mails/sum.Wall.Seconds())
	b.Add(row+", CPU", "s per 1,000 mails", sum.CPU.Seconds()/mails*1000)
	b.Add(row+", allocated", "KiB per mail", sum.Bytes/mails/1024)
	b.Add(row+", allocations", "per mail", sum.Objects/mails)
	return nil
}

// large measures one mail of 50 MB in a process that has seen a small one.
func (b *bench) large() error {
	runtime.GC()
	before, err := measure.Peak()
	if err != nil {
		return err
	}
	var c measure.Cost
	err = b.ingest("50MB", 1, func() (err error) {
		c, err = measure.Do(1, func(int) error { return b.pass(1) })
		return err
	})
	if err != nil {
		return err
	}
	after, err := measure.Peak()
	if err != nil {
		return err
	}
	b.Add("ingest/50MB, wall", "ms", float64(c.Wall)/float64(time.Millisecond))
	b.Add("ingest/50MB, CPU", "ms", float64(c.CPU)/float64(time.Millisecond))
	b.Add("ingest/50MB, allocated", "KiB", c.Bytes/1024)
	b.Add("ingest/50MB, peak above 3KB", "MiB", measure.MiB(after-before))
	return nil
}

// writes counts the write calls of one mail of 50 MB.
func (b *bench) writes() error {
	var w writes
	if err := b.begin(w.dial); err != nil {
		return err
	}
	before := w.n.Load()
	if err := b.ingest("50MB", 1, func() error { return b.pass(1) }); err != nil {
		return err
	}
	b.Add("ingest/50MB, write calls", "calls", float64(w.n.Load()-before))
	return nil
}

// wire counts requests, and octets in both directions.
func (b *bench) wire() error {
	for _, v := range []struct {
		row    string
		sample string
		n      int
	}{{"3KB, alone", "3KB", 1}, {"3KB, of 100", "3KB", backlog}, {"60KB, of 100", "60KB", backlog}} {
		var seen servers.Counters
		err := b.ingest(v.sample, v.n, func() error {
			before, err := b.control.Counters()
			if err != nil {
				return err
			}
			if err := b.pass(v.n); err != nil {
				return err
			}
			after, err := b.control.Counters()
			if err == nil {
				seen = after.Minus(*before)
			}
			return err
		})
		if err != nil {
			return err
		}
		n := float64(v.n)
		b.Add("wire/"+v.row+", requests", "per mail", float64(seen.Graph.Requests+seen.Zendesk.Requests)/n)
		b.Add("wire/"+v.row+", octets", "KiB per mail", float64(seen.Graph.Received+seen.Graph.Sent+seen.Zendesk.Received+seen.Zendesk.Sent)/n/1024)
	}
	return nil
}

// list measures the list of 25 mails.
func (b *bench) list() error {
	const mails = 25
	if _, err := b.fill("3KB", mails); err != nil {
		return err
	}
	once := func(int) error {
		n, err := b.worker.List(b.ctx)
		if err == nil && n != mails {
			err = fmt.Errorf("%d mails were listed, and there are %d", n, mails)
		}
		return err
	}
	return b.repeat("list/25 mails", measure.Times(400, 100), 1, once)
}

// label measures writing on one mail, and on 20 at once where that is possible.
func (b *bench) label() error {
	const together = 20
	n := measure.Times(400, 100)
	ids, err := b.fill("3KB", n+n/10+2*n)
	if err != nil {
		return err
	}
	next := func(n int) []string {
		out := ids[:n]
		ids = ids[n:]
		return out
	}
	one := func(int) error { return b.worker.Label(b.ctx, next(1)[0]) }
	if err := b.repeat("label/one mail", n, 1, one); err != nil {
		return err
	}
	if w, ok := b.worker.(Batcher); ok {
		return b.repeat("label/20 mails", n/together, together, func(int) error { return w.LabelAll(b.ctx, next(together)) })
	}
	return b.repeat("label/20 mails", n/together, together, func(int) error {
		for range together {
			if err := one(0); err != nil {
				return err
			}
		}
		return nil
	})
}

// repeat measures one thing, a tenth of the times first without looking. Each
// has parts, whose cost is told.
func (b *bench) repeat(row string, n, parts int, f func(int) error) error {
	for range n / 10 {
		if err := f(0); err != nil {
			return err
		}
	}
	c, err := measure.Do(n, f)
	if err != nil {
		return err
	}
	b.AddCPU(row+", CPU", c.CPU/time.Duration(parts))
	b.Add(row+", allocated", "B", c.Bytes/float64(parts))
	b.Add(row+", allocations", "allocs", c.Objects/float64(parts))
	return nil
}
