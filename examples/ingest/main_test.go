package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

const own = "support@contoso.test"

// room is both services and the daemon, over real HTTP on connections in memory,
// so that time is virtual.
type room struct {
	*testing.T
	exchange *graphtest.Server
	support  *zendesktest.Server
	app      *entra.App
	store    tokens.Store
	log      *lines
	daemon   *daemon
	config   config

	graphURL, deskURL   string
	graphHTTP, deskHTTP *http.Client
}

func inRoom(t *testing.T, f func(t *testing.T, r *room)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &room{T: t, exchange: graphtest.New(nil), support: zendesktest.New(&zendesktest.Options{TokenLife: -1}),
			store: new(tokens.Memory), log: new(lines), config: config{Settings: new(settings.Settings), every: 30 * time.Second, stop: 30 * time.Second}}
		var stop [2]func()
		r.graphURL, r.graphHTTP, stop[0] = memnet.Serve(r.exchange)
		r.deskURL, r.deskHTTP, stop[1] = memnet.Serve(r.support)
		defer stop[0]()
		defer stop[1]()
		id, secret := r.exchange.Client()
		var err error
		r.app, err = entra.New("contoso.test", id, entra.Secret(secret), &entra.Options{
			Cloud: entra.Cloud{Login: r.graphURL, Graph: r.graphURL, Resource: entra.Global.Graph}, HTTPClient: r.graphHTTP})
		require.NoError(t, err)
		r.signIn()
		f(t, r)
	})
}

// signIn does what connect does.
func (r *room) signIn() {
	r.Helper()
	auth, err := r.app.Device(r.Context())
	require.NoError(r, err)
	require.NoError(r, r.exchange.EnterCode(auth.UserCode, own))
	token, err := r.app.DeviceToken(r.Context(), auth)
	require.NoError(r, err)
	require.NoError(r, tokens.Put(r.Context(), r.store, own, r.app.SignedIn(token, own)))
}

// start begins a process that knows nothing of an earlier one, and returns what
// is a SIGTERM, and waits for what that leads to.
func (r *room) start() (stop func() error) {
	r.Helper()
	source, err := r.app.Source(own, r.store)
	require.NoError(r, err)
	box, err := graph.New(own, source, &graph.Options{User: "me", BaseURL: r.graphURL + "/v1.0", HTTPClient: r.graphHTTP})
	require.NoError(r, err)
	desk, err := zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: r.support.Token()}),
		&zendesk.Options{BaseURL: r.deskURL, HTTPClient: r.deskHTTP})
	require.NoError(r, err)
	c := r.config
	c.log = logger(r.log, false, slog.LevelInfo)
	r.daemon, err = c.join(box, desk)
	require.NoError(r, err)
	ctx, cancel := context.WithCancel(r.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.daemon.serve(ctx, nil) }()
	return func() error { cancel(); return <-ended }
}

func (r *room) get(path string) (int, string) {
	r.Helper()
	w := httptest.NewRecorder()
	r.daemon.health().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	require.NotContains(r, w.Body.String(), "customer.example")
	return w.Code, w.Body.String()
}

func (r *room) deliver(n int) {
	for i := range n {
		r.exchange.Deliver(fmt.Appendf(nil, "From: Ann <ann%d@customer.example>\r\nTo: %s\r\nSubject: About %[1]d\r\nDate: %[3]s\r\nMessage-ID: <%[1]d.%[4]d@customer.example>\r\n\r\nHello %[1]d.\r\n",
			i, own, time.Now().Format(time.RFC1123Z), time.Now().UnixNano()))
	}
}

func (r *room) labelled() int {
	n := 0
	for _, m := range r.exchange.Messages() {
		if slices.Contains(m.Categories, "Zendesk") {
			n++
		}
	}
	return n
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The tokens fail, nobody notices for days, and somebody signs in again: the log
// is told at once, once a day and in the end, and whoever asks knows it always.
func TestRevoked(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.deliver(1)
		stop := r.start()
		time.Sleep(time.Minute)
		status, text := r.get("/readyz")
		require.Equal(t, 200, status, text)
		require.Regexp(t, `^working since \S+Z\n$`, text)
		require.Len(t, r.support.Tickets(), 1)

		r.exchange.RevokeSignIns(own)
		r.exchange.ExpireTokens()
		time.Sleep(time.Minute)
		status, text = r.get("/readyz")
		require.Equal(t, 503, status)
		require.Regexp(t, `^trouble since \S+Z: .*AADSTS50173: the password was changed: sign in again`, text)
		status, _ = r.get("/healthz")
		require.Equal(t, 200, status, "starting it again would not help")
		require.Equal(t, 1, r.log.count(`msg="not working"`), r.log)
		time.Sleep(22 * time.Hour)
		require.Zero(t, r.log.count(`msg="still not working"`))
		time.Sleep(2 * time.Hour)
		require.Equal(t, 1, r.log.count(`msg="still not working"`))
		time.Sleep(24 * time.Hour)
		require.Equal(t, 2, r.log.count(`msg="still not working"`))
		_, text = r.get("/metrics")
		require.Contains(t, text, "\nexdesk_ready 0\n")

		r.deliver(1)
		r.signIn()
		time.Sleep(15 * time.Minute)
		status, text = r.get("/readyz")
		require.Equal(t, 200, status, text)
		require.Equal(t, 1, r.log.count(`msg="working again"`))
		require.Len(t, r.support.Tickets(), 2)
		require.NoError(t, stop())
		require.NotContains(t, r.log.String(), "customer.example")
		require.NotRegexp(t, `EwB|1\.AX`, r.log.String(), "how the fake begins its tokens")
	})
}

// Mails that wait because the desk is down are trouble once that lasts, although
// each pass comes to its end.
func TestWaiting(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		stop := r.start()
		time.Sleep(time.Minute)
		require.NoError(t, r.support.Fault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Status: 503, Times: -1}))
		r.deliver(1)
		time.Sleep(5 * time.Minute)
		status, _ := r.get("/readyz")
		require.Equal(t, 200, status)
		time.Sleep(20 * time.Minute)
		status, text := r.get("/readyz")
		require.Equal(t, 503, status)
		require.Contains(t, text, ": 1 mails wait, and none has come through since ")
		r.support.ClearFaults()
		time.Sleep(2 * time.Hour)
		status, text = r.get("/readyz")
		require.Equal(t, 200, status, text)
		require.NoError(t, stop())
	})
}

// What would make the work impossible ends it before it begins.
func TestExamined(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.exchange.RevokeSignIns(own)
		r.exchange.ExpireTokens()
		stop := r.start()
		time.Sleep(time.Minute)
		require.ErrorIs(t, stop(), errConfig)
		require.Regexp(t, `level=ERROR msg=check subject="Microsoft sign-in" severity=failure what=.*AADSTS50173.* do="the password was changed: sign in again"`, r.log.String())
		require.Equal(t, exitConfig, status(errConfig))
	})
}

// A service that is down at the start is waited for.
func TestDownAtStart(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		require.NoError(t, r.exchange.Fault(graphtest.Fault{Path: "/v1.0/**", Status: 503, Times: -1}))
		require.NoError(t, r.support.Fault(zendesktest.Fault{Path: "/api/v2/**", Status: 503, Times: -1}))
		stop := r.start()
		time.Sleep(10 * time.Minute)
		status, text := r.get("/readyz")
		require.Equal(t, 503, status)
		require.Contains(t, text, "trouble since")
		r.exchange.ClearFaults()
		r.support.ClearFaults()
		time.Sleep(15 * time.Minute)
		status, text = r.get("/readyz")
		require.Equal(t, 200, status, text)
		require.NoError(t, stop())
	})
}

// Told to end, it brings the mail at hand to its end and begins no other.
func TestEnding(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		require.NoError(t, r.support.Fault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Delay: zendesktest.Duration(20 * time.Second), Times: -1}))
		r.deliver(3)
		stop := r.start()
		time.Sleep(10 * time.Second)
		begin := time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(begin), 15*time.Second)
		require.Len(t, r.support.Tickets(), 1)
		require.Equal(t, 1, r.labelled())
		require.Contains(t, r.log.String(), `msg=ended totals="2 mails: 1 ticket, 1 waiting"`)
		now, _, _ := r.daemon.watch.look()
		require.Equal(t, stopping, now)

		r.support.ClearFaults()
		stop = r.start()
		time.Sleep(time.Minute)
		require.NoError(t, stop())
		require.Len(t, r.support.Tickets(), 3)
		require.Equal(t, 3, r.labelled())
	})
}

// A mail that does not come to its end is left alone when its time is over.
func TestEndingInTime(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		require.NoError(t, r.support.Fault(zendesktest.Fault{Method: "POST", Path: "/api/v2/tickets", Hang: true, Times: -1}))
		r.deliver(2)
		stop := r.start()
		time.Sleep(5 * time.Second)
		begin := time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(begin), r.config.stop+16*time.Second)
		r.support.ClearFaults()
		stop = r.start()
		time.Sleep(10 * time.Minute)
		require.NoError(t, stop())
		require.Len(t, r.support.Tickets(), 2)
	})
}

// Nothing is at hand while a limit is waited for, or the next pass.
func TestEndingAtOnce(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.deliver(exdesk.IngestPerMinute + 5)
		stop := r.start()
		time.Sleep(20 * time.Second)
		begin := time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(begin), time.Second)
		require.Len(t, r.support.Tickets(), exdesk.IngestPerMinute)
		require.Equal(t, exdesk.IngestPerMinute, r.labelled())
		stop = r.start()
		time.Sleep(95 * time.Second)
		begin = time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(begin), time.Second)
		require.Len(t, r.support.Tickets(), exdesk.IngestPerMinute+5)
	})
}

func TestDryRun(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.config.dry = true
		r.deliver(1)
		stop := r.start()
		time.Sleep(time.Minute)
		require.NoError(t, stop())
		require.Empty(t, r.support.Tickets())
		require.Zero(t, r.labelled())
		require.Contains(t, r.log.String(), `msg="would have become"`)
	})
}

func TestStatus(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.deliver(2)
		stop := r.start()
		time.Sleep(time.Minute)
		_, text := r.get("/status")
		var got report
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, working, got.State)
		require.Equal(t, exdesk.Totals{Seen: 2, Tickets: 2}, got.Totals)
		require.False(t, got.LastSuccess.IsZero())
		_, text = r.get("/metrics")
		for _, want := range []string{"# TYPE exdesk_ready gauge\nexdesk_ready 1\n", "\nexdesk_mails_total{outcome=\"ticket\"} 2\n",
			fmt.Sprintf("\nexdesk_last_success_timestamp_seconds %d\n", got.LastSuccess.Unix())} {
			require.Contains(t, text, want)
		}
		w := httptest.NewRecorder()
		r.daemon.health().ServeHTTP(w, httptest.NewRequest("POST", "/status", nil))
		require.Equal(t, 405, w.Code)
		require.NoError(t, stop())
	})
}

// Work that hangs is dead; a pause, however long a service asked for it, is not.
func TestHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		var next time.Time
		w := newWatch(logger(&log, true, slog.LevelInfo), nil)
		w.status = func() exdesk.Status { return exdesk.Status{NextPass: next} }
		next = time.Now().Add(2 * time.Hour)
		time.Sleep(2*time.Hour + 29*time.Minute)
		require.True(t, w.tick())
		time.Sleep(2 * time.Minute)
		require.False(t, w.tick())
		now, _, reason := w.look()
		require.Equal(t, trouble, now)
		require.Contains(t, reason, "hung")
		require.Equal(t, 1, log.count(`"msg":"not working"`))
		w.saw(exdesk.Step{Name: "mail"})
		require.True(t, w.tick())
		now, _, _ = w.look()
		require.Equal(t, working, now)
	})
}

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skip("no such sockets here:", err)
	}
	defer conn.Close()
	notify("READY=1") // to nobody
	t.Setenv("NOTIFY_SOCKET", path)
	notify("READY=1", "STATUS=working")
	b := make([]byte, 100)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, err := conn.Read(b)
	require.NoError(t, err)
	require.Equal(t, "READY=1\nSTATUS=working", string(b[:n]))

	require.Zero(t, watchdog())
	t.Setenv("WATCHDOG_USEC", "60000000")
	require.Equal(t, 30*time.Second, watchdog())
	t.Setenv("WATCHDOG_PID", "1")
	require.Zero(t, watchdog(), "it is meant for another")
}

// only is an environment with one variable.
func only(name, value string) func(string) (string, bool) {
	return func(asked string) (string, bool) {
		if asked != name {
			return "", false
		}
		return value, true
	}
}

func TestAskHealth(t *testing.T) {
	var hung bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/healthz", r.URL.Path)
		if hung {
			plain(w, 503, "hung\n")
		}
	}))
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	require.NoError(t, err)
	ask := func(listen string) error {
		return run(t.Context(), []string{"-health"}, only("EXDESK_LISTEN", listen), io.Discard)
	}
	for _, listen := range []string{"127.0.0.1:" + port, "0.0.0.0:" + port, ":" + port} {
		require.NoError(t, ask(listen))
	}
	hung = true
	require.ErrorContains(t, ask("127.0.0.1:"+port), "503 Service Unavailable: hung")
	require.ErrorContains(t, ask("off"), "nobody to ask")
}

func TestConfig(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"EXDESK_EVERY", "often", `EXDESK_EVERY: \"often\" is not a time such as 30s or 5m`},
		{"EXDESK_EVERY", "-1s", `EXDESK_EVERY: \"-1s\" is not a time`},
		{"EXDESK_STOP", "0", `EXDESK_STOP: \"0\" is not a time`},
		{"EXDESK_SINCE", "yesterday", `EXDESK_SINCE: \"yesterday\" is not a day such as 2026-11-01`},
		{"EXDESK_LISTEN", "8600", `EXDESK_LISTEN: \"8600\" is not an address such as`},
		{"EXDESK_LOG", "xml", `EXDESK_LOG: \"xml\" is not one of text, json`},
		{"EXDESK_DRY_RUN", "maybe", `EXDESK_DRY_RUN: \"maybe\" is not one of false, true`},
		{"EXDESK_TENANT", "", `EXDESK_TENANT: it is not set`},
	} {
		var log lines
		err := run(t.Context(), nil, only(c.name, c.value), &log)
		require.ErrorIs(t, err, errConfig)
		require.Contains(t, log.String(), c.want)
		require.Contains(t, log.String(), "EXDESK_MAILBOX: it is not set", "all at once")
	}
	var log lines
	c, _ := readConfig(func(name string) (string, bool) {
		v, ok := map[string]string{"EXDESK_LOG": "JSON, debug", "EXDESK_SINCE": "2026-11-01", "EXDESK_LISTEN": "off"}[name]
		return v, ok
	}, &log)
	require.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), c.since)
	require.Empty(t, c.listen)
	c.log.Debug("seen")
	require.Contains(t, log.String(), `"level":"DEBUG","msg":"seen"`)

	require.ErrorIs(t, run(t.Context(), []string{"-help"}, nil, &log), flag.ErrHelp)
	require.Contains(t, log.String(), "EXDESK_CLIENT_SECRET")
	require.ErrorIs(t, run(t.Context(), []string{"surplus"}, nil, &log), flag.ErrHelp)
	require.Equal(t, exitUsage, status(flag.ErrHelp))
	require.Equal(t, exitFailed, status(io.EOF))
	require.Zero(t, status(nil))
}
