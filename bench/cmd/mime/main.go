// Command mime measures how mail is read: what a message costs in CPU and
// allocations, and how much memory a process needs over what it has before, with
// the message in a file. A message is read once each leaf is decoded.
//
// A subject is measured with a message only if it finds what is in it: the number
// of its octets may differ by a twentieth, since texts are converted.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/samples"
)

// sample is a message that is read.
type sample struct {
	name string
	make func() []byte
	// small makes one of the kind that shows who is able to read it; nil where all
	// are.
	small func() []byte
}

// sizes are those of the samples, in octets.
var sizes = map[string]int{"3KB": 3 << 10, "60KB": 60 << 10, "5MB": 5 << 20, "50MB": 50 << 20}

// mails lists all of them: the samples, then hostile mails of their sizes, then
// those that are hostile in one way only.
func mails() (list []sample) {
	for _, size := range samples.Names {
		list = append(list, sample{size, func() []byte { return samples.Mail(size, 1, samples.Epoch) }, nil})
	}
	add := func(way, size string) {
		list = append(list, sample{way + " " + size, func() []byte { return hostile[way](sizes[size]) }, func() []byte { return hostile[way](sizes["60KB"]) }})
	}
	for _, size := range samples.Names {
		add("hostile", size)
	}
	var ways []string
	for way := range hostile {
		if way != "hostile" {
			ways = append(ways, way)
		}
	}
	slices.Sort(ways)
	for _, way := range ways {
		add(way, "5MB")
	}
	return list
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "write" {
		if err := write(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	measure.Main(measurements(len(os.Args) > 1 && os.Args[1] == "list")...)
}

// write writes a message into a file. It is done by a process of its own, whose
// memory is not counted.
func write(name, file string) error {
	for _, m := range mails() {
		if m.name == name {
			return os.WriteFile(file, m.make(), 0o600)
		}
	}
	return fmt.Errorf("there is no mail %q", name)
}

// measurements are all that can be made, or with able set those that a subject is
// able to.
func measurements(able bool) (list []measure.Measurement) {
	others := foreigns()
	for _, m := range mails() {
		for _, s := range subjects {
			if able && m.small != nil && !s.able(m.small()) {
				continue
			}
			list = append(list, measure.Of(m.name, s.name, func(r *measure.Report) error { return run(r, m, s) }))
		}
		if m.small != nil {
			continue
		}
		for _, c := range others {
			list = append(list, measure.Of(m.name, c.name, func(r *measure.Report) error { return c.run(r, m) }))
		}
	}
	return list
}

// able tells whether the subject finds what exdesk finds. An error behind all that
// there is to find is none here.
func (s subject) able(raw []byte) bool {
	buf := make([]byte, bufSize)
	got, _ := s.read(bytes.NewReader(raw), buf)
	want, err := exdesk(bytes.NewReader(raw), buf)
	return err == nil && near(got.octets, want.octets)
}

func near(a, b int64) bool { return max(a-b, b-a) <= b/20 }

// bufSize is of the buffer that leaves are read with.
const bufSize = 32 << 10

// repetitions is how often a message of that size is read. Of some parsers one
// reading of a hostile one takes many seconds, which is as telling as five.
func repetitions(size int, took time.Duration) int {
	often := max(5, 400_000_000/(size+20_000))
	if took > 2*time.Second {
		often = 1
	}
	return measure.Times(often, max(min(often, 2), often/10))
}

func run(r *measure.Report, m sample, s subject) error {
	file, err := inFile(m.name)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))
	buf := make([]byte, bufSize)
	before, err := measure.Peak()
	if err != nil {
		return err
	}
	begin := time.Now()
	first, err := readFile(file, s, buf)
	took := time.Since(begin)
	if err != nil {
		return err
	}
	after, err := measure.Peak()
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	in := bytes.NewReader(raw)
	cost, err := measure.Do(repetitions(len(raw), took), func(int) error {
		in.Reset(raw)
		if got, _ := s.read(in, buf); got != first {
			return fmt.Errorf("found %+v, and at first %+v", got, first)
		}
		return nil
	})
	if err != nil {
		return err
	}
	report(r, m.name, cost.CPU, len(raw))
	r.AddGarbage("mime/"+m.name, cost)
	r.Add("mime/"+m.name+", peak over the bare process", "MiB", measure.MiB(after-before))
	return nil
}

// report adds the lines that every subject has.
func report(r *measure.Report, name string, cpu time.Duration, size int) {
	r.AddCPU("mime/"+name, cpu)
	r.AddHigher("mime/"+name+", speed", "MB/s of CPU", float64(size)/float64(cpu)*float64(time.Second/1e6))
}

// inFile returns a file in a folder of its own that has the message.
func inFile(name string) (string, error) {
	dir, err := os.MkdirTemp("", "exdesk-bench-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "mail.eml")
	self, err := os.Executable()
	if err == nil {
		_, err = exec.Command(self, "write", name, file).Output()
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return file, nil
}

func readFile(file string, s subject, buf []byte) (found, error) {
	f, err := os.Open(file)
	if err != nil {
		return found{}, err
	}
	defer f.Close()
	// Of a file that has ended some ask for more a million times, each a system call:
	// a MultiReader remembers the end.
	got, err := s.read(struct{ io.Reader }{io.MultiReader(f)}, buf)
	if got.leaves == 0 {
		return got, fmt.Errorf("nothing was found: %w", err)
	}
	return got, nil
}
