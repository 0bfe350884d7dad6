package exdesk_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// TestRequests guards what a backlog of a hundred mails takes: a request for each
// mail and one for its ticket; for the others, that share them, one in six or
// more. Of mail that is older than ten minutes the desk is asked first whether
// it is on a ticket, under both its ids, as other copies of it may be.
func TestRequests(t *testing.T) {
	const mails = 100
	for age, lookups := range map[time.Duration]int{0: 0, time.Hour: 2 * mails} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, nil)
			for i := range mails {
				w.deliver(fmt.Sprint("mail", i))
			}
			time.Sleep(age)
			w.renew()
			w.exchange.ResetRequests()
			w.support.ResetRequests()
			require.Equal(t, mails, w.ingest().Count(exdesk.Created))

			got := make(map[string]int)
			for _, r := range w.exchange.Requests() {
				got[r.Method+" "+r.Path[strings.LastIndexByte(r.Path, '/')+1:]]++
			}
			for _, r := range w.support.Requests() {
				got[r.Method+" "+r.Path[strings.LastIndexByte(r.Path, '/')+1:]]++
			}
			want := map[string]int{
				"GET messages": 1, "GET $value": mails, "POST tickets": mails, "GET recipient_addresses": 1,
				// At the pace of 25 mails a minute, five are labelled while the pass waits.
				"POST $batch": 2 * (mails/20 + mails/25 - 1),
			}
			if lookups > 0 {
				want["GET tickets"] = lookups
			}
			require.Equal(t, want, got)
		})
	}
}
