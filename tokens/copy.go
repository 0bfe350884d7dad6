package tokens

import "context"

// Copy puts what one Store holds for the account into another, whatever was there
// before: a sign-in that was tried out first, or one that is to be Sealed from now
// on. Let no Source use the account in both. The error is a tokens.ErrNotFound if
// from holds nothing.
func Copy(ctx context.Context, to, from Store, account string) error {
	data, _, err := from.Load(ctx, account)
	if err != nil {
		return err
	}
	return overwrite(ctx, to, account, data)
}
