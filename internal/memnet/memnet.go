// Package memnet serves HTTP over connections in memory. In a testing/synctest
// bubble a read from a socket would hold virtual time; a read from a net.Pipe
// does not.
package memnet

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves h under a host of loopback and returns its URL, a client that
// reaches it, and what ends it.
func Serve(h http.Handler) (url string, client *http.Client, stop func()) {
	ln := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(ln) }()
	tr := &http.Transport{DialContext: ln.dial, ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10}
	return "http://localhost", &http.Client{Transport: tr}, func() {
		tr.CloseIdleConnections()
		_ = srv.Close()
		time.Sleep(time.Second) // the server lingers half a second on what it cut off
	}
}

type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
