package zendesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/findings"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// scopedSource is a token source that knows what was granted.
type scopedSource struct {
	oauth2.TokenSource
	scopes []string
	err    error
}

func (s scopedSource) Scopes(context.Context) ([]string, error) { return s.scopes, s.err }

// failingSource has no token to give.
type failingSource struct{ err error }

func (s failingSource) Token() (*oauth2.Token, error) { return nil, s.err }

// revoked is an error as package tokens has it.
type revoked struct{}

func (revoked) Error() string  { return "tokens: renew: 400 invalid_grant" }
func (revoked) Reason() string { return "sign in again and put the new token" }

const (
	support = "support@contoso.test"
	alias   = "help@contoso.test"
)

var least = []string{"tickets:read", "tickets:write", "users:read", "ticket_attachments:write"}

// listed is the answer of /recipient_addresses.
func listed(addresses ...string) string {
	var rows []string
	for i := 0; i < len(addresses); i += 2 {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"email":%q,"forwarding_status":%q}`, i, addresses[i], addresses[i+1]))
	}
	return `{"recipient_addresses":[` + strings.Join(rows, ",") + `],"meta":{"has_more":false}}`
}

// Each trouble is told, with what to do, and nothing else fails.
func TestCheck(t *testing.T) {
	fault := func(f zendesktest.Fault) func(*testing.T, *zendesktest.Server) {
		return func(t *testing.T, srv *zendesktest.Server) { require.NoError(t, srv.Fault(f)) }
	}
	user := func(u zendesktest.User) func(*testing.T, *zendesktest.Server) {
		return func(_ *testing.T, srv *zendesktest.Server) { srv.AddUser(u) }
	}
	addresses := func(list ...string) func(*testing.T, *zendesktest.Server) {
		return fault(zendesktest.Fault{Path: "/api/v2/recipient_addresses", Status: 200, Body: listed(list...)})
	}
	apiToken := func(srv *zendesktest.Server) oauth2.TokenSource {
		email, secret := srv.APIToken()
		return zendesk.APIToken(email, secret)
	}
	for name, c := range map[string]struct {
		account zendesktest.Options
		prepare func(*testing.T, *zendesktest.Server)
		grant   []string // default least
		scopes  []string
		source  func(*zendesktest.Server) oauth2.TokenSource
		setup   exdesk.Setup
		want    []string
	}{
		"all is well": {want: []string{"good role: an administrator", "good scopes: files stored", "good address: no user's", "note address: is no support address: add it", "good Zendesk settings:"}},
		"without a ticket": {account: zendesktest.Options{NoAudits: true}, prepare: fault(zendesktest.Fault{Path: "/api/v2/tickets", Status: 200, Body: `{"tickets":[]}`}),
			want: []string{"warning scopes: audits"}},

		"no token":         {source: func(*zendesktest.Server) oauth2.TokenSource { return failingSource{revoked{}} }, want: []string{"failure Zendesk sign-in: no access token: sign in again"}},
		"no token for now": {source: func(*zendesktest.Server) oauth2.TokenSource { return failingSource{context.DeadlineExceeded} }, want: []string{"unknown Zendesk sign-in: no access token: check again"}},
		"a bad token":      {source: func(*zendesktest.Server) oauth2.TokenSource { return token("hush") }, want: []string{"failure Zendesk sign-in: does not take: connect the account again"}},
		"nobody": {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/me", Status: 200, Body: `{"user":{"id":null,"name":"Anonymous user","email":"invalid@example.com","role":"end-user"}}`}),
			want: []string{"failure Zendesk sign-in: nobody has signed in: connect the account again"}},
		"no account": {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/me", Status: 404, Code: "InvalidEndpoint"}), want: []string{"failure Zendesk sign-in: no Zendesk account acme: subdomain"}},
		"down":       {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/me", Status: 503, Times: -1}), want: []string{"unknown Zendesk sign-in: could not be asked: 503: check again"}},

		"an end user":   {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/me", Status: 200, Body: `{"user":{"id":7,"role":"end-user"}}`}), want: []string{"failure role: an end user: full agent"}},
		"suspended":     {prepare: user(zendesktest.User{Email: "agent@acme.test", Role: "admin", Suspended: true}), want: []string{"failure role: suspended: lift"}},
		"a light agent": {prepare: user(zendesktest.User{Email: "agent@acme.test", Role: "agent", Light: true}), want: []string{"failure role: light agent: full agent"}},
		"a restricted agent": {prepare: user(zendesktest.User{Email: "agent@acme.test", Role: "agent", TicketRestriction: "groups"}),
			want: []string{"warning role: does not see every ticket: all tickets", "good scopes:"}},
		"an agent": {prepare: user(zendesktest.User{Email: "agent@acme.test", Role: "agent"}), want: []string{"good role: Import takes an administrator"}},

		"an API token": {source: apiToken, account: zendesktest.Options{Epoch: time.Date(2027, 4, 1, 12, 0, 0, 0, time.UTC)},
			want: []string{"warning API token: 30 April 2027, 29 days from now: client_credentials", "good scopes:"}},
		"an API token, on the last day":   {source: apiToken, account: zendesktest.Options{Epoch: time.Date(2027, 4, 28, 12, 0, 0, 0, time.UTC)}, want: []string{"warning API token: 2 days from now"}},
		"an API token, in its last hours": {source: apiToken, account: zendesktest.Options{Epoch: time.Date(2027, 4, 29, 12, 0, 0, 0, time.UTC)}, want: []string{"warning API token: 1 day from now"}},
		"an API token, afterwards":        {source: apiToken, account: zendesktest.Options{Epoch: time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)}, want: []string{"warning API token: still taken: 30 April 2027: client_credentials", "good scopes:"}},
		"an API token that is refused": {source: func(*zendesktest.Server) oauth2.TokenSource { return zendesk.APIToken("agent@acme.test", "hush") },
			want: []string{"failure Zendesk sign-in: does not take: API tokens: 30 days: 30 April 2027: client_credentials"}},
		"an API token, and no access": {source: apiToken, prepare: fault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/*", Status: 403, Code: "Forbidden"}),
			want: []string{"failure scopes: no ticket can be made: API token has no scopes: role or the plan: full agent"}},

		"reading only":                   {grant: []string{"read"}, want: []string{"failure scopes: tickets:write is missing: add tickets:write", "failure scopes: ticket_attachments:write is missing: add"}},
		"writing only":                   {grant: []string{"write"}, want: []string{"failure Zendesk sign-in: users:read is missing: add users:read: IP restrictions", "failure scopes: tickets:read is missing: add", "warning scopes: audits", "failure address: users:read is missing", "good Zendesk settings:"}},
		"no tickets":                     {grant: []string{"users:read", "write"}, want: []string{"failure scopes: tickets:read is missing", "warning scopes: audits: replies become tickets"}},
		"a scope of uploads":             {account: zendesktest.Options{UploadScope: true}, grant: []string{"read", "tickets:write"}, want: []string{"failure scopes: no file: ticket_attachments:write"}},
		"audits take more":               {account: zendesktest.Options{NoAudits: true}, want: []string{"warning scopes: audits: the scope read"}},
		"identities take more":           {account: zendesktest.Options{NoIdentities: true}, want: []string{"warning scopes: further addresses: the scope read"}},
		"settings take more":             {account: zendesktest.Options{SettingsScope: true}, want: []string{"warning address: support addresses cannot be read", "note Zendesk settings: account_settings:read is missing"}},
		"trying ends in trouble":         {prepare: fault(zendesktest.Fault{Method: "PUT", Status: 503, Times: -1}), want: []string{"unknown scopes: could not be found out: 503"}},
		"as if there were such a ticket": {prepare: fault(zendesktest.Fault{Method: "PUT", Status: 200, Body: `{}`}), want: []string{"unknown scopes: what does not exist was changed"}},
		"audits of a plan":               {prepare: fault(zendesktest.Fault{Path: "/api/v2/tickets/*/audits", Status: 404, Code: "InvalidEndpoint"}), want: []string{"unknown scopes: audits: 404 InvalidEndpoint"}},

		"too much": {grant: []string{"read", "write"}, scopes: []string{"read", "write", "impersonate", "webhooks:write", "hc:read", "tickets:*"},
			want: []string{"warning scopes: write was granted: deleting everything", "warning scopes: impersonate: any end user", "warning scopes: webhooks:write: opens webhooks", "warning scopes: hc:read: opens hc", "warning scopes: tickets:*: nothing that is known"}},
		"far too much": {scopes: slices.Repeat([]string{"x:y"}, 30), want: []string{"warning scopes: there are more"}},
		"least":        {scopes: least, want: []string{"good scopes:"}},
		"nobody tells": {source: func(srv *zendesktest.Server) oauth2.TokenSource {
			return scopedSource{TokenSource: token(srv.TokenFor(least...)), err: errors.New("hush")}
		}, want: []string{"unknown scopes: does not tell"}},

		"an agent has it":        {prepare: user(zendesktest.User{Email: support, Role: "agent", Name: "Hush"}), want: []string{"failure address: support@contoso.test is an agent's: another address"}},
		"an end user has it":     {prepare: user(zendesktest.User{Email: support, Name: "Hush"}), want: []string{"failure address: support@contoso.test is an end user's: delete that user"}},
		"a secondary address":    {prepare: user(zendesktest.User{Email: "hush@customer.example", Emails: []string{support}}), want: []string{"failure address: an end user's further: take the address away"}},
		"an alias is somebody's": {setup: exdesk.Setup{Aliases: []string{alias}}, prepare: user(zendesktest.User{Email: alias}), want: []string{"failure address: help@contoso.test is an end user's"}},
		"many have one like it": {prepare: func(_ *testing.T, srv *zendesktest.Server) {
			for i := range 21 {
				srv.AddUser(zendesktest.User{Email: fmt.Sprintf("hush%d.%s", i, support)})
			}
		}, setup: exdesk.Setup{Aliases: []string{alias}}, want: []string{"unknown address: who has the address support@contoso.test: too many users: search", "note address: is no support address"}},
		"whose further address it is cannot be told": {account: zendesktest.Options{NoIdentities: true}, prepare: user(zendesktest.User{Email: "hush@customer.example", Emails: []string{support}}),
			want: []string{"warning scopes: further addresses", "unknown address: who has the address support@contoso.test: further addresses of users cannot be read: search Zendesk: read"}},
		"a role that may not": {scopes: least, prepare: fault(zendesktest.Fault{Method: "PUT", Path: "/api/v2/tickets/*", Status: 403, Code: "Forbidden"}),
			want: []string{"failure scopes: no ticket can be made: tickets:write was granted: role or the plan: full agent"}},
		"a role that nobody knows": {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/me", Status: 200, Body: `{"user":{"id":7}}`}), want: []string{"unknown role: role"}},
		"settings tell nothing":    {prepare: fault(zendesktest.Fault{Path: "/api/v2/account/settings", Status: 200, Body: `{"settings":{}}`}), want: []string{"unknown Zendesk settings: does not tell"}},
		"people are down":          {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/search", Status: 503, Times: -1}), want: []string{"unknown address: who has the address support@contoso.test: 503"}},
		"a sentence about people": {prepare: fault(zendesktest.Fault{Path: "/api/v2/users/search", Status: 422,
			Body: `{"error":"RecordInvalid","description":"Record validation errors","details":{"hush@customer.example":[{"description":"hush@customer.example is taken"}]}}`}),
			want: []string{"unknown address: 422 RecordInvalid"}},

		"forwarded":          {prepare: addresses("x@acme.test", "unknown", "Support@contoso.test", "verified"), want: []string{"warning address: is forwarded: two tickets: switch the forwarding off"}},
		"listed":             {prepare: addresses(support, "waiting"), want: []string{"good address: answers can leave"}},
		"a listed alias":     {setup: exdesk.Setup{Aliases: []string{alias}}, prepare: addresses(alias, "verified"), want: []string{"note address: support@contoso.test is no support address", "warning address: help@contoso.test is forwarded"}},
		"addresses are down": {prepare: fault(zendesktest.Fault{Path: "/api/v2/recipient_addresses", Status: 503, Times: -1}), want: []string{"unknown address: support addresses could not be read: 503"}},

		"no CCs":           {account: zendesktest.Options{NoCCs: true}, want: []string{"warning Zendesk settings: CCs and followers: switch it on"}},
		"small files":      {account: zendesktest.Options{AttachmentLimit: 20 << 20}, want: []string{"note Zendesk settings: up to 20 MB: named in the comment"}},
		"no limit of mail": {setup: exdesk.Setup{MaxBytes: -1}, want: []string{"note Zendesk settings: up to 50 MB"}},
		"private files": {setup: exdesk.Setup{Relays: true}, prepare: fault(zendesktest.Fault{Path: "/api/v2/account/settings", Status: 200, Body: `{"settings":{"tickets":{"private_attachments":true}}}`}),
			want: []string{"note Zendesk settings: attachments are private: sign in"}},
		"settings are down": {prepare: fault(zendesktest.Fault{Path: "/api/v2/account/settings", Status: 503, Times: -1}), want: []string{"unknown Zendesk settings: could not be read: 503"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := zendesktest.New(&c.account)
				url, client, stop := memnet.Serve(srv)
				t.Cleanup(stop)
				desk := func(source oauth2.TokenSource) *zendesk.Client {
					d, err := zendesk.New("acme", source, &zendesk.Options{BaseURL: url, HTTPClient: client})
					require.NoError(t, err)
					return d
				}
				in := ticket()
				_, err := desk(token(srv.Token())).Create(t.Context(), in)
				require.NoError(t, err)
				if c.prepare != nil {
					c.prepare(t, srv)
				}
				source := oauth2.TokenSource(nil)
				switch {
				case c.source != nil:
					source = c.source(srv)
				case c.grant != nil:
					source = token(srv.TokenFor(c.grant...))
				default:
					source = token(srv.TokenFor(least...))
				}
				if c.scopes != nil {
					source = scopedSource{TokenSource: source, scopes: c.scopes}
				}
				c.setup.Address, c.setup.Ingests = support, true
				if c.setup.MaxBytes == 0 {
					c.setup.MaxBytes = 50 << 20
				}
				tickets, users, uploads := srv.Tickets(), srv.Users(), srv.Uploads()
				srv.ResetRequests()

				found := desk(source).Check(t.Context(), &c.setup)
				findings.Require(t, found, c.want)
				require.Equal(t, tickets, srv.Tickets(), "nothing is changed")
				require.Equal(t, users, srv.Users())
				require.Equal(t, uploads, srv.Uploads())
				for _, r := range srv.Requests() {
					require.True(t, r.Method == http.MethodGet || r.Status >= 400 || name == "as if there were such a ticket", "%s %s", r.Method, r.Path)
				}
				text, err := json.Marshal(found)
				require.NoError(t, err)
				secrets := []string{"hush", "Hush", "@customer.example", "@acme.test"}
				if held, err := source.Token(); err == nil {
					secrets = append(secrets, held.AccessToken)
				}
				for _, hidden := range secrets {
					require.NotContains(t, string(text), hidden)
				}
				require.Empty(t, srv.Unknown())
				require.Empty(t, srv.Violations())
			})
		})
	}
}

// Whoever answers nonsense is believed nothing good of what matters.
func TestCheckNonsense(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `null`, `"x"`, `{"user":null}`, `{"user":{"id":0}}`, `{"user":{"id":7,"role":"admin"},"tickets":[null],"users":[null],"recipient_addresses":[null],"settings":null}`, `<html>`, ``} {
		for _, status := range []int{200, 204, 404, 400} {
			synctest.Test(t, func(t *testing.T) {
				url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
				}))
				t.Cleanup(stop)
				c, err := zendesk.New("acme", token("x"), &zendesk.Options{BaseURL: url, HTTPClient: client})
				require.NoError(t, err)
				found := exdesk.Findings(c.Check(t.Context(), &exdesk.Setup{Address: support, Ingests: true}))
				require.NotEqual(t, exdesk.Good, found.Worst(), "%d %s", status, body)
				for _, f := range found {
					require.False(t, f.Subject == "scopes" && f.Severity == exdesk.Good, f)
				}
			})
		}
	}
}

// An account that has moved answers with a redirect, which no token follows.
func TestCheckAfterAMove(t *testing.T) {
	web := httptest.NewServer(http.RedirectHandler("https://elsewhere.example/", http.StatusMovedPermanently))
	defer web.Close()
	c, err := zendesk.New("acme", token("x"), &zendesk.Options{BaseURL: web.URL})
	require.NoError(t, err)
	findings.Require(t, c.Check(t.Context(), &exdesk.Setup{Address: support}), []string{"failure Zendesk sign-in: or it has moved"})
}

func ExampleClient_Check() {
	account := zendesktest.New(&zendesktest.Options{NoCCs: true})
	account.AddUser(zendesktest.User{Email: "support@contoso.test", Role: "agent"})
	server := httptest.NewServer(account)
	defer server.Close()
	desk, err := zendesk.New("acme", token(account.TokenFor("read", "tickets:write")), &zendesk.Options{BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range desk.Check(context.Background(), &exdesk.Setup{Address: "support@contoso.test", Ingests: true}) {
		fmt.Println(f.Severity, f.Subject+":", f.What)
	}
	// Output:
	// good role: an administrator has signed in
	// good scopes: tickets can be found, made and added to, and files stored
	// failure address: the address support@contoso.test is an agent's: mail from and to it would count as that agent's
	// note address: support@contoso.test is no support address of the account: Zendesk's notifications leave from another address
	// warning Zendesk settings: "CCs and followers" is off: nobody who is copied on a mail is copied on its ticket
}
