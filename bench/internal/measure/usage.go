package measure

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// CPU returns the time that this process has used on all its threads, in itself
// and in the kernel.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("measure: getrusage: " + err.Error()) // it cannot fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Allocated returns what has been allocated on the heap since the process began,
// in octets and objects, whether it is garbage by now or not. It stops the world
// to know it exactly.
func Allocated() (octets, objects uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc, m.Mallocs
}

// Peak returns the most memory that was resident at once since the process
// began, in octets, and RSS what is now. It is VmHWM of proc(5): getrusage's
// ru_maxrss would begin with that of the process that started this one.
func Peak() (int64, error) { return status("VmHWM") }

// Forget gives back what memory is free, and lets Peak begin anew: what was made
// ready for a measurement is none of it. See clear_refs in proc(5).
func Forget() error {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("measure: the peak of memory cannot be forgotten: %w", err)
	}
	return nil
}

// RSS returns how much memory is resident, in octets.
func RSS() (int64, error) { return status("VmRSS") }

func status(field string) (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("measure: the memory of a process is known on Linux only: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			var kb int64
			if _, err := fmt.Sscanf(v, "%d kB", &kb); err != nil {
				return 0, fmt.Errorf("measure: %s in /proc/self/status: %w", field, err)
			}
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("measure: no %s in /proc/self/status", field)
}

// Cost is what something took, each time.
type Cost struct {
	Wall, CPU time.Duration
	Bytes     float64 // octets allocated
	Objects   float64 // allocations
}

// Do does something n times and returns what one of them took on average. What
// was garbage before is collected first. Its error ends it.
func Do(n int, f func(i int) error) (Cost, error) {
	runtime.GC()
	bytes, objects := Allocated()
	cpu, begin := CPU(), time.Now()
	for i := range n {
		if err := f(i); err != nil {
			return Cost{}, err
		}
	}
	wall, cpu := time.Since(begin), CPU()-cpu
	b, o := Allocated()
	return Cost{wall / time.Duration(n), cpu / time.Duration(n), float64(b-bytes) / float64(n), float64(o-objects) / float64(n)}, nil
}
