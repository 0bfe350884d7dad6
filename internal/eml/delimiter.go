package eml

import "bytes"

// delimiter is a delimiter line found in a window (RFC 2046 §5.1.1).
type delimiter struct {
	start   int // where the body before it ends
	end     int // after its line end
	level   int // index of its multipart; -1 for the end of the input
	closing bool
}

// find returns the first delimiter of an open multipart in w. Octets before
// from are known to hold none. Without a delimiter, safe is how many octets of
// w are body for certain. bol says that w begins a line, eof that nothing
// follows w, full that w cannot grow and must be decided on as it is.
func (r *Reader) find(w []byte, from int, bol, eof, full bool) (d delimiter, safe int, ok bool) {
	if len(r.stack) == 0 {
		return d, len(w), false
	}
	if bol && from == 0 {
		if len(w) < 2 && !eof && bytes.HasPrefix([]byte("--"), w) {
			return d, 0, false
		}
		if bytes.HasPrefix(w, []byte("--")) {
			switch d, verdict := r.match(w, eof || full); verdict {
			case matches:
				return d, 0, true
			case undecided:
				return d, 0, false
			}
		}
	}
	for i := from; ; {
		j := dashes(w[i:])
		if j < 0 {
			break
		}
		// The line end before a delimiter belongs to it (RFC 2046 §5.1.1).
		start := i + j
		line := start + 1
		if start > 0 && w[start-1] == '\r' {
			start--
		}
		d, verdict := r.match(w[line:], eof || full && start == 0)
		switch verdict {
		case matches:
			d.start, d.end = start, line+d.end
			return d, 0, true
		case undecided:
			return d, start, false
		}
		i = line
	}
	if eof {
		return d, len(w), false
	}
	return d, len(w) - heldBack(w), false
}

// dashes returns the index of the first "\n--" in w, or -1. Where there is no dash
// near it looks for one, and not at every line: base64, which most of a large mail
// is, has lines and no dash.
func dashes(w []byte) int {
	for i := 0; ; {
		line := bytes.IndexByte(w[i:], '\n')
		if line < 0 {
			return -1
		}
		if i += line + 1; len(w)-i < 2 {
			return -1
		}
		if w[i] != '-' {
			dash := bytes.IndexByte(w[i:], '-')
			if dash < 0 {
				return -1
			}
			if i += dash; w[i-1] != '\n' {
				continue
			}
		}
		if i+1 < len(w) && w[i+1] == '-' {
			return i - 1
		}
	}
}

// heldBack is the length of the longest end of w that may begin "\r\n--".
func heldBack(w []byte) int {
	k := len(w)
	if k > 1 && w[k-1] == '-' && w[k-2] == '\n' {
		k--
	}
	if k > 0 && w[k-1] == '\n' {
		k--
	} else if k < len(w) {
		return 0
	}
	if k > 0 && w[k-1] == '\r' {
		k--
	}
	return len(w) - k
}

type verdict int

const (
	differs verdict = iota
	undecided
	matches
)

// match tells whether line begins with a delimiter line. Inner multiparts come
// before outer ones, and a whole delimiter before a closing one, so that the
// boundaries "a" and "a--" can be nested. final says that line is all there is.
func (r *Reader) match(line []byte, final bool) (delimiter, verdict) {
	closing := delimiter{level: -1}
	for level := len(r.stack) - 1; level >= 0; level-- {
		b := r.stack[level].delim
		if len(line) < len(b) {
			if !final && bytes.HasPrefix(b, line) {
				return delimiter{}, undecided
			}
			continue
		}
		if !bytes.HasPrefix(line, b) {
			continue
		}
		end, v := lineEnd(line, len(b), final)
		if v == matches {
			return delimiter{end: end, level: level}, matches
		}
		if v == undecided {
			return delimiter{}, undecided
		}
		if c := line[len(b)]; c != '-' && c != ' ' && c != '\t' {
			continue
		}
		// The space may belong to a boundary that ends in some, which
		// RFC 2046 §5.1.1 forbids.
		rest := bytes.TrimLeft(line[len(b):], " \t")
		if bytes.HasPrefix(rest, []byte("--")) {
			end, v := lineEnd(line, len(line)-len(rest)+2, final)
			if v == undecided {
				return delimiter{}, undecided
			}
			if v == matches && closing.level < 0 {
				closing = delimiter{end: end, level: level, closing: true}
			}
		} else if len(rest) == 1 && rest[0] == '-' && !final {
			return delimiter{}, undecided
		}
	}
	if closing.level >= 0 {
		return closing, matches
	}
	return delimiter{}, differs
}

// lineEnd tells whether only white space follows in the line of w from i on
// (RFC 2046 §5.1.1, transport-padding), and where the next line begins.
func lineEnd(w []byte, i int, final bool) (int, verdict) {
	for ; i < len(w); i++ {
		switch w[i] {
		case ' ', '\t', '\r':
		case '\n':
			return i + 1, matches
		default:
			return 0, differs
		}
	}
	if final {
		return i, matches
	}
	return 0, undecided
}
