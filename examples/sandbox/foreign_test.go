package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// foreign is the sandbox as a process, for clients that others wrote.
type foreign struct {
	*testing.T
	said map[string]string
	env  []string
}

func newForeign(t *testing.T, program string, args ...string) *foreign {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-graph", "127.0.0.1:0", "-zendesk", "127.0.0.1:0", "-control", "127.0.0.1:0",
		"-tls", t.TempDir(), "-uploads", "localhost"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	f := &foreign{T: t, said: map[string]string{}}
	for _, pair := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(pair, "=")
		f.said[name] = value
		f.env = append(f.env, pair)
	}
	return f
}

// node runs tests in JavaScript; without names all that there are.
func (f *foreign) node(names ...string) {
	f.Helper()
	cmd := exec.CommandContext(f.Context(), "npm", append([]string{"test", "--silent", "--"}, names...)...)
	cmd.Dir, cmd.WaitDelay = "clients", time.Second
	cmd.Env = append(os.Environ(), append(f.env, "NODE_EXTRA_CA_CERTS="+f.said["EXDESK_CA"])...)
	out, err := cmd.CombinedOutput()
	require.NoError(f, err, "%s", out)
	f.Logf("%s", out)
}

// notes is what both servers wrote down about the clients.
func (f *foreign) notes() map[string]notes {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), http.MethodGet, f.said["EXDESK_CONTROL_URL"]+"/control/notes", nil)
	require.NoError(f, err)
	resp, err := trusting(f.T, f.said["EXDESK_CA"]).Do(req)
	require.NoError(f, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(f, err)
	var all map[string]notes
	require.NoError(f, json.Unmarshal(text, &all), "%s", text)
	return all
}

// installed tells whether the packages are there, and as the lock wants them.
func installed(t *testing.T) bool {
	t.Helper()
	lock, err := os.Stat(filepath.Join("clients", "package-lock.json"))
	require.NoError(t, err)
	have, err := os.Stat(filepath.Join("clients", "node_modules", ".package-lock.json"))
	return err == nil && !have.ModTime().Before(lock.ModTime())
}

// Microsoft's own client, its MSAL and node-zendesk do over HTTPS what people do
// with them. What they trip over is a fault of the fakes, and they ask for nothing
// that those do not know.
func TestForeignClients(t *testing.T) {
	if os.Getenv("EXDESK_NODE") != "1" {
		t.Skip("EXDESK_NODE is not 1: it wants Node.js 20.10 or newer, npm, and what package-lock.json names")
	}
	if !installed(t) {
		out, err := exec.CommandContext(t.Context(), "npm", "--prefix", "clients", "ci", "--no-audit", "--no-fund", "--ignore-scripts").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	scripts, err := filepath.Glob("clients/*.mjs")
	require.NoError(t, err)
	for _, name := range scripts {
		_, err := os.Stat(name) // so that go test runs again when one has changed
		require.NoError(t, err)
	}
	program := filepath.Join(t.TempDir(), "sandbox")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)

	t.Run("confidential", func(t *testing.T) {
		f := newForeign(t, program)
		f.node()
		require.Equal(t, map[string]notes{
			// Whether Outlook answers this is open; its pages do not tell of it.
			"graph": {Unknown: []string{"GET of an upload URL (see Options.UploadStatus)"}, Violations: []string{}},
			"zendesk": {
				Unknown:    []string{"query parameter binary of POST /api/v2/uploads"}, // node-zendesk's own
				Violations: []string{"POST /api/v2/tickets.json uses an idempotency key again with another body"},
			},
		}, f.notes())
	})
	t.Run("public", func(t *testing.T) {
		f := newForeign(t, program, "-public-client")
		f.node("device.test.mjs")
		for _, n := range f.notes() {
			require.Equal(t, notes{[]string{}, []string{}}, n)
		}
	})
}
