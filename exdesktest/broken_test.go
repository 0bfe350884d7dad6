package exdesktest_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flaw is an implementation that breaks one promise.
type flaw struct {
	promise string // the subtest that must fail
	suite   func(t *testing.T)
}

// flaws are what the suites have to find.
var flaws = gather(brokenLimiters, brokenMailboxes, brokenDesks, brokenPeople, brokenClaimers, brokenOutboxes)

func gather(all ...map[string]flaw) map[string]flaw {
	sum := make(map[string]flaw)
	for _, some := range all {
		maps.Copy(sum, some)
	}
	return sum
}

// inChild tells the process that runs the suites which must fail: what fails in
// it does not fail here.
const inChild = "EXDESKTEST_BROKEN"

// TestBroken has each suite catch implementations that break one promise each.
func TestBroken(t *testing.T) {
	if os.Getenv(inChild) != "" {
		for name, f := range flaws {
			t.Run(name, f.suite)
		}
		return
	}
	t.Parallel()
	byPromise := make(map[string][]string)
	for name, f := range flaws {
		byPromise[f.promise] = append(byPromise[f.promise], name)
	}
	for promise, names := range byPromise { // one promise a process: the rest of the suites has nothing to say
		child := exec.Command(os.Args[0], "-test.run=^TestBroken$/^("+strings.Join(patterns(names), "|")+")$/^"+patterns([]string{promise})[0]+"$",
			"-test.v", "-test.timeout=5m")
		child.Env = append(os.Environ(), inChild+"=1")
		out, err := child.CombinedOutput()
		require.Error(t, err, "%s: nothing failed", promise)
		_, panicked, found := strings.Cut(string(out), "panic:")
		require.False(t, found, "panic: %.2000s", panicked)
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				path := strings.ReplaceAll("TestBroken/"+name+"/"+promise, " ", "_")
				require.True(t, strings.Contains(string(out), "--- FAIL: "+path+" ("), "the suite did not notice")
			})
		}
	}
}

// patterns are those that match each name of a test alone.
func patterns(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = regexp.QuoteMeta(strings.ReplaceAll(name, " ", "_"))
	}
	return out
}
