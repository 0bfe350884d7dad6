package sim_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/sim"
)

// TestReplay: a cell does the same again, on one thread, to the nanosecond. (Not
// all do without the overlay of the command: see the package's comment.)
func TestReplay(t *testing.T) {
	if os.Getenv("EXDESK_SIM_DIGEST") != "" {
		cryptotest.SetGlobalRandom(t, 7)
		_, digest := cell(t, sim.Config{Seed: 7, Mails: 60, Notifications: 12, Story: io.Discard})
		t.Log("digest " + digest)
		return
	}
	t.Parallel()
	var digests []string
	for range 2 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestReplay$", "-test.v")
		cmd.Env = append(os.Environ(), "EXDESK_SIM_DIGEST=1", "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		_, after, ok := strings.Cut(string(out), "digest ")
		require.True(t, ok, "%s", out)
		digests = append(digests, strings.Fields(after)[0])
	}
	require.Equal(t, digests[0], digests[1])
}
