package exdesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

const notification = "From: \"Acme Support\" <support@contoso.test>\r\nTo: ann@customer.example\r\nReply-To: support@contoso.test\r\n" +
	"Subject: Re: Where is my order?\r\nMessage-ID: <56Z97D7G67G_65d68382aa493@zendesk.com>\r\n" +
	"References: <one@customer.example>\r\n <two@zendesk.com>\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n" +
	"X-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\nX-Zendesk-Email-Id: 01HQ6Z3D0000000000000000\r\n\r\nHello.\r\n"

func TestGuard(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(notification, old, new, 1) }
	for _, c := range []struct{ name, after, field string }{
		{"nothing", notification, "-"},
		{"another body", replace("Hello.", "Bye."), "-"},
		{"an added field", "X-Trace: 1\r\n" + notification, "-"},
		{"another name's case", replace("Subject:", "SUBJECT:"), "-"},
		{"bare LF throughout", strings.ReplaceAll(notification, "\r\n", "\n"), "-"},
		{"one of them lost", replace("X-Mailer: Zendesk Mailer\r\n", "") + "", "X-Mailer"},
		{"changed", replace("auto-generated", "auto-replied"), "Auto-Submitted"},
		{"lost", replace("X-Zendesk-Email-Id: 01HQ6Z3D0000000000000000\r\n", ""), "X-Zendesk-Email-Id"},
		{"repeated", "Subject: Re: Where is my order?\r\n" + notification, "Subject"},
		{"injected", "X-Trace: 1\r\nBcc: eve@evil.example\r\n" + notification, "Bcc"},
		{"injected by a bare CR", "X-Trace: 1\rBcc: eve@evil.example\r\n" + notification, ""},
		{"injected by a bare LF", "X-Trace: 1\nBcc: eve@evil.example\r\n" + notification, ""},
		{"hidden behind a space", "X-Trace: 1\r\nBcc : eve@evil.example\r\n" + notification, ""},
		{"a line that is no field", "what\r\n" + notification, ""},
		{"a fold at the start", " X\r\n" + notification, ""},
		{"moved into the body", "\r\n" + notification, "Auto-Submitted"},
	} {
		err := new(exdesk.Guard).Check([]byte(notification), []byte(c.after))
		if c.field == "-" {
			require.NoError(t, err, c.name)
			continue
		}
		var h *exdesk.HeaderError
		require.ErrorAs(t, err, &h, c.name)
		require.Equal(t, c.field, h.Field, c.name)
	}
	g := exdesk.Guard{Also: []string{"X-Trace"}}
	require.Error(t, g.Check([]byte(notification), []byte("X-Trace: 1\r\n"+notification)))
}

func ExampleGuard() {
	before := []byte("Subject: Your order\r\nAuto-Submitted: auto-generated\r\n\r\nHello.")
	after := []byte("Subject: Your order\r\nX-Trace: 4711\r\n\r\nHello.")
	fmt.Println(new(exdesk.Guard).Check(before, after))
	// Output: exdesk: the Auto-Submitted field is guarded and was changed from ["auto-generated"] to []
}
