package automail

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var straight = strings.NewReplacer("’", "'", "‘", "'", "`", "'", "´", "'", "–", "-", "—", "-")

// fold makes texts of different mailers comparable: lower case, composed, one
// space for each run, plain quotes and dashes.
func fold(s string) string {
	// Compatibility forms are the same letters in full width, ligatures and
	// the like; a no-break space becomes a space.
	return strings.Join(strings.Fields(straight.Replace(strings.ToLower(norm.NFKC.String(straight.Replace(s))))), " ")
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
	for _, p := range phrases {
		if strings.Contains(s, p) {
			return p
		}
	}
	return ""
}
