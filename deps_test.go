package exdesk_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// deps lists what a package is built of, itself included.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Fields(string(out))
}

// The root knows no adapter, an adapter no fake, a fake no adapter, and
// nobody who imports the library gets its tests' tools.
func TestDependencies(t *testing.T) {
	t.Parallel()
	const root = "github.com/exdesk/exdesk"
	for pkg, banned := range map[string][]string{
		root:                          {root + "/graph", root + "/zendesk", "net/http"},
		root + "/graph":               {root + "/graph/graphtest", root + "/zendesk"},
		root + "/zendesk":             {root + "/zendesk/zendesktest", root + "/graph"},
		root + "/tokens":              {root + "/zendesk", root + "/graph"},
		root + "/entra":               {root + "/zendesk", root + "/graph"},
		root + "/graph/graphtest":     {root, root + "/graph"},
		root + "/zendesk/zendesktest": {root, root + "/zendesk"},
		root + "/internal/eml":        {root},
		root + "/examples/quickstart": nil,
		root + "/examples/sandbox":    nil,
		root + "/examples/webhook":    nil,
	} {
		got := deps(t, pkg)
		for _, b := range append(banned, "testing", "net/http/httptest", "github.com/stretchr/testify/require", root+"/internal/memnet") {
			require.False(t, slices.Contains(got, b), "%s imports %s", pkg, b)
		}
	}
}

// TestMinimal: what a program links that makes tickets of mail with this library
// is known. Another module, or a package that brings many, is decided on here; see
// the build rows of bench for what each costs whoever imports us.
func TestMinimal(t *testing.T) {
	t.Parallel()
	const root = "github.com/exdesk/exdesk"
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}} {{.ImportPath}}",
		root, root + "/entra", root + "/graph", root + "/tokens", root + "/zendesk"}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	packages := map[string][]string{} // by module, "" is the standard library's
	for line := range strings.Lines(string(out)) {
		module, pkg, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		packages[module] = append(packages[module], pkg)
	}
	delete(packages, "")
	require.ElementsMatch(t, []string{
		root, "github.com/emersion/go-message", "golang.org/x/oauth2", "golang.org/x/text", "golang.org/x/time",
	}, slices.Collect(maps.Keys(packages)))
	require.LessOrEqual(t, len(packages[root]), 14, "%s", packages[root])
	require.LessOrEqual(t, len(packages["golang.org/x/text"]), 14, "%s", packages["golang.org/x/text"])

	listed, err := exec.CommandContext(t.Context(), "go", "list", "-m", "all").Output()
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(listed), "\n")+1, 20, "with the importer's own")
}
