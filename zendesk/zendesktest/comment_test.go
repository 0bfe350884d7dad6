package zendesktest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestCommentText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, comment, html, body string }{
		{"html", `"html_body":"<p>A &amp; B</p><p class=\"x\">C<br>D</p>"`, `<p dir="auto">A &amp; B</p><p class="x">C<br>D</p>`, "A & B\nC\nD"},
		{"html wins", `"html_body":"<b>h</b>","body":"b"`, "<b>h</b>", "h"},
		{"body", `"body":"a  <b>b</b>\n\n\n\nc\nd & e"`, "<p dir=\"auto\">a b</p><p dir=\"auto\">c<br>\nd &amp; e</p>", "a b\nc\n\nd & e"},
		{"hidden by CSS", `"html_body":"<span style=\"display:none\">id</span><style>p{}</style>x"`, `<span style="display:none">id</span><style>p{}</style>x`, "idx"},
		{"an image is something", `"html_body":"<img src='x'>"`, "<img src='x'>", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			d.create(`"requester":{"email":"a@b.cd"},"comment":{` + tt.comment + `}`)
			got := d.Tickets()[0].Comments[0]
			require.Equal(t, `<div class="zd-comment" dir="auto">`+tt.html+`</div>`, got.HTML)
			require.Equal(t, tt.body, got.Body)
		})
	}
}

func TestCommentIsCutSilently(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(`"comment":{"html_body":"` + strings.Repeat("x", 65535) + `é<p>end</p>"}`)
	d.create(`"comment":{"body":"` + strings.Repeat("x", 65536) + `"}`)
	got := d.Tickets()[0].Comments[0]
	require.True(t, got.Cut)
	require.Len(t, got.Body, 65535, "not in the middle of a letter")
	require.False(t, d.Tickets()[1].Comments[0].Cut)
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	text := `{{ticket.id}} {{ ticket.requester.email }} {{nonsense}}! \\\\{{ticket.id}} <code>{{ticket.id}}</code>`
	fields := `"requester":{"email":"a@b.cd"},"comment":{"html_body":"` + text + `"}`
	d := setup(t, nil)
	d.create(fields)
	require.Contains(t, d.Tickets()[0].Comments[0].HTML, "{{nonsense}}", "an end user's text is left alone")
	d = setup(t, &zendesktest.Options{AgentAuthors: true})
	d.create(fields)
	require.Equal(t, `<div class="zd-comment" dir="auto">1 a@b.cd ! {{ticket.id}} <code>{{ticket.id}}</code></div>`, d.Tickets()[0].Comments[0].HTML)
}

func TestPublicIsInherited(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(`"comment":{"body":"x","public":false}`)
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"y"}}}`)
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"z","public":true}}}`)
	d.create(`"comment":{"body":"x"}`)
	got := d.Tickets()[0].Comments
	require.Equal(t, []bool{false, false, true}, []bool{got[0].Public, got[1].Public, got[2].Public})
	require.True(t, d.Tickets()[1].Comments[0].Public)
	require.Equal(t, true, d.want(200, "GET", "/api/v2/tickets/1", nil).at("ticket.is_public"))
}

func TestListComments(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"y"}}}`)
	res := d.want(200, "GET", "/api/v2/tickets/1/comments?include=users", nil)
	require.EqualValues(t, 2, res.id("count"))
	require.Equal(t, "It burns", res.at("comments.0.plain_body"))
	require.Equal(t, "api", res.at("comments.0.via.channel"))
	require.Len(t, res.at("users"), 2)
	res = d.want(200, "GET", "/api/v2/tickets/1/comments?sort=-created_at&page[size]=1", nil)
	require.Equal(t, "y", res.at("comments.0.body"))
	require.Equal(t, true, res.at("meta.has_more"))
	require.Equal(t, "y", d.want(200, "GET", "/api/v2/tickets/1/comments?sort_order=desc", nil).at("comments.0.body"))
	require.Empty(t, d.Unknown())
}

func TestLightAgents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		how    zendesktest.LightAgents
		status int
		public bool
	}{{zendesktest.LightPrivate, 200, false}, {zendesktest.LightPublic, 200, true}, {zendesktest.LightRefused, 422, false}} {
		d := setup(t, &zendesktest.Options{LightAgents: tt.how})
		cy := d.AddUser(zendesktest.User{Email: "cy@acme.test", Role: "agent", Light: true})
		d.create(hello)
		for _, public := range []string{`,"public":true`, ""} { // what the first comment was
			d.update(tt.status, 1, fmt.Sprintf(`"comment":{"body":"x","author_id":%d%s}`, cy.ID, public))
		}
		if m := d.ticket(1).Comments; tt.status == 200 {
			require.Equal(t, []bool{tt.public, tt.public}, []bool{m[1].Public, m[2].Public})
		}
		d.update(200, 1, fmt.Sprintf(`"comment":{"body":"x","author_id":%d,"public":false}`, cy.ID))
		first := fmt.Sprintf(`{"ticket":{"comment":{"body":"x","author_id":%d}}}`, cy.ID)
		d.want(map[int]int{200: 201, 422: 422}[tt.status], "POST", "/api/v2/tickets", first)
		if tt.status == 200 {
			require.Equal(t, tt.public, d.want(200, "GET", "/api/v2/tickets/2", nil).at("ticket.is_public"))
		}
	}
}

func TestPrivacyChange(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	require.True(t, d.ticket(1).Public)
	d.Edit(1, func(t *zendesktest.Ticket) { t.Comments[0].Public = false })
	require.False(t, d.ticket(1).Public)
	require.Equal(t, false, d.want(200, "GET", "/api/v2/tickets/1", nil).at("ticket.is_public"))
	require.Equal(t, "CommentPrivacyChange", d.audits(1).at("audits.0.events.0.type"))
}

func TestNoPrivateFirst(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{NoPrivateFirst: true, PrivateByDefault: true})
	d.want(422, "POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x","public":false}}}`)
	d.create(`"comment":{"body":"x"}`)
	require.True(t, d.ticket(1).Public)
	d.update(200, 1, `"comment":{"body":"x","public":false}`)
	settings := d.want(200, "GET", "/api/v2/account/settings", nil)
	require.Equal(t, false, settings.at("settings.tickets.comments_public_by_default"))
	require.Equal(t, false, settings.at("settings.tickets.is_first_comment_private_enabled"))
	require.Equal(t, true, settings.at("settings.tickets.follower_and_email_cc_collaborations"))
}
