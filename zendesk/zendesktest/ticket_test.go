package zendesktest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Epoch: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)})
	res := d.create(hello+`,"external_id":"x1","recipient":"help@acme.test","tags":["Urgent","a b","a"],"priority":"high","type":"incident",
		"metadata":{"digest":"abc","n":1},"email_ccs":[{"user_email":"Bob@example.com","user_name":"Bob","action":"put"},{"user_email":"ann@example.COM"}]`,
		"User-Agent", "test/1")
	require.Equal(t, d.url+"/api/v2/tickets/1.json", res.Header.Get("Location"))
	require.Equal(t, "application/json; charset=utf-8", res.Header.Get("Content-Type"))
	require.NotEmpty(t, res.Header.Get("X-Request-Id"))
	require.Empty(t, res.Header.Get("X-Zendesk-API-Warn"))
	require.Empty(t, res.Header.Get("X-Idempotency-Lookup"))
	when, err := http.ParseTime(res.Header.Get("Date"))
	require.NoError(t, err)
	require.Equal(t, 2026, when.Year(), "the Date is of the account's clock")

	require.EqualValues(t, 1, res.id("ticket.id"))
	require.EqualValues(t, 0, res.id("ticket.generated_timestamp"))
	require.Equal(t, "api", res.at("ticket.via.channel"))
	require.Equal(t, "new", res.at("ticket.status"))
	require.Equal(t, "It burns", res.at("ticket.description"))
	require.Equal(t, res.at("ticket.requester_id"), res.at("ticket.submitter_id"))
	require.Regexp(t, `^[0-9A-Z]{6}-[0-9A-Z]{4,5}$`, res.at("ticket.encoded_id"))
	require.Equal(t, []any{"urgent", "a", "b"}, res.at("ticket.tags"))
	for _, key := range []string{"url", "raw_subject", "collaborator_ids", "follower_ids", "forum_topic_id", "problem_id", "has_incidents", "is_public",
		"due_at", "custom_fields", "satisfaction_rating", "sharing_agreement_ids", "custom_status_id", "fields", "followup_ids", "ticket_form_id",
		"brand_id", "allow_channelback", "allow_attachments", "from_messaging_channel", "organization_id", "group_id", "assignee_id"} {
		require.Contains(t, res.at("ticket"), key)
	}
	require.Equal(t, "abc", res.at("audit.metadata.custom.digest"))
	require.Equal(t, "test/1", res.at("audit.metadata.system.client"))
	require.Equal(t, "Comment", res.at("audit.events.0.type"))
	require.Equal(t, `<div class="zd-comment" dir="auto"><p dir="auto">It burns</p></div>`, res.at("audit.events.0.html_body"))
	require.Equal(t, "Create", res.at("audit.events.1.type"))
	me := d.want(200, "GET", "/api/v2/users/me", nil)
	require.Equal(t, me.at("user.id"), res.at("audit.author_id"), "the API's user stays the updater")

	got, ok := d.Ticket(1)
	require.True(t, ok)
	require.Equal(t, "ann@example.com", got.Requester.Email)
	require.Equal(t, "Ann", got.Requester.Name)
	require.Equal(t, []string{"bob@example.com"}, got.EmailCCs, "a requester is not a CC")
	require.Equal(t, map[string]any{"digest": "abc", "n": 1.0}, got.Metadata)
	require.Equal(t, "x1", got.ExternalID)
	require.Equal(t, "help@acme.test", got.Recipient)
	require.Equal(t, "ann@example.com", got.Comments[0].Author.Email)
	require.Equal(t, "high", got.Priority)
	require.Equal(t, "incident", got.Type)

	d.create(`"comment":{"body":"again"},"requester":{"name":"Other","email":"ANN@example.com"}`)
	second, _ := d.Ticket(2)
	require.Equal(t, got.Requester, second.Requester, "found whatever the case, and not renamed")
	require.Len(t, d.Users(), 3)
	read := d.want(200, "GET", "/api/v2/tickets/2.json", nil)
	require.NotZero(t, read.id("ticket.generated_timestamp"))
	require.Empty(t, d.Unknown())
	require.Empty(t, d.Violations())
}

func TestFirstAuthor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields      string
		opt               zendesktest.Options
		author, submitter string
	}{
		{"requester", hello, zendesktest.Options{}, "ann@example.com", "ann@example.com"},
		{"agent, by option", hello, zendesktest.Options{AgentAuthors: true}, "agent@acme.test", "agent@acme.test"},
		{"no requester", `"comment":{"body":"x"}`, zendesktest.Options{}, "agent@acme.test", "agent@acme.test"},
		{"author named", `"comment":{"body":"x","author_id":ME},"requester":{"email":"ann@example.com"}`, zendesktest.Options{}, "agent@acme.test", "ann@example.com"},
		{"submitter named", `"comment":{"body":"x"},"submitter_id":ME,"requester":{"email":"ann@example.com"}`, zendesktest.Options{}, "agent@acme.test", "agent@acme.test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, &tt.opt)
			me := d.Users()[0].ID
			d.create(strings.ReplaceAll(tt.fields, "ME", fmt.Sprint(me)))
			got := d.Tickets()[0]
			require.Equal(t, tt.author, got.Comments[0].Author.Email)
			require.Equal(t, tt.submitter, got.Submitter.Email)
		})
	}
}

func TestCreateRefused(t *testing.T) {
	t.Parallel()
	ccs := strings.TrimSuffix(strings.Repeat(`{"user_email":"a@b.cd"},`, 49), ",")
	tests := []struct {
		name, body string
		status     int
		at, want   string
	}{
		{"no comment", `{"ticket":{"subject":"x"}}`, 422, "details.base.0.description", "Description: cannot be blank"},
		{"blank body", `{"ticket":{"comment":{"body":" \n\u00a0"}}}`, 422, "details.base.0.error", "BlankValue"},
		{"blank html", `{"ticket":{"comment":{"html_body":"<p> </p>"}}}`, 422, "details.base.0.error", "BlankValue"},
		{"bad address", `{"ticket":{"comment":{"body":"x"},"requester":{"email":"ann at example"}}}`, 422, "details.requester.0.error", "InvalidFormat"},
		{"no address", `{"ticket":{"comment":{"body":"x"},"requester":{"name":"Ann"}}}`, 422, "details.requester.0.error", "BlankValue"},
		{"unknown requester", `{"ticket":{"comment":{"body":"x"},"requester_id":7}}`, 422, "details.requester.0.error", "BlankValue"},
		{"suspended", `{"ticket":{"comment":{"body":"x"},"requester":{"email":"Bad@example.com"}}}`, 422, "details.requester.0.error", "UserSuspended"},
		{"unknown submitter", `{"ticket":{"comment":{"body":"x"},"submitter_id":7}}`, 422, "details.submitter.0.error", "InvalidValue"},
		{"unknown author", `{"ticket":{"comment":{"body":"x","author_id":7}}}`, 422, "details.author.0.error", "InvalidValue"},
		{"status", `{"ticket":{"comment":{"body":"x"},"status":"opened"}}`, 422, "details.status.0.error", "InvalidValue"},
		{"priority", `{"ticket":{"comment":{"body":"x"},"priority":"1"}}`, 422, "details.priority.0.error", "InvalidValue"},
		{"type", `{"ticket":{"comment":{"body":"x"},"type":"bug"}}`, 422, "details.type.0.error", "InvalidValue"},
		{"upload", `{"ticket":{"comment":{"body":"x","uploads":["nope"]}}}`, 422, "details.base.0.error", "InvalidValue"},
		{"bad cc", `{"ticket":{"comment":{"body":"x"},"email_ccs":[{"user_email":"x"}]}}`, 422, "details.email_ccs.0.error", "InvalidFormat"},
		{"49 ccs", `{"ticket":{"comment":{"body":"x"},"email_ccs":[` + ccs + `]}}`, 400, "error", "TooManyValues"},
		{"public is text", `{"ticket":{"comment":{"body":"x","public":"true"}}}`, 400, "error.title", "Invalid attribute"},
		{"subject is a number", `{"ticket":{"comment":{"body":"x"},"subject":1}}`, 400, "error.title", "Invalid attribute"},
		{"comment is text", `{"ticket":{"comment":"x"}}`, 400, "error.title", "Invalid attribute"},
		{"no ticket", `{"request":{}}`, 400, "error.title", "Invalid attribute"},
		{"not JSON", `{"ticket":`, 422, "error", "Unprocessable Entity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			d.Suspend("bad@example.com")
			users := len(d.Users())
			res := d.want(tt.status, "POST", "/api/v2/tickets", tt.body)
			require.Equal(t, tt.want, res.at(tt.at), "%s", res.body)
			require.Empty(t, d.Tickets())
			require.Len(t, d.Users(), users, "obeyed whole or not at all")
		})
	}
}

func TestSuspendedAnswer(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Suspend("ann@example.com")
	res := d.want(422, "POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`)
	require.JSONEq(t, `{"error":"RecordInvalid","description":"Record validation errors","details":{"requester":[{"description":"Requester: Ann is suspended.","error":"UserSuspended"}]}}`, string(res.body))
	d.create(`"comment":{"body":"x"},"email_ccs":[{"user_email":"ann@example.com"}]`)
	require.Empty(t, d.Tickets()[1].EmailCCs, "mail is not copied to the suspended")
}

func TestContentType(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.want(400, "POST", "/api/v2/tickets", `{"ticket":{`+hello+`}}`, "Content-Type", "text/plain")
	require.Len(t, d.Violations(), 1)
	d.create(hello, "Content-Type", "application/json; charset=utf-8")
}

func TestStrayFields(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	res := d.create(`"comment":{"body":"x","Public":false,"plain_body":"y"},"id":7,"requester":{"email":"a@b.cd","mail":1},"custom_fields":[{"id":1}]`)
	require.Equal(t, `{:allowed_parameters=>{:controller=>"tickets", :action=>"create", :unpermitted_keys=>["ticket.comment.Public", "ticket.id", "ticket.requester.mail"], :invalid_values=>[]}}`,
		res.Header.Get("X-Zendesk-API-Warn"))
	require.True(t, d.Tickets()[0].Comments[0].Public)
	require.Equal(t, []string{"field ticket.custom_fields of tickets/create"}, d.Unknown())
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, what := range []string{"PATCH /api/v2/tickets/1", "GET /api/v2/organizations", "GET /", "POST /api/v2/users/me"} {
		method, path, _ := strings.Cut(what, " ")
		res := d.want(404, method, path, nil, "Authorization", "")
		require.JSONEq(t, `{"error":"InvalidEndpoint","description":"Not found"}`, string(res.body))
	}
	d.want(200, "GET", "/api/v2/tickets?include=users", nil)
	require.Equal(t, []string{"PATCH /api/v2/tickets/1", "GET /api/v2/organizations", "GET ", "POST /api/v2/users/me",
		"query parameter include of GET /api/v2/tickets"}, d.Unknown())
}

func TestSupportAddressAsPerson(t *testing.T) {
	t.Parallel()
	fields := `"comment":{"body":"x"},"requester":{"email":"help@acme.test"}`
	cc := `"comment":{"body":"x"},"email_ccs":[{"user_email":"Help@acme.test"},{"user_email":"a@b.cd"}]`
	recipient := `"comment":{"body":"x"},"recipient":"other@acme.test"`
	d := setup(t, &zendesktest.Options{SupportAddresses: []string{"help@acme.test"}})
	d.create(fields)
	d.create(cc)
	d.create(recipient)
	require.Len(t, d.Tickets()[1].EmailCCs, 2)

	d = setup(t, &zendesktest.Options{SupportAddresses: []string{"help@acme.test"}, RefuseSupport: true, RefuseRecipient: true})
	d.want(422, "POST", "/api/v2/tickets", `{"ticket":{`+fields+`}}`)
	d.want(422, "POST", "/api/v2/tickets", `{"ticket":{`+recipient+`}}`)
	d.create(cc)
	require.Equal(t, []string{"a@b.cd"}, d.Tickets()[0].EmailCCs)
}

func TestCCSwitches(t *testing.T) {
	t.Parallel()
	cc := `"comment":{"body":"x"},"email_ccs":[{"user_email":"nope"},{"user_email":"a@b.cd"},{"user_id":7}]`
	d := setup(t, &zendesktest.Options{DropBadCCs: true})
	d.create(cc)
	require.Equal(t, []string{"a@b.cd"}, d.Tickets()[0].EmailCCs)
	d = setup(t, &zendesktest.Options{DropBadCCs: true, NoCCs: true})
	d.create(cc)
	require.Empty(t, d.Tickets()[0].EmailCCs)
	require.Equal(t, false, d.want(200, "GET", "/api/v2/account/settings", nil).at("settings.tickets.follower_and_email_cc_collaborations"))
}

func TestFollowUp(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello + `,"tags":["old"]`)
	d.create(`"comment":{"body":"early"},"via_followup_source_id":1,"requester":{"email":"ann@example.com"}`)
	require.Zero(t, d.Tickets()[1].FollowUpOf, "no effect while the source is not closed")
	d.Edit(1, func(t *zendesktest.Ticket) { t.Status = "closed" })

	ann := d.Tickets()[0].Requester.ID
	res := d.create(fmt.Sprintf(`"comment":{"body":"more"},"via_followup_source_id":1,"submitter_id":%d,"requester_id":%d`, ann, ann))
	require.Equal(t, "follow_up", res.at("ticket.via.source.rel"))
	require.EqualValues(t, 1, res.id("ticket.via.source.from.ticket_id"))
	require.Equal(t, "Fire", res.at("ticket.via.source.from.subject"))
	require.Equal(t, "follow_up", res.at("audit.via.source.rel"))
	got := d.Tickets()[2]
	require.EqualValues(t, 1, got.FollowUpOf)
	require.Equal(t, []string{"old"}, got.Tags)
	require.Equal(t, "agent@acme.test", got.Comments[0].Author.Email, "submitter_id is ignored")

	d.create(fmt.Sprintf(`"comment":{"body":"more","author_id":%d},"via_followup_source_id":1,"tags":["own"],"requester_id":%d`, ann, ann))
	got = d.Tickets()[3]
	require.Equal(t, []string{"own"}, got.Tags)
	require.Equal(t, "ann@example.com", got.Comments[0].Author.Email)
	require.Len(t, d.want(200, "GET", "/api/v2/tickets/1", nil).at("ticket.followup_ids"), 2)
}
