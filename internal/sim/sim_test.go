package sim_test

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/sim"
)

func TestSome(t *testing.T) {
	first, _ := strconv.Atoi(os.Getenv("SEED"))
	n, _ := strconv.Atoi(os.Getenv("SEEDS"))
	var sum sim.Result
	for seed := first; seed < first+n; seed++ {
		synctest.Test(t, func(t *testing.T) {
			r, digest := sim.Run(sim.Config{Seed: uint64(seed), Mails: 200, Notifications: 40, Story: os.Stdout, Whole: os.Getenv("WHOLE") != ""})
			t.Logf("%+v %s", r, digest)
			sum.Add(r)
		})
	}
	t.Logf("%+v", sum)
	require.Zero(t, sum.Violations)
}
