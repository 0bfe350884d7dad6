package main

import (
	"fmt"
	"os"
	"time"
)

// progress says what is going on: on a terminal in one line that changes, in a
// pipe in a line now and then.
type progress struct {
	out      *os.File
	terminal bool
	said     time.Time
	shown    bool // there is a line to be cleared
}

// everyNow is how often a pipe hears of it.
const everyNow = 30 * time.Second

func newProgress(out *os.File) *progress {
	return &progress{out: out, terminal: isTerminal(out)}
}

// isTerminal reports whether a person looks at it who wants colours
// (no-color.org).
func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == ""
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// say says something that stays.
func (p *progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// at tells where the run is.
func (p *progress) at(round, rounds int, what string, done, total int, took time.Duration) {
	if !p.terminal && time.Since(p.said) < everyNow {
		return
	}
	p.said = time.Now()
	line := fmt.Sprintf("round %d of %d, %d of %d: %s%s", round, rounds, done+1, total, what, left(done, total, took))
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprint(p.out, "\r\x1b[K"+line)
	p.shown = true
}

// left says how long the rest will take, once that can be told.
func left(done, total int, took time.Duration) string {
	if done < 5 {
		return ""
	}
	rest := took / time.Duration(done) * time.Duration(total-done)
	if rest < time.Minute {
		return ", less than a minute left"
	}
	return fmt.Sprintf(", about %d min left", int(rest.Minutes()+0.5))
}
