package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// A module is what is pinned, and each change of its program is another one.
func TestModule(t *testing.T) {
	t.Chdir("../..")
	m, err := newModule(programs[0])
	require.NoError(t, err)
	defer m.remove()
	text, err := os.ReadFile(filepath.Join(m.path, "go.mod"))
	require.NoError(t, err)
	require.Contains(t, string(text), "require github.com/exdesk/exdesk v0.0.0-")
	require.NotContains(t, string(text), "msgraph")

	seen := map[string]bool{}
	for n := range 3 {
		require.NoError(t, m.change(n))
		source, err := os.ReadFile(filepath.Join(m.path, "main.go"))
		require.NoError(t, err)
		seen[string(source)] = true
	}
	require.Len(t, seen, 3)
	for _, p := range programs { // those too that are not built here
		require.NoError(t, (&module{program: p, path: t.TempDir()}).change(1), p.dir)
	}
	_, err = m.run("list", "-m", "nobody.example/has/this")
	require.ErrorContains(t, err, "go list -m nobody.example/has/this: exit status 1: ")
}

// What a process has that the command started is counted.
func TestWatch(t *testing.T) {
	u, err := watch(exec.Command("sh", "-c", "head -c 40000000 /dev/zero | tail -c 40000000 | wc -c; sleep 0.1"))
	require.NoError(t, err)
	require.Greater(t, u.Largest, int64(40_000_000), "tail keeps it all")
	require.GreaterOrEqual(t, u.All, u.Largest)
	require.Positive(t, u.CPU)
	require.GreaterOrEqual(t, u.Wall, u.CPU/8)

	_, err = watch(exec.Command("sh", "-c", "echo why >&2; exit 3"))
	require.ErrorContains(t, err, "exit status 3: why")
}

// What is slow is measured once in a run.
func TestRecall(t *testing.T) {
	t.Setenv(measure.Run, t.TempDir())
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv(measure.Run), "cold-sdk.json"), []byte(`{"CPU":3000000000,"Largest":7}`), 0o600))
	u, err := recall(program{dir: "sdk", slow: true})
	require.NoError(t, err)
	require.EqualValues(t, 7, u.Largest)
	require.InDelta(t, 3, u.CPU.Seconds(), 0)
}
