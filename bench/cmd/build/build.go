package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// cold builds a program with an empty build cache. What it needs has been
// downloaded.
func cold(p program, r *measure.Report) error {
	u, err := recall(p)
	if err != nil {
		return err
	}
	r.Add("build/cold, CPU", "s CPU", u.CPU.Seconds())
	r.Add("build/cold, wall", "s", u.Wall.Seconds())
	r.Add("build/cold, largest process", "MiB", measure.MiB(u.Largest))
	r.Add("build/cold, all processes", "MiB", measure.MiB(u.All))
	return nil
}

func recall(p program) (*usage, error) {
	dir := os.Getenv(measure.Run)
	if !p.slow || dir == "" {
		return buildCold(p)
	}
	kept := filepath.Join(dir, "cold-"+p.dir+".json")
	u := new(usage)
	if text, err := os.ReadFile(kept); err == nil && json.Unmarshal(text, u) == nil {
		return u, nil
	}
	u, err := buildCold(p)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(u)
	if err != nil {
		return nil, err
	}
	return u, os.WriteFile(kept, text, 0o600)
}

func buildCold(p program) (*usage, error) {
	m, err := newModule(p)
	if err != nil {
		return nil, err
	}
	defer m.remove()
	m.env = append(m.env, "GOCACHE="+filepath.Join(m.path, ".cache"))
	return watch(m.command("build", "-o", "program"))
}

// warm builds a program again after a line of it was changed, with the build
// cache of who runs this.
func warm(p program, r *measure.Report) error {
	m, err := newModule(p)
	if err != nil {
		return err
	}
	defer m.remove()
	if _, err := m.run("build", "-o", "program"); err != nil {
		return err
	}
	var all []*usage
	for n := range measure.Times(5, 1) {
		if err := m.change(n); err != nil {
			return err
		}
		u, err := watch(m.command("build", "-o", "program"))
		if err != nil {
			return err
		}
		all = append(all, u)
	}
	u := median(all)
	r.Add("build/warm, CPU", "s CPU", u.CPU.Seconds())
	r.Add("build/warm, wall", "s", u.Wall.Seconds())
	r.Add("build/warm, largest process", "MiB", measure.MiB(u.Largest))
	return nil
}

// median takes each figure by itself.
func median(all []*usage) *usage {
	of := func(get func(*usage) int64) int64 {
		var list []int64
		for _, u := range all {
			list = append(list, get(u))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	return &usage{
		CPU:     time.Duration(of(func(u *usage) int64 { return int64(u.CPU) })),
		Wall:    time.Duration(of(func(u *usage) int64 { return int64(u.Wall) })),
		Largest: of(func(u *usage) int64 { return u.Largest }),
		All:     of(func(u *usage) int64 { return u.All }),
	}
}

// made tells what a program is made of.
func made(p program, r *measure.Report) error {
	m, err := newModule(p)
	if err != nil {
		return err
	}
	defer m.remove()
	for _, b := range []struct {
		row   string
		flags []string
	}{
		{"build/binary", nil},
		{"build/binary, stripped", []string{"-ldflags=-s -w"}},
	} {
		if _, err := m.run(append([]string{"build", "-o", "program"}, b.flags...)...); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(m.path, "program"))
		if err != nil {
			return err
		}
		r.Add(b.row, "MB", float64(info.Size())/1e6)
	}
	version, err := m.run("version", "-m", "program")
	if err != nil {
		return err
	}
	if !strings.Contains(version, "\tmod\timporter.example/minimal\t") {
		return fmt.Errorf("go version -m: the program names no module of its own:\n%s", version)
	}
	listed, err := m.run("list", "-m", "all")
	if err != nil {
		return err
	}
	packages, err := m.run("list", "-deps", ".")
	if err != nil {
		return err
	}
	// Each with the program's own.
	r.Add("build/modules, go list -m all", "modules", float64(strings.Count(listed, "\n")))
	r.Add("build/modules, go version -m", "modules", float64(1+strings.Count(version, "\tdep\t")))
	r.Add("build/packages, go list -deps", "packages", float64(strings.Count(packages, "\n")))
	return nil
}
