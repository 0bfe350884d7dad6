package eml

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// shifted decodes the 7-bit charsets that shift in and out of a two-byte set:
// ISO-2022-KR (RFC 1557) and, as far as GB 2312 goes, ISO-2022-CN (RFC 1922).
// Within a shift the octets are those of the 8-bit charset without the high
// bit.
type shifted struct{ wide encoding.Encoding }

func (s shifted) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: transform.Chain(&shifter{}, s.wide.NewDecoder())}
}

// NewEncoder is there for the interface; nothing is encoded so.
func (shifted) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type shifter struct{ out bool }

func (s *shifter) Reset() { s.out = false }

func (s *shifter) Transform(dst, src []byte, atEOF bool) (nd, ns int, err error) {
	for ns < len(src) {
		c := src[ns]
		switch {
		case c == 0x1B: // ESC $ ) C names the set
			if len(src)-ns < 4 && !atEOF {
				return nd, ns, transform.ErrShortSrc
			}
			if n := min(4, len(src)-ns); n > 2 && src[ns+1] == '$' {
				ns += n
			} else {
				ns++
			}
			continue
		case c == 0x0E:
			s.out = true
			ns++
			continue
		case c == 0x0F, c == '\n':
			s.out = false
			if c == 0x0F {
				ns++
				continue
			}
		case s.out && c > ' ' && c < 0x7F:
			c |= 0x80
		}
		if nd == len(dst) {
			return nd, ns, transform.ErrShortDst
		}
		dst[nd] = c
		nd++
		ns++
	}
	return nd, ns, nil
}
