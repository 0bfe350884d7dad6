package exdesk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
	citedTest    = regexp.MustCompile("^`([\\w/]+): ((?:Test|Fuzz)\\w+)`$")
	// position is one from which somebody attacks.
	position = regexp.MustCompile(`^## \(([a-z])\) `)
)

// declaredTests are the tests in the tree: as exdesk: TestRelay, or
// internal/eml: TestLimits.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	require.NoError(t, filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if pkg == "." {
			pkg = "exdesk"
		}
		for _, m := range declaredTest.FindAllSubmatch(text, -1) {
			all[pkg+": "+string(m[1])] = true
		}
		return nil
	}))
	return all
}

// readAttacks reads the tables of docs/attacks.md: how many attacks there are from
// each position, and what is wrong with them.
func readAttacks(text string, tests map[string]bool) (attacks map[string]int, wrong []string) {
	attacks = make(map[string]int)
	at, seen := "", make(map[string]bool)
	for i, line := range strings.Split(text, "\n") {
		complain := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("line %d: ", i+1)+fmt.Sprintf(format, args...))
		}
		if strings.HasPrefix(line, "## ") {
			at = ""
			if m := position.FindStringSubmatch(line); m != nil {
				at = m[1]
				attacks[at] = 0
			}
			continue
		}
		if at == "" || !strings.HasPrefix(line, "|") || line == "| attack | what happens instead | test |" || line == "|---|---|---|" {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 3 {
			complain("%d cells", len(cells))
			continue
		}
		for j, c := range cells {
			if cells[j] = strings.TrimSpace(c); cells[j] == "" {
				complain("cell %d is empty", j+1)
			}
		}
		if seen[cells[0]] {
			complain("%q is there twice", cells[0])
		}
		seen[cells[0]] = true
		attacks[at]++
		for _, cited := range strings.Split(cells[2], ", ") {
			m := citedTest.FindStringSubmatch(cited)
			if m == nil {
				complain("%q is no test", cited)
			} else if name := m[1] + ": " + m[2]; !tests[name] {
				complain("there is no %s", name)
			}
		}
	}
	for p, n := range attacks {
		if n == 0 {
			wrong = append(wrong, "nothing from position "+p)
		}
	}
	return attacks, wrong
}

// Every attack that docs/attacks.md tells of has a test, which exists.
func TestAttacksHaveTests(t *testing.T) {
	t.Parallel()
	tests := declaredTests(t)
	text, err := os.ReadFile("docs/attacks.md")
	require.NoError(t, err)
	attacks, wrong := readAttacks(string(text), tests)
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
	require.Len(t, attacks, 7)

	const head = "## (a) Mail\n| attack | what happens instead | test |\n|---|---|---|\n"
	const good = "| x | y | `exdesk: TestAttacksHaveTests` |\n"
	_, wrong = readAttacks(head+good, tests)
	require.Empty(t, wrong)
	for _, rows := range []string{"", good + good, "| x | y | |\n", "| x | y |\n", "| x | | `exdesk: TestAttacksHaveTests` |\n", "| x | y | `TestAttacksHaveTests` |\n",
		"| x | y | `exdesk: TestNothingOfThatName` |\n", "| x | y | `graph: TestAttacksHaveTests` |\n", "| x | y | `exdesk: TestAttacksHaveTests` and more |\n"} {
		_, wrong = readAttacks(head+rows, tests)
		require.NotEmpty(t, wrong, "%q", rows)
	}
}
