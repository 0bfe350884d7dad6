package zendesk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// FuzzNotification: whatever people are called, tickets are about, agents write and
// files are named, the mail has the fields that it always has, goes to those whose
// addresses they are and to nobody else, and has the file as it is, under a name that
// leads nowhere and a type that contains nothing.
func FuzzNotification(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s, s, "<p>"+s, s+"a/b\\c.pdf", "message/rfc822")
	}
	f.Add("Ann", "Hi", "See\r\n--=_exdesk\n.\nFrom me", "", "..", "multipart/mixed; boundary=x")
	f.Add("=?utf-8?q?a=0d=0aBcc=3A?=", strings.Repeat("ä", 300), "\u2028", "<img src='x'></body><style>", strings.Repeat("n", 400), "text/html; charset=\"a\r\nBcc: b@c\"")
	want := []string{"From", "To", "Cc", "Subject", "Date", "Message-Id", "References", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer",
		"X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id", "Mime-Version", "Content-Type"}
	slices.Sort(want)
	f.Fuzz(func(t *testing.T, name, subject, text, page, file, kind string) {
		telling(t, zendesktest.Options{}, func(w *told) {
			// What HTTP does not carry does not arrive.
			kind := strings.Map(func(r rune) rune {
				if unicode.IsControl(r) {
					return ' '
				}
				return r
			}, kind)
			for _, a := range []string{"ann@customer.example", "bob@customer.example"} {
				w.srv.AddUser(zendesktest.User{Email: a, Name: name})
			}
			w.srv.Edit(1, func(t *zendesktest.Ticket) { t.Subject = subject })
			e := w.say(zendesktest.Comment{Body: text, HTML: page, Public: true, Attachments: []zendesktest.Attachment{{Name: file, Type: kind, Content: []byte("octets\x00")}}})
			out, err := w.c.Notification(w.Context(), e, mailbox)
			if err != nil {
				require.True(w, errors.Is(err, exdesk.ErrRefused) || errors.Is(err, exdesk.ErrTemporary), "%v", err)
				return
			}
			l := w.read(out)
			require.Equal(w, want, keys(l.Header))
			for field, who := range map[string][]string{"From": {mailbox.Address}, "To": {"ann@customer.example"}, "Cc": {"bob@customer.example", "eve@customer.example"}} {
				list, err := l.AddressList(field)
				require.NoError(w, err)
				var got []string
				for _, a := range list {
					got = append(got, a.Address)
				}
				require.Equal(w, who, got, field)
			}
			require.LessOrEqual(w, len(l.parts), 3)
			last := l.parts[len(l.parts)-1]
			require.Equal(w, "octets\x00", last.content)
			require.NotContains(w, last.name, "/")
			require.NotContains(w, last.name, `\`)
			require.NotEmpty(w, strings.Trim(last.name, ". "))
			require.NotContains(w, []string{"message", "multipart"}, strings.Split(last.kind, "/")[0])
		})
	})
}
