package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	require.NoError(t, p.run(t.Context(), []string{"-demo"}), errs.String())
	require.Regexp(t, `(?s)^good +Microsoft sign-in +the mailbox's own account has signed in\n.*`+
		`\ngood +scopes +tickets can be found, made and added to, and files stored\n.*`+
		`\nmailbox +support@contoso\.test\nsigned in +support@contoso\.test, on .*`+
		`: sent, to 1 recipient\nFIELD +HANDED IN .*\nReferences +<0\..*$`, out.String())
	require.NotContains(t, out.String(), "\x1b", "no colours in a pipe")
	require.Regexp(t, `(?s)Sign in as support@contoso\.test, and agree to: offline_access, User\.Read, Mail\.ReadWrite, Mail\.Send\.\n.*`+
		`\nand enter  [A-Z0-9]{9}\n.*\nsupport@contoso\.test has signed in\. The sign-in is kept\.\n.*`+
		`Nothing is kept for support@contoso\.test any more\.`, errs.String())
}

// room is both services, and the environment of who uses the program.
type room struct {
	*testing.T
	exchange *graphtest.Server
	support  *zendesktest.Server
	env      map[string]string
}

func newRoom(t *testing.T, g graphtest.Options) *room {
	t.Helper()
	g.DeviceInterval = time.Second
	r := &room{T: t, exchange: graphtest.New(&g), support: zendesktest.New(nil)}
	r.exchange.Deliver([]byte("From: ann@customer.example\r\nTo: support@contoso.test\r\nSubject: Hello\r\nMessage-ID: <1@x>\r\n\r\nHi.\r\n"))
	login, support := httptest.NewServer(r.exchange), httptest.NewServer(r.support)
	t.Cleanup(login.Close)
	t.Cleanup(support.Close)
	id, secret := r.exchange.Client()
	zendeskID, zendeskSecret := r.support.Client()
	dir := t.TempDir()
	r.env = map[string]string{
		"EXDESK_MAILBOX": r.exchange.Mailbox(), "EXDESK_TENANT": "contoso.test", "EXDESK_CLIENT_ID": id, "EXDESK_CLIENT_SECRET": secret,
		"EXDESK_GRAPH_URL": login.URL, "EXDESK_LOGIN_URL": login.URL, "EXDESK_ZENDESK": "acme", "EXDESK_ZENDESK_URL": support.URL,
		"EXDESK_ZENDESK_CLIENT_ID": zendeskID, "EXDESK_ZENDESK_CLIENT_SECRET": zendeskSecret,
		"EXDESK_STORE": filepath.Join(dir, "store"), "EXDESK_KEY_FILE": filepath.Join(dir, "key"),
	}
	if g.Public {
		delete(r.env, "EXDESK_CLIENT_SECRET")
	}
	return r
}

// connect runs the program, with somebody who signs in where it asks for that, and
// looks for secrets in what it wrote.
func (r *room) connect(user string, args ...string) (stdout, stderr string, err error) {
	r.Helper()
	var out, errs output
	p := &program{lookup: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		stdin: strings.NewReader("y\n"), stdout: &out, stderr: &errs, relay: exdesk.RelayOptions{Settle: -1}}
	p.onCode = func(code string) { require.NoError(r, r.exchange.EnterCode(code, user)) }
	err = p.run(r.Context(), args)
	for _, name := range []string{"EXDESK_CLIENT_SECRET", "EXDESK_ZENDESK_CLIENT_SECRET"} {
		if v := r.env[name]; v != "" {
			require.NotContains(r, out.String()+errs.String(), v)
		}
	}
	require.NotRegexp(r, `EwB|1\.AX|DAQ`, out.String()+errs.String(), "how the fake begins its tokens and codes")
	return out.String(), errs.String(), err
}

// output can be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (r *room) kept() (*tokens.State, error) {
	r.Helper()
	s, err := settings.NewEnvironment(func(name string) (string, bool) { v, ok := r.env[name]; return v, ok }).Settings()
	require.NoError(r, err)
	store, err := s.Store()
	if err != nil {
		return nil, err
	}
	return tokens.Look(r.Context(), store, s.Mailbox)
}

const own = "support@contoso.test"

// words is a table without its layout.
func words(table string) string { return strings.Join(strings.Fields(table), " ") }

func TestConnect(t *testing.T) {
	r := newRoom(t, graphtest.Options{Public: true})
	out, errs, err := r.connect(own)
	require.NoError(t, err, out+errs)
	require.Contains(t, out, "permissions")
	require.NotContains(t, out, "Mail.Send", "it was not asked for")
	state, err := r.kept()
	require.NoError(t, err)
	require.Equal(t, own, state.User)

	out, _, err = r.connect("", "-check", "-json")
	require.NoError(t, err)
	var found exdesk.Findings
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	require.Equal(t, "Microsoft sign-in", found[0].Subject)

	out, _, err = r.connect("", "-status", "-json")
	require.NoError(t, err)
	var k kept
	require.NoError(t, json.Unmarshal([]byte(out), &k))
	require.Equal(t, own, k.User)

	_, _, err = r.connect("", "-probe")
	require.ErrorContains(t, err, "EXDESK_SEND is not yes")

	// It is revoked: what is wrong is told, by asking and without.
	r.exchange.RevokeSignIns(own)
	r.exchange.ExpireTokens()
	out, _, err = r.connect("", "-check")
	require.ErrorIs(t, err, errBroken)
	require.Contains(t, words(out), "failure Microsoft sign-in there is no access token: tokens: renew: 400 invalid_grant AADSTS50173 (trace")
	require.Contains(t, words(out), "-> the password was changed: sign in again")
	out, _, err = r.connect("", "-status")
	require.ErrorContains(t, err, "run connect")
	require.Regexp(t, `(?m)^refused +since .*AADSTS50173: the password was changed: sign in again`, out)

	// Once more, in place.
	_, _, err = r.connect(own)
	require.NoError(t, err)
	state, err = r.kept()
	require.NoError(t, err)
	require.NoError(t, state.Refused)

	_, _, err = r.connect("", "-disconnect")
	require.NoError(t, err)
	_, _, err = r.connect("", "-status")
	require.ErrorContains(t, err, "nobody has signed in for "+own)
}

// Another account than the mailbox's own is refused with both addresses, and what
// was kept before stays.
func TestWrongAccount(t *testing.T) {
	r := newRoom(t, graphtest.Options{})
	r.exchange.AddMailbox("ann@contoso.test")
	_, _, err := r.connect("ann@contoso.test")
	require.ErrorContains(t, err, "ann@contoso.test has signed in, and the mailbox is support@contoso.test; nothing was kept")
	_, err = r.kept()
	require.ErrorIs(t, err, tokens.ErrMissing)
	_, _, err = r.connect(own)
	require.NoError(t, err)
	_, _, err = r.connect("ann@contoso.test")
	require.ErrorContains(t, err, "EXDESK_ACCESS=shared")
	state, err := r.kept()
	require.NoError(t, err)
	require.Equal(t, own, state.User)

	// Who has access to it may, if it is said.
	r.exchange.Delegate(own, "ann@contoso.test", graphtest.FullAccess)
	r.env["EXDESK_ACCESS"] = "shared"
	out, errs, err := r.connect("ann@contoso.test")
	require.NoError(t, err, out+errs)
	require.Contains(t, words(out), "it is opened as a shared mailbox")
	state, err = r.kept()
	require.NoError(t, err)
	require.Equal(t, "ann@contoso.test", state.User)
}

// A sign-in that cannot be renewed is found out at once, and not after an hour.
func TestNotRenewed(t *testing.T) {
	r := newRoom(t, graphtest.Options{})
	_, _, err := r.connect(own)
	require.NoError(t, err)
	before, err := r.kept()
	require.NoError(t, err)
	require.NoError(t, r.exchange.FailTokens(graphtest.TokenFault{Grant: "refresh_token", Number: 50194}))
	_, _, err = r.connect(own)
	require.ErrorContains(t, err, "could not be renewed")
	require.ErrorContains(t, err, "AADSTS50194")
	after, err := r.kept()
	require.NoError(t, err)
	require.Equal(t, before, after, "what was good stays")
}

func TestApplication(t *testing.T) {
	r := newRoom(t, graphtest.Options{})
	r.env["EXDESK_ACCESS"] = "application"
	delete(r.env, "EXDESK_STORE")
	out, errs, err := r.connect("")
	require.NoError(t, err, out+errs)
	require.Contains(t, errs, "nobody signs in, and nothing is kept")
	require.Contains(t, out, "an application has signed in, without a person")
	r.exchange.AddMailbox("boss@contoso.test")
	r.env["EXDESK_OUT_OF_REACH"] = "boss@contoso.test"
	out, _, err = r.connect("", "-check")
	require.ErrorIs(t, err, errBroken)
	require.Regexp(t, `(?m)^failure +other mailboxes `, out)
	for _, do := range []string{"-status", "-disconnect"} {
		_, _, err = r.connect("", do)
		require.ErrorContains(t, err, "there is no sign-in to keep")
	}
	r.env["EXDESK_CLIENT_SECRET"] = "wrong"
	_, _, err = r.connect("")
	require.ErrorContains(t, err, "AADSTS7000215")
}

func TestProbe(t *testing.T) {
	r := newRoom(t, graphtest.Options{})
	r.env["EXDESK_SEND"] = "yes"
	_, _, err := r.connect(own)
	require.NoError(t, err)
	out, errs, err := r.connect("", "-probe")
	require.NoError(t, err)
	require.Contains(t, errs, "Send it? [y/N]")
	require.Contains(t, out, "X-Zendesk-Email-Id")
	p := &program{lookup: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok }, stdin: strings.NewReader("\n"), stdout: io.Discard, stderr: io.Discard}
	require.ErrorContains(t, p.run(t.Context(), []string{"-probe"}), "nothing was sent")
	require.Len(t, r.exchange.Messages(), 1, "the one that was sent was deleted")
}

var page = regexp.MustCompile(`http://\S+/oauth2/v2\.0/authorize\?\S+`)

// browse runs the program, and what a browser does in front of the page.
func (r *room) browse(f func(authURL string)) (stderr string, err error) {
	r.Helper()
	var errs output
	p := &program{lookup: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok }, stdin: strings.NewReader(""), stdout: io.Discard, stderr: &errs}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx, []string{"-browser"}) }()
	var url string
	require.Eventually(r, func() bool { url = page.FindString(errs.String()); return url != "" }, 10*time.Second, 5*time.Millisecond)
	f(url)
	err = <-ended
	return errs.String(), err
}

func (r *room) get(url string) (int, string) {
	r.Helper()
	resp, err := http.Get(url)
	require.NoError(r, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r, err)
	return resp.StatusCode, string(text)
}

func TestBrowser(t *testing.T) {
	r := newRoom(t, graphtest.Options{Redirects: []string{"http://localhost"}})
	var back *url.URL
	_, err := r.browse(func(authURL string) {
		u, err := url.Parse(authURL)
		require.NoError(t, err)
		q := u.Query()
		require.Equal(t, own, q.Get("login_hint"))
		require.Equal(t, "S256", q.Get("code_challenge_method"))
		came, err := r.exchange.Authorize(authURL, graphtest.Answer{User: own})
		require.NoError(t, err)
		back, err = url.Parse(came)
		require.NoError(t, err)

		// Others who find the port do not end the sign-in.
		root := "http://" + back.Host
		status, _ := r.get(root + "/favicon.ico")
		require.Equal(t, 404, status)
		for _, query := range []string{"", "?code=x", "?code=x&state=y", "?error=access_denied", "?error=access_denied&state=", "?state=" + q.Get("state") + "&state=x&code=x"} {
			status, text := r.get(root + "/" + query)
			require.Equal(t, 400, status, query)
			require.Contains(t, text, "not the sign-in that was begun")
		}
		status, text := r.get(came)
		require.Equal(t, 200, status)
		require.Contains(t, text, "you may close this window")
	})
	require.NoError(t, err)
	_, err = r.kept()
	require.NoError(t, err)
	_, err = http.Get("http://" + back.Host)
	require.Error(t, err, "it has closed itself")

	_, err = r.browse(func(authURL string) {
		r.exchange.RevokeConsent(own)
		came, err := r.exchange.Authorize(authURL, graphtest.Answer{User: own, Deny: true})
		require.NoError(t, err)
		_, text := r.get(came)
		require.Contains(t, text, "You have not signed in")
	})
	require.ErrorIs(t, err, tokens.ErrConsent)
}

func TestWrongFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{{[]string{"surplus"}, `"surplus" is not a flag`}, {[]string{"-check", "-status"}, "are two things to do"}, {[]string{"-probe", "-json"}, "no JSON"},
		{nil, "EXDESK_MAILBOX: it is not set"}} {
		p := &program{lookup: func(string) (string, bool) { return "", false }, stdout: io.Discard, stderr: io.Discard}
		require.ErrorContains(t, p.run(t.Context(), c.args), c.want)
	}
	var errs bytes.Buffer
	p := &program{stderr: &errs}
	require.ErrorIs(t, p.run(t.Context(), []string{"-help"}), flag.ErrHelp)
	require.Contains(t, errs.String(), "EXDESK_KEY_FILE")
}

func TestBox(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(boxed(exdesk.Findings{
		{Subject: "one", Severity: exdesk.Good, What: "it\x1b[2J is\u009b 田中\n"},
		{Subject: "two", Severity: exdesk.Failure, What: strings.Repeat("x", 70), Do: "mend the mailbox, and then look for what is wrong again"},
	}, 60), "\n"), "\n")
	for _, line := range lines {
		bare := regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(line, "")
		require.Equal(t, 60, broad(bare), bare)
		require.NotContains(t, bare, "\x1b")
	}
	require.Contains(t, lines[3], "田中")
	require.Len(t, lines, 9)
}
