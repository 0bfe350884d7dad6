package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

const (
	user     = "zendesk"
	password = "correct horse"
)

// world is a fake Exchange Online and a gateway before it.
type world struct {
	*testing.T
	exchange *graphtest.Server
	url      string
	opts     exdesk.Options
	gateway  gatewayOptions
	log      *buffer

	g       *gateway
	addr    string // STARTTLS
	tlsAddr string // TLS at once
	trust   *tls.Config
}

// buffer is a log.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newWorld(t *testing.T, o *graphtest.Options) *world {
	t.Helper()
	w := &world{T: t, exchange: graphtest.New(o), log: new(buffer)}
	server := httptest.NewServer(w.exchange)
	t.Cleanup(func() {
		server.Close()
		for _, v := range append(w.exchange.Violations(), w.exchange.Unknown()...) {
			t.Error(v)
		}
	})
	w.url = server.URL
	pair, err := selfSigned()
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	w.trust = &tls.Config{RootCAs: pool, ServerName: "localhost"}
	w.opts.Relay = exdesk.RelayOptions{Limiter: exdesk.Unlimited, Settle: -1}
	w.gateway = gatewayOptions{name: "gateway.test", account: newAccount(user, password), maxBytes: 35 << 20, clients: 20,
		log: slog.New(slog.NewTextHandler(w.log, nil)),
		tls: tlsConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil })}
	w.gateway.account.pause = time.Millisecond
	return w
}

// start starts a gateway that knows nothing of another before it.
func (w *world) start() *world {
	w.Helper()
	mailbox, err := graph.New(w.exchange.Mailbox(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: w.exchange.Token()}),
		&graph.Options{BaseURL: w.url + "/v1.0"})
	require.NoError(w, err)
	conn, err := exdesk.New(mailbox, nil, &w.opts)
	require.NoError(w, err)
	return w.startRelay(conn.Relay)
}

func (w *world) startRelay(r relay) *world {
	w.Helper()
	g := newGateway(r, w.gateway)
	w.g = g
	starttls, implicit, err := listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(w, err)
	w.addr, w.tlsAddr = starttls.Addr().String(), implicit.Addr().String()
	done := make(chan struct{}, 2)
	go func() { _ = g.serve(starttls, false); done <- struct{}{} }()
	go func() { _ = g.serve(implicit, true); done <- struct{}{} }()
	w.Cleanup(func() {
		g.stop(time.Second)
		<-done
		<-done
	})
	return w
}

func (w *world) fault(f graphtest.Fault) { w.Helper(); require.NoError(w, w.exchange.Fault(f)) }

// dial connects over STARTTLS and signs in.
func (w *world) dial() *smtp.Client {
	w.Helper()
	c, err := smtp.DialStartTLS(w.addr, w.trust)
	require.NoError(w, err)
	w.Cleanup(func() { _ = c.Close() })
	require.NoError(w, c.Auth(sasl.NewPlainClient("", user, password)))
	return c
}

// send hands in a mail and returns how it was answered.
func (w *world) send(mail string, to ...string) *smtp.SMTPError {
	w.Helper()
	return answer(w.T, deliver(w.dial(), mail, to...))
}

// deliver hands in a mail over a connection.
func deliver(c *smtp.Client, mail string, to ...string) error {
	if err := c.Mail("support@contoso.test", nil); err != nil {
		return err
	}
	for _, r := range to {
		if err := c.Rcpt(r, nil); err != nil {
			return err
		}
	}
	body, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, mail); err != nil {
		return err
	}
	return body.Close()
}

// answer is the refusal that an error is; nil if there was none.
func answer(t *testing.T, err error) *smtp.SMTPError {
	t.Helper()
	if err == nil {
		return nil
	}
	var refusal *smtp.SMTPError
	require.ErrorAs(t, err, &refusal)
	return refusal
}

// requireReply says how a mail was refused.
func requireReply(t *testing.T, got *smtp.SMTPError, code int, e enhanced, text string) {
	t.Helper()
	require.NotNil(t, got)
	require.Equal(t, code, got.Code, got.Message)
	require.Equal(t, e, got.EnhancedCode, got.Message)
	require.Contains(t, got.Message, text)
}

// requireSent says how many mails have left, and returns them.
func (w *world) requireSent(n int) []graphtest.SentMail {
	w.Helper()
	require.Len(w, w.exchange.Sent(), n)
	require.Len(w, w.exchange.Accepted(), n)
	return w.exchange.Sent()
}

// fields are the head of a notification of Zendesk.
func fields(name, to string) string {
	return fmt.Sprintf("From: \"Acme Support\" <support@contoso.test>\r\n%[2]sReply-To: support@contoso.test\r\nSubject: Re: About %[1]s\r\n"+
		"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <56Z97D7G67G_65d68382aa493_%[1]s_sprut@zendesk.com>\r\n"+
		"In-Reply-To: <one@customer.example>\r\n <two@customer.example>\r\nReferences: <56Z97D7G67G@zendesk.com>\r\n"+
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\n"+
		"X-Zendesk-From-Account-Id: cc6f582\r\nX-Zendesk-Email-Id: 01HQ6Z3D%[1]s\r\nX-Delivery-Context: event-id-1\r\nMIME-Version: 1.0\r\n", name, to)
}

// notice is a notification to Ann.
func notice(name string) string {
	return fields(name, "To: ann@customer.example\r\n") + "Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is on its way, " + name + ".\r\n\r\n[56Z97D-7G67G]\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It is on its way.</p><span>[56Z97D-7G67G]</span>\r\n--b--\r\n"
}

// plain is a notification to Ann of one text.
func plain(name, text string) string {
	return fields(name, "To: ann@customer.example\r\n") +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text
}

// read returns the header and the decoded body of a mail that left.
func read(t *testing.T, octets []byte) (mail.Header, string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(octets))
	require.NoError(t, err)
	var body = m.Body
	switch strings.ToLower(m.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	return m.Header, string(b)
}

// talk is a client that types.
type talk struct {
	*testing.T
	net.Conn
}

func (w *world) talk(addr string) *talk {
	w.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(w, err)
	w.Cleanup(func() { _ = conn.Close() })
	return &talk{w.T, conn}
}

// secure is a client that types within TLS, and has signed in.
func (w *world) secure() *talk {
	w.Helper()
	conn, err := tls.Dial("tcp", w.tlsAddr, w.trust)
	require.NoError(w, err)
	w.Cleanup(func() { _ = conn.Close() })
	c := &talk{w.T, conn}
	c.hears("220 ")
	c.says("EHLO me")
	c.hears("250 ")
	c.says("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password)))
	c.hears("235 ")
	return c
}

func (c *talk) says(line string) {
	c.Helper()
	_, err := io.WriteString(c.Conn, line+"\r\n")
	require.NoError(c, err)
}

// hears reads an answer, octet for octet, and returns all of its lines.
func (c *talk) hears(prefix string) string {
	c.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var all, line []byte
	for one := make([]byte, 1); ; {
		_, err := c.Read(one)
		require.NoError(c, err, "instead of %q, after %q", prefix, all)
		all, line = append(all, one[0]), append(line, one[0])
		if one[0] != '\n' {
			continue
		}
		if len(line) > 3 && line[3] == ' ' {
			require.True(c, strings.HasPrefix(string(line), prefix), "%q instead of %q", all, prefix)
			return string(all)
		}
		line = nil
	}
}

// ends says that the server hangs up.
func (c *talk) ends() {
	c.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	rest, err := io.ReadAll(c.Conn)
	require.NoError(c, err)
	require.Empty(c, string(rest))
}
