// Package delivery measures programs that send notifications from the mailbox.
// Whoever does it, the measurements are these.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/notices"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

// Parcel is a notification to be sent.
type Parcel struct {
	*notices.Notice
	// MIME is the path of its octets.
	MIME string
}

// Sender sends a notification. It is used by one goroutine.
type Sender func(ctx context.Context, p *Parcel) error

// Open makes a Sender for the mailbox.
type Open func(at *servers.Access) (Sender, error)

// Measurements are all that is measured of a subject that can send
// notifications of these sizes.
func Measurements(subject string, open Open, sizes ...string) []measure.Measurement {
	var all []measure.Measurement
	for _, size := range sizes {
		all = append(all, measure.Of("relay/"+size, subject, func(r *measure.Report) error {
			b := &bench{Report: r, size: size}
			return b.run(open)
		}))
	}
	return all
}

type bench struct {
	*measure.Report
	size    string
	dir     string
	mailbox string
	control *servers.Control
}

func (b *bench) run(open Open) (err error) {
	if b.dir, err = os.MkdirTemp("", "exdesk-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.control, err = servers.Open(); err != nil {
		return err
	}
	at, err := b.control.Reset(servers.Setup{})
	if err != nil {
		return err
	}
	b.mailbox = at.Mailbox
	send, err := open(at)
	if err != nil {
		return err
	}
	// What is made once, by the process or in the mailbox, is made by a small one.
	if err := b.all(send, "1KB", 3, nil); err != nil {
		return err
	}
	runtime.GC()
	before, err := measure.Peak()
	if err != nil {
		return err
	}
	var c measure.Cost
	n := map[string]int{"5KB": measure.Times(300, 60), "2MB": measure.Times(30, 6), "30MB": measure.Times(4, 1)}[b.size]
	seen, err := b.control.Counters()
	if err != nil {
		return err
	}
	if err := b.all(send, b.size, n, &c); err != nil {
		return err
	}
	after, err := measure.Peak()
	if err != nil {
		return err
	}
	now, err := b.control.Counters()
	if err != nil {
		return err
	}
	traffic := now.Minus(*seen).Graph
	row := "relay/" + b.size
	b.Add(row+", CPU", "ms CPU", float64(c.CPU)/float64(time.Millisecond))
	b.Add(row+", wall", "ms", float64(c.Wall)/float64(time.Millisecond))
	b.Add(row+", allocated", "KiB", c.Bytes/1024)
	b.Add(row+", allocations", "allocs", c.Objects)
	b.Add(row+", peak above 1KB", "MiB", measure.MiB(after-before))
	b.Add(row+", requests", "per mail", float64(traffic.Requests)/float64(n))
	b.Add(row+", octets", "KiB", float64(traffic.Received+traffic.Sent)/float64(n)/1024)
	return nil
}

// all sends n notifications, and holds the sender to it.
func (b *bench) all(send Sender, size string, n int, c *measure.Cost) error {
	parcels := make([]*Parcel, n)
	for i := range parcels {
		p, err := b.parcel(size, i)
		if err != nil {
			return err
		}
		parcels[i] = p
	}
	before, err := b.control.Outcome()
	if err != nil {
		return err
	}
	cost, err := measure.Do(n, func(i int) error { return send(context.Background(), parcels[i]) })
	if err != nil {
		return err
	}
	after, err := b.control.Outcome()
	if err != nil {
		return err
	}
	if k := after.Sent - before.Sent; k != n {
		return fmt.Errorf("of %d notifications %d have left", n, k)
	}
	if got, want := after.SentOctets-before.SentOctets, int64(n)*parcels[0].File; got < want {
		return fmt.Errorf("what has left has %d octets, and its files alone have %d", got, want)
	}
	if c != nil {
		*c = cost
	}
	return nil
}

// parcel writes a notification to files.
func (b *bench) parcel(size string, n int) (*Parcel, error) {
	v := notices.New(size, n, b.mailbox)
	p := &Parcel{Notice: v, MIME: filepath.Join(b.dir, fmt.Sprintf("%s-%d.eml", size, n))}
	f, err := os.Create(p.MIME)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(v.WriteMIME(f), f.Close())
}
