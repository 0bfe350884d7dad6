package zendesktest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// largestBody is what is read of a request that is not an upload.
const largestBody = 32 << 20

// readBody reads a JSON request. A body that was cut off is told by ok.
func readBody(r *http.Request) (b []byte, ok bool) {
	b, err := io.ReadAll(io.LimitReader(r.Body, largestBody+1))
	return b, err == nil && (r.ContentLength < 0 || int64(len(b)) == min(r.ContentLength, largestBody+1))
}

// decode reads one JSON value, numbers as they stand.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// params reads the fields of one object of a request, remembering which were
// asked for, so that the others can be told.
//
// QUIRK: names are case sensitive, and a name nobody knows is ignored but for
// a word in the header X-Zendesk-API-Warn.
type params struct {
	path string // as in "ticket.comment"
	in   object
	root *parse
	seen []string
}

// parse is what is found out while a request's fields are read.
type parse struct {
	action    string // as in "tickets/create"
	bad       *answer
	stray     []string // nobody knows these
	unmodeled []string // the service knows these; the account does not act on them
}

func (p *params) mark(name string) any {
	p.seen = append(p.seen, name)
	return p.in[name]
}

func (p *params) fail(name, want string) {
	if p.root.bad == nil {
		p.root.bad = invalidAttribute(strings.TrimPrefix(strings.TrimPrefix(p.path+"."+name, "."), "ticket."), want+" from "+p.root.action)
	}
}

// has tells whether name was sent and is not null.
func (p *params) has(name string) bool { return p.in[name] != nil }

// sent tells whether name was sent, be it null.
func (p *params) sent(name string) bool {
	_, ok := p.in[name]
	return ok
}

func (p *params) text(name string) string {
	switch v := p.mark(name).(type) {
	case nil:
	case string:
		return v
	default:
		p.fail(name, "a string")
	}
	return ""
}

func (p *params) id(name string) int64 {
	v := p.mark(name)
	if v == nil {
		return 0
	}
	n, err := strconv.ParseInt(asText(v), 10, 64)
	if err != nil {
		p.fail(name, "an integer")
	}
	return n
}

// flag is nil if name was not sent.
func (p *params) flag(name string) *bool {
	switch v := p.mark(name).(type) {
	case nil:
	case bool:
		return &v
	default:
		p.fail(name, "a boolean")
	}
	return nil
}

// time is nil if name was not sent.
func (p *params) time(name string) *time.Time {
	v := p.text(name)
	if v == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		p.fail(name, "a time")
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func (p *params) object(name string) (params, bool) {
	child := params{path: strings.TrimPrefix(p.path+"."+name, "."), root: p.root}
	v := p.mark(name)
	if v == nil {
		return child, false
	}
	in, ok := v.(object)
	if !ok {
		p.fail(name, "an object")
	}
	child.in = in
	return child, ok
}

func (p *params) list(name string) []any {
	v := p.mark(name)
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		p.fail(name, "an array")
	}
	return l
}

// texts reads an array of strings.
//
// QUIRK: a bare string counts as an array of one.
func (p *params) texts(name string) []string {
	if v, ok := p.in[name].(string); ok {
		p.mark(name)
		return []string{v}
	}
	var out []string
	for _, v := range p.list(name) {
		t, ok := v.(string)
		if !ok {
			p.fail(name, "an array of strings")
		}
		out = append(out, t)
	}
	return out
}

// ids reads an array of integers.
func (p *params) ids(name string) []int64 {
	var out []int64
	for _, v := range p.list(name) {
		id, err := strconv.ParseInt(asText(v), 10, 64)
		if err != nil {
			p.fail(name, "an array of integers")
		}
		out = append(out, id)
	}
	return out
}

// ignore names fields that the service knows and the account does not model.
func (p *params) ignore(names ...string) {
	for _, name := range names {
		if p.mark(name) != nil {
			p.root.unmodeled = append(p.root.unmodeled, p.path+"."+name)
		}
	}
}

// close ends the reading of an object: what nobody asked for is stray.
func (p *params) close() {
	for name := range p.in {
		if !slices.Contains(p.seen, name) {
			p.root.stray = append(p.root.stray, strings.TrimPrefix(p.path+"."+name, "."))
		}
	}
}
