package quoted

import (
	"html"
	"strings"
)

// HTML does for HTML what [Text] does for plain text. s has no styles, scripts or
// comments, nor a tag without an end. Of a quotation in it, only the tags remain
// that close what was opened before, so that kept is as well formed as s.
func HTML(s string) (kept string, cut int) {
	lines := htmlLines(s)
	from, to, ok := find(lines)
	if !ok {
		return s, 0
	}
	a, b := lines[from-1].end, len(s)
	if to < len(lines) {
		b = lines[to].start
	}
	var out strings.Builder
	out.WriteString(s[:a])
	quotation := outlineOf(s[a:b], outlineOf(s[:a], nil))
	for _, t := range quotation.ends {
		out.WriteString(s[a+t.from : a+t.to])
	}
	if b < len(s) {
		out.WriteString("<br>")
		for _, t := range quotation.starts {
			out.WriteString(s[a+t.from : a+t.to])
		}
		out.WriteString(s[b:])
	}
	return out.String(), b - a
}

// htmlLines splits HTML where a reader sees a line end.
func htmlLines(s string) []line {
	p := page{source: s, start: -1}
	for at := 0; at < len(s); {
		t := next(s, at)
		if t.name == "" {
			p.text(t)
		} else {
			p.tag(t)
		}
		at = t.to
	}
	p.breakLine(false)
	return p.lines
}

// page gathers the lines of a page.
type page struct {
	source string
	lines  []line

	now        []byte // the current line
	start, end int    // its visible part; start is -1 as long as there is none
	gap        bool
	flags      flags // of the next visible line

	pre         int    // how many are open
	quotes      []kind // the blockquotes that are open
	depth, cite int    // how many of these quote, and how many were made by a program
}

func (p *page) text(t token) {
	raw := p.source[t.from:t.to]
	if p.pre == 0 {
		p.piece(raw, t.from)
		return
	}
	for at := t.from; ; {
		s, rest, more := strings.Cut(raw, "\n")
		p.piece(s, at)
		if !more {
			return
		}
		p.breakLine(true)
		raw, at = rest, at+len(s)+1
	}
}

// piece adds text without a line end.
func (p *page) piece(raw string, at int) {
	const space = " \t\r\n\f"
	s := html.UnescapeString(raw)
	if !visible(s) {
		if p.start >= 0 && s != "" {
			p.now = append(p.now, ' ')
		}
		p.gap = p.gap || p.start < 0 && strings.Contains(s, "\u00a0")
		return
	}
	if p.start < 0 {
		p.start = at + len(raw) - len(strings.TrimLeft(raw, space))
	}
	p.end = at + len(strings.TrimRight(raw, space))
	p.now = append(p.now, s...)
}

func (p *page) tag(t token) {
	switch t.name {
	case "img", "video", "audio", "object", "iframe", "input", "button", "svg", "embed":
		if t.end {
			return
		}
		if p.start < 0 {
			p.start = t.from
		}
		p.end = t.to
		p.now = append(p.now, object...)
		return
	case "td", "th":
		if p.start >= 0 {
			p.now = append(p.now, ' ')
		}
	case "pre":
		if p.breakLine(false); t.end {
			p.pre = max(0, p.pre-1)
		} else {
			p.pre++
		}
	}
	if breaks[t.name] {
		p.breakLine(t.name == "br")
		p.gap = p.gap || t.name == "p" || t.name == "hr"
	}
	if t.name == "blockquote" {
		p.quote(t)
		return
	}
	if t.end || !bears[t.name] {
		return
	}
	if f := hints(t.attributes(p.source)); f != 0 {
		p.breakLine(false)
		p.flags |= f
	}
}

// kind tells the blockquotes apart. To indent a text, too, programs use one.
type kind byte

const (
	indents kind = iota
	quotes
	cites
)

// quote opens or closes a blockquote.
func (p *page) quote(t token) {
	k, n := indents, 1
	if t.end {
		if len(p.quotes) == 0 {
			return
		}
		last := len(p.quotes) - 1
		k, n, p.quotes = p.quotes[last], -1, p.quotes[:last]
	} else {
		a := t.attributes(p.source)
		p.flags |= hints(a) &^ boundary
		k = a.kind()
		p.quotes = append(p.quotes, k)
	}
	if k >= quotes {
		p.depth += n
	}
	if k == cites {
		p.cite += n
	}
}

// breakLine ends the line. If nothing is on it, it is a blank one or none.
func (p *page) breakLine(blank bool) {
	text, depth := "", 0
	if p.start >= 0 {
		text, depth = unmark(string(p.now))
		if p.pre == 0 {
			text = strings.Join(strings.Fields(text), " ")
		}
		text = clean(text)
	}
	p.now = p.now[:0]
	start := p.start
	p.start = -1
	if !visible(text) {
		p.gap = p.gap || blank
		return
	}
	l := line{text: text, start: start, end: p.end, depth: depth + p.depth, gap: p.gap, flags: p.flags}
	if depth > 0 {
		l.flags |= angled
	}
	if p.cite > 0 {
		l.flags |= citation
	}
	p.lines = append(p.lines, l)
	p.flags, p.gap = 0, false
}

// breaks are the elements that end a line.
var breaks = set("br", "p", "div", "tr", "li", "ul", "ol", "dl", "dt", "dd", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre",
	"blockquote", "section", "article", "header", "footer", "center", "address", "fieldset", "form", "body", "html")
