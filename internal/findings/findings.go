// Package findings is for tests of those who examine themselves: the two adapters.
package findings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// Require asserts that each of want is there, all its words in order, and
// that nothing else is a Failure.
func Require(t *testing.T, found []exdesk.Finding, want []string) {
	t.Helper()
	lines := make([]string, len(found))
	failures := 0
	for i, f := range found {
		lines[i] = fmt.Sprintf("%s %s: %s: %s", f.Severity, f.Subject, f.What, f.Do)
		if f.Severity == exdesk.Failure {
			failures++
			require.NotEmpty(t, f.Do, lines[i])
		}
	}
	for _, w := range want {
		if strings.HasPrefix(w, "failure") {
			failures--
		}
		begin, words, _ := strings.Cut(w, ": ")
		begin = strings.TrimSuffix(begin, ":") + ": "
		require.True(t, slices.ContainsFunc(lines, func(line string) bool {
			rest, ok := strings.CutPrefix(line, begin)
			for _, word := range strings.Split(words, ": ") {
				_, after, is := strings.Cut(rest, word)
				rest, ok = after, ok && is
			}
			return ok
		}), "%s\nis not among\n%s", w, strings.Join(lines, "\n"))
	}
	require.Zero(t, failures, strings.Join(lines, "\n"))
}
