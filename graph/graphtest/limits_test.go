package graphtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// to is a mail to so many.
func to(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("a%d@example.com", i))
	}
	return "From: support@contoso.test\r\nTo: " + strings.Join(list, ",\r\n ") + "\r\nSubject: many\r\n\r\nx\r\n"
}

func TestRecipientLimits(t *testing.T) {
	b := setup(t, &graphtest.Options{DailyRecipients: 1000, TokenLife: 100 * time.Hour})
	b.refused(b.sendMIME(to(501)), 400, "ErrorExceededMaxRecipientLimit")
	require.Equal(t, 202, b.sendMIME(to(500)).status)
	b.fake.Advance(time.Hour)
	require.Equal(t, 202, b.sendMIME(to(499)).status)
	r := b.sendMIME(to(2))
	b.refused(r, 429, "ErrorExceededMessageLimit")
	require.Contains(t, r.text, "Daily Message/Recipient limit exceeded.")
	require.Empty(t, r.header.Get("Retry-After"))
	require.Equal(t, 202, b.sendMIME(to(1)).status)
	b.fake.Advance(23*time.Hour - time.Minute)
	b.refused(b.sendMIME(to(1)), 429, "ErrorExceededMessageLimit")
	b.fake.Advance(2 * time.Minute)
	require.Equal(t, 202, b.sendMIME(to(500)).status)
	sum := 0
	for _, one := range b.fake.Accepted() {
		sum += one.Recipients
	}
	require.Equal(t, 1500, sum)
	require.Len(t, b.fake.Sent(), 4)
}

func TestLimitStatus(t *testing.T) {
	b := setup(t, &graphtest.Options{DailyRecipients: 1, MaxRecipients: -1, LimitStatus: 403})
	b.refused(b.sendMIME(to(501)), 403, "ErrorExceededMessageLimit")
	b = setupMore(t, &graphtest.Options{DailyRecipients: -1, MaxRecipients: 2})
	b.refused(b.sendMIME(to(3)), 400, "ErrorExceededMaxRecipientLimit")
}

func TestLimitNDR(t *testing.T) {
	b := setup(t, &graphtest.Options{DailyRecipients: 3, MaxRecipients: 3, LimitNDR: true})
	require.Equal(t, 202, b.sendMIME(to(4)).status)
	require.Equal(t, 202, b.sendMIME(to(3)).status)
	require.Equal(t, 202, b.sendMIME(to(1)).status)
	require.Len(t, b.fake.Sent(), 1)
	require.Len(t, b.fake.Accepted(), 3)
	rows := b.get(b.user()+"/mailFolders/inbox/messages", "Prefer", immutable).value()
	require.Len(t, rows, 2)
	require.Contains(t, b.mime(rows[0]["id"].(string)), "Status: 5.1.90")
	require.Contains(t, b.mime(rows[1]["id"].(string)), "Status: 5.5.3")
}

func TestUndeliverable(t *testing.T) {
	b := setup(t, nil)
	b.fake.Undeliverable("Bob@Example.com")
	b.fake.Undeliverable("gone@contoso.test")
	require.Equal(t, 202, b.sendMIME(strings.Replace(note, "eve@", "gone@contoso.test, eve@", 1)).status)
	require.Len(t, b.fake.Sent(), 1)
	rows := b.get(b.user()+"/mailFolders/inbox/messages", "Prefer", immutable).value()
	require.Len(t, rows, 2, "one for each reason")
	for _, row := range rows {
		require.Equal(t, "Undeliverable: Grüße", row["subject"])
		text := b.mime(row["id"].(string))
		list := fields(text)
		require.Equal(t, []string{"Microsoft Outlook <postmaster@contoso.test>"}, values(list, "From"))
		require.Equal(t, []string{"<n1@zendesk.test>"}, values(list, "In-Reply-To"))
		require.Equal(t, []string{"auto-replied"}, values(list, "Auto-Submitted"))
		require.Regexp(t, `^multipart/report; boundary=\S+; report-type=delivery-status$`, values(list, "Content-Type")[0])
		require.Contains(t, names(list), "X-MS-Exchange-Message-Is-Ndr")
		require.Contains(t, text, "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;")
		require.Contains(t, text, "Action: failed\r\n")
		require.Contains(t, text, "Content-Type: message/rfc822\r\n\r\n")
		require.Contains(t, text, "Message-ID: <n1@zendesk.test>\r\n", "the original's header")
		require.NotContains(t, text, "Bcc:")
	}
	all := b.mime(rows[0]["id"].(string)) + b.mime(rows[1]["id"].(string))
	require.Contains(t, all, "Final-Recipient: rfc822;bob@example.com\r\n")
	require.Contains(t, all, "Final-Recipient: rfc822;gone@contoso.test\r\n")
	require.Contains(t, all, "Status: 5.1.351\r\n")
	require.Contains(t, all, "Remote-MTA: dns;example.com\r\n")
	require.Contains(t, all, "Status: 5.1.10\r\n")

	b.fake.Undeliverable(b.fake.Mailbox())
	big := "From: support@contoso.test\r\nTo: support@contoso.test\r\nSubject: big\r\n\r\n" + strings.Repeat("0123456789\r\n", 100_000)
	require.Equal(t, 202, b.sendMIME(big).status)
	rows = b.get(b.user() + "/mailFolders/inbox/messages?$filter=subject%20eq%20'Undeliverable:%20big'").value()
	require.Len(t, rows, 1)
	m, _ := b.fake.Message(rows[0]["id"].(string))
	require.Less(t, m.Size, int64(10_000))
}

func TestSuppressNDR(t *testing.T) {
	b := setup(t, &graphtest.Options{SuppressNDR: true})
	b.fake.Undeliverable("bob@example.com")
	require.Equal(t, 202, b.sendMIME(note).status)
	require.Empty(t, b.get(b.user()+"/mailFolders/inbox/messages").value())
	require.Equal(t, 202, b.sendMIME(strings.Replace(note, "Suppress: All", "Suppress: OOF", 1)).status)
	require.Len(t, b.get(b.user()+"/mailFolders/inbox/messages").value(), 1)
}
