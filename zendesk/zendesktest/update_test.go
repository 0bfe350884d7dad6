package zendesktest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	first := d.create(hello)
	d.Advance(time.Minute)
	res := d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"status":"pending","tags":["x"],"external_id":"e","metadata":{"key":"k"},
		"email_ccs":[{"user_email":"c@b.cd","action":"put"}],"comment":{"body":"hi","public":false}}}`)
	require.Equal(t, "k", res.at("audit.metadata.custom.key"))
	require.NotEqual(t, first.at("ticket.updated_at"), res.at("ticket.updated_at"))
	require.Contains(t, res.Header.Get("Zendesk-RateLimit-Per-Ticket-Updates"), "total=30; remaining=29; resets=")
	got := d.Tickets()[0]
	require.Equal(t, "pending", got.Status)
	require.Equal(t, []string{"c@b.cd"}, got.EmailCCs)
	require.Equal(t, "agent@acme.test", got.Comments[1].Author.Email)
	require.Equal(t, map[string]any{"key": "k"}, got.Comments[1].Metadata)

	audits := d.want(200, "GET", "/api/v2/tickets/1/audits?sort_order=desc", nil)
	require.Len(t, audits.at("audits"), 2)
	require.Equal(t, "k", audits.at("audits.0.metadata.custom.key"))
	require.Equal(t, "Change", audits.at("audits.0.events.1.type"))
	require.Equal(t, "new", audits.at("audits.0.events.1.previous_value"))
	one := d.want(200, "GET", "/api/v2/tickets/1/audits?sort_order=desc&page[size]=1", nil)
	require.Equal(t, audits.at("audits.0.id"), one.at("audits.0.id"))
	next := d.want(200, "GET", strings.TrimPrefix(one.at("links.next").(string), d.url), nil)
	require.Equal(t, audits.at("audits.1.id"), next.at("audits.0.id"))
	require.Equal(t, false, next.at("meta.has_more"))

	same := d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"status":"pending"}}`)
	require.Equal(t, res.at("ticket.updated_at"), same.at("ticket.updated_at"), "nothing happened")
	d.want(404, "PUT", "/api/v2/tickets/9", `{"ticket":{}}`)
	d.want(400, "PUT", "/api/v2/tickets/x", `{"ticket":{}}`)
	warned := d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"id":1}}`)
	require.Contains(t, warned.Header.Get("X-Zendesk-API-Warn"), `:action=>"update", :unpermitted_keys=>["ticket.id"]`)
}

func TestSafeUpdate(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	old := d.create(hello).at("ticket.updated_at").(string)
	put := func(status int, safe, stamp string) *response {
		return d.want(status, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"x"},"safe_update":`+safe+`,"updated_stamp":"`+stamp+`"}}`)
	}
	d.Advance(2 * time.Second)
	next := put(200, "true", old).at("ticket.updated_at").(string)
	require.Equal(t, "UpdateConflict", put(409, "true", old).at("error"))
	put(409, "false", old)
	put(400, "true", "yesterday")
	d.Advance(2 * time.Second)
	put(200, "true", next)
	require.Len(t, d.Tickets()[0].Comments, 3)
	require.Empty(t, d.Violations())
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"x"},"safe_update":true}}`)
	require.Len(t, d.Violations(), 1)
}

func TestClosedTicket(t *testing.T) {
	t.Parallel()
	for _, terse := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{TerseClosed: terse})
		d.create(hello)
		d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"status":"closed"}}`)
		res := d.want(422, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"x"}}}`)
		text := res.at("details.status.0.description").(string)
		require.Contains(t, text, "closed prevents ticket update")
		require.Equal(t, !terse, strings.HasPrefix(text, "Status: "))
	}
}

func TestReopening(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{KeepSolved: keep})
		d.create(hello)
		d.Edit(1, func(t *zendesktest.Ticket) { t.Status = "solved" })
		d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"by an agent"}}}`)
		require.Equal(t, "solved", d.Tickets()[0].Status)
		ann := d.Tickets()[0].Requester.ID
		d.want(200, "PUT", "/api/v2/tickets/1", fmt.Sprintf(`{"ticket":{"comment":{"body":"by Ann","author_id":%d}}}`, ann))
		require.Equal(t, map[bool]string{false: "open", true: "solved"}[keep], d.Tickets()[0].Status)
	}
}

func TestStrangersMayNotSpeak(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{RefuseStrangers: true})
	d.create(hello)
	d.create(`"comment":{"body":"x"},"requester":{"email":"bob@b.cd"}`)
	bob := d.Tickets()[1].Requester.ID
	body := fmt.Sprintf(`{"ticket":{"comment":{"body":"x","author_id":%d}}}`, bob)
	d.want(422, "PUT", "/api/v2/tickets/1", body)
	d.Edit(1, func(t *zendesktest.Ticket) { t.EmailCCs = append(t.EmailCCs, "bob@b.cd") })
	d.want(200, "PUT", "/api/v2/tickets/1", body)
}

func TestUpdateCutsCCsSilently(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	var ccs []string
	for i := range 60 {
		ccs = append(ccs, fmt.Sprintf(`{"user_email":"u%d@b.cd"}`, i))
	}
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"email_ccs":[`+strings.Join(ccs, ",")+`]}}`)
	require.Len(t, d.Tickets()[0].EmailCCs, 48)
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"email_ccs":[{"user_email":"U0@b.cd","action":"delete"}]}}`)
	require.Len(t, d.Tickets()[0].EmailCCs, 47)
}

func TestTooManyComments(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Edit(1, func(t *zendesktest.Ticket) {
		for range 4999 {
			t.Comments = append(t.Comments, zendesktest.Comment{Body: "x"})
		}
	})
	d.want(422, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"body":"x"}}}`)
	d.want(200, "PUT", "/api/v2/tickets/1", `{"ticket":{"status":"solved"}}`)
}

func TestEdit(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.Advance(time.Minute)
	d.Edit(1, func(v *zendesktest.Ticket) {
		d.Now() // the lock is free
		v.Subject, v.Tags = "Smoke", []string{"seen"}
		v.Comments = append(v.Comments, zendesktest.Comment{Body: "on it", Public: true})
	})
	d.Edit(7, func(*zendesktest.Ticket) { t.Error("no such ticket") })
	got := d.Tickets()[0]
	require.Equal(t, "Smoke", got.Subject)
	require.Equal(t, "on it", got.Comments[1].Body)
	require.Equal(t, "agent@acme.test", got.Comments[1].Author.Email)
	require.True(t, got.UpdatedAt.After(got.CreatedAt))
	require.Len(t, d.want(200, "GET", "/api/v2/tickets/1/audits", nil).at("audits"), 2)

	d.Edit(1, func(t *zendesktest.Ticket) { t.Deleted = true })
	d.want(404, "GET", "/api/v2/tickets/1", nil)
	d.want(404, "PUT", "/api/v2/tickets/1", `{"ticket":{}}`)
}

func TestSafeUpdateWithinASecond(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, d *desk) {
		stamp := d.create(hello).at("ticket.updated_at").(string)
		guarded := `,"safe_update":true,"updated_stamp":"` + stamp + `"`
		time.Sleep(100 * time.Millisecond)
		d.update(200, 1, `"comment":{"body":"somebody's"}`)
		time.Sleep(100 * time.Millisecond)
		d.update(200, 1, `"comment":{"body":"mine"}`+guarded)
		require.Len(t, d.ticket(1).Comments, 3, "the stamp of the same second does not tell")
		time.Sleep(time.Second)
		d.update(200, 1, `"comment":{"body":"somebody's"}`)
		d.update(409, 1, `"comment":{"body":"mine"}`+guarded)
	})
}

func TestUpdateFields(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello + `,"tags":["a","b"],"priority":"low"`)
	ann := d.ticket(1).Requester.ID
	res := d.update(200, 1, fmt.Sprintf(`"tags":["C","c","a b"],"comment":{"body":"x","public":false,"author_id":%d},"metadata":{"digest":"d"}`, ann))
	require.Equal(t, []any{"c", "a", "b"}, res.at("ticket.tags"), "set, not added")
	require.Equal(t, "api", res.at("audit.via.channel"))
	require.EqualValues(t, ann, res.id("audit.events.0.author_id"))
	require.Equal(t, false, res.at("audit.events.0.public"))
	require.NotEqual(t, ann, res.id("audit.author_id"), "the API's user stays the updater")
	require.Empty(t, d.update(200, 1, `"tags":[]`).at("ticket.tags"))
	require.Equal(t, "hit", d.update(200, 1, `"subject":"hit","type":null`).at("ticket.subject"))
	require.Contains(t, d.update(422, 1, `"comment":{"body":"x","author_id":7}`).at("details"), "author")
	require.Len(t, d.ticket(1).Comments, 2)

	newest := d.want(200, "GET", "/api/v2/tickets/1/comments?sort=-created_at&page[size]=1", nil)
	require.Equal(t, "x", newest.at("comments.0.plain_body"))
	require.Equal(t, false, newest.at("comments.0.public"))
	require.EqualValues(t, ann, newest.id("comments.0.author_id"))
	require.Equal(t, "d", newest.at("comments.0.metadata.custom.digest"))
}

func TestSuspendedVoices(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		author, tickets bool
		byBad, onBads   int
	}{
		{"taken", false, false, 200, 200},
		{"authors refused", true, false, 422, 200},
		{"tickets refused", false, true, 200, 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, &zendesktest.Options{RefuseSuspendedAuthors: tt.author, RefuseSuspendedTickets: tt.tickets})
			d.create(hello)
			d.create(`"comment":{"body":"x"},"requester":{"email":"bad@b.cd"}`)
			d.Suspend("bad@b.cd")
			bad := d.ticket(2).Requester.ID
			res := d.update(tt.byBad, 1, fmt.Sprintf(`"comment":{"body":"x","author_id":%d}`, bad))
			if tt.byBad == 422 {
				require.Equal(t, "UserSuspended", res.at("details.author.0.error"))
				d.want(422, "POST", "/api/v2/tickets", fmt.Sprintf(`{"ticket":{%s,"comment":{"body":"x","author_id":%d}}}`, `"subject":"x"`, bad))
			}
			d.update(tt.onBads, 2, `"comment":{"body":"x"}`)
			d.update(200, 2, `"status":"open"`)
		})
	}
}

func TestEditClosed(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{EditClosed: allowed})
		d.create(hello)
		d.Edit(1, func(t *zendesktest.Ticket) { t.Status = "closed" })
		d.update(map[bool]int{false: 422, true: 200}[allowed], 1, `"tags":["x"],"subject":"y"`)
		d.update(422, 1, `"tags":["x"],"comment":{"body":"x"}`)
		d.update(422, 1, `"status":"open"`)
	}
}

func TestHoldIsReopened(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.create(hello)
	d.update(200, 1, `"status":"hold"`)
	d.update(200, 1, fmt.Sprintf(`"comment":{"body":"by Ann","author_id":%d}`, d.ticket(1).Requester.ID))
	require.Equal(t, "open", d.ticket(1).Status)
}
