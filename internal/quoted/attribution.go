package quoted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAttribution is how long the line above a quotation is, wrapped or not.
const (
	maxAttribution = 400
	maxWrapped     = 4
)

// attribution reads the sentence that says who wrote when, and ends on line end:
//
//	On Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@example.com>
//	wrote:
//
// start is its first line, -1 for none. It is sure if no person would write so;
// otherwise it counts only right above quoted lines, or over another mark.
func (f *finder) attribution(end int, over bool) (start int, sure bool) {
	last := &f.lines[end]
	if len(last.text) > maxAttribution || !endsInColon(last.text) && !isDrawn(last.text) {
		return -1, false
	}
	var text string
	for start = end; start >= 0 && end-start < maxWrapped; start-- {
		l := &f.lines[start]
		if start == end {
			text = l.text
		} else {
			text = l.text + " " + text
			if f.lines[start+1].gap || l.depth != last.depth || !wraps(l.text) {
				break
			}
		}
		if len(text) > maxAttribution {
			break
		}
		if !begins(l.text) && !byline(text) && l.flags&boundary == 0 || !single(text) {
			continue
		}
		switch c := read(text); {
		case c.date && (c.verb || c.angled && c.time), c.time && c.verb && c.numbers > 2:
			return f.sentence(start), c.verb && c.address && c.date
		case c.verb && c.angled && begins(l.text) && f.quotedAt(end+1):
			return start, false
		}
	}
	c := read(last.text)
	switch quoted := f.quotedAt(end + 1); {
	case f.hinted(end) && (c.verb || c.address || c.time || c.date):
	case !quoted && !over:
		return -1, false
	case quoted && c.date && c.time && f.lines[end+1].flags&citation != 0 && begins(last.text): // in another language
	case c.verb && c.address && byline(last.text):
	case c.verb && isName(last.text) && (over || f.lines[end+1].flags&citation != 0 || f.tail-end > 3):
	default:
		return -1, false
	}
	return end, false
}

// isDrawn knows the sentence of Zoho, which has dashes and no colon.
func isDrawn(s string) bool {
	inner, ok := dashed(s)
	return ok && !isOriginal(inner) && read(inner).verb
}

// single reports whether a text is one sentence. Two are when the line end
// between an answer and the attribution was lost, and then both must stay.
func single(s string) bool {
	if containsAny(s, []string{"。", "！", "？", "! ", "? "}) {
		return false
	}
	for at := 0; ; {
		i := strings.Index(s[at:], ". ")
		if i < 0 {
			return true
		}
		at += i
		before, after := lastWord(s[:at]), s[at+2:]
		c, _ := utf8.DecodeRuneInString(after)
		next, _, _ := strings.Cut(after, " ")
		abbreviated := titles[strings.ToLower(before)] || len(before) < 3 && !openers[strings.ToLower(next)]
		if unicode.IsUpper(c) && !abbreviated && !strings.ContainsFunc(before, unicode.IsDigit) {
			return false
		}
		at += 2
	}
}

// sentence takes in the line before, if the date is broken over both.
func (f *finder) sentence(start int) int {
	if start == 0 || f.lines[start].gap || begins(f.lines[start].text) {
		return start
	}
	l := &f.lines[start-1]
	if l.depth != f.lines[start].depth || !begins(l.text) || len(l.text) > 100 || !strings.ContainsAny(l.text[len(l.text)-1:], ",0123456789") {
		return start
	}
	return start - 1
}

// hinted reports whether the markup says that a quotation begins about here.
func (f *finder) hinted(i int) bool {
	for j := i; j >= 0 && j > i-3; j-- {
		if f.lines[j].flags&boundary != 0 {
			return true
		}
	}
	return false
}

// wraps reports whether a line may go on in the next.
func wraps(s string) bool {
	return len(s) <= maxAttribution && !endsInColon(s) && !strings.HasSuffix(s, "!") && !strings.HasSuffix(s, "?") &&
		(!strings.HasSuffix(s, ".") || len(lastWord(s)) < 6 && !strings.Contains(strings.TrimSuffix(s, "."), ". ") && strings.ContainsAny(s, "0123456789"))
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

// begins reports whether a sentence of the kind can begin so: with "On" or with
// the day.
func begins(s string) bool {
	s = strings.TrimLeft(s, "-*_ \"“«‹<([")
	first, rest, _ := strings.Cut(s, " ")
	word := strings.ToLower(strings.TrimRight(first, ".,"))
	if openers[word] {
		return strings.ContainsFunc(s, unicode.IsDigit)
	}
	if c, _ := utf8.DecodeRuneInString(word); word != "" && (unicode.IsDigit(c) || unspaced(c)) {
		return true
	}
	// A day in some other language has a comma after it or is short.
	return len(first) < 28 && (len(word) < len(first) || len(word) < 6) && rest != "" && isDigit(rest[0])
}

// byline reports whether a sentence begins with the writer: with a few words
// before the address or the verb, and no number.
func byline(s string) bool {
	words := 0
	for w := range strings.FieldsSeq(s) {
		word := strings.ToLower(strings.Trim(w, "-*_\"“”«»,.:"))
		if strings.ContainsRune(w, '@') || wrote[word] || words > 0 && strings.HasPrefix(w, "<") {
			return words < 7
		}
		if strings.ContainsFunc(w, unicode.IsDigit) || strings.HasSuffix(w, "!") || strings.HasSuffix(w, "?") ||
			strings.HasSuffix(w, ".") && len(w) > 4 {
			return false
		}
		words++
	}
	return false
}

// isName reports whether what is before the verb looks like a name, and not like
// the words of a person who is about to quote.
func isName(s string) bool {
	n := 0
	for w := range strings.FieldsSeq(s) {
		word := strings.Trim(w, "-*_\"“”«»,.:()")
		if wrote[strings.ToLower(word)] {
			return true
		}
		c, _ := utf8.DecodeRuneInString(word)
		if n++; n > 5 || unicode.IsLower(c) && !particles[word] {
			return false
		}
	}
	return containsAny(s, wroteUnspaced)
}
