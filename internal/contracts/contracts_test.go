package contracts_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// Every request that the adapters make, and every answer of the fakes, is as the
// contracts say, but for what is listed. Run as a whole: a part of it does not
// meet everything that is listed.
func TestContracts(t *testing.T) {
	g, z := contracts(t)
	all := &ledgers{newLedger(g), newLedger(z)}
	t.Run("as by default", func(t *testing.T) {
		all.in(t, mode{}, func(w *world) {
			w.inbound()
			w.requireDone()
			w.outbound()
			w.claims()
			w.notifies()
			w.check()
			for _, u := range append(w.exchange.Unknown(), w.support.Unknown()...) {
				t.Error(u)
			}
		})
	})
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			all.in(t, m, func(w *world) {
				w.inbound()
				w.outbound()
				w.check()
			})
		})
	}
	t.Run("trouble", func(t *testing.T) { all.in(t, mode{}, (*world).troubles) })
	t.Run("by hand", func(t *testing.T) { synctest.Test(t, all.byHand) })
	all.graph.settle(t, "Graph", graphDeviations)
	all.zendesk.settle(t, "Zendesk", zendeskDeviations)
}

// check looks at the connection, also at mailboxes and addresses that are not as
// they should be.
func (w *world) check() {
	w.Helper()
	w.look()
	w.exchange.AddMailbox("boss@contoso.test")
	w.support.AddUser(zendesktest.User{Name: "Support", Email: w.exchange.Mailbox(), Role: "end-user"})
	w.support.AddUser(zendesktest.User{Name: "Further", Email: "xsupport@contoso.test", Role: "end-user"})
	w.support.AddSupportAddress(zendesktest.SupportAddress{Email: "support@contoso.test", Forwarding: "verified"})
	w.token = application
	w.client.OutOfReach = "boss@contoso.test"
	if w.client.User == "me" {
		w.token = nil
	}
	w.connect()
	w.look()
	w.exchange.AddOnPremises("onprem@contoso.test")
	w.client.User, w.token = "onprem@contoso.test", application
	w.connect()
	w.look()
	w.token = func(s *graphtest.Server) string { return s.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read"}}) }
	w.connect()
	w.look()
}

func (w *world) look() {
	w.Helper()
	found, err := w.conn.Check(w.Context())
	require.NoError(w, err)
	require.NotEmpty(w, found)
}
