// Package scan reads JSON in one pass, for answers of which a few fields are
// wanted: what a program does not ask for costs neither memory nor reflection.
package scan

import (
	"bytes"
	"errors"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Reader reads one JSON text (RFC 8259) from its beginning to its end. A value
// that is not there, or of another kind than was asked for, reads as empty, and
// null does so without being odd. What it returns is a part of the text wherever
// that is possible, and good for as long as the text is.
//
// It takes and refuses the texts that encoding/json does, and reads strings alike.
type Reader struct {
	text  []byte
	at    int
	depth int
	bad   bool
	odd   bool
}

// mostDepth is how deep values may be nested: as deep as for encoding/json.
const mostDepth = 10_000

var errSyntax = errors.New("not JSON")

// New returns a Reader of text.
func New(text []byte) *Reader { return &Reader{text: text} }

// End returns an error unless the whole text was one value.
func (r *Reader) End() error {
	if r.next() != 0 || r.at < len(r.text) || r.bad {
		return errSyntax
	}
	return nil
}

// Odd reports whether a value was of another kind than it was asked for as since
// Odd was last called.
func (r *Reader) Odd() bool {
	odd := r.odd
	r.odd = false
	return odd
}

// Kind returns the first octet of the next value, or 0 if there is none.
func (r *Reader) Kind() byte { return r.next() }

// Object yields the name of each member of an object. The loop's body reads the
// member's value, or leaves it.
func (r *Reader) Object(yield func(name []byte) bool) {
	if !r.open('{') {
		return
	}
	for first := true; r.more('}', first); first = false {
		if r.next() != '"' {
			r.fail()
			return
		}
		name := r.quoted()
		if r.next() != ':' {
			r.fail()
			return
		}
		r.at++
		r.next()
		at := r.at
		if yield != nil && !yield(name) {
			yield = nil
		}
		if r.at == at {
			r.Skip()
		}
	}
}

// Array yields once for each element of an array. The loop's body reads the
// element, or leaves it.
func (r *Reader) Array(yield func() bool) {
	if !r.open('[') {
		return
	}
	for first := true; r.more(']', first); first = false {
		r.next()
		at := r.at
		if yield != nil && !yield() {
			yield = nil
		}
		if r.at == at {
			r.Skip()
		}
	}
}

// Text reads a string.
func (r *Reader) Text() []byte {
	if r.next() != '"' {
		r.strange()
		return nil
	}
	return r.quoted()
}

// Raw reads any value and returns it as it is written.
func (r *Reader) Raw() []byte {
	r.next()
	at := r.at
	r.Skip()
	return r.text[at:r.at]
}

// Skip reads any value.
func (r *Reader) Skip() {
	switch r.next() {
	case '{':
		for range r.Object {
		}
	case '[':
		for range r.Array {
		}
	case '"':
		r.span()
	case 't':
		r.word("true")
	case 'f':
		r.word("false")
	case 'n':
		r.word("null")
	default:
		r.number()
	}
}

// strange takes a value for another one than it is.
func (r *Reader) strange() {
	r.odd = r.odd || r.next() != 'n'
	r.Skip()
}

func (r *Reader) fail() { r.bad, r.at = true, len(r.text) }

// next passes over white space and returns what comes then.
func (r *Reader) next() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (r *Reader) open(c byte) bool {
	if r.next() != c {
		r.strange()
		return false
	}
	if r.depth++; r.depth > mostDepth {
		r.fail()
		return false
	}
	r.at++
	return true
}

// more reports whether another member or element comes, and reads what is before
// or after it.
func (r *Reader) more(end byte, first bool) bool {
	c := r.next()
	switch {
	case c == end:
		r.at++
		r.depth--
		return false
	case first && c != 0:
		return true
	case c == ',' && !first:
		r.at++
		if c = r.next(); c != end && c != 0 {
			return true
		}
	}
	r.fail()
	return false
}

func (r *Reader) word(w string) {
	if !bytes.HasPrefix(r.text[r.at:], []byte(w)) {
		r.fail()
		return
	}
	r.at += len(w)
}

// number reads a number (RFC 8259 §6).
func (r *Reader) number() {
	if r.peek() == '-' {
		r.at++
	}
	if r.peek() == '0' {
		r.at++
	} else if !r.digits() {
		return
	}
	if r.peek() == '.' {
		if r.at++; !r.digits() {
			return
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.at++
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		r.digits()
	}
}

func (r *Reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *Reader) digits() bool {
	at := r.at
	for c := r.peek(); '0' <= c && c <= '9'; c = r.peek() {
		r.at++
	}
	if r.at == at {
		r.fail()
	}
	return r.at > at
}

// span reads a string and returns what is between its quotes, and whether that
// is what it means.
func (r *Reader) span() (s []byte, plain bool) {
	from, plain := r.at+1, true
	for i := from; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			return r.text[from:i], plain
		case c < ' ':
			r.fail()
			return nil, true
		case c == '\\':
			n := escape(r.text[i:])
			if n == 0 {
				r.fail()
				return nil, true
			}
			i, plain = i+n-1, false
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	r.fail()
	return nil, true
}

// escape returns the length of the escape that s begins with, or 0.
func escape(s []byte) int {
	switch {
	case len(s) < 2:
		return 0
	case bytes.IndexByte([]byte(`"\/bfnrt`), s[1]) >= 0:
		return 2
	case s[1] == 'u' && unit(s) >= 0:
		return 6
	}
	return 0
}

// unit returns the UTF-16 code unit that s begins with as \uXXXX, or -1.
func unit(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var u rune
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		u = u<<4 | rune(c)
	}
	return u
}

// quoted reads a string.
func (r *Reader) quoted() []byte {
	s, plain := r.span()
	if plain || bytes.IndexByte(s, '\\') < 0 && utf8.Valid(s) {
		return s
	}
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		c, n := utf8.DecodeRune(s) // of what is no UTF-8, the replacement character
		if c == '\\' {
			n = 2
			switch s[1] {
			case 'u':
				n, c = 6, unit(s)
				if utf16.IsSurrogate(c) {
					if c = utf16.DecodeRune(c, unit(s[6:])); c != unicode.ReplacementChar {
						n = 12
					}
				}
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			default:
				c = rune(s[1])
			}
		}
		out, s = utf8.AppendRune(out, c), s[n:]
	}
	return out
}
