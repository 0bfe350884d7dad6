package exdesktest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/tokens"
)

// Keeper tests a tokens.Keeper, and what Sealed keeps under it: that it opens with
// the same key and for the same account alone, and not at all once an octet of it
// was changed.
//
// fresh returns a Keeper with a key of its own at each call.
func Keeper(t *testing.T, fresh func(t *testing.T) tokens.Keeper) {
	ctx, keeper := t.Context(), fresh(t)
	const text = "a sign-in"
	store := new(tokens.Memory)
	sealed := &tokens.Sealed{Store: store, Keeper: keeper}
	_, err := sealed.Save(ctx, account, []byte(text), "")
	require.NoError(t, err)
	data, _, err := store.Load(ctx, account)
	require.NoError(t, err)

	t.Run("opens", func(t *testing.T) {
		require.Equal(t, text, mustOpen(t, keeper, account, data))
		require.NotContains(t, string(data), text)
		small, err := keeper.Encrypt(ctx, []byte{0})
		require.NoError(t, err)
		again, err := keeper.Encrypt(ctx, []byte{0})
		require.NoError(t, err)
		require.NotEqual(t, small, again, "what is the same must not look the same")
		plain, err := keeper.Decrypt(ctx, small)
		require.NoError(t, err)
		require.Equal(t, []byte{0}, plain)
	})
	t.Run("wrong key", func(t *testing.T) {
		_, err := open(ctx, fresh(t), account, data)
		require.Error(t, err)
	})
	t.Run("swapped accounts", func(t *testing.T) {
		for _, other := range []string{"sales@contoso.test", account + "x", "Support@contoso.test"} {
			_, err := open(ctx, keeper, other, data)
			require.ErrorIs(t, err, tokens.ErrSealed, "the sign-in of %s under the name of %s", account, other)
		}
	})
	t.Run("tampered", func(t *testing.T) {
		for i := range data {
			changed := append([]byte(nil), data...)
			changed[i] ^= 1
			_, err := open(ctx, keeper, account, changed)
			require.Error(t, err, "octet %d was changed", i)
		}
		for n := range data {
			_, err := open(ctx, keeper, account, data[:n])
			require.Error(t, err, "cut after %d octets", n)
		}
		_, err := open(ctx, keeper, account, append(append([]byte(nil), data...), 0))
		require.Error(t, err, "an octet was added")
	})
}

// open opens what was sealed as if it had been kept for the account.
func open(ctx context.Context, keeper tokens.Keeper, account string, data []byte) (string, error) {
	store := new(tokens.Memory)
	if _, err := store.Save(ctx, account, data, ""); err != nil {
		return "", err
	}
	plain, _, err := (&tokens.Sealed{Store: store, Keeper: keeper}).Load(ctx, account)
	return string(plain), err
}

func mustOpen(t *testing.T, keeper tokens.Keeper, account string, data []byte) string {
	t.Helper()
	plain, err := open(t.Context(), keeper, account, data)
	require.NoError(t, err)
	return plain
}
