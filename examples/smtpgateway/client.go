package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// idle is how long a client may say nothing (RFC 5321 §4.5.3.2.7).
	idle = 5 * time.Minute
	// strange is how long a client may stay that has not signed in.
	strange = time.Minute
	// mostBare is how many commands are answered before TLS.
	mostBare = 20
)

// client is a connection. It speaks TLS by itself: go-smtp hears what comes
// within, and nothing of what came before. It has timeouts of its own as well,
// which leave a large mail the time that it needs as long as something comes.
type client struct {
	net.Conn          // below TLS
	talk     net.Conn // that is spoken on: it, or TLS over it
	g        *gateway
	bare     bool // TLS is still to come
	entered  time.Time

	mu    sync.Mutex // guards what follows
	known bool       // it has signed in
	busy  bool       // it hands in a mail
	out   error      // what Read is to return, unless it is busy
}

func newClient(conn net.Conn, g *gateway, implicit bool) *client {
	c := &client{Conn: conn, talk: conn, g: g, bare: g.tls != nil && !implicit, entered: time.Now()}
	if g.tls != nil && implicit {
		c.talk = tls.Server(conn, g.tls)
	}
	_ = conn.SetReadDeadline(c.entered.Add(strange)) // of a handshake before the first Read
	return c
}

func (c *client) Read(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	if c.bare {
		if err := c.starttls(); err != nil {
			return 0, err
		}
		c.bare = false
	}
	return c.talk.Read(p)
}

// begin says until when the client may be silent, or that it has to leave.
func (c *client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out != nil && !c.busy {
		return c.out
	}
	until := time.Now().Add(idle)
	if end := c.entered.Add(strange); !c.known && end.Before(until) {
		until = end
	}
	return c.Conn.SetReadDeadline(until)
}

// Write sends an answer.
//
// QUIRK: go-smtp offers CHUNKING and cannot be told not to, but takes a
// connection that ends within the last chunk for the end of the mail, so that
// half a mail would leave.
func (c *client) Write(p []byte) (int, error) {
	if string(p) == "250-CHUNKING\r\n" {
		return len(p), nil
	}
	return c.talk.Write(p)
}

// Close lets another client in.
func (c *client) Close() error {
	c.g.door.leave(c)
	return c.talk.Close()
}

// starttls answers a client until it has TLS (RFC 3207).
func (c *client) starttls() error {
	in := bufio.NewReaderSize(c.Conn, 1000) // nothing is left in it in the end
	for range mostBare {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return c.dismiss("500 5.5.2 The line is too long")
		case err != nil:
			return err
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch verb = strings.ToUpper(verb); verb {
		case "EHLO":
			err = c.answer(fmt.Sprintf("250-%s\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE %d\r\n250 STARTTLS", c.g.name, c.g.maxBytes))
		case "HELO":
			err = c.answer("250 " + c.g.name)
		case "NOOP", "RSET":
			err = c.answer("250 2.0.0 OK")
		case "QUIT":
			return c.dismiss("221 2.0.0 Bye")
		case "STARTTLS":
			if in.Buffered() > 0 { // somebody on the way would have it taken for what is said within TLS
				return c.dismiss("501 5.5.2 Nothing may be sent after STARTTLS before its answer")
			}
			return c.secure()
		case "AUTH":
			err = c.answer("538 5.7.11 Encryption required: begin with STARTTLS")
		default:
			err = c.answer("530 5.7.0 Begin with STARTTLS")
		}
		if err != nil {
			return err
		}
	}
	return c.dismiss("421 4.7.0 Too many commands without STARTTLS")
}

func (c *client) answer(text string) error {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := io.WriteString(c.Conn, text+"\r\n")
	return err
}

// dismiss is the last answer.
func (c *client) dismiss(text string) error {
	_ = c.answer(text)
	return io.EOF
}

func (c *client) secure() error {
	if err := c.answer("220 2.0.0 Go ahead"); err != nil {
		return err
	}
	t := tls.Server(c.Conn, c.g.tls)
	if err := t.HandshakeContext(c.g.ctx); err != nil {
		c.g.log.Info("no TLS", "remote", c.RemoteAddr(), "error", err)
		return io.EOF
	}
	c.talk = t
	return nil
}

// signedIn gives the client time.
func (c *client) signedIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = true
}

// beginMail says that the client hands in a mail, unless it has to leave.
func (c *client) beginMail() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = c.out == nil
	return c.busy
}

func (c *client) endMail() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
}

// showOut ends the connection with an error of Read, after the mail that it
// hands in.
func (c *client) showOut(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		c.out = err
	}
	if !c.busy {
		_ = c.Conn.SetReadDeadline(time.Now())
	}
}
