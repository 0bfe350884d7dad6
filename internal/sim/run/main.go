// Run is the simulation at length.
//
//	go run ./internal/sim/run -seed 1 -mails 1000000 -notifications 200000
//	go run ./internal/sim/run -old
//	go run ./internal/sim/run -seed 7 -mails 200 -again
//
// Its last line is a JSON object that counts what came of it. It exits with 1 if
// anything was lost, done twice, or wrong otherwise, and tells how it came to that.
// One failing cell is run again by -seed with the seed that is named there, and
// -mails 200.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/exdesk/exdesk/internal/sim"
)

// A cell has so many mails, and a fifth as many notifications. Cells are small, so
// that many have different troubles, and one that fails is soon read.
const perCell = 200

func main() {
	var o orders
	seed := flag.Uint64("seed", 1, "the seed of the first cell; the others have those that follow; 0 takes one from the clock")
	mails := flag.Int("mails", 20_000, "how many mails, in cells of 200")
	notices := flag.Int("notifications", -1, "how many notifications; -1 is a fifth of the mails")
	old := flag.Bool("old", false, "run the cells that once failed, instead")
	flag.IntVar(&o.workers, "processes", runtime.NumCPU(), "how many processes, of one core each")
	flag.StringVar(&o.overlay, "overlay", "", "as of go build, for who looks what the simulation finds")
	flag.BoolVar(&o.stop, "stop", false, "stop at the first cell that fails")
	again := flag.Bool("again", false, "run each cell twice, and count those that do something else the second time")
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixMilli())
	}
	if *notices < 0 {
		*notices = *mails / 5
	}
	cells := max(1, (*mails+perCell-1)/perCell)
	o.mails, o.notices = (*mails+cells-1)/cells, (*notices+cells-1)/cells
	for i := range cells {
		o.seeds = append(o.seeds, *seed+uint64(i))
	}
	if *old {
		o.seeds, o.mails, o.notices = slices.Sorted(maps.Keys(sim.Old)), perCell, perCell/5
	}
	digests := make(map[uint64]string)
	total, err := run(&o, digests)
	if err == nil && *again {
		fmt.Fprintln(os.Stderr, "once more")
		first := maps.Clone(digests)
		clear(digests)
		if _, err = run(&o, digests); err == nil {
			for seed, digest := range first {
				if digests[seed] != digest {
					fmt.Fprintf(os.Stderr, "seed %d did something else the second time\n", seed)
					total.Differ++
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	}
	line, _ := json.Marshal(total)
	fmt.Printf("%s\n", line)
	if total.Violations+total.Differ > 0 {
		os.Exit(1)
	}
}

// orders are what is to be run, and how.
type orders struct {
	seeds          []uint64
	mails, notices int // of a cell
	workers        int
	overlay        string
	stop           bool
}

// cellResult is a line that the test binary writes.
type cellResult struct {
	sim.Result
	Digest string `json:"digest"`
	Story  string `json:"story"`
}

// run does it, and notes the digest of what each cell did.
func run(o *orders, digests map[uint64]string) (*sim.Result, error) {
	dir, err := os.MkdirTemp("", "exdesk-sim")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "sim.test")
	overlay, err := writeOverlay(dir, o.overlay)
	if err != nil {
		return nil, err
	}
	build := exec.Command("go", "test", "-c", "-o", binary, "-overlay", overlay, "github.com/exdesk/exdesk/internal/sim")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("the simulation does not build: %w", err)
	}

	workers := max(1, min(o.workers, len(o.seeds)))
	// Virtual time needs testing/synctest, which lives in tests, so the test binary
	// does the work: a process for each core, which runs its cells on one thread,
	// so that each does the same whenever it is run.
	results := make(chan cellResult)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	var procs []*exec.Cmd
	for w := range workers {
		var seeds []uint64
		for i := w; i < len(o.seeds); i += workers {
			seeds = append(seeds, o.seeds[i])
		}
		order, _ := json.Marshal(map[string]any{"Seeds": seeds, "Mails": o.mails, "Notifications": o.notices, "Stop": o.stop})
		cmd := exec.Command(binary, "-test.run", "^TestOrder$", "-test.timeout", "0", "-test.v=false")
		cmd.Env = append(os.Environ(), "EXDESK_SIM="+string(order), "GOMAXPROCS=1", "GOGC=400")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		procs = append(procs, cmd)
		wg.Go(func() {
			in := bufio.NewScanner(out)
			in.Buffer(nil, 64<<20)
			for in.Scan() {
				var r cellResult
				switch {
				case len(in.Bytes()) > 0 && in.Bytes()[0] != '{':
					if in.Text() != "PASS" {
						fmt.Fprintln(os.Stderr, in.Text())
					}
				case json.Unmarshal(in.Bytes(), &r) == nil:
					results <- r
				}
			}
			if err := cmd.Wait(); err != nil {
				errs <- fmt.Errorf("a process of the simulation failed: %w", err)
			}
		})
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		for _, p := range procs {
			_ = p.Process.Kill()
		}
	}()
	go func() { wg.Wait(); close(results) }()

	total, begun, told := &sim.Result{Seed: o.seeds[0]}, time.Now(), time.Now()
	for r := range results {
		total.Add(&r.Result)
		digests[r.Seed] = r.Digest
		if r.Violations > 0 {
			fmt.Fprintf(os.Stderr, "%s\n", r.Story)
			if o.stop {
				for _, p := range procs {
					_ = p.Process.Kill()
				}
				for range results { // what is still under way counts no more
				}
				return total, nil
			}
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%s: %d of %d cells, %d mails, %d notifications, %d faults, %d deaths, %d violations\n",
				time.Since(begun).Round(time.Second), total.Cells, len(o.seeds), total.Mails, total.Notifications, total.Faults, total.Deaths, total.Violations)
		}
	}
	select {
	case err := <-errs:
		return total, err
	default:
		return total, nil
	}
}
