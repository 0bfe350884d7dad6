package graphtest_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// A .Shared permission opens nothing that Exchange does not let the person open.
func TestDelegation(t *testing.T) {
	t.Parallel()
	const team = "/v1.0/users/team@contoso.test"
	mime := base64.StdEncoding.EncodeToString([]byte("From: team@contoso.test\r\nTo: ann@example.com\r\nSubject: x\r\n\r\nx\r\n"))
	for _, c := range []struct {
		rights  []graphtest.Right
		options graphtest.Options
		read    int
		send    int
		code    string
		sender  string
	}{
		{nil, graphtest.Options{}, 403, 403, "ErrorAccessDenied", ""},
		{nil, graphtest.Options{HideShared: true}, 404, 404, "ErrorItemNotFound", ""},
		{[]graphtest.Right{graphtest.SendAs}, graphtest.Options{}, 403, 403, "ErrorAccessDenied", ""},
		{[]graphtest.Right{graphtest.FullAccess}, graphtest.Options{}, 200, 403, "ErrorSendAsDenied", ""},
		{[]graphtest.Right{graphtest.FullAccess, graphtest.SendAs}, graphtest.Options{}, 200, 202, "", ""},
		{[]graphtest.Right{graphtest.FullAccess, graphtest.SendOnBehalf}, graphtest.Options{}, 200, 202, "", "Sender: \"support\" <support@contoso.test>"},
	} {
		b := setupMore(t, &c.options)
		b.fake.AddShared("team@contoso.test")
		b.fake.Delegate("team@contoso.test", b.fake.Mailbox(), c.rights...)
		b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "Mail.Send"}})
		b.refused(b.get(team+"/messages"), 403, "ErrorAccessDenied")
		b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite.Shared", "Mail.Send.Shared"}})
		require.Equal(t, 200, b.get("/v1.0/me/messages").status, "one's own as well")
		r := b.get(team + "/messages")
		require.Equal(t, c.read, r.status, "%v: %s", c.rights, r.text)
		r = b.do("POST", team+"/sendMail", mime, "Content-Type", "text/plain")
		require.Equal(t, c.send, r.status, "%v: %s", c.rights, r.text)
		if c.code != "" {
			b.refused(r, c.send, c.code)
			continue
		}
		sent := string(b.fake.Sent()[0].MIME)
		require.Equal(t, c.sender != "", strings.Contains(sent, "\r\nSender:"), sent)
		require.Contains(t, sent, c.sender)
		require.Len(t, b.get(team+"/mailFolders/sentitems/messages").value(), 1, "in the mailbox that it was sent from")
		b.token = b.fake.Token()
		require.Empty(t, b.get("/v1.0/me/mailFolders/sentitems/messages").value())
	}
}

func TestOutOfScope(t *testing.T) {
	t.Parallel()
	for scope, text := range map[graphtest.OutOfScope]string{
		graphtest.ScopeRAOP: "[RAOP]", graphtest.ScopeOData: "Access to OData is disabled.", graphtest.ScopePlain: "Check credentials",
	} {
		b := setupMore(t, &graphtest.Options{OutOfScope: scope})
		b.fake.AddMailbox("sales@contoso.test")
		b.token = b.fake.TokenFor(graphtest.Grant{AppOnly: true, Mailboxes: []string{"sales@contoso.test"}})
		r := b.get(b.list())
		b.refused(r, 403, "ErrorAccessDenied")
		require.Contains(t, r.text, text)
		require.Equal(t, 200, b.get("/v1.0/users/sales@contoso.test/messages").status)
	}
}

// What the directory says tells the kinds of users apart to whom Exchange gives
// one and the same answer.
func TestDirectory(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddOnPremises("old@contoso.test")
	b.fake.AddUnlicensed("new@contoso.test")
	b.fake.AddSoftDeleted("gone@contoso.test")
	b.fake.AddShared("team@contoso.test")
	b.fake.AddAlias(b.fake.Mailbox(), "help@contoso.test")
	const selected = "?$select=accountEnabled,onPremisesSyncEnabled,assignedPlans,proxyAddresses,mail"
	for address, c := range map[string]struct {
		enabled         bool
		synced          any
		plan            string
		proxies         []any
		mail            any
		messages, basic int
	}{
		b.fake.Mailbox():    {true, nil, "Enabled", []any{"SMTP:support@contoso.test", "smtp:help@contoso.test"}, "support@contoso.test", 200, 200},
		"team@contoso.test": {false, nil, "", []any{"SMTP:team@contoso.test"}, "team@contoso.test", 200, 403},
		"old@contoso.test":  {true, true, "", []any{"SMTP:old@contoso.test"}, "old@contoso.test", 404, 403},
		"new@contoso.test":  {true, nil, "", []any{}, nil, 404, 403},
		"gone@contoso.test": {true, nil, "Deleted", []any{"SMTP:gone@contoso.test"}, "gone@contoso.test", 404, 403},
	} {
		b.token = b.fake.Token()
		r := b.get("/v1.0/users/" + address + selected)
		require.Equal(t, 200, r.status, r.text)
		require.Equal(t, c.enabled, r.json["accountEnabled"], address)
		require.Equal(t, c.synced, r.json["onPremisesSyncEnabled"], address)
		require.Equal(t, c.proxies, r.json["proxyAddresses"], address)
		require.Equal(t, c.mail, r.json["mail"], address)
		plans := r.json["assignedPlans"].([]any)
		if c.enabled { // with a product or other, which holds no mailbox
			require.Equal(t, map[string]any{"assignedDateTime": "2026-01-15T09:30:00Z", "capabilityStatus": "Enabled", "service": "exchange",
				"servicePlanId": "113feb6c-3fe4-4440-bddc-54d774bf0318"}, plans[len(plans)-1], address)
			plans = plans[:len(plans)-1]
		}
		require.Equal(t, c.plan != "", len(plans) == 1, address)
		if c.plan != "" {
			require.Equal(t, c.plan, plans[0].(map[string]any)["capabilityStatus"], address)
			require.Equal(t, "exchange", plans[0].(map[string]any)["service"], address)
		}
		require.Equal(t, c.messages, b.get("/v1.0/users/"+address+"/messages").status, address)
		b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"User.ReadBasic.All"}})
		require.Equal(t, c.basic, b.get("/v1.0/users/"+address+selected).status, address)
		require.Equal(t, 200, b.get("/v1.0/users/"+address+"?$select=mail").status, address)
	}
	require.Empty(t, b.fake.Unknown())
}

func ExampleServer_Delegate() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	fake.AddShared("team@contoso.test")
	token := fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read.Shared"}})
	for range 2 {
		req, _ := http.NewRequest("GET", web.URL+"/v1.0/users/"+url.PathEscape("team@contoso.test")+"/messages?$select=subject", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.Status)
		fake.Delegate("team@contoso.test", fake.Mailbox(), graphtest.FullAccess)
	}
	// Output:
	// 403 Forbidden
	// 200 OK
}
