package quoted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is a line of text, as a reader sees it, that is not blank.
type line struct {
	text string // without quote marks
	// start and end are where its visible part lies in the source.
	start, end int
	depth      int  // how deep it is quoted
	gap        bool // blank lines are above it
	flags      flags
}

// flags are what is known of a line from the markup around it.
type flags uint8

const (
	// citation: in an element that only mail programs make, for a quotation.
	citation flags = 1 << iota
	// angled: quoted with ">".
	angled
	// boundary: the first line of, or after, an element by which a mail program
	// says that the quotation begins. Some have it in mails without one.
	boundary
	// passedOn: the first line in an element for a forwarded message.
	passedOn
	// signature: the first line in an element for the writer's signature.
	signature
)

// object stands in a line for an image and the like.
const object = "\uFFFC"

// unmark takes the quote marks off a line.
func unmark(s string) (text string, depth int) {
	for {
		s = strings.TrimLeft(s, " \t\u00a0\ufeff\u200b")
		rest, ok := strings.CutPrefix(s, ">")
		if !ok {
			return strings.TrimRight(s, " \t\r\u00a0"), depth
		}
		s = rest
		depth++
	}
}

// clean makes a line comparable: no characters that nobody sees, such as those
// for the direction of writing, and no spaces but plain ones.
func clean(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < ' ' {
			return strings.TrimSpace(strings.Map(func(c rune) rune {
				switch {
				case ' ' <= c && c < utf8.RuneSelf:
				case unicode.Is(unicode.Cf, c):
					return -1
				case unicode.IsSpace(c):
					return ' '
				}
				return c
			}, s))
		}
	}
	return strings.TrimSpace(s)
}

// visible reports whether a reader would see something of s.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return ' ' < c && c < utf8.RuneSelf || !unicode.IsSpace(c) && !unicode.Is(unicode.Cf, c)
	})
}

// isRule reports whether a line is a drawn one.
func isRule(s string) bool {
	return len(s) >= 5 && strings.Trim(s, "-_=*~—–─ ") == ""
}

// says reports whether a line has words or anything else to tell. Images do not
// count: they may be pixels that trace the reader.
func says(s string) bool {
	return strings.Trim(clean(s), "-_=*~—–─>|#. "+object) != ""
}

// endsInColon tells an announcement: whatever comes next belongs to it.
func endsInColon(s string) bool {
	s = strings.TrimRight(s, " *_-")
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") || strings.HasSuffix(s, "៖")
}
