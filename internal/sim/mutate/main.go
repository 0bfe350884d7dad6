// Mutate shows that the simulation can fail: it breaks the protocol in ways that
// were thought of beforehand, one at a time, and tells how many mails the simulation
// needed to find each. It changes no file: the broken ones are in an overlay.
//
//	go run ./internal/sim/mutate
//
// It exits with 1 if one is not found.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/sim"
)

func main() {
	only := flag.String("run", "", "only those whose name holds this text")
	mails := flag.Int("mails", 20_000, "after how many mails to give up")
	flag.Parse()
	missed := 0
	for _, m := range mutations {
		if !strings.Contains(m.name, *only) {
			continue
		}
		begun := time.Now()
		r, why, err := find(m, *mails)
		switch {
		case err != nil:
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", m.name, err)
			os.Exit(2)
		case r.Violations == 0:
			missed++
			fmt.Printf("%-40s NOT FOUND in %d mails and %d notifications\n", m.name, r.Mails, r.Notifications)
		default:
			fmt.Printf("%-40s found after %5d mails, %4d notifications, %5s: %s\n", m.name, r.Mails, r.Notifications, time.Since(begun).Round(time.Second), why)
		}
	}
	if missed > 0 {
		os.Exit(1)
	}
}

// find runs the simulation on a broken product until it finds something.
func find(m mutation, mails int) (*sim.Result, string, error) {
	dir, err := os.MkdirTemp("", "exdesk-mutate")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, "", fmt.Errorf("where the module is: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(m.file))
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return nil, "", fmt.Errorf("what is to be broken is in %s %d times, not once", m.file, n)
	}
	broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return nil, "", err
	}
	data, _ := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		return nil, "", err
	}
	cmd := exec.Command("go", "run", "github.com/exdesk/exdesk/internal/sim/run", "-stop", "-overlay", overlay, "-mails", fmt.Sprint(mails))
	var said strings.Builder
	cmd.Stderr = &said
	out, err = cmd.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var r sim.Result
	if json.Unmarshal([]byte(lines[len(lines)-1]), &r) != nil {
		return nil, "", fmt.Errorf("the simulation: %w: %s", err, said.String())
	}
	why := ""
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "seed ") {
			why = strings.TrimSpace(line)
			break
		}
	}
	return &r, why, nil
}
