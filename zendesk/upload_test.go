package zendesk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
)

func TestMadeUpload(t *testing.T) {
	var a madeUpload
	require.NoError(t, rest.Decode([]byte(`{"upload":{"attachments":[{"content_url":"no"}],"attachment":{"id":1,"content_url":"https://x/\u00e9"},"token":"t"}}`), &a))
	require.Equal(t, madeUpload{"t", "https://x/é"}, a)
	require.Error(t, rest.Decode([]byte(`{"upload":{"token":1}}`), new(madeUpload)))
}
