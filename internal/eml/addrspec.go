package eml

import "strings"

const maxAddress = 1000 // bytes; RFC 5321 §4.5.3.1.3 allows 254

// cleanAddress strips what does not belong to an addr-spec. It decodes
// nothing.
func cleanAddress(s string) string {
	s = stripComments(s)
	if strings.HasPrefix(s, "@") { // a route (RFC 5322 §4.4)
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	for _, q := range []string{`"`, `'`} {
		if len(s) > 1 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			s = s[1 : len(s)-1]
		}
	}
	return strings.TrimRight(s, ".,;:'")
}

// stripComments drops comments, white space and control characters outside of
// quoted strings.
func stripComments(s string) string {
	s = printable(s)
	if !strings.ContainsAny(s, ` ("`) {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (quoted || depth > 0):
			if i++; quoted {
				b.WriteString(s[i-1 : i+1])
			}
			continue
		case quoted:
			quoted = c != '"'
		case c == '(':
			depth++
			continue
		case c == ')' && depth > 0:
			depth--
			continue
		case depth > 0:
			continue
		case c == ' ':
			// RFC 5322 §4.4 allows white space around the signs. Elsewhere it
			// would join what nobody wrote as one.
			if !around(s[:i], s[i+1:]) {
				return ""
			}
			continue
		case c == '"':
			quoted = true
		}
		b.WriteByte(c)
	}
	return b.String()
}

// around tells whether white space between two pieces of an addr-spec stands
// next to a sign or a comment.
func around(before, after string) bool {
	before, after = strings.TrimRight(before, " "), strings.TrimLeft(after, " ")
	return before == "" || after == "" || strings.IndexByte(".@:)", before[len(before)-1]) >= 0 || strings.IndexByte(".@:(", after[0]) >= 0
}

// isLocalPart tells whether s may be the name of a local mailbox, such as root.
func isLocalPart(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !alnum && (i == 0 || strings.IndexByte("._+-", c) < 0) {
			return false
		}
	}
	return s != ""
}

// undisclosed tells whether s is a group whose colon and semicolon got lost, as
// in "<Undisclosed Recipients>".
func undisclosed(s string) bool {
	const word = "undisclosed"
	return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) && !strings.Contains(s, "@")
}
