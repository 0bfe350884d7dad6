package graph

import (
	"encoding/base64"
	"fmt"
	"io"

	"github.com/exdesk/exdesk/internal/rest"
)

// octets are those of a letter or a file, read on their way out and as often as
// they are sent. They are never in memory as a whole.
type octets struct {
	size int64
	open func() (io.Reader, error) // from the beginning
	err  error                     // of reading them, which is no fault of the service

	in io.Reader // nil if it is not open
	at int64     // where in is
}

// Read reads on.
func (o *octets) Read(p []byte) (int, error) {
	n, err := o.in.Read(p)
	o.at += int64(n)
	if (err == io.EOF || err == io.ErrUnexpectedEOF) && o.at < o.size {
		err = errShort // which is not how a piece ends
	}
	if err != nil && err != io.EOF {
		o.err = err
	}
	return n, err
}

// from returns what is from there on. What was returned before is not read any
// more.
func (o *octets) from(at int64) io.Reader {
	if o.in == nil || o.at > at {
		if o.in, o.err = o.open(); o.err != nil {
			return o.failed()
		}
		o.at = 0
	}
	if _, err := io.CopyN(io.Discard, o, at-o.at); err != nil {
		o.err = err
		return o.failed()
	}
	return o
}

// failed is the body of a request that cannot have one.
func (o *octets) failed() io.Reader {
	o.in = nil
	return brokenReader{o.err}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// body makes a request send n of them, from there on.
func (o *octets) body(req *rest.Request, at, n int64) {
	req.Body = func() io.Reader { return io.LimitReader(o.from(at), n) }
	req.Length = n
}

// base64 makes a request send them as base64, between two texts.
func (o *octets) base64(req *rest.Request, before, after string) {
	piece := int(min(encodedPiece, o.size/3*3+3))
	req.Body = func() io.Reader {
		return &encoded{in: o.from(0), text: []byte(before), after: after,
			raw: make([]byte, piece), out: make([]byte, 0, base64.StdEncoding.EncodedLen(piece)+len(after))}
	}
	req.Length = int64(len(before)) + (o.size+2)/3*4 + int64(len(after))
}

// errShort is that there are fewer octets than were counted.
var errShort = fmt.Errorf("it ends too early: %w", io.ErrUnexpectedEOF)

// blame returns the error of reading them: what was sent of them is not whole then,
// whatever the service makes of it.
func (o *octets) blame(err error) error {
	if o.err != nil {
		return fmt.Errorf("graph: reading the letter: %w", o.err)
	}
	return err
}

// encodedPiece is how many octets are encoded at a time, a multiple of three.
const encodedPiece = 24 << 10

// encoded is in as base64, between two texts.
type encoded struct {
	in    io.Reader
	text  []byte // what is next
	after string
	ended bool
	raw   []byte
	out   []byte
}

func (e *encoded) Read(p []byte) (int, error) {
	for len(e.text) == 0 {
		if e.ended {
			return 0, io.EOF
		}
		n, err := io.ReadFull(e.in, e.raw)
		e.text = base64.StdEncoding.AppendEncode(e.out, e.raw[:n])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			e.text, e.ended = append(e.text, e.after...), true
		default:
			return 0, err
		}
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}
