package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	netsmtp "net/smtp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

const ann = "ann@customer.example"

func TestMailLeavesAsItIs(t *testing.T) {
	w := newWorld(t, nil).start()
	require.Nil(t, w.send(notice("ann"), ann))
	sent := w.requireSent(1)[0]
	require.Equal(t, []string{ann}, sent.EnvelopeRecipients)
	header, body := read(t, sent.MIME)
	for name, value := range map[string]string{
		"To": ann, "Reply-To": "support@contoso.test", "Subject": "Re: About ann", "Message-Id": "<56Z97D7G67G_65d68382aa493_ann_sprut@zendesk.com>",
		"In-Reply-To": "<one@customer.example> <two@customer.example>", "References": "<56Z97D7G67G@zendesk.com>",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "X-Mailer": "Zendesk Mailer",
		"X-Zendesk-From-Account-Id": "cc6f582", "X-Zendesk-Email-Id": "01HQ6Z3Dann", "Date": "Mon, 23 Nov 2026 10:00:00 +0100"} {
		require.Contains(t, header.Get(name), value, name)
	}
	require.Contains(t, body, "[56Z97D-7G67G]")
	require.Contains(t, w.log.String(), "recipients=1 code=250")
	require.NotContains(t, w.log.String(), ann)
}

// Go's own client, and a null sender.
func TestOtherClient(t *testing.T) {
	w := newWorld(t, nil).start()
	c, err := netsmtp.Dial(w.addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.StartTLS(w.trust))
	require.NoError(t, c.Auth(netsmtp.PlainAuth("", user, password, "127.0.0.1")))
	require.NoError(t, c.Mail(""))
	require.NoError(t, c.Rcpt(ann))
	body, err := c.Data()
	require.NoError(t, err)
	_, err = body.Write([]byte(notice("ann")))
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.NoError(t, c.Quit())
	w.requireSent(1)
}

func TestEnvelopeOnlyRecipientIsBlind(t *testing.T) {
	w := newWorld(t, nil).start()
	require.Nil(t, w.send(notice("ann"), ann, "eve@customer.example"))
	sent := w.requireSent(1)[0]
	require.Equal(t, []string{ann, "eve@customer.example"}, sent.EnvelopeRecipients)
	require.NotContains(t, string(sent.MIME), "eve@")
}

// As Zendesk's mail to those in Cc alone is.
func TestMailWithoutTo(t *testing.T) {
	w := newWorld(t, nil).start()
	require.Nil(t, w.send(strings.Replace(notice("ann"), "To: ann", "Cc: ann", 1), ann))
	require.Equal(t, []string{ann}, w.requireSent(1)[0].EnvelopeRecipients)
}

func TestWhatCannotLeaveIsRefused(t *testing.T) {
	w := newWorld(t, nil).start()
	two := fields("two", "To: ann@customer.example, bob@customer.example\r\n") + "\r\nHello.\r\n"
	requireReply(t, w.send(two, ann), 550, enhanced{5, 7, 1}, "not in its envelope")
	other := strings.Replace(notice("ann"), "<support@", "<sales@", 1)
	requireReply(t, w.send(other, ann), 550, enhanced{5, 7, 1}, "not from this mailbox")
	requireReply(t, w.send("no field\r\n\r\nHello.\r\n", ann), 550, enhanced{5, 7, 1}, "line 1")
	requireReply(t, w.send("", ann), 550, enhanced{5, 7, 1}, "")
	w.requireSent(0)

	w.opts.Aliases = []string{"sales@contoso.test"}
	w.exchange.AddAlias(w.exchange.Mailbox(), "sales@contoso.test")
	w.start()
	require.Nil(t, w.send(other, ann))
}

func TestTooLarge(t *testing.T) {
	w := newWorld(t, &graphtest.Options{MaxMessage: 20_000})
	w.gateway.maxBytes = 50_000
	w.start()
	c := w.dial()
	size, ok := c.MaxMessageSize()
	require.True(t, ok)
	require.Equal(t, 50_000, size)
	requireReply(t, answer(t, c.Mail("support@contoso.test", &smtp.MailOptions{Size: 50_001})), 552, enhanced{5, 3, 4}, "size")

	text := func(n int) string { return plain(strconv.Itoa(n), strings.Repeat("0123456789\r\n", n/12)) }
	require.NoError(t, deliver(c, text(10_000), ann))
	requireReply(t, answer(t, deliver(c, text(100_000), ann)), 552, enhanced{5, 3, 4}, "size")
	requireReply(t, w.send(text(40_000), ann), 552, enhanced{5, 3, 4}, "larger than the mailbox may send")
	w.requireSent(1)

	w.opts.Relay.Limiter = &exdesk.Windows{Most: exdesk.Cost{Bytes: 5000}, Per: time.Hour}
	w.start()
	requireReply(t, w.send(text(10_001), ann), 552, enhanced{5, 3, 4}, "alone is above the limit")
}

func TestManyRecipients(t *testing.T) {
	w := newWorld(t, nil).start()
	c := w.secure()
	c.says("EHLO me")
	require.Contains(t, c.hears("250 "), "LIMITS RCPTMAX=500")
	c.says("MAIL FROM:<>")
	c.hears("250 ")
	for range 500 {
		c.says("RCPT TO:<" + ann + ">")
		c.hears("250 ")
	}
	c.says("RCPT TO:<" + ann + ">")
	c.hears("452 4.5.3 ")
}

func TestLimitIsReached(t *testing.T) {
	w := newWorld(t, nil)
	w.opts.Relay.Limiter = &exdesk.Line{Limiter: &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Hour}}
	w.start()
	require.Nil(t, w.send(notice("one"), ann))
	got := w.send(notice("two"), ann)
	requireReply(t, got, 451, enhanced{4, 7, 1}, "the limit of 1 message")
	require.Contains(t, got.Message, "is reached until "+time.Now().Add(time.Hour).UTC().Format("2006-"))
	w.requireSent(1)
}

func TestExchangeIsBusy(t *testing.T) {
	w := newWorld(t, nil).start()
	w.fault(graphtest.Fault{Status: 503, RetryAfter: "120"})
	got := w.send(notice("ann"), ann)
	requireReply(t, got, 451, enhanced{4, 3, 0}, "; try again after 1")
	require.Regexp(t, `^graph: .* 503 .*; try again after 1(20|19) s$`, got.Message)
	w.requireSent(0)
}

// Exchange refuses to send for now: those who come next are told without asking
// it again.
func TestExchangeSendsNothingForNow(t *testing.T) {
	w := newWorld(t, nil)
	w.opts.Relay.Limiter = &exdesk.Line{Limiter: exdesk.RelayLimits()}
	w.start()
	w.fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/send", Status: 429, Code: "ErrorExceededMessageLimit"})
	requireReply(t, w.send(notice("one"), ann), 451, enhanced{4, 7, 1}, "the limit of the server itself is reached until")
	requireReply(t, w.send(notice("two"), ann), 451, enhanced{4, 7, 1}, "the limit of the server itself is reached until")
	w.requireSent(0)
}

func TestOperatorHasToAct(t *testing.T) {
	w := newWorld(t, nil).start()
	w.fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/send", Status: 403, Code: "ErrorAccessDenied"})
	requireReply(t, w.send(notice("one"), ann), 451, enhanced{4, 3, 5}, "its operator has to look at Mail.ReadWrite and Mail.Send")
	w.exchange.ExpireTokens()
	requireReply(t, w.send(notice("two"), ann), 451, enhanced{4, 3, 5}, "examples/connect, or to renew EXDESK_CLIENT_SECRET")
	w.requireSent(0)
}

// A tenant that keeps no x- field by any means.
func TestHeaderIsLost(t *testing.T) {
	w := newWorld(t, &graphtest.Options{Headers: graphtest.Strips}).start()
	got := w.send(notice("ann"), ann)
	requireReply(t, got, 451, enhanced{4, 3, 5}, "the mailbox does not keep its")
	require.Contains(t, got.Message, "-may-lose")
	w.requireSent(0)
}

func TestAnswerIsLost(t *testing.T) {
	w := newWorld(t, nil).start()
	w.fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/send", Commit: true, Drop: true})
	require.Nil(t, w.send(notice("ann"), ann))
	w.requireSent(1)
	require.Nil(t, w.send(notice("ann"), ann))
	w.requireSent(1)
}

func TestMailLeavesOnce(t *testing.T) {
	w := newWorld(t, nil).start()
	for range 2 {
		require.Nil(t, w.send(notice("ann"), ann))
		c := w.secure()
		c.says("MAIL FROM:<>")
		c.hears("250 ")
		c.says("RCPT TO:<" + ann + ">")
		c.hears("250 ")
		c.says("DATA")
		c.hears("354 ")
		c.says(notice("ann") + ".")
		c.hears("250 2.0.0 It had left before, and was not sent again")
		w.requireSent(1)
		w.start() // one that knows nothing
	}
}

// 250 is not said before the mail has left.
func TestAnswerWaitsForExchange(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, nil).startRelay(func(context.Context, *exdesk.Outbound) (*exdesk.Receipt, error) {
		close(begun)
		<-release
		return &exdesk.Receipt{}, nil
	})
	c, done := w.dial(), make(chan error)
	go func() { done <- deliver(c, notice("ann"), ann) }()
	<-begun
	select {
	case err := <-done:
		require.Fail(t, "answered too early", "%v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	require.NoError(t, <-done)
}

func TestOctetsSurvive(t *testing.T) {
	w := newWorld(t, nil).start()
	text := ".\r\n..two\r\n.three\r\n\r\nGrüße, お問い合わせ\r\n" + strings.Repeat("x", 3000) + "\r\nthe end\r\n"
	require.Nil(t, w.send(plain("dots", text), ann))
	_, body := read(t, w.requireSent(1)[0].MIME)
	require.Equal(t, strings.TrimRight(text, "\r\n"), strings.TrimRight(body, "\r\n"))
}

func TestLineIsTooLong(t *testing.T) {
	w := newWorld(t, nil).start()
	requireReply(t, w.send(plain("long", strings.Repeat("x", maxLine+1000)+"\r\n"), ann), 550, enhanced{5, 6, 0}, "A line has more than 65536 octets")
	w.requireSent(0)
}

func TestManyClients(t *testing.T) {
	w := newWorld(t, nil).start()
	var group sync.WaitGroup
	for _, name := range []string{"one", "two", "three", "four", "five", "six", "same", "same", "same"} {
		c := w.dial()
		group.Go(func() {
			if err := deliver(c, notice(name), ann); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	group.Wait()
	seen := make(map[string]bool)
	for _, sent := range w.requireSent(7) {
		header, _ := read(t, sent.MIME)
		seen[header.Get("Subject")] = true
	}
	require.Len(t, seen, 7)
}

func TestLargeFile(t *testing.T) {
	w := newWorld(t, nil).start()
	mail := fields("file", "To: ann@customer.example\r\n") + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=x.pdf\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 70_000) + "--b--\r\n"
	require.Nil(t, w.send(mail, ann))
	require.Greater(t, w.exchange.Accepted()[0].Bytes, int64(5_000_000))
}

// One who hangs up in the middle of a mail comes back with all of it.
func TestBrokenOff(t *testing.T) {
	w := newWorld(t, nil).start()
	for n, hangUp := range []func(*talk){
		func(c *talk) { require.NoError(t, c.Close()) },
		func(c *talk) { require.NoError(t, c.Conn.(*tls.Conn).NetConn().Close()) }, // without a word of TLS
	} {
		c := w.secure()
		c.says("MAIL FROM:<>\r\nRCPT TO:<" + ann + ">\r\nDATA")
		c.hears("250 ")
		c.hears("250 ")
		c.hears("354 ")
		c.says(notice("ann")[:600])
		hangUp(c)
		require.Eventually(t, func() bool { return strings.Count(w.log.String(), "code=451") == n+1 }, 5*time.Second, time.Millisecond)
	}
	w.requireSent(0)
	require.Nil(t, w.send(notice("ann"), ann))
}

// A mail ends with CRLF, a point and CRLF, and with nothing that another server
// may take for it: what follows is of the mail, and no mail of its own (SMTP
// smuggling).
func TestNothingEndsAMailEarly(t *testing.T) {
	for i, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\r\n\x00.\r\n"} {
		w := newWorld(t, nil).start()
		c := w.secure()
		c.says("MAIL FROM:<>")
		c.hears("250 ")
		c.says("RCPT TO:<" + ann + ">")
		c.hears("250 ")
		c.says("DATA")
		c.hears("354 ")
		c.says(plain(strconv.Itoa(i), "Hello."+end+"MAIL FROM:<support@contoso.test>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\n"+
			strings.ReplaceAll(notice("smuggled"), ann, "eve@evil.example")) + "\r\n.")
		c.hears("2")
		c.says("NOOP")
		c.hears("250 2.0.0 I have successfully done nothing") // there was no other answer in between
		sent := w.requireSent(1)[0]
		require.Equal(t, []string{ann}, sent.EnvelopeRecipients, "%q", end)
	}
}

// Nor does a line within a command begin another, or an address a field.
func TestAddressesAreNoCommands(t *testing.T) {
	w := newWorld(t, nil).start()
	for _, to := range []string{"<ann@customer.example\rBcc: eve@evil.example>", "<ann@customer.example\nRCPT TO:<eve@evil.example>>", "<ann@customer.example>, <eve@evil.example>",
		"<ann@customer.example\x00eve@evil.example>", "<\"ann\r\nBcc: eve@evil.example\"@customer.example>"} {
		c := w.secure()
		c.says("MAIL FROM:<>\r\nRCPT TO:" + to + "\r\nDATA\r\n" + notice("ann") + ".\r\nQUIT")
		_, _ = io.Copy(io.Discard, c)
	}
	for _, sent := range w.exchange.Sent() {
		require.NotContains(t, strings.Join(sent.EnvelopeRecipients, " "), "evil")
		require.NotContains(t, string(sent.MIME), "evil")
	}
}

// go-smtp would take this half of a mail for a whole one.
func TestNoChunks(t *testing.T) {
	w := newWorld(t, nil).start()
	c := w.secure()
	c.says("EHLO me")
	require.NotContains(t, c.hears("250 "), "CHUNKING")
	c.says("MAIL FROM:<>\r\nRCPT TO:<" + ann + ">")
	c.hears("250 ")
	c.hears("250 ")
	c.says("BDAT 600 LAST\r\n" + notice("ann")[:598])
	c.hears("502 5.5.1 ")
	c.says("MAIL FROM:<>\r\nRCPT TO:<" + ann + ">\r\nBDAT 900 LAST\r\n" + notice("ann")[:598])
	c.hears("250 ")
	c.hears("250 ")
	require.NoError(t, c.Close())
	w.g.stop(time.Second)
	w.requireSent(0)
}

// A restart does not forget what was sent.
func TestLimitsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits")
	for n := range 2 {
		w := newWorld(t, nil)
		limiter, done, err := openLimits(path)
		require.NoError(t, err)
		w.opts.Relay.Limiter = soon{limiter}
		w.start()
		for i := range exdesk.RelayPerMinute {
			if got := w.send(notice(string(rune('a'+i))), ann); n == 0 {
				require.Nil(t, got)
			} else {
				requireReply(t, got, 451, enhanced{4, 7, 1}, "the limit of 10 messages in 1m0s is reached until")
			}
		}
		done()
	}
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, _, err := openLimits(path)
	require.ErrorContains(t, err, "damaged")
}

// soon has no patience.
type soon struct{ *exdesk.Line }

func (s soon) Reserve(ctx context.Context, mailbox string, cost exdesk.Cost) (exdesk.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.Line.Reserve(ctx, mailbox, cost)
}

func TestReplies(t *testing.T) {
	loss := &exdesk.LossError{Fields: []exdesk.FieldReport{{Name: "X-Mailer", Survival: exdesk.Lost}}}
	for _, c := range []struct {
		err  error
		code int
		e    enhanced
		text string
	}{
		{exdesk.ErrTooLarge, 552, enhanced{5, 3, 4}, "too large"},
		{exdesk.ErrSideConversation, 550, enhanced{5, 7, 1}, "side conversations"},
		{loss, 451, enhanced{4, 3, 5}, "X-Mailer (lost)"},
		{context.DeadlineExceeded, 451, enhanced{4, 3, 0}, "longer than 8 minutes"},
		{errors.Join(exdesk.ErrTemporary, errStopping), 451, enhanced{4, 3, 2}, "is stopping"},
		{exdesk.ErrTemporary, 451, enhanced{4, 3, 0}, "; try again later"},
		{errors.New("Bearer secret"), 451, enhanced{4, 3, 5}, "its operator finds the reason in its log"},
	} {
		requireReply(t, errReply(c.err), c.code, c.e, c.text)
	}
	require.Equal(t, "a  b?c", oneLine("a\r\nbéc"))
	require.Len(t, oneLine(strings.Repeat("x", 1000)), mostText)
}
