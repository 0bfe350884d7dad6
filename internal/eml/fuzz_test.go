package eml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	mimemultipart "mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/corpus"
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
	"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b--\n--a--",
	"From: a@b\nTo: c@d,\ne@f\nX: \"\ny\nCc: g: h@i;, j@k\n\n",
}

// seed adds the seeds and, where they are to be had, the small mails of the
// collection.
func seed(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	mails, err := corpus.Seeds(4 << 10)
	require.NoError(f, err)
	for _, m := range mails {
		f.Add(m)
	}
}

// narrow are limits that a small input can reach.
var narrow = Limits{HeaderBytes: 8 << 10, Fields: 40, Parts: 12, Depth: 3, Addresses: 20}

// FuzzReader holds the Reader to its promises on any input: it ends, its
// errors are of our type, it keeps to its limits, all text is clean, and what
// comes out is in proportion to what went in.
func FuzzReader(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		walk := func(in io.Reader, lim *Limits, text bool) (texts []string) {
			r := NewReader(in, lim)
			l := lim.withDefaults()
			h, err := r.Header()
			if err != nil {
				require.True(t, isError(err), "%v", err)
				return nil
			}
			checkHeader(t, h, &l)
			out := 0
			var last *Part
			for n := 1; ; n++ {
				p, err := r.Next()
				if last != nil {
					begin, entity, end, ok := last.Span()
					require.True(t, !ok || 0 <= begin && begin <= entity && entity < end && end <= int64(len(raw)), "%d %d %d", begin, entity, end)
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					require.True(t, isError(err), "%v", err)
					return texts
				}
				last = p
				require.LessOrEqual(t, n, l.Parts)
				require.LessOrEqual(t, len(p.Within), l.Depth)
				checkHeader(t, p.Header(), &l)
				require.LessOrEqual(t, len(p.Name), maxName)
				require.Equal(t, p.Name, cleanName(p.Name))
				require.False(t, strings.HasPrefix(p.Type, "multipart/"))
				require.Contains(t, []string{"", "inline", "attachment"}, p.Disposition)
				requireClean(t, p.ContentID, "")
				body := io.Reader(p)
				if text {
					body = p.Text()
				}
				b, err := io.ReadAll(body)
				if err != nil {
					require.True(t, isError(err), "%v", err)
				}
				if text {
					requireClean(t, string(b), "\t\n")
				}
				if out += len(b); out > 3*len(raw)+64 {
					t.Fatalf("%d octets of %d", out, len(raw))
				}
				texts = append(texts, string(b))
			}
			require.LessOrEqual(t, len(r.Repairs()), maxRepairs)
			return texts
		}
		whole := walk(bytes.NewReader(raw), nil, true)
		// How the input is cut into reads must not matter.
		require.Equal(t, whole, walk(iotest.OneByteReader(bytes.NewReader(raw)), nil, true))
		require.Equal(t, whole, walk(iotest.DataErrReader(bytes.NewReader(raw)), nil, true))
		walk(bytes.NewReader(raw), nil, false)
		some := walk(bytes.NewReader(raw), &narrow, true)
		require.True(t, slices.Equal(whole[:len(some)], some), "limits cut off, and change nothing before that")
	})
}

func isError(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != "" && len(e.Error()) < 300 && strings.IndexFunc(e.Error(), unicode.IsControl) < 0
}

func checkHeader(t *testing.T, h *Header, l *Limits) {
	fields := 0
	for name, value := range h.All() {
		fields++
		requireClean(t, name, "")
		requireClean(t, value, "")
	}
	require.LessOrEqual(t, fields, l.Fields)
	for _, name := range []string{"Subject", "From", "To", "Content-Type", "Message-Id", "Date"} {
		requireClean(t, h.Text(name), "")
		for _, v := range h.Raw(name) {
			requireClean(t, v, "")
			require.LessOrEqual(t, len(v), 3*l.HeaderBytes)
		}
		list := h.Addresses(name)
		require.LessOrEqual(t, len(list), l.Addresses)
		for _, a := range list {
			checkAddress(t, a, strings.Join(h.Raw(name), ","))
		}
		for _, id := range h.MessageIDs(name) {
			requireClean(t, id, "")
			require.NotEmpty(t, id)
			require.NotContains(t, id, "<")
		}
		h.Filled(name)
	}
	h.Date()
}

// checkAddress requires that nobody is made up: an address stands in the field,
// but for the white space, the comments and the quotes that its syntax has, and
// brackets and colons that mean nothing.
func checkAddress(t *testing.T, a Address, field string) {
	t.Helper()
	requireClean(t, a.Name, "")
	requireClean(t, a.Address, "")
	require.NotEmpty(t, a.Address)
	require.LessOrEqual(t, len(a.Address), maxAddress)
	require.False(t, strings.ContainsAny(a.Address, "<>"), "%q", a.Address)
	address, bare := syntax.Replace(a.Address), syntax.Replace(field)
	if strings.Contains(field, "(") { // there may be a comment in it
		rest := bare
		for _, c := range address {
			var ok bool
			if _, rest, ok = strings.Cut(rest, string(c)); !ok {
				t.Fatalf("%q is not in %q", a.Address, field)
			}
		}
		return
	}
	require.Contains(t, bare, address, "%q is not in %q", a.Address, field)
}

var syntax = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `"`, "", `\`, "", "\u2028", "", "\u2029", "", ")", "", "<", "", ">", "", ":", "")

// requireClean requires valid UTF-8 without control characters other than
// those allowed.
func requireClean(t *testing.T, s, allowed string) {
	t.Helper()
	require.True(t, utf8.ValidString(s), "%q", s)
	i := strings.IndexFunc(s, func(c rune) bool { return (c < ' ' || c == 0x7F) && !strings.ContainsRune(allowed, c) })
	require.Negative(t, i, "%q", s)
}

// strictLine is what a line of a header may be without doubt.
var strictLine = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9-]{0,60}:(?: [ -~]*)?|[ \t]+[!-~][ -~]*)$`)

// FuzzHeader: of a header that is right, the standard library reads the same.
func FuzzHeader(f *testing.F) {
	seed(f)
	f.Add([]byte("From: Ann <ann@customer.example>\r\nSubject: a\r\n b\r\n\tc\r\nSUBJECT: d\r\nX-Empty:\r\nX-Empty: \r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		head, _, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
		lines := strings.Split(string(head), "\r\n")
		if !ok || len(lines) > 500 || strings.HasPrefix(lines[0], " ") || strings.HasPrefix(lines[0], "\t") ||
			slices.ContainsFunc(lines, func(l string) bool { return !strictLine.MatchString(l) || len(l) > 900 }) {
			return
		}
		want, err := netmail.ReadMessage(bytes.NewReader(raw))
		require.NoError(t, err)
		h, err := NewReader(bytes.NewReader(raw), nil).Header()
		require.NoError(t, err)
		got := make(netmail.Header)
		for name, value := range h.All() {
			name = textproto.CanonicalMIMEHeaderKey(name)
			got[name] = append(got[name], strings.Join(strings.Fields(value), " "))
		}
		for _, values := range want.Header {
			for i, v := range values {
				values[i] = strings.Join(strings.Fields(v), " ")
			}
		}
		require.Equal(t, want.Header, got)
	})
}

// FuzzRoundTrip: what the standard library writes is read as it was.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("Hello.\r\n-- \r\nAnn\r\n"), []byte("\x00\xff=\n"), "offer.pdf", "Re: Ünï 日本", uint8(0))
	f.Add([]byte("--x\n"), []byte("\r\n--\r\n"), `a"b\c.txt`, "=?utf-8?q?a?=", uint8(5))
	f.Add([]byte("+AGE-"), bytes.Repeat([]byte("QUJD"), 100), "päper.pdf", "  ", uint8(2))
	f.Fuzz(func(t *testing.T, first, second []byte, name, subject string, how uint8) {
		if !utf8.ValidString(name) || !utf8.ValidString(subject) {
			return
		}
		var b bytes.Buffer
		w := mimemultipart.NewWriter(&b)
		subject = printable(subject)
		fmt.Fprintf(&b, "From: ann@customer.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n",
			mime.QEncoding.Encode("utf-8", subject), w.Boundary())
		for i, octets := range [][]byte{first, second} {
			base := how>>i&1 == 0
			encoding := map[bool]string{true: "base64", false: "quoted-printable"}[base]
			disposition := mime.FormatMediaType("attachment", map[string]string{"filename": name})
			p, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}, "Content-Disposition": {disposition},
				"Content-Transfer-Encoding": {encoding}})
			require.NoError(t, err)
			var enc io.WriteCloser
			if base {
				enc = base64.NewEncoder(base64.StdEncoding, p)
			} else {
				q := quotedprintable.NewWriter(p)
				q.Binary = true
				enc = q
			}
			_, err = enc.Write(octets)
			require.NoError(t, errors.Join(err, enc.Close()))
		}
		require.NoError(t, w.Close())
		r := NewReader(&b, nil)
		h, err := r.Header()
		require.NoError(t, err)
		if !strings.Contains(subject, "=?") {
			require.Equal(t, strings.Fields(subject), strings.Fields(h.Text("Subject")))
		}
		for i, octets := range [][]byte{first, second} {
			p, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i+1), p.Path)
			require.Equal(t, "attachment", p.Disposition)
			if !strings.Contains(name, "=?") && name == printable(name) {
				require.Equal(t, cleanName(name), p.Name)
			}
			got, err := io.ReadAll(p)
			require.NoError(t, err)
			require.Equal(t, string(octets), string(got))
		}
		_, err = r.Next()
		require.Equal(t, io.EOF, err)
	})
}

// FuzzAddresses: whatever stands in a field, nobody is read who is not in it, and
// of a list that is right the standard library reads the same.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"a@b", `"A, B" <a@b>, c@d (C)`, "g: a@b, c@d; e@f", "<<a@b>>", "<a@b> <c@d", `"x`, "(((", "a@[IPv6:::1]",
		"=?utf-8?q?a=40b?=@c", "mailto:a@b; 'x@y'", "@a,@b:c@d", "Undisclosed <>", "\"a@b\" c@d",
		"Ann Bell <ann@customer.example>, g:;, (c) b@d, x.y+z@sub.example", `"a@b" <c@d>`, "a@b c@d <e@f>", "a (x@y) @ b", "c@d <a>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		list, _ := parseAddresses(s, 100)
		require.LessOrEqual(t, len(list), 100)
		for _, a := range list {
			checkAddress(t, a, printable(s))
		}
		few, _ := parseAddresses(s, 2)
		require.Len(t, few, min(len(list), 2))
		for i := range few {
			require.Equal(t, list[i].Address, few[i].Address) // the last one may lack its name
		}
		// Quotes and apostrophes around an address are taken off here, and
		// encoded-words read in which there is a comma.
		if strings.ContainsAny(s, "\"'\\\r\n") || strings.Contains(s, "=?") || strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) >= 0 {
			return
		}
		want, err := netmail.ParseAddressList(s)
		if err != nil || len(want) > 100 || len(s) > maxAddress {
			return
		}
		var addresses, theirs []string
		for _, a := range list {
			addresses = append(addresses, a.Address)
		}
		for _, a := range want {
			theirs = append(theirs, a.Address)
		}
		require.Equal(t, theirs, addresses)
	})
}

// FuzzWords: what is decoded is clean and no longer than it can be, and what the
// standard library encodes is decoded as it was.
func FuzzWords(f *testing.F) {
	for _, s := range []string{
		"=?utf-8?q?a_b?=", "=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "=?x?q?", "=?utf-8*en?Q?what??=20now?=", "=?iso-2022-jp?b?GyRCJEI=?=x", "=?=?=?=?",
		"ünï", "日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語", "a_b =41 ?=",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		out := decodeWords(s)
		requireClean(t, printable(out), "")
		require.LessOrEqual(t, len(out), 3*len(s)+64)
		if s = printable(s); strings.Contains(s, "=?") {
			return
		}
		require.Equal(t, s, printable(decodeWords(s)))
		for _, e := range []mime.WordEncoder{mime.QEncoding, mime.BEncoding} {
			require.Equal(t, s, printable(decodeWords(e.Encode("utf-8", s))))
		}
	})
}

// FuzzValues: dates, identifiers, parameters and names of files. Whatever stands
// there, what is read is clean and bounded; where it is right, the standard
// library reads the same.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		"Mon, 23 Nov 2026 09:00:00 +0100", "23 Nov 26 09:00 EST (x)", "2026-11-23T09:00:00Z", "Tue, 1 Jul 2003 10:52:37 -0000", "Nov 31 2026 9 : 00 pm",
		"<a@b> <c@d>", "a@b, c@d", "=?utf-8?q?=3Ca=40b=3E?=", "<a\n b@c", "<<x>>",
		`text/plain; charset="utf-8"; name=a.txt`, "multipart/mixed boundary=x", `x/y; name*0*=utf-8''a%20; name*1="b\""; name*2*=c`, "attachment; filename=a b.txt; size=3",
		`C:\a\..\b.txt`, "a\u202egpj.exe", "...", strings.Repeat("ä", 200) + ".pdf",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = printable(strings.ToValidUTF8(s, "?"))
		checkDate(t, s)
		checkIDs(t, s)
		checkParams(t, s)
		name := cleanName(s)
		require.LessOrEqual(t, len(name), maxName)
		require.False(t, strings.ContainsAny(name, `/\`) || name == "." || name == "..", "%q", name)
		require.Equal(t, name, cleanName(name))
	})
}

func checkDate(t *testing.T, s string) {
	at, ok := parseDate(s)
	if !ok {
		return
	}
	require.True(t, -1 <= at.Year() && at.Year() <= 10000, "%v", at)
	want, err := netmail.ParseDate(s)
	_, offset := want.Zone()
	// Obsolete years and named zones are read otherwise there.
	if err == nil && want.Year() >= 1000 && regexp.MustCompile(`\d{4} \d\d?:\d\d(?::\d\d)? [+-]\d{4}$`).MatchString(s) && max(offset, -offset) <= 15*3600 {
		require.True(t, want.Equal(at), "%v, and not %v", at, want)
	}
}

func checkIDs(t *testing.T, s string) {
	ids := parseMessageIDs(s)
	total := 0
	for _, id := range ids {
		requireClean(t, id, "")
		require.NotEmpty(t, id)
		require.False(t, strings.ContainsAny(id, "<>"), "%q", id)
		total += len(id)
	}
	require.LessOrEqual(t, total, 3*len(s))
	if len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return strings.ContainsAny(id, " \\\"(),;=?") }) {
		require.Equal(t, ids, parseMessageIDs("<"+strings.Join(ids, "> <")+">"))
	}
}

func checkParams(t *testing.T, s string) {
	kind, params := parseType(s)
	require.LessOrEqual(t, len(params), maxParams)
	require.True(t, kind == "" || strings.Count(kind, "/") == 1 && kind == strings.ToLower(kind), "%q", kind)
	disposition, more := parseDisposition(s)
	require.Contains(t, []string{"", "inline", "attachment"}, disposition)
	require.LessOrEqual(t, len(more), maxParams)
	want, theirs, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(want, "/") || strings.ContainsAny(s, "*\\'()") {
		return
	}
	require.Equal(t, want, kind)
	for name, value := range theirs {
		require.Equal(t, value, params[name], name)
	}
	again, same := parseType(mime.FormatMediaType(want, theirs))
	require.Equal(t, want, again)
	for name, value := range theirs {
		require.Equal(t, value, same[name], name)
	}
}
