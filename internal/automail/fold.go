package automail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var straight = strings.NewReplacer("’", "'", "‘", "'", "`", "'", "´", "'", "–", "-", "—", "-")

// fold makes texts of different mailers comparable: lower case, composed, one
// space for each run, plain quotes and dashes.
func fold(s string) string {
	if !isASCII(s) {
		// Compatibility forms are the same letters in full width, ligatures and
		// the like; a no-break space becomes a space.
		s = straight.Replace(strings.ToLower(norm.NFKC.String(straight.Replace(s))))
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false // before what comes next
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case space:
			b.WriteByte(' ')
			space = false
		}
		switch {
		case r == '`':
			b.WriteByte('\'')
		case 'A' <= r && r <= 'Z':
			b.WriteByte(byte(r) + 'a' - 'A')
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// clip cuts s to at most n octets, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// containsAny returns the first of the phrases that s contains, or "".
func containsAny(s string, phrases []string) string {
	if s == "" {
		return ""
	}
	var in pairs
	looks := len(s) > fewBytes && len(phrases) > fewPhrases
	if looks {
		in.add(s)
	}
	for _, p := range phrases {
		if (!looks || in.mayHold(p)) && strings.Contains(s, p) {
			return p
		}
	}
	return ""
}

// Below these it is quicker to look than to prepare for it.
const (
	fewBytes   = 100
	fewPhrases = 20
)

// pairs are the pairs of octets that a text has: a phrase with one that is not
// among them is not in the text.
type pairs [1 << 16 / 64]uint64

func (t *pairs) add(s string) {
	for i := range len(s) - 1 {
		pair := uint(s[i])<<8 | uint(s[i+1])
		t[pair/64] |= 1 << (pair % 64)
	}
}

func (t *pairs) mayHold(phrase string) bool {
	for i := range len(phrase) - 1 {
		pair := uint(phrase[i])<<8 | uint(phrase[i+1])
		if t[pair/64]&(1<<(pair%64)) == 0 {
			return false
		}
	}
	return true
}
