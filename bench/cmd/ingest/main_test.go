package main

import (
	"bufio"
	"context"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/job"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

func start(t *testing.T) {
	s, err := servers.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	t.Setenv(servers.Variable, web.URL)
	t.Setenv(measure.Quick, "1")
}

// Everything can be measured, small samples at least.
func TestMeasurements(t *testing.T) {
	start(t)
	for _, m := range job.Measurements(measure.Exdesk, open) {
		switch m.Measure {
		case "ingest/3KB", "ingest/wire", "ingest/list", "ingest/label", "ingest/writes":
			require.NoError(t, m.Run(new(measure.Report)), m.Measure)
		}
	}
}

// spawn runs the services in a process of their own, so that this one has its
// allocations for itself.
func spawn(t *testing.T) *servers.Control {
	program := filepath.Join(t.TempDir(), "servers")
	out, err := exec.Command("go", "build", "-o", program, "../servers").CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.Command(program)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	url, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	t.Setenv(servers.Variable, strings.TrimSpace(url))
	c, err := servers.Open()
	require.NoError(t, err)
	return c
}

// What a mail costs in requests is exact, and how often it allocates nearly so: a
// pool may be empty when it is asked, which shows in octets more than in numbers.
// None of it may grow unnoticed.
func TestCosts(t *testing.T) {
	const mails = 100
	c := spawn(t)
	at, err := c.Reset(servers.Setup{})
	require.NoError(t, err)
	w, err := open(at, nil)
	require.NoError(t, err)
	pass := func(sample string, n int) (servers.Counters, measure.Cost) {
		_, err := c.Fill(servers.Fill{Sample: sample, Count: n})
		require.NoError(t, err)
		before, err := c.Counters()
		require.NoError(t, err)
		cost, err := measure.Do(1, func(int) error {
			got, err := w.Ingest(context.Background())
			require.Equal(t, n, got)
			return err
		})
		require.NoError(t, err)
		after, err := c.Counters()
		require.NoError(t, err)
		return after.Minus(*before), cost
	}
	pass("60KB", 20) // first of all, connections are made and pools filled
	for _, v := range []struct {
		sample      string
		files       int64 // of a mail
		allocations float64
		kib         float64
	}{
		{"3KB", 0, 490, 75},
		{"60KB", 2, 880, 400},
	} {
		seen, cost := pass(v.sample, mails)
		// A list; for 20 mails a batch that reads their categories, and one that
		// writes; and for each its MIME.
		require.EqualValues(t, 1+2*mails/20+mails, seen.Graph.Requests, v.sample)
		require.Equal(t, mails+mails*v.files, seen.Zendesk.Requests, v.sample) // a ticket, and files
		t.Logf("%s: %.0f allocations, %.1f KiB", v.sample, cost.Objects/mails, cost.Bytes/mails/1024)
		require.LessOrEqual(t, cost.Objects/mails, v.allocations, v.sample)
		require.LessOrEqual(t, cost.Bytes/mails/1024, v.kib, v.sample)
	}
}
