package eml

import (
	"bytes"
	"strings"
	"sync"
)

// block collects the fields of one header, repaired so that each is what
// RFC 5322 §2.2 calls a field: a name, a colon, and lines that are folded.
type block struct {
	page   *[bufSize]byte // where buf begins; a header that is larger leaves it
	buf    []byte
	starts []int // of the fields in buf
	octets int   // read so far, for the limit
	junk   bool  // the field at hand is dropped, with its folds
	nul    bool
	glued  bool // the next fold goes on without white space
}

var blocks = sync.Pool{New: func() any { return new(block) }}

// release gives b back for another header.
func (b *block) release() {
	if b.page != nil {
		buffers.Put(b.page)
	}
	*b = block{starts: b.starts[:0]}
	blocks.Put(b)
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
	if b.page == nil {
		b.page = buffers.Get().(*[bufSize]byte)
		b.buf = b.page[:0]
	}
	b.starts = append(b.starts, len(b.buf))
	colon := bytes.IndexByte(line, ':')
	b.buf = append(b.buf, trimRight(line[:colon])...)
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
	b.put(trimLeft(line))
}

// put appends the rest of a line. It never appends an empty line.
func (b *block) put(line []byte) {
	from := len(b.buf)
	b.buf = append(b.buf, line...)
	if text := b.buf[from:]; bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0 {
		kept := text[:0]
		for _, c := range text {
			switch c {
			case 0:
				b.nul = true
				continue
			case '\r':
				c = ' ' // a bare CR must not become a line end (RFC 5322 §2.2)
			}
			kept = append(kept, c)
		}
		b.buf = b.buf[:from+len(kept)]
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

// field is a field of a header, unfolded.
type field struct{ name, value string }

// unfold returns the fields, from the top down. Their lines are joined with single
// spaces, without those around them (RFC 5322 §2.2.3).
func (b *block) unfold() []field {
	if len(b.starts) == 0 {
		return nil
	}
	list := make([]field, len(b.starts))
	var all strings.Builder // one string for all
	all.Grow(len(b.buf))
	for i, start := range b.starts {
		end := len(b.buf)
		if i+1 < len(b.starts) {
			end = b.starts[i+1]
		}
		name, rest, _ := bytes.Cut(b.buf[start:end], []byte(":"))
		from := all.Len()
		all.Write(name)
		value := all.Len()
		for len(rest) > 0 {
			eol := bytes.IndexByte(rest, '\n')
			line := trimRight(trimLeft(rest[:eol-1])) // they end in CRLF
			rest = rest[eol+1:]
			if len(line) == 0 {
				continue
			}
			if all.Len() > value {
				all.WriteByte(' ')
			}
			all.Write(line)
		}
		list[i] = field{all.String()[from:value], all.String()[value:]}
	}
	return list
}

// trimLeft drops blanks at the begin of b, trimRight at its end.
func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

func trimRight(b []byte) []byte {
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n-- {
		b = b[:n-1]
	}
	return b
}
