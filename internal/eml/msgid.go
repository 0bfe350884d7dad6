package eml

import "strings"

// parseMessageIDs returns the message identifiers (RFC 5322 §3.6.4) in s
// without angle brackets.
func parseMessageIDs(s string) []string {
	if !strings.Contains(s, "<") && strings.Contains(s, "=?") {
		// QUIRK: mailers that encode a long In-Reply-To as if it were text.
		s = printable(decodeWords(s))
	}
	var ids []string
	add := func(id string) {
		// White space and comments are obsolete (RFC 5322 §4.5.4). QUIRK:
		// folding that some gateway put into an identifier.
		if id = stripComments(id); id != "" {
			ids = append(ids, strings.Clone(id)) // it is kept for long, and should not keep the header
		}
	}
	if !strings.Contains(s, "<") {
		// QUIRK: no angle brackets at all.
		words := strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == ',' || c == ';' || c == '>' })
		for _, w := range words {
			if len(words) == 1 || strings.Contains(w, "@") {
				add(w)
			}
		}
		return ids
	}
	for {
		_, rest, ok := strings.Cut(s, "<")
		if !ok {
			return ids
		}
		end := strings.IndexAny(rest, "<>")
		if end < 0 {
			end = len(rest)
		}
		add(rest[:end])
		s = strings.TrimPrefix(rest[end:], ">")
	}
}
