package eml

import (
	"iter"
	"net/textproto"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Header is the header of the message or of a part. It is safe for concurrent
// use.
type Header struct {
	fields []field // from the top down
	// kind and params are of Content-Type. They become the part's.
	kind   string
	params map[string]string
	// hint is the charset of raw 8-bit text: what Content-Type declares for
	// the body, since such senders write both alike.
	hint      string
	addresses int // bound of one name's addresses
}

func (r *Reader) newHeader(b *block) *Header {
	h := &Header{fields: b.unfold(), addresses: r.lim.Addresses}
	h.kind, h.params = parseType(h.first("Content-Type"))
	h.hint = h.params["charset"]
	return h
}

// is tells whether the field has that name.
func (f *field) is(name string) bool {
	return len(f.name) == len(name) && strings.EqualFold(f.name, name)
}

// first returns the value of the first field of that name, "" for none.
func (h *Header) first(name string) string {
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			return f.value
		}
	}
	return ""
}

// Has tells whether there is a field of that name.
func (h *Header) Has(name string) bool {
	return slices.ContainsFunc(h.fields, func(f field) bool { return f.is(name) })
}

// Text returns the first field of that name for people to read: unfolded, with
// its encoded-words decoded, valid UTF-8 and without control characters.
func (h *Header) Text(name string) string { return h.decode(h.first(name)) }

func (h *Header) decode(v string) string {
	return printable(decodeWords(h.utf8(v)))
}

// Raw returns the values of all fields of that name, unfolded and otherwise as
// they are. Only 8-bit text that is not UTF-8 is converted, and control
// characters are dropped.
func (h *Header) Raw(name string) []string {
	var values []string
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			values = append(values, printable(h.utf8(f.value)))
		}
	}
	return values
}

// All yields the name and the value of every field, from the top down, as Raw
// has them.
func (h *Header) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := range h.fields {
			f := &h.fields[i]
			if !yield(textproto.CanonicalMIMEHeaderKey(f.name), printable(h.utf8(f.value))) {
				return
			}
		}
	}
}

// Addresses returns the addresses in all fields of that name, those of groups
// included. What is not an address is passed over.
func (h *Header) Addresses(name string) []Address {
	list, _ := h.parseAddresses(name)
	return list
}

// Filled tells whether a field of that name has at least one address or group.
// A group may be empty, as in "undisclosed-recipients:;".
func (h *Header) Filled(name string) bool {
	list, group := h.parseAddresses(name)
	return group || len(list) > 0
}

func (h *Header) parseAddresses(name string) (list []Address, group bool) {
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			more, g := parseAddresses(h.utf8(f.value), h.addresses-len(list))
			list = append(list, more...)
			group = group || g
		}
	}
	return list, group
}

// MessageIDs returns the message identifiers in all fields of that name,
// without angle brackets.
func (h *Header) MessageIDs(name string) []string {
	var ids []string
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			ids = append(ids, parseMessageIDs(printable(h.utf8(f.value)))...)
		}
	}
	return ids
}

// Date returns when the sender says that the message was written.
func (h *Header) Date() (time.Time, bool) { return parseDate(h.Text("Date")) }

// utf8 converts a raw value to UTF-8.
func (h *Header) utf8(v string) string {
	if utf8.ValidString(v) && !strings.Contains(v, "\x1b") {
		return v // RFC 6532 §3
	}
	return decodeOctets([]byte(v), h.hint)
}

// printable makes s one line of valid UTF-8 without control characters.
func printable(s string) string {
	ok := true
	for i := 0; ok && i < len(s); i++ {
		ok = ' ' <= s[i] && s[i] <= '~'
	}
	if !ok {
		s = strings.Map(func(c rune) rune {
			switch {
			case c == '\t', c == '\n', c == '\r', c == '\u2028', c == '\u2029':
				return ' '
			case c < ' ', 0x7F <= c && c < 0xA0, c == '\uFEFF',
				'\u202A' <= c && c <= '\u202E', '\u2066' <= c && c <= '\u2069':
				return -1 // control characters, those of direction included
			}
			return c
		}, s)
	}
	return strings.TrimSpace(s)
}
