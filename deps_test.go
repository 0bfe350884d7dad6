package exdesk_test

import (
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
