package zendesktest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// audits returns those of a ticket, newest first.
func (d *desk) audits(id int64) *response {
	d.t.Helper()
	return d.want(200, "GET", fmt.Sprintf("/api/v2/tickets/%d/audits?sort_order=desc", id), nil)
}

func TestMerge(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, subject := range []string{"Fire", "Smoke", "Ash"} {
		d.create(`"subject":"` + subject + `","comment":{"body":"It is ` + subject + `"},"requester":{"email":"` + subject + `@b.cd"},"tags":["hot"]`)
	}
	d.Advance(time.Minute)
	d.Merge(1, 2, 2, 1, 9)
	d.Merge(9, 1)
	got := d.ticket(2)
	require.Equal(t, "closed", got.Status)
	require.EqualValues(t, 1, got.MergedInto)
	require.Equal(t, []string{"hot", "closed_by_merge"}, got.Tags)
	require.Len(t, got.Comments, 2)
	require.Equal(t, `This request was closed and merged into request #1 "Fire".`, got.Comments[1].Body)
	require.False(t, got.Comments[1].Public)
	require.True(t, got.UpdatedAt.After(got.CreatedAt))
	target := d.ticket(1)
	require.Equal(t, "new", target.Status)
	require.Equal(t, []string{"hot"}, target.Tags)
	require.Contains(t, target.Comments[1].Body, `Request #2 "Smoke" was closed and merged into this request.`)
	require.Contains(t, target.Comments[1].Body, "It is Smoke")
	require.False(t, target.Comments[1].Public)
	require.Empty(t, target.EmailCCs)

	source, into := d.audits(2), d.audits(1)
	require.Equal(t, "merge", source.at("audits.0.via.source.rel"))
	require.EqualValues(t, 1, source.id("audits.0.via.source.from.ticket_id"))
	require.Equal(t, "Fire", source.at("audits.0.via.source.from.subject"))
	require.Equal(t, "Comment", source.at("audits.0.events.0.type"))
	require.Equal(t, "closed", source.at("audits.0.events.1.value"))
	require.Equal(t, "merge", into.at("audits.0.via.source.rel"))
	require.EqualValues(t, 2, into.id("audits.0.via.source.from.ticket_ids.0"))
	require.Nil(t, d.want(200, "GET", "/api/v2/tickets/2", nil).at("ticket.via.source.rel"), "the ticket came about as before")
	d.update(422, 2, `"comment":{"body":"late"}`)

	d.Merge(1, 2, 3)
	require.Len(t, d.ticket(2).Comments, 2, "closed ones are left alone")
	require.Equal(t, "closed", d.ticket(3).Status)
	for range 2 {
		d.create(hello)
	}
	d.Merge(1, 4, 5)
	require.Equal(t, "Requests #4, #5 were closed and merged into this request.", d.ticket(1).Comments[3].Body)
}

func TestMergeByAPI(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{MergeCCs: true})
	d.create(hello)
	d.create(`"comment":{"body":"x","uploads":["` + d.upload("a.txt", "hi") + `"]},"requester":{"email":"bo@b.cd"},"email_ccs":[{"user_email":"cy@b.cd"}]`)
	d.create(hello)
	res := d.want(200, "POST", "/api/v2/tickets/1/merge", `{"ids":[2,3],"target_comment":"From #2","target_comment_is_public":true,"extra":1}`)
	require.Contains(t, res.Header.Get("X-Zendesk-API-Warn"), `"extra"`)
	require.Equal(t, "queued", res.at("job_status.status"))
	require.Nil(t, res.at("job_status.results"))
	job := "/api/v2/job_statuses/" + res.at("job_status.id").(string)
	require.Equal(t, d.url+job+".json", res.at("job_status.url"))
	done := d.want(200, "GET", job, nil)
	require.Equal(t, "completed", done.at("job_status.status"))
	require.Len(t, done.at("job_status.results"), 3)
	require.Regexp(t, `^Completed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000$`, done.at("job_status.message"))
	d.Advance(25 * time.Hour)
	d.want(401, "GET", job, nil)
	d.token = d.Token()
	d.want(404, "GET", job, nil)

	target := d.ticket(1)
	require.Equal(t, []string{"bo@b.cd", "cy@b.cd"}, target.EmailCCs)
	require.True(t, target.Comments[1].Public)
	require.Equal(t, "a.txt", target.Comments[1].Attachments[0].Name)
	require.NotEqual(t, d.ticket(2).Comments[0].Attachments[0].ID, target.Comments[1].Attachments[0].ID)
	require.Len(t, d.ticket(2).Comments, 1, "no comment is made up")
	require.Contains(t, d.ticket(3).Tags, "closed_by_merge")
	require.Empty(t, d.Unknown())
}

func TestMergeRefused(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for range 5 {
		d.create(hello)
	}
	d.Edit(2, func(t *zendesktest.Ticket) { t.Status = "closed" })
	d.Edit(3, func(t *zendesktest.Ticket) { t.Deleted = true })
	for _, tt := range []struct {
		target int
		body   string
		status int
	}{
		{1, `{"ids":[2]}`, 422}, {1, `{"ids":[3]}`, 404}, {1, `{"ids":[9]}`, 404}, {1, `{"ids":[1]}`, 422}, {1, `{"ids":[4,4]}`, 422},
		{1, `{}`, 400}, {1, `{"ids":["x"]}`, 400}, {1, `{"ids":1}`, 400}, {1, `{`, 422}, {2, `{"ids":[4]}`, 422}, {9, `{"ids":[4]}`, 404},
		{1, `{"ids":[4],"target_comment_is_public":"yes"}`, 400},
	} {
		d.want(tt.status, "POST", fmt.Sprintf("/api/v2/tickets/%d/merge", tt.target), tt.body)
	}
	require.Len(t, d.audits(1).at("audits"), 1)
}

func TestMergeOfPrivateTickets(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.create(`"comment":{"body":"x","public":false}`)
	d.want(200, "POST", "/api/v2/tickets/1/merge", `{"ids":[2],"target_comment":"t","source_comment":"s","target_comment_is_public":true,"source_comment_is_public":true}`)
	require.False(t, d.ticket(1).Comments[1].Public)
	require.False(t, d.ticket(2).Comments[1].Public)
	require.False(t, d.ticket(2).Public)
}
