package eml

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// Values in base64Value above 63.
const (
	base64Space   = 64 + iota // white space
	base64Pad                 // "="
	base64Foreign             // anything else
)

var (
	base64Value [256]uint8
	// base64Table holds the value of a character shifted to each of the four
	// places of a quantum, and base64Bad for others.
	base64Table [4][256]uint32
)

const base64Bad = 1 << 24

func init() {
	for c := range 256 {
		base64Value[c] = base64Foreign
		for place := range 4 {
			base64Table[place][c] = base64Bad
		}
	}
	for _, c := range " \t\r\n" {
		base64Value[c] = base64Space
	}
	base64Value['='] = base64Pad
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for v, c := range alphabet { // RFC 2045 §6.8
		base64Value[c] = uint8(v)
		for place := range 4 {
			base64Table[place][c] = uint32(v) << (18 - 6*place)
		}
	}
}

// base64Decoder decodes base64 (RFC 2045 §6.8) and repairs what it can.
type base64Decoder struct {
	part    *Part
	begun   bool
	acc     uint32 // of the quantum at hand
	n       int    // characters in acc
	padded  bool   // padding was the last that counted
	vetted  int    // octets ahead that are known to be base64 again
	trailer bool   // the rest is not base64
	pieces  bool   // padding within the text was noted
	chars   int64  // other than white space
	foreign int64
	odd     bool // a quantum was incomplete
	out     [3]byte
	pending []byte // in out
}

func (d *base64Decoder) decode(r *Reader, p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		if plain, err := d.plainText(r); err != nil {
			return 0, err
		} else if plain {
			r.note("part %s is plain text, not base64", d.part.Path)
			d.part.Encoding = "binary"
			d.part.dec = identity{}
			return d.part.dec.decode(r, p)
		}
	}
	if len(d.pending) > 0 {
		n := copy(p, d.pending)
		d.pending = d.pending[n:]
		return n, nil
	}
	for {
		src, last, err := r.bytes(1)
		if err != nil {
			return 0, err
		}
		if len(src) == 0 && last {
			return d.finish(r, p)
		}
		if d.padded {
			if src, err = wholeLine(r, src, last); err != nil {
				return 0, err
			}
		}
		nd, ns := d.run(r, p, src)
		r.consume(ns)
		if nd > 0 {
			return nd, nil
		}
		if len(d.pending) > 0 {
			return d.decode(r, p)
		}
	}
}

// plainText tells whether a text was never encoded: its lines have spaces
// between words, and signs are rare enough that it would pass for base64.
//
// QUIRK: mailing scripts that declare base64 and forget to encode.
func (d *base64Decoder) plainText(r *Reader) (bool, error) {
	if !strings.HasPrefix(d.part.Type, "text/") {
		return false, nil
	}
	b, _, err := r.bytes(1 << 10)
	if err != nil {
		return false, err
	}
	lines, spaced, chars, foreign := 0, 0, 0, 0
	for line := range bytes.Lines(b[:min(len(b), 1<<10)]) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		lines++
		if bytes.ContainsAny(line, " \t") {
			spaced++
		}
		for _, c := range line {
			switch base64Value[c] {
			case base64Space:
			case base64Pad:
				return false, nil
			case base64Foreign:
				foreign++
				chars++
			default:
				chars++
			}
		}
	}
	return spaced*2 > lines && foreign*20 <= chars, nil
}

// run decodes from src to dst as far as either goes. What does not fit is left
// in d.pending.
func (d *base64Decoder) run(r *Reader, dst, src []byte) (nd, ns int) {
	i, o := 0, 0
	for i < len(src) && len(d.pending) == 0 {
		if d.trailer {
			return o, len(src)
		}
		if d.n == 0 && !d.padded {
			no, ni, chars := quanta(dst[o:], src[i:])
			o += no
			i += ni
			d.vetted -= ni
			d.chars += int64(chars)
			if i == len(src) {
				break
			}
		}
		if o == len(dst) {
			break
		}
		before := d.padded
		o += d.char(r, dst[o:], src[i:])
		i++
		d.vetted--
		if d.padded && !before {
			break // what follows is looked at as a whole
		}
	}
	return o, i
}

// quanta decodes whole quanta and passes over the line ends between them. It
// stops at anything else; chars is how many characters it decoded.
func quanta(dst, src []byte) (o, i, chars int) {
	t := &base64Table
	for {
		for len(src)-i >= 16 && len(dst)-o >= 12 {
			s, to := src[i:i+16:i+16], dst[o:o+12:o+12]
			v0 := t[0][s[0]] | t[1][s[1]] | t[2][s[2]] | t[3][s[3]]
			v1 := t[0][s[4]] | t[1][s[5]] | t[2][s[6]] | t[3][s[7]]
			v2 := t[0][s[8]] | t[1][s[9]] | t[2][s[10]] | t[3][s[11]]
			v3 := t[0][s[12]] | t[1][s[13]] | t[2][s[14]] | t[3][s[15]]
			if v0|v1|v2|v3 >= base64Bad {
				break
			}
			binary.BigEndian.PutUint64(to, uint64(v0)<<40|uint64(v1)<<16|uint64(v2)>>8)
			binary.BigEndian.PutUint32(to[8:], v2<<24|v3)
			i += 16
			o += 12
		}
		for {
			if len(src)-i < 4 || len(dst)-o < 3 {
				return o, i, o / 3 * 4
			}
			s, to := src[i:i+4:i+4], dst[o:o+3:o+3]
			v := t[0][s[0]] | t[1][s[1]] | t[2][s[2]] | t[3][s[3]]
			if v >= base64Bad {
				if s[0] == '\r' || s[0] == '\n' {
					i++
					if s[0] == '\r' && s[1] == '\n' {
						i++
					}
					break
				}
				return o, i, o / 3 * 4
			}
			to[0], to[1], to[2] = byte(v>>16), byte(v>>8), byte(v)
			i += 4
			o += 3
		}
	}
}

// wholeLine makes src long enough to have the first line that has more than
// padding.
func wholeLine(r *Reader, src []byte, last bool) ([]byte, error) {
	for !last && len(src) < maxTrailer {
		if text := bytes.TrimLeft(src, " \t\r\n="); bytes.IndexByte(text, '\n') >= 0 {
			break
		}
		var err error
		if src, last, err = r.bytes(len(src) + 1); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// char takes one character, the first of src, and returns how many octets it
// wrote to dst.
func (d *base64Decoder) char(r *Reader, dst, src []byte) int {
	v := base64Value[src[0]]
	if v == base64Space {
		return 0
	}
	if d.padded && v != base64Pad {
		if d.vetted <= 0 && !d.continues(src) {
			// QUIRK: footers that list servers and virus scanners append.
			d.trailer = true
			r.note("text after the base64 of part %s", d.part.Path)
			return 0
		}
		if d.padded = false; !d.pieces {
			d.pieces = true
			r.note("base64 padding within part %s", d.part.Path)
		}
	}
	d.chars++
	switch v {
	case base64Foreign:
		d.foreign++
	case base64Pad:
		d.padded = true
		return d.partial(dst)
	default:
		d.acc, d.n = d.acc<<6|uint32(v), d.n+1
		if d.n == 4 {
			return d.emit(dst, byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
		}
	}
	return 0
}

// partial ends a quantum that is not whole.
func (d *base64Decoder) partial(dst []byte) int {
	switch d.n {
	case 1:
		d.odd = true
		d.acc, d.n = 0, 0
	case 2:
		return d.emit(dst, byte(d.acc>>4))
	case 3:
		return d.emit(dst, byte(d.acc>>10), byte(d.acc>>2))
	}
	return 0
}

func (d *base64Decoder) emit(dst []byte, octets ...byte) int {
	d.acc, d.n = 0, 0
	n := copy(dst, octets)
	d.pending = d.out[:copy(d.out[:], octets[n:])]
	return n
}

// maxTrailer is how much is looked at behind padding.
const maxTrailer = 1 << 10

// continues tells whether a line after padding is base64 again: some senders
// encode piece by piece.
func (d *base64Decoder) continues(src []byte) bool {
	line, _, _ := bytes.Cut(src[:min(len(src), maxTrailer)], []byte("\n"))
	line = bytes.TrimRight(line, " \t\r")
	for _, c := range line {
		if v := base64Value[c]; v == base64Foreign || v == base64Space {
			return false
		}
	}
	d.vetted = len(line)
	return len(line)%4 == 0 || len(line) > maxTrailer/2
}

// finish is called at the end of the leaf: there the verdict falls.
func (d *base64Decoder) finish(r *Reader, p []byte) (int, error) {
	path := d.part.Path
	if r.body.by.level < 0 && d.cut(r) {
		return 0, errorf(path, "Part %s is cut off in the middle of its base64 text.", path)
	}
	// A stray character or two are no corruption however short the leaf is.
	if d.foreign > 2 && d.foreign*20 > d.chars {
		return 0, errorf(path, "The base64 text of part %s is corrupt: %d of %d characters do not belong there.", path, d.foreign, d.chars)
	}
	if d.foreign > 0 {
		r.note("stray characters in the base64 of part %s", path)
	}
	if d.n > 0 || d.odd {
		r.note("base64 padding in part %s", path)
	}
	if n := d.partial(p); n > 0 {
		return n, nil
	}
	return 0, io.EOF
}

// cut tells whether the text, at the end of the input, breaks off within a
// quantum. A message that is not a multipart has no boundary to miss: there the
// bits that padding would have made zero tell.
func (d *base64Decoder) cut(r *Reader) bool {
	if d.n == 0 || len(r.stack) > 0 {
		return d.n > 0
	}
	spare := map[int]uint32{1: 0x3F, 2: 0x0F, 3: 0x03}[d.n]
	return !r.body.lastNL && (d.n == 1 || d.acc&spare != 0)
}
