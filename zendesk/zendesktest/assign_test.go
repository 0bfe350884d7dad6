package zendesktest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestAssign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields  string
		status        int
		state, holder string
		group         int64
	}{
		{"by id", `"assignee_id":BO`, 200, "open", "bo@acme.test", 7},
		{"by address", `"assignee_email":"Bo@acme.test"`, 200, "open", "bo@acme.test", 7},
		{"with a group", `"assignee_id":BO,"group_id":8`, 200, "open", "bo@acme.test", 8},
		{"a group only", `"group_id":8`, 200, "new", "", 8},
		{"and solved", `"assignee_id":BO,"status":"solved"`, 200, "solved", "bo@acme.test", 7},
		{"solved by nobody", `"status":"solved"`, 200, "solved", "agent@acme.test", 0},
		{"nobody", `"assignee_id":null`, 200, "new", "", 0},
		{"an end user", `"assignee_id":ANN`, 422, "new", "", 0},
		{"a light agent", `"assignee_email":"cy@acme.test"`, 422, "new", "", 0},
		{"a stranger", `"assignee_id":7`, 422, "new", "", 0},
		{"no such group", `"group_id":9`, 422, "new", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			bo := d.AddUser(zendesktest.User{Email: "bo@acme.test", Role: "agent", DefaultGroupID: 7})
			d.AddUser(zendesktest.User{Email: "cy@acme.test", Role: "agent", Light: true, DefaultGroupID: 8})
			d.create(hello)
			res := d.update(tt.status, 1, strings.NewReplacer("BO", fmt.Sprint(bo.ID), "ANN", fmt.Sprint(d.ticket(1).Requester.ID)).Replace(tt.fields))
			got := d.ticket(1)
			require.Equal(t, tt.state, got.Status)
			require.Equal(t, tt.holder, got.Assignee.Email)
			require.Equal(t, tt.group, got.GroupID)
			if tt.status == 200 {
				require.EqualValues(t, got.Assignee.ID, res.id("ticket.assignee_id"))
				require.EqualValues(t, tt.group, res.id("ticket.group_id"))
			}
			if tt.name == "by id" {
				require.Equal(t, fmt.Sprint(bo.ID), res.at("audit.events.1.value"), "ids in audits are text")
				d.update(200, 1, `"assignee_id":null`)
				require.Empty(t, d.ticket(1).Assignee)
			}
		})
	}
}

func TestEditAssigns(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Edit(1, func(t *zendesktest.Ticket) {
		t.Assignee.Email, t.Followers, t.GroupID = "new@acme.test", []string{"agent@acme.test", "other@acme.test"}, 5
	})
	got := d.ticket(1)
	require.Equal(t, "agent", got.Assignee.Role)
	require.Equal(t, "open", got.Status)
	require.EqualValues(t, 5, got.GroupID)
	require.Equal(t, []string{"agent@acme.test", "other@acme.test"}, got.Followers)
	require.EqualValues(t, 5, d.update(200, 1, `"group_id":5`).id("ticket.group_id"), "it is a group now")
	require.Equal(t, "web", d.want(200, "GET", "/api/v2/tickets/1/audits?sort_order=desc", nil).at("audits.0.via.channel"))
	d.Edit(1, func(t *zendesktest.Ticket) { t.Assignee = zendesktest.User{} })
	require.Empty(t, d.ticket(1).Assignee)
}

func TestCreateAssigned(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.AddUser(zendesktest.User{Email: "bo@acme.test", Role: "agent", DefaultGroupID: 7})
	res := d.create(hello + `,"assignee_email":"bo@acme.test"`)
	require.Equal(t, "open", res.at("ticket.status"))
	require.EqualValues(t, 7, res.id("ticket.group_id"))
	require.Contains(t, string(res.body), `"field_name":"group_id","id":`)
	require.Equal(t, "solved", d.create(hello+`,"status":"solved"`).at("ticket.status"))
	require.Equal(t, "agent@acme.test", d.ticket(2).Assignee.Email)
}
