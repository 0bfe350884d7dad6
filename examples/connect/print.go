package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"github.com/exdesk/exdesk"
)

// terminal reports whether w is one that likes colours.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// print writes what was found: in a box on a terminal, plainly elsewhere.
func (p *program) print(found exdesk.Findings) {
	switch {
	case p.json:
		_ = p.encode(found)
	case terminal(p.stdout):
		columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
		if err != nil {
			columns = 100
		}
		fmt.Fprint(p.stdout, boxed(found, columns))
	default:
		fmt.Fprint(p.stdout, found)
	}
}

// colours are those of SGR (ECMA-48 §8.3.117).
var colours = map[exdesk.Severity]string{
	exdesk.Good: "32", exdesk.Note: "36", exdesk.Unknown: "35", exdesk.Warning: "33", exdesk.Failure: "1;31",
}

// boxed is a table with lines around it, so many columns wide.
func boxed(found exdesk.Findings, columns int) string {
	widths := [3]int{len("SEVERITY"), len("SUBJECT"), 0}
	for _, f := range found {
		widths[0], widths[1] = max(widths[0], broad(string(f.Severity))), max(widths[1], broad(f.Subject))
	}
	widths[2] = max(columns-widths[0]-widths[1]-10, 30) // four lines, and a space on each side of a cell
	var b strings.Builder
	rule := func(left, cross, right string) {
		b.WriteString(left)
		for i, n := range widths {
			if i > 0 {
				b.WriteString(cross)
			}
			b.WriteString(strings.Repeat("─", n+2))
		}
		b.WriteString(right + "\n")
	}
	row := func(colour string, cells ...string) {
		for i, cell := range cells {
			text := cell + strings.Repeat(" ", max(0, widths[i]-broad(cell)))
			if i == 0 && colour != "" {
				text = "\x1b[" + colour + "m" + text + "\x1b[0m"
			}
			b.WriteString("│ " + text + " ")
		}
		b.WriteString("│\n")
	}
	rule("┌", "┬", "┐")
	row("1", "SEVERITY", "SUBJECT", "FINDING")
	rule("├", "┼", "┤")
	for _, f := range found {
		lines := wrap(f.What, widths[2])
		if f.Do != "" {
			lines = append(lines, wrap("→ "+f.Do, widths[2])...)
		}
		for i, line := range lines {
			if i == 0 {
				row(colours[f.Severity], string(f.Severity), f.Subject, line)
			} else {
				row("", "", "", line)
			}
		}
	}
	rule("└", "┴", "┘")
	return b.String()
}

// plain takes what a terminal would obey out of a text that came from elsewhere.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// wrap breaks a text between words, and a word that is too long anywhere.
func wrap(text string, columns int) []string {
	text = plain(text)
	lines, used := []string{""}, 0
	for _, word := range strings.Fields(text) {
		if used > 0 && used+1+broad(word) > columns {
			lines, used = append(lines, ""), 0
		}
		if used > 0 {
			word = " " + word
		}
		for _, r := range word {
			if used+broad(string(r)) > columns {
				lines, used = append(lines, ""), 0
			}
			lines[len(lines)-1] += string(r)
			used += broad(string(r))
		}
	}
	return lines
}

// broad is how many columns a text takes: East Asian characters take two.
func broad(s string) int {
	n := 0
	for _, r := range s {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
