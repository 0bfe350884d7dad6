package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// foreign is a subject in another language, for comparison. It is a program that
// is given a file and how often to read it, and prints a reading.
type foreign struct {
	name    string
	program string // with which the script runs
	script  string
	dir     string // where it runs: in that of its modules
}

// reading is what the program of a foreign prints: CPU is of one reading, in µs,
// once it is warm, and Peak of the whole process over what it had before.
type reading struct {
	Leaves int     `json:"leaves"`
	CPU    float64 `json:"cpu"`
	Peak   float64 `json:"peak"` // MiB
}

var (
	//go:embed read.mjs
	nodeScript string
	//go:embed read.py
	pythonScript string
)

// modules are those of the scripts for Node.
var modules = []string{"mailparser@3.14.2", "postal-mime@4.0.0"}

// foreigns are those that can run here. What is not installed and not to be had is
// left out.
func foreigns() (list []foreign) {
	if node, err := exec.LookPath("node"); err == nil {
		if dir, err := install(); err == nil {
			for _, name := range []string{"mailparser", "postal-mime"} {
				list = append(list, foreign{name + " (Node)", node, "const parser = " + strconv.Quote(name) + "\n" + nodeScript, dir})
			}
		}
	}
	if python, err := exec.LookPath("python3"); err == nil {
		list = append(list, foreign{"email (Python)", python, pythonScript, ""})
	}
	return list
}

// install returns the folder with the modules, which the first call fetches.
func install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "exdesk-bench", "node")
	done := true
	for _, m := range []string{"mailparser", "postal-mime"} {
		_, err := os.Stat(filepath.Join(dir, "node_modules", m, "package.json"))
		done = done && err == nil
	}
	if done {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	args := append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", "--prefix", dir}, modules...)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return dir, exec.CommandContext(ctx, "npm", args...).Run()
}

func (c foreign) run(r *measure.Report, m sample) error {
	file, err := inFile(m.name)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	ending := ".py"
	if c.dir != "" {
		ending = ".mjs"
	}
	script := filepath.Join(filepath.Dir(file), "read"+ending)
	if err := os.WriteFile(script, []byte(c.script), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(c.program, script, file, strconv.Itoa(max(3, repetitions(int(info.Size()), 0)/20)))
	cmd.Dir, cmd.Stderr = c.dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var got reading
	if err := json.Unmarshal(out, &got); err != nil {
		return fmt.Errorf("%s printed %q: %w", c.name, out, err)
	}
	if got.Leaves == 0 {
		return errors.New("nothing was found")
	}
	report(r, m.name, time.Duration(got.CPU*float64(time.Microsecond)), int(info.Size()))
	r.Add("mime/"+m.name+", peak over the bare process", "MiB", got.Peak)
	return nil
}
