package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// Nothing that a mail writes is a placeholder or a template for Zendesk, however
// the braces are written and whatever a sanitiser takes out from between them.
func TestPlaceholdersInDisguise(t *testing.T) {
	// What a sanitiser may take away: tags, and characters that are none.
	nothing := regexp.MustCompile(`<(?:[^>']|'[^']*')*>|&#(?:0*1|x0*7f|99999999);`)
	for _, s := range []string{
		"{{ticket.id}}", "{%if true%}", "&#123;&#123;ticket.id}}", "&#123&#123ticket.requester.email}}", "{&#123ticket.id}}", "{&#x7bticket.id}}",
		"{&#x7B;x}}", "{&#000000000000000000000123x}}", "{&lcub;x}}", "{&lbrace;x}}", "{&#37;if true%}", "{&#37if true%}", "{&percnt;if true%}", "{&#x25if true%}",
		"{<b></b>{ticket.id}}", "{<x-y z='>'>{ticket.id}}", "{<!-- x -->{ticket.id}}", "{<script>x</script>{ticket.id}}", "{<i></i><b>&#123;ticket.id}}</b>",
		"{<b>%if true%}</b>", "{{{{{{x}}", "{\x00{x}}", "{\u200b{x}}", "{\ufeff{x}}", "{<b><i><u>{</u></i></b>{x}}",
		"{</>{x}}", "{</ x>{x}}", "{&#1;{x}}", "{&#x7f;<b>&#99999999;{x}}", "{<b title='" + strings.Repeat("x", 10_000) + "'>{x}}", "{" + strings.Repeat("<b>", 3000) + "{x}}",
	} {
		t.Run(s[:min(len(s), 40)], func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				w.exchange.Deliver(mime("ann", "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello "+s+" there</p>\r\n"))
				require.Equal(t, exdesk.Created, w.only().Outcome)
				shown := html.UnescapeString(nothing.ReplaceAllString(w.ticket(1).Comments[0].HTML, ""))
				require.Contains(t, shown, "there")
				require.NotContains(t, shown, "{{")
				require.NotContains(t, shown, "{%")
			})
		})
	}
	// What is none stays as it was written.
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.exchange.Deliver(mime("ann", "Content-Type: text/html; charset=utf-8\r\n\r\n<p>{&quot;a&quot;: {&lt;b&gt;} } &#1234; &#x7ba; a{<br>}, {&nbsp;{&lt; {&amp;#123; {<b>x</b>}</p>\r\n"))
		w.only()
		require.Contains(t, w.ticket(1).Comments[0].HTML, "{&quot;a&quot;: {&lt;b&gt;} } &#1234; &#x7ba; a{<br>}, {&nbsp;{&lt; {&amp;#123; {<b>x</b>}</p>")
	})
}

// Who writes in another's name by any field but his own speaks under nobody's
// name, though his own domain passes every check.
func TestAuthorsInDisguise(t *testing.T) {
	const eve, ann = "Eve <eve@evil.example>", "Ann <ann@customer.example>"
	const pass = "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=evil.example; dkim=pass (signature was verified) header.d=evil.example;" +
		"dmarc=pass action=none header.from=evil.example;compauth=pass reason=100"
	for name, c := range map[string]struct{ from, fields string }{
		"Sender":                     {eve, "Sender: " + ann + "\r\n"},
		"Reply-To":                   {eve, "Reply-To: " + ann + "\r\n"},
		"Resent-From":                {eve, "Resent-From: " + ann + "\r\nResent-Sender: " + ann + "\r\n"},
		"Return-Path":                {eve, "Return-Path: <ann@customer.example>\r\n"},
		"X-Original-From":            {eve, "X-Original-From: " + ann + "\r\nX-Forwarded-For: " + ann + "\r\n"},
		"a second From above":        {eve, "From: " + ann + "\r\n"},
		"a second From below":        {ann, "From: " + eve + "\r\n"},
		"a From in other capitals":   {eve, "FROM: " + ann + "\r\n"},
		"two authors":                {ann + ", " + eve, ""},
		"a group":                    {"Customers: " + ann + ", " + eve + ";", ""},
		"two addresses":              {"<ann@customer.example> <eve@evil.example>", ""},
		"a name that is an address":  {`"ann@customer.example" <eve@evil.example>`, ""},
		"an encoded name":            {"=?utf-8?q?ann=40customer.example_=3Cann=40customer.example=3E?= <eve@evil.example>", ""},
		"an encoded address":         {"=?utf-8?q?ann=40customer.example=3E?= <eve@evil.example>", ""},
		"an encoded word as address": {"<=?utf-8?q?ann=40customer.example=3E=00?=@evil.example>", ""},
		"a comment":                  {"ann@customer.example (x) <eve@evil.example>", ""},
		"a NUL":                      {"<ann@customer.example\x00@evil.example>", ""},
		"a route":                    {"<@customer.example,@evil.example:ann@customer.example>", ""},
		"a quoted local part":        {`"ann@customer.example"@evil.example`, ""},
		"a percent sign":             {"ann%customer.example@evil.example", ""},
		"a name with a line":         {"\"Ann\r\n <ann@customer.example>\r\n \" <eve@evil.example>", ""},
		"a homograph":                {"Ann <\u0430nn@customer.example>", ""},
		"a homograph of the domain":  {"Ann <ann@custom\u0435r.example>", ""},
		"of an agent":                {eve, "Sender: Gus <gus@contoso.test>\r\nX-Zendesk-From-Account-Id: 68b8aed\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				ticket := people(w)
				w.postAs(letter{from: c.from, fields: c.fields, cc: "eve2@evil.example", id: "e@evil.example",
					inReplyTo: []string{question.id}, text: "It is me. [" + ticket.EncodedID + "]"}, pass)
				res := w.only()
				after := w.ticket(1)
				require.Equal(t, []string{"bob@customer.example"}, after.EmailCCs)
				for _, c := range after.Comments[1:] {
					require.False(t, c.Public, res.Reason)
					require.Equal(t, "agent@acme.test", c.Author.Email)
				}
			})
		})
	}
}

// ARC is anybody's to write, as are the results in it.
func TestArcIsNobodysWord(t *testing.T) {
	const results = "mx.microsoft.com 1; spf=pass smtp.mailfrom=customer.example; dmarc=pass action=none header.from=customer.example; compauth=pass reason=130"
	for name, auth := range map[string]string{"below a failure": forged("customer.example"), "below nothing": graphtest.NoAuth} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				people(w)
				l := answer
				l.fields = "ARC-Seal: i=1; a=rsa-sha256; s=arcselector10001; d=microsoft.com; cv=none; b=AAAA\r\n" +
					"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=microsoft.com; s=arcselector10001; h=From; bh=AAAA; b=AAAA\r\n" +
					"ARC-Authentication-Results: i=1; " + results + "\r\nX-MS-Exchange-Authentication-Results: " + results + "\r\nDKIM-Signature: v=1; d=customer.example; b=AAAA\r\n"
				w.postAs(l, auth)
				res := w.only()
				require.False(t, res.Public)
				require.Contains(t, res.Reason, "not verified")
				require.Equal(t, "agent@acme.test", w.ticket(1).Comments[1].Author.Email)
			})
		})
	}
}

// What is inside a mail is nobody's word about who wrote it.
func TestSenderInside(t *testing.T) {
	const inner = "From: Gus <gus@contoso.test>\r\nTo: support@contoso.test\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\nIn-Reply-To: <" + "q@customer.example" + ">\r\nSubject: Order\r\n\r\nPay him.\r\n"
	for name, rest := range map[string]string{
		"message/rfc822":           "Content-Type: message/rfc822\r\n\r\n" + inner,
		"in a multipart":           "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + "\r\n--b--\r\n",
		"S/MIME":                   "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nRnJvbTogR3VzIDxndXNAY29udG9zby50ZXN0Pg==\r\n",
		"protected header":         "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; protected-headers=v1\r\nFrom: Gus <gus@contoso.test>\r\n\r\nPay him.\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--b--\r\n",
		"header of a part":         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nFrom: Gus <gus@contoso.test>\r\nContent-Type: text/plain\r\n\r\nPay him.\r\n--b--\r\n",
		"winmail.dat":              "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgAAAQaQCAAEAAAAAAAB\r\n",
		"a forwarded mail as text": "Content-Type: text/plain\r\n\r\n" + inner,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				people(w)
				w.exchange.Deliver(mime("eve", rest))
				require.Equal(t, exdesk.Created, w.only().Outcome)
				require.Equal(t, "eve@customer.example", w.ticket(2).Requester.Email)
				require.Equal(t, "eve@customer.example", w.ticket(2).Comments[0].Author.Email)
				require.Len(t, w.ticket(1).Comments, 1)
			})
		})
	}
}

// Who is not known to be who he says, or has another answered in his place, has
// the desk write to nobody else.
func TestNobodyIsCopiedOnAnothersTicket(t *testing.T) {
	const none = "spf=none (sender IP is 203.0.113.9) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;" +
		"dmarc=none action=none header.from=customer.example;compauth=softpass reason=201"
	for name, c := range map[string]struct {
		letter letter
		auth   string
		want   []string
	}{
		"for himself":        {letter{from: "Ann <ann@customer.example>"}, "", []string{"eve@evil.example"}},
		"for another":        {letter{from: "Eve <eve@evil.example>", replyTo: "ann@customer.example"}, "", nil},
		"for a neighbour":    {letter{from: "Eve <eve@customer.example>", replyTo: "ann@customer.example"}, "", nil},
		"our own form":       {letter{from: "Form <form@contoso.test>", replyTo: "ann@customer.example"}, "", []string{"eve@evil.example"}},
		"who is forged":      {letter{from: "Ann <ann@customer.example>"}, forged("customer.example"), nil},
		"who is not checked": {letter{from: "Ann <ann@customer.example>"}, none, nil},
		"without a result":   {letter{from: "Ann <ann@customer.example>"}, graphtest.NoAuth, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, nil, func(t *testing.T, w *world) {
				c.letter.cc, c.letter.id, c.letter.text = "eve@evil.example", "x@y.example", "What is my balance?"
				w.postAs(c.letter, c.auth)
				res := w.only()
				require.Equal(t, exdesk.Created, res.Outcome)
				ticket := w.ticket(1)
				require.Equal(t, "ann@customer.example", ticket.Requester.Email)
				if c.want == nil {
					require.Empty(t, ticket.EmailCCs)
					require.NotEmpty(t, res.Reason)
				} else {
					require.Equal(t, c.want, ticket.EmailCCs)
				}
				if strings.Contains(c.letter.from, "Eve") {
					require.Contains(t, ticket.Comments[0].Body, "eve@", "who wrote it is said")
				}
			})
		})
	}
}

// A mail that refers to everything costs a few requests.
func TestManyReferencesCostLittle(t *testing.T) {
	inBubble(t, longMail, &longDesk, func(t *testing.T, w *world) {
		w.open()
		time.Sleep(time.Minute)
		var refs []string
		var text strings.Builder
		for i := range 5000 {
			refs = append(refs, fmt.Sprint(i, "@x.example"))
			fmt.Fprintf(&text, "[%06d-%05d]\r\n", i, i)
		}
		n := len(w.exchange.Requests()) + len(w.support.Requests())
		w.post(letter{from: "Eve <eve@evil.example>", id: "e@evil.example", inReplyTo: refs[:1000], references: refs, text: text.String()})
		require.Equal(t, exdesk.Created, w.only().Outcome)
		require.Less(t, len(w.exchange.Requests())+len(w.support.Requests())-n, 60)
	})
}

// Zendesk's commands by mail are text here, but for the one that keeps an
// agent's mail private.
func TestMailCommandsAreText(t *testing.T) {
	const commands = "#status closed\r\n#requester eve@evil.example\r\n#assignee eve@evil.example\r\n#tag vip\r\n#solved\r\n#public true\r\n"
	for _, from := range []string{"Gus <gus@contoso.test>", "Ann <ann@customer.example>"} {
		inBubble(t, nil, nil, func(t *testing.T, w *world) {
			people(w)
			before := w.ticket(1)
			w.post(letter{from: from, id: "c@x.example", inReplyTo: []string{question.id}, text: commands + "\r\nDone."})
			require.Equal(t, exdesk.Commented, w.only().Outcome)
			after := w.ticket(1)
			require.Equal(t, "open", after.Status)
			require.Equal(t, before.Requester, after.Requester)
			require.Equal(t, before.Assignee.Email, after.Assignee.Email)
			require.NotContains(t, after.Tags, "vip")
			require.Contains(t, after.Comments[1].Body, "#requester eve@evil.example", "as it was written")
		})
	}
}

// hosts notes where requests go.
type hosts struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen map[string]bool
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.seen[r.URL.Host] = true
	h.mu.Unlock()
	return h.next.RoundTrip(r)
}

// Nothing that a mail links to is fetched: no picture, no style, no external
// body, no receipt, no address to unsubscribe at.
func TestLinksAreNotFollowed(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		seen := &hosts{next: w.graphHTTP.Transport, seen: make(map[string]bool)}
		var err error
		w.mailbox, err = graph.New(w.exchange.Mailbox(), &w.tokens.graph, &graph.Options{BaseURL: w.graphURL, HTTPClient: &http.Client{Transport: seen}})
		require.NoError(t, err)
		standard := http.DefaultTransport.(*http.Transport)
		dial := standard.DialContext
		standard.DialContext = func(context.Context, string, string) (net.Conn, error) {
			t.Error("something dials by itself")
			return nil, errors.New("no")
		}
		defer func() { standard.DialContext = dial }()
		w.conn, err = exdesk.New(w.mailbox, w.desk, &w.opts)
		require.NoError(t, err)
		const evil = "http://169.254.169.254/latest/meta-data/"
		w.exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nMessage-ID: <" + evil + "@x.example>\r\nIn-Reply-To: <" + evil + ">\r\n" +
			"List-Unsubscribe: <" + evil + ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nDisposition-Notification-To: <eve@evil.example>\r\nReturn-Receipt-To: eve@evil.example\r\n" +
			"Face: " + evil + "\r\nX-Image-URL: " + evil + "\r\nContent-Base: " + evil + "\r\nContent-Location: " + evil + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/html\r\n\r\n<base href=\"" + evil + "\"><link rel=stylesheet href=\"" + evil + "\"><img src=\"" + evil + "\"><img src=x><iframe src=\"" + evil + "\"></iframe>" +
			"<p style=\"background:url(" + evil + ")\">Hello.</p><form action=\"" + evil + "\"><input></form><meta http-equiv=refresh content=\"0;url=" + evil + "\">\r\n" +
			"--b\r\nContent-Type: message/external-body; access-type=URL; URL=\"" + evil + "\"\r\n\r\nContent-Type: image/png\r\nContent-ID: <x@y>\r\n\r\n" +
			"--b\r\nContent-Type: message/partial; id=\"x\"; number=1; total=2\r\n\r\nx\r\n" +
			"--b\r\nContent-Type: text/xml; name=a.xml\r\n\r\n<!DOCTYPE x SYSTEM \"" + evil + "\"><x/>\r\n--b--\r\n"))
		require.Equal(t, exdesk.Created, w.only().Outcome)
		require.Len(t, seen.seen, 1, "Graph alone: %v", seen.seen)
		require.Empty(t, w.exchange.Sent(), "nor is a receipt sent")
	})
}

// What a terminal would obey is in nothing that is printed of a mail.
func TestStoryIsSafeToPrint(t *testing.T) {
	const bad = "\x1b]0;x\x07\x1b[2J\u009b31m\u202e\u2028\u0085"
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.opts.Screen = screenFunc(func(s *exdesk.Screening) exdesk.Verdict {
			return exdesk.Verdict{Name: "x" + bad, Place: exdesk.AsReject, Reason: "it says " + bad}
		})
		w.restart()
		id := w.postRaw("", letter{from: `"Eve` + bad + `" <eve` + bad + `@evil.example>`, id: "a" + bad + "b@evil.example", subject: "S" + bad, text: "Hi."})
		w.exchange.Edit(id, func(m *graphtest.Message) { m.Categories = append(m.Categories, "Blue"+bad) })
		w.ingest()
		mail, err := w.mailbox.Mail(t.Context(), id)
		require.NoError(t, err)
		for _, story := range []*exdesk.Story{{Mails: []*exdesk.Mail{mail}}, {Missing: []string{"m" + bad}}, {Tickets: []*exdesk.Ticket{{ID: 1, Status: "s" + bad}}}} {
			for _, line := range strings.Split(story.String(), "\n") {
				require.NotContains(t, strings.Map(func(r rune) rune {
					if !unicode.IsPrint(r) {
						return '!'
					}
					return 'x'
				}, line), "!", "%q", line)
			}
		}
		require.Contains(t, (&exdesk.Story{Mails: []*exdesk.Mail{mail}}).String(), "it says")
	})
}

// A refusal of Zendesk's that quotes a mail, or means ill, is no command to a
// terminal in a reason either.
func TestReasonsAreSafeToPrint(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, w *world) {
		w.deliver("ann")
		w.deskFault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 422,
			Body: `{"error":"RecordInvalid","details":{"base":[{"description":"No\u001b[2J\u009b31m\u202e\u2028 {{x}}"}]}}`, Times: -1})
		res := w.only()
		require.Equal(t, exdesk.Rejected, res.Outcome)
		for _, r := range res.Reason {
			require.True(t, unicode.IsPrint(r), "%q", res.Reason)
		}
	})
}
