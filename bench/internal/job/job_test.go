package job

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

// idler says that it has done what it did not do.
type idler struct{ done int }

func (w *idler) Ingest(context.Context) (int, error) { return w.done, nil }
func (w *idler) List(context.Context) (int, error)   { return w.done, nil }
func (w *idler) Label(context.Context, string) error { return nil }

func TestWorkIsChecked(t *testing.T) {
	s, err := servers.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	t.Setenv(servers.Variable, web.URL)
	for done, want := range map[int]string{
		0: "0 mails were ingested, and there were 1",
		1: "of 1 mails of 3KB came 0 tickets with 0 files, and 0 labels",
	} {
		for _, m := range Measurements("idler", func(*servers.Access, Dial) (Worker, error) { return &idler{done}, nil }) {
			require.EqualError(t, m.Run(new(measure.Report)), want, m.Measure)
		}
	}
}
