package exdesktest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
)

var window = exdesk.Cost{Messages: 10, Bytes: 50_000, Recipients: 40}

// limiters are those of package exdesk.
var limiters = map[string]func(t *testing.T, per time.Duration) exdesk.Limiter{
	"Windows": func(_ *testing.T, per time.Duration) exdesk.Limiter { return &exdesk.Windows{Most: window, Per: per} },
	"Limiters": func(_ *testing.T, per time.Duration) exdesk.Limiter {
		return exdesk.Limiters{
			&exdesk.Windows{Most: exdesk.Cost{Messages: window.Messages}, Per: per},
			exdesk.Limiters{&exdesk.Windows{Most: exdesk.Cost{Bytes: window.Bytes}, Per: per}},
			&exdesk.Line{Limiter: &exdesk.Windows{Most: exdesk.Cost{Recipients: window.Recipients}, Per: per}},
		}
	},
	"Line": func(_ *testing.T, per time.Duration) exdesk.Limiter {
		return &exdesk.Line{Limiter: &exdesk.Windows{Most: window, Per: per}}
	},
	"LimitFile": func(t *testing.T, per time.Duration) exdesk.Limiter {
		f, err := exdesk.OpenLimits(t.TempDir()+"/limits", &exdesk.Windows{Most: window, Per: per})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, f.Close()) })
		return f
	},
	"Line of LimitFile": func(t *testing.T, per time.Duration) exdesk.Limiter {
		f, err := exdesk.OpenLimits(t.TempDir()+"/limits", exdesk.Limiters{
			&exdesk.Windows{Most: exdesk.Cost{Messages: window.Messages}, Per: per},
			&exdesk.Windows{Most: exdesk.Cost{Bytes: window.Bytes, Recipients: window.Recipients}, Per: per},
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, f.Close()) })
		return &exdesk.Line{Limiter: f}
	},
}

func TestLimiter(t *testing.T) {
	for name, open := range limiters {
		t.Run(name, func(t *testing.T) {
			exdesktest.Limiter(t, synctest.Test, func(t *testing.T) exdesktest.LimiterUnderTest {
				return exdesktest.LimiterUnderTest{Limiter: open(t, time.Minute), Most: window, Per: time.Minute}
			})
		})
	}
	t.Run("LimitMessages", func(t *testing.T) {
		exdesktest.Limiter(t, synctest.Test, func(*testing.T) exdesktest.LimiterUnderTest {
			bucket := exdesk.LimitMessages(rate.NewLimiter(10.0/60, 10))
			return exdesktest.LimiterUnderTest{Limiter: bucket, Most: exdesk.Cost{Messages: 10}, Per: time.Minute, Bucket: true}
		})
	})
}

// TestLimiterInRealTime is what an implementation on a clock of its own goes
// through.
func TestLimiterInRealTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some ten seconds")
	}
	t.Parallel()
	exdesktest.Limiter(t, nil, func(t *testing.T) exdesktest.LimiterUnderTest {
		return exdesktest.LimiterUnderTest{Limiter: limiters["Line"](t, time.Second), Most: window, Per: time.Second}
	})
}
