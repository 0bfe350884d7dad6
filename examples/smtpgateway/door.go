package main

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// door lets so many clients in at a time.
type door struct {
	most int
	away chan struct{} // one a client that is being turned away
	shut chan struct{} // closed when nobody is let in any more

	mu     sync.Mutex // guards what follows
	inside map[*client]struct{}
	ways   []net.Listener
}

func newDoor(most int) *door {
	return &door{most: most, away: make(chan struct{}, 16), shut: make(chan struct{}), inside: make(map[*client]struct{})}
}

// guard has close close a listener; at once, if that was called.
func (d *door) guard(l net.Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ways = append(d.ways, l); d.closed() {
		_ = l.Close()
	}
}

func (d *door) enter(c *client) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed() || len(d.inside) >= d.most {
		return false
	}
	d.inside[c] = struct{}{}
	return true
}

func (d *door) leave(c *client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, c)
}

// close lets nobody in any more, and shows out whoever hands in no mail.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed() {
		close(d.shut)
	}
	for _, l := range d.ways {
		_ = l.Close()
	}
	for c := range d.inside {
		c.showOut(os.ErrDeadlineExceeded) // it is answered with 421
	}
}

func (d *door) closed() bool {
	select {
	case <-d.shut:
		return true
	default:
		return false
	}
}

// wait waits for a time, or until the door is closed.
func (d *door) wait(pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.shut:
	}
}

// empty waits for all to have left.
func (d *door) empty(most time.Duration) bool {
	for end := time.Now().Add(most); d.count() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func (d *door) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.inside)
}

// cut closes all connections.
func (d *door) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.inside {
		_ = c.Conn.Close()
	}
}

// entrance is a listener before which the door stands.
type entrance struct {
	net.Listener
	g        *gateway
	implicit bool // TLS at once
}

func (e *entrance) Accept() (net.Conn, error) {
	for {
		conn, err := e.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := newClient(conn, e.g, e.implicit)
		if e.g.door.enter(c) {
			return c, nil
		}
		e.g.door.turnAway(c)
	}
}

// turnAway answers 421, unless there is a crowd.
func (d *door) turnAway(c *client) {
	select {
	case d.away <- struct{}{}:
	default:
		_ = c.Conn.Close()
		return
	}
	go func() {
		defer func() { <-d.away }()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(c, "421 4.3.2 Too many connections: try again later\r\n")
		_ = c.Close()
	}()
}
