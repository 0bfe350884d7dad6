package eml

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// outline reads a message into one line a leaf: path, multiparts around, type
// and text.
func outline(t *testing.T, raw string) (list, repairs []string) {
	t.Helper()
	read := func(in io.Reader) (list, repairs []string) {
		r := NewReader(in, nil)
		for {
			p, err := r.Next()
			if err == io.EOF {
				return list, r.Repairs()
			}
			require.NoError(t, err)
			within := ""
			for _, c := range p.Within {
				within += fmt.Sprintf("%d:%s/", c.ID, strings.TrimPrefix(c.Type, "multipart/"))
			}
			b, err := io.ReadAll(p.Text())
			require.NoError(t, err)
			list = append(list, fmt.Sprintf("%s %s%s %q", p.Path, within, p.Type, b))
		}
	}
	list, repairs = read(strings.NewReader(raw))
	again, _ := read(iotest.OneByteReader(strings.NewReader(raw)))
	require.Equal(t, list, again)
	return list, repairs
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	for _, tc := range []struct {
		name, raw string
		leaves    []string
		repairs   []string
	}{
		{"single", "Content-Type: text/html\n\n<b>", []string{`1 text/html "<b>"`}, nil},
		{"two", mixed + "preamble\n--b\n\none\n--b\nContent-Type: text/html\n\n\ntwo\n\n--b--\nepilogue\n",
			[]string{`1 1:mixed/text/plain "one"`, `2 1:mixed/text/html "\ntwo\n"`}, nil},
		{"CRLF", strings.ReplaceAll(mixed+"--b\n\none\n--b \t\n\ntwo\n--b--\n", "\n", "\r\n"),
			[]string{`1 1:mixed/text/plain "one"`, `2 1:mixed/text/plain "two"`}, nil},
		{"nested", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c\nContent-Type: text/html\n\ntwo\n--c--\n\n--b\n\nthree\n--b--",
			[]string{`1.1 1:mixed/2:alternative/text/plain "one"`, `1.2 1:mixed/2:alternative/text/html "two"`, `2 1:mixed/text/plain "three"`}, nil},
		{"outer ends inner", mixed + "--b\nContent-Type: multipart/related; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n",
			[]string{`1.1 1:mixed/2:related/text/plain "one"`, `2 1:mixed/text/plain "two"`}, []string{"no closing boundary"}},
		{"unclosed", mixed + "--b\n\none\n", []string{`1 1:mixed/text/plain "one\n"`}, []string{"no closing boundary"}},
		{"last delimiter lacks --", mixed + "--b\n\none\n--b\n", []string{`1 1:mixed/text/plain "one"`}, []string{"no closing boundary"}},
		{"same boundary", mixed + "--b\n" + mixed + "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
			[]string{`1.1 1:mixed/2:mixed/text/plain "one"`, `2 1:mixed/text/plain "two"`}, nil},
		{"prefix boundary", mixed + "--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\n--bbb\n--b--\n",
			[]string{`1.1 1:mixed/2:mixed/text/plain "one"`, `2 1:mixed/text/plain "--bbb"`}, nil},
		{"boundary that ends in --", "Content-Type: multipart/mixed; boundary=\"a--\"\n\n--a--\nContent-Type: multipart/mixed; boundary=\"a----\"\n\n--a----\n\none\n--a------\n--a----",
			[]string{`1.1 1:mixed/2:mixed/text/plain "one"`}, nil},
		{"boundary with a space at its end", "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\none\n--b --\n", []string{`1 1:mixed/text/plain "one"`}, nil},
		{"very long boundary", "Content-Type: multipart/mixed; boundary=\"" + strings.Repeat("b", 9000) + "\"\n\n--" + strings.Repeat("b", 9000) + "\n\none\n--" + strings.Repeat("b", 9000) + "--\n",
			[]string{`1 1:mixed/text/plain "one"`}, nil},
		{"no header in a part", mixed + "--b\nHello there,\nyou\n--b--\n", []string{`1 1:mixed/text/plain "Hello there,\nyou"`}, []string{"part 1 has no header"}},
		{"no blank line in a part", mixed + "--b\nContent-Type: text/html\nHello there,\nyou\n--b--\n",
			[]string{`1 1:mixed/text/html "Hello there,\nyou"`}, []string{"no blank line after the header of part 1"}},
		{"delimiter in a header", mixed + "--b\nContent-Type: text/html\n--b\n\ntwo\n--b--\n",
			[]string{`1 1:mixed/text/html ""`, `2 1:mixed/text/plain "two"`}, []string{"no blank line after the header of part 1"}},
		{"delimiter with a colon", "Content-Type: multipart/mixed; boundary=\"=:b\"\n\n--=:b\nContent-Type: text/html\n--=:b\n\ntwo\n--=:b--\n",
			[]string{`1 1:mixed/text/html ""`, `2 1:mixed/text/plain "two"`}, []string{"no blank line after the header of part 1"}},
		{"no parts", mixed + "\n\n", nil, []string{"the message is a multipart without parts"}},
		{"only closed", mixed + "--b--\n", nil, nil},
		{"boundary never appears", mixed + "Hello\n\nyou\n", []string{`1 text/plain "Hello\n\nyou\n"`}, []string{"the boundary of the message never appears"}},
		{"only closing boundary", mixed + "Hello\n--b--\n", []string{`1 text/plain "Hello"`}, []string{"the boundary of the message never appears"}},
		{"boundary of a part never appears", mixed + "--b\nContent-Type: multipart/related; boundary=c\n\nHello\n--b\n\ntwo\n--b--\n",
			[]string{`1 1:mixed/text/plain "Hello"`, `2 1:mixed/text/plain "two"`}, []string{"the boundary of part 1 never appears"}},
		{"encoded text under a false type", "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n",
			[]string{`1 text/plain "Hello"`}, []string{"the boundary of the message never appears"}},
		{"no boundary parameter", "Content-Type: multipart/mixed\n\nHello\n", []string{`1 text/plain "Hello\n"`}, []string{"the boundary of the message never appears"}},
		{"boundary in another case", "Content-Type: multipart/mixed; boundary=Bound\n\n--bound\nContent-Type: text/html\n\none\n--bound--\n",
			[]string{`1 1:mixed/text/html "one"`}, []string{"the boundary of the message is not the one its header names"}},
		{"late preamble", mixed + strings.Repeat("x", bufSize) + "\n--b\n\none\n--b--\n",
			[]string{`1 text/plain "` + strings.Repeat("x", bufSize) + `"`, `1 1:mixed/text/plain "one"`}, []string{"the boundary of the message never appears"}},
		{"transfer encoding of a multipart", "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\none\n--b--\n",
			[]string{`1 1:mixed/text/plain "one"`}, nil},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--\n",
			[]string{`1 1:digest/message/rfc822 "Subject: x\n\none"`, `2 1:digest/text/plain "two"`}, nil},
		{"attached message", mixed + "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n",
			[]string{`1 1:mixed/message/rfc822 "Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--"`}, nil},
		{"lost delimiter", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\nContent-Type: text/plain\n\none\n--c\nContent-Type: text/html\n\ntwo\n--c--\n--b--\n",
			[]string{`1.1 1:mixed/2:alternative/text/plain "one"`, `1.2 1:mixed/2:alternative/text/html "two"`}, []string{"no delimiter before the first part of part 1"}},
		{"bare CR delimiters", mixed + "--b\r\rone\r--b--\r", []string{`1 1:mixed/text/plain "one"`}, []string{"bare CR line ends"}},
		{"malformed type", "Content-Type: foo\n\none", []string{`1 text/plain "one"`}, []string{"malformed Content-Type of part 1"}},
		{"malformed type of a file", "Content-Type: foo; name=x.zip\n\none", []string{`1 application/octet-stream "one"`}, []string{"malformed Content-Type of part 1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			leaves, repairs := outline(t, tc.raw)
			require.Equal(t, tc.leaves, leaves)
			require.Equal(t, tc.repairs, repairs)
		})
	}
}

func TestNextSkips(t *testing.T) {
	t.Parallel()
	r := NewReader(bytes.NewReader(sample("5m")), nil)
	var names []string
	var first *Part
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if first == nil {
			first = p
		}
		_, err = io.ReadFull(p, make([]byte, 3))
		require.NoError(t, err)
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"", "0.pdf", "1.pdf", "2.pdf"}, names)
	_, err := first.Read(make([]byte, 1))
	require.ErrorIs(t, err, errStale)
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
	_, err = r.Header()
	require.NoError(t, err)
}

func TestRelease(t *testing.T) {
	t.Parallel()
	r := NewReader(bytes.NewReader(sample("60k")), nil)
	p, err := r.Next()
	require.NoError(t, err)
	r.Release()
	r.Release()
	_, err = p.Read(make([]byte, 1))
	require.ErrorIs(t, err, errStale)
	_, err = r.Next()
	require.ErrorIs(t, err, errReleased)
	h, err := r.Header()
	require.NoError(t, err)
	require.True(t, h.Has("From"))
}

func TestRepairsBounded(t *testing.T) {
	t.Parallel()
	raw := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nno header\n", 200)
	r := NewReader(strings.NewReader(raw), nil)
	for {
		if _, err := r.Next(); err != nil {
			break
		}
	}
	require.Len(t, r.Repairs(), maxRepairs)
}
