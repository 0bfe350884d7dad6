package eml

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// choice is how a text is turned into UTF-8.
type choice struct {
	enc encoding.Encoding // nil for a text that is UTF-8 already
	// western takes octets that are not UTF-8 for windows-1252, which is what
	// they are when nothing was declared.
	western bool
}

// choose decides how to read a text from its label and its first octets.
// Labels lie: what the octets show for certain comes first.
func choose(label string, sample []byte, html, whole bool) choice {
	switch {
	case bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF")):
		return choice{}
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")) && len(sample) > 3 && (sample[3] == 0 || sample[2] == 0):
		return choice{enc: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}
	case bytes.HasPrefix(sample, []byte("\xFE\xFF")) && len(sample) > 3 && (sample[3] == 0 || sample[2] == 0):
		return choice{enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}
	}
	enc, fam := lookup(label)
	if fam == familyNone && html {
		enc, fam = lookup(metaCharset(sample))
		if fam == familyUTF16 { // it could not have been read if it were true
			enc, fam = nil, familyUTF8
		}
	}
	high, multi, invalid := countUTF8(sample, whole)
	if fam != familyMulti && high == 0 && isISO2022JP(sample) {
		// QUIRK: Japanese mailers that declare us-ascii, utf-8 or nothing.
		return choice{enc: japanese.ISO2022JP}
	}
	switch fam {
	case familyNone:
		if invalid == 0 || multi > 8*invalid {
			return choice{western: true}
		}
		return guess(sample)
	case familyUTF8:
		if invalid > multi {
			return guess(sample)
		}
		return choice{}
	case familyUTF16:
		return utf16Choice(enc, sample)
	}
	// QUIRK: templates that were moved to UTF-8 while the label stayed.
	evident := map[family]int{familyWestern: 1, familySingle: 4, familyMulti: 4}[fam]
	if invalid == 0 && multi >= evident && (fam != familyMulti || !decodes(enc, sample, whole)) {
		return choice{western: fam == familyWestern}
	}
	return choice{enc: enc}
}

// countUTF8 counts the octets above 127, the well-formed UTF-8 sequences and
// the octets that belong to none. A sequence that the end cuts off is not
// counted unless b is the whole text.
func countUTF8(b []byte, whole bool) (high, multi, invalid int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i += ascii(b[i:])
			continue
		}
		if !whole && !utf8.FullRune(b[i:]) {
			break
		}
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n == 1 {
			invalid++
		} else {
			multi++
		}
		high += n
		i += n
	}
	return high, multi, invalid
}

// ascii returns how many octets below 128 b begins with. It looks at eight at a
// time.
func ascii(b []byte) int {
	i := 0
	for len(b)-i >= 8 && binary.LittleEndian.Uint64(b[i:])&highBits == 0 {
		i += 8
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// isISO2022JP looks for an escape sequence of RFC 1468.
func isISO2022JP(b []byte) bool {
	return bytes.IndexByte(b, 0x1b) >= 0 && (bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")))
}

// decodes tells whether b is well-formed under e.
func decodes(e encoding.Encoding, b []byte, whole bool) bool {
	out, err := e.NewDecoder().Bytes(b)
	if !whole && len(out) > 6 {
		out = out[:len(out)-6]
	}
	return err == nil && !bytes.Contains(out, []byte("\uFFFD"))
}

// utf16Choice reads the byte order off the text when it has no mark, since
// both orders are sent under either label, and ASCII as well.
func utf16Choice(enc encoding.Encoding, b []byte) choice {
	if len(b) > 1 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		return choice{enc: enc}
	}
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[0] == 0 && zeros[1] == 0 && len(b) > 3 && utf8.Valid(b) && bytes.IndexByte(b, ' ') >= 0:
		return choice{western: true}
	case zeros[0] > 2*zeros[1]:
		enc = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case zeros[1] > 2*zeros[0]:
		enc = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	return choice{enc: enc}
}

// guess names the charset of 8-bit text that is not UTF-8 and not declared.
// Text whose words consist of 8-bit letters throughout is Cyrillic; anything
// else is taken for windows-1252, as browsers do.
func guess(b []byte) choice {
	var letters, high, koiLower, winLower int
	for _, c := range b {
		switch {
		case c >= 0xC0:
			high++
			if c < 0xE0 {
				koiLower++ // small letters in KOI8-R, capitals in windows-1251
			} else {
				winLower++
			}
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			letters++
		case c >= 0x80:
			// Cyrillic text has few of these; CJK text has about as many as
			// of the others.
			letters++
		}
	}
	if high >= 12 && high > 2*letters {
		switch {
		case koiLower > 2*winLower:
			return choice{enc: charmap.KOI8R}
		case winLower > 2*koiLower:
			return choice{enc: charmap.Windows1251}
		}
	}
	return choice{enc: charmap.Windows1252}
}

// metaCharset returns the charset that an HTML text declares in itself.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 4<<10)])
	for {
		i := bytes.Index(b, []byte("<meta"))
		if i < 0 {
			return ""
		}
		b = b[i+len("<meta"):]
		tag, _, _ := bytes.Cut(b, []byte(">"))
		if _, v, ok := bytes.Cut(tag, []byte("charset")); ok {
			v = bytes.TrimLeft(v, " \t\r\n")
			if v, ok = bytes.CutPrefix(v, []byte("=")); ok {
				v = bytes.TrimLeft(v, " \t\r\n\"'")
				if i := bytes.IndexAny(v, " \t\r\n\"';/>"); i >= 0 {
					v = v[:i]
				}
				return string(v)
			}
		}
	}
}

// decodeOctets turns a short text, such as an encoded-word, into UTF-8.
func decodeOctets(b []byte, label string) string {
	c := choose(label, b, false, true)
	if c.enc != nil {
		out, err := c.enc.NewDecoder().Bytes(b)
		if err == nil {
			return string(out)
		}
		c = choice{western: true}
	}
	return string(c.appendUTF8(make([]byte, 0, len(b)), b))
}

// appendUTF8 appends b, which is meant to be UTF-8 already.
func (c choice) appendUTF8(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = c.octet(b[0])
		}
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
	return dst
}

// octet is the character for an octet that does not belong in UTF-8.
func (c choice) octet(o byte) rune {
	if c.western {
		return charmap.Windows1252.DecodeByte(o)
	}
	return utf8.RuneError
}
