package eml

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// decodePart decodes a part of type typ within an open multipart, in reads of
// every small size, and returns what all of them agree on.
func decodePart(t *testing.T, typ, encoding, body, end string) (string, []string, error) {
	t.Helper()
	raw := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: " + typ + "\nContent-Transfer-Encoding: " + encoding + "\n\n" + body + end
	return decodeRaw(t, raw)
}

func decodeRaw(t *testing.T, raw string) (string, []string, error) {
	t.Helper()
	read := func(in io.Reader, size int) (string, []string, error) {
		r := NewReader(in, nil)
		p, err := r.Next()
		require.NoError(t, err)
		var b strings.Builder
		_, err = io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{p}, make([]byte, size))
		return b.String(), r.Repairs(), err
	}
	text, repairs, err := read(strings.NewReader(raw), 4096)
	for _, size := range []int{1, 2, 3, 5, 16} {
		again, _, err2 := read(iotest.OneByteReader(strings.NewReader(raw)), size)
		require.Equal(t, text, again)
		require.Equal(t, err, err2)
	}
	return text, repairs, err
}

func TestBase64(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 40)
	enc := base64.StdEncoding.EncodeToString([]byte(long))
	for _, tc := range []struct{ name, body, want, repair string }{
		{"plain", "SGVsbG8=", "Hello", ""},
		{"empty", "", "", ""},
		{"lines", enc[:76] + "\r\n" + enc[76:152] + "\n  " + enc[152:] + "\r\n\r\n", long, ""},
		{"lines of odd length", enc[:75] + "\r\n" + enc[75:102] + "\n" + enc[102:], long, ""},
		{"no padding", "SGVsbG8", "Hello", "base64 padding in part 1"},
		{"short padding", "SGVsbA=", "Hell", ""},
		{"surplus padding", "SGVs====", "Hel", ""},
		{"stray character", "SGVs*bG8=", "Hello", "stray characters in the base64 of part 1"},
		{"surplus character", "SGVsbG8hA", "Hello!", "base64 padding in part 1"},
		{"blocks in a row", "SGVsbG8=SGVsbG8=", "HelloHello", "base64 padding within part 1"},
		{"blocks on lines", "SGVsbG8=\nSGVsbG8=\n", "HelloHello", "base64 padding within part 1"},
		{"trailer", "SGVsbG8=\n\nThis list is run by robots.\nHave a nice day.\n", "Hello", "text after the base64 of part 1"},
		{"trailer on the line", "SGVsbG8= ignored", "Hello", "text after the base64 of part 1"},
		{"some foreign", enc[:300] + strings.Repeat("*", 10) + enc[300:], long, "stray characters in the base64 of part 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, repairs, err := decodePart(t, "application/pdf", "base64", tc.body, "\n--b--\n")
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			if tc.repair == "" {
				require.Empty(t, repairs)
			} else {
				require.Contains(t, repairs, tc.repair)
			}
		})
	}
}

func TestBase64Corrupt(t *testing.T) {
	t.Parallel()
	enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0123456789abcdef", 40)))
	for _, tc := range []struct{ name, body, end, reason string }{
		{"foreign", enc[:100] + strings.Repeat("*", 60) + enc[100:], "\n--b--\n", "The base64 text of part 1 is corrupt: 60 of 916 characters do not belong there."},
		{"cut", enc[:101], "", "Part 1 is cut off in the middle of its base64 text."},
		{"cut after two", enc[:102], "\n", "Part 1 is cut off in the middle of its base64 text."},
	} {
		_, _, err := decodePart(t, "application/pdf", "base64", tc.body, tc.end)
		var e *Error
		require.ErrorAs(t, err, &e, tc.name)
		require.Equal(t, "1", e.Part)
		require.Equal(t, tc.reason, e.Reason)
		require.Equal(t, "eml: "+tc.reason, e.Error())
	}
	// Ending with a whole quantum, it may have been all.
	_, repairs, err := decodePart(t, "application/pdf", "base64", enc[:100], "")
	require.NoError(t, err)
	require.Empty(t, repairs) // Next will note the boundary
	// A message that is not a multipart: bits that padding would have zeroed.
	head := "Content-Transfer-Encoding: base64\n\n"
	got, _, err := decodeRaw(t, head+"SGVsbG8")
	require.NoError(t, err)
	require.Equal(t, "Hello", got)
	for _, cut := range []string{"SGVsb", "SGVsbG9", "SGVsbH"} {
		_, _, err = decodeRaw(t, head+cut)
		require.Error(t, err, cut)
	}
}

func TestBase64Lie(t *testing.T) {
	t.Parallel()
	const text = "these are words that nobody encoded\nand some more of them\n"
	got, repairs, err := decodePart(t, "text/plain", "base64", text, "\n--b--\n")
	require.NoError(t, err)
	require.Equal(t, text, got)
	require.Equal(t, []string{"part 1 is plain text, not base64"}, repairs)

	got, repairs, err = decodePart(t, "text/plain", "base64", "SGVsbG8= and more", "\n--b--\n")
	require.NoError(t, err)
	require.Equal(t, "Hello", got)
	require.Equal(t, []string{"text after the base64 of part 1"}, repairs)
}

func TestQuotedPrintable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "gr=C3=BCn", "grün"},
		{"lower case", "gr=c3=bcn", "grün"},
		{"soft break", "a=\nb=\r\nc", "abc"},
		{"soft break with white space", "a= \t\nb", "ab"},
		{"trailing white space", "a \t\nb  \r\nc ", "a\nb\r\nc"},
		{"inner white space", "a  b\tc", "a  b\tc"},
		{"lone equals sign", "a=b =zz = x=", "a=b =zz = x"},
		{"cut octet", "a=4", "a=4"},
		{"long line", strings.Repeat("ab=3D ", 2000), strings.TrimRight(strings.Repeat("ab= ", 2000), " ")},
		{"8-bit", "gr\u00fcn", "grün"},
		{"blank lines", "a\n\n\nb\n\n", "a\n\n\nb\n\n"},
		{"encoded white space", "a=20\nb", "a \nb"},
		{"bare CR", "a \rb", "a \rb"},
	} {
		got, repairs, err := decodePart(t, "text/plain", "quoted-printable", tc.in, "\n--b--\n")
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.want, got, tc.name)
		require.Empty(t, repairs)
	}
}

func TestUuencode(t *testing.T) {
	t.Parallel()
	const body = "\nbegin 644 x.txt\n#0V%T\n'9&]G(&%N9`\n`\nend\n"
	got, _, err := decodePart(t, "text/plain", "x-uuencode", body, "\n--b--\n")
	require.NoError(t, err)
	require.Equal(t, "Catdog and", got)
	got, _, err = decodePart(t, "text/plain", "x-uuencode", "never encoded\n", "\n--b--\n")
	require.NoError(t, err)
	require.Equal(t, "never encoded\n", got)
}

func TestEncodingLabels(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"": "7bit", "7BIT": "7bit", "7-bit": "7bit", "8bit": "8bit", "binary": "binary", "\"base64\"": "base64", "Base-64;": "base64",
		"Quoted Printable": "quoted-printable", "quoted/printable": "quoted-printable", "base64 (x)": "base64", "text/html": "binary", "plain": "binary",
	} {
		r := NewReader(strings.NewReader("Content-Transfer-Encoding: "+label+"\n\n"), nil)
		p, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want, p.Encoding, label)
		require.Equal(t, label == "text/html" || label == "plain", len(r.Repairs()) > 0, label)
	}
}

// Base64 in pieces that are each padded, as some senders write files.
func TestPaddedPieces(t *testing.T) {
	t.Parallel()
	const head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	for _, tc := range []struct {
		piece string
		size  int
	}{
		{"QUJDREVGRw==\r\n", 7}, {"QUJDREVGRw==\n", 7}, {"QUI=\r\n", 2}, {"QQ==", 1},
		{strings.Repeat("QUJD", 18) + "QQ==\r\n", 55},
	} {
		const n = 20_000
		mail := head + strings.Repeat(tc.piece, n)
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(mail), "half": iotest.HalfReader(strings.NewReader(mail)), "octets": iotest.OneByteReader(strings.NewReader(mail)),
		} {
			p, err := NewReader(r, nil).Next()
			require.NoError(t, err)
			got, err := io.Copy(io.Discard, p)
			require.NoError(t, err)
			require.EqualValues(t, n*tc.size, got, "%q, %s", tc.piece, name)
		}
	}
}

func TestUUEncodeDoesNotGrow(t *testing.T) {
	t.Parallel()
	mail := "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + strings.Repeat("_\n", 100_000)
	p, err := NewReader(strings.NewReader(mail), nil).Next()
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, p)
	require.NoError(t, err)
	require.LessOrEqual(t, n, int64(2*len(mail)))

	p, err = NewReader(strings.NewReader("Content-Transfer-Encoding: x-uuencode\n\nbegin ning of a sentence\nand more\n"), nil).Next()
	require.NoError(t, err)
	text, err := io.ReadAll(p)
	require.NoError(t, err)
	require.Equal(t, "begin ning of a sentence\nand more\n", string(text))
}
