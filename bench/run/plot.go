package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// The plot, in pixels.
const (
	plotLeft  = 330 // where the smallest ratio is
	plotWidth = 480
	plotRight = 190 // for the names behind the bars
	plotTop   = 64
	barHeight = 13
	rowGap    = 9
	areaGap   = 26
)

// plot is a picture of the ratios, on a logarithmic scale: a bar to the right is
// somebody who takes more than exdesk, one to the left somebody who takes less. It
// is readable in light and in dark.
func plot(list []result) []byte {
	list = slices.DeleteFunc(slices.Clone(list), func(r result) bool { return r.subject == measure.Exdesk || math.IsNaN(r.ratio) })
	s := newScale(list)
	var b bytes.Buffer
	y := plotTop
	var bars bytes.Buffer
	at, row := "", ""
	for _, r := range list {
		if a := area(r.row); a != at {
			at = a
			y += areaGap
			fmt.Fprintf(&bars, `<text class="area" x="16" y="%d">%s</text>`+"\n", y-8, escaped(a))
		}
		if head := r.row + " " + r.unit; head != row {
			row = head
			y += rowGap
			name := strings.TrimPrefix(r.row, at+"/")
			fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s <tspan class="unit">%s</tspan></text>`+"\n", plotLeft-12, y+10, escaped(name), escaped(r.unit))
		}
		from, to, class := s.x(1), s.x(r.ratio), "more"
		if to < from {
			from, to, class = to, from, "less"
		}
		fmt.Fprintf(&bars, `<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d"/>`, class, from, y, max(to-from, 1), barHeight-2)
		fmt.Fprintf(&bars, `<text x="%.1f" y="%d">%s <tspan class="unit">%s</tspan></text>`+"\n", max(to, s.x(1))+5, y+10, times(r.ratio), escaped(r.subject))
		y += barHeight
	}
	height := y + 24
	width := plotLeft + plotWidth + plotRight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-label="How many times more than exdesk others take, row by row">
<style>
svg { background: #ffffff; font: 11px system-ui, sans-serif; }
text { fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.area { font-size: 13px; font-weight: 600; }
.unit, .tick { fill: #656d76; }
.grid { stroke: #d8dee4; }
.one { stroke: #1f2328; }
.more { fill: #2f81c7; }
.less { fill: #d1572b; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; }
text { fill: #e6edf3; }
.unit, .tick { fill: #8d96a0; }
.grid { stroke: #30363d; }
.one { stroke: #e6edf3; }
.more { fill: #4c9be0; }
.less { fill: #e8764b; }
}
</style>
<rect width="100%%" height="100%%" fill="none"/>
<text class="title" x="16" y="24">How many times more than exdesk others take</text>
<text class="unit" x="16" y="42">The line is exdesk; each step is ten times. A bar to its left is somebody who takes less.</text>
`, width, height)
	for tick := s.least; tick <= s.most; tick++ {
		x, class := s.x(math.Pow10(tick)), "grid"
		if tick == 0 {
			class = "one"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, class, x, plotTop+4, x, height-16)
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, plotTop-2, times(math.Pow10(tick)))
	}
	b.Write(bars.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// scale is logarithmic, between two powers of ten.
type scale struct{ least, most int }

func newScale(list []result) scale {
	s := scale{-1, 1}
	for _, r := range list {
		if r.ratio > 0 && !math.IsInf(r.ratio, 0) {
			s.least = min(s.least, int(math.Floor(math.Log10(r.ratio))))
			s.most = max(s.most, int(math.Ceil(math.Log10(r.ratio))))
		}
	}
	return s
}

// x is where a ratio is. What is beyond the scale is at its end.
func (s scale) x(ratio float64) float64 {
	v := float64(s.least)
	if ratio > 0 {
		v = min(max(math.Log10(ratio), v), float64(s.most))
	}
	return plotLeft + plotWidth*(v-float64(s.least))/float64(s.most-s.least)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}
