// Package exdesktest holds suites for whoever implements one of exdesk's
// interfaces: what an implementation has to do that exdesk relies on, run against
// the implementation itself.
//
//	func TestStore(t *testing.T) {
//		exdesktest.TokenStore(t, func(t *testing.T) func() tokens.Store {
//			dir := t.TempDir()
//			return func() tokens.Store { return mystore.Open(dir) }
//		})
//	}
//
//	func TestKeeper(t *testing.T) {
//		exdesktest.Keeper(t, func(t *testing.T) tokens.Keeper { return mykeys.New(t) })
//	}
package exdesktest
