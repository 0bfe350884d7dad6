package zendesktest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestAuditLag(t *testing.T) {
	t.Parallel()
	inBubble(t, &zendesktest.Options{AuditLag: 10 * time.Second}, func(t *testing.T, d *desk) {
		count := func() int { return len(d.audits(1).at("audits").([]any)) }
		old := d.create(hello).at("ticket.updated_at")
		require.Zero(t, count())
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, count())
		d.update(200, 1, `"comment":{"body":"x"},"metadata":{"k":"v"}`)
		require.NotEqual(t, old, d.want(200, "GET", "/api/v2/tickets/1", nil).at("ticket.updated_at"), "which moves at once")
		require.Len(t, d.want(200, "GET", "/api/v2/tickets/1/comments", nil).at("comments"), 2)
		time.Sleep(9 * time.Second)
		require.Equal(t, 1, count())
		time.Sleep(time.Second)
		require.Equal(t, "v", d.audits(1).at("audits.0.metadata.custom.k"))
	})
}

func TestReadLag(t *testing.T) {
	t.Parallel()
	inBubble(t, &zendesktest.Options{ReadLag: 5 * time.Second}, func(t *testing.T, d *desk) {
		made := d.create(hello).at("ticket.updated_at").(string)
		d.want(404, "GET", "/api/v2/tickets/1", nil)
		require.Len(t, d.want(200, "GET", "/api/v2/tickets", nil).at("tickets"), 1, "lists do not lag")
		time.Sleep(5 * time.Second)
		read := func() *response { return d.want(200, "GET", "/api/v2/tickets/1", nil) }
		require.Equal(t, made, read().at("ticket.updated_at"))
		d.update(200, 1, `"status":"pending","tags":["t"],"email_ccs":[{"user_email":"cc@b.cd"}]`)
		stale := read()
		require.Equal(t, "new", stale.at("ticket.status"))
		require.Empty(t, stale.at("ticket.tags"))
		require.Empty(t, stale.at("ticket.email_cc_ids"))
		d.update(409, 1, `"status":"solved","safe_update":true,"updated_stamp":"`+stale.at("ticket.updated_at").(string)+`"`)
		time.Sleep(5 * time.Second)
		require.Equal(t, "pending", read().at("ticket.status"))
		d.update(200, 1, `"status":"solved","safe_update":true,"updated_stamp":"`+read().at("ticket.updated_at").(string)+`"`)

		d.Edit(1, func(t *zendesktest.Ticket) { t.Comments[0].Public = false })
		require.Equal(t, true, read().at("ticket.is_public"))
		time.Sleep(5 * time.Second)
		require.Equal(t, false, read().at("ticket.is_public"))
		d.Edit(1, func(t *zendesktest.Ticket) { t.Status = "closed" })
		d.create(`"comment":{"body":"more"},"via_followup_source_id":1`)
		require.Empty(t, read().at("ticket.followup_ids"))
		d.want(204, "DELETE", "/api/v2/tickets/1", nil)
		read()
		time.Sleep(5 * time.Second)
		d.want(404, "GET", "/api/v2/tickets/1", nil)
	})
}
