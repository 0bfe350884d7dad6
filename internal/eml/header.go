package eml

import (
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"
)

// Header is the header of the message or of a part. It is safe for concurrent
// use.
type Header struct {
	h textproto.Header
	// hint is the charset of raw 8-bit text: what Content-Type declares for
	// the body, since such senders write both alike.
	hint      string
	addresses int // bound of one name's addresses
}

func (r *Reader) newHeader(b *block) *Header {
	h := &Header{h: b.header(), addresses: r.lim.Addresses}
	_, params := parseType(h.h.Get("Content-Type"))
	h.hint = params["charset"]
	return h
}

// Has tells whether there is a field of that name.
func (h *Header) Has(name string) bool { return h.h.Has(name) }

// Text returns the first field of that name for people to read: unfolded, with
// its encoded-words decoded, valid UTF-8 and without control characters.
func (h *Header) Text(name string) string { return h.decode(h.h.Get(name)) }

func (h *Header) decode(v string) string {
	return printable(decodeWords(h.utf8(v)))
}

// Raw returns the values of all fields of that name, unfolded and otherwise as
// they are. Only 8-bit text that is not UTF-8 is converted, and control
// characters are dropped.
func (h *Header) Raw(name string) []string {
	values := h.h.Values(name)
	for i, v := range values {
		values[i] = printable(h.utf8(v))
	}
	return values
}

// All yields the name and the value of every field, from the top down, as Raw
// has them.
func (h *Header) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for f := h.h.Fields(); f.Next(); {
			if !yield(f.Key(), printable(h.utf8(f.Value()))) {
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
	for _, v := range h.h.Values(name) {
		more, g := parseAddresses(h.utf8(v), h.addresses-len(list))
		list = append(list, more...)
		group = group || g
	}
	return list, group
}

// MessageIDs returns the message identifiers in all fields of that name,
// without angle brackets.
func (h *Header) MessageIDs(name string) []string {
	var ids []string
	for _, v := range h.Raw(name) {
		ids = append(ids, parseMessageIDs(v)...)
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
