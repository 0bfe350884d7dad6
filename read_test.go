package exdesk

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// hold is a Desk that takes every file and refuses some.
type hold struct {
	Desk
	refuse string
}

func (h hold) Upload(_ context.Context, f *File) (*Upload, error) {
	if h.refuse != "" && strings.Contains(f.Name, h.refuse) {
		return nil, ErrRefused
	}
	n, err := io.Copy(io.Discard, f.Body)
	if err != nil {
		return nil, err
	}
	if f.Size >= 0 && f.Size != n {
		return nil, errors.New("the size is wrong")
	}
	return &Upload{Token: f.Name, URL: "https://acme.zendesk.com/attachments/token/" + f.Name}, nil
}

func readString(t testing.TB, mail string, desk Desk) (*Message, error) {
	t.Helper()
	return read(t.Context(), strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")), MaxMessageBytes, desk, nil)
}

const head = "From: a@b.example\nTo: c@d.example\nSubject: s\nMIME-Version: 1.0\n"

func TestTexts(t *testing.T) {
	for _, c := range []struct{ name, mail, text, html string }{
		{"plain", "Content-Type: text/plain\n\none\ntwo\n", "one\ntwo\n", ""},
		{"html only", "Content-Type: text/html\n\n<p>one</p><p>two</p>", "one\ntwo", "<p>one</p><p>two</p>"},
		{"alternatives", "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: text/html\n\n<b>rich</b>\n--x--\n",
			"plain", "<b>rich</b>"},
		{"an empty alternative hides nothing", "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: text/html\n\n<p>&nbsp;</p>\n--x--\n",
			"plain", ""},
		{"related inside alternative", "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: multipart/related; boundary=y\n\n" +
			"--y\nContent-Type: text/html\n\n<b>rich</b>\n--y--\n--x--\n", "plain", "<b>rich</b>"},
		{"siblings", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\nContent-Type: text/plain\n\ntwo\n--x--\n", "one\ntwo", ""},
		{"a signature below html", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<b>rich</b>\n--x\n\n-- \nlist & co\n--x--\n",
			"rich\n-- \nlist & co", "<b>rich</b><div>-- <br>\nlist &amp; co</div>"},
		{"Apple's layout", "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: multipart/mixed; boundary=y\n\n" +
			"--y\nContent-Type: text/html\n\n<b>rich</b>\n--y\n\nafter the image\n--y\nContent-Type: text/html\n\n<i>end</i>\n--y--\n--x--\n",
			"plain", "<b>rich</b><div>after the image</div><i>end</i>"},
		{"alternatives in alternatives", "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: multipart/mixed; boundary=y\n\n" +
			"--y\nContent-Type: multipart/alternative; boundary=z\n\n--z\n\nplain\n--z\nContent-Type: text/html\n\n<b>rich</b>\n--z--\n--y--\n--x--\n",
			"plain", "<b>rich</b>"},
		{"an open comment swallows nothing", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\nfirst <!--\n--x\n\nsecond\n--x--\n",
			"first\nsecond", "first <div>second</div>"},
		{"a named body", "Content-Type: text/plain; name=body.txt\n\nhello", "hello", ""},
		{"enriched", "Content-Type: text/enriched\n\nhello", "hello", ""},
		{"nothing", "Content-Type: text/plain\n\n", "", ""},
	} {
		m, err := readString(t, head+c.mail, hold{})
		require.NoError(t, err, c.name)
		require.Equal(t, c.text, m.Text, c.name)
		require.Equal(t, c.html, m.HTML, c.name)
		require.Empty(t, m.Files, c.name)
	}
}

func TestFiles(t *testing.T) {
	m, err := readString(t, head+"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nsee below\n"+
		"--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nAAA\n"+
		"--x\nContent-Type: text/plain; name=b.txt\n\nBB\n"+
		"--x\nContent-Type: message/rfc822\n\nFrom: x@y.example\nSubject: inner\n\ninner text\n"+
		"--x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n"+
		"--x\nContent-Type: application/x-unheard\n\nC\n"+
		"--x\nContent-Type: application/exe; name=evil.exe\n\nD\n"+
		"--x--\n", hold{refuse: "evil"})
	require.NoError(t, err)
	require.Equal(t, "see below", m.Text)
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
		require.Equal(t, f.Upload == nil, f.Refused != "", f.Name)
	}
	require.Equal(t, []string{"a.txt", "b.txt", "part-4.eml", "part-5.ics", "part-6.bin", "evil.exe"}, names)
	require.EqualValues(t, 3, m.Files[0].Bytes)
}

func TestTooManyFiles(t *testing.T) {
	m, err := readString(t, head+"Content-Type: multipart/mixed; boundary=x\n\n"+
		strings.Repeat("--x\nContent-Type: image/png\n\nx\n", maxFiles+2)+"--x--\n", hold{})
	require.NoError(t, err)
	require.Len(t, m.Files, maxFiles+2)
	require.NotNil(t, m.Files[maxFiles-2].Upload)
	require.Contains(t, m.Files[maxFiles-1].Refused, "at most 499 files")
}

func TestManyTextsAreBounded(t *testing.T) {
	m, err := readString(t, head+"Content-Type: multipart/mixed; boundary=x\n\n"+
		strings.Repeat("--x\n\n"+strings.Repeat("word ", 12_000)+"\n", 100)+"--x--\n", hold{})
	require.NoError(t, err)
	require.LessOrEqual(t, len(m.Text), maxTexts+maxText+100)
	require.Greater(t, len(m.Text), 100<<10)
	require.NotEmpty(t, m.Files, "the rest are files")
}

// A mail that breaks off is not a malformed one, wherever it breaks off.
func TestBrokenSourceIsTemporary(t *testing.T) {
	mail := head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\nContent-Type: image/png; name=x.png\nContent-Transfer-Encoding: base64\n\n" +
		strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 2000) + "--x--\n"
	broken := errors.New("connection reset")
	for n := 0; n < len(mail); n += 1 + n/20 {
		_, err := read(t.Context(), io.MultiReader(strings.NewReader(mail[:n]), iotest.ErrReader(broken)), -1, hold{}, nil)
		require.ErrorIs(t, err, broken, "after %d octets", n)
		require.ErrorIs(t, err, ErrTemporary)
		require.False(t, isRejection(err))
	}
}
