package eml

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostile makes a mail of about that many octets that is hard to read: raw 8-bit
// letters, hundreds of fields, deep multiparts that are never closed, lines that
// look like boundaries, quoted-printable and base64 as nobody should write them.
func hostile(size int) []byte {
	dice := rand.New(rand.NewPCG(3, 4))
	depth := min(25, 2+size/5000)
	var b bytes.Buffer
	b.WriteString("From: Zo\xeb <zoe@customer.example>\nTo: Support <support@contoso.test>\nSubject: Stra\xdfe =?utf-8?q?b=C3=A4r?=\n")
	for i := range min(900, size/150) {
		fmt.Fprintf(&b, "X-Field-%d: %s\n", i, strings.Repeat("v", dice.IntN(90)))
	}
	for level := range depth {
		boundary := "=_" + strings.Repeat("b", level+1)
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%[1]s\nContent-Type: text/plain; charset=iso-8859-1\n\n", boundary)
		b.WriteString(strings.Repeat("Gr\xfc\xdfe\n--"+boundary+"x\n--=_c\n--\n-- \n", 1+size/depth/400) + "--" + boundary + "\n")
	}
	boundary := "--=_" + strings.Repeat("b", depth) + "\n"
	b.WriteString("Content-Type: text/plain\n\n" + strings.Repeat("a long line ", size/48) + "\n" + boundary +
		"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("<p x=3D\"y\">=C3=A4 = 1 =zz=\n \t\n", size/300) + boundary)
	b.WriteString("Content-Type: application/octet-stream; name*0*=utf-8''a%2e; name*1=bin\nContent-Transfer-Encoding: base64\n\n")
	piece := strings.Repeat("QUJD", 12) + "*QUI=\nQUJD" + strings.Repeat("QUJD", 13) + "\nQ U J D \n"
	b.WriteString(strings.Repeat(piece, max(1, (size-b.Len())/len(piece))))
	return b.Bytes()
}

// underRace tells that the race detector is on.
var underRace bool

// TestAllocations holds what is allocated for a mail to exact numbers. They do not
// grow with its size, only with its parts.
func TestAllocations(t *testing.T) {
	if underRace {
		t.Skip("under the race detector pools lose what they hold")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would empty the pools
	for _, tc := range []struct {
		name    string
		raw     []byte
		want    float64
		repairs int
	}{
		{"3k", sample("3k"), 8, 0},
		{"60k", sample("60k"), 64, 0},
		{"5m", sample("5m"), 45, 0},
		{"50m", sample("50m"), 27, 0},
		{"hostile 3k", hostile(3 << 10), 81, 3},
		{"hostile 60k", hostile(60 << 10), 348, 3},
		{"hostile 5m", hostile(5 << 20), 591, 3},
		{"hostile 50m", hostile(50 << 20), 591, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			buf := make([]byte, 32<<10)
			in := bytes.NewReader(tc.raw)
			var err error
			var repairs []string
			got := testing.AllocsPerRun(3, func() {
				in.Reset(tc.raw)
				r := NewReader(in, nil)
				for {
					var p *Part
					if p, err = r.Next(); err != nil {
						break
					}
					body := io.Reader(p)
					if strings.HasPrefix(p.Type, "text/") {
						body = p.Text()
					}
					for err == nil {
						_, err = body.Read(buf)
					}
				}
				repairs = r.Repairs()
			})
			require.Equal(t, io.EOF, err)
			require.Equal(t, tc.want, got)
			require.Len(t, repairs, tc.repairs)
		})
	}
}
