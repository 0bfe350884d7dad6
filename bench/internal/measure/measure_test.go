package measure

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

var sink []byte

func TestDo(t *testing.T) {
	const size = 1 << 20
	c, err := Do(10, func(int) error { sink = make([]byte, size); return nil })
	require.NoError(t, err)
	require.InDelta(t, size, c.Bytes, size/100)
	require.InDelta(t, 1, c.Objects, 5)
	require.Positive(t, c.Wall)

	bad := errors.New("bad")
	_, err = Do(3, func(i int) error { require.Zero(t, i); return bad })
	require.ErrorIs(t, err, bad)
}

func TestMemory(t *testing.T) {
	before, err := Peak()
	require.NoError(t, err)
	sink = make([]byte, before+32<<20)
	for i := range sink {
		sink[i] = 1
	}
	now, err := RSS()
	require.NoError(t, err)
	require.Greater(t, now, before+32<<20)
	after, err := Peak()
	require.NoError(t, err)
	require.GreaterOrEqual(t, after, now)
	sink = nil
	require.NoError(t, Forget())
	forgotten, err := Peak()
	require.NoError(t, err)
	require.Less(t, forgotten, after-16<<20)
}

func TestCPU(t *testing.T) {
	before := CPU()
	for CPU() == before {
		sink = append(sink[:0], 1)
	}
}

func TestProgram(t *testing.T) {
	all := []Measurement{
		Of("3KB", Exdesk, func(r *Report) error {
			r.Add("parse 3KB", "µs CPU", 1.5)
			r.AddHigher("speed 3KB", "MB/s", 2)
			return nil
		}),
		Of("3KB", "other", func(*Report) error { return errors.New("broken") }),
	}
	run := func(args ...string) (string, error) {
		var b bytes.Buffer
		err := program(args, &b, all)
		return b.String(), err
	}
	out, err := run("list")
	require.NoError(t, err)
	require.Equal(t, `{"measure":"3KB","subject":"exdesk"}
{"measure":"3KB","subject":"other"}
`, out)
	out, err = run("run", "3KB", "exdesk")
	require.NoError(t, err)
	require.Equal(t, `{"row":"parse 3KB","subject":"exdesk","unit":"µs CPU","value":1.5}
{"row":"speed 3KB","subject":"exdesk","unit":"MB/s","value":2,"better":"higher"}
`, out)
	out, err = run("run", "3KB", "other")
	require.EqualError(t, err, "3KB of other: broken")
	require.Empty(t, out)
	_, err = run("run", "3KB", "nobody")
	require.ErrorContains(t, err, "not measured here")
	_, err = run()
	require.ErrorContains(t, err, "use:")
}
