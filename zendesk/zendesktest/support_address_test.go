package zendesktest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestSupportAddresses(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{SupportAddresses: []string{"help@acme.test"}, RefuseSupport: true})
	made := d.AddSupportAddress(zendesktest.SupportAddress{Email: "Sales@acme.test", Name: "Sales", BrandID: 7, Default: true, Forwarding: "waiting", SPF: "failed"})
	require.Equal(t, zendesktest.SupportAddress{ID: made.ID, Email: "Sales@acme.test", Name: "Sales", BrandID: 7, Default: true,
		Forwarding: "waiting", SPF: "failed", CNAME: "verified", Domain: "verified"}, made)

	list := d.want(200, "GET", "/api/v2/recipient_addresses", nil)
	require.Equal(t, "help@acme.test", list.at("recipient_addresses.0.email"))
	require.Equal(t, false, list.at("recipient_addresses.0.default"))
	require.Equal(t, "verified", list.at("recipient_addresses.0.forwarding_status"))
	require.Equal(t, "acme", list.at("recipient_addresses.0.name"))
	require.Equal(t, made.ID, list.id("recipient_addresses.1.id"))
	require.Equal(t, true, list.at("recipient_addresses.1.default"))
	require.Equal(t, "waiting", list.at("recipient_addresses.1.forwarding_status"))
	require.Equal(t, "failed", list.at("recipient_addresses.1.spf_status"))

	again := d.AddSupportAddress(zendesktest.SupportAddress{Email: "sales@acme.test", Forwarding: "failed"})
	require.Equal(t, made.ID, again.ID)
	require.True(t, again.Default, "there is always one")
	path := fmt.Sprintf("/api/v2/recipient_addresses/%d", made.ID)
	require.Equal(t, "failed", d.want(200, "GET", path, nil).at("recipient_address.forwarding_status"))
	d.want(404, "GET", "/api/v2/recipient_addresses/1", nil)
	d.want(400, "GET", "/api/v2/recipient_addresses/x", nil)
	d.want(422, "POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x"},"requester":{"name":"Ann","email":"sales@ACME.test"}}}`)

	for _, bad := range []zendesktest.SupportAddress{{}, {Email: "nowhere"}, {Email: "a@acme.test", Forwarding: "good"}, {Email: "a@acme.test", SPF: "waiting"}} {
		require.Panics(t, func() { d.AddSupportAddress(bad) })
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Role: "agent", PrivateFiles: true, EmailAttachments: true, AttachmentLimit: 7 << 20})
	got := d.want(200, "GET", "/api/v2/account/settings", nil)
	require.EqualValues(t, 7<<20, got.id("settings.limits.attachment_size"))
	require.Equal(t, true, got.at("settings.tickets.private_attachments"))
	require.Equal(t, true, got.at("settings.tickets.email_attachments"))
	got = setup(t, nil).want(200, "GET", "/api/v2/account/settings", nil)
	require.Equal(t, false, got.at("settings.tickets.private_attachments"))
	require.Equal(t, false, got.at("settings.tickets.email_attachments"))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for role, want := range map[string][]any{"": {"admin", false}, "admin": {"admin", false}, "agent": {"agent", false}, "light agent": {"agent", true}} {
		d := setup(t, &zendesktest.Options{Role: role})
		me := d.want(200, "GET", "/api/v2/users/me", nil)
		require.Equal(t, want, []any{me.at("user.role"), me.at("user.only_private_comments")})
		status := 403
		if want[0] == "admin" {
			status = 201
		}
		d.want(status, "POST", "/api/v2/imports/tickets", `{"ticket":{"comments":[{"value":"x"}]}}`)
	}
	require.Panics(t, func() { zendesktest.New(&zendesktest.Options{Role: "end-user"}) })
}
