package eml

import (
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// utf7 decodes UTF-7 (RFC 2152), which some senders declare and no library
// has, for the harm it did in browsers. Here its output is mere text.
type utf7 struct{}

func (utf7) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: &utf7Decoder{}}
}

// NewEncoder is there for the interface; nothing is encoded in UTF-7.
func (utf7) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type utf7Decoder struct {
	shifted bool
	fresh   bool // nothing followed the "+" yet
	acc     uint32
	bits    int
	lead    rune // first half of a surrogate pair
}

func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nd, ns int, err error) {
	for ns < len(src) {
		if len(dst)-nd < 2*utf8.UTFMax {
			return nd, ns, transform.ErrShortDst
		}
		c := src[ns]
		if !d.shifted {
			switch {
			case c == '+':
				*d = utf7Decoder{shifted: true, fresh: true}
			case c < utf8.RuneSelf:
				dst[nd] = c
				nd++
			default: // QUIRK: 8-bit text under a wrong label
				r, n := utf8.DecodeRune(src[ns:])
				if n == 1 && !atEOF && !utf8.FullRune(src[ns:]) {
					return nd, ns, transform.ErrShortSrc
				}
				nd += utf8.EncodeRune(dst[nd:], r)
				ns += n - 1
			}
			ns++
			continue
		}
		v := base64Value[c]
		if v >= 64 {
			if d.lead != 0 {
				nd += utf8.EncodeRune(dst[nd:], utf8.RuneError)
			}
			switch {
			case c == '-' && d.fresh:
				dst[nd] = '+'
				nd++
				ns++
			case c == '-':
				ns++
			}
			d.Reset()
			continue
		}
		ns++
		d.fresh = false
		d.acc, d.bits = d.acc<<6|uint32(v), d.bits+6
		if d.bits >= 16 {
			d.bits -= 16
			nd += d.unit(dst[nd:], rune(d.acc>>d.bits&0xFFFF))
		}
	}
	if atEOF && d.lead != 0 {
		if len(dst)-nd < utf8.UTFMax {
			return nd, ns, transform.ErrShortDst
		}
		nd += utf8.EncodeRune(dst[nd:], utf8.RuneError)
		d.lead = 0
	}
	return nd, ns, nil
}

// unit writes one UTF-16 code unit, the second of a pair together with the
// first.
func (d *utf7Decoder) unit(dst []byte, u rune) int {
	n := 0
	if lead := d.lead; lead != 0 {
		d.lead = 0
		r := utf16.DecodeRune(lead, u)
		n += utf8.EncodeRune(dst, r)
		if r != utf8.RuneError {
			return n
		}
	}
	if 0xD800 <= u && u < 0xDC00 {
		d.lead = u
		return n
	}
	return n + utf8.EncodeRune(dst[n:], u)
}
