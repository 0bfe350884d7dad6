package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A client that is not ours: swaks, the SMTP user's Swiss army knife.
func TestSwaks(t *testing.T) {
	path, err := exec.LookPath("swaks")
	if err != nil {
		if os.Getenv("EXDESK_SWAKS") == "1" {
			t.Fatal("EXDESK_SWAKS is 1, and there is no swaks in PATH")
		}
		t.Skip("there is no swaks in PATH; EXDESK_SWAKS=1 makes that a failure")
	}
	w := newWorld(t, nil).start()
	file := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(file, []byte("what the file says\n"), 0o600))
	for i, c := range []struct {
		addr string
		args []string
	}{
		{w.addr, []string{"-tls", "--auth", "PLAIN"}},
		{w.addr, []string{"-tls", "--auth", "LOGIN"}},
		{w.tlsAddr, []string{"-tlsc", "--auth", "LOGIN"}},
	} {
		host, port, err := net.SplitHostPort(c.addr)
		require.NoError(t, err)
		args := append(c.args, "--server", host, "--port", port, "--helo", "zendesk.test", "--auth-user", user, "--auth-password", password,
			"--from", "support@contoso.test", "--to", "ann@customer.example,bob@customer.example", "--header", "Auto-Submitted: auto-generated",
			"--header", "X-Zendesk-Email-Id: 01HQ"+port+c.args[2], "--body", "Hello.", "--attach", "@"+file)
		out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "250 2.0.0 Exchange Online has accepted it")
		sent := w.requireSent(i + 1)[i]
		require.Equal(t, []string{"ann@customer.example", "bob@customer.example"}, sent.EnvelopeRecipients)
		header, body := read(t, sent.MIME)
		require.Equal(t, "auto-generated", header.Get("Auto-Submitted"))
		require.Contains(t, body, "notes.txt")
	}

	host, port, err := net.SplitHostPort(w.addr)
	require.NoError(t, err)
	refused := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), path, append(args, "--server", host, "--port", port, "--from", "support@contoso.test", "--to", ann)...).CombinedOutput()
		require.Error(t, err, "%s", out)
		return string(out)
	}
	require.Contains(t, refused("-tls", "--auth", "PLAIN", "--auth-user", user, "--auth-password", "wrong"), "535 5.7.8")
	require.Contains(t, refused("-tls"), "530 5.7.0 Sign in first")
	require.Contains(t, refused(), "530 5.7.0 Begin with STARTTLS")
	w.requireSent(3)
}
