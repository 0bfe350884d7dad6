package job

import (
	"context"
	"io"
	"net"
	"sync/atomic"
)

// writes counts calls of write(2) on the connections that it dials, where
// nothing is sent by other means: a Write is one as long as the peer keeps up.
type writes struct{ n atomic.Int64 }

func (w *writes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{c, w}, nil
}

type countedConn struct {
	net.Conn
	w *writes
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.w.n.Add(1)
	return c.Conn.Write(p)
}

// ReadFrom is there because *net.TCPConn has it, and net/http asks for it. From
// anything but a file or a socket that copies in pieces, as this does.
func (c *countedConn) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}
