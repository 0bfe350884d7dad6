package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is where and with what it was measured.
type machine struct {
	cpu, memory, system string
	go_                 string
	peers               []string // with their versions
	when                time.Time
	rounds              int
	quick               bool
}

// notPeers are requirements of the bench module that nobody is compared with.
var notPeers = []string{"github.com/exdesk/exdesk", "github.com/stretchr/testify", "golang.org/x/oauth2"}

func thisMachine(ctx context.Context, dir string) (*machine, error) {
	m := &machine{
		cpu:    cmp.Or(field("/proc/cpuinfo", "model name"), runtime.GOARCH),
		system: runtime.GOOS, go_: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, when: time.Now().UTC(),
	}
	m.cpu = fmt.Sprintf("%d × %s", runtime.NumCPU(), m.cpu)
	var kb float64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%f kB", &kb); err == nil {
		m.memory = fmt.Sprintf("%.0f GiB", kb/(1<<20))
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.system = "Linux " + strings.TrimSpace(string(b))
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{if not .Indirect}}{{.Path}} {{.Version}}{{end}}", "all")
	list.Dir = dir
	out, err := output(list)
	if err != nil {
		return nil, fmt.Errorf("the versions of the peers: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		path, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && version != "" && !slices.Contains(notPeers, path) {
			m.peers = append(m.peers, path+" "+version)
		}
	}
	// Others are context, where they are installed.
	for _, other := range [][]string{{"node", "--version"}, {"python3", "--version"}} {
		if out, err := exec.CommandContext(ctx, other[0], other[1:]...).Output(); err == nil {
			name, version := "Node", strings.TrimSpace(string(out))
			if other[0] != "node" {
				name, version, _ = strings.Cut(version, " ")
			}
			m.peers = append(m.peers, name+" "+strings.TrimPrefix(version, "v"))
		}
	}
	return m, nil
}

// field reads one field of a file of /proc.
func field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		if key, v, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// line says it in a sentence.
func (m *machine) line() string {
	rounds := fmt.Sprintf("%d rounds", m.rounds)
	if m.rounds == 1 {
		rounds = "1 round"
	}
	if m.quick {
		rounds += " with fewer repetitions (-quick)"
	}
	parts := []string{m.when.Format(time.DateOnly), m.cpu}
	if m.memory != "" {
		parts = append(parts, m.memory)
	}
	return strings.Join(append(parts, m.system, m.go_, rounds), ", ")
}
