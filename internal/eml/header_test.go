package eml

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

func header(t *testing.T, raw string) (*Header, *Reader) {
	t.Helper()
	r := NewReader(strings.NewReader(raw), nil)
	h, err := r.Header()
	require.NoError(t, err)
	return h, r
}

func TestHeaderRepairs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, raw, subject, body string
		repairs                  []string
	}{
		{"plain", "Subject: hi\r\nTo: a@b\r\n\r\nbody", "hi", "body", nil},
		{"fold", "Subject: one\r\n two\r\n\tthree\r\n\r\nbody", "one two three", "body", nil},
		{"space before colon", "Subject  : hi\n\nbody", "hi", "body", nil},
		{"case", "SUBJECT:hi\n\nbody", "hi", "body", nil},
		{"first counts", "Subject: one\nSubject: two\n\nbody", "one", "body", nil},
		{"no body", "Subject: hi\n", "hi", "", nil},
		{"cut", "Subject: hi", "hi", "", nil},
		{"empty", "", "", "", nil},
		{"mbox", "From a@b Mon Jan  1 00:00:00 2024\nSubject: hi\n\nbody", "hi", "body", []string{"mbox envelope line before the header"}},
		{"quoted mbox", ">From a@b Mon Jan  1 00:00:00 2024\nSubject: hi\n\nbody", "hi", "body", []string{"mbox envelope line before the header"}},
		{"mbox within", "To: a@b\n>From a@b Mon Jan  1 00:00:00 2024\nSubject: hi\n\nbody", "hi", "body", []string{"mbox envelope line in the header"}},
		{"blank lines first", "\r\n\r\nSubject: hi\r\n\r\nbody", "hi", "body", []string{"junk before the header"}},
		{"junk first", "%%% spooled 17\nSubject: hi\n\nbody", "hi", "body", []string{"junk before the header"}},
		{"indented first", " Subject: hi\nTo: a@b\n\nbody", "hi", "body", []string{"the first line of the header of the message is indented"}},
		{"unindented fold", "Subject: one\ntwo\nTo: a@b\n\nbody", "one two", "body", []string{"unindented fold in the header of the message"}},
		{"unindented last fold", "Subject: a\nReferences: <a@b>, <c.\nd@e>\n\nbody", "a", "body", []string{"unindented fold in the header of the message"}},
		{"fold of white space", "Subject: one\n \n two\n\nbody", "one two", "body", nil},
		{"fold of white space before an encoded-word", "Subject: TEST\r\n \r\n\t=?utf-8?b?44OG?=\r\n =?utf-8?b?44K5?=\r\n\r\nbody", "TESTテス", "body", nil},
		{"white blank line", "Subject: hi\n \nbody", "hi", "body", []string{"white space in the blank line after the header of the message"}},
		{"malformed field", "To: a@b\nvery Delivered-To: a@b\n with a fold\nSubject: hi\n\nbody", "hi", "body", []string{"malformed field in the header of the message"}},
		{"8-bit name", "To: a@b\nInval\xecd: x\nSubject: hi\n\nbody", "hi", "body", []string{"malformed field in the header of the message"}},
		{"no blank line", "Subject: hi\nThis is text.\nMore of it.\n", "hi", "This is text.\nMore of it.\n", []string{"no blank line after the header of the message"}},
		{"no blank line before a delimiter", "Subject: hi\nThis is MIME.\n--x\nContent-Type: text/html\n", "hi", "This is MIME.\n--x\nContent-Type: text/html\n", []string{"no blank line after the header of the message"}},
		{"no header", "Hello you,\nhow are you?\n", "", "Hello you,\nhow are you?\n", []string{"the message has no header"}},
		{"link first", "http://example.com/ is down\n", "", "http://example.com/ is down\n", []string{"the message has no header"}},
		{"blank and no header", "\nHello: you,\nhow are you?\n", "", "Hello: you,\nhow are you?\n", []string{"the message has no header"}},
		{"NUL", "Subject: h\x00i\n\nbody", "hi", "body", []string{"NUL in the header of the message"}},
		{"controls", "Subject: a\x07b\x1b[1m\tc\x7f\n\nbody", "ab[1m c", "body", nil},
		{"bare CR is no line end", "Subject: a\rBcc: x@y\r\n\r\nbody", "a Bcc: x@y", "body", nil},
		{"bare CR throughout", "Subject: hi\rTo: a@b\r\rbo\rdy", "hi", "bo\ndy", []string{"bare CR line ends"}},
		{"CRCRLF", "Subject: hi\r\r\nTo: a@b\r\r\n\r\r\nbody", "hi", "body", nil},
		{"BOM", "\uFEFFSubject: hi\n\nbody", "hi", "body", []string{"byte order mark before the header"}},
		{"raw UTF-8", "Subject: gr\u00fcn\n\nbody", "grün", "body", nil},
		{"raw windows-1252", "Subject: gr\xfcn \x80\n\nbody", "grün €", "body", nil},
		{"raw in the declared charset", "Content-Type: text/plain; charset=koi8-r\nSubject: \xf0\xf2\xe9\xf7\xe5\xf4\n\nbody", "ПРИВЕТ", "body", nil},
		{"raw ISO-2022-JP", "Subject: \x1b$B$3$s$K$A$O\x1b(B\n\nbody", "こんにちは", "body", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h, r := header(t, tc.raw)
			require.Equal(t, tc.subject, h.Text("Subject"))
			require.False(t, h.Has("Bcc"))
			p, err := r.Next()
			require.NoError(t, err)
			body, err := io.ReadAll(p)
			require.NoError(t, err)
			require.Equal(t, tc.body, string(body))
			require.Equal(t, tc.repairs, r.Repairs())
		})
	}
}

func TestHeaderUTF16(t *testing.T) {
	t.Parallel()
	for _, big := range []bool{false, true} {
		var b bytes.Buffer
		for _, u := range utf16.Encode([]rune("\uFEFFSubject: h\u00ef\r\n\r\nbody")) {
			if big {
				b.Write([]byte{byte(u >> 8), byte(u)})
			} else {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
		}
		h, r := header(t, b.String())
		require.Equal(t, "hï", h.Text("Subject"))
		p, err := r.Next()
		require.NoError(t, err)
		body, err := io.ReadAll(p)
		require.NoError(t, err)
		require.Equal(t, "body", string(body))
	}
}

func TestHeaderFields(t *testing.T) {
	t.Parallel()
	h, _ := header(t, "From: a@b\nTo: c@d\nX-A: one\nto: E <e@f>, g@h\nX-A: =?utf-8?q?two?=\nCc: undisclosed-recipients:;\n"+
		"Bcc:\nReply-To: <>\nReferences: <1@x>\n <2@x>\nReferences: <3@x>\nDate: Wed, 1 May 2024 12:20:28 +0200 (CEST)\n\n")
	require.True(t, h.Has("x-a"))
	require.False(t, h.Has("X-B"))
	require.Equal(t, []string{"one", "=?utf-8?q?two?="}, h.Raw("X-A"))
	require.Equal(t, []Address{{"", "c@d"}, {"E", "e@f"}, {"", "g@h"}}, h.Addresses("To"))
	require.Equal(t, []string{"1@x", "2@x", "3@x"}, h.MessageIDs("References"))
	for name, filled := range map[string]bool{"To": true, "Cc": true, "Bcc": false, "Reply-To": false, "Sender": false} {
		require.Equal(t, filled, h.Filled(name), name)
	}
	date, ok := h.Date()
	require.True(t, ok)
	require.True(t, date.Equal(time.Date(2024, 5, 1, 10, 20, 28, 0, time.UTC)))
}

func TestDate(t *testing.T) {
	t.Parallel()
	at := func(y int, m time.Month, d, hour, minute, sec int) time.Time {
		return time.Date(y, m, d, hour, minute, sec, 0, time.UTC)
	}
	for in, want := range map[string]time.Time{
		"Fri, 21 Nov 1997 09:55:06 -0600":                               at(1997, 11, 21, 15, 55, 6),
		"21 Nov 97 09:55 GMT":                                           at(1997, 11, 21, 9, 55, 0),
		"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600":               at(1997, 11, 21, 15, 55, 6),
		"Thursday, April 09, 2003 9:00 PM":                              at(2003, 4, 9, 21, 0, 0),
		"Mon Jan 15 12:34:56 2024":                                      at(2024, 1, 15, 12, 34, 56),
		"Mon, 15 Jan 2024 12:34:56 +0100 (Mitteleurop\u00e4ische Zeit)": at(2024, 1, 15, 11, 34, 56),
		"15-Jan-2024 12:34:56 PST":                                      at(2024, 1, 15, 20, 34, 56),
		"2024-01-15T12:34:56Z":                                          at(2024, 1, 15, 12, 34, 56),
		"2024-01-15 12:34:56":                                           at(2024, 1, 15, 12, 34, 56),
		"Mon, 15 Jan 2024":                                              at(2024, 1, 15, 0, 0, 0),
		"Mon, 15 Jan 2024 12:34:56+0530":                                at(2024, 1, 15, 7, 4, 56),
	} {
		got, ok := parseDate(in)
		require.True(t, ok, in)
		require.True(t, want.Equal(got), "%s: %s", in, got)
	}
	for _, in := range []string{"", "yesterday", "32 Jan 2024", "Jan 2024", "30 Feb 2024 00:00:00 +0000", "15 Foo 2024 1:2:3", "1:2:3:4"} {
		_, ok := parseDate(in)
		require.False(t, ok, in)
	}
}

func TestMessageIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"<a@b>":                          {"a@b"},
		"<a@b><c@d>\t<e@f>":              {"a@b", "c@d", "e@f"},
		"Your mail of Tuesday <a@b>":     {"a@b"},
		"<1234   @   local(blah) .host>": {"1234@local.host"},
		"a@b":                            {"a@b"},
		"a@b c@d, e@f":                   {"a@b", "c@d", "e@f"},
		"no-at-sign":                     {"no-at-sign"},
		"mail of Tuesday":                nil,
		"<a@b":                           {"a@b"},
		"<a@b <c@d>":                     {"a@b", "c@d"},
		"<>":                             nil,
		"=?utf-8?q?=3Ca=40b=3E?=":        {"a@b"},
		"":                               nil,
	} {
		require.Equal(t, want, parseMessageIDs(in), in)
	}
}
