package main

import (
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

// fakeBench is a bench module with one area, whose program says what it is told to.
func fakeBench(t *testing.T, page string) string {
	dir := filepath.Join(t.TempDir(), "bench")
	for name, text := range map[string]string{
		"go.mod": "module fake\n\ngo 1.26.0\n",
		"cmd/servers/main.go": `package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	fmt.Println("http://127.0.0.1:1")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
`,
		"cmd/good/main.go": `package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Args[1] == "list" {
		fmt.Println(` + "`" + `{"measure":"m/1","subject":"other"}
{"measure":"m/1","subject":"exdesk"}
{"measure":"m/2","subject":"exdesk"}` + "`" + `)
		return
	}
	switch {
	case os.Getenv("EXDESK_BENCH_SERVERS") != "http://127.0.0.1:1" || os.Getenv("EXDESK_BENCH_QUICK") != "1":
		os.Exit(3)
	case os.Args[2] == "m/2":
		fmt.Println(` + "`" + `{"row":"two","subject":"exdesk","unit":"B","value":0}` + "`" + `)
	case os.Args[3] == "exdesk":
		fmt.Println(` + "`" + `{"row":"m/one","subject":"exdesk","unit":"ms","value":2}` + "`" + `)
	default:
		fmt.Println(` + "`" + `{"row":"m/one","subject":"other","unit":"ms","value":5}` + "`" + `)
	}
}
`,
		"../docs/performance.md": page,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func read(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestRun(t *testing.T) {
	dir := fakeBench(t, "# Page\n"+tableBegin+"\nold\n"+tableEnd+"\nand more\n")
	require.NoError(t, run(context.Background(), []string{"-quick", "-dir", dir}))
	require.Equal(t, `row,subject,unit,median,min,max,ratio
m/one,exdesk,ms,2,2,2,1
m/one,other,ms,5,5,5,2.5
good/two,exdesk,B,0,0,0,1
`, read(t, filepath.Join(dir, csvFile)))
	page := read(t, filepath.Join(dir, pageFile))
	require.True(t, strings.HasPrefix(page, "# Page\n"+tableBegin+"\n"), page)
	require.Contains(t, page, "| one | ms | exdesk | 2 | 2–2 | 1× |\n|  |  | other | 5 | 5–5 | 2.50× |\n")
	require.NotContains(t, page, "old")
	require.True(t, strings.HasSuffix(page, tableEnd+"\nand more\n"), page)
	require.Contains(t, read(t, filepath.Join(dir, plotFile)), "2.50×")

	// What is only a part of it replaces nothing.
	require.NoError(t, os.Remove(filepath.Join(dir, csvFile)))
	require.NoError(t, run(context.Background(), []string{"-quick", "-dir", dir, "-only", "^m/2$", "-rounds", "1"}))
	require.NoFileExists(t, filepath.Join(dir, csvFile))
	require.EqualError(t, run(context.Background(), []string{"-quick", "-dir", dir, "-only", "^none$"}), "nothing matches")

	// Without -quick this program fails, and what it says is passed on.
	err := run(context.Background(), []string{"-dir", dir, "-rounds", "1"})
	require.ErrorContains(t, err, "m/1 of exdesk: exit status 3")
	require.NoFileExists(t, filepath.Join(dir, csvFile))
}

func TestRunWithoutPlace(t *testing.T) {
	dir := fakeBench(t, "# Page without the comments\n")
	require.ErrorContains(t, run(context.Background(), []string{"-quick", "-dir", dir}), "the two comments are missing")
	require.ErrorContains(t, run(context.Background(), []string{"-dir", t.TempDir()}), "this is not the bench module")
}

func TestFlags(t *testing.T) {
	s, err := flags(nil)
	require.NoError(t, err)
	require.Equal(t, &settings{rounds: usualRounds, dir: "."}, s)
	require.True(t, s.everything())
	s, err = flags([]string{"-quick", "-areas", "x"})
	require.NoError(t, err)
	require.Equal(t, quickRounds, s.rounds)
	require.False(t, s.everything())
	for _, bad := range [][]string{{"-only", "("}, {"-rounds", "-1"}, {"more"}} {
		_, err := flags(bad)
		require.Error(t, err, bad)
	}
}

func TestRatios(t *testing.T) {
	table := newTable()
	line := func(row, subject string, v float64, better string) measure.Line {
		return measure.Line{Row: row, Subject: subject, Unit: "u", Value: v, Better: better}
	}
	for round, v := range []float64{1, 10, 100} { // the machine became slower
		table.add(round, []measure.Line{line("a/cost", "exdesk", v, ""), line("a/speed", "exdesk", 100/v, "higher"), line("b/x", "exdesk", 0, "")})
		table.add(round, []measure.Line{line("a/cost", "other", 3*v, ""), line("a/speed", "other", 50/v, "higher"), line("b/x", "other", 1, "")})
		table.add(round, []measure.Line{line("c/alone", "other", 1, "")})
	}
	table.add(3, []measure.Line{line("a/cost", "late", 7, "")})
	got := make(map[string]string)
	var order []string
	for _, r := range table.results() {
		got[r.row+" "+r.subject] = times(r.ratio)
		order = append(order, r.row+" "+r.subject)
	}
	require.Equal(t, map[string]string{
		"a/cost exdesk": "1×", "a/cost other": "3×", "a/cost late": "–", "a/speed exdesk": "1×", "a/speed other": "2×",
		"b/x exdesk": "1×", "b/x other": "∞", "c/alone other": "–",
	}, got)
	require.Equal(t, []string{"a/cost exdesk", "a/cost other", "a/cost late", "a/speed exdesk", "a/speed other", "b/x exdesk", "b/x other", "c/alone other"}, order)
}

func TestPrint(t *testing.T) {
	table := newTable()
	table.add(0, []measure.Line{{Row: "a/b", Subject: "other", Unit: "ms", Value: 1234.5}, {Row: "a/b", Subject: "exdesk", Unit: "ms", Value: 2000}})
	m := &machine{when: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), cpu: "2 × C", memory: "1 GiB", system: "Linux 6", go_: "go1.26", rounds: 1, peers: []string{"p v1"}}
	var b strings.Builder
	table.print(&b, m, false)
	require.Equal(t, `
a/b (ms)
  exdesk        2,000        1× [2,000–2,000]
  other         1,234     0.62× [1,234–1,234]

2026-11-23, 2 × C, 1 GiB, Linux 6, go1.26, 1 round
p v1
`, b.String())
	b.Reset()
	table.print(&b, m, true)
	require.Contains(t, b.String(), red+"   0.62×"+plain)
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 0.0123: "0.012", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234567: "1,234,567", -1234: "-1,234", 400: "400"} {
		require.Equal(t, want, number(v))
	}
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
	require.Equal(t, 3.0, median([]float64{9, 1, 3}))
}

func TestPlot(t *testing.T) {
	svg := plot([]result{
		{row: "a/one", subject: "exdesk", unit: "ms", ratio: 1},
		{row: "a/one", subject: "<other>", unit: "ms", ratio: 20},
		{row: "a/two", subject: "better", unit: "B", ratio: 0.05},
	})
	for dec := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	require.Contains(t, string(svg), "prefers-color-scheme: dark")
	require.Contains(t, string(svg), `class="more"`)
	require.Contains(t, string(svg), `class="less"`)
	s := newScale([]result{{ratio: 20}, {ratio: 0.05}})
	require.Equal(t, scale{-2, 2}, s)
	require.InDelta(t, plotLeft+plotWidth/2, s.x(1), 0.01)
	require.InDelta(t, plotLeft+plotWidth, s.x(1e9), 0.01)
	require.InDelta(t, plotLeft, s.x(0), 0.01)
}

func TestProgress(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	p := newProgress(f)
	p.say("building %s", "x")
	p.at(1, 2, "m of exdesk", 0, 4, 0)
	p.at(1, 2, "m of other", 1, 4, time.Second) // too soon for a pipe
	p.clear()
	require.Equal(t, "building x\nround 1 of 2, 1 of 4: m of exdesk\n", read(t, f.Name()))
	require.Equal(t, ", about 3 min left", left(10, 30, 90*time.Second))
	require.Equal(t, ", less than a minute left", left(10, 11, 90*time.Second))
}
