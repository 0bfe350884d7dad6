package eml

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLinearTime runs what parses headers over the densest inputs a header can
// hold. What takes quadratic time takes minutes here.
func TestLinearTime(t *testing.T) {
	t.Parallel()
	const size = 250 << 10
	for _, unit := range []string{
		"(", ")", "<", ">", "\"", ":", ";", ",", "@", "=", "=?", "?=", "[", "\\", " ", "a ", "a:", "a@b ", "a@ . ", "@:", "a: b ",
		"=?x?q?", "=?x?b?", "=?x?q?a?= ", "=?x?q?a ", "=?utf-8?q??=3d", "<a@b", "<a@b>", "\"a\" ", "(a) ", "\\\"", "a;b=c;", "a*0=b;", "a*1*=%", "a=\"",
		"<\"", "x@ \"", "'", "a: @", "=?a?b?=?",
	} {
		s := strings.Repeat(unit, size/len(unit))
		for name, run := range map[string]func(){
			"addresses": func() { parseAddresses(s, 2000) },
			"at":        func() { parseAddresses(strings.Repeat("a ", size/4)+"x@ "+s[:size/2], 2000) },
			"words":     func() { decodeWords(s) },
			"ids":       func() { parseMessageIDs(s) },
			"params":    func() { parseType("a/b;" + s) },
			"bare":      func() { parseType(s) },
			"date":      func() { parseDate(s) },
			"utf8":      func() { decodeOctets([]byte(s+"\xff"), "") },
		} {
			start := time.Now()
			run()
			require.Less(t, time.Since(start), 5*time.Second, "%s of %q", name, unit)
		}
	}
}

func TestLinearTimeReader(t *testing.T) {
	t.Parallel()
	const multi = "Content-Type: multipart/mixed; boundary=a\n\n"
	for _, unit := range []string{"a\n", "a: b\n", "\n", "--\n", "--a\n", "--a--\n", "--a\n\n", " \n", "\r", "\"\n", "a=b\n", "--a \n", "=\n", "= ", "\x00", "AA==", "AA==\n"} {
		body := strings.Repeat(unit, (1<<20)/len(unit))
		for _, head := range []string{
			"", "Subject: x\n", "Content-Type: text/plain;\n", multi, multi + "--a\n" + multi,
			"Content-Transfer-Encoding: base64\n\n", "Content-Transfer-Encoding: quoted-printable\n\n", "Content-Transfer-Encoding: uuencode\n\n",
		} {
			start := time.Now()
			r := NewReader(strings.NewReader(head+body), nil)
			for {
				p, err := r.Next()
				if err != nil {
					break
				}
				_, _ = io.Copy(io.Discard, p.Text())
			}
			require.Less(t, time.Since(start), 10*time.Second, "%q after %q", unit, head)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 40)
	for _, tc := range []struct{ name, raw, part, reason string }{
		{"header", "Subject: " + strings.Repeat("x", 300<<10) + "\n\n", "", "The header of the message is larger than 262144 bytes."},
		{"folds", "Subject: x\n" + strings.Repeat(" y\n", 100<<10) + "\n", "", "The header of the message is larger than 262144 bytes."},
		{"junk", "Subject: x\n" + strings.Repeat("From x\n", 100<<10) + "\n", "", "The header of the message is larger than 262144 bytes."},
		{"fields", strings.Repeat("A: b\n", 1001) + "\n", "", "The header of the message has more than 1000 fields."},
		{"parts", "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 1001), "1000", "The message has more than 1000 parts."},
		{"depth", nested, strings.Repeat("1.", 29) + "1", "The multiparts of the message are nested more than 30 deep."},
		{"part header", "Content-Type: multipart/mixed; boundary=b\n\n--b\nA: " + strings.Repeat("x", 300<<10), "1", "The header of part 1 is larger than 262144 bytes."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := NewReader(strings.NewReader(tc.raw), nil)
			var err error
			for err == nil {
				_, err = r.Next()
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.part, e.Part)
			require.Equal(t, tc.reason, e.Reason)
			_, again := r.Next()
			require.Equal(t, err, again)
		})
	}
}

func TestLimitsAddresses(t *testing.T) {
	t.Parallel()
	raw := strings.Repeat("To: "+strings.Repeat("a@b.example, ", 1500)+"\n", 3) + "\n"
	h, err := NewReader(strings.NewReader(raw), nil).Header()
	require.NoError(t, err)
	require.Len(t, h.Addresses("To"), 2000)
	h, err = NewReader(strings.NewReader(raw), &Limits{Addresses: 7}).Header()
	require.NoError(t, err)
	require.Len(t, h.Addresses("To"), 7)
}

// TestLongLines has lines longer than the buffer wherever lines matter.
func TestLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*bufSize)
	raw := "Subject: " + long + "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + long + "\n--b\n" +
		"Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=41", bufSize) + strings.Repeat(" ", bufSize) + "\n--b" + strings.Repeat(" ", 100) + "\n\n" +
		"--" + long + "\n--b--\n"
	r := NewReader(strings.NewReader(raw), nil)
	h, err := r.Header()
	require.NoError(t, err)
	require.Equal(t, long, h.Text("Subject"))
	for _, want := range []string{long, strings.Repeat("A", bufSize), "--" + long} {
		p, err := r.Next()
		require.NoError(t, err)
		got, err := io.ReadAll(p)
		require.NoError(t, err)
		require.Equal(t, len(want), len(bytes.TrimRight(got, " ")))
		require.Equal(t, want, string(bytes.TrimRight(got, " ")))
	}
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
	require.Empty(t, r.Repairs())
}
