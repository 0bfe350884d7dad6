package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/samples"
)

// All who read the samples find the same in them; of the hostile mails exdesk reads
// all.
func TestAgree(t *testing.T) {
	buf := make([]byte, bufSize)
	for _, m := range mails() {
		if m.name == "50MB" || m.name == "hostile 50MB" {
			continue // they are as those of 5 MB
		}
		raw := m.make()
		want, err := exdesk(bytes.NewReader(raw), buf)
		require.NoError(t, err, m.name)
		require.Positive(t, want.leaves, m.name)
		if m.small != nil {
			require.True(t, subjects[0].able(m.small()), m.name)
			continue
		}
		for _, s := range subjects {
			got, err := s.read(bytes.NewReader(raw), buf)
			require.NoError(t, err, "%s of %s", m.name, s.name)
			require.Equal(t, want.leaves, got.leaves, "%s of %s", m.name, s.name)
			require.True(t, near(got.octets, want.octets), "%s of %s: %d and %d", m.name, s.name, got.octets, want.octets)
		}
	}
	require.Len(t, mails(), 2*len(samples.Names)+len(hostile)-1)
}
