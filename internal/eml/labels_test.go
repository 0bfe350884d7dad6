package eml

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestLabels: a label means what the Encoding Standard says, or else IANA,
// unless a superset or what mailers mean by it is better; and every charset that
// there is has one.
func TestLabels(t *testing.T) {
	t.Parallel()
	better := map[encoding.Encoding][]encoding.Encoding{
		simplifiedchinese.GBK: {simplifiedchinese.GB18030},
		encoding.Replacement:  {simplifiedchinese.HZGB2312, shifted{korean.EUCKR}, shifted{simplifiedchinese.GB18030}},
		charmap.ISO8859_1:     {charmap.Windows1252},
		charmap.ISO8859_9:     {charmap.Windows1254},
	}
	known := 0
	for name, got := range labels() {
		require.Equal(t, strings.ToLower(name), name)
		want, err := htmlindex.Get(name)
		if err != nil {
			want, err = ianaindex.IANA.Encoding(name)
		}
		if err != nil || want == nil {
			continue // a mailer's
		}
		known++
		require.True(t, got == want || slices.Contains(better[want], got), "%s is %v, not %v", name, got, want)
	}
	require.Greater(t, known, 280)

	for _, e := range slices.Concat(charmap.All, japanese.All, korean.All, simplifiedchinese.All, traditionalchinese.All) {
		name, err := htmlindex.Name(e)
		if err != nil {
			name, err = ianaindex.IANA.Name(e)
		}
		if err != nil {
			continue // nothing to call it by
		}
		got, f := lookup(name)
		want := e
		if b := better[e]; b != nil {
			want = b[0]
		}
		require.True(t, got == want, "%s is %v, not %v", name, got, want)
		require.NotEqual(t, familyNone, f, name)
	}
	for label := range asciiLabels { // of which none is a charset's
		e, f := lookup(label)
		require.Nil(t, e)
		require.Equal(t, familyNone, f)
	}
}
