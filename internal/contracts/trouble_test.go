package contracts_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// troubles refuses what is asked with every status, before and after acting, and
// loses answers. A mail arrives and one leaves each time.
func (w *world) troubles() {
	w.Helper()
	type trouble struct {
		status              int
		code, retryAfter    string
		commit, drop, isCut bool
	}
	var list []trouble
	for _, status := range []int{400, 401, 403, 404, 408, 409, 410, 412, 413, 422, 423, 429, 500, 501, 502, 503, 504, 507} {
		list = append(list, trouble{status: status, commit: status%2 == 0})
	}
	list = append(list, trouble{status: 429, code: "ApplicationThrottled", retryAfter: "1"}, trouble{status: 429, code: "TooManyRequests", retryAfter: "10"},
		trouble{status: 503, retryAfter: "3"}, trouble{commit: true, drop: true}, trouble{isCut: true})
	for i, f := range list {
		name := fmt.Sprint("trouble", i)
		w.exchange.Deliver(letter(name, toSupport, withFile(100)))
		cut := int64(0)
		if f.isCut {
			cut = 20
		}
		for _, skip := range []int{i % 3, 0, 2} {
			require.NoError(w, w.exchange.Fault(graphtest.Fault{Skip: skip, Status: f.status, Code: f.code, RetryAfter: f.retryAfter, Commit: f.commit, Drop: f.drop, Cut: cut}))
			require.NoError(w, w.support.Fault(zendesktest.Fault{Skip: skip, Status: f.status, RetryAfter: f.retryAfter, Commit: f.commit, Drop: f.drop, Cut: cut}))
		}
		w.settle()
		ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
		for range 3 {
			if _, err := w.conn.Relay(ctx, &exdesk.Outbound{MIME: strings.NewReader(notice(name, toAnn, page))}); err == nil {
				break
			}
			time.Sleep(10 * time.Minute)
		}
		cancel()
		_, _ = w.conn.Check(w.Context())
		w.exchange.ClearFaults()
		w.support.ClearFaults()
	}
	w.exchange.ExpireTokens()
	w.support.ExpireTokens()
	w.settle()
}
