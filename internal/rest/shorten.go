package rest

import (
	"bytes"
	"io"
)

// shortener passes JSON on with its long strings cut: the shape stays, and what
// nobody asked for is not held. It knows no more of JSON than where strings
// begin and end (RFC 8259 §7).
type shortener struct {
	r     io.Reader
	most  int // octets kept of a string
	in    bool
	n     int // octets of the string so far, escapes whole
	left  int // octets that the escape at hand has to come
	drops bool
}

func (s *shortener) Read(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		if n = s.filter(p[:n]); n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// filter drops what is too long from p, in place.
func (s *shortener) filter(p []byte) int {
	out := 0
	for i := 0; i < len(p); {
		n, kept := s.run(p[i:])
		out += copy(p[out:], p[i:i+kept])
		if i += n; i < len(p) {
			if s.keep(p[i]) {
				p[out] = p[i]
				out++
			}
			i++
		}
	}
	return out
}

// run returns how many octets come before one that may mean something, and how
// many of them to keep.
func (s *shortener) run(p []byte) (n, kept int) {
	switch {
	case !s.in:
		if n = bytes.IndexByte(p, '"'); n < 0 {
			n = len(p)
		}
		return n, n
	case s.left > 0:
		return 0, 0
	}
	for n < len(p) && p[n] != '"' && p[n] != '\\' {
		n++
	}
	kept = min(n, max(s.most-s.n, 0))
	if s.n += n; n > 0 {
		s.drops = s.n > s.most
	}
	return n, kept
}

func (s *shortener) keep(c byte) bool {
	switch {
	case !s.in:
		s.in, s.n = c == '"', 0
		return true
	case s.left == escape: // the letter of an escape: \uXXXX has four more
		s.left = 0
		if c == 'u' {
			s.left = 4
		}
		return !s.drops
	case s.left > 0:
		s.left--
		return !s.drops
	case c == '"':
		s.in = false
		return true
	}
	s.n++
	s.drops = s.n > s.most
	if c == '\\' {
		s.left = escape
	}
	return !s.drops
}

// escape in shortener.left says that the letter of an escape comes next.
const escape = 5
