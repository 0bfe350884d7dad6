package eml

import (
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// textReader turns the octets of a part into clean UTF-8: in holds octets of
// the part, mid the same in UTF-8 when they have to be converted.
type textReader struct {
	p       *Part
	started bool
	choice  choice
	dec     transform.Transformer // nil when in is UTF-8
	in, mid buffer
	small   [2 * utf8.UTFMax]byte
	pending []byte // in small
	eof     bool   // nothing will be added to in
	err     error
}

type buffer struct {
	b        *[bufSize]byte
	pos, end int
}

func (b *buffer) bytes() []byte {
	if b.b == nil {
		return nil
	}
	return b.b[b.pos:b.end]
}

// room moves what is left to the front and returns the space behind it.
func (b *buffer) room() []byte {
	if b.b == nil {
		b.b = buffers.Get().(*[bufSize]byte)
	}
	b.end = copy(b.b[:], b.b[b.pos:b.end])
	b.pos = 0
	return b.b[b.end:]
}

func (b *buffer) release() {
	if b.b != nil {
		buffers.Put(b.b)
	}
	*b = buffer{}
}

// Read fills b as far as the input allows.
func (t *textReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(t.pending) > 0 {
			m := copy(b[n:], t.pending)
			t.pending = t.pending[m:]
			n += m
			continue
		}
		if t.err != nil {
			break
		}
		dst := b[n:]
		if len(dst) < utf8.UTFMax {
			dst = t.small[:]
		}
		m := t.step(dst)
		if len(b)-n < utf8.UTFMax {
			t.pending = t.small[:m]
		} else {
			n += m
		}
	}
	if n > 0 || len(b) == 0 {
		return n, nil
	}
	return 0, t.err
}

// step writes some text to dst, which has room for a character at least.
func (t *textReader) step(dst []byte) int {
	if !t.started {
		t.start()
	}
	src, last := &t.in, t.eof
	if t.dec != nil {
		src, last = &t.mid, false
		if t.mid.end-t.mid.pos < utf8.UTFMax {
			last = t.convert()
		}
	}
	if t.err != nil {
		return 0
	}
	nd, ns := t.choice.clean(dst, src.bytes(), last)
	src.pos += ns
	switch {
	case nd > 0 || ns > 0:
	case last:
		t.finish(io.EOF)
	case t.dec == nil:
		t.fill()
	}
	return nd
}

// start decides on the charset from the first octets.
func (t *textReader) start() {
	t.started = true
	t.fill()
	if t.err != nil {
		return
	}
	sample := t.in.bytes()
	html := t.p.Type == "text/html" || t.p.Type == "application/xhtml+xml"
	t.choice = choose(t.p.charset(), sample, html, t.eof)
	if t.choice.enc != nil {
		t.dec = t.choice.enc.NewDecoder()
	}
	if len(sample) >= 3 && string(sample[:3]) == "\uFEFF" {
		t.in.pos += 3
	}
}

// fill reads more of the part.
func (t *textReader) fill() {
	if t.eof {
		return
	}
	room := t.in.room()
	n, err := t.p.Read(room)
	t.in.end += n
	if n < len(room) && err == nil {
		_, err = t.p.Read(room[n:]) // a short read comes before the end
	}
	switch {
	case err == io.EOF:
		t.eof = true
	case err != nil && n == 0:
		t.finish(err)
	}
}

// convert moves text from in to mid, and tells whether that was all. It adds
// something to mid, comes to the end, or sets t.err.
func (t *textReader) convert() (last bool) {
	for {
		nd, ns, err := t.dec.Transform(t.mid.room(), t.in.bytes(), t.eof)
		t.mid.end += nd
		t.in.pos += ns
		switch {
		case t.eof && (err == nil && t.in.pos == t.in.end || nd == 0 && ns == 0):
			return true
		case nd > 0:
			return false
		case ns == 0:
			if t.fill(); t.err != nil {
				return false
			}
		}
	}
}

func (t *textReader) finish(err error) {
	t.err = err
	t.in.release()
	t.mid.release()
	t.eof = true
}

// highBits are those of eight octets.
const highBits = 0x8080808080808080

// plain copies printable ASCII, most of a text, from src to dst, eight octets at a
// time, and returns how many it copied. It stops before anything else, and near
// the end of either.
func plain(dst, src []byte) int {
	const ones = 0x0101010101010101
	i := 0
	for ; len(src)-i >= 8 && len(dst)-i >= 8; i += 8 {
		v := binary.LittleEndian.Uint64(src[i:])
		binary.LittleEndian.PutUint64(dst[i:], v)
		// The high bit of an octet is set where the octet is below a space, above
		// 127, or 127. It may be set wrongly behind such an octet, never before.
		if odd := ((v - ' '*ones) | v | (v + ones)) & highBits; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	return i
}

// clean copies text from src to dst as far as either goes. Unless last is set
// it stops where what follows src matters.
func (c choice) clean(dst, src []byte, last bool) (nd, ns int) {
	i, o := 0, 0
	for i < len(src) && o < len(dst) {
		n := plain(dst[o:], src[i:])
		o += n
		if i += n; i == len(src) || o == len(dst) {
			break
		}
		b := src[i]
		switch {
		case b >= ' ' && b < 0x7F || b == '\n' || b == '\t':
			dst[o] = b
			i++
			o++
		case b == '\r':
			// CRLF is a line end, and so is a bare CR. QUIRK: "\r\r\n" where
			// a Windows program wrote CRLF in text mode.
			rest := src[i+1:]
			if !last && (len(rest) == 0 || len(rest) == 1 && rest[0] == '\r') {
				return o, i
			}
			switch {
			case len(rest) > 0 && rest[0] == '\n':
				i++
			case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
				i += 2
			}
			dst[o] = '\n'
			i++
			o++
		case b == '\v' || b == '\f':
			dst[o] = '\n'
			i++
			o++
		case b < utf8.RuneSelf:
			i++ // NUL, DEL and other control characters
		default:
			if !last && !utf8.FullRune(src[i:]) {
				return o, i
			}
			r, n := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && n == 1 {
				r = c.octet(b)
			}
			if len(dst)-o < utf8.RuneLen(r) {
				return o, i
			}
			o += utf8.EncodeRune(dst[o:], r)
			i += n
		}
	}
	return o, i
}
