package zendesktest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestCCsAndFollowers(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Agents: []string{"bo@acme.test"}})
	cy := d.AddUser(zendesktest.User{Email: "cy@acme.test", Role: "agent", Light: true})
	d.create(hello + `,"email_ccs":[{"user_email":"one@b.cd"},{"user_email":"two@b.cd"}],"followers":[{"user_email":"BO@acme.test","action":"put"}]`)
	require.Equal(t, []string{"bo@acme.test"}, d.ticket(1).Followers)

	res := d.update(200, 1, fmt.Sprintf(`"email_ccs":[{"user_email":"one@b.cd","action":"delete"},{"user_email":"three@b.cd"}],
		"followers":[{"user_id":%d},{"user_email":"bo@acme.test","action":"delete"}]`, cy.ID))
	require.Equal(t, []string{"two@b.cd", "three@b.cd"}, d.ticket(1).EmailCCs)
	require.Equal(t, []string{"cy@acme.test"}, d.ticket(1).Followers)
	require.Equal(t, "EmailCcChange", res.at("audit.events.0.type"))
	require.Equal(t, []any{"one@b.cd", "two@b.cd"}, res.at("audit.events.0.previous_email_ccs"))
	require.Equal(t, "FollowerChange", res.at("audit.events.1.type"))
	require.Equal(t, []any{"cy@acme.test"}, res.at("audit.events.1.current_followers"))

	ccs := d.want(200, "GET", "/api/v2/tickets/1/email_ccs", nil)
	require.Equal(t, "two@b.cd", ccs.at("users.0.email"))
	require.Equal(t, ccs.ids("users"), []int64{res.id("ticket.email_cc_ids.0"), res.id("ticket.email_cc_ids.1")})
	require.Equal(t, []int64{cy.ID}, d.want(200, "GET", "/api/v2/tickets/1/followers", nil).ids("users"))
	d.want(404, "GET", "/api/v2/tickets/9/followers", nil)
	for _, bad := range []string{`"followers":["x"]`, `"followers":[{"user_id":1,"action":"add"}]`, `"email_ccs":{}`} {
		require.Equal(t, "Invalid attribute", d.update(400, 1, bad).at("error.title"))
	}
	require.Empty(t, d.Unknown())
}

func TestFollowersMustBeAgents(t *testing.T) {
	t.Parallel()
	for _, who := range []string{`"user_email":"ann@example.com"`, `"user_email":"new@b.cd"`, `"user_id":7`} {
		d := setup(t, nil)
		d.create(hello)
		require.Contains(t, d.update(422, 1, `"followers":[{`+who+`}]`).at("details"), "followers")
		require.Len(t, d.Users(), 2)
	}
	d := setup(t, &zendesktest.Options{NoCCs: true})
	d.create(hello + `,"followers":[{"user_email":"agent@acme.test"}]`)
	require.Empty(t, d.ticket(1).Followers)
}
