package graphtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// filter is a parsed $filter.
type filter struct {
	match      func(*item) bool
	properties []string // in the order in which they are first named
}

// lexeme is a word, a literal or a sign of a query expression.
type lexeme struct {
	text   string
	quoted bool
}

// lex splits an expression. Within quotes a quote is doubled.
func lex(s string) ([]lexeme, *refusal) {
	var toks []lexeme
	for i := 0; i < len(s); {
		switch ch := s[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case strings.IndexByte("(),:", ch) >= 0:
			toks = append(toks, lexeme{text: s[i : i+1]})
			i++
		case ch == '\'':
			var b strings.Builder
			for i++; ; i++ {
				j := strings.IndexByte(s[i:], '\'')
				if j < 0 {
					return nil, badQuery("There is an unterminated string literal in the query.")
				}
				b.WriteString(s[i : i+j])
				if i += j + 1; i >= len(s) || s[i] != '\'' {
					break
				}
				b.WriteByte('\'')
			}
			toks = append(toks, lexeme{b.String(), true})
		default:
			j := i
			// A colon belongs to a word only in a time, which starts with a digit.
			stop := " \t(),':"
			if ch >= '0' && ch <= '9' {
				stop = " \t(),'"
			}
			for j < len(s) && strings.IndexByte(stop, s[j]) < 0 {
				j++
			}
			toks = append(toks, lexeme{text: s[i:j]})
			i = j
		}
	}
	return toks, nil
}

// filterParser parses by recursive descent. A test is a func(*item) bool.
type filterParser struct {
	c          *call
	toks       []lexeme
	pos        int
	properties []string
	lambdas    int // lambdas with a condition seen so far
	depth      int
}

type test = func(*item) bool

func (c *call) parseFilter(v string) (*filter, *refusal) {
	toks, no := lex(v)
	if no != nil {
		return nil, no
	}
	p := &filterParser{c: c, toks: toks}
	match, no := p.or()
	if no != nil {
		return nil, no
	}
	if p.pos < len(toks) {
		return nil, p.syntax()
	}
	return &filter{match, p.properties}, nil
}

func (p *filterParser) syntax() *refusal {
	near := "the end"
	if p.pos < len(p.toks) {
		near = "'" + p.toks[p.pos].text + "'"
	}
	return badQuery("Syntax error in $filter near " + near + ".")
}

// accept takes the next word or sign if it is text.
func (p *filterParser) accept(text string) bool {
	if p.pos < len(p.toks) && !p.toks[p.pos].quoted && p.toks[p.pos].text == text {
		p.pos++
		return true
	}
	return false
}

// expect takes the words and signs, all of them.
func (p *filterParser) expect(texts ...string) *refusal {
	for _, text := range texts {
		if !p.accept(text) {
			return p.syntax()
		}
	}
	return nil
}

// word takes the next word, str the next quoted string.
func (p *filterParser) word() (string, *refusal) {
	if p.pos >= len(p.toks) || p.toks[p.pos].quoted || strings.Contains("(),:", p.toks[p.pos].text) {
		return "", p.syntax()
	}
	p.pos++
	return p.toks[p.pos-1].text, nil
}

func (p *filterParser) str() (string, *refusal) {
	if p.pos >= len(p.toks) || !p.toks[p.pos].quoted {
		return "", p.syntax()
	}
	p.pos++
	return p.toks[p.pos-1].text, nil
}

func (p *filterParser) named(property string) {
	if !slices.Contains(p.properties, property) {
		p.properties = append(p.properties, property)
	}
}

func (p *filterParser) or() (test, *refusal) {
	left, no := p.and()
	for no == nil && p.accept("or") {
		a := left
		var b test
		b, no = p.and()
		left = func(it *item) bool { return a(it) || b(it) }
	}
	return left, no
}

func (p *filterParser) and() (test, *refusal) {
	left, no := p.unary()
	for no == nil && p.accept("and") {
		a := left
		var b test
		b, no = p.unary()
		left = func(it *item) bool { return a(it) && b(it) }
	}
	return left, no
}

func (p *filterParser) unary() (test, *refusal) {
	if p.depth++; p.depth > 100 {
		return nil, badQuery("The node count limit of $filter has been exceeded.")
	}
	if p.accept("not") {
		before := p.lambdas
		inner, no := p.unary()
		if no != nil {
			return nil, no
		}
		if p.lambdas > before && !p.c.s.opts.NegatedLambda {
			return nil, p.c.unimplemented("a negated any() with a condition (see Options.NegatedLambda)")
		}
		return func(it *item) bool { return !inner(it) }, nil
	}
	if p.accept("(") {
		inner, no := p.or()
		if no != nil {
			return nil, no
		}
		return inner, p.expect(")")
	}
	return p.primary()
}

// The properties that may be compared, by type. Those of a message that are
// missing here are refused.
var (
	timeProperties = map[string]func(*item) time.Time{
		"receivedDateTime":     func(it *item) time.Time { return it.received },
		"sentDateTime":         func(it *item) time.Time { return it.sent },
		"createdDateTime":      func(it *item) time.Time { return it.created },
		"lastModifiedDateTime": func(it *item) time.Time { return it.modified },
	}
	boolProperties = map[string]func(*item) bool{
		"isRead":         func(it *item) bool { return it.isRead },
		"isDraft":        func(it *item) bool { return it.isDraft },
		"hasAttachments": func(it *item) bool { return it.attached },
	}
	textProperties = map[string]func(*item) string{
		"internetMessageId": func(it *item) string { return it.messageID },
		"conversationId":    func(it *item) string { return it.conversation },
		"subject":           func(it *item) string { return it.subject },
	}
)

func (p *filterParser) primary() (test, *refusal) {
	name, no := p.word()
	if no != nil {
		return nil, no
	}
	switch {
	case name == "startswith" || name == "contains":
		return p.function(name)
	case is(name, "categories/any"):
		return p.categories()
	case is(name, "singleValueExtendedProperties/any"):
		return p.extended()
	case timeProperties[name] != nil:
		return p.time(name)
	case boolProperties[name] != nil:
		return p.boolean(name)
	case textProperties[name] != nil:
		return p.text(name)
	case slices.Contains(messageProperties, strings.Split(name, "/")[0]):
		return nil, p.c.unimplemented("$filter by " + name)
	}
	return nil, badQuery("Could not find a property named '" + name + "' on type 'Microsoft.OutlookServices.Message'.")
}

func (p *filterParser) time(name string) (test, *refusal) {
	op, no := p.word()
	if no != nil {
		return nil, no
	}
	literal, no := p.word()
	if no != nil {
		return nil, no
	}
	t, err := time.Parse(time.RFC3339, literal)
	holds, ok := comparisons[op]
	if err != nil || !ok {
		return nil, badQuery("A binary operator with incompatible types was detected: " + name + " " + op + " " + literal + ".")
	}
	p.named(name)
	get := timeProperties[name]
	return func(it *item) bool { return holds(get(it).Compare(t)) }, nil
}

var comparisons = map[string]func(int) bool{
	"eq": func(n int) bool { return n == 0 },
	"ne": func(n int) bool { return n != 0 },
	"ge": func(n int) bool { return n >= 0 },
	"gt": func(n int) bool { return n > 0 },
	"le": func(n int) bool { return n <= 0 },
	"lt": func(n int) bool { return n < 0 },
}

func (p *filterParser) boolean(name string) (test, *refusal) {
	op, no := p.word()
	if no != nil {
		return nil, no
	}
	literal, no := p.word()
	if no != nil {
		return nil, no
	}
	if op != "eq" && op != "ne" || literal != "true" && literal != "false" {
		return nil, badQuery("A binary operator with incompatible types was detected: " + name + " " + op + " " + literal + ".")
	}
	p.named(name)
	get, want := boolProperties[name], (literal == "true") == (op == "eq")
	return func(it *item) bool { return get(it) == want }, nil
}

func (p *filterParser) text(name string) (test, *refusal) {
	op, no := p.word()
	if no != nil {
		return nil, no
	}
	want, no := p.str()
	if no != nil {
		return nil, no
	}
	if op != "eq" && op != "ne" {
		return nil, badQuery("A binary operator with incompatible types was detected: " + name + " " + op + ".")
	}
	p.named(name)
	get, equal := textProperties[name], op == "eq"
	if name == "subject" { // Exchange compares what people write without regard to case
		return func(it *item) bool { return strings.EqualFold(get(it), want) == equal }, nil
	}
	// QUIRK: a message that has just been sent may not be found by its
	// Message-ID for a while. See Options.FilterLag.
	late := p.late(p.c.s.opts.FilterLag)
	return func(it *item) bool {
		if name == "internetMessageId" && late(it) {
			return false
		}
		return (get(it) == want) == equal
	}, nil
}

// late returns a test for messages that have been in their mailbox for less
// than lag.
func (p *filterParser) late(lag time.Duration) test {
	now := p.c.s.Now()
	return func(it *item) bool { return lag > 0 && now.Sub(it.placed) < lag }
}

// function parses startswith(subject,'…') and contains(subject,'…').
func (p *filterParser) function(fn string) (test, *refusal) {
	if no := p.expect("(", "subject", ","); no != nil {
		return nil, no
	}
	want, no := p.str()
	if no != nil {
		return nil, no
	}
	p.named("subject")
	holds := stringTests[fn]
	return func(it *item) bool { return holds(it.subject, want) }, p.expect(")")
}

var stringTests = map[string]func(v, want string) bool{
	"eq":         strings.EqualFold,
	"ne":         func(v, want string) bool { return !strings.EqualFold(v, want) },
	"contains":   func(v, want string) bool { return strings.Contains(strings.ToLower(v), strings.ToLower(want)) },
	"startswith": func(v, want string) bool { return strings.HasPrefix(strings.ToLower(v), strings.ToLower(want)) },
}

// categories parses categories/any() and categories/any(c:c eq 'X').
func (p *filterParser) categories() (test, *refusal) {
	if no := p.expect("("); no != nil {
		return nil, no
	}
	p.named("categories")
	if p.accept(")") {
		return func(it *item) bool { return len(it.categories) > 0 }, nil
	}
	v, no := p.word()
	if no != nil {
		return nil, no
	}
	if no := p.expect(":", v, "eq"); no != nil {
		return nil, no
	}
	want, no := p.str()
	if no != nil {
		return nil, no
	}
	p.lambdas++
	return func(it *item) bool {
		return slices.ContainsFunc(it.categories, func(have string) bool { return strings.EqualFold(have, want) })
	}, p.expect(")")
}

// extended parses singleValueExtendedProperties/any(ep: ep/id eq '…' and
// ep/value eq '…'), with the comparisons of "Get
// singleValueLegacyExtendedProperty": eq, ne, contains and startswith for
// text, without regard to case, and cast(ep/value, Edm.Int32) for numbers.
func (p *filterParser) extended() (test, *refusal) {
	if no := p.expect("("); no != nil {
		return nil, no
	}
	v, no := p.word()
	if no != nil {
		return nil, no
	}
	if no := p.expect(":", v+"/id", "eq"); no != nil {
		return nil, no
	}
	text, no := p.str()
	if no != nil {
		return nil, no
	}
	id, no := parsePropertyID(text)
	if no != nil {
		return nil, no
	}
	if no := p.expect("and"); no != nil {
		return nil, no
	}
	holds, no := p.value(v + "/value")
	if no != nil {
		return nil, no
	}
	p.named("singleValueExtendedProperties")
	p.lambdas++
	// QUIRK: nor may one be found by its properties. See Options.PropertyLag.
	late := p.late(p.c.s.opts.PropertyLag)
	return func(it *item) bool {
		have, ok := it.property(id)
		return ok && holds(have) && !late(it)
	}, p.expect(")")
}

func (p *filterParser) value(name string) (func(string) bool, *refusal) {
	switch {
	case p.accept("cast"):
		return p.number(name)
	case p.accept("contains"):
		return p.valueFunction("contains", name)
	case p.accept("startswith"):
		return p.valueFunction("startswith", name)
	}
	if no := p.expect(name); no != nil {
		return nil, no
	}
	op, no := p.word()
	if no != nil {
		return nil, no
	}
	want, no := p.str()
	if no != nil {
		return nil, no
	}
	if op != "eq" && op != "ne" {
		return nil, badQuery("The operator " + op + " needs cast(" + name + ", Edm.Int32).")
	}
	return func(v string) bool { return stringTests[op](v, want) }, nil
}

func (p *filterParser) valueFunction(fn, name string) (func(string) bool, *refusal) {
	if no := p.expect("(", name, ","); no != nil {
		return nil, no
	}
	want, no := p.str()
	if no != nil {
		return nil, no
	}
	return func(v string) bool { return stringTests[fn](v, want) }, p.expect(")")
}

// number parses what follows cast.
func (p *filterParser) number(name string) (func(string) bool, *refusal) {
	if no := p.expect("(", name, ","); no != nil {
		return nil, no
	}
	if !p.accept("Edm.Int32") && !p.accept("Edm.Int64") {
		return nil, p.syntax()
	}
	if no := p.expect(")"); no != nil {
		return nil, no
	}
	op, no := p.word()
	if no != nil {
		return nil, no
	}
	literal, no := p.word()
	if no != nil {
		return nil, no
	}
	want, err := strconv.ParseInt(literal, 10, 64)
	holds, ok := comparisons[op]
	if err != nil || !ok {
		return nil, badQuery("A number is needed after cast, not '" + literal + "'.")
	}
	return func(v string) bool {
		have, err := strconv.ParseInt(v, 10, 64)
		return err == nil && holds(cmp.Compare(have, want))
	}, nil
}
