package eml

import (
	"strings"
)

// Address is a mailbox (RFC 5322 §3.4).
type Address struct {
	// Name is the display name, decoded; "" for none.
	Name string
	// Address is the addr-spec as it was written. Encoded-words in it are
	// never decoded: "=?utf-8?q?victim=40x?=@evil" is at evil.
	Address string
}

// parseAddresses reads an address list, at most limit addresses of it, and
// tells whether there was a group. It takes linear time.
func parseAddresses(s string, limit int) (list []Address, group bool) {
	p := addressParser{s: s, limit: limit}
	p.run()
	return p.list, p.group
}

// maxWord is the longest encoded-word that is kept whole, in bytes; RFC 2047 §2
// allows 75.
const maxWord = 1000

// token is a piece of a mailbox outside of angle brackets.
type token struct {
	text   string
	quoted bool
	space  bool // white space comes before it
}

// addressParser goes once through a list. It keeps the pieces of the mailbox
// at hand and sorts them out at its end.
type addressParser struct {
	s     string
	i     int
	limit int
	list  []Address
	group bool

	before, after []token // the brackets
	angle         string
	angled        bool // angle is set
	at            bool // before has an "@"
	comment       string
	space         bool

	noQuote, noComment bool // the rest has none that is closed
	semicolon          int  // index of the next one, if not before i
}

func (p *addressParser) run() {
	for p.i < len(p.s) && len(p.list) < p.limit {
		switch p.s[p.i] {
		case ' ', '\t', '\r', '\n':
			p.space = true
			p.i++
		case ',', ';':
			// RFC 5322 §3.4 has the comma only. QUIRK: Outlook users type
			// semicolons.
			p.flush()
			p.i++
		case '"':
			p.quoted()
		case '(':
			p.parenthesis()
		case '<':
			p.brackets()
		case '>', ')':
			p.i++
		case ':':
			p.colon()
		default:
			p.atom()
		}
	}
	p.flush()
	p.list = p.list[:min(len(p.list), p.limit)]
}

// maxTokens bounds the pieces of a display name that are kept.
const maxTokens = 200

func (p *addressParser) push(text string, quoted bool) {
	to := &p.before
	if p.angled {
		to = &p.after
	}
	if n := len(*to); text != "" && (n < maxTokens || strings.Contains(text, "@") && n < maxTokens+p.limit) {
		*to = append(*to, token{text, quoted, p.space})
		p.at = p.at || !p.angled && strings.Contains(text, "@")
		p.space = false
	}
}

// quoted reads a quoted-string. A quote that is never closed is passed over.
func (p *addressParser) quoted() {
	var b strings.Builder
	for i := p.i + 1; !p.noQuote && i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.push(b.String(), true)
			p.i = i + 1
			return
		case c == '\\' && i+1 < len(p.s):
			i++
			b.WriteByte(p.s[i])
		default:
			b.WriteByte(c)
		}
	}
	p.noQuote = true
	p.i++
}

// parenthesis reads a comment, which may hold the name of the mailbox
// (RFC 822 §3.4.3, before display names).
func (p *addressParser) parenthesis() {
	depth := 0
	for i := p.i; !p.noComment && i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if p.comment == "" {
					p.comment = p.s[p.i+1 : i]
				}
				p.i = i + 1
				p.space = true
				return
			}
		}
	}
	p.noComment = true
	p.i++
}

// brackets reads "<…>".
func (p *addressParser) brackets() {
	if p.angled {
		// QUIRK: lists that were joined without commas. What was read since
		// the last brackets is the next name.
		p.emit(p.angle, p.before)
		p.before, p.after, p.angled = p.after, nil, false
	}
	start := p.i + 1
	end := start
	for quoted := false; end < len(p.s) && p.s[end] != '<' && (quoted || p.s[end] != '>'); end++ {
		if p.s[end] == '"' {
			quoted = !quoted && strings.IndexByte(p.s[end+1:min(len(p.s), end+300)], '"') >= 0
		}
	}
	content := p.s[start:end]
	p.i = end
	if end < len(p.s) && p.s[end] == '>' {
		p.i++
	} else if i := strings.IndexAny(content, ",; \t"); i >= 0 {
		content, p.i = content[:i], start+i // QUIRK: no closing bracket
	}
	p.space = true
	content = strings.TrimSpace(content)
	// QUIRK: an empty group that a gateway took for a mailbox:
	// "<undisclosed-recipients:;>", "<Undisclosed-Recipient:@host;>".
	if content != "" && content[0] != '@' && strings.HasSuffix(content, ";") && strings.Contains(content, ":") || undisclosed(content) {
		p.group = true
		p.before = nil
		return
	}
	if content != "" { // it is in "<<a@b>>", and in the null address
		p.angle, p.angled = content, true
	}
}

// colon ends the name of a group (RFC 5322 §3.4).
func (p *addressParser) colon() {
	colon := p.i
	p.i++
	if p.semicolon < colon {
		p.semicolon = len(p.s)
		if i := strings.IndexByte(p.s[colon:], ';'); i >= 0 {
			p.semicolon = colon + i
		}
	}
	n := len(p.before)
	if p.angled || n == 0 {
		return
	}
	last := &p.before[n-1]
	switch {
	case strings.EqualFold(last.text, "mailto"):
		p.before = p.before[:n-1]
	case p.semicolon < len(p.s) && !p.at, strings.TrimSpace(p.s[p.i:]) == "":
		p.group = true
		p.before, p.comment = nil, ""
	case len(last.text) < maxAddress:
		last.text += ":" // QUIRK: names such as "Re: Offer" without quotes
	}
}

func hasAt(tokens []token) bool {
	for _, t := range tokens {
		if strings.Contains(t.text, "@") {
			return true
		}
	}
	return false
}

// atom reads up to white space or a special. An encoded-word is read as a
// whole.
//
// QUIRK: RFC 2047 §5 (3) has commas and the like encoded there; many senders
// leave them as they are.
func (p *addressParser) atom() {
	start := p.i
	for p.i < len(p.s) {
		if strings.IndexByte(" \t\r\n\"(),;:<>", p.s[p.i]) >= 0 {
			break
		}
		switch n := 0; p.s[p.i] {
		case '=':
			n = wordLength(p.s[p.i:])
			p.i += max(n, 1)
		case '[': // a domain literal, which has colons in IPv6
			if n = strings.IndexAny(p.s[p.i:min(len(p.s), p.i+100)], "] <,"); n > 0 && p.s[p.i+n] == ']' {
				p.i += n
			}
			p.i++
		default:
			p.i++
		}
	}
	p.push(p.s[start:p.i], false)
}

// wordLength is the length of the encoded-word that s begins with, 0 for none.
func wordLength(s string) int {
	if !strings.HasPrefix(s, "=?") {
		return 0
	}
	s = s[:min(len(s), maxWord)]
	marks := 0
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '?':
			if marks++; marks > 2 && i+1 < len(s) && s[i+1] == '=' {
				return i + 2
			}
		case ' ', '\t', '<', '>', '"':
			return 0
		}
	}
	return 0
}

// flush ends the mailbox at hand.
func (p *addressParser) flush() {
	if p.angled {
		p.emit(p.angle, p.before)
		p.bare(p.after, false)
	} else if len(p.before) > 0 && !p.at && undisclosed(p.before[0].text) {
		p.group = true
	} else {
		p.bare(p.before, true)
	}
	p.before, p.after, p.angled, p.at = nil, nil, false, false
	p.comment, p.space = "", false
}

// emit adds an address that was in angle brackets.
func (p *addressParser) emit(angle string, name []token) {
	addr := cleanAddress(angle)
	if !strings.Contains(addr, "@") && !isLocalPart(strings.TrimSpace(angle)) {
		addr = ""
	}
	if !strings.Contains(addr, "@") && hasAt(name) {
		n := len(p.list)
		p.bare(name, false) // QUIRK: name and address are swapped
		if len(p.list) > n {
			return
		}
	}
	text := p.name(name)
	if text == "" {
		text = p.name([]token{{text: p.comment}})
	}
	p.add(Address{Name: text, Address: addr})
	p.comment = ""
}

func (p *addressParser) add(a Address) {
	if a.Address != "" && len(a.Address) <= maxAddress && len(p.list) < p.limit && !strings.ContainsAny(a.Address, "<>") {
		p.list = append(p.list, a)
	}
}

// bare looks for addresses without angle brackets. With alone set, a single
// word is taken for one too, as in "From: root".
func (p *addressParser) bare(tokens []token, alone bool) {
	tokens = joinTokens(tokens)
	count := len(p.list)
	var name []token
	last := -1 // index in p.list of the address that name may belong to
	for _, t := range tokens {
		at := strings.IndexByte(t.text, '@')
		if t.quoted || at <= 0 || at == len(t.text)-1 {
			name = append(name, t)
			continue
		}
		before := len(p.list)
		p.add(Address{Name: p.name(name), Address: cleanAddress(t.text)})
		if len(p.list) > before {
			last = before
		}
		name = nil
	}
	if last == count && p.list[last].Name == "" {
		if len(name) == 0 {
			name = []token{{text: p.comment}}
		}
		p.list[last].Name = p.name(name)
	}
	if last >= 0 || len(tokens) != 1 {
		return
	}
	switch t := tokens[0]; {
	case t.quoted && strings.Contains(t.text, "@") && strings.Contains(t.text, "<"):
		// QUIRK: quotes around name and address together.
		inner := addressParser{s: strings.ReplaceAll(t.text, `"`, ""), limit: p.limit - len(p.list)}
		inner.run()
		p.list = append(p.list, inner.list...)
	case t.quoted && strings.Contains(t.text, "@") && !strings.ContainsAny(t.text, " \t,;"):
		p.add(Address{Address: cleanAddress(t.text)})
	case !t.quoted && alone && isLocalPart(t.text):
		p.add(Address{Name: p.name([]token{{text: p.comment}}), Address: cleanAddress(t.text)})
	}
}

// joinTokens joins the pieces of addresses with white space or comments around
// the signs, which RFC 5322 §4.4 calls obsolete.
func joinTokens(tokens []token) []token {
	var out []token
	for _, t := range tokens {
		if n := len(out); n > 0 {
			prev := &out[n-1]
			domain := strings.Contains(prev.text, "@") && (strings.HasSuffix(prev.text, ".") || strings.HasPrefix(t.text, "."))
			at := strings.HasPrefix(t.text, "@") || strings.HasSuffix(prev.text, "@")
			if (domain || at) && !t.quoted && len(prev.text)+len(t.text) < 320 && (!prev.quoted || !t.space) {
				if prev.quoted {
					prev.text, prev.quoted = `"`+escape.Replace(prev.text)+`"`, false
				}
				prev.text += t.text
				continue
			}
		}
		out = append(out, t)
	}
	return out
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// name puts a display name together and decodes it.
func (p *addressParser) name(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && t.space {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	s := printable(decodeWords(b.String()))
	for _, q := range []string{`"`, `'`} {
		if len(s) > 1 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			s = strings.TrimSpace(s[1 : len(s)-1])
		}
	}
	return s
}
