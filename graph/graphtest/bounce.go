package graphtest

import (
	"bytes"
	"fmt"
	"maps"
	"mime/quotedprintable"
	"slices"
	"strings"
)

// failure is why mail is not delivered.
type failure struct {
	status     string // RFC 3463
	diagnostic string
	text       string // for people
	remote     bool   // another server says so
}

var (
	unknownUser = failure{status: "5.1.351", remote: true,
		diagnostic: "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 5.1.1 User unknown",
		text:       "The email address wasn't found at the destination domain. It might be misspelled or it might not exist any longer."}
	unknownHere = failure{status: "5.1.10",
		diagnostic: "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
		text:       "The email address wasn't found. It might be misspelled or it might not exist any longer."}
	tooMany = failure{status: "5.5.3",
		diagnostic: "550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients",
		text:       "There are too many recipients in the message. Reduce their number and resend it."}
	dailyLimit = failure{status: "5.1.90",
		diagnostic: "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
		text:       "Your message can't be sent because you've reached your daily limit for message recipients."}
)

// Undeliverable makes mail to an address come back: the sender finds a
// non-delivery report of Exchange's in the Inbox. That the mail was accepted
// was no promise.
func (s *Server) Undeliverable(address string) {
	why := &unknownUser
	_, domain, _ := strings.Cut(address, "@")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mailboxes {
		if strings.HasSuffix(strings.ToLower(m.address), "@"+strings.ToLower(domain)) {
			why = &unknownHere
		}
	}
	s.failures[strings.ToLower(address)] = why
}

// bounce reports to the sender what could not be delivered: one report for
// each reason.
func (s *Server) bounce(out *outgoing, it *item, mail []byte, bounced map[*failure][]string) {
	if bits, _ := parseSuppress(it.mail.text(suppressField)); s.opts.SuppressNDR && bits&2 != 0 {
		return // bit 0x2: "Suppress non-delivery reports from transport"
	}
	for _, why := range slices.SortedFunc(maps.Keys(bounced), func(a, b *failure) int { return strings.Compare(a.status, b.status) }) {
		_, _ = s.deliver(out.from, s.report(out, it, mail, why, bounced[why]), &Delivery{Internal: true})
	}
}

// wholeOriginal is how large a mail is that comes back whole; of a larger one
// the header does. Where Exchange draws the line is not documented.
const wholeOriginal = 1 << 20

// report writes a non-delivery report as Exchange Online does: the order of its
// fields and parts is that of reports that people published.
func (s *Server) report(out *outgoing, it *item, mail []byte, why *failure, addresses []string) []byte {
	server := "DB9PR01MB" + strings.ToUpper(out.seed[:4]) + ".eurprd01.prod.outlook.com"
	domain := out.from.address[strings.LastIndexByte(out.from.address, '@')+1:]
	outer, inner := guidOf([]byte(out.seed[:16])), guidOf([]byte(out.seed[16:32]))
	when := dateText(out.at)

	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Microsoft Outlook <postmaster@%s>", domain)
	line("To: <%s>", out.from.address)
	line("Date: %s", when)
	line("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=%q", outer)
	line("X-MS-Exchange-Message-Is-Ndr:")
	line("Content-Language: en-US")
	line("Message-ID: <%s@%s>", inner, server)
	line("In-Reply-To: %s", it.messageID)
	line("References: %s", it.messageID)
	line("Subject: %s", headerValue("Undeliverable: "+it.subject))
	line("Auto-Submitted: auto-replied")
	line("MIME-Version: 1.0\r\n")

	line("--%s\r\nContent-Type: multipart/alternative; differences=Content-Type;\r\n\tboundary=%q\r\n", outer, inner)
	plain := "Delivery has failed to these recipients or groups:\r\n\r\n"
	for _, a := range addresses {
		plain += a + "<mailto:" + a + ">\r\n" + why.text + "\r\n\r\n"
	}
	plain += "Diagnostic information for administrators:\r\n\r\nGenerating server: " + server + "\r\n\r\n"
	for _, a := range addresses {
		plain += a + "\r\nRemote Server returned '" + why.diagnostic + "'\r\n\r\n"
	}
	head, _, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	plain += "Original message headers:\r\n\r\n" + string(head) + "\r\n"
	line("--%s\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n", inner)
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(plain))
	_ = q.Close()
	line("\r\n--%s\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\r\n<html><body><p>%s</p></body></html>\r\n--%s--\r\n", inner, why.text, inner)

	line("--%s\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;%s\r\nArrival-Date: %s", outer, server, when)
	for _, a := range addresses {
		line("\r\nFinal-Recipient: rfc822;%s\r\nAction: failed\r\nStatus: %s\r\nDiagnostic-Code: smtp;%s", a, why.status, why.diagnostic)
		if why.remote {
			line("Remote-MTA: dns;%s", a[strings.LastIndexByte(a, '@')+1:])
		}
		line("X-Display-Name: %s", a)
	}
	original := mail
	if len(original) > wholeOriginal {
		original = append(bytes.Clone(head), "\r\n\r\n"...)
	}
	line("\r\n--%s\r\nContent-Type: message/rfc822\r\n", outer)
	b.Write(original)
	line("\r\n--%s--", outer)
	return b.Bytes()
}
