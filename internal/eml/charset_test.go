package eml

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func textOf(t *testing.T, typ, body string) string {
	t.Helper()
	raw := "Content-Type: " + typ + "\nContent-Transfer-Encoding: binary\n\n" + body
	read := func(in io.Reader, size int) string {
		p, err := NewReader(in, nil).Next()
		require.NoError(t, err)
		var b strings.Builder
		_, err = io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{p.Text()}, make([]byte, size))
		require.NoError(t, err)
		return b.String()
	}
	text := read(strings.NewReader(raw), 4096)
	require.Equal(t, text, read(iotest.OneByteReader(strings.NewReader(raw)), 1))
	requireClean(t, text, "\t\n")
	return text
}

func TestText(t *testing.T) {
	t.Parallel()
	enc := func(e interface{ Bytes([]byte) ([]byte, error) }, s string) string {
		b, err := e.Bytes([]byte(s))
		require.NoError(t, err)
		return string(b)
	}
	const (
		russian  = "Привет, как дела сегодня вечером?"
		japan    = "こんにちは、世界"
		chinese  = "中文邮件"
		korea    = "안녕하세요"
		western  = "grün – „weiß“ €"
		gbLabels = "gb2312 gbk x-gbk gb18030 GB_2312-80 cp936 ms936"
	)
	sjis := enc(japanese.ShiftJIS.NewEncoder(), japan)
	jis := enc(japanese.ISO2022JP.NewEncoder(), japan)
	gbk := enc(simplifiedchinese.GBK.NewEncoder(), chinese)
	win := enc(charmap.Windows1252.NewEncoder(), western)
	for _, tc := range []struct{ labels, body, want string }{
		{"utf-8 UTF8 utf-8return-path:x \\\"utf-8\\\" uft-8 us-ascii iso-8859-1 windows-1252 x-unknown foo", western, western},
		{"iso-8859-1 windows-1252 cp1252 us-ascii utf-8 x-unknown foo latin-1 windows1252 ansi", win, western},
		{"windows-1251 cp1251 cp-1251 win-1251 x-cp1251 us-ascii utf-8 foo", enc(charmap.Windows1251.NewEncoder(), russian), russian},
		{"koi8-r koi8r us-ascii utf-8 foo", enc(charmap.KOI8R.NewEncoder(), russian), russian},
		{"windows-1251 koi8-r us-ascii", russian, russian},
		{"iso-8859-2 iso8859-2 iso_8859-2", enc(charmap.ISO8859_2.NewEncoder(), "Jeżu klątw"), "Jeżu klątw"},
		{"iso-8859-15 iso-8859-15foo", enc(charmap.ISO8859_15.NewEncoder(), "5 €"), "5 €"},
		{"tis-620 windows-874", enc(charmap.Windows874.NewEncoder(), "ภาษาไทย"), "ภาษาไทย"},
		{"macintosh x-mac-roman", enc(charmap.Macintosh.NewEncoder(), "grün"), "grün"},
		{"iso-8859-8-i iso-8859-8 windows-1255", enc(charmap.ISO8859_8.NewEncoder(), "שלום"), "שלום"},
		{gbLabels, gbk, chinese},
		{gbLabels, "中文邮件已发送到服务器", "中文邮件已发送到服务器"},
		{"hz-gb-2312", "~{VPND~}", "中文"},
		{"big5 cp950 big5-hkscs", enc(traditionalchinese.Big5.NewEncoder(), "中文"), "中文"},
		{"shift_jis x-sjis windows-31j cp932 sjis", sjis, japan},
		{"euc-jp eucjp", enc(japanese.EUCJP.NewEncoder(), japan), japan},
		{"iso-2022-jp iso-2022-jp-2 iso-2022-jp-ms us-ascii utf-8 iso-8859-1 foo", jis, japan},
		{"euc-kr ks_c_5601-1987 cp949 uhc", enc(korean.EUCKR.NewEncoder(), korea), korea},
		{"iso-2022-kr", "\x1b$)C\n\x0e>H3g\x0f a", "\n안녕 a"},
		{"utf-7 unicode-1-1-utf-7", "gr+APw-n +- a+AGE b +2D3eAA-", "grün + aa b 😀"},
		{"utf-16le utf-16be utf-16 unicode", "h\x00\xfc\x00", "hü"},
		{"utf-16le utf-16be utf-16", "\x00h\x00\xfc", "hü"},
		{"utf-16 us-ascii utf-8", "\xff\xfeh\x00\xfc\x00", "hü"},
		{"utf-16", "only ASCII", "only ASCII"},
		{"utf-8 iso-8859-1 foo", "\uFEFFx\u00fc", "xü"},
		{"utf-8", "ä ö \xc3 ü", "ä ö \uFFFD ü"},
		{"utf-8 us-ascii foo", "a\x00b\x07\x1bc\r\nd\re\r\r\nf\fg\x7f", "abc\nd\ne\nf\ng"},
	} {
		for _, label := range strings.Fields(tc.labels) {
			require.Equal(t, tc.want, textOf(t, "text/plain; charset="+label, tc.body), label)
		}
	}
	require.Equal(t, western, textOf(t, "text/plain", win))
	require.Equal(t, western, textOf(t, "text/plain; charset=", western))
	require.Equal(t, "<META http-equiv=x content='text/html; Charset=gb2312'>"+chinese,
		textOf(t, "text/html", "<META http-equiv=x content='text/html; Charset=gb2312'>"+gbk))
	require.Equal(t, "<meta charset=\"koi8-r\">ПРИВЕТ", textOf(t, "text/html", "<meta charset=\"koi8-r\">\xf0\xf2\xe9\xf7\xe5\xf4"))
	require.Equal(t, "<meta charset=koi8-r>ü", textOf(t, "text/html; charset=iso-8859-1", "<meta charset=koi8-r>\xfc"))
}

// TestTextLate has what decides on the charset behind the first buffer.
func TestTextLate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*bufSize+1)
	require.Equal(t, long+"ü–", textOf(t, "text/plain", long+"\xfc\x96"))
	require.Equal(t, long+"ü–", textOf(t, "text/plain", long+"ü–"))
	require.Equal(t, long+"\uFFFD", textOf(t, "text/plain; charset=utf-8", long+"\xfc"))
	require.Equal(t, long+"中", textOf(t, "text/plain; charset=gbk", long+"\xd6\xd0"))
}

// TestTextInherits takes the charset of the multipart around.
func TestTextInherits(t *testing.T) {
	t.Parallel()
	leaves, _ := outline(t, "Content-Type: multipart/mixed; boundary=b; charset=gbk\n\n--b\n\n\xd6\xd0\xce\xc4\n--b--\n")
	require.Equal(t, []string{`1 1:mixed/text/plain "中文"`}, leaves)
}
