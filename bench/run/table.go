package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// table is all that was measured.
type table struct {
	cells map[cellKey]*cell
	order []cellKey // as they came
}

type cellKey struct{ row, subject, unit string }

// cell is what one row has of one subject.
type cell struct {
	values map[int]float64 // by round
	higher bool            // better
}

func newTable() *table { return &table{cells: make(map[cellKey]*cell)} }

func (t *table) add(round int, lines []measure.Line) {
	for _, l := range lines {
		key := cellKey{l.Row, l.Subject, l.Unit}
		c := t.cells[key]
		if c == nil {
			c = &cell{values: make(map[int]float64)}
			t.cells[key], t.order = c, append(t.order, key)
		}
		c.values[round], c.higher = l.Value, l.Better == "higher"
	}
}

// result is one line of the table.
type result struct {
	row, subject, unit  string
	median, least, most float64
	ratio               float64 // how many times worse than exdesk; NaN if it was not measured
	higher              bool
}

// results sorts it: the areas and rows as they came, exdesk first in each.
func (t *table) results() []result {
	place := make(map[string]int)  // of rows
	region := make(map[string]int) // of areas
	for i, key := range t.order {
		if _, ok := place[key.row]; !ok {
			place[key.row] = i
		}
		if _, ok := region[area(key.row)]; !ok {
			region[area(key.row)] = i
		}
	}
	keys := slices.Clone(t.order)
	slices.SortStableFunc(keys, func(a, b cellKey) int {
		return cmp.Or(cmp.Compare(region[area(a.row)], region[area(b.row)]), cmp.Compare(place[a.row], place[b.row]),
			cmp.Compare(a.unit, b.unit), cmp.Compare(rank(a.subject), rank(b.subject)))
	})
	var list []result
	for _, key := range keys {
		c := t.cells[key]
		var values []float64
		for _, v := range c.values {
			values = append(values, v)
		}
		list = append(list, result{key.row, key.subject, key.unit, median(values), slices.Min(values), slices.Max(values),
			c.worse(t.cells[cellKey{key.row, measure.Exdesk, key.unit}]), c.higher})
	}
	return list
}

// area is the beginning of a row, which those of one subject share.
func area(row string) string {
	area, _, _ := strings.Cut(row, "/")
	return area
}

func rank(subject string) int {
	if subject == measure.Exdesk {
		return 0
	}
	return 1
}

// worse is how many times worse than exdesk it is: the median of the rounds, as
// each round is one comparison.
func (c *cell) worse(exdesk *cell) float64 {
	if exdesk == nil {
		return math.NaN()
	}
	var ratios []float64
	for round, v := range c.values {
		if own, ok := exdesk.values[round]; ok {
			if c.higher {
				v, own = own, v
			}
			if v == own {
				v, own = 1, 1 // nothing is as little as nothing
			}
			ratios = append(ratios, v/own)
		}
	}
	return median(ratios)
}

func median(v []float64) float64 {
	n := len(v)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

const (
	bold  = "\x1b[1m"
	green = "\x1b[32m"
	red   = "\x1b[31m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// print shows it to a person, or to a program without colours.
func (t *table) print(w io.Writer, m *machine, colours bool) {
	list := t.results()
	paint := func(colour, s string) string {
		if !colours {
			return s
		}
		return colour + s + plain
	}
	width := 0
	for _, r := range list {
		width = max(width, len([]rune(r.subject)))
	}
	row := ""
	for _, r := range list {
		if head := r.row + " (" + r.unit + ")"; head != row {
			row = head
			fmt.Fprintf(w, "\n%s\n", paint(bold, head))
		}
		colour := green
		switch {
		case r.subject == measure.Exdesk || math.IsNaN(r.ratio):
			colour = plain
		case r.ratio < 1:
			colour = red
		}
		fmt.Fprintf(w, "  %-*s %12s  %s %s\n", width, r.subject, number(r.median),
			paint(colour, fmt.Sprintf("%8s", times(r.ratio))), paint(dim, "["+number(r.least)+"–"+number(r.most)+"]"))
	}
	fmt.Fprintf(w, "\n%s\n%s\n", m.line(), strings.Join(m.peers, ", "))
}

// times is a ratio for people.
func times(ratio float64) string {
	switch {
	case math.IsNaN(ratio):
		return "–"
	case math.IsInf(ratio, 0):
		return "∞"
	}
	return number(ratio) + "×"
}

// number has three digits, or all that stand before the point.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || a == math.Trunc(a) && a < 1e15:
		return commas(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func commas(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
