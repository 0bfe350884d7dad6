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

func (d *desk) imports(status int, fields string, query ...string) *response {
	d.t.Helper()
	return d.want(status, "POST", "/api/v2/imports/tickets"+strings.Join(query, ""), `{"ticket":{`+fields+`}}`)
}

func TestImport(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{Epoch: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)})
	bo := d.AddUser(zendesktest.User{Email: "bo@acme.test", Role: "agent"})
	res := d.imports(201, fmt.Sprintf(`"subject":"Old","requester":{"name":"Ann","email":"ann@example.com"},"external_id":"x","tags":["a"],
		"recipient":"help@acme.test","status":"solved","description":"ignored","metadata":{"k":1},"created_at":"2020-01-02T03:04:05Z",
		"updated_at":"2020-01-05T00:00:00+01:00","solved_at":"2020-01-04T00:00:00Z","comments":[
		{"value":"first","created_at":"2020-01-02T03:04:05Z"},{"html_body":"<p>second</p>","author_id":%d,"public":false,
		"uploads":["%s"],"created_at":"2020-01-03T00:00:00Z"},{"body":"third"}]`, bo.ID, d.upload("a.txt", "hi")))
	require.Equal(t, d.url+"/api/v2/tickets/1.json", res.Header.Get("Location"))
	require.Nil(t, res.at("audit"))
	require.Equal(t, "2020-01-02T03:04:05Z", res.at("ticket.created_at"))
	require.Equal(t, "2020-01-04T23:00:00Z", res.at("ticket.updated_at"))
	require.Equal(t, "import", res.at("ticket.via.source.rel"))
	require.Equal(t, "first", res.at("ticket.description"))

	got := d.ticket(1)
	require.Equal(t, "solved", got.Status)
	require.Equal(t, 4, got.SolvedAt.Day())
	require.Equal(t, "x", got.ExternalID)
	require.Equal(t, "help@acme.test", got.Recipient)
	require.Len(t, got.Comments, 3)
	require.Equal(t, []string{"ann@example.com", "bo@acme.test", "agent@acme.test"},
		[]string{got.Comments[0].Author.Email, got.Comments[1].Author.Email, got.Comments[2].Author.Email})
	require.Equal(t, []bool{true, false, true}, []bool{got.Comments[0].Public, got.Comments[1].Public, got.Comments[2].Public})
	require.Equal(t, []int{2020, 2020, 2026}, []int{got.Comments[0].CreatedAt.Year(), got.Comments[1].CreatedAt.Year(), got.Comments[2].CreatedAt.Year()})
	require.Equal(t, "a.txt", got.Comments[1].Attachments[0].Name)
	require.True(t, d.Uploads()[0].Used)
	require.Nil(t, got.Metadata, "dropped without a word")
	require.Empty(t, res.Header.Get("X-Zendesk-API-Warn"))

	audits := d.want(200, "GET", "/api/v2/tickets/1/audits", nil)
	require.Len(t, audits.at("audits"), 3)
	require.Equal(t, "2020-01-03T00:00:00Z", audits.at("audits.1.created_at"))
	require.NotContains(t, string(audits.body), "Notification")
	require.Empty(t, d.Unknown())

	d.imports(201, `"comments":[{"value":"x"}],"external_id":"x"`)
	d.imports(201, `"comments":[{"value":"x"}],"external_id":"x"`)
	require.Len(t, d.Tickets(), 3, "nothing protects from duplicates")
}

func TestImportKeysAreNoProtection(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for range 2 {
		res := d.want(201, "POST", "/api/v2/imports/tickets", `{"ticket":{"comments":[{"value":"x"}]}}`, "Idempotency-Key", "k")
		require.Empty(t, res.Header.Get("X-Idempotency-Lookup"))
	}
	require.Len(t, d.Tickets(), 2)
	require.Len(t, d.Violations(), 1)
}

func TestImportDetails(t *testing.T) {
	t.Parallel()
	d := setup(t, &zendesktest.Options{ImportMetadata: true})
	d.imports(201, `"comments":[{"body":"`+strings.Repeat("x", 65537)+`"}],"metadata":{"k":"v"},"created_at":"1960-01-01T00:00:00Z"`)
	got := d.ticket(1)
	require.True(t, got.Comments[0].Cut)
	require.Equal(t, map[string]any{"k": "v"}, got.Metadata)
	require.Equal(t, 1970, got.CreatedAt.Year(), "rounded up")
	require.Equal(t, "new", got.Status)
	for query, archived := range map[string]bool{"": false, "?archive_immediately=true": true, "?archive_immediately=false": false} {
		n := d.imports(201, `"status":"closed","comments":[{"body":"x"}]`, query).id("ticket.id")
		require.Equal(t, archived, d.ticket(n).Archived, query)
	}
	n := d.imports(201, `"description":"legacy","assignee_email":"agent@acme.test"`, "?archive_immediately=true").id("ticket.id")
	require.Equal(t, "legacy", d.ticket(n).Comments[0].Body)
	require.Equal(t, "new", d.ticket(n).Status, "no rule is applied")
	require.Equal(t, "agent@acme.test", d.ticket(n).Assignee.Email)
	require.False(t, d.ticket(n).Archived, "it is not closed")
	require.Empty(t, d.Unknown())
	d.imports(201, `"comments":[{"body":"x"}],"comment":{"body":"y"}`)
	require.Equal(t, []string{"field ticket.comment of imports/tickets"}, d.Unknown())
}

func TestImportRefused(t *testing.T) {
	t.Parallel()
	one := `{"body":"x"}`
	tests := []struct {
		name, fields string
		status       int
		at           string
	}{
		{"nothing said", `"subject":"x"`, 422, "details.base"},
		{"a blank comment", `"comments":[{"value":" "}]`, 422, "details.base"},
		{"suspended", `"requester":{"email":"bad@b.cd"},"comments":[` + one + `]`, 422, "details.requester"},
		{"unknown author", `"comments":[{"body":"x","author_id":7}]`, 422, "details.author"},
		{"unknown upload", `"comments":[{"body":"x","uploads":["no"]}]`, 422, "details.base"},
		{"comment of tomorrow", `"comments":[{"body":"x","created_at":"2100-01-01T00:00:00Z"}]`, 422, "details.created_at"},
		{"comment of 1969", `"comments":[{"body":"x","created_at":"1969-12-31T23:59:59Z"}]`, 422, "details.created_at"},
		{"ticket of tomorrow", `"comments":[` + one + `],"created_at":"2100-01-01T00:00:00Z"`, 422, "details.base"},
		{"no time", `"comments":[` + one + `],"created_at":"yesterday"`, 400, "error.title"},
		{"no list", `"comments":` + one, 400, "error.title"},
		{"no objects", `"comments":["x"]`, 400, "error.title"},
		{"too many", `"comments":[` + strings.Repeat(one+",", 5000) + one + `]`, 422, "details.base"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			d.Suspend("bad@b.cd")
			require.NotNil(t, d.imports(tt.status, tt.fields).at(tt.at))
			require.Empty(t, d.Tickets())
		})
	}
	d := setup(t, nil)
	token := d.upload("a.txt", "hi")
	twice := fmt.Sprintf(`"comments":[{"body":"x","uploads":["%s"]},{"body":"y","uploads":["%[1]s"]}]`, token)
	d.imports(422, twice)
	d.imports(400, `"comments":[`+one+`]`, "?archive_immediately=perhaps")
	d.want(400, "POST", "/api/v2/imports/tickets", `{}`)
	d = setup(t, &zendesktest.Options{IgnoreUploads: true})
	d.imports(201, strings.ReplaceAll(twice, token, d.upload("a.txt", "hi")))
	require.Len(t, d.ticket(1).Comments[0].Attachments, 1)
	require.Empty(t, d.ticket(1).Comments[1].Attachments)
}

func TestWhoMayImport(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{false, true} {
		d := setup(t, &zendesktest.Options{Agents: []string{"bo@acme.test"}, AgentImports: open, ImportScope: !open})
		_, secret := d.APIToken()
		r := d.request("POST", "/api/v2/imports/tickets", `{"ticket":{"comments":[{"value":"x"}]}}`)
		r.SetBasicAuth("bo@acme.test/token", secret)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_ = res.Body.Close()
		want := map[bool]int{false: 403, true: 201}[open]
		require.Equal(t, want, res.StatusCode)
		d.token = d.TokenFor("tickets:write")
		d.imports(want, `"comments":[{"value":"x"}]`)
	}
}

func TestWhoSpeaksInImports(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{false, true} {
		opt := &zendesktest.Options{RefuseSuspendedAuthors: refuse}
		if refuse {
			opt.LightAgents = zendesktest.LightRefused
		}
		d := setup(t, opt)
		cy := d.AddUser(zendesktest.User{Email: "cy@acme.test", Role: "agent", Light: true})
		bad := d.AddUser(zendesktest.User{Email: "bad@b.cd", Suspended: true})
		want := map[bool]int{false: 201, true: 422}[refuse]
		for _, who := range []int64{cy.ID, bad.ID} {
			d.imports(want, fmt.Sprintf(`"comments":[{"body":"x","author_id":%d}]`, who))
		}
		d.imports(201, fmt.Sprintf(`"comments":[{"body":"x","author_id":%d,"public":false}]`, cy.ID))
	}
}
