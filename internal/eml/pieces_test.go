package eml

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// TestPieces: what is read does not depend on how large the pieces are that are
// asked for.
func TestPieces(t *testing.T) {
	t.Parallel()
	read := func(raw []byte, size int, text bool) (list []string) {
		r := NewReader(bytes.NewReader(raw), nil)
		for {
			p, err := r.Next()
			if err != nil {
				return append(list, err.Error())
			}
			body := io.Reader(p)
			if text {
				body = p.Text()
			}
			var b bytes.Buffer
			_, err = io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{body}, make([]byte, size))
			if list = append(list, b.String()); err != nil {
				list = append(list, err.Error())
			}
		}
	}
	raws := [][]byte{sample("3k"), sample("60k"), hostile(3 << 10), hostile(60 << 10)}
	for _, s := range seeds {
		raws = append(raws, []byte(s))
	}
	for _, encoding := range []string{"quoted-printable", "base64", "x-uuencode", "8bit"} {
		raws = append(raws, []byte("Content-Transfer-Encoding: "+encoding+"\n\na = b=3D =\r\n \t\r\n=c3=A4 \r=\r \r\n==\n= \n=4\n=\t x \t"),
			[]byte("Content-Transfer-Encoding: "+encoding+"\n\nQUJD=\r\nQUI=QQ==\n*QU-JD\nQ U J D\n--\n"))
	}
	for _, raw := range raws {
		for _, text := range []bool{false, true} {
			want := read(raw, 64<<10, text)
			for _, size := range []int{1, 2, 3, 4, 5, 7, 13, 100} {
				require.Equal(t, want, read(raw, size, text), "%d of %.100q", size, raw)
			}
		}
	}
}

// TestRuns holds what looks at several octets at once to what looks at each.
func TestRuns(t *testing.T) {
	t.Parallel()
	const octets = "\x00\x1f a~\x7f\x80\x9f\xa0\xff\n\n---\r"
	dice := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		b := make([]byte, dice.IntN(40))
		for i := range b {
			b[i] = octets[dice.IntN(len(octets))]
			if dice.IntN(3) > 0 {
				b[i] = 'a'
			}
		}
		n := 0
		for n < len(b) && b[n] < utf8.RuneSelf {
			n++
		}
		require.Equal(t, n, ascii(b), "%q", b)
		require.Equal(t, strings.Index(string(b), "\n--"), dashes(b), "%q", b)

		to := make([]byte, dice.IntN(40))
		n = plain(to, b)
		require.Equal(t, string(b[:n]), string(to[:n]))
		odd := bytes.IndexFunc(b, func(c rune) bool { return c < ' ' || c > '~' })
		require.True(t, odd < 0 || n <= odd, "%q: %d", b, n)
		require.True(t, n == odd || min(len(b), len(to))-n < 8, "%q: %d", b, n)
	}
}
