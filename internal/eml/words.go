package eml

import (
	"strings"
)

// word is an encoded-word (RFC 2047 §2).
type word struct {
	charset  string
	encoding byte // 'b' or 'q'
	text     string
}

// decodeWords decodes the encoded-words in s, in time linear in its length.
// Adjacent words of one charset are joined as octets first.
//
// QUIRK: RFC 2047 §5 forbids a character that is split between two words;
// about every script that folds long subjects splits them.
func decodeWords(s string) string {
	i := strings.Index(s, "=?")
	if i < 0 {
		return s
	}
	var b strings.Builder
	var octets []byte // of the words at hand
	charset := ""
	flush := func() {
		if octets != nil {
			b.WriteString(decodeOctets(octets, charset))
			octets = nil
		}
	}
	for i >= 0 {
		w, n := cutWord(s[i:])
		if n == 0 {
			n = len("=?")
			if octets == nil || strings.TrimLeft(s[:i], " \t") != "" {
				flush()
			}
			b.WriteString(s[:i+n])
			s = s[i+n:]
			i = strings.Index(s, "=?")
			continue
		}
		// White space between encoded-words is not shown (RFC 2047 §6.2).
		if gap := s[:i]; octets == nil || strings.Trim(gap, " \t\r\n") != "" {
			flush()
			b.WriteString(gap)
		} else if !strings.EqualFold(w.charset, charset) {
			flush()
		}
		charset = w.charset
		if octets == nil {
			octets = []byte{}
		}
		octets = w.appendOctets(octets)
		s = s[i+n:]
		i = strings.Index(s, "=?")
	}
	flush()
	b.WriteString(s)
	return b.String()
}

// cutWord returns the encoded-word that s begins with, and its length, which
// is 0 for none. A missing end is accepted.
func cutWord(s string) (w word, n int) {
	rest := s[len("=?"):]
	q := strings.IndexByte(rest[:min(len(rest), 80)], '?')
	if q < 0 || strings.ContainsAny(rest[:q], " \t<>@\"(),;") {
		return w, 0
	}
	w.charset, rest = rest[:q], rest[q+1:]
	if lang := strings.IndexByte(w.charset, '*'); lang >= 0 {
		w.charset = w.charset[:lang] // RFC 2231 §5
	}
	if len(rest) < 2 || rest[1] != '?' {
		return w, 0
	}
	if w.encoding = rest[0] | 0x20; w.encoding != 'b' && w.encoding != 'q' {
		return w, 0
	}
	rest = rest[2:]
	head := len(s) - len(rest)

	// The search ends where the next word begins, so that many words without
	// an end cost no more than many with one.
	limit := len(rest)
	for from := 0; ; {
		i := strings.Index(rest[from:], "=?")
		if i < 0 {
			break
		}
		if from += i; from+2 < len(rest) && rest[from+2] == '=' {
			from++ // "=?=" is padding and an end
			continue
		}
		limit = from
		break
	}
	for from := 0; ; {
		i := strings.Index(rest[from:limit], "?=")
		if i < 0 {
			break
		}
		end := from + i
		// QUIRK: a raw "?" before an encoded octet, as in "what?=20now".
		if w.encoding == 'q' && end+4 <= limit && unhex[rest[end+2]] < 16 && unhex[rest[end+3]] < 16 {
			if j := strings.Index(rest[end+4:min(limit, end+80)], "?="); j >= 0 {
				from = end + 1
				continue
			}
		}
		w.text = rest[:end]
		return w, head + end + 2
	}
	// QUIRK: words cut off by a length limit have no end.
	text := rest[:limit]
	if w.encoding == 'b' {
		if i := strings.IndexFunc(text, func(c rune) bool { return c > '~' || base64Value[c] >= 64 && c != '=' }); i >= 0 {
			text = text[:i]
		}
	}
	w.text = strings.TrimRight(text, "?")
	return w, head + len(text)
}

// appendOctets appends the octets that w stands for.
func (w word) appendOctets(b []byte) []byte {
	if w.encoding == 'b' {
		return appendBase64(b, w.text)
	}
	for i := 0; i < len(w.text); i++ {
		switch c := w.text[i]; {
		case c == '_':
			b = append(b, ' ') // RFC 2047 §4.2
		case c == '=' && i+2 < len(w.text) && unhex[w.text[i+1]] < 16 && unhex[w.text[i+2]] < 16:
			b = append(b, unhex[w.text[i+1]]<<4|unhex[w.text[i+2]])
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendBase64 decodes a short base64 text, passing over what is foreign to
// it. Padding ends a quantum, so texts that were joined come out right.
func appendBase64(b []byte, s string) []byte {
	var acc uint32
	n := 0
	for i := range len(s) {
		v := base64Value[s[i]]
		if v < 64 {
			if acc, n = acc<<6|uint32(v), n+1; n == 4 {
				b = append(b, byte(acc>>16), byte(acc>>8), byte(acc))
				acc, n = 0, 0
			}
		} else if s[i] == '=' {
			b = appendPartial(b, acc, n)
			acc, n = 0, 0
		}
	}
	return appendPartial(b, acc, n)
}

// appendPartial appends the octets of a quantum of n < 4 characters.
func appendPartial(b []byte, acc uint32, n int) []byte {
	switch n {
	case 2:
		b = append(b, byte(acc>>4))
	case 3:
		b = append(b, byte(acc>>10), byte(acc>>2))
	}
	return b
}
