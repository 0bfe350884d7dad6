package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// serversArea is the one directory below cmd that measures nothing.
const serversArea = "servers"

// programs are the subject programs, built.
type programs struct {
	dir   string // where they are
	areas []string
}

// group is one measure and all who are measured by it.
type group struct {
	name     string
	subjects []subject
}

type subject struct {
	name, area string
}

// build builds all programs into a temporary directory.
func build(ctx context.Context, s *settings, p *progress) (*programs, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "cmd"))
	if err != nil {
		return nil, fmt.Errorf("this is not the bench module, use go -C bench run ./run: %w", err)
	}
	tmp, err := os.MkdirTemp("", "exdesk-bench-")
	if err != nil {
		return nil, err
	}
	out := &programs{dir: tmp}
	for _, e := range entries {
		area := e.Name()
		if !e.IsDir() || s.areas != nil && area != serversArea && !s.areas.MatchString(area) {
			continue
		}
		p.say("building %s", area)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(tmp, area), "./cmd/"+area)
		cmd.Dir = s.dir
		if text, err := cmd.CombinedOutput(); err != nil {
			out.remove()
			return nil, fmt.Errorf("building %s: %w\n%s", area, err, bytes.TrimSpace(text))
		}
		if area != serversArea {
			out.areas = append(out.areas, area)
		}
	}
	return out, nil
}

func (p *programs) remove() { _ = os.RemoveAll(p.dir) }

func (p *programs) path(area string) string { return filepath.Join(p.dir, area) }

// measures asks the programs what they can measure. Those of one name belong
// together, from whatever program; exdesk is the first of each.
func (p *programs) measures(ctx context.Context, s *settings) ([]*group, error) {
	var groups []*group
	byName := make(map[string]*group)
	for _, area := range p.areas {
		list := exec.CommandContext(ctx, p.path(area), "list")
		list.Env = environment("", p.dir, s.quick)
		out, err := output(list)
		if err != nil {
			return nil, fmt.Errorf("%s list: %w", area, err)
		}
		pairs, err := decode[measure.Pair](out)
		if err != nil {
			return nil, fmt.Errorf("%s list: %w", area, err)
		}
		for _, pair := range pairs {
			if s.only != nil && !s.only.MatchString(pair.Measure) {
				continue
			}
			g := byName[pair.Measure]
			if g == nil {
				g = &group{name: pair.Measure}
				groups, byName[pair.Measure] = append(groups, g), g
			}
			g.subjects = append(g.subjects, subject{pair.Subject, area})
		}
	}
	if len(groups) == 0 {
		return nil, errors.New("nothing matches")
	}
	for _, g := range groups {
		slices.SortStableFunc(g.subjects, func(a, b subject) int {
			switch {
			case a.name == b.name:
				return 0
			case a.name == measure.Exdesk:
				return -1
			case b.name == measure.Exdesk:
				return 1
			}
			return 0
		})
	}
	return groups, nil
}

// longest is how long one measurement may take: a cold build of the SDK is the
// longest of them.
const longest = 30 * time.Minute

// measure makes one measurement beside services of its own.
func (p *programs) measure(ctx context.Context, name string, s subject, quick bool) ([]measure.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	url, stop, err := startServers(ctx, p.path(serversArea))
	if err != nil {
		return nil, err
	}
	defer stop()
	cmd := exec.CommandContext(ctx, p.path(s.area), "run", name, s.name)
	cmd.Env = environment(url, p.dir, quick)
	out, err := output(cmd)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", name, s.name, err)
	}
	lines, err := decode[measure.Line](out)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", name, s.name, err)
	}
	for i, l := range lines {
		if l.Row == "" || l.Unit == "" || l.Subject != s.name {
			return nil, fmt.Errorf("%s of %s: a line has row %q, subject %q, unit %q", name, s.name, l.Row, l.Subject, l.Unit)
		}
		if !strings.Contains(l.Row, "/") {
			lines[i].Row = s.area + "/" + l.Row // it is of the program's own area
		}
	}
	return lines, nil
}

// output runs a command; what it says on standard error is in the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// decode reads one JSON value a line.
func decode[T any](b []byte) ([]T, error) {
	var list []T
	for line := range bytes.Lines(b) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("it printed %q: %w", bytes.TrimSpace(line), err)
		}
		list = append(list, v)
	}
	return list, nil
}
