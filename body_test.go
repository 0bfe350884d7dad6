package exdesk

import (
	"html"
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
		{"<style><!-- p{} </style><p>call me back</p>", "call me back"},
		{"<script>if(a<b)x()</script>seen", "seen"},
		{"<title>a <b</title>seen", "seen"},
		{"<3 love you all", "<3 love you all"},
		{"<-- see the arrow", "<-- see the arrow"},
		{"<!-->hello", "hello"},
		{"<!--->hello", "hello"},
		{"<!-- x --!>hello", "hello"},
		{"seen<!-- never closed", "seen"},
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
	require.Equal(t, "short", cut("short", 10))
	require.Equal(t, "one two", cut("one two three", 10))
	require.Equal(t, "ö", cut("öö", 3), "not inside a character")
	require.Equal(t, "<p>a</p>", cutHTML("<p>a</p><img src=x>", 15), "not inside a tag")
	require.Equal(t, "ab", cutHTML(`ab<a title="1 > 0 yyy">c</a>`, 18), "nor in an attribute")
	require.Equal(t, "a", cutHTML("a&amp;b", 4), "not inside an entity")
	require.Equal(t, "1 < 2 ", cutHTML("1 < 2 < 3", 6))
	long := strings.Repeat("日本語 ", 40_000)
	require.LessOrEqual(t, len(cut(long, maxText)), maxText)
	require.True(t, utf8.ValidString(cut(long, maxText)))
}

func TestTidy(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<!DOCTYPE html><p>a</p><!-- c --><style>p{}</style>b", "<p>a</p>b"},
		{"a<!-- never closed <b>", "a"}, {"a<style>never closed", "a"}, {"a<a title=\"never closed", "a"},
		{"<![if !mso]><p>x</p><![endif]>", "<p>x</p>"}, {"1 < 2", "1 &lt; 2"}, {"", ""},
	} {
		require.Equal(t, c.want, tidy(c.in), "%s", c.in)
	}
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
	comment := func(m *Message) string {
		s, _ := m.comment()
		require.LessOrEqual(t, len(s), 64<<10)
		require.NotContains(t, html.UnescapeString(s), "{{")
		return s
	}
	comment(&Message{Text: "Dear {{ticket.requester.name}} {{{x}}}"})
	comment(&Message{HTML: "<p>&#123;&#123;ticket.id}} &lcub;&LCUB; {&#x07b;ticket.id}} &#0123&#123;</p>"})
	require.Contains(t, comment(&Message{}), "has no text", "Zendesk refuses an empty comment")
	require.NotContains(t, comment(&Message{HTML: "<p>&nbsp;</p>", Text: "seen"}), "has no text")
	m := &Message{Text: "x", Files: []Attachment{{Name: "<evil>{{x}}.exe", Bytes: 3 << 20, Refused: "type not allowed"}}}
	require.Contains(t, comment(m), "&lt;evil&gt;{\u2060{x}}.exe (3 MB): type not allowed")
	m = &Message{HTML: "<p>" + strings.Repeat("long ", 20_000) + "</p>"}
	_, long := m.comment()
	require.True(t, long)
	for range 1000 {
		m.Files = append(m.Files, Attachment{Name: strings.Repeat("{", 250), Refused: "no"})
	}
	comment(m)
	for _, s := range []string{"\t", "‹", "\"", "& ", "{", "<", "cid:a "} {
		comment(&Message{Text: strings.Repeat(s, 300_000/len(s))})
		comment(&Message{HTML: strings.Repeat(s, 300_000/len(s)), Files: []Attachment{{ContentID: "a", Upload: &Upload{URL: "https://acme.zendesk.com/attachments/token/x"}}}})
	}
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
	require.Equal(t, []Address{{Address: "a@y.example"}, {Name: "B", Address: "b@y.example"}}, m.copied([]string{"support@x.example"}, "req@y.example"))
	for i := range 100 {
		m.CC = append(m.CC, Address{Address: strings.Repeat("x", i%60+1) + "@z" + string(rune('a'+i%26)) + ".example"})
	}
	require.Len(t, m.copied([]string{"support@x.example"}, ""), maxCCs)
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

func TestSealedMailIsSaid(t *testing.T) {
	for _, c := range []struct{ name, kind, want string }{
		{"winmail.dat", "application/octet-stream", "winmail.dat is in a format of Outlook's own (TNEF)"},
		{"part-2.dat", "application/ms-tnef", "part-2.dat is in a format"},
		{"smime.p7m", "application/pkcs7-mime", "smime.p7m is the mail, signed or encrypted with S/MIME"},
		{"v.pgp", "application/pgp-encrypted", "encrypted with PGP"},
		{"a.pdf", "application/pdf", ""},
	} {
		m := &Message{Text: "Hello.", Files: []Attachment{{Name: c.name, Type: c.kind, Upload: &Upload{Token: "t"}}}}
		comment, _ := m.comment()
		if c.want == "" {
			require.Equal(t, "<div>Hello.</div>", comment)
			continue
		}
		require.Contains(t, comment, c.want)
		require.Contains(t, comment, "<hr><div>Hello.</div>")
	}
}
