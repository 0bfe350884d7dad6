package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is to be broken is still there, once, so that whoever changes it is told at
// once and not by the command, which takes minutes.
func TestMutationsFit(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(mutations), 10)
	names := make(map[string]bool)
	for _, m := range mutations {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(m.file)))
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(text), m.old), "%s in %s", m.name, m.file)
		require.NotEqual(t, m.old, m.new)
		require.False(t, names[m.name], m.name)
		names[m.name] = true
	}
}
