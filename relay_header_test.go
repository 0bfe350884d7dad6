package exdesk_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// TestHeaderSurvival is the table of what Relay can do in which tenant. "kept"
// and "repaired" leave; anything else leaves only if MayLose allows it.
func TestHeaderSurvival(t *testing.T) {
	for _, c := range []struct {
		name          string
		options       graphtest.Options
		first, second map[string]exdesk.Survival // of the first mail that leaves, and of the next; kept if not named
	}{
		{"keeps", graphtest.Options{Headers: graphtest.Keeps}, nil, nil},
		{"repairable", graphtest.Options{Headers: graphtest.Repairable},
			map[string]exdesk.Survival{"Auto-Submitted": exdesk.Repaired, "X-Mailer": exdesk.Repaired, "X-Zendesk-From-Account-Id": exdesk.Repaired, "X-Zendesk-Email-Id": exdesk.Repaired},
			map[string]exdesk.Survival{"Auto-Submitted": exdesk.Repaired}},
		{"names come by JSON alone", graphtest.Options{BareProperties: true},
			map[string]exdesk.Survival{"Auto-Submitted": exdesk.Lost}, map[string]exdesk.Survival{"Auto-Submitted": exdesk.Lost}},
		{"the draft gets another Message-ID", graphtest.Options{Headers: graphtest.Keeps, MessageIDs: graphtest.ReplacedInDraft},
			map[string]exdesk.Survival{"Message-ID": exdesk.Repaired}, map[string]exdesk.Survival{"Message-ID": exdesk.Repaired}},
		{"strips", graphtest.Options{Headers: graphtest.Strips},
			map[string]exdesk.Survival{"Auto-Submitted": exdesk.Lost, "X-Auto-Response-Suppress": exdesk.Lost, "X-Mailer": exdesk.Lost, "X-Zendesk-From-Account-Id": exdesk.Lost, "X-Zendesk-Email-Id": exdesk.Lost},
			map[string]exdesk.Survival{"Auto-Submitted": exdesk.Lost, "X-Auto-Response-Suppress": exdesk.Lost, "X-Mailer": exdesk.Lost, "X-Zendesk-From-Account-Id": exdesk.Lost, "X-Zendesk-Email-Id": exdesk.Lost}},
		{"the name is replaced at once", graphtest.Options{Headers: graphtest.Keeps, FromName: graphtest.NameInDraft},
			map[string]exdesk.Survival{"From": exdesk.Renamed}, map[string]exdesk.Survival{"From": exdesk.Renamed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			relaying(t, &c.options, func(w *world) {
				lost := false
				for _, s := range c.first {
					lost = lost || s == exdesk.Lost
				}
				_, err := w.conn.Relay(w.Context(), outbound(notice("ann")))
				if lost {
					var loss *exdesk.LossError
					require.ErrorAs(w, err, &loss)
					require.NotErrorIs(w, err, exdesk.ErrRefused, "it can leave once the settings are right")
					require.ErrorContains(w, err, "Auto-Submitted (lost)")
					require.ErrorContains(w, err, "MayLose")
					require.Empty(w, w.exchange.Sent())
					require.Empty(w, w.drafts())
				} else {
					require.NoError(w, err)
				}
				w.opts.Relay = exdesk.RelayOptions{MayLose: protected, Settle: -1}
				w.restart()
				wants := []map[string]exdesk.Survival{c.first, c.second}
				if !lost { // the mailbox has learnt the names
					wants[0] = c.second
				}
				for i, name := range []string{"bob", "cat"} {
					r := w.leave(outbound(notice(name)))
					sent := w.exchange.Sent()
					require.Contains(w, r.MessageID, "56Z97D7G67G_65d68382aa493", "as the draft has it")
					arrived := unfold(sent[len(sent)-1].MIME)
					got := map[string]exdesk.Survival{}
					for _, f := range r.Fields {
						if f.Survival != exdesk.Kept {
							got[f.Name] = f.Survival
						}
						if f.Name != "From" {
							require.Equal(w, f.Survival != exdesk.Lost, strings.Contains(arrived, f.Name+": "+f.Handed+"\r\n"), f.Name)
						}
					}
					if len(wants[i]) == 0 {
						require.Empty(w, got)
					} else {
						require.Equal(w, wants[i], got, name)
					}
				}
			})
		})
	}
}
