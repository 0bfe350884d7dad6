package exdesk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A link that somebody has put where the limits are kept leads nowhere: what it
// points to is not written.
func TestLimitFileIsNoLink(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "limits")
	good, _ := openLimits(t, victim)
	require.NoError(t, good.Close())
	before, err := os.ReadFile(victim)
	require.NoError(t, err)
	if err := os.Symlink(victim, path); err != nil {
		t.Skip("no links here: ", err)
	}
	f, _ := openLimits(t, path)
	require.NoError(t, take(t, f, one(1, 1)))
	require.NoError(t, f.Close())
	after, err := os.ReadFile(victim)
	require.NoError(t, err)
	require.Equal(t, before, after)
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.True(t, info.Mode().IsRegular())
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
