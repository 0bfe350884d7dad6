package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Where the results go, from the directory of the bench module on.
const (
	csvFile  = "results.csv"
	plotFile = "../docs/performance.svg"
	pageFile = "../docs/performance.md"
)

// write keeps the results: the figures, the plot, and the table on the page.
func (t *table) write(dir string, m *machine) error {
	list := t.results()
	page := filepath.Join(dir, pageFile)
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if text, err = replaced(text, markdown(list, m)); err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	if err := os.WriteFile(page, text, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, plotFile), plot(list), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, csvFile), figures(list), 0o644)
}

// figures is the table for programs.
func figures(list []result) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"row", "subject", "unit", "median", "min", "max", "ratio"}) // into memory
	for _, r := range list {
		ratio := ""
		if !math.IsNaN(r.ratio) {
			ratio = figure(r.ratio)
		}
		_ = w.Write([]string{r.row, r.subject, r.unit, figure(r.median), figure(r.least), figure(r.most), ratio})
	}
	w.Flush()
	return b.Bytes()
}

// figure has six digits, which is more than is known.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// The table on the page stands between these.
const (
	tableBegin = "<!-- what go -C bench run ./run has measured -->"
	tableEnd   = "<!-- the end of what it has measured -->"
)

// replaced puts the table into the page.
func replaced(page []byte, table string) ([]byte, error) {
	before, rest, ok := strings.Cut(string(page), tableBegin+"\n")
	_, after, there := strings.Cut(rest, tableEnd)
	if !ok || !there {
		return nil, errors.New("the two comments are missing that the table stands between")
	}
	return []byte(before + tableBegin + "\n" + table + tableEnd + after), nil
}

// markdown is the table for the page.
func markdown(list []result, m *machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s. %s.\n", m.line(), strings.Join(m.peers, ", "))
	at, row := "", ""
	for _, r := range list {
		if a := area(r.row); a != at {
			at = a
			fmt.Fprintf(&b, "\n### %s\n\n| row | unit | subject | median | least–most | ratio |\n|---|---|---|--:|--:|--:|\n", a)
		}
		name, unit := strings.TrimPrefix(r.row, at+"/"), r.unit
		if head := r.row + r.unit; head == row {
			name, unit = "", ""
		} else {
			row = head
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s–%s | %s |\n", name, unit, r.subject, number(r.median), number(r.least), number(r.most), times(r.ratio))
	}
	b.WriteString("\n")
	return b.String()
}
