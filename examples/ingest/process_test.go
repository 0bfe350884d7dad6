package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// house is the sandbox and both programs, as processes.
type house struct {
	*testing.T
	bin  string // where the programs are
	dir  string
	said map[string]string // by the sandbox
	env  []string
	url  string // of the health
	mail int    // delivered so far
	all  lines  // what connect and ingest wrote
}

// build builds the programs, as they are shipped, and returns where they are.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", dir+string(filepath.Separator), "../sandbox", "../connect", "../webhook", ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

func newHouse(t *testing.T, bin string, flags ...string) *house {
	t.Helper()
	h := &house{T: t, bin: bin, dir: t.TempDir(), said: make(map[string]string)}
	sandbox := exec.Command(filepath.Join(bin, "sandbox"), append([]string{"-graph", "127.0.0.1:0", "-zendesk", "127.0.0.1:0", "-control", "127.0.0.1:0"}, flags...)...)
	stdout, err := sandbox.StdoutPipe()
	require.NoError(t, err)
	sandbox.Stderr = os.Stderr
	require.NoError(t, sandbox.Start())
	t.Cleanup(func() { _ = sandbox.Process.Kill(); _ = sandbox.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	for _, word := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(word, "=")
		h.said[name] = value
		h.env = append(h.env, word)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	h.url = "http://" + ln.Addr().String()
	h.env = append(h.env, "EXDESK_STORE="+filepath.Join(h.dir, "store"), "EXDESK_KEY_FILE="+filepath.Join(h.dir, "key"),
		"EXDESK_LISTEN="+ln.Addr().String(), "EXDESK_EVERY=1s", "EXDESK_LOG=json,debug")
	return h
}

func (h *house) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(h.bin, name), args...)
	cmd.Env = h.env
	cmd.Stdout, cmd.Stderr = &h.all, &h.all
	return cmd
}

// ingest starts the daemon.
func (h *house) ingest() *exec.Cmd {
	h.Helper()
	cmd := h.command("ingest")
	require.NoError(h, cmd.Start())
	h.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

var shown = regexp.MustCompile(`and enter  ([A-Z0-9]{9})\n`)

// connect runs the program, and does what the person does whom it asks.
func (h *house) connect() {
	h.Helper()
	cmd := h.command("connect")
	var errs lines
	cmd.Stderr = io.MultiWriter(&errs, &h.all)
	require.NoError(h, cmd.Start())
	h.until(func() bool { return shown.MatchString(errs.String()) })
	h.control("POST", "/control/signin", `{"code":"`+shown.FindStringSubmatch(errs.String())[1]+`"}`, nil)
	require.NoError(h, cmd.Wait(), errs.String())
}

func (h *house) control(method, path, body string, out any) {
	h.Helper()
	req, err := http.NewRequestWithContext(h.Context(), method, h.said["EXDESK_CONTROL_URL"]+path, strings.NewReader(body))
	require.NoError(h, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(h, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(h, err)
	require.Equal(h, 200, resp.StatusCode, "%s", data)
	if out != nil {
		require.NoError(h, json.Unmarshal(data, out))
	}
}

func (h *house) deliver(n int) {
	h.Helper()
	for range n {
		h.mail++
		h.control("POST", "/control/mail", fmt.Sprintf("From: ann%d@customer.example\r\nTo: support@contoso.test\r\nSubject: About %[1]d\r\n"+
			"Message-ID: <%[1]d@customer.example>\r\nDate: %[2]s\r\n\r\nWhat Ann had to say.\r\n", h.mail, time.Now().Format(time.RFC1123Z)), nil)
	}
}

// slow makes tickets take their time.
func (h *house) slow() {
	h.Helper()
	h.control("POST", "/control/faults", `{"server":"zendesk","method":"POST","path":"/api/v2/tickets","delay":"4s","times":-1}`, nil)
}

func (h *house) mend() {
	h.Helper()
	h.control("POST", "/control/faults", `{}`, nil)
}

// seen counts tickets, and mails that are labelled.
func (h *house) seen() (tickets, labelled int) {
	h.Helper()
	var all []struct{ Subject string }
	h.control("GET", "/control/tickets", "", &all)
	var mails []struct{ Categories []string }
	h.control("GET", "/control/mailbox", "", &mails)
	for _, m := range mails {
		if slices.Contains(m.Categories, "Zendesk") {
			labelled++
		}
	}
	return len(all), labelled
}

func (h *house) get(path string) (int, string) {
	resp, err := http.Get(h.url + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func (h *house) ready() bool {
	status, _ := h.get("/readyz")
	return status == 200
}

// listen is systemd, as far as its services tell it something.
func (h *house) listen() *lines {
	h.Helper()
	path := filepath.Join(h.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(h, err)
	h.Cleanup(func() { _ = conn.Close() })
	told := new(lines)
	go func() {
		b := make([]byte, 4<<10)
		for n := 0; err == nil; n, err = conn.Read(b) {
			fmt.Fprintf(told, "%s\n", b[:n])
		}
	}()
	h.env = append(h.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000000")
	return told
}

func (h *house) until(ok func() bool) {
	h.Helper()
	require.Eventually(h, ok, 2*time.Minute, 20*time.Millisecond, "%s", &h.all)
}

// done waits until each mail that was delivered is one ticket, and labelled.
func (h *house) done() {
	h.Helper()
	h.until(func() bool { _, labelled := h.seen(); return labelled == h.mail })
	tickets, _ := h.seen()
	require.Equal(h, h.mail, tickets)
}

// midPass delivers mails and waits until the first of them is at hand, which its
// ticket keeps it for seconds.
func (h *house) midPass() {
	h.Helper()
	h.slow()
	h.deliver(2)
	h.until(func() bool { _, text := h.get("/status"); return strings.Contains(text, `"atHand": true`) })
	time.Sleep(500 * time.Millisecond)
}

// Both programs run against the sandbox as a person runs them.
func TestProcesses(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it builds and runs processes, and sends them signals")
	}
	t.Parallel()
	h := newHouse(t, build(t))

	// Before anybody has signed in, a person has to act.
	early := h.ingest()
	require.Error(t, early.Wait())
	require.Equal(t, exitConfig, early.ProcessState.ExitCode())
	require.Contains(t, h.all.String(), "examples/connect makes it")

	h.deliver(3)
	h.connect()
	info, err := os.Stat(filepath.Join(h.dir, "key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Error(t, h.command("ingest", "-health").Run(), "it does not run")
	told := h.listen()
	d := h.ingest()
	h.until(h.ready)
	h.done()
	require.NoError(t, h.command("ingest", "-health").Run())
	h.until(func() bool { return told.count("WATCHDOG=1") > 1 })
	require.Equal(t, 1, told.count("READY=1\n"))

	// SIGTERM in the middle of a pass: the mail at hand comes to its end.
	h.midPass()
	require.NoError(t, d.Process.Signal(syscall.SIGTERM))
	h.until(func() bool {
		_, text := h.get("/readyz")
		return strings.HasPrefix(text, "stopping since ") || text == ""
	})
	require.NoError(t, d.Wait())
	h.until(func() bool { return told.count("STOPPING=1\n") == 1 })
	tickets, labelled := h.seen()
	require.Equal(t, []int{4, 4}, []int{tickets, labelled})
	require.Contains(t, h.all.String(), `"msg":"ending","atHand":true`)
	h.mend()

	// A terminal that goes away ends it likewise, unless it was begun by nohup.
	if !signal.Ignored(syscall.SIGHUP) {
		d = h.ingest()
		h.done()
		h.midPass()
		require.NoError(t, d.Process.Signal(syscall.SIGHUP))
		require.NoError(t, d.Wait())
		h.mend()
	}

	// Killed in the middle, and started again.
	d = h.ingest()
	h.done()
	h.midPass()
	require.NoError(t, d.Process.Kill())
	require.Error(t, d.Wait())
	h.mend()
	d = h.ingest()
	h.done()

	// Two signals end it at once.
	h.midPass()
	require.NoError(t, d.Process.Signal(syscall.SIGTERM))
	h.until(func() bool { _, text := h.get("/readyz"); return strings.HasPrefix(text, "stopping since ") })
	begin := time.Now()
	require.NoError(t, d.Process.Signal(syscall.SIGTERM))
	require.Error(t, d.Wait())
	require.Equal(t, exitFailed, d.ProcessState.ExitCode())
	require.Less(t, time.Since(begin), 2*time.Second)
	h.mend()
	d = h.ingest()
	h.done()

	// The sign-in is revoked while it runs, and somebody signs in again.
	h.until(h.ready)
	h.control("POST", "/control/revoke", "", nil)
	h.until(func() bool {
		status, text := h.get("/readyz")
		return status == 503 && strings.Contains(text, "AADSTS50173: the password was changed: sign in again")
	})
	status, _ := h.get("/healthz")
	require.Equal(t, 200, status)
	require.Contains(t, h.all.String(), `"msg":"not working"`)
	h.deliver(1)
	h.connect()
	h.until(h.ready)
	h.done()
	_, metrics := h.get("/metrics")
	require.Contains(t, metrics, "\nexdesk_ready 1\n")

	// Revoked, it does not begin again.
	require.NoError(t, d.Process.Signal(syscall.SIGTERM))
	require.NoError(t, d.Wait())
	h.control("POST", "/control/revoke", "", nil)
	late := h.ingest()
	require.Error(t, late.Wait())
	require.Equal(t, exitConfig, late.ProcessState.ExitCode())

	key, err := os.ReadFile(filepath.Join(h.dir, "key"))
	require.NoError(t, err)
	_, encoded, _ := strings.Cut(strings.TrimSpace(string(key)), ":")
	for _, secret := range []string{encoded, h.said["EXDESK_CLIENT_SECRET"], h.said["EXDESK_ZENDESK_CLIENT_SECRET"], "customer.example", "What Ann had to say"} {
		require.NotContains(t, h.all.String(), secret)
	}
	require.NotRegexp(t, `\b(EwB|1\.AX|DAQ)`, h.all.String(), "how the fake begins its tokens and codes")
	for line := range bytes.Lines([]byte(h.all.String())) {
		if bytes.HasPrefix(line, []byte("{")) {
			require.True(t, json.Valid(line), "%s", line)
		}
	}
}

// Whoever reads the log may end before it does.
func TestLogReaderGone(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it builds and runs processes, and sends them signals")
	}
	t.Parallel()
	h := newHouse(t, build(t))
	h.connect()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	d := h.command("ingest")
	d.Stderr = w
	require.NoError(t, d.Start())
	t.Cleanup(func() { _ = d.Process.Kill() })
	require.NoError(t, errors.Join(w.Close(), r.Close()))
	h.deliver(1)
	h.done()
	require.NoError(t, d.Process.Signal(syscall.SIGTERM))
	require.NoError(t, d.Wait())
}
