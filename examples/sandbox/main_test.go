package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bufio"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk"
)

// start runs the sandbox on free ports and returns what its first line said.
func start(t *testing.T, args ...string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append([]string{"-graph", "127.0.0.1:0", "-zendesk", "127.0.0.1:0", "-control", "127.0.0.1:0"}, args...), w, io.Discard)
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	words := strings.Fields(line)
	require.Equal(t, "ready", words[0])
	said := make(map[string]string)
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		said[name] = value
	}
	for _, name := range []string{"EXDESK_GRAPH_URL", "EXDESK_ZENDESK_URL", "EXDESK_CONTROL_URL", "EXDESK_GRAPH_TOKEN", "EXDESK_ZENDESK_TOKEN", "EXDESK_MAILBOX",
		"EXDESK_LOGIN_URL", "EXDESK_TENANT", "EXDESK_CLIENT_ID", "EXDESK_ZENDESK", "EXDESK_ZENDESK_CLIENT_ID", "EXDESK_ZENDESK_CLIENT_SECRET"} {
		require.NotEmpty(t, said[name], name)
	}
	return said
}

// control sends a request to the control port and decodes the answer.
func control(t *testing.T, client *http.Client, said map[string]string, method, path, body string, want int, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, said["EXDESK_CONTROL_URL"]+path, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, want, resp.StatusCode, "%s", data)
	if out != nil {
		require.NoError(t, json.Unmarshal(data, out))
	}
}

const mail = "From: ann@customer.example\r\nTo: support@contoso.test\r\nSubject: Hello\r\nMessage-ID: <1@x>\r\n\r\nHi.\r\n"

func connector(t *testing.T, client *http.Client, said map[string]string) *exdesk.Connector {
	t.Helper()
	token := func(name string) oauth2.TokenSource {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: said[name]})
	}
	mailbox, err := graph.New(said["EXDESK_MAILBOX"], token("EXDESK_GRAPH_TOKEN"), &graph.Options{BaseURL: said["EXDESK_GRAPH_URL"] + "/v1.0", HTTPClient: client})
	require.NoError(t, err)
	desk, err := zendesk.New("acme", token("EXDESK_ZENDESK_TOKEN"), &zendesk.Options{BaseURL: said["EXDESK_ZENDESK_URL"], HTTPClient: client})
	require.NoError(t, err)
	conn, err := exdesk.New(mailbox, desk, nil)
	require.NoError(t, err)
	return conn
}

func TestSandbox(t *testing.T) {
	said := start(t)
	client := http.DefaultClient
	var made struct{ ID string }
	control(t, client, said, "POST", "/control/mail", mail, 200, &made)
	require.NotEmpty(t, made.ID)
	var box []map[string]any
	control(t, client, said, "GET", "/control/mailbox", "", 200, &box)
	require.Equal(t, map[string]any{"id": made.ID, "internetMessageId": "<1@x>", "folder": "inbox", "subject": "Hello", "isRead": false,
		"categories": []any{}, "size": float64(len(mail)), "properties": map[string]any{}}, box[0])

	// The answer is lost, the clocks move on, and still there is one ticket.
	control(t, client, said, "POST", "/control/faults", `{"server":"zendesk","method":"POST","path":"/api/v2/tickets","commit":true,"drop":true,"times":-1}`, 200, nil)
	control(t, client, said, "POST", "/control/faults", `{"server":"zendesk","method":"GET","path":"/api/v2/tickets","status":503,"times":-1}`, 200, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // as soon as the ticket is there, the process "dies"
		for {
			var tickets []ticket
			resp, err := client.Get(said["EXDESK_CONTROL_URL"] + "/control/tickets")
			if err != nil || json.NewDecoder(resp.Body).Decode(&tickets) != nil || resp.Body.Close() != nil || len(tickets) > 0 {
				cancel()
				return
			}
		}
	}()
	_, err := connector(t, client, said).Ingest(ctx)
	require.Error(t, err)
	control(t, client, said, "POST", "/control/faults", `{}`, 200, nil)
	control(t, client, said, "POST", "/control/clock", `{"advance":"3h"}`, 200, nil)
	report, err := connector(t, client, said).Ingest(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Count(exdesk.Created))

	var tickets []ticket
	control(t, client, said, "GET", "/control/tickets", "", 200, &tickets)
	require.Len(t, tickets, 1)
	require.Equal(t, "ann@customer.example", tickets[0].Requester.Email)
	require.NotEmpty(t, tickets[0].ExternalID)
	require.Contains(t, tickets[0].Comments[0].HTML, "Hi.")
	control(t, client, said, "GET", "/control/mailbox", "", 200, &box)
	require.Equal(t, []any{"Zendesk"}, box[0]["categories"])
	control(t, client, said, "GET", "/control/sent", "", 200, &box)
	require.Empty(t, box)
	control(t, client, said, "POST", "/control/clock", `{"now":"2027-01-01T00:00:00Z"}`, 200, nil)
}

// A device signs in with what the first line says, until that is revoked.
func TestSignIn(t *testing.T) {
	said := start(t)
	app, err := entra.New(said["EXDESK_TENANT"], said["EXDESK_CLIENT_ID"], entra.Secret(said["EXDESK_CLIENT_SECRET"]),
		&entra.Options{Cloud: entra.Cloud{Login: said["EXDESK_LOGIN_URL"], Graph: said["EXDESK_GRAPH_URL"], Resource: entra.Global.Graph}})
	require.NoError(t, err)
	auth, err := app.Device(t.Context())
	require.NoError(t, err)
	control(t, http.DefaultClient, said, "POST", "/control/signin", `{"code":"`+auth.UserCode+`"}`, 200, nil)
	token, err := app.DeviceToken(t.Context(), auth)
	require.NoError(t, err)
	store := new(tokens.Memory)
	require.NoError(t, tokens.Put(t.Context(), store, "a", app.SignedIn(token, "")))
	source, err := app.Source("a", store)
	require.NoError(t, err)
	who := func() (*graph.Account, error) {
		return graph.WhoSignedIn(t.Context(), source, &graph.Options{BaseURL: said["EXDESK_GRAPH_URL"] + "/v1.0"})
	}
	account, err := who()
	require.NoError(t, err)
	require.Equal(t, said["EXDESK_MAILBOX"], account.Address)
	control(t, http.DefaultClient, said, "POST", "/control/revoke", "", 200, nil)
	source.Refused(token)
	_, err = who()
	require.ErrorIs(t, err, tokens.ErrRevoked)

	client, err := zendesk.NewApp(said["EXDESK_ZENDESK"], said["EXDESK_ZENDESK_CLIENT_ID"], said["EXDESK_ZENDESK_CLIENT_SECRET"],
		&zendesk.AppOptions{BaseURL: said["EXDESK_ZENDESK_URL"]})
	require.NoError(t, err)
	_, err = client.ClientCredentials(t.Context())
	require.NoError(t, err)
}

func TestControlRefuses(t *testing.T) {
	said := start(t)
	for _, c := range [][2]string{{"/control/mail", ""}, {"/control/faults", `{"sever":"graph"}`}, {"/control/faults", `{"server":"x"}`},
		{"/control/faults", `{"status":500}`}, {"/control/faults", `{"server":"graph","path":"[","status":500}`}, {"/control/faults", `{"server":"graph","delay":5}`},
		{"/control/signin", `{"code":"ABCDEFGHJ"}`}, {"/control/signin", `x`}, {"/control/label", `{"id":"none"}`}, {"/control/label", `x`},
		{"/control/comment", `{"ticket":9,"html_body":"x"}`}, {"/control/comment", `x`}, {"/control/webhook", `{"url":"here"}`}, {"/control/webhook", `x`},
		{"/control/clock", `{"advance":"soon"}`}, {"/control/clock", `x`}, {"/control/clock", ``}, {"/control/clock", `{}`}, {"/control/clock", `{"advance":"1h"}{}`}, {"/control/faults", `[]`},
		{"/control/faults", `{"server":"graph","status":42}`}, {"/control/faults", `{"server":"graph"}`}, {"/control/faults", `{"server":"graph","delay":"-5s"}`}} {
		var out struct{ Error string }
		control(t, http.DefaultClient, said, "POST", c[0], c[1], 400, &out)
		require.NotEmpty(t, out.Error)
	}
	control(t, http.DefaultClient, said, "GET", "/control/nothing", "", 404, nil)
}

// trusting is a client that trusts one CA alone.
func trusting(t *testing.T, file string) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(file)
	require.NoError(t, err)
	require.False(t, bytes.Contains(ca, []byte("PRIVATE")))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca))
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func TestTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	said := start(t, "-tls", dir)
	require.Equal(t, filepath.Join(dir, "ca.pem"), said["EXDESK_CA"])
	client := trusting(t, said["EXDESK_CA"])
	require.True(t, strings.HasPrefix(said["EXDESK_GRAPH_URL"], "https://"))
	control(t, client, said, "POST", "/control/mail", mail, 200, nil)
	report, err := connector(t, client, said).Ingest(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Count(exdesk.Created))
}

// An upload session can be at another host than Graph, as it is in reality.
func TestUploads(t *testing.T) {
	for _, args := range [][]string{nil, {"-tls", t.TempDir()}} {
		said := start(t, append(args, "-uploads", "localhost")...)
		client := http.DefaultClient
		if args != nil {
			client = trusting(t, said["EXDESK_CA"])
		}
		post := func(path, body string) (v struct{ ID, UploadURL string }) {
			req, err := http.NewRequestWithContext(t.Context(), "POST", said["EXDESK_GRAPH_URL"]+"/v1.0/me/messages"+path, strings.NewReader(body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+said["EXDESK_GRAPH_TOKEN"])
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Prefer", `IdType="ImmutableId"`)
			resp, err := client.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			require.Equal(t, 201, resp.StatusCode)
			require.NoError(t, json.NewDecoder(resp.Body).Decode(&v))
			return v
		}
		draft := post("", `{"subject":"large"}`)
		session := post("/"+draft.ID+"/attachments/createUploadSession", `{"AttachmentItem":{"attachmentType":"file","name":"a.bin","size":3000000}}`)
		require.True(t, strings.HasPrefix(session.UploadURL, strings.Replace(said["EXDESK_GRAPH_URL"], "127.0.0.1", "localhost", 1)+"/"), session.UploadURL)
		req, err := http.NewRequestWithContext(t.Context(), "PUT", session.UploadURL, bytes.NewReader(make([]byte, 3_000_000)))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/octet-stream")
		req.Header.Set("Content-Range", "bytes 0-2999999/3000000")
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 201, resp.StatusCode)
	}
}

// A public client has no secret; a device signs in without one.
func TestPublicClient(t *testing.T) {
	said := start(t, "-public-client")
	require.NotContains(t, said, "EXDESK_CLIENT_SECRET")
	app, err := entra.New(said["EXDESK_TENANT"], said["EXDESK_CLIENT_ID"], nil,
		&entra.Options{Cloud: entra.Cloud{Login: said["EXDESK_LOGIN_URL"], Graph: said["EXDESK_GRAPH_URL"], Resource: entra.Global.Graph}})
	require.NoError(t, err)
	auth, err := app.Device(t.Context())
	require.NoError(t, err)
	control(t, http.DefaultClient, said, "POST", "/control/signin", `{"code":"`+auth.UserCode+`"}`, 200, nil)
	_, err = app.DeviceToken(t.Context(), auth)
	require.NoError(t, err)
}

// What clients asked for in vain is told.
func TestNotes(t *testing.T) {
	said := start(t)
	var list map[string]notes
	control(t, http.DefaultClient, said, "GET", "/control/notes", "", 200, &list)
	require.Equal(t, map[string]notes{"graph": {[]string{}, []string{}}, "zendesk": {[]string{}, []string{}}}, list)
	for _, url := range []string{said["EXDESK_GRAPH_URL"] + "/v1.0/nothing", said["EXDESK_ZENDESK_URL"] + "/api/v2/nothing"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+said["EXDESK_GRAPH_TOKEN"])
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	control(t, http.DefaultClient, said, "GET", "/control/notes", "", 200, &list)
	require.Equal(t, []string{"GET /v1.0/nothing"}, list["graph"].Unknown)
	require.Equal(t, []string{"GET /api/v2/nothing"}, list["zendesk"].Unknown)
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-graph", "0.0.0.0:0"}, {"-control", "192.0.2.1:80"}, {"-zendesk", "nonsense"}, {"surplus"}, {"-nonsense"}, {"-life", "0s"}, {"-reuse", "maybe"},
		{"-tls", "a directory", "-graph", "127.0.0.1:0", "-zendesk", "127.0.0.1:0", "-control", "127.0.0.1:0"},
		{"-tls", "/dev/null/x", "-graph", "127.0.0.1:0", "-zendesk", "127.0.0.1:0", "-control", "127.0.0.1:0"}} {
		require.Error(t, run(t.Context(), args, io.Discard, io.Discard), "%v", args)
	}
}

// People and webhooks are there for whoever has only the control port.
func TestPeople(t *testing.T) {
	said := start(t, "-life", "1h", "-reuse", "ends")
	client := http.DefaultClient
	events := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		events <- string(body)
	}))
	defer hook.Close()
	var made struct{ ID, Secret string }
	control(t, client, said, "POST", "/control/webhook", `{"url":"`+hook.URL+`"}`, 200, &made)
	require.NotEmpty(t, made.Secret)
	control(t, client, said, "POST", "/control/clock", `{"advance":"30m"}`, 200, nil)
	control(t, client, said, "POST", "/control/mail", mail, 200, &made)
	_, err := connector(t, client, said).Ingest(t.Context())
	require.NoError(t, err)
	require.Contains(t, <-events, "Hi.")
	control(t, client, said, "POST", "/control/comment", `{"ticket":1,"html_body":"<p>Done.</p>"}`, 200, nil)
	require.Contains(t, <-events, "Done.")
	var tickets []ticket
	control(t, client, said, "GET", "/control/tickets", "", 200, &tickets)
	require.Equal(t, "agent@acme.test", tickets[0].Comments[1].Author)
	require.Eventually(t, func() bool {
		var told struct {
			Pending int
			Tries   []delivery
		}
		control(t, client, said, "GET", "/control/deliveries", "", 200, &told)
		return told.Pending == 0 && len(told.Tries) == 2 && told.Tries[1].Status == 200
	}, 10*time.Second, 10*time.Millisecond)

	control(t, client, said, "POST", "/control/label", `{"id":"`+made.ID+`","add":["Red"],"remove":["Zendesk"],"isRead":false}`, 200, nil)
	var box []message
	control(t, client, said, "GET", "/control/mailbox", "", 200, &box)
	require.Equal(t, []string{"Red"}, box[0].Categories)
	require.False(t, box[0].IsRead)
	require.NotEmpty(t, box[0].Properties)
	var gone []left
	control(t, client, said, "GET", "/control/left", "", 200, &gone)
	require.Empty(t, gone)

	// Somebody does not wait for his answer.
	control(t, client, said, "POST", "/control/faults", `{"server":"graph","delay":"1m"}`, 200, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", said["EXDESK_GRAPH_URL"]+"/v1.0/me/messages", strings.NewReader("{}"))
	require.NoError(t, err)
	_, err = client.Do(req)
	require.Error(t, err)
	var c count
	require.Eventually(t, func() bool {
		control(t, client, said, "GET", "/control/requests", "", 200, &c)
		return c.Abandoned == 1
	}, 10*time.Second, 10*time.Millisecond)
	require.Greater(t, c.Requests, int64(5))
	require.Empty(t, c.Violations)
	require.Empty(t, c.Unknown)
}
