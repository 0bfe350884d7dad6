package exdesktest_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/exdesktest"
	"github.com/exdesk/exdesk/tokens"
)

func TestTokenStore(t *testing.T) {
	t.Parallel() // the claim of a process that died takes half a minute
	exdesktest.TokenStore(t, func(*testing.T) func() tokens.Store {
		store := new(tokens.Memory)
		return func() tokens.Store { return store }
	})
}

func TestKeeper(t *testing.T) {
	exdesktest.Keeper(t, func(t *testing.T) tokens.Keeper {
		secret := make([]byte, 32)
		_, err := rand.Read(secret)
		require.NoError(t, err)
		keys, err := tokens.NewKeys(tokens.Key{ID: "a", Secret: secret})
		require.NoError(t, err)
		return keys
	})
}
