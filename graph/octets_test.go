package graph

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
)

func octetsOf(b []byte, opened *int) *octets {
	return &octets{size: int64(len(b)), open: func() (io.Reader, error) {
		*opened++
		return iotest.HalfReader(bytes.NewReader(b)), nil
	}}
}

// Whatever is asked for again is read again, and what comes next is read on.
func TestOctets(t *testing.T) {
	t.Parallel()
	b := bytes.Repeat([]byte("0123456789"), 10_000)
	opened := 0
	o := octetsOf(b, &opened)
	req := new(rest.Request)
	for _, at := range []int{0, 30_000, 30_000, 60_000, 90_000} {
		n := min(30_000, len(b)-at)
		o.body(req, int64(at), int64(n))
		require.EqualValues(t, n, req.Length)
		got, err := io.ReadAll(req.Body())
		require.NoError(t, err)
		require.True(t, bytes.Equal(b[at:at+n], got), "%d", at)
	}
	require.Equal(t, 2, opened)
	require.NoError(t, o.blame(nil))
	require.ErrorIs(t, o.blame(io.ErrClosedPipe), io.ErrClosedPipe, "it is not the letter's fault")
}

func TestOctetsAsBase64(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 4, 1000, encodedPiece - 1, encodedPiece, encodedPiece + 1, 3*encodedPiece + 2} {
		b := bytes.Repeat([]byte{0xfa, 7, 0, 1, 99}, n/5+1)[:n]
		opened := 0
		o := octetsOf(b, &opened)
		req := new(rest.Request)
		o.base64(req, `{"a":"`, `"}`)
		want := `{"a":"` + base64.StdEncoding.EncodeToString(b) + `"}`
		for range 2 {
			got, err := io.ReadAll(iotest.OneByteReader(req.Body()))
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			require.EqualValues(t, len(got), req.Length)
		}
	}
}

// Who could not read the letter is told that, and not what came of the request.
func TestOctetsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, o := range map[string]*octets{
		"open":  {size: 10, open: func() (io.Reader, error) { return nil, broken }},
		"read":  {size: 10, open: func() (io.Reader, error) { return iotest.ErrReader(broken), nil }},
		"short": {size: 10, open: func() (io.Reader, error) { return bytes.NewReader(make([]byte, 9)), nil }},
	} {
		for _, at := range []int64{0, 5} {
			req := new(rest.Request)
			o.body(req, at, 10-at)
			_, err := io.ReadAll(req.Body())
			require.Error(t, err, name)
			err = o.blame(errors.New("graph: the connection broke"))
			require.ErrorContains(t, err, "graph: reading the letter: ", name)
			if name == "short" {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			} else {
				require.ErrorIs(t, err, broken)
			}
		}
	}
}

// What is sent takes the same few objects whatever its size.
func TestOctetsCost(t *testing.T) {
	b := make([]byte, 3<<20)
	sink := make([]byte, 32<<10)
	cost := func(size int) float64 {
		o := &octets{size: int64(size), open: func() (io.Reader, error) { return bytes.NewReader(b[:size]), nil }}
		req := new(rest.Request)
		return testing.AllocsPerRun(5, func() {
			o.base64(req, "", "")
			r := req.Body()
			for {
				if _, err := r.Read(sink); err == io.EOF {
					break
				}
			}
		})
	}
	require.Equal(t, cost(100_000), cost(len(b)))
	require.LessOrEqual(t, cost(len(b)), 8.0)
}
