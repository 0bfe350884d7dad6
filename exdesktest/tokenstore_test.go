package exdesktest_test

import (
	"testing"

	"github.com/exdesk/exdesk/exdesktest"
	"github.com/exdesk/exdesk/tokens"
)

func TestTokenStore(t *testing.T) {
	exdesktest.TokenStore(t, func(*testing.T) func() tokens.Store {
		store := new(tokens.Memory)
		return func() tokens.Store { return store }
	})
}
