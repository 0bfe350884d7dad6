package eml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	errReleased = errors.New("eml: the Reader was released")
	errStale    = errors.New("eml: Read of a part after Next")
)

const (
	maxRepairs = 50
	// sniff is how far ahead it is looked for what a header does not tell.
	sniff = 4 << 10
)

// A Reader reads one message. It is not safe for concurrent use.
type Reader struct {
	src     source
	lim     Limits
	header  *Header
	err     error // sticky, of Header and Next
	stack   []*multipart
	around  []Container // what within returned last
	body    body
	part    *Part
	parts   int
	ids     int
	repairs []string
	ended   int64 // where the last body ended, and the delimiter after it begins
	begun   int64 // where the delimiter before the entity at hand begins
	entity  int64 // where that begins itself
	moved   bool  // what was read is not the input octet for octet
}

// NewReader returns a Reader of the message in r. It does no I/O. A nil lim
// stands for the defaults.
func NewReader(r io.Reader, lim *Limits) *Reader {
	return &Reader{src: source{r: r}, lim: lim.withDefaults()}
}

// Repairs returns what was repaired so far, in short English, without
// repetition and at most 50 of them.
func (r *Reader) Repairs() []string { return slices.Clone(r.repairs) }

func (r *Reader) note(format string, args ...any) {
	if len(r.repairs) >= maxRepairs {
		return
	}
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(r.repairs, s) {
		r.repairs = append(r.repairs, s)
	}
}

// Release gives the Reader's buffer back before the end of the message was
// reached. After it, headers that were returned stay valid and nothing else
// can be read. The underlying reader is not closed.
func (r *Reader) Release() {
	r.src.release()
	r.part = nil
	if r.err == nil {
		r.err = errReleased
	}
}

// fail makes err what Header and Next return from now on.
func (r *Reader) fail(err error) error {
	r.err = err
	r.part = nil
	r.src.release()
	return err
}

// Header returns the message's header, which the first call reads.
func (r *Reader) Header() (*Header, error) {
	if r.header != nil {
		return r.header, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	r.begin()
	h, err := r.readHeader("")
	if err != nil {
		return nil, r.fail(err)
	}
	r.header = h
	return h, nil
}

// begin looks at the first octets: at byte order marks and line ends.
func (r *Reader) begin() {
	r.src.atLeast(sniff)
	w := r.src.window()
	switch {
	case bytes.HasPrefix(w, []byte("\xEF\xBB\xBF")):
		r.note("byte order mark before the header")
		r.src.pos += 3
	case bytes.HasPrefix(w, []byte("\xFF\xFE")), bytes.HasPrefix(w, []byte("\xFE\xFF")):
		// QUIRK: mail saved as "Unicode text" on Windows.
		r.note("message in UTF-16")
		in := io.MultiReader(bytes.NewReader(bytes.Clone(w)), &rest{r.src.r, r.src.err})
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
		r.moved = true
		r.src.r, r.src.err = transform.NewReader(in, utf16.NewDecoder()), nil
		r.src.pos, r.src.end = 0, 0
		r.src.atLeast(sniff)
	}
	w = r.src.window()
	w = w[:min(len(w), sniff)]
	if bytes.IndexByte(w, '\r') >= 0 && bytes.IndexByte(w, '\n') < 0 {
		r.note("bare CR line ends")
		r.src.bareCR()
	}
}

// rest is a reader that may already have failed.
type rest struct {
	r   io.Reader
	err error
}

func (r *rest) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	return r.r.Read(p)
}

// Next returns the next leaf of the message, or io.EOF after the last one.
// What was not read of the previous leaf is skipped.
func (r *Reader) Next() (*Part, error) {
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	var p *Part
	if r.parts == 0 {
		p, err = r.open(h, "")
	}
	if p == nil && err == nil {
		p, err = r.next()
	}
	if err == nil && p == nil {
		err = io.EOF
	}
	if err != nil {
		return nil, r.fail(err)
	}
	r.part = p
	return p, nil
}

// next goes on after the body at hand. It returns nil at the end.
func (r *Reader) next() (*Part, error) {
	for {
		d, err := r.drain()
		if err != nil {
			return nil, err
		}
		if r.part != nil {
			r.part.end = r.ended
		}
		r.part = nil
		if unclosed := len(r.stack) - 1 - d.level; unclosed > 0 {
			r.note("no closing boundary")
		}
		r.stack = r.stack[:d.level+1]
		if d.level < 0 {
			return nil, nil
		}
		if d.closing {
			// What follows is the epilogue (RFC 2046 §5.1.1).
			r.stack = r.stack[:d.level]
			if len(r.stack) == 0 {
				return nil, nil
			}
			continue
		}
		in := r.stack[d.level]
		in.children++
		path := in.path + strconv.Itoa(in.children)
		r.begun, r.entity = r.ended, r.src.offset()
		h, err := r.readHeader(path)
		if err != nil {
			return nil, err
		}
		if len(h.fields) == 0 {
			b, last, err := r.bytes(1)
			if err != nil {
				return nil, err
			}
			if len(b) == 0 && last {
				// QUIRK: the last delimiter lacks its "--".
				in.children--
				continue
			}
		}
		p, err := r.open(h, path)
		if p != nil || err != nil {
			return p, err
		}
	}
}

// open begins the entity whose header was read. It returns nil when the next
// leaf is to be looked for behind the next delimiter.
func (r *Reader) open(h *Header, path string) (*Part, error) {
	if r.parts++; r.parts > r.lim.Parts {
		return nil, errorf(path, "The message has more than %d parts.", r.lim.Parts)
	}
	p := r.newPart(h, path)
	p.begun, p.entity = r.begun, r.entity
	if !strings.HasPrefix(p.Type, "multipart/") {
		p.begin()
		return p, nil
	}
	if len(r.stack) >= r.lim.Depth {
		return nil, errorf(path, "The multiparts of the message are nested more than %d deep.", r.lim.Depth)
	}
	return r.openMultipart(p, path)
}
