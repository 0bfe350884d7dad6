package eml

import (
	"bytes"
	"io"
)

// unhex maps hexadecimal digits of either case to their value, others to 16.
var unhex = func() (t [256]byte) {
	for c := range t {
		t[c] = 16
	}
	for v := range byte(10) {
		t['0'+v] = v
	}
	for v := range byte(6) {
		t['a'+v], t['A'+v] = 10+v, 10+v
	}
	return t
}()

// maxQuotedLine is how much of a line is looked at for white space before the
// line end. RFC 2045 §6.7 allows 76 characters.
const maxQuotedLine = 4 << 10

// quotedDecoder decodes quoted-printable (RFC 2045 §6.7). Whatever is not an
// encoding stands for itself.
type quotedDecoder struct{}

func (quotedDecoder) decode(r *Reader, p []byte) (int, error) {
	for {
		src, last, err := r.bytes(1)
		if err != nil {
			return 0, err
		}
		if len(src) == 0 && last {
			return 0, io.EOF
		}
		nd, ns := unquote(p, src, last)
		if nd == 0 && ns == 0 {
			if len(src) >= maxQuotedLine {
				nd, ns = unquote(p, src, true)
			} else if _, _, err := r.bytes(len(src) + 1); err != nil {
				return 0, err
			} else {
				continue
			}
		}
		r.consume(ns)
		if nd > 0 {
			return nd, nil
		}
	}
}

// unquote decodes from src to dst as far as either goes. Unless last is set it
// stops where what follows src matters.
func unquote(dst, src []byte, last bool) (nd, ns int) {
	i, o := 0, 0
	for i < len(src) && o < len(dst) {
		// White space at the end of a line was added on the way
		// (RFC 2045 §6.7 (3)).
		eol, text := len(src), len(src)
		if n := bytes.IndexByte(src[i:], '\n'); n >= 0 {
			eol = i + n
			if text = eol; n > 0 && src[eol-1] == '\r' {
				text--
			}
		} else if !last && src[eol-1] == '\r' {
			text--
		}
		end := text
		for end > i && (src[end-1] == ' ' || src[end-1] == '\t') {
			end--
		}
		if eol == len(src) && !last && text-end >= maxQuotedLine {
			end = text
		}
		for i < end && o < len(dst) {
			n := bytes.IndexByte(src[i:end], '=')
			if n < 0 {
				n = end - i
			}
			n = copy(dst[o:], src[i:i+n])
			o += n
			if i += n; i == end || src[i] != '=' {
				break // at the end of the line, or of dst
			}
			for i < end && src[i] == '=' && o < len(dst) {
				n, octet, ok := quotedOctet(src[i:], last)
				if n == 0 {
					return o, i
				}
				if ok {
					dst[o] = octet
					o++
				}
				i += n
			}
		}
		switch {
		case i < end || i > text: // dst is full; a soft line break took the line end
		case eol < len(src):
			n := copy(dst[o:], src[text:eol+1])
			o += n
			i = text + n
		case !last:
			return o, i
		default:
			i = len(src)
		}
	}
	return o, i
}

// quotedOctet decodes what begins with "=": n is its length, 0 when that
// depends on what follows src, and ok tells whether it stands for an octet.
func quotedOctet(src []byte, last bool) (n int, octet byte, ok bool) {
	if len(src) > 2 && unhex[src[1]] < 16 && unhex[src[2]] < 16 {
		return 3, unhex[src[1]]<<4 | unhex[src[2]], true
	}
	// A soft line break; white space before the line end is ignored.
	i := 1
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') && i < maxQuotedLine {
		i++
	}
	if i < len(src) && src[i] == '\r' {
		i++
	}
	switch {
	case i < len(src) && src[i] == '\n':
		return i + 1, 0, false
	case i == len(src) && last:
		return i, 0, false // QUIRK: "=" as the last character of the part
	case i == len(src) || len(src) < 3 && !last:
		return 0, 0, false
	}
	// QUIRK: senders that forget to encode "=" itself, as in links.
	return 1, '=', true
}
