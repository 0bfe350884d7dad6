package exdesk

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forgeries are what the sender of a mail may write into its header, as whoever
// knows how Exchange writes would.
var forgeries = []string{
	"Authentication-Results: spf=pass smtp.mailfrom=customer.example; dkim=pass header.d=customer.example;dmarc=pass action=none header.from=customer.example;compauth=pass reason=100\r\n",
	"Authentication-Results: mx.microsoft.com 1; dmarc=pass header.from=contoso.test\r\n",
	"authentication-results: dmarc=pass\r\n header.from=customer.example\r\n",
	"Authentication-Results:\r\n\tcompauth=pass\r\n\t;dmarc=pass header.from=customer.example (x\r\n",
	"Authentication-Results: protection.outlook.com; dmarc=pass (p=none) header.from=\"customer.example\"\r\n",
	"Authentication-Results : dmarc=pass header.from=customer.example\r\n",
	"Authentication-Results-Original: dmarc=pass header.from=customer.example\r\n",
	"ARC-Authentication-Results: i=1; mx.microsoft.com 1; dmarc=pass header.from=customer.example\r\n",
	"Received: from x (203.0.113.9) by VE1EUR01FT003.mail.protection.outlook.com (10.152.2.1) with Microsoft SMTP Server via Frontend Transport; Mon, 23 Nov 2026 00:00:00 +0000\r\n",
	"Received: from x by VE1EUR01FT003.evil.example; Mon, 23 Nov 2026 00:00:00 +0000\r\n",
	"Received: from hub by mbx.prod.outlook.com with HTTPS; Mon, 23 Nov 2026 00:00:01 +0000\r\n",
	"Received: (x by y.mail.protection.outlook.com\r\n by z.example)\r\n",
	"X-MS-Exchange-Organization-AuthAs: Internal\r\n",
	"X-MS-Exchange-Organization-AuthSource: mx.evil.example\r\n",
	"From: ann@customer.example\r\n",
	"X: 1\rAuthentication-Results: dmarc=pass header.from=customer.example\r\n",
	" dmarc=pass header.from=customer.example\r\n",
}

// forge writes the fields that the moves name.
func forge(moves []byte) string {
	var b strings.Builder
	for _, m := range moves[:min(len(moves), 16)] {
		b.WriteString(forgeries[int(m)%len(forgeries)])
	}
	return b.String()
}

// quotedPair writes s as it stands within quotes or a comment (RFC 5322 §3.2.1), in
// one line.
func quotedPair(s string) string {
	var b strings.Builder
	for _, r := range s[:min(len(s), 200)] {
		if strings.ContainsRune(`"\()`, r) {
			b.WriteByte('\\')
		}
		if r >= ' ' && r < 0x7f {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// FuzzVouched: whatever the sender of a mail writes, in fields of his own or in what
// Exchange repeats of him, his domain is vouched for only if Exchange's own result
// says so, and no other one is.
func FuzzVouched(f *testing.F) {
	for i := range len(forgeries) {
		f.Add(uint16(i*37), "evil.example", "x", []byte{byte(i), 8, byte(i + 1), 8}, []byte("Subject: x\r\n"))
	}
	f.Add(uint16(0), "x;compauth=pass;dmarc=pass header.from=customer.example", ");compauth=pass;(", []byte{0, 8}, []byte(nil))
	f.Add(uint16(0), `x";compauth=pass;"`, "by VE1EUR01FT003.mail.protection.outlook.com", []byte{10, 0, 8}, []byte(nil))
	f.Add(uint16(525), "evil.example", "x", []byte{0}, []byte(nil)) // right above Exchange's own
	f.Fuzz(func(t *testing.T, kind uint16, mailfrom, comment string, moves, below []byte) {
		pick := func(of ...string) string {
			s := of[int(kind)%len(of)]
			kind /= uint16(len(of))
			return s
		}
		dmarc := pick("fail", "none", "pass", "bestguesspass", "temperror")
		compauth := pick("", "fail", "pass", "softpass", "none")
		domain := pick("customer.example", "contoso.test", "evil.example")
		result := "spf=pass (" + quotedPair(comment) + ") smtp.mailfrom=\"" + quotedPair(mailfrom) + "\"@evil.example; dkim=none (message not signed) header.d=none;dmarc=" + dmarc + " action=none header.from=" + domain
		if compauth != "" {
			result += ";compauth=" + compauth + " reason=100"
		}
		speaks := dmarc == "pass" || dmarc == "bestguesspass" || compauth == "pass"
		top := "Received: from VE1EUR01FT003.eop-EUR01.prod.protection.outlook.com (2603::1) by AM0P.outlook.office365.com (2603::2) with Microsoft SMTP Server; Mon, 23 Nov 2026 00:00:01 +0000\r\n"
		if pick("", "named") != "" {
			top += "X-MS-Exchange-Organization-AuthSource: VE1EUR01FT003.mail.protection.outlook.com\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n"
		} else if lower := bytes.ToLower(append([]byte(forge(moves)), below...)); bytes.Contains(lower, []byte("x-ms-exchange-organization")) {
			t.Skip("the header firewall takes it off")
		}
		theirs := forge(moves) + string(below)
		if pick("result", "", "result") == "" {
			speaks = false
		} else {
			if pick("below", "above") == "above" && theirs != "" && theirs[0] != ' ' && theirs[0] != '\t' {
				// A mail may be shown with others' fields first.
				top, theirs = forge(moves)+top, string(below)
			}
			top += "Authentication-Results: " + result + "\r\n"
		}
		raw := top + "Received: from " + quotedPair(mailfrom) + " (203.0.113.9) by VE1EUR01FT003.mail.protection.outlook.com (10.152.2.1) with Microsoft SMTP Server via Frontend Transport; Mon, 23 Nov 2026 00:00:00 +0000\r\n" +
			"From: ann@" + domain + "\r\nTo: support@contoso.test\r\n" + theirs + "\r\n\r\nx"
		m, err := read(t.Context(), strings.NewReader(raw), MaxMessageBytes, nil, nil)
		if err != nil {
			return
		}
		p := &pass{c: &Connector{mailbox: home{}, opts: new(Options)}}
		v := p.vouch(&Mail{}, m)
		require.True(t, v.ok == (v.doubt == ""), "%+v", v)
		require.False(t, v.ok && (v.forged || !v.checked))
		require.False(t, v.ok && !speaks, raw)
		require.False(t, v.ok && domainOf(m.From.Address) != domain, raw)
		for _, other := range []string{"customer.example", "contoso.test", "evil.example", "victim.example", "", "none"} {
			require.False(t, vouched(m.header, other).ok && (!speaks || other != domain), "%s: %s", other, raw)
		}
	})
}

// home is the mailbox at home in contoso.test.
type home struct{ Mailbox }

func (home) Address() string { return "support@contoso.test" }
