package eml

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var seeds = []string{
	"",
	"\n",
	"From: a@b\n\nbody",
	"From x\nSubject :\xe9\r\n a\r\nTo: x:;\r\n\r\n\x00\r\r\n",
	"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+\n--a\n\nx\n--a--\n",
	"Content-Type: multipart/mixed; boundary=\"a--\"\n\n--a--\nContent-Type: multipart/mixed; boundary=\"a----\"\n\n--a----\n\nbody\n--a------\n--a----",
	"Content-Type: text/plain; charset=utf-7\nContent-Transfer-Encoding: quoted-printable\n\n+AGE- =\n=41=\r\n x \t\n",
	"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#86)C\n`\nend\n",
	"Content-Type: text/plain; name*0*=utf-8''%e2%82; name*1*=%ac\n\x1b$B",
	"Content-Type: multipart/mixed\r\rx\r--b\rContent-Type: text/plain; charset=iso-2022-kr\r\r\x1b$)C\x0e!!\x0f",
	"Content-Transfer-Encoding: base64\n\n7000001",
	"\xff\xfeS\x00:\x00 \x00x\x00\n\x00\n\x00y\x00",
}

// FuzzReader holds the Reader to its promises on any input: it ends, its
// errors are of our type, and all text is clean.
func FuzzReader(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		walk := func(in io.Reader) (texts []string) {
			r := NewReader(in, nil)
			h, err := r.Header()
			if err != nil {
				require.True(t, isError(err), "%v", err)
				return nil
			}
			checkHeader(t, h)
			for {
				p, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					require.True(t, isError(err), "%v", err)
					return texts
				}
				checkHeader(t, p.Header())
				require.LessOrEqual(t, len(p.Name), maxName)
				require.NotContains(t, p.Name, "/")
				b, err := io.ReadAll(p.Text())
				if err != nil {
					require.True(t, isError(err), "%v", err)
				}
				requireClean(t, string(b), "\t\n")
				texts = append(texts, string(b))
			}
			require.LessOrEqual(t, len(r.Repairs()), maxRepairs)
			return texts
		}
		whole := walk(bytes.NewReader(raw))
		// How the input is cut into reads must not matter.
		require.Equal(t, whole, walk(iotest.OneByteReader(bytes.NewReader(raw))))
		require.Equal(t, whole, walk(iotest.DataErrReader(bytes.NewReader(raw))))
	})
}

func isError(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != ""
}

func checkHeader(t *testing.T, h *Header) {
	for _, name := range []string{"Subject", "From", "To", "Content-Type", "Message-Id", "Date"} {
		requireClean(t, h.Text(name), "")
		for _, v := range h.Raw(name) {
			requireClean(t, v, "")
		}
		for _, a := range h.Addresses(name) {
			requireClean(t, a.Name, "")
			requireClean(t, a.Address, "")
			require.NotEmpty(t, a.Address)
		}
		for _, id := range h.MessageIDs(name) {
			requireClean(t, id, "")
		}
		h.Filled(name)
	}
	h.Date()
}

// requireClean requires valid UTF-8 without control characters other than
// those allowed.
func requireClean(t *testing.T, s, allowed string) {
	require.True(t, utf8.ValidString(s), "%q", s)
	i := strings.IndexFunc(s, func(c rune) bool { return (c < ' ' || c == 0x7F) && !strings.ContainsRune(allowed, c) })
	require.Negative(t, i, "%q", s)
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"a@b", `"A, B" <a@b>, c@d (C)`, "g: a@b, c@d; e@f", "<<a@b>>", "<a@b> <c@d", `"x`, "(((", "a@[IPv6:::1]",
		"=?utf-8?q?a=40b?=@c", "mailto:a@b; 'x@y'", "@a,@b:c@d", "Undisclosed <>", "\"a@b\" c@d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		list, _ := parseAddresses(s, 100)
		require.LessOrEqual(t, len(list), 100)
		for _, a := range list {
			require.NotEmpty(t, a.Address)
			requireClean(t, a.Name, "")
			requireClean(t, a.Address, "")
			require.NotContains(t, a.Address, "<")
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{
		"=?utf-8?q?a_b?=", "=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "=?x?q?", "=?utf-8*en?Q?what??=20now?=", "=?iso-2022-jp?b?GyRCJEI=?=x", "=?=?=?=?",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		requireClean(t, printable(decodeWords(strings.ToValidUTF8(s, "?"))), "")
	})
}
