package zendesktest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func (r *response) ids(list string) []int64 {
	var out []int64
	l, _ := r.at(list).([]any)
	for i := range l {
		out = append(out, (&response{json: l[i].(map[string]any)}).id("id"))
	}
	return out
}

func TestLookup(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{LookupLag: time.Minute})
	d.create(hello + `,"external_id":"a"`)
	d.create(hello + `,"external_id":"a"`)
	d.create(hello + `,"external_id":"b"`)
	d.create(hello)
	find := func(id string) []int64 {
		return d.want(200, "GET", "/api/v2/tickets?external_id="+id, nil).ids("tickets")
	}
	require.Empty(t, find("a"), "it lags")
	require.Len(t, d.want(200, "GET", "/api/v2/tickets", nil).ids("tickets"), 4)
	d.Advance(time.Minute)
	require.Equal(t, []int64{1, 2}, find("a"))
	require.Equal(t, []int64{3}, find("b"))
	require.Empty(t, find(""))
	require.Empty(t, find("A"))
	d.Edit(1, func(t *zendesktest.Ticket) { t.Archived = true })
	require.Equal(t, []int64{2}, find("a"), "archived ones are hidden")
	d.want(200, "GET", "/api/v2/tickets/1", nil)
	audits := d.want(200, "GET", "/api/v2/tickets/1/audits?page[size]=1", nil)
	require.Nil(t, audits.at("meta"), "their audits know no paging")
	require.Len(t, audits.at("audits"), 1)
	d.Edit(2, func(t *zendesktest.Ticket) { t.Deleted = true })
	require.Empty(t, find("a"))
	require.JSONEq(t, `{"error":"RecordNotFound","description":"Not found"}`, string(d.want(404, "GET", "/api/v2/tickets/2", nil).body))

	require.Equal(t, []int64{3, 1}, d.want(200, "GET", "/api/v2/tickets/show_many?ids=3,99,2,1", nil).ids("tickets"))
	many := d.want(400, "GET", "/api/v2/tickets/show_many?ids=1"+strings.Repeat(",1", 100), nil)
	require.Equal(t, "TooManyValues", many.at("error"))
	require.EqualValues(t, 100, many.id("max_count"))
	d.want(400, "GET", "/api/v2/tickets/show_many", nil)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for range 5 {
		d.create(hello)
	}
	get := func(query string) *response { return d.want(200, "GET", query, nil) }
	rest := func(u any) string { return strings.TrimPrefix(u.(string), d.url) }

	p := get("/api/v2/tickets?page[size]=2")
	require.Equal(t, []int64{1, 2}, p.ids("tickets"))
	d.Edit(2, func(t *zendesktest.Ticket) { t.Archived = true }) // the cursor's own element leaves
	p = get(rest(p.at("links.next")))
	require.Equal(t, []int64{3, 4}, p.ids("tickets"))
	p = get(rest(p.at("links.next")))
	require.Equal(t, []int64{5}, p.ids("tickets"))
	require.Equal(t, false, p.at("meta.has_more"))
	require.NotNil(t, p.at("links.next"), "also on the last page")
	end := get(rest(p.at("links.next")))
	require.Empty(t, end.ids("tickets"))
	require.Nil(t, end.at("links.next"))
	require.Equal(t, []int64{3, 4}, get(rest(p.at("links.prev"))+"&page[size]=2").ids("tickets"))
	require.Equal(t, []int64{5, 4}, get("/api/v2/tickets?page[size]=2&sort=-id").ids("tickets"))
	require.Equal(t, []int64{1, 3}, get("/api/v2/tickets?page[size]=2&sort_order=desc").ids("tickets"), "mixed, the order is ignored")

	p = get("/api/v2/tickets?per_page=3&sort_order=desc")
	require.Equal(t, []int64{5, 4, 3}, p.ids("tickets"))
	require.EqualValues(t, 4, p.id("count"))
	require.Nil(t, p.at("previous_page"))
	p = get(rest(p.at("next_page")))
	require.Equal(t, []int64{1}, p.ids("tickets"))
	require.Nil(t, p.at("next_page"))
	require.NotNil(t, p.at("previous_page"))

	for query, code := range map[string]string{"page=101": "InvalidPaginationDepth", "page[size]=101": "InvalidPaginationParameter", "page[after]=x": "InvalidPaginationParameter"} {
		require.Equal(t, code, d.want(400, "GET", "/api/v2/tickets?"+query, nil).at("errors.0.code"))
	}
	require.Equal(t, "Invalid attribute", d.want(400, "GET", "/api/v2/tickets?page=x", nil).at("error.title"))
	require.Empty(t, d.Unknown())
}

func TestUsersAndSettings(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{SupportAddresses: []string{"help@acme.test", "sales@acme.test"}, AttachmentLimit: 1234})
	d.create(hello)
	d.create(`"comment":{"body":"x"},"requester":{"email":"joann@example.com"}`)
	search := func(q string) int { return len(d.want(200, "GET", "/api/v2/users/search?query="+q, nil).ids("users")) }
	require.Equal(t, 2, search("email:ann@example.com"), "parts match too")
	require.Equal(t, 1, search("email:joann@example.com"))
	require.Equal(t, 1, search("type:user+email:%22joann@example.com%22"))
	require.Equal(t, 2, search("ANN"))
	require.Equal(t, 0, search("email:x@y.z"))
	require.Empty(t, d.Unknown())
	require.Equal(t, 0, search("role:agent"))
	require.Len(t, d.Unknown(), 1)
	d.want(400, "GET", "/api/v2/users/search", nil)

	res := d.want(200, "GET", "/api/v2/recipient_addresses?page[size]=1", nil)
	require.Equal(t, "help@acme.test", res.at("recipient_addresses.0.email"))
	require.Equal(t, true, res.at("recipient_addresses.0.default"))
	require.Equal(t, true, res.at("meta.has_more"))
	rest := d.want(200, "GET", strings.TrimPrefix(res.at("links.next").(string), d.url), nil)
	require.Equal(t, "sales@acme.test", rest.at("recipient_addresses.0.email"))
	require.Equal(t, false, rest.at("recipient_addresses.0.default"))
	require.Equal(t, false, rest.at("meta.has_more"))
	second := d.want(200, "GET", "/api/v2/recipient_addresses?page=2&per_page=1", nil)
	require.Equal(t, "sales@acme.test", second.at("recipient_addresses.0.email"))
	require.EqualValues(t, 2, second.id("count"))
	require.EqualValues(t, 1234, d.want(200, "GET", "/api/v2/account/settings.json", nil).id("settings.limits.attachment_size"))
}
