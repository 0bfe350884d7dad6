package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// change is a text in a file of Go's runtime, which is there once, and what
// stands in its place.
type change struct{ file, old, new string }

// steady takes chance out of the scheduler. Inside a bubble, Go shuffles timers
// that are due at one instant and the cases of a select; it begins each range
// over a map somewhere else, and takes the turn from who has it for 10 ms. Here
// all that follows from what the bubble did before.
var steady = []change{
	{"synctest.go",
		"	now     int64  // current fake time",
		"	now     int64  // current fake time\n	draws   uint64"},
	{"rand.go",
		"	if len(startupRand) >= 16 &&",
		"	if true {\n		seed[0] = 1\n	} else if len(startupRand) >= 16 &&"},
	{"rand.go",
		"func maps_rand() uint64 {\n",
		"func maps_rand() uint64 {\n	if b := getg().bubble; b != nil {\n		return b.draw()\n	}\n"},
	{"rand.go",
		"// mrandinit initializes the random state of an m.\n",
		`//go:nosplit
func (b *synctestBubble) draw() uint64 { // SplitMix64
	b.draws += 0x9e3779b97f4a7c15
	z := b.draws
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

//go:nosplit
func bubbleRand() uint32 {
	if b := getg().bubble; b != nil {
		return uint32(b.draw())
	}
	return cheaprand()
}

`},
	{"select.go", "j := cheaprandn(uint32(norder + 1))", "j := bubbleRand() % uint32(norder+1)"},
	{"time.go", "t.rand = cheaprand()", "t.rand = bubbleRand()"},
	{"proc.go", "const forcePreemptNS = 10 * 1000 * 1000", "const forcePreemptNS = 3600 * 1000 * 1000 * 1000"},
}

// writeOverlay writes an overlay for go build into dir: that of a file, if it is
// named, and a runtime without chance. A runtime that is not the one known here is
// left as it is, and said to be.
func writeOverlay(dir, of string) (string, error) {
	var overlay struct{ Replace map[string]string }
	if of != "" {
		data, err := os.ReadFile(of)
		if err == nil {
			err = json.Unmarshal(data, &overlay)
		}
		if err != nil {
			return "", fmt.Errorf("the overlay: %w", err)
		}
	}
	if overlay.Replace == nil {
		overlay.Replace = make(map[string]string)
	}
	files, err := steadyRuntime()
	if err != nil {
		fmt.Fprintf(os.Stderr, "sim: %v: what wakes at one instant wakes in any order, and some cells may differ when they are run again\n", err)
	}
	for path, text := range files {
		changed := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[path] = changed
	}
	data, _ := json.Marshal(overlay)
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, data, 0o600)
}

// steadyRuntime returns the files of the runtime that are changed.
func steadyRuntime() (map[string]string, error) {
	root, err := goroot()
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, c := range steady {
		path := filepath.Join(root, "src", "runtime", c.file)
		text, ok := files[path]
		if !ok {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			text = string(data)
		}
		if strings.Count(text, c.old) != 1 {
			return nil, fmt.Errorf("the runtime of %s is not as it is known here (%s)", runtime.Version(), c.file)
		}
		files[path] = strings.Replace(text, c.old, c.new, 1)
	}
	return files, nil
}

// goroot is where the go command has its sources.
func goroot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
