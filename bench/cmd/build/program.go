package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed exdesk/main.go sdk/main.go bare/main.go
var sources embed.FS

// program is a minimal program of somebody's.
type program struct {
	subject string
	dir     string // of its source
	needs   needs
	slow    bool // to be built from nothing
}

// needs says what the module of a program requires, in the versions that are
// pinned here.
type needs int

const (
	nothing needs = iota
	exdesk
	// peers is all that is pinned but exdesk, so that what it needs by detour has
	// been built for other measurements. What is too much is tidied away.
	peers
)

var programs = []program{
	{subject: "exdesk", dir: "exdesk", needs: exdesk},
	{subject: "SDK + enmime + go-zendesk", dir: "sdk", needs: peers, slow: true},
	{subject: "net/http, encoding/json: one page", dir: "bare"},
}

const root = "github.com/exdesk/exdesk"

// module is a program in a module of its own.
type module struct {
	program
	path string
	env  []string
}

// newModule makes a module as "go mod tidy" does. It needs the module cache, and
// what is not there from the network.
func newModule(p program) (*module, error) {
	pins, err := readPins()
	if err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp("", "exdesk-bench-")
	if err != nil {
		return nil, err
	}
	m := &module{program: p, path: path, env: append(os.Environ(), "GOWORK=off", "GOFLAGS=")}
	if err := m.fill(pins); err != nil {
		m.remove()
		return nil, err
	}
	return m, nil
}

func (m *module) fill(pins *pins) error {
	source, err := sources.ReadFile(m.dir + "/main.go")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.path, "main.go"), source, 0o600); err != nil {
		return err
	}
	text := "module importer.example/minimal\n\ngo " + pins.Go + "\n"
	for _, r := range pins.Require {
		if m.needs == exdesk && r.Path == root || m.needs == peers && r.Path != root {
			text += "\nrequire " + r.Path + " " + r.Version + "\n"
		}
	}
	if m.needs == exdesk {
		text += "\nreplace " + root + " => " + pins.checkout + "\n"
	}
	if err := os.WriteFile(filepath.Join(m.path, "go.mod"), []byte(text), 0o600); err != nil {
		return err
	}
	_, err = m.run("mod", "tidy")
	return err
}

// change changes one line of the program, each time to another one.
func (m *module) change(n int) error {
	const line = `log.SetPrefix("importer: ")`
	source, err := sources.ReadFile(m.dir + "/main.go")
	if err != nil {
		return err
	}
	changed := strings.Replace(string(source), line, fmt.Sprintf(`log.SetPrefix("importer %d of %d: ")`, n, os.Getpid()), 1)
	if changed == string(source) {
		return fmt.Errorf("%s/main.go has no line %s", m.dir, line)
	}
	return os.WriteFile(filepath.Join(m.path, "main.go"), []byte(changed), 0o600)
}

func (m *module) remove() { _ = os.RemoveAll(m.path) }

// run runs the go command, and returns what it prints.
func (m *module) run(args ...string) (string, error) {
	cmd := m.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}

func (m *module) command(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = m.path, m.env
	return cmd
}

// pins are the versions that this module pins.
type pins struct {
	Go       string
	Require  []pin
	checkout string // where exdesk is
}

type pin struct{ Path, Version string }

// readPins reads them in the directory of this module, where the driver runs.
func readPins() (*pins, error) {
	text, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		return nil, fmt.Errorf("go mod edit: %w; this program has to run in the directory bench", err)
	}
	p := new(pins)
	if err := json.Unmarshal(text, p); err != nil {
		return nil, err
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", root).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m %s: %w", root, err)
	}
	p.checkout = strings.TrimSpace(string(dir))
	return p, nil
}
