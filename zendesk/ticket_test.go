package zendesk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/rest"
)

func TestSingle(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	for text, want := range map[string]ticket{
		`{"ticket":{"url":"u","id":35,"external_id":"exdesk:1","status":"new","created_at":"2026-11-20T09:30:00Z","via":{"id":7}},"audit":{"id":9,"ticket":{"id":8}}}`: {ID: 35, ExternalID: "exdesk:1", Status: "new", Created: at},
		`{"audit":{"id":9},"ticket":{"id":35,"external_id":null,"created_at":null,"status":null}}`:                                                                     {ID: 35},
		`{"ticket":{"id":"35"}}`:                        {},
		`{"ticket":{"id":35.5}}`:                        {},
		`{"ticket":{"id":null}}`:                        {},
		`{"ticket":{"id":99999999999999999999}}`:        {},
		`{"ticket":{"id":35,"created_at":"yesterday"}}`: {ID: 35},
		`{"ticket":null}`:                               {},
		`{}`:                                            {},
	} {
		var a single
		require.NoError(t, rest.Decode([]byte(text), &a), text)
		require.Equal(t, want, a.ticket, text)
	}
	for _, bad := range []string{``, `[]`, `{"ticket":[]}`, `{"ticket":{"id":35,"status":7}}`, `{"ticket":{"id":35}`, `{"ticket":{"id":35}} x`} {
		require.Error(t, rest.Decode([]byte(bad), new(single)), bad)
	}
}
