package eml

import (
	"bytes"
	"io"
)

const maxUULine = 1 << 10

// uuDecoder decodes the lines of uuencode, which is not a MIME encoding but is
// declared as "x-uuencode" by some gateways.
type uuDecoder struct {
	begun   bool
	out     [maxUULine]byte
	pending []byte // in out
}

func (d *uuDecoder) decode(r *Reader, p []byte) (int, error) {
	for len(d.pending) == 0 {
		src, last, err := r.bytes(1)
		for err == nil && !last && len(src) < maxUULine && bytes.IndexByte(src, '\n') < 0 {
			src, last, err = r.bytes(len(src) + 1)
		}
		if err != nil {
			return 0, err
		}
		if len(src) == 0 && last {
			return 0, io.EOF
		}
		line := src[:min(len(src), maxUULine)]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		d.line(line)
		r.consume(len(line))
	}
	n := copy(p, d.pending)
	d.pending = d.pending[n:]
	return n, nil
}

// line decodes one line: a character for the number of octets, then the octets
// by groups of four characters. What is outside "begin" and "end" stays as it
// is: it is text, or the label was a lie.
func (d *uuDecoder) line(raw []byte) {
	line := bytes.TrimRight(raw, "\r\n")
	switch {
	case len(line) == 0 && !d.begun:
		return
	case !d.begun:
		if d.begun = uuBegin(line); !d.begun {
			d.pending = d.out[:copy(d.out[:], raw)]
		}
		return
	case string(line) == "end":
		d.begun = false
		return
	case len(line) == 0:
		return
	}
	// A line may lack the spaces at its end, but not all it announces.
	n := min(int((line[0]-' ')&63), (len(line)+3)/4*3)
	at := func(i int) uint32 {
		if i >= len(line) {
			return 0 // QUIRK: spaces at the end of a line were cut off
		}
		return uint32((line[i] - ' ') & 63)
	}
	out := d.out[:0]
	for i := 1; len(out) < n; i += 4 {
		v := at(i)<<18 | at(i+1)<<12 | at(i+2)<<6 | at(i+3)
		out = append(out, byte(v>>16), byte(v>>8), byte(v))
	}
	d.pending = out[:n]
}

// uuBegin tells whether line is "begin 644 name".
func uuBegin(line []byte) bool {
	mode, ok := bytes.CutPrefix(line, []byte("begin "))
	n := 0
	for n < len(mode) && '0' <= mode[n] && mode[n] <= '7' {
		n++
	}
	return ok && (n == 3 || n == 4) && n < len(mode) && mode[n] == ' '
}
