package eml

import (
	"io"
	"sync"
)

const bufSize = 64 << 10

var buffers = sync.Pool{New: func() any { return new([bufSize]byte) }}

// source is a window over the underlying reader. All parsing looks into the
// one buffer; nothing is copied out of it but headers and decoded octets.
type source struct {
	r        io.Reader
	b        *[bufSize]byte
	pos, end int
	base     int64 // how many octets came before the buffer's
	err      error // sticky; io.EOF at the end
	cr       bool  // a bare CR is a line end
	afterCR  bool
}

func (s *source) window() []byte {
	if s.b == nil {
		return nil
	}
	return s.b[s.pos:s.end]
}

// offset is where the window begins in the input.
func (s *source) offset() int64 { return s.base + int64(s.pos) }

// full tells whether the window cannot grow.
func (s *source) full() bool { return s.end-s.pos == bufSize }

// more makes the window longer. It returns false when the input has ended,
// failed, or the window is full.
func (s *source) more() bool {
	if s.err != nil || s.full() {
		return false
	}
	if s.b == nil {
		s.b = buffers.Get().(*[bufSize]byte)
	}
	if s.pos == s.end {
		s.base += int64(s.pos)
		s.pos, s.end = 0, 0
	} else if s.pos > 0 && s.end > bufSize/2 {
		s.base += int64(s.pos)
		s.end = copy(s.b[:], s.b[s.pos:s.end])
		s.pos = 0
	}
	before := s.end
	for range 100 {
		n, err := s.r.Read(s.b[s.end:])
		s.err = err
		if n > 0 {
			from := s.end
			s.end += n
			if s.cr {
				s.convert(from)
			}
		}
		if s.end > before {
			return true
		}
		if err != nil {
			return false
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// atLeast tries to make the window n octets long.
func (s *source) atLeast(n int) {
	for s.end-s.pos < n && s.more() {
	}
}

// trouble is an error of the underlying reader other than its end.
func (s *source) trouble() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// bareCR makes bare CRs line ends from here on.
//
// QUIRK: RFC 5322 §2.3 forbids a bare CR, yet mail that went through old
// Macintosh and some list software has no other line end.
func (s *source) bareCR() {
	s.cr = true
	s.convert(s.pos)
}

func (s *source) convert(from int) {
	w := from
	for _, c := range s.b[from:s.end] {
		after := s.afterCR
		s.afterCR = c == '\r'
		switch {
		case c == '\r':
			c = '\n'
		case c == '\n' && after:
			continue
		}
		s.b[w] = c
		w++
	}
	s.end = w
}

// release gives the buffer back. The source reads nothing afterwards.
func (s *source) release() {
	if s.b != nil {
		buffers.Put(s.b)
		s.b = nil
	}
	s.pos, s.end = 0, 0
	if s.err == nil {
		s.err = errReleased
	}
}
