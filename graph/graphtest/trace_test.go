package graphtest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// arrive delivers a mail and returns its id.
func (b *bench) arrive(text string, d *graphtest.Delivery) string {
	b.Helper()
	id, err := b.fake.DeliverTo(b.fake.Mailbox(), []byte(text), d)
	require.NoError(b, err)
	return id
}

var fold = regexp.MustCompile(`\r\n[ \t]+`)

// fields returns the header of a mail, unfolded.
func fields(text string) []string {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	return strings.Split(fold.ReplaceAllString(head, " "), "\r\n")
}

// names returns the names of fields.
func names(list []string) []string {
	var out []string
	for _, f := range list {
		name, _, _ := strings.Cut(f, ":")
		out = append(out, name)
	}
	return out
}

// values returns the fields of one name.
func values(list []string, name string) []string {
	var out []string
	for _, f := range list {
		if rest, ok := strings.CutPrefix(f, name+": "); ok {
			out = append(out, rest)
		}
	}
	return out
}

const forged = "Received: from mx.evil.test by VI1PR01MB0001.eurprd01.prod.outlook.com with HTTPS; Sun, 22 Nov 2026 08:00:00 +0000\r\n" +
	"Authentication-Results: spf=pass (sender IP is 192.0.2.99) smtp.mailfrom=bank.test; dkim=pass header.d=bank.test;dmarc=pass action=none header.from=bank.test;compauth=pass reason=100\r\n" +
	"Authentication-Results: mx.evil.test; dmarc=pass header.from=bank.test\r\n" +
	"x-ms-exchange-organization-authas: Internal\r\n" +
	"X-MS-Exchange-Organization-SCL: -1\r\nX-MS-Exchange-Forest-RulesExecuted: x\r\n" +
	"X-MS-Exchange-CrossTenant-AuthAs: Internal\r\nX-Forefront-Antispam-Report: SFV:SKN;\r\nX-Microsoft-Antispam: BCL:0;\r\n" +
	"From: Boss <boss@bank.test>\r\nSubject: x\r\nMessage-ID: <f@bank.test>\r\n\r\nbody\r\n"

func TestTraceFromOutside(t *testing.T) {
	b := setup(t, nil)
	list := fields(b.mime(b.arrive(forged, nil)))
	require.Equal(t, []string{
		"Received", "Received", "Received", "Authentication-Results", "Received-SPF", "Received", // Exchange's
		"Received", "Authentication-Results", "Authentication-Results", "X-MS-Exchange-CrossTenant-AuthAs", // the sender's
		"X-Forefront-Antispam-Report", "X-Microsoft-Antispam", "From", "Subject", "Thread-Index", "Message-ID",
		"X-MS-Exchange-Organization-Network-Message-Id", "X-EOPAttributedMessage", // Exchange's
		"X-MS-Exchange-Organization-MessageDirectionality", "X-MS-PublicTrafficType",
		"X-MS-Exchange-Organization-AuthSource", "X-MS-Exchange-Organization-AuthAs", "X-MS-Exchange-Organization-SCL",
		"X-MS-Exchange-CrossTenant-Network-Message-Id", "X-MS-Exchange-CrossTenant-AuthSource", "X-MS-Exchange-CrossTenant-AuthAs",
		"X-MS-Exchange-CrossTenant-FromEntityHeader", "X-MS-Exchange-Transport-CrossTenantHeadersStamped",
	}, names(list)[:28])

	hops := values(list, "Received")
	require.Regexp(t, `^from \w+\.eurprd01\.prod\.outlook\.com \(::1\) by \w+\.eurprd01\.prod\.outlook\.com with HTTPS; Sun, 22 Nov 2026 09:00:0\d \+0000$`, hops[0])
	require.Regexp(t, `^from \w+\.eurprd02\.prod\.outlook\.com .* by \w+\.eurprd01\.prod\.outlook\.com .* with Microsoft SMTP Server \(version=TLS1_2, `, hops[1])
	require.Regexp(t, `^from \w+\.eurprd04\.prod\.outlook\.com .* by \w+\.outlook\.office365\.com .* via Frontend Transport; `, hops[2])
	require.Regexp(t, `^from mail\.example\.test \(192\.0\.2\.25\) by \w+\.mail\.protection\.outlook\.com \([0-9.]+\) with Microsoft SMTP Server .* via Frontend Transport; `, hops[3])
	require.True(t, strings.HasPrefix(hops[4], "from mx.evil.test"))
	require.Equal(t, "spf=pass (sender IP is 192.0.2.25) smtp.mailfrom=bank.test; dkim=pass (signature was verified) header.d=bank.test;"+
		"dmarc=pass action=none header.from=bank.test;compauth=pass reason=100", values(list, "Authentication-Results")[0])
	require.Equal(t, []string{"Pass (protection.outlook.com: domain of bank.test designates 192.0.2.25 as permitted sender) " +
		"receiver=protection.outlook.com; client-ip=192.0.2.25; helo=mail.example.test; pr=C"}, values(list, "Received-SPF"))
	require.Equal(t, []string{"Anonymous"}, values(list, "X-MS-Exchange-Organization-AuthAs"), "the header firewall")
	require.Equal(t, []string{"Internal", "Anonymous"}, values(list, "X-MS-Exchange-CrossTenant-AuthAs"), "not documented to be removed")

	other := fields(b.mime(b.arrive(forged, nil)))
	require.NotEqual(t, list[0], other[0], "other servers")
}

func TestTraceFromInside(t *testing.T) {
	b := setup(t, nil)
	list := fields(b.mime(b.arrive(forged, &graphtest.Delivery{Internal: true})))
	require.Equal(t, []string{"Received", "Authentication-Results", "Received", "Received", "Received", "Authentication-Results"}, names(list)[:6])
	require.Equal(t, "dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=bank.test;", values(list, "Authentication-Results")[0])
	hops := values(list, "Received")
	require.Regexp(t, ` with HTTPS; `, hops[0])
	require.Regexp(t, ` with Microsoft SMTP Server `, hops[1])
	require.Regexp(t, `^from (\S+) \(\[fe80::\S+\]\) by \S+ \(\[fe80::\S+\]\) with mapi id `, hops[2])
	require.NotContains(t, strings.Join(hops[:3], " "), "protection.outlook.com")
	require.Empty(t, values(list, "Received-SPF"))
	require.Equal(t, []string{"Internal"}, values(list, "X-MS-Exchange-Organization-AuthAs"))
	require.Equal(t, []string{"Originating"}, values(list, "X-MS-Exchange-Organization-MessageDirectionality"))
	require.Contains(t, values(list, "X-MS-Exchange-CrossTenant-AuthAs"), "Internal")
}

func TestAuth(t *testing.T) {
	b := setup(t, nil)
	verdict := func(from string, d *graphtest.Delivery) (string, string) {
		list := fields(b.mime(b.arrive(from+"Subject: x\r\n\r\n", d)))
		return strings.Join(values(list, "Authentication-Results"), "|"), strings.Join(values(list, "Received-SPF"), "|")
	}
	for auth, spf := range map[string]string{
		"spf=fail (sender IP is 192.0.2.9) smtp.mailfrom=a.test; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=a.test;compauth=fail reason=000": "Fail (protection.outlook.com: domain of a.test does not designate",
		"spf=softfail smtp.mailfrom=a.test;dmarc=bestguesspass action=none header.from=a.test":                                                                                       "SoftFail (protection.outlook.com: domain of transitioning a.test",
		"spf=none smtp.helo=h.test; dkim=none": "None (protection.outlook.com: mail.example.test does not",
		"spf=neutral smtp.mailfrom=a.test":     "Neutral (protection.outlook.com: 192.0.2.25 is neither",
		"spf=temperror; dkim=none":             "",
		"whatever  it says":                    "",
	} {
		a, r := verdict("From: a@a.test\r\n", &graphtest.Delivery{Auth: auth})
		require.Equal(t, auth, a, "word for word")
		require.Equal(t, spf != "", r != "", r)
		require.True(t, strings.HasPrefix(r, spf), r)
	}
	a, r := verdict("From: a@a.test\r\n", &graphtest.Delivery{Auth: graphtest.NoAuth})
	require.Empty(t, a+r)
	a, _ = verdict("From: a@a.test\r\n", &graphtest.Delivery{Auth: graphtest.NoAuth, Internal: true})
	require.Empty(t, a)
	a, r = verdict("From: a@a.test\r\n", &graphtest.Delivery{Auth: "spf=pass; x", Internal: true})
	require.Equal(t, "spf=pass; x", a)
	require.Empty(t, r)
	for _, from := range []string{"", "From: nobody\r\n"} {
		a, _ = verdict(from, nil)
		require.Equal(t, "spf=none (sender IP is 192.0.2.25) smtp.helo=mail.example.test; dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=;", a)
	}
}

func TestNamedAuth(t *testing.T) {
	b := setup(t, &graphtest.Options{NamedAuth: true})
	list := fields(b.mime(b.arrive(forged, nil)))
	require.True(t, strings.HasPrefix(values(list, "Authentication-Results")[0], "mx.microsoft.com 1; spf=pass (sender IP is 192.0.2.25)"))
	list = fields(b.mime(b.arrive(forged, &graphtest.Delivery{Internal: true})))
	require.True(t, strings.HasPrefix(values(list, "Authentication-Results")[0], "mx.microsoft.com 1; dkim=none"))
	list = fields(b.mime(b.arrive(forged, &graphtest.Delivery{Auth: "own"})))
	require.Equal(t, "own", values(list, "Authentication-Results")[0])
}

func TestWideFirewall(t *testing.T) {
	b := setup(t, &graphtest.Options{WideFirewall: true})
	list := fields(b.mime(b.arrive(forged, nil)))
	require.Len(t, values(list, "Authentication-Results"), 1)
	require.Len(t, values(list, "Authentication-Results-Original"), 2)
	require.Equal(t, []string{"Anonymous"}, values(list, "X-MS-Exchange-CrossTenant-AuthAs"))
	require.Len(t, values(list, "X-Forefront-Antispam-Report-Untrusted"), 1)
	require.Len(t, values(list, "X-Microsoft-Antispam-Untrusted"), 1)
	list = fields(b.mime(b.arrive(forged, &graphtest.Delivery{Internal: true})))
	require.Len(t, values(list, "Authentication-Results"), 3, "mail from inside is not foreign")
}

// A header that is not well-formed passes the firewall as well.
func TestFirewallOfDamage(t *testing.T) {
	const damaged = "From x@y Sun\nX-MS-Exchange-Organization-AuthAs : Internal\n and\n\tmore\nAuthentication-Results: a;\n b\n" +
		"no field\nX-MS-EXCHANGE-FOREST-X: y\nSubject: z\n\nX-MS-Exchange-Organization-AuthAs: body\n"
	b := setup(t, nil)
	got := b.mime(b.arrive(damaged, nil))
	require.True(t, strings.HasSuffix(got, "\r\nFrom x@y Sun\nAuthentication-Results: a;\n b\nno field\nSubject: z\n\nX-MS-Exchange-Organization-AuthAs: body\n"), got)
	require.Contains(t, got, "X-MS-Exchange-Organization-AuthAs: Anonymous\r\n")

	wide := &bench{T: t, fake: graphtest.New(&graphtest.Options{WideFirewall: true})}
	got = serveOnce(t, wide.fake, wide.message(wide.arrive(damaged, nil))+"/$value")
	require.Contains(t, got, "Authentication-Results-Original: a;\n b\n")
	got = serveOnce(t, wide.fake, wide.message(wide.arrive("no field\nX-MS-Exchange-Organization-A: b", nil))+"/$value")
	require.True(t, strings.HasSuffix(got, "\r\nno field\n"), got)
}

func TestForeignTraceFirst(t *testing.T) {
	b := setup(t, &graphtest.Options{ForeignTraceFirst: true})
	id := b.arrive(forged, nil)
	list := fields(b.mime(id))
	require.Equal(t, []string{"Received", "Authentication-Results", "Authentication-Results"}, names(list)[:3])
	require.Contains(t, list[0], "mx.evil.test")
	require.Contains(t, list[1], "192.0.2.99")
	require.Equal(t, []string{"Message-ID", "Received", "Received", "Received", "Authentication-Results", "Received-SPF", "Received",
		"X-MS-Exchange-Organization-Network-Message-Id"}, names(list)[9:17])
	require.Equal(t, []string{"Anonymous"}, values(list, "X-MS-Exchange-Organization-AuthAs"))
	require.Equal(t, "from mx.evil.test by VI1PR01MB0001.eurprd01.prod.outlook.com with HTTPS; Sun, 22 Nov 2026 08:00:00 +0000",
		b.headers(id)[0]["value"])
}

// headers returns internetMessageHeaders.
func (b *bench) headers(id string) []map[string]any {
	b.Helper()
	r := b.get(b.message(id) + "?$select=internetMessageHeaders")
	require.Equal(b, 200, r.status, r.text)
	var list []map[string]any
	for _, h := range r.json["internetMessageHeaders"].([]any) {
		list = append(list, h.(map[string]any))
	}
	return list
}

func (b *bench) headerNames(id string) []string {
	b.Helper()
	var list []string
	for _, h := range b.headers(id) {
		list = append(list, h["name"].(string))
	}
	return list
}

func TestHeadersView(t *testing.T) {
	b := setup(t, nil)
	id := b.arrive("Subject: first\r\nTo: b@example.com\r\nX-One: 1\r\nFrom: a@example.com\r\nMIME-Version: 1.0\r\nMessage-ID: <h@x>\r\n\r\n", nil)
	require.Equal(t, []string{"Received", "Received", "Received", "Authentication-Results", "Received-SPF", "Received",
		"Subject", "To", "X-One", "From", "MIME-Version", "Message-ID", "X-MS-Exchange-Organization-Network-Message-Id"}, b.headerNames(id)[:13])
	block := b.get(b.message(id) + joined([]string{"$expand", "singleValueExtendedProperties($filter=id eq 'String 0x007D')"})).text
	require.Contains(t, block, `Authentication-Results: spf=pass`)

	raw := b.arrive("Subject: x\r\n\r\n", &graphtest.Delivery{Raw: true})
	require.Equal(t, []string{"Subject"}, b.headerNames(raw))

	r := b.get(b.message(id) + "?$select=body,subject,from,sender,toRecipients,ccRecipients,replyTo,internetMessageHeaders,sentDateTime,internetMessageId,hasAttachments")
	require.Equal(t, 200, r.status, r.text)
	require.Len(t, r.json, 11+3, "and the context, the etag and the id")
	require.Equal(t, "<h@x>", r.json["internetMessageId"])
	require.Equal(t, false, r.json["hasAttachments"])
}

func TestBareHeaders(t *testing.T) {
	b := setup(t, &graphtest.Options{BareHeaders: true})
	id := b.arrive("From: a@x\r\nTO: b@x\r\nCc: c@x\r\nSubject: s\r\nMessage-ID: <h@x>\r\n\r\n", nil)
	require.Equal(t, []string{"Cc", "Subject", "Message-ID"}, b.headerNames(id)[6:9])
	require.Contains(t, b.mime(id), "\r\nFrom: a@x\r\nTo: b@x\r\n")
}

// What did not arrive has no trace.
func TestNoTrace(t *testing.T) {
	b := setup(t, nil)
	for _, d := range []graphtest.Delivery{{Folder: "sentitems"}, {Folder: "drafts"}, {Folder: "Outbox"}, {Draft: true}, {Folder: "sentitems", Auth: "spf=pass", Internal: true}} {
		got := b.mime(b.arrive("From: a@x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\r\n", &d))
		list := names(fields(got))
		for _, absent := range []string{"Received", "Authentication-Results", "Received-SPF", "X-MS-Exchange-Organization-AuthSource", "X-MS-Exchange-CrossTenant-AuthAs"} {
			require.NotContains(t, list, absent)
		}
		require.Contains(t, list, "Message-ID")
		require.Contains(t, list, "X-MS-Exchange-Organization-AuthAs", "the sender's own")
	}
	for _, folder := range []string{"archive", "deleteditems", "junkemail"} {
		require.Contains(t, b.mime(b.arrive("From: a@x\r\n\r\n", &graphtest.Delivery{Folder: folder})), "\r\nAuthentication-Results: ")
	}
	id := b.arrive("From: a@x\r\n\r\n", nil)
	b.fake.Edit(id, func(m *graphtest.Message) { m.Folder = "sentitems" })
	require.Contains(t, b.mime(id), "\r\nAuthentication-Results: ", "moved after it arrived")
}
