package eml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-message"
	"github.com/stretchr/testify/require"
)

const mailHeader = "Received: from EX1.example.com (2603:10a6:20b:55d::10) by EX2.example.com\r\n" +
	" with HTTPS; Wed, 1 May 2024 10:20:30 +0000\r\n" +
	"Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=example.org; dkim=pass (signature was verified)\r\n" +
	" header.d=example.org;dmarc=pass action=none header.from=example.org;\r\n" +
	"From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.org>\r\n" +
	"To: Support <support@example.com>, \"Doe, Jane\" <jane@example.com>\r\n" +
	"Subject: =?utf-8?B?QmVzdGVsbHVuZyBmw7xyIE3DvGxsZXI=?=\r\n" +
	"Thread-Topic: =?utf-8?B?QmVzdGVsbHVuZyBmw7xyIE3DvGxsZXI=?=\r\n" +
	"Date: Wed, 1 May 2024 12:20:28 +0200\r\n" +
	"Message-ID: <AM0PR01MB1234567890ABCDEF@AM0PR01MB1234.eurprd01.prod.example.com>\r\n" +
	"References: <one@example.com> <two@example.com>\r\n" +
	"X-MS-Exchange-Organization-AuthSource: EX1.example.com\r\nX-MS-Has-Attach: yes\r\nMIME-Version: 1.0\r\n"

// lines is base64 text of n octets at 76 columns.
func lines(n int, rnd *rand.Rand) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(rnd.Uint32())
	}
	enc := base64.StdEncoding.EncodeToString(raw)
	var b strings.Builder
	for len(enc) > 76 {
		b.WriteString(enc[:76] + "\r\n")
		enc = enc[76:]
	}
	b.WriteString(enc + "\r\n")
	return b.String()
}

func quoted(n int) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, strings.Repeat("Größe = <b style=\"color:red\">weiß</b> und noch ein paar Wörter mehr.\r\n", n/75))
	_ = w.Close()
	return b.String()
}

// sample builds mails like those Exchange hands out.
func sample(name string) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	switch name {
	case "3k":
		return []byte(mailHeader + "Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(1400))
	case "60k":
		return []byte(mailHeader + "Content-Type: multipart/related; boundary=\"_004_rel_\"; type=\"multipart/alternative\"\r\n\r\n" +
			"--_004_rel_\r\nContent-Type: multipart/alternative; boundary=\"_000_alt_\"\r\n\r\n" +
			"--_000_alt_\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(4000) +
			"\r\n--_000_alt_\r\nContent-Type: text/html; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(16000) +
			"\r\n--_000_alt_--\r\n\r\n--_004_rel_\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-ID: <a@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(12000, rnd) +
			"\r\n--_004_rel_\r\nContent-Type: image/png; name=\"b.png\"\r\nContent-ID: <b@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(11000, rnd) +
			"\r\n--_004_rel_--\r\n")
	default:
		var b strings.Builder
		b.WriteString(mailHeader + "Content-Type: multipart/mixed; boundary=\"_004_mix_\"\r\n\r\n--_004_mix_\r\nContent-Type: text/plain\r\n\r\nHello\r\n")
		files, size := 3, 1280<<10
		if name == "50m" {
			files, size = 1, 36<<20
		}
		for i := range files {
			fmt.Fprintf(&b, "--_004_mix_\r\nContent-Type: application/pdf; name=\"%d.pdf\"\r\nContent-Disposition: attachment; filename=\"%d.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", i, i)
			b.WriteString(lines(size, rnd))
		}
		b.WriteString("--_004_mix_--\r\n")
		return []byte(b.String())
	}
}

// endless is a mail of n bytes that takes no memory.
func endless(n int64, head, line, tail string) io.Reader {
	return io.MultiReader(strings.NewReader(head), io.LimitReader(&repeater{line: strings.Repeat(line, 1000)}, n/int64(len(line))*int64(len(line))), strings.NewReader(tail))
}

type repeater struct {
	line string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.line[r.at:])
	r.at = (r.at + n) % len(r.line)
	return n, nil
}

func TestConstantMemory(t *testing.T) {
	const size = 50 << 20
	head := mailHeader + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n"
	for _, tc := range []struct {
		typ, encoding, line string
		text                bool
	}{
		{"application/pdf", "base64", strings.Repeat("QUJD", 19) + "\r\n", false},
		{"text/plain; charset=gbk", "base64", strings.Repeat("ytPK", 19) + "\r\n", true},
		{"text/html", "quoted-printable", strings.Repeat("=C3=A4 ", 10) + "=\r\n", true},
		{"text/plain; charset=iso-2022-jp", "7bit", "\x1b$B$3$l\x1b(B and \r\n", true},
		{"text/plain", "8bit", strings.Repeat("x", 100) + "--\n", true},
		{"application/octet-stream", "binary", strings.Repeat("\x00\r", 500), false},
	} {
		r := NewReader(endless(size, fmt.Sprintf(head, tc.typ, tc.encoding), tc.line, "\r\n--b--\r\n"), nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := r.Next()
		require.NoError(t, err)
		body := io.Reader(p)
		if tc.text {
			body = p.Text()
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{body}, make([]byte, 32<<10))
		require.NoError(t, err)
		_, err = r.Next()
		require.Equal(t, io.EOF, err)
		runtime.ReadMemStats(&after)
		require.Greater(t, n, int64(size/8), tc.typ)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), tc.typ)
		require.Empty(t, r.Repairs())
	}
}

// TestFilledReads holds Read and Text to filling what they are given.
func TestFilledReads(t *testing.T) {
	t.Parallel()
	for _, text := range []bool{false, true} {
		r := NewReader(iotest.HalfReader(bytes.NewReader(sample("5m"))), nil)
		_, err := r.Next()
		require.NoError(t, err)
		p, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, "0.pdf", p.Name)
		body, buf := io.Reader(p), make([]byte, 32<<10)
		if text {
			body = p.Text()
		}
		for short := false; ; {
			n, err := body.Read(buf)
			if err == io.EOF {
				require.Zero(t, n)
				break
			}
			require.NoError(t, err)
			require.False(t, short, "only the last read may be short")
			short = n < len(buf)
		}
	}
}

// TestReaderTrouble cuts the input at many places with an error that is not
// io.EOF: it must come out unchanged and never as an Error.
func TestReaderTrouble(t *testing.T) {
	t.Parallel()
	raw := sample("60k")
	nasty := []byte("junk\nSubject: x\n y\nTo: a\nodd line\nContent-Type: multipart/mixed; boundary=a\n\npre\n--a\nContent-Type: multipart/related; boundary=zz\n\nx\n--a\nContent-Transfer-Encoding: base64\n\nQUJD\nQUI=\ntrailer\n--a--\n")
	for _, trouble := range []error{io.ErrUnexpectedEOF, errors.New("reset")} {
		for _, raw := range [][]byte{raw, nasty} {
			for cut := 0; cut < len(raw); cut += max(1, len(raw)/400) {
				for _, text := range []bool{false, true} {
					r := NewReader(io.MultiReader(bytes.NewReader(raw[:cut]), iotest.ErrReader(trouble)), nil)
					var err error
					for err == nil {
						var p *Part
						if p, err = r.Next(); err != nil {
							break
						}
						if text {
							_, err = io.Copy(io.Discard, p.Text())
						} else {
							_, err = io.Copy(io.Discard, p)
						}
					}
					if err == io.EOF { // all parts were closed before the cut
						require.Greater(t, cut, len(raw)-10)
						continue
					}
					require.Equal(t, trouble, err, "cut at %d", cut)
					require.NotContains(t, r.Repairs(), "no closing boundary")
				}
			}
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for _, name := range []string{"3k", "60k", "5m"} {
		raw := sample(name)
		b.Run(name+"/eml", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			buf := make([]byte, 32<<10)
			for b.Loop() {
				r := NewReader(bytes.NewReader(raw), nil)
				for {
					p, err := r.Next()
					if err != nil {
						break
					}
					_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{p}, buf)
				}
			}
		})
		b.Run(name+"/go-message", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			buf := make([]byte, 32<<10)
			for b.Loop() {
				e, err := message.Read(bytes.NewReader(raw))
				if err != nil {
					b.Fatal(err)
				}
				err = e.Walk(func(_ []int, e *message.Entity, err error) error {
					if err != nil || e.MultipartReader() != nil {
						return err
					}
					_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{e.Body}, buf)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
