package graph_test

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
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/findings"
	"github.com/exdesk/exdesk/internal/memnet"
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

func (revoked) Error() string  { return "tokens: renew: 400 invalid_grant AADSTS50173" }
func (revoked) Reason() string { return "the password was changed: sign in again" }

const (
	support = "support@contoso.test"
	team    = "team@contoso.test"
	canary  = "boss@contoso.test"
	other   = "other@contoso.test"
)

// both is a connection in both directions.
var both = exdesk.Setup{Address: support, Ingests: true, Relays: true, Categories: []string{"Zendesk", "RejectedByZendesk"}, MaxBytes: 50 << 20}

func full() graphtest.Grant { return graphtest.Grant{Scopes: delegated} }

var (
	delegated  = []string{"Mail.ReadWrite", "Mail.Send", "User.Read"}
	shared     = []string{"Mail.ReadWrite.Shared", "Mail.Send.Shared", "User.Read"}
	fullAccess = []graphtest.Right{graphtest.FullAccess, graphtest.SendAs}
)

// Each trouble is told, with what to do, and nothing else fails.
func TestCheck(t *testing.T) {
	application := graphtest.Grant{AppOnly: true, Scopes: []string{"Mail.ReadWrite", "Mail.Send"}}
	inApplication := func(scopes ...string) graphtest.Grant { return graphtest.Grant{AppOnly: true, Scopes: scopes} }
	for name, c := range map[string]struct {
		exchange graphtest.Options
		prepare  func(t *testing.T, srv *graphtest.Server)
		grant    graphtest.Grant
		options  graph.Options
		address  string // default support
		scopes   []string
		source   oauth2.TokenSource
		setup    *exdesk.Setup // default both
		empty    bool
		want     []string // "severity subject: words of what: words of do"
		never    []string // words that are in no finding
		shows    bool     // the mailbox goes by another name than its address
	}{
		"all is well": {grant: graphtest.Grant{Scopes: append(delegated, "MailboxSettings.Read")}, options: graph.Options{User: "me"},
			scopes: []string{"https://graph.microsoft.com/Mail.ReadWrite", "Mail.Send", "openid", "User.Read", "MailboxSettings.Read"},
			want: []string{"good Microsoft sign-in: own account", "good permissions: Mail.ReadWrite, Mail.Send", "good mailbox: is in Exchange Online", "good reading:",
				"good writing:", "good sending:", "good large files:", "good other connections:",
				`note categories: "Zendesk", "RejectedByZendesk": Colour`}},
		"by address": {grant: full(), want: []string{"good Microsoft sign-in: own account", "good sending:", "note categories: MailboxSettings.Read"}},
		"coloured": {grant: graphtest.Grant{Scopes: append(delegated, "MailboxSettings.ReadWrite")}, setup: &exdesk.Setup{Address: support, Categories: []string{"red CATEGORY"}},
			want: []string{"good categories: are in the mailbox's list"}},
		"China": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/outlook/masterCategories", Status: 400, Code: "BadRequest"}))
		}, want: []string{"note categories: this cloud has no list"}},
		"categories are down": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/outlook/masterCategories", Status: 503, Times: -1}))
		}, want: []string{"unknown categories: could not be listed: 503"}},

		"no token": {source: failingSource{revoked{}}, want: []string{"failure Microsoft sign-in: no access token: the password was changed"}},
		"a secret that has expired": {source: failingSource{&oauth2.RetrieveError{ErrorCode: "invalid_client", Body: []byte("hush-secret")}},
			want: []string{"failure Microsoft sign-in: invalid_client"}},
		"no token for now":          {source: failingSource{context.DeadlineExceeded}, want: []string{"unknown Microsoft sign-in: no access token: check again"}},
		"a token that nobody knows": {source: token("hush-nobody"), want: []string{"failure Microsoft sign-in: does not take the access token: sign in again"}},
		"Graph is down": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/me", Status: 503, Times: -1}))
		}, want: []string{"unknown Microsoft sign-in: could not be asked: check again"}},

		"an application": {grant: application, options: graph.Options{OutOfReach: canary}, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddMailbox(canary) },
			want: []string{"good Microsoft sign-in: an application", "good sending:", "good large files:", "failure other mailboxes: all of the organisation: RBAC for Applications"}},
		"an application's me": {grant: application, options: graph.Options{User: "me"}, want: []string{"good Microsoft sign-in:", "failure Microsoft sign-in: no mailbox of its own: Options.User"}},
		"a limited application": {grant: graphtest.Grant{AppOnly: true, Mailboxes: []string{support}}, options: graph.Options{OutOfReach: canary},
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddMailbox(canary) }, want: []string{"good other mailboxes: cannot open: sending from it was not tried"}},
		"a canary that does not exist": {grant: application, options: graph.Options{OutOfReach: canary}, want: []string{"unknown other mailboxes: proves nothing"}},
		"a canary that is on-premises": {grant: application, options: graph.Options{OutOfReach: canary}, want: []string{"unknown other mailboxes: proves nothing"},
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddOnPremises(canary) }},
		"a canary that is busy": {grant: application, options: graph.Options{OutOfReach: canary}, want: []string{"unknown other mailboxes: could not be tried: 503"},
			prepare: func(t *testing.T, srv *graphtest.Server) {
				require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/" + canary + "/mailFolders/inbox", Status: 503, Times: -1}))
			}},
		"no canary": {grant: application, want: []string{"note other mailboxes: was not tried: OutOfReach"}},

		"a mailbox that was deleted with its user": {grant: application, address: "nobody@contoso.test", want: []string{"failure mailbox: no user: restored for 30 days"}},
		"on-premises": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), address: team, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddOnPremises(team) },
			want: []string{"failure mailbox: on-premises: authenticated SMTP connector"}},
		"unlicensed": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), address: team, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddUnlicensed(team) },
			want: []string{"failure mailbox: who has no licence: assign a licence"}},
		"soft-deleted": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), address: team, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddSoftDeleted(team) },
			want: []string{"failure mailbox: licence was taken away: again"}},
		"new": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 404, Code: "MailboxNotEnabledForRESTAPI"}))
		}, want: []string{"failure mailbox: new, inactive or disabled: 15 minutes"}},
		"not paid for": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 404, Code: "MailboxNotEnabledForRESTAPI"}))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/" + support, Status: 200,
				Body: `{"mail":"x","assignedPlans":[{"service":"SharePoint","capabilityStatus":"Enabled"},{"service":"exchange","capabilityStatus":"LockedOut","servicePlanId":"9AAF7827-d63c-4b61-89c3-182f06f82e5c"}]}`}))
		}, want: []string{"failure mailbox: suspended: subscription"}},
		"synchronised, and soft-deleted": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 404, Code: "MailboxNotEnabledForRESTAPI"}))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/" + support, Status: 200,
				Body: `{"mail":"x","onPremisesSyncEnabled":true,"assignedPlans":[{"service":"exchange","capabilityStatus":"Deleted","servicePlanId":"efb87545-963c-4e0d-99df-69c6916d9eb0"}]}`}))
		}, want: []string{"failure mailbox: synchronised: on-premises, or was deleted when the licence: SMTP connector: licence"}},
		"synchronised, and new": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 404, Code: "MailboxNotEnabledForRESTAPI"}))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/" + support, Status: 200,
				Body: `{"mail":"x","onPremisesSyncEnabled":true,"assignedPlans":[{"service":"exchange","capabilityStatus":"Enabled","servicePlanId":"efb87545-963c-4e0d-99df-69c6916d9eb0"}]}`}))
		}, want: []string{"failure mailbox: synchronised: on-premises, or is new: SMTP connector: 15 minutes"}},
		"gone between two questions": {grant: inApplication("Mail.ReadWrite", "User.Read.All"), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 404, Code: "MailboxNotEnabledForRESTAPI"}))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/" + support, Status: 404, Code: "Request_ResourceNotFound"}))
		}, want: []string{"failure mailbox: no user"}},
		"nobody may look": {grant: application, address: team, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddSoftDeleted(team) },
			want: []string{"failure mailbox: on-premises, has no licence, was deleted: authenticated SMTP connector"}},
		"out of scope": {grant: graphtest.Grant{AppOnly: true, Mailboxes: []string{canary}}, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddMailbox(canary) },
			want: []string{"failure mailbox: outside: management scope"}},
		"out of scope, in older words": {exchange: graphtest.Options{OutOfScope: graphtest.ScopeOData}, grant: graphtest.Grant{AppOnly: true, Mailboxes: []string{canary}},
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddMailbox(canary) }, want: []string{"failure mailbox: outside: management scope"}},
		"out of scope, in no words": {exchange: graphtest.Options{OutOfScope: graphtest.ScopePlain}, grant: graphtest.Grant{AppOnly: true, Mailboxes: []string{canary}},
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddMailbox(canary) }, want: []string{"failure mailbox: or none that covers this mailbox: RBAC"}},
		"an application without permissions": {grant: inApplication("User.Read.All"), want: []string{"failure mailbox: no permission Mail.ReadWrite: Application Mail.ReadWrite"}},
		"the Inbox is down": {grant: application, prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Status: 503, Times: -1}))
		}, want: []string{"unknown mailbox: could not be opened: 503"}},

		"who is it":                  {grant: graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "Mail.Send"}}, want: []string{"note Microsoft sign-in: User.Read", "good sending:"}},
		"own, no permission":         {grant: graphtest.Grant{Scopes: []string{"User.Read"}}, want: []string{"failure mailbox: Mail.ReadWrite is missing: consent to Mail.ReadWrite and"}},
		"headers only":               {grant: graphtest.Grant{Scopes: []string{"Mail.ReadBasic", "User.Read"}}, want: []string{"failure reading: Mail.ReadBasic: consent", "failure writing:", "failure sending: consent to Mail.Send", "unknown other connections: 403"}},
		"read only":                  {grant: graphtest.Grant{Scopes: []string{"Mail.Read", "User.Read"}}, want: []string{"good reading:", "failure writing: Mail.ReadWrite", "failure sending: Mail.Send"}},
		"no sending":                 {grant: graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "User.Read"}}, want: []string{"good writing:", "failure sending: Mail.Send: sign in again; or leave it, if mail is only taken in", "good large files:"}},
		"no sending, and no tickets": {grant: graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "User.Read"}}, setup: &exdesk.Setup{Address: support, Relays: true}, want: []string{"failure sending: Mail.Send"}, never: []string{"leave it"}},
		"no sending, and no need":    {grant: graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "User.Read"}}, setup: &exdesk.Setup{Address: support, Ingests: true}, want: []string{"good writing:"}},
		"empty":                      {grant: full(), empty: true, want: []string{"unknown reading: is empty: send it a mail"}},
		"damaged": {grant: full(), empty: true, prepare: func(t *testing.T, srv *graphtest.Server) {
			id := srv.Deliver(mail(1))
			require.True(t, srv.BreakMIME(id, "") && srv.Poison(id))
		},
			want: []string{"good reading: damaged", "good writing:"}},
		"gone": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/$value", Status: 404}))
		}, want: []string{"unknown reading: could not be read: 404", "good writing:"}},
		"lists are down": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages", Status: 503, Times: -1}))
		}, want: []string{"unknown reading: cannot be listed: 503"}},
		"no answer to what is tried": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Method: "PATCH", Status: 400, Code: "ErrorInvalidIdMalformed"}))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/send", Status: 404, Code: "ResourceNotFound"}))
		}, want: []string{"unknown writing: 400", "unknown sending: 404"}},
		"as if there were such a message": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Method: "PATCH", Status: 200, Body: `{}`}))
		}, want: []string{"unknown writing: as if the message existed"}},
		"ids of another form": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages", Status: 200, Body: `{"value":[{"id":"short"}]}`}))
		}, want: []string{"unknown reading:", "unknown writing: form that is not known"}},
		"no large files": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/attachments/createUploadSession", Status: 400, Code: "BadRequest"}))
		}, want: []string{"warning large files: no files of 3 MB or more: less than 3 MB"}},
		"large files are down": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/attachments/createUploadSession", Status: 503, Times: -1}))
		}, want: []string{"unknown large files: 503"}},

		"shared": {grant: graphtest.Grant{Scopes: shared}, address: team, scopes: shared, prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) },
			want: []string{"good Microsoft sign-in: as a shared mailbox", "good permissions: Mail.ReadWrite.Shared, Mail.Send.Shared", "good writing:", "good sending:", "note sending: Send As: Probe",
				"warning large files: no files of 3 MB: own account"}},
		"shared, and large files": {exchange: graphtest.Options{SharedUploads: true}, grant: graphtest.Grant{Scopes: shared}, address: team,
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) }, want: []string{"good large files:"}},
		"shared, and settings": {grant: graphtest.Grant{Scopes: append(shared, "MailboxSettings.ReadWrite")}, address: team, scopes: append(shared, "MailboxSettings.ReadWrite"),
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) }, never: []string{"without MailboxSettings"},
			want: []string{"warning permissions: MailboxSettings.ReadWrite was granted and is not needed", "note categories: labels work: shared mailbox: in Outlook"}},
		"shared without rights":         {grant: graphtest.Grant{Scopes: shared}, address: team, want: []string{"failure mailbox: Full Access in Exchange: Full Access"}},
		"shared without rights, hidden": {exchange: graphtest.Options{HideShared: true}, grant: graphtest.Grant{Scopes: shared}, address: team, want: []string{"failure mailbox: no Full Access: Full Access"}},
		"shared without permissions": {grant: full(), address: team, scopes: delegated, prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) },
			want: []string{"failure permissions: Mail.ReadWrite.Shared was not", "failure permissions: Mail.Send.Shared was not", "warning permissions: Mail.Send was granted: sending as the account",
				"failure mailbox: Mail.ReadWrite.Shared is missing: consent to Mail.ReadWrite.Shared"}},
		"shared, no sending": {grant: graphtest.Grant{Scopes: []string{"Mail.ReadWrite.Shared", "User.Read"}}, address: team, prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) },
			want: []string{"failure sending: consent to Mail.Send.Shared"}},

		"shared, and nobody tells whose": {grant: graphtest.Grant{Scopes: shared[:2]}, address: team, scopes: shared[:2], prepare: func(t *testing.T, srv *graphtest.Server) { srv.Delegate(team, support, fullAccess...) },
			want: []string{"note Microsoft sign-in: User.Read", "good permissions: Mail.ReadWrite.Shared, Mail.Send.Shared", "good writing:"}, never: []string{"not needed"}},
		"own, by permissions for shared ones": {grant: graphtest.Grant{Scopes: shared}, scopes: shared, want: []string{"good permissions: Mail.ReadWrite.Shared, Mail.Send.Shared", "good sending:"}, never: []string{"not needed"}},
		"the wrong mailbox": {grant: inApplication("Mail.ReadWrite", "Mail.Send", "User.Read.All"), options: graph.Options{User: other},
			want: []string{"failure mailbox: Options.User names does not have the address support@contoso.test: correct"}},
		"a name that is an alias's": {grant: inApplication("Mail.ReadWrite", "Mail.Send", "User.Read.All"), options: graph.Options{User: support}, address: "help@contoso.test",
			prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddAlias(support, "help@contoso.test") }, want: []string{"good mailbox:", "good sending:"}, never: []string{"failure"}, shows: true},
		"whose mailbox cannot be told": {grant: application, options: graph.Options{User: other},
			want: []string{"unknown mailbox: has the address support@contoso.test cannot be told: User.Read.All"}},
		"whose shared mailbox cannot be told": {grant: graphtest.Grant{Scopes: shared}, options: graph.Options{User: team}, address: other, prepare: func(t *testing.T, srv *graphtest.Server) {
			srv.AddShared(team)
			srv.Delegate(team, support, fullAccess...)
		}, want: []string{"unknown mailbox: has the address other@contoso.test cannot be told"}, shows: true},
		"a name and another's address": {grant: full(), options: graph.Options{User: team}, prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddShared(team) },
			want: []string{"failure Microsoft sign-in: Options.User names another mailbox than support@contoso.test: correct"}},
		"a proxy in between": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/me", Status: 400, Body: "<html>"}))
		}, want: []string{"unknown Microsoft sign-in: could not be asked: 400"}},

		"another account": {grant: full(), options: graph.Options{User: "me"}, address: team, want: []string{"failure Microsoft sign-in: does not have the address team@contoso.test: sign in as"}},
		"an alias": {grant: full(), options: graph.Options{User: "me"}, address: "help@contoso.test", prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddAlias(support, "help@contoso.test") },
			want: []string{"good Microsoft sign-in: own account"}},
		"an alias for a name": {grant: full(), address: "help@contoso.test", prepare: func(t *testing.T, srv *graphtest.Server) { srv.AddAlias(support, "help@contoso.test") },
			want: []string{"warning Microsoft sign-in: a further address of the account: Options.User", "failure mailbox: no user: which an alias cannot stand for"}},
		"an alias that nobody can tell": {grant: full(), options: graph.Options{User: "me"}, address: "help@contoso.test", prepare: func(t *testing.T, srv *graphtest.Server) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/me", Skip: 1, Status: 403}))
		}, want: []string{"warning Microsoft sign-in: cannot be read: right account"}},

		"too much": {grant: full(), scopes: []string{"Mail.ReadWrite", "Mail.Send", "Mail.ReadWrite.Shared", "Files.Read.All", "MailboxSettings.ReadWrite", "SMTP.Send", "offline_access"},
			want: []string{"good permissions:", "warning permissions: Mail.ReadWrite.Shared was granted: others share", "warning permissions: Files.Read.All: files: registration, revoke: sign in again", "note permissions: MailboxSettings.ReadWrite: Client.Colour",
				"warning permissions: SMTP.Send: more than the mailbox"}},
		"far too much": {grant: full(), scopes: slices.Repeat([]string{"x.y"}, 30), want: []string{"failure permissions: Mail.ReadWrite", "failure permissions: Mail.Send", "warning permissions: there are more"}},
		"too much for one direction": {grant: full(), scopes: delegated, setup: &exdesk.Setup{Address: support, Ingests: true},
			want: []string{"good permissions: granted: Mail.ReadWrite", "note permissions: Mail.Send: sending as the account: another program"}},
		"too little":   {grant: full(), scopes: []string{"Mail.Read", "User.Read"}, want: []string{"failure permissions: Mail.ReadWrite was not: consent to Mail.ReadWrite", "failure permissions: Mail.Send was not: leave it"}},
		"nobody tells": {grant: full(), scopes: []string{}, want: []string{"unknown permissions: by trying"}},

		"somebody else labels": {grant: full(), prepare: func(t *testing.T, srv *graphtest.Server) {
			_, err := srv.DeliverTo(support, mail(2), &graphtest.Delivery{Categories: []string{"zendesk"}, Read: true})
			require.NoError(t, err)
		}, want: []string{"warning other connections: of the newest 2 mails of the Inbox 1 carry: Zendesk's own Exchange connector"}},
		"somebody else labels, and not as this one does": {grant: full(), setup: &exdesk.Setup{Address: support, Ingests: true, Categories: []string{"Done", "Refused"}}, prepare: func(t *testing.T, srv *graphtest.Server) {
			_, err := srv.DeliverTo(support, mail(2), &graphtest.Delivery{Categories: []string{"RejectedByZendesk"}, Read: true})
			require.NoError(t, err)
		}, want: []string{`warning other connections: 1 carry the label "RejectedByZendesk": Zendesk's own Exchange connector`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := graphtest.New(&c.exchange)
				srv.AddMailbox(other)
				if c.address == team && c.prepare == nil || c.address == team && slices.Contains(c.grant.Scopes, "Mail.ReadWrite.Shared") || name == "shared without permissions" {
					srv.AddShared(team)
					_, err := srv.DeliverTo(team, mail(1), nil)
					require.NoError(t, err)
				}
				if !c.empty {
					srv.Deliver(mail(1))
				}
				if c.prepare != nil {
					c.prepare(t, srv)
				}
				if c.source == nil {
					c.source = token(srv.TokenFor(c.grant))
				}
				if c.scopes != nil {
					c.source = scopedSource{TokenSource: c.source, scopes: c.scopes}
				}
				if c.address == "" {
					c.address = support
				}
				if c.setup == nil {
					c.setup = &both
				}
				url, client, stop := memnet.Serve(srv)
				t.Cleanup(stop)
				c.options.BaseURL, c.options.HTTPClient = url+"/v1.0", client
				box, err := graph.New(c.address, c.source, &c.options)
				require.NoError(t, err)

				before, sent := srv.Messages(), len(srv.Accepted())
				found := box.Check(t.Context(), c.setup)
				findings.Require(t, found, c.want)
				require.Equal(t, before, srv.Messages(), "nothing is changed")
				require.Len(t, srv.Accepted(), sent)
				for _, r := range srv.Requests() {
					require.True(t, r.Method == http.MethodGet || r.Status >= 400 || name == "as if there were such a message", "%s %s", r.Method, r.Path)
				}
				text, err := json.Marshal(found)
				require.NoError(t, err)
				for _, hidden := range append([]string{"hush", canary, "EwB", "customer.example"}, c.never...) {
					require.NotContains(t, string(text), hidden)
				}
				if c.address != other {
					require.NotContains(t, string(text), other)
				}
				if c.address != support && !c.shows {
					require.NotContains(t, string(text), support, "who signed in")
				}
				require.Empty(t, srv.Violations())
				require.Empty(t, srv.Unknown())
			})
		})
	}
}

// Whoever runs out of time hears what was not found out.
func TestCheckEnds(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		srv.Deliver(mail(1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		findings.Require(t, c.Check(ctx, &both), []string{"unknown Microsoft sign-in: context canceled"})
	})
}

// A wish of the directory to be left alone, or of another mailbox, does not keep
// the mail back that others fetch meanwhile.
func TestCheckKeepsNobodyBack(t *testing.T) {
	for path, grant := range map[string]graphtest.Grant{
		"/v1.0/me": full(),
		"/v1.0/users/" + canary + "/mailFolders/inbox": {AppOnly: true},
		"/v1.0/users/" + other:                         {AppOnly: true},
	} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
			srv.AddMailbox(canary)
			srv.AddMailbox(other)
			url, client, stop := memnet.Serve(srv)
			defer stop()
			c, err := graph.New(support, token(srv.TokenFor(grant)), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client, OutOfReach: canary})
			if strings.HasSuffix(path, other) {
				c, err = graph.New(support, token(srv.TokenFor(grant)), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client, User: other})
			}
			require.NoError(t, err)
			require.NoError(t, srv.Fault(graphtest.Fault{Path: path, Status: 429, RetryAfter: "80"}))
			done := make(chan struct{})
			go func() { defer close(done); c.Check(t.Context(), &both) }()
			time.Sleep(time.Second)
			begun := time.Now()
			_, err = c.ByMessageID(t.Context(), "1@x.example")
			require.NoError(t, err)
			require.Less(t, time.Since(begun), time.Second, path)
			<-done
		})
	}
}

// Whoever answers nonsense is believed nothing good of what matters.
func TestCheckNonsense(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `null`, `"x"`, `{"value":null}`, `{"value":[null,7,{"id":""}]}`, `{"id":"1","userPrincipalName":"x","value":[{"id":"x"}],"assignedPlans":7,"proxyAddresses":[":","smtp"]}`, `<html>`, ``} {
		for _, status := range []int{200, 204, 302, 404, 403, 400} {
			synctest.Test(t, func(t *testing.T) {
				url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
				}))
				t.Cleanup(stop)
				for _, user := range []string{"", "me"} {
					c, err := graph.New(support, token("x"), &graph.Options{BaseURL: url, HTTPClient: client, User: user, OutOfReach: canary})
					require.NoError(t, err)
					found := exdesk.Findings(c.Check(t.Context(), &both))
					require.NotEqual(t, exdesk.Good, found.Worst(), "%d %s", status, body)
					for _, f := range found {
						if slices.Contains([]string{"writing", "sending", "large files", "permissions", "other mailboxes"}, f.Subject) {
							require.NotEqual(t, exdesk.Good, f.Severity, f)
						}
					}
				}
			})
		}
	}
}

// The other source of trouble with an account's scopes.
func TestCheckScopesUnknown(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
		url, client, stop := memnet.Serve(srv)
		defer stop()
		c, err := graph.New(support, scopedSource{TokenSource: token(srv.Token()), err: errors.New("hush")}, &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
		require.NoError(t, err)
		findings.Require(t, c.Check(t.Context(), &both), []string{"unknown permissions:"})
	})
}

// Ingest's own errors tell a policy from a permission that is missing as well, alone
// and in a batch.
func TestOutOfScope(t *testing.T) {
	for _, words := range []graphtest.OutOfScope{graphtest.ScopeRAOP, graphtest.ScopeOData} {
		inBubble(t, &graphtest.Options{OutOfScope: words}, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
			srv.AddMailbox(canary)
			url, client, stop := memnet.Serve(srv)
			defer stop()
			c, err := graph.New(support, token(srv.TokenFor(graphtest.Grant{AppOnly: true, Mailboxes: []string{canary}})), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
			require.NoError(t, err)
			_, err = c.ByMessageID(t.Context(), "1@x.example")
			require.ErrorIs(t, err, exdesk.ErrAccess)
			require.ErrorContains(t, err, "management scope")
			err = c.Label(t.Context(), []exdesk.Mark{{ID: srv.Deliver(mail(1)), Categories: []string{"x"}}})[0]
			require.ErrorIs(t, err, exdesk.ErrAccess)
			require.ErrorContains(t, err, "management scope")
		})
	}
}

func TestWhoSignedIn(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
		srv.SetDisplayName(support, "Support")
		url, client, stop := memnet.Serve(srv)
		defer stop()
		opts := &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client}
		who, err := graph.WhoSignedIn(t.Context(), token(srv.TokenFor(graphtest.Grant{Scopes: []string{"User.Read"}})), opts)
		require.NoError(t, err)
		require.NotEmpty(t, who.ID)
		require.Equal(t, &graph.Account{ID: who.ID, Name: "Support", Address: support, UserPrincipalName: support}, who)

		_, err = graph.WhoSignedIn(t.Context(), token(srv.TokenFor(graphtest.Grant{AppOnly: true})), opts)
		var e *graph.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 400, e.Status)
		_, err = graph.WhoSignedIn(t.Context(), nil, opts)
		require.Error(t, err)
		_, err = graph.WhoSignedIn(t.Context(), token("x"), &graph.Options{BaseURL: "http://contoso.test"})
		require.Error(t, err)

		require.NoError(t, srv.Fault(graphtest.Fault{Status: 200, Body: `{"id":"1","mail":null,"userPrincipalName":"u@contoso.test"}`}))
		who, err = graph.WhoSignedIn(t.Context(), token("x"), opts)
		require.NoError(t, err)
		require.Equal(t, "u@contoso.test", who.Address)
		require.NoError(t, srv.Fault(graphtest.Fault{Status: 200, Body: `{}`}))
		_, err = graph.WhoSignedIn(t.Context(), token("x"), opts)
		require.ErrorContains(t, err, "not a user")
	})
}

func TestColour(t *testing.T) {
	for _, status := range []int{409, 400} {
		inBubble(t, &graphtest.Options{DuplicateCategory: status}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			ctx := t.Context()
			require.NoError(t, c.Colour(ctx, "Zendesk", graph.Green))
			require.NoError(t, c.Colour(ctx, "zendesk", graph.Red))
			set := &exdesk.Setup{Address: support, Categories: []string{"Zendesk"}}
			findings.Require(t, c.Check(ctx, set), []string{"good categories:"})

			// Somebody else is faster, or the answer is lost.
			require.NoError(t, srv.Fault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/outlook/masterCategories", Commit: true, Status: status}))
			require.NoError(t, c.Colour(ctx, "Held", graph.Yellow))
			require.NoError(t, srv.Fault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/outlook/masterCategories", Commit: true, Drop: true}))
			require.NoError(t, c.Colour(ctx, "Rejected", graph.Red))
			require.Error(t, c.Colour(ctx, "Other", "mauve"))
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/outlook/masterCategories", Status: 403}))
			require.ErrorIs(t, c.Colour(ctx, "Other", graph.Blue), exdesk.ErrAccess)
		})
	}
}

func TestCanaryIsAnAddress(t *testing.T) {
	for _, address := range []string{"nobody", "A@b.example"} {
		_, err := graph.New("a@b.example", token("x"), &graph.Options{OutOfReach: address})
		require.ErrorContains(t, err, "another mailbox")
	}
}

func ExampleClient_Check() {
	exchange := graphtest.New(nil)
	exchange.AddOnPremises("old@contoso.test")
	server := httptest.NewServer(exchange)
	defer server.Close()
	source := token(exchange.TokenFor(graphtest.Grant{AppOnly: true, Scopes: []string{"Mail.ReadWrite", "User.Read.All"}}))
	mailbox, err := graph.New("old@contoso.test", source, &graph.Options{BaseURL: server.URL + "/v1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range mailbox.Check(context.Background(), &exdesk.Setup{Address: mailbox.Address(), Ingests: true}) {
		fmt.Println(f.Severity, f.Subject+":", f.What)
	}
	// Output:
	// good Microsoft sign-in: an application has signed in, without a person
	// failure mailbox: Exchange Online has no mailbox for this user, who is synchronised from a directory of the organisation's own: the mailbox is on-premises, or a licence for Exchange Online is missing
}

func ExampleClient_Colour() {
	exchange := graphtest.New(nil)
	server := httptest.NewServer(exchange)
	defer server.Close()
	mailbox, err := graph.New("support@contoso.test", token(exchange.Token()), &graph.Options{BaseURL: server.URL + "/v1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mailbox.Colour(context.Background(), exdesk.LabelProcessed, graph.Green), mailbox.Colour(context.Background(), exdesk.LabelRejected, graph.Red))
	// Output: <nil> <nil>
}

func ExampleWhoSignedIn() {
	exchange := graphtest.New(nil)
	server := httptest.NewServer(exchange)
	defer server.Close()
	who, err := graph.WhoSignedIn(context.Background(), token(exchange.Token()), &graph.Options{BaseURL: server.URL + "/v1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(who.Name, who.Address)
	// Output: support support@contoso.test
}
