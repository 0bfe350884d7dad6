package quoted

import "strings"

// Text returns the text above the quotation and how many octets were taken for
// quotation: with 0 it is s. A signature under the quotation is kept too.
func Text(s string) (kept string, cut int) {
	lines := textLines(s)
	from, to, ok := find(lines)
	if !ok {
		return s, 0
	}
	a, b := lines[from-1].end, len(s)
	kept = s[:a]
	if to < len(lines) {
		b = lines[to].start
		kept += "\n\n" + s[b:]
	}
	return kept, b - a
}

func textLines(s string) []line {
	var lines []line
	gap := false
	for at := 0; at < len(s); {
		raw, next := s[at:], len(s)
		if i := strings.IndexByte(raw, '\n'); i >= 0 {
			raw, next = raw[:i], at+i+1
		}
		text, depth := unmark(raw)
		if visible(text) {
			l := line{text: clean(text), start: at, end: at + len(strings.TrimRight(raw, " \t\r\u00a0")), depth: depth, gap: gap}
			if depth > 0 {
				l.flags = angled
			}
			lines = append(lines, l)
			gap = false
		} else {
			gap = true
		}
		at = next
	}
	return lines
}
