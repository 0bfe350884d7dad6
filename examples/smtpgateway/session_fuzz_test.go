package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// pipes is a listener for connections in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// replyLine is a line of an answer (RFC 5321 §4.2, §4.5.3.1.5).
var replyLine = regexp.MustCompile(`^[2-5][0-5][0-9][ -][ -~]{0,506}$`)

// handed is a mail as Relay gets it.
type handed struct {
	to   []string
	mail []byte
	err  error // of reading it
}

// converse says a script to a gateway, all at once, and hangs up. It returns what
// was answered, and what Relay got.
func converse(t *testing.T, secured bool, script []byte) (answers string, mails []handed, log string) {
	t.Helper()
	var logs buffer
	o := gatewayOptions{name: "gateway.test", account: newAccount(user, password), maxBytes: 2000, clients: 2, log: slog.New(slog.NewTextHandler(&logs, nil))}
	o.account.pause = 0
	if secured {
		o.tls = &tls.Config{}
	}
	g := newGateway(func(_ context.Context, out *exdesk.Outbound) (*exdesk.Receipt, error) {
		b, err := io.ReadAll(out.MIME)
		mails = append(mails, handed{out.Recipients, b, err})
		switch {
		case err != nil:
			return nil, err
		case bytes.Contains(b, []byte("refuse")):
			return nil, fmt.Errorf("%q\r\n250 OK\x1b: %w", b, exdesk.ErrRefused)
		}
		return &exdesk.Receipt{}, nil
	}, o)
	way := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	served := make(chan struct{})
	go func() { defer close(served); _ = g.serve(way, false) }()
	client, server := net.Pipe()
	way.conns <- server
	var heard bytes.Buffer
	listened := make(chan struct{})
	go func() { defer close(listened); _, _ = io.Copy(&heard, client) }()
	_, _ = client.Write(script)
	synctest.Wait()
	_ = client.Close()
	<-listened
	g.stop(time.Second)
	<-served
	time.Sleep(time.Minute)
	return heard.String(), mails, logs.String()
}

// FuzzSession: whatever a client says, a mail is relayed only of one who has shown
// the password, to those whom it named, whole, and as it was said; a mail that
// broke off is never a success. Each answer is of short plain lines, and neither
// they nor the log tell the password. Before TLS nothing is relayed at all.
func FuzzSession(f *testing.F) {
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	login := []string{base64.StdEncoding.EncodeToString([]byte(user)), base64.StdEncoding.EncodeToString([]byte(password))}
	in := "EHLO me\r\nAUTH PLAIN " + secret + "\r\nMAIL FROM:<support@contoso.test>\r\nRCPT TO:<ann@customer.example>\r\n"
	for _, s := range []string{
		in + "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n", in + "DATA\r\nSubject: x\r\n\r\nbroken", in + "DATA\r\nSubject: refuse\r\n.\r\n", in + "BDAT 5 LAST\r\nhello",
		in + "BDAT 5\r\nhelloQUIT\r\n", in + "RSET\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\nx\r\n.\r\n", in + "DATA\r\nx\n.\nMAIL FROM:<>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\ny\r\n.\r\n",
		in + "DATA\r\nx\r\n.\nMAIL FROM:<a@b>\r\n.\r\n", in + "DATA\r\n" + strings.Repeat("x", 2100) + "\r\n.\r\n", in + "STARTTLS\r\nDATA\r\n",
		"EHLO me\r\nAUTH LOGIN\r\n" + login[0] + "\r\n" + login[1] + "\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n",
		"EHLO me\r\nAUTH LOGIN " + login[0] + "\r\n" + login[1] + "\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n",
		"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n", "EHLO me\r\nAUTH PLAIN AHplbmRlc2sAd3Jvbmc=\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n",
		"EHLO me\r\nAUTH PLAIN =\r\nAUTH PLAIN *\r\nAUTH XOAUTH2 x\r\nAUTH\r\n", "\x00\xff\r\n" + strings.Repeat("A", 5000) + "\r\n", "EHLO \x1b[2J\r\nHELP\r\nVRFY ann\r\nEXPN x\r\n", strings.Repeat("NOOP\r\n", 30),
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, script []byte, secured bool) {
		synctest.Test(t, func(t *testing.T) {
			answers, mails, log := converse(t, secured, script)
			// QUIRK: go-smtp repeats to a client what it said.
			plain := bytes.IndexFunc(bytes.ReplaceAll(script, []byte("\r\n"), nil), func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }) < 0
			hidden := append(login[1:], secret, password)
			for line := range strings.Lines(answers) {
				if line = strings.TrimSuffix(line, "\r\n"); !plain || strings.Contains(line, "Hello ") || strings.Contains(line, "<") {
					require.Regexp(t, `^[2-5][0-5][0-9][ -]`, line)
					continue
				}
				require.Regexp(t, replyLine, line)
				for _, h := range hidden {
					require.NotContains(t, line, h)
				}
			}
			for _, h := range hidden {
				require.NotContains(t, log, h)
			}
			require.True(t, len(mails) == 0 || !secured, "before TLS")
			said := string(script)
			for _, m := range mails {
				require.True(t, shows(said), "without a password")
				for _, to := range m.to {
					require.Contains(t, said, to)
				}
				require.NotEmpty(t, m.to)
				require.LessOrEqual(t, len(m.mail), 2000)
				for line := range strings.SplitSeq(string(m.mail), "\n") {
					require.Contains(t, said, strings.TrimSuffix(line, "\r"))
				}
				if m.err == nil {
					require.Regexp(t, `(?s)DATA.*\n\.\r?\n`, strings.ToUpper(said), "it broke off")
				}
			}
			require.LessOrEqual(t, strings.Count(answers, "250 2.0.0 Exchange Online has accepted it"), len(mails))
		})
	})
}

// shows reports whether a client gave the password, which base64 has several forms
// of.
func shows(said string) bool {
	for _, word := range strings.Fields(said) {
		if b, err := base64.StdEncoding.DecodeString(word); err == nil && (string(b) == password || bytes.HasSuffix(b, []byte("\x00"+password))) {
			return true
		}
	}
	return false
}
