package quoted

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzText holds Text to its promises: what it keeps is s, octet for octet, without
// one piece; and no answer is in that piece which stands over a quotation, between
// its lines or under it.
func FuzzText(f *testing.F) {
	for _, line := range attributions {
		f.Add("Hello\n\n" + line + "\n\n> Hi\n> there\n")
		f.Add("Hello\n" + line + "\n> Hi\n\nYes.\n-- \nBob")
	}
	for _, block := range blocks {
		f.Add("Hello\n\n-----Original Message-----\n" + block + "\n\nHi")
	}
	f.Add("Hello\n\n##- Please type your reply above this\nline -##\n[62X0VV-2436V]")
	f.Add(">>\r\n\xff>\u202b:\n> \ufeff")
	f.Fuzz(func(t *testing.T, s string) {
		kept, cut := Text(s)
		requireCut(t, s, kept, cut)
		answered(t, s)
		if cut == 0 {
			return
		}
		whole := kept == s[:len(s)-cut]
		for a := 0; a+cut <= len(s) && !whole; a++ {
			whole = kept == s[:a]+"\n\n"+s[a+cut:]
		}
		require.True(t, whole, "%q is not %q without %d octets", kept, s, cut)
		above := len(s)
		for i := range min(len(kept), len(s)) {
			if kept[i] != s[i] {
				above = i
				break
			}
		}
		require.True(t, says(s[:min(above, len(kept))]), "something is above")
		lines := make(map[string]bool)
		for l := range strings.SplitSeq(s, "\n") {
			lines[strings.TrimRight(l, " \t\r\u00a0")] = true
		}
		for l := range strings.SplitSeq(kept, "\n") {
			require.True(t, l == "" || lines[strings.TrimRight(l, " \t\r\u00a0")], "%q", l)
		}
	})
}

// answered writes an answer over, between and under the quoted lines of a mail, made
// of the words of s, and requires that all of it is kept.
func answered(t *testing.T, s string) {
	words := strings.FieldsFunc(s[:min(len(s), 300)], func(r rune) bool { return r < 'a' || r > 'z' })
	say := func(n int) string {
		return fmt.Sprintf("So %s it is %d.", strings.Join(words[n*len(words)/3:(n+1)*len(words)/3], " "), n)
	}
	all := slices.Sorted(maps.Values(attributions))
	line := all[len(s)%len(all)]
	mail := say(0) + "\n\n" + line + "\n> Hi\n> there\n"
	kept, _ := Text(mail)
	require.Contains(t, kept, say(0))
	kept, _ = Text(mail + "\n" + say(1) + "\n\n> More\n")
	require.Contains(t, kept, say(0))
	require.Contains(t, kept, say(1), "it is between")
	kept, _ = Text(mail + "\n" + say(2) + "\n")
	require.Contains(t, kept, say(0))
	require.Contains(t, kept, say(2), "it is under")
	kept, _ = HTML("<p>" + say(0) + "</p><div class=\"gmail_quote\"><div>" + line + "</div><blockquote class=\"gmail_quote\"><p>Hi</p></blockquote></div><p>" + say(2) + "</p>")
	require.Contains(t, kept, say(0))
	require.Contains(t, kept, say(2), "it is under")
}

// within reports whether a is what is left of b once octets were taken out.
func within(a, b string) bool {
	for ; a != "" && b != ""; b = b[1:] {
		if a[0] == b[0] {
			a = a[1:]
		}
	}
	return a == ""
}

// FuzzHTML does the same for HTML, of which kept has only the octets of s, in their
// order, and one line break. It stays as well formed as it was.
func FuzzHTML(f *testing.F) {
	for _, c := range pages {
		f.Add(strings.ReplaceAll(c.in, "%", "Hello"))
	}
	f.Add(`<p>Yes.<table><tr><td>> x<blockquote type=cite>a</table></blockquote><div class=moz-signature>-- <br>Bob`)
	f.Add("<pre>a\n\n> b\n> c\n> d</pre>-- ")
	f.Fuzz(func(t *testing.T, s string) {
		kept, cut := HTML(s)
		requireCut(t, s, kept, cut)
		if cut == 0 {
			return
		}
		if balanced(s) {
			require.True(t, balanced(kept), "%q", kept)
		}
		whole := within(kept, s)
		for at := 0; !whole; at++ {
			i := strings.Index(kept[at:], "<br>")
			require.GreaterOrEqual(t, i, 0, "%q is not within %q", kept, s)
			at += i
			whole = within(kept[:at]+kept[at+len("<br>"):], s)
		}
		all := words(s)
		for _, l := range htmlLines(kept) {
			require.Contains(t, all, squeeze(l.text))
		}
	})
}

// words is the text of a page in one line, without quote marks.
func words(s string) string {
	var b strings.Builder
	for _, l := range htmlLines(s) {
		b.WriteString(squeeze(l.text) + " ")
	}
	return b.String()
}

func requireCut(t *testing.T, s, kept string, cut int) {
	if cut == 0 {
		require.Equal(t, s, kept)
		return
	}
	require.Positive(t, cut)
	require.LessOrEqual(t, cut, len(s))
	require.Equal(t, utf8.ValidString(s), utf8.ValidString(kept) && utf8.ValidString(s))
}
