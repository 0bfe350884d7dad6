package graphtest_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func (b *bench) send(id string, header ...string) reply {
	b.Helper()
	return b.do("POST", b.message(id)+"/send", "", header...)
}

// sendMIME sends a MIME message at once.
func (b *bench) sendMIME(text string) reply {
	b.Helper()
	return b.do("POST", b.user()+"/sendMail", base64.StdEncoding.EncodeToString([]byte(text)), "Content-Type", "text/plain")
}

// left returns the header of the last mail that was sent.
func (b *bench) left() []string {
	b.Helper()
	list := b.fake.Sent()
	require.NotEmpty(b, list)
	return fields(string(list[len(list)-1].MIME))
}

func TestSendDraft(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	plain := b.get(b.message(id)).json["id"].(string)
	r := b.send(id)
	require.Equal(t, 202, r.status, r.text)
	require.Empty(t, r.text)

	b.refused(b.get(b.message(plain)), 404, "ErrorItemNotFound")
	r = b.get(b.message(id), "Prefer", immutable)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, id, r.json["id"])
	require.Equal(t, false, r.json["isDraft"])
	require.Equal(t, true, r.json["isRead"])
	require.Equal(t, "2026-11-22T07:00:00Z", r.json["sentDateTime"])
	require.Len(t, r.json["bccRecipients"], 1, "the copy has it")
	m, _ := b.fake.Message(id)
	require.Equal(t, "sentitems", m.Folder)
	require.NotContains(t, b.get(b.message(id)+"?$select=internetMessageHeaders").text, "Headers\":")

	sent := b.fake.Sent()
	require.Len(t, sent, 1)
	require.Equal(t, b.fake.Mailbox(), sent[0].Mailbox)
	require.Equal(t, id, sent[0].ID)
	require.Equal(t, []string{"ann@example.com", "bob@example.com", "eve@example.com"}, sent[0].EnvelopeRecipients)
	list := b.left()
	require.Equal(t, []string{"Received", "Received", "Received"}, names(list)[:3])
	require.Equal(t, []string{`"support" <support@contoso.test>`}, values(list, "From"), "the directory decides the name")
	require.Empty(t, values(list, "Bcc"))
	for name, want := range map[string]string{"To": "Ann <ann@example.com>", "Cc": "bob@example.com", "Reply-To": "support+1@contoso.test",
		"Message-ID": "<n1@zendesk.test>", "In-Reply-To": "<q1@example.com>", "References": "<q0@example.com> <q1@example.com>",
		"Date": "Sun, 22 Nov 2026 08:00:00 +0100", "X-OriginatorOrg": "contoso.test"} {
		require.Equal(t, []string{want}, values(list, name), name)
	}
	require.Len(t, values(list, "X-MS-Has-Attach"), 1)
	got := b.fake.Accepted()
	require.Len(t, got, 1)
	require.Equal(t, graphtest.Submission{Mailbox: b.fake.Mailbox(), At: sent[0].At, Recipients: 3, Bytes: int64(len(sent[0].MIME))}, got[0])

	b.refused(b.send(id), 404, "ErrorItemNotFound") // it is no draft now
	b.refused(b.send(b.deliver("received")[0]), 404, "ErrorItemNotFound")
	require.Len(t, b.fake.Sent(), 1)
	require.Empty(t, b.fake.Unknown())
}

func TestResendSent(t *testing.T) {
	b := setup(t, &graphtest.Options{ResendSent: true})
	id := b.draftMIME(note)
	require.Equal(t, 202, b.send(id).status)
	require.Equal(t, 202, b.send(id).status)
	require.Len(t, b.fake.Sent(), 2)
	require.Len(t, b.fake.Messages(), 1)
}

func TestSentLag(t *testing.T) {
	b := setup(t, &graphtest.Options{SentLag: time.Minute, FilterLag: 30 * time.Second})
	id := b.draftMIME(note)
	b.fake.Advance(time.Minute)
	byID := b.list("$filter", "internetMessageId eq '<n1@zendesk.test>'")
	require.Len(t, b.get(byID).value(), 1)
	require.Equal(t, 202, b.send(id).status)
	require.Len(t, b.fake.Sent(), 1)

	b.refused(b.get(b.message(id)), 404, "ErrorItemNotFound")
	b.refused(b.send(id), 404, "ErrorItemNotFound")
	require.Empty(t, b.get(b.list()).value())
	require.Empty(t, b.fake.Messages())
	_, ok := b.fake.Message(id)
	require.False(t, ok)
	require.Equal(t, 0.0, b.get(b.user() + "/mailFolders/sentitems").json["totalItemCount"])
	b.fake.Advance(time.Minute)
	require.Equal(t, 200, b.get(b.message(id)).status)
	require.Len(t, b.get(b.user()+"/mailFolders/sentitems/messages").value(), 1)
	require.Empty(t, b.get(byID).value(), "filters are later still")
	b.fake.Advance(30 * time.Second)
	require.Len(t, b.get(byID).value(), 1)
}

func TestNewSentID(t *testing.T) {
	b := setup(t, &graphtest.Options{NewSentID: true})
	id := b.draftMIME(note)
	require.Equal(t, 202, b.send(id).status)
	b.refused(b.get(b.message(id)), 404, "ErrorItemNotFound")
	m := b.fake.Messages()
	require.Len(t, m, 1)
	require.Equal(t, b.fake.Sent()[0].ID, m[0].ID)
}

func TestSendMail(t *testing.T) {
	b := setup(t, nil)
	message := `{"subject":"Meet for lunch?","body":{"contentType":"Text","content":"Now."},"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}],
		"internetMessageHeaders":[{"name":"X-Mailer","value":"Zendesk Mailer"}]}`
	for save, copies := range map[string]int{``: 1, `,"saveToSentItems":true`: 1, `,"saveToSentItems":"true"`: 1,
		`,"saveToSentItems":false`: 0, `,"SaveToSentItems":"false"`: 0} {
		before := len(b.fake.Messages())
		r := b.do("POST", b.user()+"/sendMail", `{"message":`+message+save+`}`)
		require.Equal(t, 202, r.status, r.text)
		require.Empty(t, r.text)
		require.Len(t, b.fake.Messages(), before+copies, save)
		sent := b.fake.Sent()
		require.Equal(t, copies == 1, sent[len(sent)-1].ID != "")
	}
	list := b.left()
	require.Equal(t, []string{`"support" <support@contoso.test>`}, values(list, "From"))
	require.Equal(t, []string{"Zendesk Mailer"}, values(list, "X-Mailer"))
	require.Equal(t, []string{"Meet for lunch?"}, values(list, "Thread-Topic"))
	require.Len(t, values(list, "Date"), 1)

	require.Equal(t, 202, b.sendMIME(note).status)
	require.Len(t, b.get(b.list("$filter", "internetMessageId eq '<n1@zendesk.test>'")).value(), 1)
	require.Equal(t, 202, b.do("POST", "/v1.0/me/microsoft.graph.sendMail", `{"message":`+message+`}`).status)
	b.refused(b.do("POST", b.user()+"/sendMail", "no base64", "Content-Type", "text/plain"), 400, "ErrorMimeContentInvalidBase64String")
	for _, bad := range []string{`{}`, `{"message":null}`, `{"message":[]}`, message, `{"message":` + message + `,"saveToSentItems":"maybe"}`,
		`{"message":` + message + `,"saveToSentItems":null}`, `{"message":` + message + `,"copies":2}`} {
		b.refused(b.do("POST", b.user()+"/sendMail", bad), 400, "BadRequest")
	}
	b.refused(b.do("POST", b.user()+"/sendMail", `{"message":{"color":1}}`), 400, "RequestBodyRead")
}

func TestSendNeedsPermission(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadWrite"}})
	b.refused(b.send(id), 403, "ErrorAccessDenied")
	b.refused(b.sendMIME(note), 403, "ErrorAccessDenied")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Send"}})
	require.Equal(t, 202, b.send(id).status)
	require.Equal(t, 202, b.sendMIME(note).status)
	b.refused(b.get(b.list()), 403, "ErrorAccessDenied")

	b.fake.AddMailbox("other@contoso.test")
	from := strings.ReplaceAll(note, "support@contoso.test", "other@contoso.test")
	path := "/v1.0/users/other@contoso.test/sendMail"
	mail := base64.StdEncoding.EncodeToString([]byte(from))
	b.refused(b.do("POST", path, mail, "Content-Type", "text/plain"), 403, "ErrorAccessDenied")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Send.Shared"}})
	b.fake.Delegate("other@contoso.test", b.fake.Mailbox(), graphtest.FullAccess, graphtest.SendAs)
	require.Equal(t, 202, b.do("POST", path, mail, "Content-Type", "text/plain").status)
}

func TestSendRecipients(t *testing.T) {
	b := setup(t, nil)
	none := "contains no recipients."
	for header, text := range map[string]string{
		"Subject: x": none,
		"To: ":       none,
		"To: undisclosed-recipients:;\r\nBcc: eve@example.com": none,
		"To: ann@example.com\r\nCc: Undisclosed recipients:;":  none,
		"To: bad":                           "Recipient 'bad' is not resolved.",
		"To: a@example.com; b@example.com;": "Recipient 'a@example.com; b@example.com;' is not resolved.",
		"To: ann@example..com":              "is not resolved.",
		"To: ann@-example.com":              "is not resolved.",
	} {
		r := b.sendMIME("From: support@contoso.test\r\n" + header + "\r\n\r\n")
		b.refused(r, 400, "ErrorInvalidRecipients")
		require.Contains(t, r.text, "At least one recipient is not valid., ")
		require.Contains(t, r.text, text, header)
	}
	for people, text := range map[string]string{
		`[]`:                                none,
		`[{"emailAddress":{"name":"Bob"}}]`: "Recipient 'Bob' is not resolved.",
		`[{"emailAddress":{"address":"test1@isdb.org; test2@isdb.org;"}}]`: "Recipient 'test1@isdb.org; test2@isdb.org;' is not resolved.",
	} {
		id := b.draft(`{"toRecipients":` + people + `}`)
		require.Equal(t, 200, b.get(b.message(id)).status)
		r := b.send(id)
		b.refused(r, 400, "ErrorInvalidRecipients")
		require.Contains(t, r.text, text)
		m, _ := b.fake.Message(id)
		require.True(t, m.IsDraft, "it stays a draft")
	}
	require.Equal(t, 202, b.sendMIME("From: support@contoso.test\r\nTo: Team: a@example.com, A <A@Example.com>;\r\nBcc: b@example.com\r\n\r\n").status)
	require.Equal(t, 202, b.sendMIME("Bcc: only@example.com\r\n\r\n").status)
	sent := b.fake.Sent()
	require.Equal(t, []string{"a@example.com", "b@example.com"}, sent[0].EnvelopeRecipients, "each once")
	require.Equal(t, []string{"only@example.com"}, sent[1].EnvelopeRecipients)
}

func TestSendAs(t *testing.T) {
	b := setup(t, nil)
	b.fake.SetDisplayName(b.fake.Mailbox(), "Contoso Hilfe für alle")
	b.fake.AddAlias(b.fake.Mailbox(), "help@contoso.test")
	for _, header := range []string{"From: other@contoso.test", "From: support@contoso.test\r\nSender: other@contoso.test",
		"From: nobody", "From: support@contoso.test, other@contoso.test\r\nSender: other@contoso.test"} {
		r := b.sendMIME(header + "\r\nTo: ann@example.com\r\n\r\n")
		b.refused(r, 403, "ErrorSendAsDenied")
		require.Contains(t, r.text, "does not have the right to send mail on behalf of the specified sending account.")
	}
	id := b.draft(`{"from":{"emailAddress":{"address":"other@contoso.test"}},"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}]}`)
	b.refused(b.send(id), 403, "ErrorSendAsDenied")
	r := b.do("PATCH", b.message(id), `{"from":null}`)
	require.Nil(t, r.json["from"])
	require.Equal(t, 202, b.send(id).status)
	require.Equal(t, []string{"=?utf-8?q?Contoso_Hilfe_f=C3=BCr_alle?= <support@contoso.test>"}, values(b.left(), "From"))

	require.Equal(t, 202, b.sendMIME("From: Help <HELP@contoso.test>\r\nTo: support@contoso.test\r\nSubject: alias\r\n\r\n").status)
	require.Equal(t, []string{"=?utf-8?q?Contoso_Hilfe_f=C3=BCr_alle?= <support@contoso.test>"}, values(b.left(), "From"), "from the primary address")
	b.refused(b.get("/v1.0/users/help@contoso.test/messages"), 404, "ErrorInvalidUser")

	other := setupMore(t, &graphtest.Options{SendFromAlias: true, FromName: graphtest.NameKept, AtInName: true})
	other.fake.AddAlias(other.fake.Mailbox(), "help@contoso.test")
	require.Equal(t, 202, other.sendMIME("From: Help <help@contoso.test>\r\nTo: ann@example.com\r\n\r\n").status)
	require.Equal(t, []string{"Help <help@contoso.test>"}, values(other.left(), "From"))
	other.refused(other.sendMIME("From: \"a@b\" <help@contoso.test>\r\nTo: ann@example.com\r\n\r\n"), 403, "ErrorSendAsDenied")
	id = other.draft(`{"from":{"emailAddress":{"name":"a@b","address":"help@contoso.test"}},"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}]}`)
	require.Equal(t, 202, other.send(id).status)
}

func TestNameInDraft(t *testing.T) {
	b := setup(t, &graphtest.Options{FromName: graphtest.NameInDraft})
	id := b.draftMIME(note)
	require.Equal(t, []string{`"support" <support@contoso.test>`}, values(fields(b.mime(id)), "From"))
	b.do("PATCH", b.message(id), `{"from":{"emailAddress":{"name":"Sue","address":"support@contoso.test"}}}`)
	require.Equal(t, []string{`"support" <support@contoso.test>`}, values(fields(b.mime(id)), "From"))
}

func TestSendToMailboxes(t *testing.T) {
	b := setup(t, nil)
	b.fake.AddMailbox("ann@contoso.test")
	b.fake.AddAlias("ann@contoso.test", "annie@contoso.test")
	b.fake.AddOnPremises("old@contoso.test")
	text := strings.Replace(note, "Ann <ann@example.com>", "ANN@contoso.test, old@contoso.test", 1)
	require.Equal(t, 202, b.sendMIME(strings.Replace(text, "eve@example.com", "annie@contoso.test, support@contoso.test", 1)).status)
	byBox := map[string][]graphtest.Message{}
	for _, m := range b.fake.Messages() {
		byBox[m.Mailbox+" "+m.Folder] = append(byBox[m.Mailbox+" "+m.Folder], m)
	}
	require.Len(t, byBox["ann@contoso.test inbox"], 2, "once for each address")
	require.Len(t, byBox["support@contoso.test inbox"], 1)
	require.Len(t, byBox["support@contoso.test sentitems"], 1)
	require.Len(t, b.fake.Messages(), 4)

	arrived := byBox["ann@contoso.test inbox"][0]
	require.Equal(t, "<n1@zendesk.test>", arrived.InternetMessageID)
	require.False(t, arrived.IsRead)
	require.False(t, arrived.IsDraft)
	r := b.get("/v1.0/users/ann@contoso.test/messages/" + arrived.ID + "/$value")
	list := fields(r.text)
	require.Equal(t, []string{"Internal"}, values(list, "X-MS-Exchange-Organization-AuthAs"))
	require.Empty(t, values(list, "Bcc"))
	require.Len(t, values(list, "X-MS-Has-Attach"), 1)
	require.Len(t, b.get("/v1.0/users/ann@contoso.test/messages/"+arrived.ID+"/attachments").value(), 1)
}

// The request acts and its answer is lost.
func TestSendLost(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	require.NoError(t, b.fake.Fault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/messages/*/send", Commit: true, Drop: true}))
	require.NoError(t, b.fake.Fault(graphtest.Fault{Method: "POST", Path: "/v1.0/users/*/sendMail", Commit: true, Status: 504}))
	_, err := b.try("POST", b.message(id)+"/send", "")
	require.Error(t, err)
	require.Len(t, b.fake.Sent(), 1)
	m, _ := b.fake.Message(id)
	require.Equal(t, "sentitems", m.Folder)
	b.refused(b.sendMIME(note), 504, "UnknownError")
	require.Len(t, b.fake.Sent(), 2)
	require.NoError(t, b.fake.Fault(graphtest.Fault{Method: "POST", Status: 429, Code: "ErrorSubmissionQuotaExceeded"}))
	r := b.sendMIME(note)
	b.refused(r, 429, "ErrorSubmissionQuotaExceeded")
	require.Contains(t, r.text, "submission quota was exceeded")
	require.Len(t, b.fake.Sent(), 2)
}

// Many send the same draft, and one does.
func TestSendOnce(t *testing.T) {
	b := setup(t, &graphtest.Options{InFlight: -1})
	id := b.draftMIME(note)
	var group sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		group.Go(func() { statuses[i] = b.send(id).status })
	}
	group.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	require.Equal(t, map[int]int{202: 1, 404: 7}, count)
	require.Len(t, b.fake.Sent(), 1)
}

func TestSendInBatch(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	for _, answer := range b.batch([]item{
		{"id": "1", "method": "POST", "url": strings.TrimPrefix(b.message(id), "/v1.0") + "/send"},
		{"id": "2", "method": "POST", "url": strings.TrimPrefix(b.drafts(), "/v1.0"),
			"headers": item{"Content-Type": "application/json"}, "body": item{"subject": "x"}},
	}) {
		require.Equal(t, map[any]float64{"1": 202, "2": 201}[answer["id"]], answer["status"])
	}
	require.Len(t, b.fake.Sent(), 1)
}

func TestSendNeedsLength(t *testing.T) {
	b := setup(t, nil)
	id := b.draftMIME(note)
	ask := func(header string) string {
		conn, err := net.Dial("tcp", strings.TrimPrefix(b.web.URL, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s/send HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n%s\r\n", b.message(id), b.token, header)
		answer, _ := io.ReadAll(conn)
		return string(answer)
	}
	require.Contains(t, ask(""), "HTTP/1.1 411 Length Required\r\n")
	require.Contains(t, ask(""), "The request must be chunked or have a content length.")
	require.Empty(t, b.fake.Sent())
	require.Contains(t, ask("Content-Length: 0\r\n"), "HTTP/1.1 202 Accepted\r\n")
}
