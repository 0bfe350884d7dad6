package eml

import (
	"strings"
	"sync"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// labels are the names of charsets, in lower case: those of the WHATWG's
// Encoding Standard (§4.2), which takes windows-1252 for iso-8859-1, those of
// IANA's registry of character sets, and what mailers write besides. A superset
// stands for its parts. Packages htmlindex and ianaindex of x/text have the first
// two as well, but bring languages and both their indexes into whoever imports
// exdesk.
//
// It is a function for a program not to pay for it at its start.
var labels = sync.OnceValue(func() map[string]encoding.Encoding {
	names := make(map[string]encoding.Encoding, 512)
	for _, c := range []struct {
		encoding encoding.Encoding
		names    string
	}{
		{utf7{}, "utf-7 utf7 unicode-1-1-utf-7 x-unicode-1-1-utf-7 x-unicode-2-0-utf-7 csunicode11utf7 cp65000"},
		{unicode.UTF8, "utf-8 utf8 csutf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"},
		{unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "csutf16"},
		{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be csutf16be unicodefffe"},
		{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16 utf-16le csutf16le unicode csunicode unicodefeff ucs-2 iso-10646-ucs-2"},

		{charmap.Windows874, "windows-874 cswindows874 dos-874 tis-620 iso-8859-11 iso8859-11 iso885911"},
		{charmap.Windows1250, "windows-1250 cp1250 cswindows1250 x-cp1250"},
		{charmap.Windows1251, "windows-1251 cp1251 cswindows1251 x-cp1251"},
		{charmap.Windows1252, "windows-1252 cp1252 cswindows1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso8859_1 iso_8859-1:1987 iso-ir-100 " +
			"latin1 latin-1 l1 csisolatin1 cp819 ibm819 ansi ansi_x3.4-1968 ansi_x3.110-1983 ascii us-ascii"},
		{charmap.Windows1253, "windows-1253 cp1253 cswindows1253 x-cp1253"},
		{charmap.Windows1254, "windows-1254 cp1254 cswindows1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 iso-ir-148 " +
			"latin5 l5 csisolatin5"},
		{charmap.Windows1255, "windows-1255 cp1255 cswindows1255 x-cp1255"},
		{charmap.Windows1256, "windows-1256 cp1256 cswindows1256 x-cp1256"},
		{charmap.Windows1257, "windows-1257 cp1257 cswindows1257 x-cp1257"},
		{charmap.Windows1258, "windows-1258 cp1258 cswindows1258 x-cp1258"},

		{charmap.ISO8859_2, "iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 iso-ir-101 latin2 l2 csisolatin2"},
		{charmap.ISO8859_3, "iso-8859-3 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 iso-ir-109 latin3 l3 csisolatin3"},
		{charmap.ISO8859_4, "iso-8859-4 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 iso-ir-110 latin4 l4 csisolatin4"},
		{charmap.ISO8859_5, "iso-8859-5 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 iso-ir-144 cyrillic csisolatincyrillic"},
		{charmap.ISO8859_6, "iso-8859-6 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 iso-ir-127 iso-8859-6-e iso-8859-6-i csiso88596e csiso88596i " +
			"arabic asmo-708 ecma-114 csisolatinarabic"},
		{charmap.ISO8859_6E, "iso_8859-6-e"},
		{charmap.ISO8859_6I, "iso_8859-6-i"},
		{charmap.ISO8859_7, "iso-8859-7 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 iso-ir-126 greek greek8 ecma-118 elot_928 sun_eu_greek csisolatingreek"},
		{charmap.ISO8859_8, "iso-8859-8 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 iso-ir-138 iso-8859-8-e csiso88598e hebrew visual csisolatinhebrew"},
		{charmap.ISO8859_8E, "iso_8859-8-e"},
		{charmap.ISO8859_8I, "iso-8859-8-i iso_8859-8-i csiso88598i logical"},
		{charmap.ISO8859_10, "iso-8859-10 iso8859-10 iso885910 iso_8859-10:1992 iso-ir-157 latin6 l6 csisolatin6"},
		{charmap.ISO8859_13, "iso-8859-13 iso8859-13 iso885913 csiso885913"},
		{charmap.ISO8859_14, "iso-8859-14 iso8859-14 iso885914 iso_8859-14 iso_8859-14:1998 iso-ir-199 iso-celtic latin8 l8 csiso885914"},
		{charmap.ISO8859_15, "iso-8859-15 iso8859-15 iso885915 iso_8859-15 latin-9 l9 csisolatin9 csiso885915"},
		{charmap.ISO8859_16, "iso-8859-16 iso_8859-16 iso_8859-16:2001 iso-ir-226 latin10 l10 csiso885916"},

		{charmap.KOI8R, "koi8-r koi koi8 koi8_r cskoi8r"},
		{charmap.KOI8U, "koi8-u koi8-ru cskoi8u"},
		{charmap.Macintosh, "macintosh mac macroman x-mac-roman csmacintosh"},
		{charmap.MacintoshCyrillic, "x-mac-cyrillic x-mac-ukrainian"},
		{charmap.XUserDefined, "x-user-defined"},

		{charmap.CodePage037, "ibm037 cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037"},
		{charmap.CodePage437, "ibm437 cp437 437 cspc8codepage437"},
		{charmap.CodePage850, "ibm850 cp850 850 cspc850multilingual"},
		{charmap.CodePage852, "ibm852 cp852 852 cspcp852"},
		{charmap.CodePage855, "ibm855 cp855 855 csibm855"},
		{charmap.CodePage858, "ibm00858 cp858 cp00858 ccsid00858 pc-multilingual-850+euro csibm00858"},
		{charmap.CodePage860, "ibm860 cp860 860 csibm860"},
		{charmap.CodePage862, "ibm862 cp862 862 cspc862latinhebrew"},
		{charmap.CodePage863, "ibm863 cp863 863 csibm863"},
		{charmap.CodePage865, "ibm865 cp865 865 csibm865"},
		{charmap.CodePage866, "ibm866 cp866 866 csibm866"},
		{charmap.CodePage1047, "ibm1047 ibm-1047 csibm1047"},
		{charmap.CodePage1140, "ibm01140 cp01140 ccsid01140 ebcdic-us-37+euro csibm01140"},

		{simplifiedchinese.GB18030, "gb18030 csgb18030 gbk x-gbk csgbk cp936 ms936 windows-936 gb2312 gb-2312 gb_2312 gb_2312-80 csgb2312 chinese " +
			"iso-ir-58 csiso58gb231280 euc-cn x-euc-cn gb13000"},
		{simplifiedchinese.HZGB2312, "hz-gb-2312 hz"},
		{shifted{simplifiedchinese.GB18030}, "iso-2022-cn"},
		{traditionalchinese.Big5, "big5 big-5 big5-hkscs cn-big5 x-x-big5 csbig5 cp950 ms950 windows-950"},
		{japanese.ShiftJIS, "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j csshiftjis cp932 ms932 windows-932 x-ms-cp932"},
		{japanese.EUCJP, "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese extended_unix_code_packed_format_for_japanese cp51932"},
		{japanese.ISO2022JP, "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-2004 iso-2022-jp-ms " +
			"cp50220 cp50221 cp50222 jis"},
		{korean.EUCKR, "euc-kr euckr cseuckr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 csksc56011987 iso-ir-149 korean " +
			"uhc cp949 ms949 windows-949 x-windows-949"},
		{shifted{korean.EUCKR}, "iso-2022-kr"},
	} {
		for name := range strings.FieldsSeq(c.names) {
			names[name] = c.encoding
		}
	}
	return names
})
