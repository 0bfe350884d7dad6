package zendesktest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
		p.root.bad = invalidAttribute(strings.TrimPrefix(p.path+"."+name, "ticket."), want+" from "+p.root.action)
	}
}

// has tells whether name was sent and is not null.
func (p *params) has(name string) bool { return p.in[name] != nil }

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

// open parses a request that holds one object called "ticket".
func (s *Server) open(c *call, body []byte, action string) (params, *parse, *answer) {
	root := &parse{action: action}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" {
		// QUIRK: other bodies are not refused, they are not read.
		s.mu.Lock()
		s.violation("%s %s is not sent as application/json", c.r.Method, c.r.URL.Path)
		s.mu.Unlock()
		return params{}, root, invalidAttribute("ticket", "an object from "+action)
	}
	top := params{root: root}
	if err := decode(body, &top.in); err != nil {
		return params{}, root, reply(http.StatusUnprocessableEntity,
			object{"error": "Unprocessable Entity", "message": "Server could not parse JSON"})
	}
	p, ok := top.object("ticket")
	top.close()
	if !ok {
		return params{}, root, invalidAttribute("ticket", "an object from "+action)
	}
	return p, root, nil
}

// warn tells the client which of its fields were ignored, and the account's
// owner which of them the real service would have obeyed.
func (s *Server) warn(a *answer, root *parse) *answer {
	for _, name := range root.unmodeled {
		remember(&s.book.unknown, "field "+name+" of "+root.action)
	}
	if len(root.stray) == 0 {
		return a
	}
	slices.Sort(root.stray)
	quoted := make([]string, len(root.stray))
	for i, name := range root.stray {
		quoted[i] = strconv.QuoteToASCII(name)
	}
	controller, action, _ := strings.Cut(root.action, "/")
	return a.with("X-Zendesk-API-Warn", `{:allowed_parameters=>{:controller=>"`+controller+`", :action=>"`+action+
		`", :unpermitted_keys=>[`+strings.Join(quoted, ", ")+`], :invalid_values=>[]}}`)
}
