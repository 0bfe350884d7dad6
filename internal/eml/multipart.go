package eml

import (
	"bytes"
	"slices"
	"strings"
)

// maxBoundary bounds a boundary. RFC 2046 §5.1.1 allows 70 characters; some
// senders put kilobytes of state into it.
const maxBoundary = 16 << 10

// multipart is an open multipart, whose delimiters are looked for.
type multipart struct {
	Container
	delim    []byte // "--" and the boundary
	path     string // "" for the message itself
	children int
}

// openMultipart begins the multipart that p describes. It returns a part when
// one comes before the first delimiter.
func (r *Reader) openMultipart(p *Part, path string) (*Part, error) {
	boundary := strings.TrimRight(p.Params["boundary"], " \t")
	delete(p.Params, "boundary")
	if len(boundary) > maxBoundary {
		boundary = ""
	}
	r.ids++
	m := &multipart{
		Container: Container{ID: r.ids, Type: p.Type, Params: kept(p.Params)},
		delim:     []byte("--" + boundary),
	}
	if path != "" {
		m.path = path + "."
	}

	d, err := r.lookAhead(m, boundary)
	if err != nil {
		return nil, err
	}
	if d == ownDelimiter {
		r.stack = append(r.stack, m)
		if p := r.preamblePart(p, path); p != nil {
			return p, nil
		}
		return nil, nil
	}
	if d == noDelimiter {
		b, _, err := r.bytes(bufSize)
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(b)) == 0 {
			r.note("%s is a multipart without parts", whose(path))
			return nil, nil
		}
	}
	// QUIRK: gateways that rewrite the body into plain text and leave the
	// header as it was. The content is shown rather than lost.
	r.note("the boundary of %s never appears", whose(path))
	if d == lateDelimiter {
		r.stack = append(r.stack, m)
		r.startBody()
	}
	p.Type = "text/plain"
	p.begin()
	return p, nil
}

// kept returns what a container keeps of its parameters: many may be open at
// once, and a sender may have written anything into them.
func kept(params map[string]string) map[string]string {
	few := make(map[string]string)
	for _, name := range []string{"charset", "type", "start", "report-type", "protocol"} {
		if v, ok := params[name]; ok && len(v) <= 1000 {
			few[name] = v
		}
	}
	return few
}

// preamblePart is the preamble of a multipart that has the header of its first
// part instead of a delimiter.
//
// QUIRK: some list software loses the delimiter line between a nested
// multipart's header and that of its first part: "Content-Type" comes twice.
func (r *Reader) preamblePart(p *Part, path string) *Part {
	types := p.header.Raw("Content-Type")
	if path == "" || len(types) < 2 {
		return nil
	}
	second, params := parseType(types[1])
	if second == "" || strings.HasPrefix(second, "multipart/") {
		return nil
	}
	r.note("no delimiter before the first part of part %s", path)
	p.Type, p.Params = second, p.header.decodeParams(params)
	m := r.stack[len(r.stack)-1]
	m.children++
	p.Path = m.path + "1"
	p.Within = r.within()
	p.begin()
	return p
}

type ahead int

const (
	noDelimiter   ahead = iota // the body ends without one of the multipart
	ownDelimiter               // the multipart's own delimiter comes first
	lateDelimiter              // only its closing one, or none within a full window
)

// lookAhead tells what comes first in the body of a multipart, without
// consuming it. Its delimiter may be replaced by the one that is really used.
func (r *Reader) lookAhead(m *multipart, boundary string) (ahead, error) {
	if boundary != "" {
		a, err := r.seek(m)
		if err != nil || a != noDelimiter {
			return a, err
		}
	}
	if !r.src.cr && bytes.Contains(r.src.window(), append([]byte{'\r'}, m.delim...)) && boundary != "" {
		r.note("bare CR line ends")
		r.src.bareCR()
		r.startBody()
		return r.seek(m)
	}
	// QUIRK: a boundary parameter that is missing, cut short, in the wrong
	// case or of the mail that was quoted. A line "--x" right before
	// "Content-" tells the true one.
	r.src.atLeast(sniff)
	if err := r.src.trouble(); err != nil {
		return noDelimiter, err
	}
	w := r.src.window()
	if guess := guessDelimiter(w[:min(len(w), sniff)]); guess != nil && !r.isOpen(guess) {
		old := m.delim
		m.delim = guess
		a, err := r.seek(m)
		if a == ownDelimiter {
			r.note("the boundary of %s is not the one its header names", whose(strings.TrimSuffix(m.path, ".")))
			return a, nil
		}
		if err != nil {
			return a, err
		}
		m.delim = old
	}
	return noDelimiter, nil
}

func (r *Reader) isOpen(delim []byte) bool {
	return slices.ContainsFunc(r.stack, func(m *multipart) bool { return bytes.Equal(m.delim, delim) })
}

// seek looks for the first delimiter of m or of what encloses it.
func (r *Reader) seek(m *multipart) (ahead, error) {
	r.stack = append(r.stack, m)
	defer func() { r.stack = r.stack[:len(r.stack)-1] }()
	r.startBody()
	defer r.startBody()
	for {
		b, last, err := r.bytes(r.body.clean + 1)
		switch {
		case err != nil:
			return noDelimiter, err
		case last && r.body.by.level == len(r.stack)-1:
			if r.body.by.closing && len(bytes.TrimSpace(b)) > 0 {
				return lateDelimiter, nil
			}
			return ownDelimiter, nil
		case last:
			return noDelimiter, nil
		case r.src.full():
			return lateDelimiter, nil
		}
	}
}

// guessDelimiter returns the first line of w that can only be a delimiter.
func guessDelimiter(w []byte) []byte {
	for len(w) > 0 {
		line, rest, _ := bytes.Cut(w, []byte("\n"))
		line = bytes.TrimRight(line, " \t\r")
		next := rest[:min(len(rest), len("content-"))]
		if len(line) > 4 && len(line) <= 200 && bytes.HasPrefix(line, []byte("--")) && bytes.EqualFold(next, []byte("content-")) {
			return bytes.Clone(line)
		}
		w = rest
	}
	return nil
}

// within lists the open multiparts, outermost first. Parts beside one another
// share the list.
func (r *Reader) within() []Container {
	n := len(r.stack)
	if n == 0 {
		return nil
	}
	if len(r.around) != n || r.around[n-1].ID != r.stack[n-1].ID {
		r.around = make([]Container, n)
		for i, m := range r.stack {
			r.around[i] = m.Container
		}
	}
	return r.around
}
