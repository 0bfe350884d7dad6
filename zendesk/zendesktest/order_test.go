package zendesktest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// TestTicketsOfUsers makes tickets 1 to 4 and looks at them from all sides.
func TestTicketsOfUsers(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{ListArchived: listed})
		bo := d.AddUser(zendesktest.User{Email: "bo@b.cd", Role: "agent"})
		for range 4 {
			d.create(fmt.Sprintf(`%s,"email_ccs":[{"user_email":"cc@b.cd"}],"followers":[{"user_id":%d}],"assignee_id":%[2]d,"tags":["t"]`, hello, bo.ID))
		}
		d.create(`"comment":{"body":"x"},"requester":{"email":"other@b.cd"}`)
		d.Edit(2, func(t *zendesktest.Ticket) { t.Archived = true })
		d.want(204, "DELETE", "/api/v2/tickets/3", nil)

		want, active := []int64{1, 4}, []int64{1, 4}
		if listed {
			want = []int64{1, 2, 4}
		}
		first := d.ticket(1)
		cc := d.want(200, "GET", "/api/v2/tickets/1/email_ccs", nil).id("users.0.id")
		for path, id := range map[string]int64{"requested": first.Requester.ID, "ccd": cc, "followed": bo.ID, "assigned": bo.ID} {
			path = fmt.Sprintf("/api/v2/users/%d/tickets/%s", id, path)
			all := d.want(200, "GET", path, nil)
			require.Equal(t, want, all.ids("tickets"), path)
			require.EqualValues(t, len(want), all.id("count"))
			require.Equal(t, first.EncodedID, all.at("tickets.0.encoded_id"))
			require.EqualValues(t, cc, all.id("tickets.0.email_cc_ids.0"))
			require.EqualValues(t, bo.ID, all.id("tickets.0.follower_ids.0"))
			require.EqualValues(t, bo.ID, all.id("tickets.0.assignee_id"))
			require.Equal(t, true, all.at("tickets.0.is_public"))
			require.Equal(t, "api", all.at("tickets.0.via.channel"))
			require.Equal(t, []any{"t"}, all.at("tickets.0.tags"))
			require.Equal(t, []any{}, all.at("tickets.0.followup_ids"))
			require.Len(t, all.at("tickets.0.collaborator_ids"), 2)
			one := d.want(200, "GET", path+"?page[size]=1&sort=-id", nil)
			require.Equal(t, []int64{4}, one.ids("tickets"))
			rest := d.want(200, "GET", strings.TrimPrefix(one.at("links.next").(string), d.url), nil)
			require.Equal(t, want[len(want)-2:len(want)-1], rest.ids("tickets"))
			require.Equal(t, []int64{1}, d.want(200, "GET", path+"?page=1&per_page=1", nil).ids("tickets"))
		}
		require.Equal(t, active, d.want(200, "GET", fmt.Sprintf("/api/v2/users/%d/tickets/requested?exclude_archived=true", first.Requester.ID), nil).ids("tickets"))
		require.Empty(t, d.Unknown())
	}
}

func TestSorting(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for range 4 {
		d.create(hello)
		d.Advance(time.Minute)
	}
	d.update(200, 2, `"status":"pending"`)
	d.Advance(time.Minute)
	d.update(200, 1, `"status":"open"`)
	d.update(200, 4, `"priority":"high"`)
	for query, want := range map[string][]int64{
		"":                                     {1, 2, 3, 4},
		"sort_order=desc":                      {4, 3, 2, 1},
		"sort_by=updated_at":                   {3, 2, 1, 4},
		"sort_by=updated_at&sort_order=desc":   {4, 1, 2, 3},
		"sort_by=status":                       {3, 4, 1, 2},
		"sort_by=created_at&sort_order=desc":   {4, 3, 2, 1},
		"page[size]=9&sort=updated_at":         {3, 2, 1, 4},
		"page[size]=9&sort=-updated_at":        {4, 1, 2, 3},
		"page[size]=9&sort=-status":            {2, 1, 4, 3},
		"page[size]=9&sort=-id":                {4, 3, 2, 1},
		"page[size]=9&sort_by=updated_at":      {1, 2, 3, 4},
		"per_page=9&page=1&sort=-updated_at":   {1, 2, 3, 4},
		"page[size]=9&sort=id&sort_order=desc": {1, 2, 3, 4},
	} {
		require.Equal(t, want, d.want(200, "GET", "/api/v2/tickets?"+query, nil).ids("tickets"), query)
	}
	p := d.want(200, "GET", "/api/v2/tickets?page[size]=2&sort=-updated_at", nil)
	require.Equal(t, []int64{4, 1}, p.ids("tickets"))
	p = d.want(200, "GET", strings.TrimPrefix(p.at("links.next").(string), d.url), nil)
	require.Equal(t, []int64{2, 3}, p.ids("tickets"))
	require.Empty(t, d.Unknown())
	d.want(200, "GET", "/api/v2/tickets?sort_by=subject", nil)
	require.Len(t, d.Unknown(), 1)
}
