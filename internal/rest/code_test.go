package rest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "ErrorItemNotFound", "RequestBroker--ParseUri", "Request_ResourceNotFound", "invalid_grant", "429", "Invalid attribute", "MAPI.E-5.7.1"} {
		require.Equal(t, code, rest.Code(code))
	}
	for _, bad := range []string{"EwB020206c6aa2ce7b810", "a\nb", "a@b", "<script>", "日本", strings.Repeat("x", 65), `"`} {
		require.Empty(t, rest.Code(bad))
	}
	require.Equal(t, "61b13d9e-f348-4470-8d2a-c171e38acfa2", rest.ID("61b13d9e-f348-4470-8d2a-c171e38acfa2"))
	for _, bad := range []string{"a b", "x\r\nLevel: error", strings.Repeat("1", 65), "a@b"} {
		require.Empty(t, rest.ID(bad))
	}
	require.Equal(t, "Requester … is suspended, says …", rest.Quote("Requester ann@customer.example  is suspended,\nsays EwB020206c6aa2ce7b810d299a8ed70f8a2a0a48fc"))
}
