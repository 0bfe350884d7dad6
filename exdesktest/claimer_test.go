package exdesktest_test

import (
	"testing"
	"testing/synctest"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

func TestClaims(t *testing.T) {
	exdesktest.Claimer(t, synctest.Test, func(*testing.T) exdesktest.ClaimerUnderTest {
		return exdesktest.ClaimerUnderTest{Claimer: new(exdesk.Claims)}
	})
}

// TestClaimsInRealTime is what an implementation on a clock of its own goes
// through.
func TestClaimsInRealTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some twenty seconds")
	}
	t.Parallel()
	exdesktest.Claimer(t, nil, func(*testing.T) exdesktest.ClaimerUnderTest {
		return exdesktest.ClaimerUnderTest{Claimer: new(exdesk.Claims)}
	})
}
