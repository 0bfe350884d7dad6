package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Pair is one measurement that a subject program can make: what is measured,
// and of whom.
type Pair struct {
	Measure string `json:"measure"`
	Subject string `json:"subject"`
}

// Line is one figure.
type Line struct {
	Row     string  `json:"row"` // of the table, the same for all subjects
	Subject string  `json:"subject"`
	Unit    string  `json:"unit"`
	Value   float64 `json:"value"`
	Better  string  `json:"better,omitempty"` // "higher" where that is better
}

// Exdesk is the subject that all others are compared with.
const Exdesk = "exdesk"

// Measurement is one Pair and how it is made.
type Measurement struct {
	Pair
	// Run reports the figures. It has the process to itself.
	Run func(r *Report) error
}

// Of is a Measurement.
func Of(measure, subject string, run func(*Report) error) Measurement {
	return Measurement{Pair{measure, subject}, run}
}

// Report takes the figures of one measurement.
type Report struct {
	subject string
	lines   []Line
}

// Add adds a figure of which less is better.
func (r *Report) Add(row, unit string, value float64) {
	r.lines = append(r.lines, Line{Row: row, Subject: r.subject, Unit: unit, Value: value})
}

// AddHigher adds a figure of which more is better.
func (r *Report) AddHigher(row, unit string, value float64) {
	r.lines = append(r.lines, Line{Row: row, Subject: r.subject, Unit: unit, Value: value, Better: "higher"})
}

// AddCPU adds a time of the processor in µs.
func (r *Report) AddCPU(row string, d time.Duration) { r.Add(row, "µs CPU", Micros(d)) }

// AddGarbage adds what was allocated.
func (r *Report) AddGarbage(row string, c Cost) {
	r.Add(row+", allocated", "B", c.Bytes)
	r.Add(row+", allocations", "allocs", c.Objects)
}

// Micros is a duration in µs.
func Micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// MiB is a number of octets in MiB.
func MiB(octets int64) float64 { return float64(octets) / (1 << 20) }

// Quick is the environment variable that asks for fewer repetitions.
const Quick = "EXDESK_BENCH_QUICK"

// Run is the environment variable with a directory that one run of everything
// has for itself. What is too slow to be measured in each of its rounds is kept
// there from the first one.
const Run = "EXDESK_BENCH_RUN"

// Times is how often something is to be repeated: often, or seldom where
// Quick is set.
func Times(often, seldom int) int {
	if os.Getenv(Quick) != "" {
		return seldom
	}
	return often
}

// Main is the main function of a subject program. It does not return.
func Main(all ...Measurement) {
	if err := program(os.Args[1:], os.Stdout, all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func program(args []string, out io.Writer, all []Measurement) error {
	enc := json.NewEncoder(out)
	if len(args) == 1 && args[0] == "list" {
		for _, m := range all {
			if err := enc.Encode(m.Pair); err != nil {
				return err
			}
		}
		return nil
	}
	if len(args) != 3 || args[0] != "run" {
		return fmt.Errorf("use: %s list, or run MEASURE SUBJECT", os.Args[0])
	}
	for _, m := range all {
		if m.Pair != (Pair{args[1], args[2]}) {
			continue
		}
		r := &Report{subject: m.Subject}
		if err := m.Run(r); err != nil {
			return fmt.Errorf("%s of %s: %w", m.Measure, m.Subject, err)
		}
		for _, l := range r.lines {
			if err := enc.Encode(l); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s of %s is not measured here: see list", args[1], args[2])
}
