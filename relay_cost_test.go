package exdesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRelayRequests: what a notification costs the mailbox, of whose requests
// Exchange counts each.
func TestRelayRequests(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.leave(outbound(notice("first"))) // the mailbox learns the names of its fields
		const (
			// look for it, create, mark, read back, mark as about to be sent and look
			// again, send
			around = "POST POST PATCH GET%s POST POST"
			// a session, and 12 · 320 KiB at a time
			file22 = " POST PUT PUT PUT PUT PUT PUT"
		)
		for _, c := range []struct{ name, text, files string }{
			{"small", notice("small"), ""},
			{"2 MB", large("medium", 100, 1_400_000), ""},
			{"30 MB in one file", large("huge", 100, 22_000_000), file22},
			{"30 MB in ten files", large("many", sizes(10, 2_200_000)...), strings.Repeat(" POST", 10)},
		} {
			w.exchange.ResetRequests()
			w.leave(outbound(c.text))
			var methods []string
			for _, r := range w.exchange.Requests() {
				methods = append(methods, r.Method)
			}
			require.Equal(w, fmt.Sprintf(around, c.files), strings.Join(methods, " "), c.name)
		}
	})
}
