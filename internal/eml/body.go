package eml

// body is the part of the message between two delimiters.
type body struct {
	clean  int  // octets of the window that are known to belong to it
	bol    bool // the window begins a line
	ended  bool // nothing follows the clean octets
	by     delimiter
	lastNL bool // the octet before the window is a line feed
}

// startBody begins a new body at the window.
func (r *Reader) startBody() { r.body = body{bol: true, lastNL: true} }

// bytes returns at least n octets of the body, or all that is left of it, and
// whether that is all. They are valid until the next call of it or of consume.
func (r *Reader) bytes(n int) (b []byte, last bool, err error) {
	t := &r.body
	for t.clean < n && !t.ended {
		w := r.src.window()
		eof := r.src.err != nil && r.src.trouble() == nil
		full := r.src.full()
		if len(w) > t.clean || eof {
			d, safe, ok := r.find(w, t.clean, t.bol, eof, full)
			switch {
			case ok:
				t.clean, t.ended, t.by = d.start, true, d
				continue
			case eof:
				t.clean, t.ended, t.by = len(w), true, delimiter{level: -1, end: len(w)}
				continue
			}
			if t.clean = max(t.clean, safe); t.clean >= n {
				continue
			}
			if full {
				break
			}
		}
		if !r.src.more() {
			if err := r.src.trouble(); err != nil {
				return nil, false, err
			}
		}
	}
	return r.src.window()[:t.clean], t.ended, nil
}

// consume drops n octets that bytes returned.
func (r *Reader) consume(n int) {
	if n == 0 {
		return
	}
	t := &r.body
	t.lastNL = r.src.b[r.src.pos+n-1] == '\n'
	t.bol = false
	t.clean -= n
	t.by.start -= n
	t.by.end -= n
	r.src.pos += n
}

// drain drops what is left of the body and the delimiter line after it, which
// it returns.
func (r *Reader) drain() (delimiter, error) {
	for {
		b, last, err := r.bytes(1)
		if err != nil {
			return delimiter{}, err
		}
		r.consume(len(b))
		if last {
			d := r.body.by
			r.ended = r.src.offset()
			r.src.pos += d.end
			r.startBody()
			return d, nil
		}
	}
}
