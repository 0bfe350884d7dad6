package servers

import (
	"net"
	"net/http"
	"sync/atomic"
)

// Traffic is what one service has seen. Octets are those of the connections,
// headers and framing included.
type Traffic struct {
	Requests    int64 `json:"requests"` // a batch is one
	Received    int64 `json:"received"` // octets from the client
	Sent        int64 `json:"sent"`     // octets to the client
	Connections int64 `json:"connections"`
}

// Minus is what came after an earlier state.
func (t Traffic) Minus(before Traffic) Traffic {
	return Traffic{t.Requests - before.Requests, t.Received - before.Received, t.Sent - before.Sent, t.Connections - before.Connections}
}

// Minus is what came after an earlier state.
func (c Counters) Minus(before Counters) Counters {
	return Counters{c.Graph.Minus(before.Graph), c.Zendesk.Minus(before.Zendesk)}
}

// side is one service: a listener, and the handler that is behind it now.
type side struct {
	url     string
	server  *http.Server
	handler atomic.Pointer[http.Handler]

	requests, received, sent, connections atomic.Int64
}

func listen() (*side, error) {
	ln, err := loopback()
	if err != nil {
		return nil, err
	}
	s := &side{url: "http://" + ln.Addr().String()}
	s.server = &http.Server{Handler: s}
	go func() { _ = s.server.Serve(&counted{ln, s}) }() // it ends by close
	return s, nil
}

func (s *side) close() { _ = s.server.Close() }

func (s *side) serve(h http.Handler) { s.handler.Store(&h) }

func (s *side) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	(*s.handler.Load()).ServeHTTP(w, r)
}

func (s *side) traffic() Traffic {
	return Traffic{s.requests.Load(), s.received.Load(), s.sent.Load(), s.connections.Load()}
}

// counted is a listener whose connections count octets.
type counted struct {
	net.Listener
	side *side
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.side.connections.Add(1)
	return &countedConn{c, l.side}, nil
}

type countedConn struct {
	net.Conn
	side *side
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.side.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.side.sent.Add(int64(n))
	return n, err
}
