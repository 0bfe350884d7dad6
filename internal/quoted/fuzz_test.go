package quoted

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzText holds Text to its promises: what it keeps is in s, as it is there.
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
		if cut == 0 {
			return
		}
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

// FuzzHTML does the same for HTML, which also stays as well formed as it was.
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
