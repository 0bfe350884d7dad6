package zendesktest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestUserJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		user zendesktest.User
		want map[string]any
	}{
		{"end user", zendesktest.User{Email: "Ann@b.cd"}, map[string]any{"name": "Ann", "email": "ann@b.cd", "role": "end-user",
			"role_type": nil, "ticket_restriction": "requested", "restricted_agent": true, "only_private_comments": false, "suspended": false}},
		{"agent", zendesktest.User{Name: "Bo", Email: "bo@b.cd", Role: "agent", DefaultGroupID: 77}, map[string]any{"name": "Bo", "role": "agent",
			"role_type": nil, "custom_role_id": nil, "ticket_restriction": nil, "restricted_agent": false, "default_group_id": 77.0}},
		{"restricted", zendesktest.User{Email: "cy@b.cd", Role: "agent", TicketRestriction: "groups", CustomRoleID: 9}, map[string]any{
			"role_type": 0.0, "custom_role_id": 9.0, "ticket_restriction": "groups", "restricted_agent": true}},
		{"light", zendesktest.User{Email: "di@b.cd", Role: "agent", Light: true}, map[string]any{"role": "agent", "role_type": 1.0,
			"only_private_comments": true, "ticket_restriction": nil}},
		{"admin", zendesktest.User{Email: "ed@b.cd", Role: "admin", Suspended: true}, map[string]any{"role": "admin", "role_type": 4.0,
			"restricted_agent": false, "suspended": true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			u := d.AddUser(tt.user)
			require.NotZero(t, u.ID)
			path := fmt.Sprintf("/api/v2/users/%d", u.ID)
			got := d.want(200, "GET", path, nil)
			for key, want := range tt.want {
				have := got.at("user." + key)
				if n, ok := want.(float64); ok {
					require.EqualValues(t, n, got.id("user."+key), key)
					continue
				}
				require.Equal(t, want, have, key)
			}
			require.NotNil(t, d.want(200, "GET", path+".json", nil).at("user"))
			require.Contains(t, d.Users(), u)
			require.Equal(t, tt.user.Light, got.at("user.custom_role_id") != nil && got.id("user.role_type") == 1)
		})
	}
}

func TestUsersNotThere(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, path := range []string{"/api/v2/users/7", "/api/v2/users/7/identities", "/api/v2/users/7/tickets/ccd"} {
		require.Equal(t, "RecordNotFound", d.want(404, "GET", path, nil).at("error"))
		d.want(400, "GET", strings.Replace(path, "/7", "/x", 1), nil)
	}
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	ann := d.ticket(1).Requester
	changed := d.AddUser(zendesktest.User{Email: "ANN@example.com", Role: "agent", Emails: []string{"Ann@home.example"}})
	require.Equal(t, ann.ID, changed.ID, "she is there already")
	require.Equal(t, "Ann", changed.Name)
	require.Equal(t, []string{"ann@home.example"}, changed.Emails)
	require.Equal(t, "agent", d.ticket(1).Requester.Role)
	again := d.AddUser(zendesktest.User{Name: "Anna", Email: "ann@example.com", Emails: []string{"ann@home.example"}})
	require.Equal(t, "Anna", again.Name)
	require.Equal(t, []string{"ann@home.example"}, again.Emails)

	for _, bad := range []zendesktest.User{
		{Email: "nowhere"}, {Email: "x@b.cd", Role: "owner"}, {Email: "x@b.cd", Light: true},
		{Email: "x@b.cd", Emails: []string{"ann@home.example"}}, {Email: "ann@home.example", Emails: []string{"agent@acme.test"}},
	} {
		require.Panics(t, func() { d.AddUser(bad) }, "%v", bad)
	}
	require.Len(t, d.Users(), 2, "all or nothing")
}

func TestSecondaryAddresses(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	bo := d.AddUser(zendesktest.User{Email: "bo@b.cd", Emails: []string{"Bo@home.example", "bo@c.de"}})
	path := fmt.Sprintf("/api/v2/users/%d/identities", bo.ID)
	all := d.want(200, "GET", path, nil)
	require.EqualValues(t, 3, all.id("count"))
	require.Equal(t, []any{"bo@b.cd", true}, []any{all.at("identities.0.value"), all.at("identities.0.primary")})
	require.Equal(t, []any{"bo@home.example", false}, []any{all.at("identities.1.value"), all.at("identities.1.primary")})
	require.Equal(t, "email", all.at("identities.1.type"))
	require.EqualValues(t, bo.ID, all.id("identities.1.user_id"))
	page := d.want(200, "GET", path+"?page[size]=2", nil)
	require.Len(t, page.at("identities"), 2)
	next := d.want(200, "GET", strings.TrimPrefix(page.at("links.next").(string), d.url), nil)
	require.Equal(t, "bo@c.de", next.at("identities.0.value"))
	require.Empty(t, d.want(200, "GET", path+"?type[]=twitter", nil).at("identities"))
	require.Len(t, d.want(200, "GET", path+"?type[]=email", nil).at("identities"), 3)

	found := d.want(200, "GET", "/api/v2/users/search?query=email:BO@home.example", nil)
	require.Equal(t, []int64{bo.ID}, found.ids("users"))
	require.Equal(t, "bo@b.cd", found.at("users.0.email"), "which is not what was asked for")
	require.Equal(t, []int64{bo.ID}, d.want(200, "GET", "/api/v2/users/search?query=bo@c.de", nil).ids("users"))

	d.create(`"comment":{"body":"x"},"requester":{"email":"bo@HOME.example"}`)
	require.Equal(t, bo, d.ticket(1).Requester, "found, not made")
}

func TestShowManyUsers(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	a, b := d.AddUser(zendesktest.User{Email: "a@b.cd"}), d.AddUser(zendesktest.User{Email: "b@b.cd"})
	res := d.want(200, "GET", fmt.Sprintf("/api/v2/users/show_many?ids=%d,7,%d,%[1]d", b.ID, a.ID), nil)
	require.Equal(t, []int64{b.ID, a.ID}, res.ids("users"))
	require.Equal(t, "TooManyValues", d.want(400, "GET", "/api/v2/users/show_many?ids=1"+strings.Repeat(",1", 100), nil).at("error"))
	d.want(400, "GET", "/api/v2/users/show_many", nil)
	require.Empty(t, d.Unknown())
}

func TestIdentityScope(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{NoIdentities: strict})
		path := fmt.Sprintf("/api/v2/users/%d/identities", d.Users()[0].ID)
		d.want(200, "GET", path, nil)
		d.token = d.TokenFor("users:read")
		d.want(map[bool]int{false: 200, true: 403}[strict], "GET", path, nil)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"bo@acme.test"}})
	d.create(hello)
	emails := func(path string) (list []string) {
		for _, u := range d.want(200, "GET", path, nil).at("users").([]any) {
			list = append(list, u.(map[string]any)["email"].(string))
		}
		return list
	}
	require.Equal(t, []string{"agent@acme.test", "bo@acme.test", "ann@example.com"}, emails("/api/v2/users"))
	require.Equal(t, []string{"ann@example.com"}, emails("/api/v2/users?role=end-user"))
	require.Equal(t, []string{"agent@acme.test", "bo@acme.test"}, emails("/api/v2/users.json?role[]=agent&role[]=admin"))
	require.Equal(t, []string{"bo@acme.test"}, emails("/api/v2/users?page=2&per_page=1"))
	first := d.want(200, "GET", "/api/v2/users?page[size]=2", nil)
	require.Equal(t, true, first.at("meta.has_more"))
	require.Equal(t, []string{"ann@example.com"}, emails(strings.TrimPrefix(first.at("links.next").(string), d.url)))
	d.want(401, "GET", "/api/v2/users", nil, "Authorization", "")
	require.Empty(t, d.Unknown())
}
