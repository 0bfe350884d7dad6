package contracts_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// desk asks one fake by hand, for what no adapter asks.
type desk struct {
	*testing.T
	url, token string
	http       *http.Client
}

// ask makes a request, requires its status, and returns what is at that member of
// the answer.
func (d *desk) ask(status int, method, path, body, member string) string {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(body))
	require.NoError(d, err)
	r.Header.Set("Authorization", "Bearer "+d.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		if body[0] != '{' {
			r.Header.Set("Content-Type", "text/plain")
		}
	}
	resp, err := d.http.Do(r)
	require.NoError(d, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(d, err)
	require.Equal(d, status, resp.StatusCode, "%s %s: %.300s", method, path, raw)
	if member == "" {
		return ""
	}
	var v any
	require.NoError(d, json.Unmarshal(raw, &v))
	for name := range strings.SplitSeq(member, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			v = at[0]
		}
	}
	if n, ok := v.(float64); ok {
		return fmt.Sprintf("%.0f", n)
	}
	require.IsType(d, "", v, member)
	return v.(string)
}

// byHand asks the fakes for everything that they serve and the contracts have.
func (l *ledgers) byHand(t *testing.T) {
	exchange, support := graphtest.New(nil), zendesktest.New(nil)
	base, client, stop := memnet.Serve(l.graph.record(plain, exchange))
	t.Cleanup(stop)
	g := &desk{t, base + "/v1.0", exchange.Token(), client}
	mail := string(letter("ann", toSupport, withFile(200)))
	for _, user := range []string{"/me", "/users/" + exchange.Mailbox()} {
		g.byHandIn(user, exchange.Deliver([]byte(mail)), base64.StdEncoding.EncodeToString([]byte(mail)))
	}
	require.Empty(t, exchange.Unknown())

	base, client, stop = memnet.Serve(l.zendesk.record(plain, support))
	t.Cleanup(stop)
	z := &desk{t, base + "/api/v2", support.Token(), client}
	one := z.ask(201, "POST", "/tickets", `{"ticket":{"comment":{"body":"a"},"subject":"s","tags":["x"],"email_ccs":[{"user_email":"bob@customer.example","action":"put"}]}}`, "ticket.id")
	z.ask(200, "GET", "/tickets/show_many?ids="+one, "", "tickets.0.id")
	z.ask(200, "GET", "/tickets/"+one+"/email_ccs", "", "")
	z.ask(200, "GET", "/tickets/"+one+"/comments?include=users&include_inline_images=true", "", "")
	user := z.ask(200, "GET", "/users/me", "", "user.id")
	z.ask(200, "GET", "/users/"+user, "", "user.email")
	z.ask(200, "GET", "/users/search?external_id=none", "", "")
	z.ask(404, "GET", "/users/12", "", "")
	z.ask(404, "GET", "/tickets/77", "", "error")
	z.ask(422, "PUT", "/tickets/"+one, `{"ticket":{"comment":{"body":"b","uploads":["none"]}}}`, "error")
	token := z.ask(201, "POST", "/uploads?filename=a.txt", "text", "upload.token")
	z.ask(204, "DELETE", "/uploads/"+token, "", "")
	z.ask(204, "DELETE", "/tickets/"+one, "", "")
	z.ask(201, "POST", "/imports/tickets?archive_immediately=true", `{"ticket":{"subject":"s","comments":[{"value":"v","public":true}],"tags":["x"]}}`, "ticket.id")
	z.token = "none"
	z.ask(401, "GET", "/users/me", "", "error")
}

// byHandIn asks for everything in one mailbox, in which id arrived.
func (d *desk) byHandIn(user, id, mime string) {
	at := user + "/messages/" + id
	inbox := user + "/mailFolders/inbox"
	d.ask(200, "GET", inbox, "", "displayName")
	d.ask(200, "GET", inbox+"/messages?$top=1&$count=true&$select=subject", "", "value.0.subject")
	d.ask(200, "GET", inbox+"/messages/"+id, "", "subject")
	d.ask(200, "GET", inbox+"/messages/"+id+"/$value", "", "")
	d.ask(200, "PATCH", inbox+"/messages/"+id, `{"isRead":true,"categories":["Zendesk"]}`, "")
	attachment := url.PathEscape(d.ask(200, "GET", at+"/attachments", "", "value.0.id"))
	d.ask(200, "GET", at+"/attachments/"+attachment, "", "contentType")
	d.ask(200, "GET", at+"/attachments/"+attachment+"/$value", "", "")
	d.ask(200, "GET", user+"/outlook/masterCategories", "", "")
	d.ask(201, "POST", user+"/outlook/masterCategories", `{"displayName":"By `+user[1:3]+`","color":"preset9"}`, "id")
	d.ask(409, "POST", user+"/outlook/masterCategories", `{"displayName":"By `+user[1:3]+`","color":"preset9"}`, "error.code")
	draft := url.PathEscape(d.ask(201, "POST", user+"/messages", `{"subject":"s","importance":"low","body":{"contentType":"text","content":"c"},`+
		`"toRecipients":[{"emailAddress":{"address":"ann@customer.example"}}]}`, "id"))
	file := url.PathEscape(d.ask(201, "POST", user+"/messages/"+draft+"/attachments",
		`{"@odata.type":"#microsoft.graph.fileAttachment","name":"a.txt","contentBytes":"YQ=="}`, "id"))
	d.ask(204, "DELETE", user+"/messages/"+draft+"/attachments/"+file, "", "")
	d.ask(201, "POST", user+"/messages/"+draft+"/attachments/createUploadSession",
		`{"AttachmentItem":{"attachmentType":"file","name":"b","size":3500000}}`, "uploadUrl")
	d.ask(202, "POST", user+"/messages/"+draft+"/send", "", "")
	d.ask(201, "POST", user+"/messages", mime, "id")
	d.ask(201, "POST", user+"/mailFolders/drafts/messages", `{"subject":"s"}`, "id")
	d.ask(400, "POST", user+"/mailFolders/drafts/messages", mime, "error.code")
	d.ask(202, "POST", user+"/sendMail", base64.StdEncoding.EncodeToString([]byte(notice("own", toAnn, page))), "")
	d.ask(202, "POST", user+"/sendMail", `{"message":{"subject":"s","toRecipients":[{"emailAddress":{"address":"a@b.example"}}]},"saveToSentItems":false}`, "")
	d.ask(400, "POST", user+"/sendMail", `{"message":{"subject":"s"}}`, "error.code")
	moved := url.PathEscape(d.ask(201, "POST", at+"/move", `{"destinationId":"deleteditems"}`, "id"))
	d.ask(204, "DELETE", user+"/messages/"+moved, "", "")
	d.ask(404, "GET", at, "", "error.code")
	d.ask(400, "GET", user+"/messages/x", "", "error.code")
	d.ask(200, "GET", user+"/messages?$filter=isRead%20eq%20true&$top=1&$select=id,subject", "", "")
	d.ask(400, "GET", user+"/messages?$filter=isRead%20eq%20false&$orderby=subject", "", "error.code")
}
