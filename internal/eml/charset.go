package eml

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// asciiLabels declare no more than that a text is ASCII; it rarely is.
var asciiLabels = map[string]bool{
	"us-ascii": true, "ascii": true, "ansi_x3.4-1968": true, "iso646-us": true, "7bit": true, "8bit": true,
	"ansi_x3.4-1986": true, "csascii": true, "iso_646.irv:1991": true, "cp367": true, "ibm367": true,
	"us": true, "iso-ir-6": true, "us_ascii": true, "usascii": true, "x-unknown": true, "unknown": true, "unknown-8bit": true,
}

// family groups charsets by what speaks for or against their label.
type family int

const (
	familyNone    family = iota // no label, an unknown one, or us-ascii
	familyUTF8                  // utf-8
	familyUTF16                 // utf-16 in any order
	familyWestern               // windows-1252 and kin
	familySingle                // other single-byte charsets
	familyMulti                 // multi-byte and stateful ones
)

// lookup finds the charset of a label, which may be garbled.
func lookup(label string) (encoding.Encoding, family) {
	label = strings.ToLower(strings.Trim(label, " \t\r\n\"'\\<>[]();,:="))
	label = strings.TrimPrefix(label, "charset=")
	if i := strings.IndexAny(label, "; \t\"'\\*,"); i >= 0 {
		label = label[:i]
	}
	switch {
	case label == "" || asciiLabels[label] || len(label) > 100:
		return nil, familyNone
	// QUIRK: a missing quote glues what follows to the label, as in
	// "utf-8return-path:", and some write "utf-8" in their own way.
	case strings.HasPrefix(label, "utf-8"), strings.HasPrefix(label, "utf8"), strings.HasPrefix(label, "utf_8"),
		label == "cp65001", label == "uft-8", label == "x-utf_8j", label == "unicode-1-1-utf-8":
		return nil, familyUTF8
	case strings.HasPrefix(label, "utf-16"), strings.HasPrefix(label, "utf16"), label == "unicode", label == "ucs-2", label == "iso-10646-ucs-2":
		if strings.HasSuffix(label, "be") {
			return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), familyUTF16
		}
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), familyUTF16
	}
	if e := named(label); e != nil {
		return e, familyOf(e)
	}
	return nil, familyNone
}

// named finds a charset by name, with some ways of misspelling it.
func named(label string) encoding.Encoding {
	for {
		if e, ok := labels()[label]; ok {
			return e
		}
		switch {
		case strings.HasPrefix(label, "cp-"):
			label = "cp" + label[len("cp-"):]
		case strings.HasPrefix(label, "cp125"):
			label = "windows-" + label[len("cp"):]
		case strings.HasPrefix(label, "win-125"):
			label = "windows-" + label[len("win-"):]
		case strings.HasPrefix(label, "windows125"):
			label = "windows-" + label[len("windows"):]
		case strings.HasPrefix(label, "iso8859"), strings.HasPrefix(label, "iso_8859"):
			label = "iso-8859" + label[strings.Index(label, "8859")+len("8859"):]
		case len(label) > 1 && cutGlued(label) != label:
			label = cutGlued(label)
		case strings.HasPrefix(label, "x-"):
			label = label[len("x-"):]
		default:
			return nil
		}
	}
}

// cutGlued cuts what is glued to "iso-8859-15" or "windows-1252".
func cutGlued(label string) string {
	for _, prefix := range []string{"iso-8859-", "windows-125"} {
		if rest, ok := strings.CutPrefix(label, prefix); ok {
			n := 0
			for n < len(rest) && n < 2 && '0' <= rest[n] && rest[n] <= '9' {
				n++
			}
			if n > 0 {
				return prefix + rest[:n]
			}
		}
	}
	return label
}

func familyOf(e encoding.Encoding) family {
	switch e {
	case charmap.Windows1252, charmap.ISO8859_1, charmap.ISO8859_15:
		return familyWestern
	case charmap.ISO8859_8E, charmap.ISO8859_8I, charmap.ISO8859_6E, charmap.ISO8859_6I:
		return familySingle
	}
	if _, ok := e.(*charmap.Charmap); ok {
		return familySingle
	}
	return familyMulti
}
