package eml

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// aliases are the labels that neither the WHATWG encoding standard nor IANA
// has, or for which a superset is better. The standard's own aliases, such as
// windows-1252 for iso-8859-1, come from package htmlindex.
var aliases = map[string]encoding.Encoding{
	"utf-7": utf7{}, "utf7": utf7{}, "unicode-1-1-utf-7": utf7{}, "x-unicode-1-1-utf-7": utf7{},
	"x-unicode-2-0-utf-7": utf7{}, "csunicode11utf7": utf7{}, "cp65000": utf7{},

	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "x-gbk": simplifiedchinese.GB18030,
	"gb_2312-80": simplifiedchinese.GB18030, "gb-2312": simplifiedchinese.GB18030, "gb18030": simplifiedchinese.GB18030,
	"cp936": simplifiedchinese.GB18030, "ms936": simplifiedchinese.GB18030, "windows-936": simplifiedchinese.GB18030,
	"euc-cn": simplifiedchinese.GB18030, "x-euc-cn": simplifiedchinese.GB18030, "gb13000": simplifiedchinese.GB18030,
	"hz-gb-2312": simplifiedchinese.HZGB2312, "hz": simplifiedchinese.HZGB2312,

	"cp950": traditionalchinese.Big5, "ms950": traditionalchinese.Big5, "windows-950": traditionalchinese.Big5, "big-5": traditionalchinese.Big5,

	"cp932": japanese.ShiftJIS, "ms932": japanese.ShiftJIS, "windows-932": japanese.ShiftJIS, "sjis": japanese.ShiftJIS,
	"shift-jis": japanese.ShiftJIS, "x-ms-cp932": japanese.ShiftJIS,
	"iso-2022-jp-1": japanese.ISO2022JP, "iso-2022-jp-2": japanese.ISO2022JP, "iso-2022-jp-3": japanese.ISO2022JP,
	"iso-2022-jp-2004": japanese.ISO2022JP, "iso-2022-jp-ms": japanese.ISO2022JP, "cp50220": japanese.ISO2022JP,
	"cp50221": japanese.ISO2022JP, "cp50222": japanese.ISO2022JP, "jis": japanese.ISO2022JP,
	"eucjp": japanese.EUCJP, "cp51932": japanese.EUCJP,

	"cp949": korean.EUCKR, "ms949": korean.EUCKR, "uhc": korean.EUCKR, "euckr": korean.EUCKR, "x-windows-949": korean.EUCKR,
	"iso-2022-kr": shifted{korean.EUCKR}, "iso-2022-cn": shifted{simplifiedchinese.GB18030},

	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp858": charmap.CodePage858,
	"cp866": charmap.CodePage866, "macroman": charmap.Macintosh, "x-mac-roman": charmap.Macintosh, "tis-620": charmap.Windows874,
	"ansi": charmap.Windows1252, "latin-1": charmap.Windows1252, "iso8859_1": charmap.Windows1252, "ansi_x3.110-1983": charmap.Windows1252,
}

// asciiLabels declare no more than that a text is ASCII; it rarely is.
var asciiLabels = map[string]bool{
	"us-ascii": true, "ascii": true, "ansi_x3.4-1968": true, "iso646-us": true, "7bit": true, "8bit": true,
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
		if e, ok := aliases[label]; ok {
			return e
		}
		if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
			return e
		}
		if e, err := ianaindex.IANA.Encoding(label); err == nil && e != nil {
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
