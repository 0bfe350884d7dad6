package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

func TestWrongFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"surplus":                {"surplus"},
		"help":                   {"-nonsense"},
		"go together":            {"-cert", "x"},
		"in the clear":           {"-addr", "127.0.0.1:0"},
		"loopback":               {"-insecure", "-addr", ":0"},
		"on loopback alone":      {"-insecure", "-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0"},
		"for doing without":      {"-insecure", "-cert", "x", "-key", "y"},
		"no address":             {"-demo", "-addr", ""},
		"between 1 and 150":      {"-demo", "-max-mb", "151"},
		"lets nobody in":         {"-demo", "-clients", "0"},
		"of its own":             {"-demo", "-limits", "x"},
		"EXDESK_TENANT":          {"-insecure", "-addr", "127.0.0.1:0"},
		"opening the limits":     {"-insecure", "-addr", "127.0.0.1:0", "-limits", "/does/not/exist"},
		"address already in use": {"-demo", "-addr", "127.0.0.1:" + taken(t)},
	} {
		for _, name := range []string{"EXDESK_MAILBOX", "EXDESK_TENANT", "EXDESK_SMTP_USER"} {
			t.Setenv(name, "")
		}
		var out, errs bytes.Buffer
		err := run(t.Context(), args, &out, &errs)
		require.ErrorContains(t, err, want, "%q", args)
	}
}

func taken(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// running runs the program until the test ends, and returns what it prints once
// that matches.
func running(t *testing.T, pattern string, args ...string) (found []string, out *buffer) {
	t.Helper()
	out = new(buffer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, args, out, out) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	re := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool { found = re.FindStringSubmatch(out.String()); return found != nil }, 5*time.Second, time.Millisecond, "%s", out)
	return found, out
}

func TestDemo(t *testing.T) {
	found, out := running(t, `(?s)with STARTTLS to (\S+), user (\S+), password (\S+)\. .*with TLS to (\S+),.*listening.*listening`,
		"-demo", "-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0")
	trust := &tls.Config{InsecureSkipVerify: true} // as it says: the certificate is self-signed
	for _, dial := range []func() (*smtp.Client, error){
		func() (*smtp.Client, error) { return smtp.DialStartTLS(found[1], trust) },
		func() (*smtp.Client, error) { return smtp.DialTLS(found[4], trust) },
	} {
		c, err := dial()
		require.NoError(t, err)
		require.NoError(t, c.Auth(sasl.NewPlainClient("", found[2], found[3])))
		require.NoError(t, deliver(c, notice("ann"), ann, "eve@customer.example"))
		require.NoError(t, c.Quit())
	}
	require.Regexp(t, `left: \d+ octets to ann@customer.example, eve@customer.example; Auto-Submitted (kept|repaired), .*X-Zendesk-Email-Id (kept|repaired), From kept`, out)
	require.Contains(t, out.String(), "had left before: 01HQ6Z3Dann")
}

// A server that runs, with its certificate in files, limits in another, and
// credentials in the environment.
func TestProgram(t *testing.T) {
	w := newWorld(t, nil)
	id, secret := w.exchange.Client()
	setEnvironment(t, map[string]string{"EXDESK_MAILBOX": w.exchange.Mailbox(), "EXDESK_CLIENT_ID": id, "EXDESK_CLIENT_SECRET": secret,
		"EXDESK_GRAPH_URL": w.url, "EXDESK_LOGIN_URL": w.url})
	dir := t.TempDir()
	cert, key, limits := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "limits.json")
	trust := writeCertificate(t, cert, key)
	for range 2 { // two gateways of one mailbox
		found, out := running(t, `listening address=(\S+)`, "-addr", "127.0.0.1:0", "-cert", cert, "-key", key, "-limits", limits)
		c, err := smtp.DialStartTLS(found[1], trust)
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.Auth(sasl.NewPlainClient("", user, password)))
		require.NoError(t, deliver(c, notice("ann"), ann))
		require.NotContains(t, out.String(), ann)
	}
	w.requireSent(1)
	require.FileExists(t, limits)
}

func TestInsecureOnLoopback(t *testing.T) {
	setEnvironment(t, map[string]string{"EXDESK_SMTP_PASSWORD": "", "EXDESK_GRAPH_URL": "http://127.0.0.1:1", "EXDESK_LOGIN_URL": "http://127.0.0.1:1"})
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"-insecure", "-addr", "127.0.0.1:0"}, &out, &out), "EXDESK_SMTP_PASSWORD")
	t.Setenv("EXDESK_SMTP_PASSWORD", password)
	found, _ := running(t, `listening address=(\S+)`, "-insecure", "-addr", "127.0.0.1:0")
	c, err := smtp.Dial(found[1])
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Auth(sasl.NewPlainClient("", user, password)))
	require.NoError(t, c.Mail("", nil))
}

// setEnvironment sets what is usual, for an application that opens the mailbox by
// itself.
func setEnvironment(t *testing.T, changed map[string]string) {
	t.Helper()
	usual := map[string]string{"EXDESK_MAILBOX": "support@contoso.test", "EXDESK_ACCESS": "application", "EXDESK_TENANT": "contoso.test",
		"EXDESK_CLIENT_ID": "id", "EXDESK_CLIENT_SECRET": "secret", "EXDESK_SMTP_USER": user, "EXDESK_SMTP_PASSWORD": password}
	maps.Copy(usual, changed)
	for name, v := range usual {
		t.Setenv(name, v)
	}
}

// All that is missing is told at once.
func TestEnvironment(t *testing.T) {
	setEnvironment(t, map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_SMTP_PASSWORD": "", "EXDESK_TENANT": ""})
	_, _, err := connect(new(flags), nil, nil)
	for _, name := range []string{"EXDESK_CLIENT_SECRET", "EXDESK_SMTP_PASSWORD", "EXDESK_TENANT"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "EXDESK_ZENDESK")
	setEnvironment(t, nil)
	conn, account, err := connect(new(flags), nil, nil)
	require.NoError(t, err)
	require.NotNil(t, conn)
	require.NotNil(t, account)
}

func writeCertificate(t *testing.T, cert, key string) *tls.Config {
	t.Helper()
	pair, err := selfSigned()
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	require.ErrorContains(t, c.load(), "reading the certificate")
	writeCertificate(t, c.cert, c.key)
	require.NoError(t, c.load())
	old := c.pair.Load()
	writeCertificate(t, c.cert, c.key)
	require.NoError(t, c.load())
	require.NotEqual(t, old.Certificate, c.pair.Load().Certificate)
	require.NoError(t, os.WriteFile(c.key, nil, 0o600))
	now := c.pair.Load()
	require.Error(t, c.load())
	require.Same(t, now, c.pair.Load())
	_, err := loadTLS(t.Context(), c.cert, c.key, slog.New(slog.DiscardHandler))
	require.Error(t, err)
}
