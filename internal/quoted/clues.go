package quoted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clues are what a sentence has of an attribution.
type clues struct {
	verb    bool // wrote
	address bool
	angled  bool // the address, as a program writes it
	date    bool // with the year
	time    bool
	numbers int
}

func read(s string) (c clues) {
	c.address, c.angled = addressIn(s)
	c.verb = containsAny(s, wroteUnspaced)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		is := isWord
		switch {
		case unicode.IsDigit(r):
			is = unicode.IsDigit
		case !isWord(r):
			i += n
			continue
		}
		j := i
		for j < len(s) {
			r, n := utf8.DecodeRuneInString(s[j:])
			if !is(r) {
				break
			}
			j += n
		}
		if unicode.IsDigit(r) {
			c.number(s, i, j)
		} else if !c.verb && j-i < 40 {
			c.verb = wrote[strings.ToLower(s[i:j])]
		}
		i = j
	}
	return c
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

// unspaced reports whether a letter is of a script that does not part words.
func unspaced(r rune) bool {
	return 0x0e00 <= r && r < 0x10a0 || 0x1780 <= r && r < 0x1800 || r >= 0x2e80
}

// number takes account of the number s[i:j].
func (c *clues) number(s string, i, j int) {
	c.numbers++
	n := utf8.RuneCountInString(s[i:j])
	before, after, rest := byte(' '), byte(' '), ""
	if i > 0 {
		before = s[i-1]
	}
	if j < len(s) {
		after, rest = s[j], s[j+1:]
	}
	two := len(rest) > 1 && isDigit(rest[0]) && isDigit(rest[1]) && (len(rest) == 2 || !isDigit(rest[2]))
	switch {
	case n == 4:
		// No zone, and no part of a name.
		if s[i] != '0' && s[i] < '3' || s[i] >= 0x80 {
			c.date = c.date || before != ':' && before != '+' && !(before == '-' && c.time) && !isLetter(before) && !isLetter(after)
		}
	case n > 2:
	case (after == '.' || after == '/' || after == '-') && goesOn(rest, after):
		c.date = true
	case two && (after == ':' || after == '.' || after|0x20 == 'h'):
		c.time = true
	}
	switch after := s[j:]; {
	case strings.HasPrefix(after, "年"), strings.HasPrefix(after, "년"):
		c.date = true
	case strings.HasPrefix(after, "点"), strings.HasPrefix(after, "時"), strings.HasPrefix(after, "시"):
		c.time = true
	}
}

// goesOn reports whether another number, the sign and a third number come.
func goesOn(s string, sign byte) bool {
	s = strings.TrimLeft(s, " ") // QUIRK: Czech has spaces between
	n := 0
	for n < len(s) && n < 2 && isDigit(s[n]) {
		n++
	}
	if n == 0 || n == len(s) || s[n] != sign {
		return false
	}
	s = strings.TrimLeft(s[n+1:], " ")
	return s != "" && isDigit(s[0])
}

// addressIn reports whether there is an address, and whether it is in brackets.
// One of these may be alone at the end of the line before.
func addressIn(s string) (address, angled bool) {
	for w := range strings.FieldsSeq(s) {
		i := strings.IndexByte(w, '@')
		if i <= 0 || i+1 == len(w) || !isAlnum(w[i-1]) && w[i-1] < 0x80 || !isAlnum(w[i+1]) && w[i+1] < 0x80 {
			continue
		}
		address = true
		angled = angled || strings.ContainsAny(w, "<>()")
	}
	return address, angled
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }
