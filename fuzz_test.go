package exdesk_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// checkText requires that a text can stand in a log: it is one line, and not
// without an end.
func checkText(t *testing.T, s string, most int) {
	t.Helper()
	require.LessOrEqual(t, len(s), most, "%.200q", s)
	require.True(t, utf8.ValidString(s), "%q", s)
	require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
}
