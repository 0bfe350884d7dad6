package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

func TestCrowd(t *testing.T) {
	w := newWorld(t, nil)
	w.gateway.clients = 2
	w.start()
	first, second := w.talk(w.addr), w.secure()
	first.hears("220 ")
	third := w.talk(w.addr)
	third.hears("421 4.3.2 ")
	third.ends()
	conn, err := tls.Dial("tcp", w.tlsAddr, w.trust)
	require.NoError(t, err)
	defer conn.Close()
	(&talk{t, conn}).hears("421 4.3.2 ")
	second.says("QUIT")
	second.hears("221 ")
	require.Eventually(t, func() bool { return w.g.door.count() == 1 }, 5*time.Second, time.Millisecond)
	require.Nil(t, w.send(notice("ann"), ann))
}

// waiting is a relay that waits for its context or for leave.
func waiting(leave chan struct{}) (r relay, begun chan struct{}) {
	begun = make(chan struct{}, 1)
	return func(ctx context.Context, out *exdesk.Outbound) (*exdesk.Receipt, error) {
		begun <- struct{}{}
		select {
		case <-leave:
			return &exdesk.Receipt{}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}, begun
}

func TestStop(t *testing.T) {
	leave := make(chan struct{})
	r, begun := waiting(leave)
	w := newWorld(t, nil).startRelay(r)
	bare, idler, client := w.talk(w.addr), w.secure(), w.dial()
	bare.hears("220 ")
	done := make(chan error, 1)
	go func() { done <- deliver(client, notice("ann"), ann) }()
	<-begun
	stopped := make(chan struct{})
	go func() { w.g.stop(time.Minute); close(stopped) }()
	bare.hears("421 ")
	bare.ends()
	idler.hears("421 ")
	idler.ends()
	require.Eventually(t, func() bool { _, err := net.Dial("tcp", w.addr); return err != nil }, 5*time.Second, time.Millisecond)
	close(leave)
	require.NoError(t, <-done, "what runs may end")
	select {
	case <-stopped:
	case <-time.After(5 * time.Second):
		require.Fail(t, "the client is not shown out after its mail")
	}
}

func TestStopHasNoPatience(t *testing.T) {
	r, begun := waiting(nil)
	w := newWorld(t, nil).startRelay(r)
	client := w.dial()
	done := make(chan error, 1)
	go func() { done <- deliver(client, notice("ann"), ann) }()
	<-begun
	w.g.stop(10 * time.Millisecond)
	requireReply(t, answer(t, <-done), 451, enhanced{4, 3, 2}, "is stopping")
}

func TestSilence(t *testing.T) {
	for _, known := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			defer there.Close()
			g := newGateway(nil, gatewayOptions{clients: 1, log: slog.New(slog.DiscardHandler)})
			c := newClient(here, g, false)
			want := strange
			if known {
				c.signedIn()
				want = idle
			}
			begin := time.Now()
			_, err := c.Read(make([]byte, 1))
			timeout, ok := err.(net.Error)
			require.True(t, ok && timeout.Timeout(), "%v", err)
			require.Equal(t, want, time.Since(begin))
		})
	}
}

// Trickling is no more time for a stranger.
func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		g := newGateway(nil, gatewayOptions{clients: 1, tls: new(tls.Config), log: slog.New(slog.DiscardHandler)})
		c := newClient(here, g, false)
		var group sync.WaitGroup
		group.Go(func() {
			for range 1000 {
				time.Sleep(time.Second)
				if _, err := there.Write([]byte("x")); err != nil {
					return
				}
			}
		})
		begin := time.Now()
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.Equal(t, strange, time.Since(begin))
		require.NoError(t, here.Close())
		group.Wait()
	})
}
