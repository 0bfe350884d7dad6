package tokens_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/tokens"
)

func TestCopy(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	from, to := new(tokens.Memory), new(tokens.Memory)
	require.ErrorIs(t, tokens.Copy(ctx, to, from, "ann"), tokens.ErrNotFound)
	require.NoError(t, tokens.Put(ctx, to, "ann", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "old"}, User: "before"}))
	require.NoError(t, tokens.Put(ctx, from, "ann", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "new"}, User: "ann@contoso.test"}))
	require.NoError(t, tokens.Copy(ctx, to, from, "ann"))
	state, err := tokens.Look(ctx, to, "ann")
	require.NoError(t, err)
	require.Equal(t, "ann@contoso.test", state.User)
}

// What was kept in the clear is sealed from now on.
func ExampleCopy() {
	ctx, plain := context.Background(), new(tokens.Memory)
	if err := tokens.Put(ctx, plain, "support@contoso.test", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "secret"}, User: "ann"}); err != nil {
		fmt.Println(err)
		return
	}
	keys, err := tokens.NewKeys(tokens.Key{ID: "2026", Secret: []byte("an example's key, which is known")})
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed := &tokens.Sealed{Store: new(tokens.Memory), Keeper: keys}
	if err := tokens.Copy(ctx, sealed, plain, "support@contoso.test"); err != nil {
		fmt.Println(err)
		return
	}
	state, err := tokens.Look(ctx, sealed, "support@contoso.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(state.User)
	// Output: ann
}
