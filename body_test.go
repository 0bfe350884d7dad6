package exdesk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTextHTML(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a <b> & c\n", "<div>a &lt;b&gt; &amp; c</div>"},
		{"# no heading\n* no list", "<div># no heading<br>\n* no list</div>"},
		{"a  b   c", "<div>a &nbsp;b &nbsp; c</div>"},
		{"x\n y", "<div>x<br>\n&nbsp;y</div>"},
	} {
		require.Equal(t, c.want, textHTML(c.in))
	}
}

func TestHTMLText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"},
		{"<html><head><title>t</title><style>p{}</style></head><body>seen</body></html>", "seen"},
		{"a<br>b<br/>c", "a\nb\nc"},
		{"<script>alert(1)</script>ok", "ok"},
		{"1 < 2 and 3 > 2", "1 < 2 and 3 > 2"},
		{"<!-- hidden --> shown", "shown"},
		{"<p title='a > b'>x</p>", "x"},
		{"<style>never closed", ""},
		{"<head>never closed", "never closed"},
		{"<p", ""},
	} {
		require.Equal(t, c.want, htmlText(c.in), "%s", c.in)
	}
}

func TestBlank(t *testing.T) {
	require.True(t, blank(" <p>&nbsp;<br></p>"))
	require.False(t, blank("<p><IMG src=x></p>"))
	require.False(t, blank("x"))
}

func TestCut(t *testing.T) {
	require.Equal(t, "short", cut("short", 10, false))
	require.Equal(t, "one two", cut("one two three", 10, false))
	require.Equal(t, "ö", cut("öö", 3, false), "not inside a character")
	require.Equal(t, "<p>a</p>", cut("<p>a</p><img src=x>", 15, true), "not inside a tag")
	require.Equal(t, "a", cut("a&amp;b", 4, true), "not inside an entity")
	long := strings.Repeat("日本語 ", 40_000)
	require.LessOrEqual(t, len(cut(long, maxText, true)), maxText)
	require.True(t, utf8.ValidString(cut(long, maxText, true)))
}

func TestPlaceInlineImages(t *testing.T) {
	m := &Message{
		HTML: `<img src="cid:a@x"><img src='CID:b%40x'><a href=acid:a@x><img src=cid:gone>`,
		Files: []Attachment{
			{ContentID: "a@x", Upload: &Upload{URL: "https://z/a?x=1&y=2"}},
			{ContentID: "b@x", Upload: &Upload{URL: "https://z/b"}},
		},
	}
	require.Equal(t, `<img src="https://z/a?x=1&amp;y=2"><img src='https://z/b'><a href=acid:a@x><img src=cid:gone>`, m.place(m.HTML))
}

func TestCommentIsSafeForZendesk(t *testing.T) {
	m := &Message{Text: "Dear {{ticket.requester.name}} {{{x}}}"}
	require.NotContains(t, m.comment(), "{{")
	m = &Message{}
	require.Contains(t, m.comment(), "has no text", "Zendesk refuses an empty comment")
	m = &Message{Text: "x", Files: []Attachment{{Name: "<evil>{{x}}.exe", Bytes: 3 << 20, Refused: "type not allowed"}}}
	require.Contains(t, m.comment(), "&lt;evil&gt;{\u2060{x}}.exe (3 MB): type not allowed")
	m = &Message{HTML: "<p>" + strings.Repeat("long ", 20_000) + "</p>"}
	require.True(t, m.tooLong())
	require.LessOrEqual(t, len(m.comment()), 64<<10)
	for range 1000 {
		m.Files = append(m.Files, Attachment{Name: strings.Repeat("n", 200), Refused: "no"})
	}
	require.LessOrEqual(t, len(m.comment()), 64<<10)
}

func TestRequester(t *testing.T) {
	from := Address{Address: "from@x.example"}
	m := &Message{From: from}
	require.Equal(t, from, m.Requester("support@x.example"))
	m.ReplyTo = []Address{{Address: "not an address"}, {Address: "Support@x.example"}}
	require.Equal(t, from, m.Requester("support@x.example"), "neither nonsense nor the mailbox itself")
	m.ReplyTo = append(m.ReplyTo, Address{Name: "R", Address: "reply@x.example"})
	require.Equal(t, "reply@x.example", m.Requester("support@x.example").Address)
}

func TestCopied(t *testing.T) {
	m := &Message{
		To: []Address{{Address: "Support@x.example"}, {Address: "a@y.example"}, {Address: "A@Y.example"}},
		CC: []Address{{Address: "req@y.example"}, {Address: "bad address"}, {Address: "root@localhost"}, {Address: `"q"@y.example`}, {Name: "B", Address: "b@y.example"}},
	}
	require.Equal(t, []Address{{Address: "a@y.example"}, {Name: "B", Address: "b@y.example"}}, m.copied("support@x.example", "req@y.example"))
	for i := range 100 {
		m.CC = append(m.CC, Address{Address: strings.Repeat("x", i%60+1) + "@z" + string(rune('a'+i%26)) + ".example"})
	}
	require.Len(t, m.copied("support@x.example", ""), maxCCs)
}

func TestPlausible(t *testing.T) {
	for _, good := range []string{"a@b.example", "first.last+tag@sub.b-c.example", "o'neil`s@b.example", "a@xn--bcher-kva.example"} {
		require.True(t, plausible(good), good)
	}
	for _, bad := range []string{"", "a", "a@b", "@b.example", "a@", "a b@c.example", "a@@b.example", "a@-b.example", "ä@b.example",
		"a@b..example", "a@[127.0.0.1]", "a@b.example\r\nBcc: c@d.example", strings.Repeat("a", 65) + "@b.example"} {
		require.False(t, plausible(bad), bad)
	}
}

func TestDigest(t *testing.T) {
	m := Message{From: Address{Address: "A@b.example"}, Subject: "Hello  there", Text: "one\n two"}
	same := Message{From: Address{Address: "a@B.example", Name: "other"}, Subject: " Hello there", Text: "one two \u00a0"}
	require.Equal(t, m.Digest(), same.Digest())
	for _, other := range []Message{
		{From: m.From, Subject: m.Subject, Text: "one three"},
		{From: m.From, Subject: "Hello", Text: m.Text},
		{From: Address{Address: "x@b.example"}, Subject: m.Subject, Text: m.Text},
	} {
		require.NotEqual(t, m.Digest(), other.Digest())
	}
	require.Len(t, m.Digest(), 32)
}
