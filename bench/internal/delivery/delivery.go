// Package delivery measures programs that send notifications from the mailbox.
// Whoever does it, the measurements are these.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	few, err := b.parcels("1KB", 3)
	if err != nil {
		return err
	}
	n := map[string]int{"5KB": measure.Times(300, 60), "2MB": measure.Times(30, 6), "30MB": measure.Times(4, 1)}[b.size]
	many, err := b.parcels(b.size, n)
	if err != nil {
		return err
	}
	if err := measure.Forget(); err != nil {
		return err
	}
	if _, err := b.all(send, few); err != nil {
		return err
	}
	before, err := measure.Peak()
	if err != nil {
		return err
	}
	seen, err := b.control.Counters()
	if err != nil {
		return err
	}
	c, err := b.all(send, many)
	if err != nil {
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

// all sends them, and holds the sender to it.
func (b *bench) all(send Sender, parcels []*Parcel) (c measure.Cost, err error) {
	before, err := b.control.Outcome()
	if err != nil {
		return c, err
	}
	c, err = measure.Do(len(parcels), func(i int) error { return send(context.Background(), parcels[i]) })
	if err != nil {
		return c, err
	}
	after, err := b.control.Outcome()
	if err != nil {
		return c, err
	}
	if k := after.Sent - before.Sent; k != len(parcels) {
		return c, fmt.Errorf("of %d notifications %d have left", len(parcels), k)
	}
	if got, want := after.SentOctets-before.SentOctets, int64(len(parcels))*parcels[0].File; got < want {
		return c, fmt.Errorf("what has left has %d octets, and its files alone have %d", got, want)
	}
	return c, nil
}

// parcels writes notifications to files.
func (b *bench) parcels(size string, n int) ([]*Parcel, error) {
	list := make([]*Parcel, n)
	for i := range list {
		v := notices.New(size, i, b.mailbox)
		list[i] = &Parcel{Notice: v, MIME: filepath.Join(b.dir, fmt.Sprintf("%s-%d.eml", size, i))}
		f, err := os.Create(list[i].MIME)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(v.WriteMIME(f), f.Close()); err != nil {
			return nil, err
		}
	}
	return list, nil
}
