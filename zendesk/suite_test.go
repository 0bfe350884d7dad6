package zendesk_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// TestDesk holds the client to exdesk's interfaces, whatever Zendesk turns out to
// do where its documentation does not say.
func TestDesk(t *testing.T) {
	for name, z := range map[string]zendesktest.Options{
		"as documented":     {},
		"tickets late":      {LookupLag: 20 * time.Second},
		"audits late":       {AuditLag: 10 * time.Second},
		"replicas":          {ReadLag: 10 * time.Second},
		"all late":          {LookupLag: 20 * time.Second, AuditLag: 10 * time.Second, ReadLag: 5 * time.Second},
		"failures kept":     {RememberFailures: true, TerseClosed: true, JSONLimits: true},
		"loose keys":        {LooseKeys: true, InFlight: zendesktest.InFlightWait, Think: time.Second},
		"slow":              {Think: 3 * time.Second},
		"strict":            {RefuseRecipient: true, RefuseSupport: true, RefuseEmpty: true, OversizeStatus: 422, RefuseSuspendedAuthors: true, RefuseSuspendedTickets: true},
		"lenient":           {IgnoreUploads: true, DropBadCCs: true, KeepSolved: true, EditClosed: true, JSONUploads: true},
		"more in lists":     {ListArchived: true, MergeCCs: true, ImportMetadata: true, InlineImages: true, LightAgents: zendesktest.LightPublic},
		"files are private": {PrivateFiles: true, PrivateByDefault: true},
	} {
		t.Run(name, func(t *testing.T) {
			exdesktest.Desk(t, synctest.Test, func(t *testing.T) exdesktest.DeskUnderTest { return underTest(t, z) })
		})
	}
}

// underTest is a client at a fake account, and who else is at it.
func underTest(t *testing.T, z zendesktest.Options) exdesktest.DeskUnderTest {
	z.RateLimit, z.UpdateLimit, z.TokenLife, z.AttachmentLimit = -1, -1, -1, 3<<20
	srv := zendesktest.New(&z)
	url, client, stop := memnet.Serve(srv)
	t.Cleanup(func() {
		stop()
		require.Empty(t, srv.Unknown())
	})
	c, err := zendesk.New("acme", token(srv.Token()), &zendesk.Options{BaseURL: url, HTTPClient: client})
	require.NoError(t, err)
	return exdesktest.DeskUnderTest{
		Desk: c,
		Tickets: func() (ids []int64) {
			for _, t := range srv.Tickets() {
				if !t.Deleted {
					ids = append(ids, t.ID)
				}
			}
			return ids
		},
		Look: func(id int64) (exdesktest.Case, bool) {
			t, ok := srv.Ticket(id)
			return caseOf(t), ok && !t.Deleted
		},
		Edit: func(id int64, f func(*exdesktest.Case)) {
			srv.Edit(id, func(t *zendesktest.Ticket) {
				c := caseOf(*t)
				f(&c)
				t.Status, t.Tags = c.Status, c.Tags
				for i, r := range c.Remarks {
					if i < len(t.Comments) {
						t.Comments[i].Public = r.Public
						continue
					}
					t.Comments = append(t.Comments, zendesktest.Comment{Body: r.Text, Public: r.Public})
				}
			})
		},
		Delete: func(id int64) { srv.Edit(id, func(t *zendesktest.Ticket) { t.Deleted = true }) },
		Merge:  func(into, from int64) { srv.Merge(into, from) },
		Join: func(p exdesk.Person, further ...string) int64 {
			u := zendesktest.User{Name: p.Name, Email: p.Address, Emails: further, Light: p.PrivateOnly, DefaultGroupID: p.Group, Suspended: p.Suspended}
			if p.Agent {
				u.Role = "agent"
			}
			switch {
			case p.Group != 0:
				u.TicketRestriction = "groups"
			case p.Restricted:
				u.TicketRestriction = "assigned"
			}
			return srv.AddUser(u).ID
		},
		Support: func(address string) { srv.AddSupportAddress(zendesktest.SupportAddress{Email: address}) },
		Outage: func(on bool) {
			if srv.ClearFaults(); on {
				require.NoError(t, srv.Fault(zendesktest.Fault{Path: "/api/v2/**", Times: -1, Status: 503}))
			}
		},
		Lose: func() {
			for _, method := range []string{"PUT", "POST"} {
				require.NoError(t, srv.Fault(zendesktest.Fault{Path: "/api/v2/**", Method: method, Commit: true, Drop: true}))
			}
		},
		MostFile: 3 << 20,
		Lag:      z.LookupLag + z.AuditLag + z.ReadLag,
	}
}

func caseOf(t zendesktest.Ticket) exdesktest.Case {
	c := exdesktest.Case{
		ExternalID: t.ExternalID, Subject: t.Subject, Status: t.Status, Requester: t.Requester.Email, Recipient: t.Recipient,
		CCs: slices.Clone(t.EmailCCs), Tags: slices.Clone(t.Tags), FollowUpOf: t.FollowUpOf, Created: t.CreatedAt,
	}
	for _, m := range t.Comments {
		r := exdesktest.Remark{ID: m.ID, Author: m.Author.Email, Public: m.Public, Text: m.Body}
		for _, a := range m.Attachments {
			r.Files = append(r.Files, a.Content)
		}
		c.Remarks = append(c.Remarks, r)
	}
	return c
}
