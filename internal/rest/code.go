package rest

import "strings"

// mostCode bounds an error code; the longest that is known has 40 letters.
const mostCode = 64

// Code returns what a service gave as its error code if it looks like one:
// letters, with ".", "_" and "-" and a few digits, and spaces in a title. A server
// that quotes what it was sent, or means ill, does not get it into an error.
func Code(s string) string {
	if len(s) > mostCode {
		return ""
	}
	digits := 0
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', strings.ContainsRune("._- ", r):
		case '0' <= r && r <= '9' && digits < 4:
			digits++
		default:
			return ""
		}
	}
	return strings.TrimSpace(s)
}

// ID returns a service's id of a request if it looks like one.
func ID(s string) string {
	if len(s) > mostCode || strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-')
	}) {
		return ""
	}
	return s
}

// Quote returns a sentence of a service's as far as it can be shown: what looks
// like an address, or like a token, is left out.
func Quote(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if len(w) > 24 || strings.ContainsRune(w, '@') {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}
