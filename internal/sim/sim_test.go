package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/sim"
)

// cell runs one cell in a bubble of its own.
func cell(t *testing.T, cfg sim.Config) (r *sim.Result, digest string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { r, digest = sim.Run(cfg) })
	return r, digest
}

// TestOnce is the simulation in a short form.
func TestOnce(t *testing.T) {
	for _, seed := range []uint64{4, 128, 2000} { // the command's -old runs more
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			mails := 200
			if testing.Short() {
				mails = 40
			}
			var story bytes.Buffer
			r, _ := cell(t, sim.Config{Seed: seed, Mails: mails, Notifications: mails / 5, Story: &story})
			require.Zero(t, r.Violations, "%s", &story)
			require.Equal(t, mails, r.Mails)
			require.Equal(t, mails/5, r.SentOnce+r.Withheld)
			require.NotZero(t, r.Tickets)
			require.NotZero(t, r.Requests)
		})
	}
}

// order is what the command in ../run wants of this test binary.
type order struct {
	Seeds                []uint64
	Mails, Notifications int // of a cell
	Stop                 bool
}

// TestOrder runs what EXDESK_SIM says, for the command: a line for each cell, and
// the story of each that fails.
func TestOrder(t *testing.T) {
	text := os.Getenv("EXDESK_SIM")
	if text == "" {
		t.Skip("go run ./internal/sim/run runs it")
	}
	var o order
	require.NoError(t, json.Unmarshal([]byte(text), &o))
	for _, seed := range o.Seeds {
		var story bytes.Buffer
		cryptotest.SetGlobalRandom(t, seed)
		r, digest := cell(t, sim.Config{Seed: seed, Mails: o.Mails, Notifications: o.Notifications, Story: &story})
		line, err := json.Marshal(struct {
			*sim.Result
			Digest string `json:"digest"`
			Story  string `json:"story,omitempty"`
		}{r, digest, story.String()})
		require.NoError(t, err)
		fmt.Printf("%s\n", line)
		if o.Stop && r.Violations > 0 {
			return
		}
	}
}
