package eml

import (
	"slices"
	"strconv"
	"strings"
)

// parseType splits the value of Content-Type into the media type, "" when it
// is missing or malformed, and raw parameters.
func parseType(v string) (string, map[string]string) {
	if v == "" {
		return "", nil
	}
	head, params := splitParams(v)
	head = strings.ToLower(head)
	typ, sub, ok := strings.Cut(head, "/")
	if ok && isToken(typ) && isToken(sub) {
		return head, params
	}
	typ, sub = strings.TrimSpace(typ), strings.TrimSpace(sub)
	if !ok || !isToken(typ) || !isToken(sub) {
		// QUIRK: "Content-Type: text" of old Unix mailers.
		if strings.TrimSpace(head) == "text" {
			return "text/plain", params
		}
		return "", params
	}
	return typ + "/" + sub, params
}

// parseDisposition does the same for Content-Disposition. An unknown type is
// treated as attachment (RFC 2183 §2.8).
func parseDisposition(v string) (string, map[string]string) {
	if v == "" {
		return "", nil
	}
	head, params := splitParams(v)
	switch head = strings.ToLower(strings.TrimSpace(head)); {
	case head == "inline" || head == "attachment":
		return head, params
	case head == "" && params["filename"] == "":
		return "", params
	}
	return "attachment", params
}

func isToken(s string) bool {
	for i := range len(s) {
		// RFC 2045 §5.1
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// maxParams bounds the parameters of a field, and the pieces of them.
const maxParams = 500

// section is one piece of a parameter (RFC 2231 §3).
type section struct {
	n        int // -1 for a value that is whole
	extended bool
	value    string
}

// splitParams splits "head; name=value; …". Names are in lower case, the
// pieces of a value put together, and what RFC 2231 encodes is in UTF-8.
// Encoded-words are left. It accepts missing semicolons, missing quotes and
// unquoted values with spaces.
func splitParams(v string) (head string, params map[string]string) {
	head, v = cutHead(v)
	var sections map[string][]section
	for n := 0; v != "" && n < maxParams; n++ {
		name, value, rest := cutParam(v)
		v = rest
		if name == "" {
			continue
		}
		base, sec := parseSection(name, value)
		if sec.n < 0 && !sec.extended {
			if _, ok := params[base]; !ok { // of duplicates the first counts
				if params == nil {
					params = map[string]string{}
				}
				params[base] = value
			}
			continue
		}
		if sections == nil {
			sections = map[string][]section{}
		}
		sections[base] = append(sections[base], sec)
	}
	for base, list := range sections {
		if params == nil {
			params = map[string]string{}
		}
		params[base] = joinSections(list)
	}
	return head, params
}

// cutHead cuts v before its parameters.
func cutHead(v string) (head, rest string) {
	head, rest, ok := strings.Cut(v, ";")
	if i := strings.IndexByte(head, '='); i >= 0 {
		// QUIRK: a missing semicolon, as in "multipart/mixed boundary=x", or
		// a missing head.
		j := strings.LastIndexAny(strings.TrimRight(head[:i], " \t"), " \t,")
		if ok {
			rest = ";" + rest
		}
		head, rest = head[:j+1], head[j+1:]+rest
	}
	if i := strings.IndexByte(head, '('); i >= 0 {
		head = head[:i] // a comment (RFC 2045 §5.1)
	}
	return strings.Trim(head, " \t,\"'"), rest
}

// cutParam cuts the first parameter off v. The name is empty when there was
// none before the next semicolon.
func cutParam(v string) (name, value, rest string) {
	v = strings.TrimLeft(v, "; \t")
	i := strings.IndexAny(v, "=;")
	if i < 0 {
		return "", "", ""
	}
	if v[i] == ';' {
		return "", "", v[i+1:]
	}
	name = strings.ToLower(strings.TrimSpace(v[:i]))
	if j := strings.LastIndexAny(name, " \t)"); j >= 0 {
		name = name[j+1:] // a comment or a stray word before the name
	}
	v = strings.TrimLeft(v[i+1:], " \t")
	if strings.HasPrefix(v, `"`) {
		value, rest = cutQuoted(v[1:])
		return name, value, rest
	}
	i = strings.IndexByte(v, ';')
	if i < 0 {
		i = len(v)
	}
	value, rest = v[:i], v[i:]
	// QUIRK: no semicolon between unquoted parameters, "charset=x name=y".
	if sp := strings.IndexAny(value, " \t"); sp >= 0 {
		next, _, ok := strings.Cut(strings.TrimLeft(value[sp:], " \t"), "=")
		if ok && isToken(next) && !strings.HasSuffix(next, "?") {
			return name, value[:sp], v[sp:]
		}
	}
	if name != "filename" && name != "name" {
		value, _, _ = strings.Cut(value, " (")
	}
	return name, strings.TrimSpace(value), rest
}

// cutQuoted cuts a quoted-string whose opening quote is gone.
func cutQuoted(v string) (value, rest string) {
	if i := strings.IndexByte(v, '"'); i >= 0 && strings.IndexByte(v[:i], '\\') < 0 {
		return v[:i], v[i+1:]
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			return b.String(), v[i+1:]
		case c == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\'):
			// QUIRK: before other characters a backslash is no quoted-pair
			// (RFC 5322 §3.2.1) but part of a Windows path.
			i++
			b.WriteByte(v[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "" // no closing quote
}

// parseSection takes name*, name*0 and name*0* apart (RFC 2231 §3 and §4.1).
func parseSection(name, value string) (base string, s section) {
	s = section{n: -1, value: value}
	base, tail, ok := strings.Cut(name, "*")
	if !ok {
		return name, s
	}
	if tail == "" {
		s.extended = true
		return base, s
	}
	number, ext := strings.CutSuffix(tail, "*")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return name, s
	}
	s.n, s.extended = n, ext
	return base, s
}

// joinSections puts the pieces of a value together, in whatever order and with
// whatever gaps they came.
func joinSections(list []section) string {
	slices.SortStableFunc(list, func(a, b section) int { return a.n - b.n })
	var octets []byte
	charset := ""
	anyExtended := false
	for i, s := range list {
		if s.n < 0 && i > 0 {
			continue // a duplicate of name*
		}
		if i > 0 && s.n >= 0 && s.n == list[i-1].n {
			continue
		}
		if s.n >= 0 && list[0].n < 0 {
			break // name* is whole
		}
		if !s.extended {
			octets = append(octets, s.value...)
			continue
		}
		value := s.value
		if !anyExtended && i == 0 {
			// charset'language'value (RFC 2231 §4)
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		anyExtended = true
		octets = appendPercent(octets, value)
	}
	if !anyExtended {
		return string(octets)
	}
	return decodeOctets(octets, charset)
}

// appendPercent undoes the percent encoding of RFC 2231 §4.
func appendPercent(b []byte, v string) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) && unhex[v[i+1]] < 16 && unhex[v[i+2]] < 16 {
			b = append(b, unhex[v[i+1]]<<4|unhex[v[i+2]])
			i += 2
			continue
		}
		b = append(b, v[i])
	}
	return b
}

// decodeParams makes the values of params fit for people, in place.
func (h *Header) decodeParams(params map[string]string) map[string]string {
	for k, v := range params {
		if k != "boundary" { // which is octets, and may end in a space
			params[k] = h.decodeParam(v)
		}
	}
	return params
}

// decodeParam decodes raw 8-bit text and encoded-words in a parameter's value.
//
// QUIRK: RFC 2047 §5 forbids encoded-words there, and most senders use them.
func (h *Header) decodeParam(v string) string { return h.decode(v) }
