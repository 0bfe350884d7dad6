package graph_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
)

// TestMailbox holds the client to exdesk's interfaces, whatever Exchange turns
// out to do where its documentation does not say.
func TestMailbox(t *testing.T) {
	for name, g := range map[string]graphtest.Options{
		"as documented":       {},
		"small pages":         {PageSize: 7, EmptyPages: 3},
		"heavy pages":         {HeavyPage: 5},
		"octets as they came": {Raw: true, Headers: graphtest.Keeps, SoftDelete: true},
		"no preconditions":    {IgnoreIfMatch: true},
		"nothing kept":        {Headers: graphtest.Strips, FromName: graphtest.NameInDraft, SubmitDate: true, MinUpload: 3 << 20, MaxRequest: 4 << 20},
		"late":                {SentLag: 20 * time.Second, FilterLag: 5 * time.Second, PropertyLag: 10 * time.Second},
		"other ids in drafts": {MessageIDs: graphtest.ReplacedInDraft, BareProperties: true},
		"other ids, and late": {NewSentID: true, SentLag: 20 * time.Second, PropertyLag: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			exdesktest.Mailbox(t, synctest.Test, func(t *testing.T) exdesktest.MailboxUnderTest { return underTest(t, g) })
		})
	}
}

// underTest is a client at a fake Exchange Online, and who else is at it.
func underTest(t *testing.T, g graphtest.Options) exdesktest.MailboxUnderTest {
	g.Budget = -1
	srv := graphtest.New(&g)
	url, client, stop := memnet.Serve(srv)
	t.Cleanup(func() {
		stop()
		require.Empty(t, srv.Violations())
		require.Empty(t, srv.Unknown())
	})
	c, err := graph.New(srv.Mailbox(), token(srv.Token()), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
	require.NoError(t, err)
	m := exdesktest.MailboxUnderTest{
		Mailbox: c,
		Deliver: func(mail []byte, arrived time.Time) string {
			id, err := srv.DeliverTo(srv.Mailbox(), mail, &graphtest.Delivery{Received: arrived})
			require.NoError(t, err)
			return id
		},
		Look: func(id string) (exdesktest.Item, bool) {
			m, ok := srv.Message(id)
			return exdesktest.Item{Categories: slices.Clone(m.Categories), Read: m.IsRead, Elsewhere: m.Folder != "inbox"}, ok
		},
		Edit: func(id string, f func(*exdesktest.Item)) {
			srv.Edit(id, func(m *graphtest.Message) {
				item := exdesktest.Item{Categories: m.Categories, Read: m.IsRead, Elsewhere: m.Folder != "inbox"}
				f(&item)
				m.Categories, m.IsRead = item.Categories, item.Read
				if m.Folder = "inbox"; item.Elsewhere {
					m.Folder = "archive"
				}
			})
		},
		Delete: func(id string) { srv.Remove(id) },
		Break:  func(id string) { srv.BreakMIME(id, "") },
		Damage: func(id string) { srv.Poison(id) },
		Outage: func(on bool) {
			if srv.ClearFaults(); on {
				require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/**", Times: -1, Status: 503}))
			}
		},
		Lose: func() {
			for _, method := range []string{"PATCH", "POST"} {
				require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/**", Method: method, Commit: true, Drop: true}))
			}
		},
		Left: func() (left []exdesktest.Departure) {
			for _, m := range srv.Sent() {
				left = append(left, exdesktest.Departure{Recipients: m.EnvelopeRecipients, MIME: m.MIME})
			}
			return left
		},
		Lag:      g.SentLag + g.FilterLag + g.PropertyLag,
		LastWins: g.IgnoreIfMatch, KeepsDeleted: g.SoftDelete,
	}
	if g.MessageIDs == graphtest.ReplacedInDraft && g.BareProperties {
		m.Lose = nil // a draft whose answer is lost is not found there: see Client.Draft
	}
	return m
}

// TestClaims holds the claims to exdesk.Claimer, whatever Exchange turns out to do.
func TestClaims(t *testing.T) {
	for name, g := range map[string]graphtest.Options{
		"as documented": {},
		"late":          {SentLag: 20 * time.Second, FilterLag: 5 * time.Second, PropertyLag: 10 * time.Second},
		"small pages":   {PageSize: 7, EmptyPages: 3},
	} {
		t.Run(name, func(t *testing.T) {
			exdesktest.Claimer(t, synctest.Test, func(t *testing.T) exdesktest.ClaimerUnderTest { return claimsUnderTest(t, g) })
		})
	}
}

// claimsUnderTest are claims at a fake Exchange Online.
func claimsUnderTest(t *testing.T, g graphtest.Options) exdesktest.ClaimerUnderTest {
	g.Budget, g.InFlight = -1, -1
	srv := graphtest.New(&g)
	url, client, stop := memnet.Serve(srv)
	t.Cleanup(func() {
		stop()
		require.Empty(t, srv.Violations())
		require.Empty(t, srv.Unknown())
	})
	open := func() exdesk.Claimer {
		c, err := graph.New(srv.Mailbox(), token(srv.Token()), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
		require.NoError(t, err)
		return &graph.Claims{Client: c, Life: 5 * time.Minute}
	}
	return exdesktest.ClaimerUnderTest{
		Claimer: open(),
		Other:   open,
		Life:    5 * time.Minute,
		Outage: func(on bool) {
			if srv.ClearFaults(); on {
				require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/**", Times: -1, Status: 503}))
			}
		},
		Lose: func() {
			for _, method := range []string{"PATCH", "POST"} {
				require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/**", Method: method, Commit: true, Drop: true}))
			}
		},
	}
}
