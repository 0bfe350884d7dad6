package eml

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"none", "plain = ? text", "plain = ? text"},
		{"q", "=?utf-8?q?gr=C3=BCn_it?=", "grün it"},
		{"b", "=?UTF-8?B?Z3LDvG4=?=", "grün"},
		{"between text", "a =?utf-8?q?b?= c", "a b c"},
		{"white space between words", "=?utf-8?q?a?= \t=?utf-8?q?b?=", "ab"},
		{"charsets differ", "=?utf-8?q?=C3=A4?= =?iso-8859-1?q?=F6?=", "äö"},
		{"split character", "=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"},
		{"split character, other encoding", "=?utf-8?q?=E2=82?= =?UTF-8?b?rA==?=", "€"},
		{"no white space between words", "=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
		{"raw space", "=?utf-8?q?a b =C3=A4?=", "a b ä"},
		{"raw question mark", "=?utf-8?q?a? b?=", "a? b"},
		{"raw question mark before octets", "=?utf-8?q?what?=20now?=", "what? now"},
		{"missing padding", "=?utf-8?b?Z3LDvG4?=", "grün"},
		{"missing end", "=?utf-8?q?gr=C3=BCn", "grün"},
		{"half an end", "=?utf-8?q?gr=C3=BCn?", "grün"},
		{"missing end before a word", "=?utf-8?b?Z3LDvG4= =?utf-8?q?_it?=", "grün it"},
		{"missing end before text", "=?utf-8?b?YWI= (x)", "ab (x)"},
		{"glued to text", "a=?utf-8?q?b?=c", "abc"},
		{"language", "=?utf-8*de?q?a?=", "a"},
		{"lower-case hex", "=?utf-8?Q?=c3=bc?=", "ü"},
		{"stray equals sign", "=?utf-8?q?a=b=?=", "a=b="},
		{"unknown charset", "=?x-ias-german?b?bXlHb3Y=?=", "myGov"},
		{"unknown charset, 8-bit", "=?foo?q?gr=FCn?=", "grün"},
		{"lying utf-8", "=?utf-8?q?gr=FCn?=", "grün"},
		{"lying iso-8859-1", "=?iso-8859-1?q?gr=C3=BCn?=", "grün"},
		{"gbk", "=?gb2312?b?1tDOxA==?=", "中文"},
		{"iso-2022-jp", "=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=", "テスト"},
		{"utf-7", "=?unicode-1-1-utf-7?q?gr+APw-n?=", "grün"},
		{"unknown encoding", "=?utf-8?x?a?=", "=?utf-8?x?a?="},
		{"no word", "=?utf-8 q?a?=", "=?utf-8 q?a?="},
		{"empty", "=?utf-8?q??=", ""},
		{"word after no word", "=? =?utf-8?q?a?=", "=? a"},
	} {
		require.Equal(t, tc.want, decodeWords(tc.in), tc.name)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	h, _ := header(t, "Subject: =?utf-8?q?a=0D=0ABcc:_x=00=1B=C2=85y=E2=80=A8z?=\n\n")
	require.Equal(t, "a  Bcc: xy z", h.Text("Subject"))
}
