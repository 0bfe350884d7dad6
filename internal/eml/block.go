package eml

import (
	"bytes"
	"slices"

	"github.com/emersion/go-message/textproto"
)

// block collects the fields of one header, repaired so that each is what
// RFC 5322 §2.2 calls a field: a name, a colon, and lines that are folded.
type block struct {
	buf    []byte
	starts []int // of the fields in buf
	octets int   // read so far, for the limit
	junk   bool  // the field at hand is dropped, with its folds
	nul    bool
	glued  bool // the next fold goes on without white space
}

func (b *block) fields() int { return len(b.starts) }

// last returns the field at hand.
func (b *block) last() []byte {
	if len(b.starts) == 0 {
		return nil
	}
	return b.buf[b.starts[len(b.starts)-1]:]
}

// add begins a field with its first line.
func (b *block) add(line []byte) {
	b.junk = false
	b.starts = append(b.starts, len(b.buf))
	colon := bytes.IndexByte(line, ':')
	b.buf = append(b.buf, bytes.TrimRight(line[:colon], " \t")...)
	b.put(line[colon:])
}

// fold adds a line to the field at hand.
func (b *block) fold(line []byte) {
	if b.junk || len(b.starts) == 0 {
		return
	}
	if b.glued {
		b.glued = false
		b.buf = b.buf[:len(b.buf)-len("\r\n")]
	} else {
		b.buf = append(b.buf, ' ')
	}
	b.put(bytes.TrimLeft(line, " \t"))
}

// put appends the rest of a line. It never appends an empty line.
func (b *block) put(line []byte) {
	for len(line) > 0 {
		i := bytes.IndexAny(line, "\x00\r")
		if i < 0 {
			b.buf = append(b.buf, line...)
			break
		}
		b.buf = append(b.buf, line[:i]...)
		if line[i] == '\r' {
			b.buf = append(b.buf, ' ') // a bare CR must not become a line end (RFC 5322 §2.2)
		} else {
			b.nul = true
		}
		line = line[i+1:]
	}
	b.buf = append(b.buf, "\r\n"...)
}

// extend appends to the last line, which was too long for the window.
func (b *block) extend(piece []byte) {
	if b.junk || len(b.starts) == 0 {
		return
	}
	b.buf = b.buf[:len(b.buf)-2]
	b.put(piece)
}

// header hands the fields to go-message, last one first: AddRaw prepends.
func (b *block) header() textproto.Header {
	var h textproto.Header
	end := len(b.buf)
	for _, start := range slices.Backward(b.starts) {
		h.AddRaw(b.buf[start:end:end])
		end = start
	}
	return h
}
