package automail

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// plainly is fold in the plainest words.
func plainly(s string) string {
	return strings.Join(strings.Fields(straight.Replace(strings.ToLower(norm.NFKC.String(straight.Replace(s))))), " ")
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"", " ", "Out  of\r\n\tOffice ", "`Re´: I’m away – back\u00a0soon", "ＡＢＣ ﬁne", "\u2028İstanbul\u0085ı", "a\xffb", "e\u0301 É", "K", "\v\f x \x1f",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, plainly(s), fold(s))
	})
}

func FuzzContainsAny(f *testing.F) {
	f.Add(strings.Repeat("nothing of that kind ", 20)+"ich bin nicht im büro ", "x")
	f.Add(strings.Repeat("ж", 200), "жж")
	f.Add(strings.Repeat("a", 101), "")
	f.Fuzz(func(t *testing.T, s, phrase string) {
		phrases := append([]string{phrase}, awayPhrases...)
		want := ""
		for _, p := range phrases {
			if s != "" && strings.Contains(s, p) {
				want = p
				break
			}
		}
		require.Equal(t, want, containsAny(s, phrases))
	})
}
