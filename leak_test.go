package exdesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	keeping "github.com/exdesk/exdesk/tokens"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// ears hear everything that goes over the wire and note what is secret in it.
type ears struct {
	next http.RoundTripper
	mu   *sync.Mutex
	all  map[string]string // secrets, and where they were heard
}

// secretive are the members of a form, of a query and of JSON that are secret.
var (
	secretive = []string{"access_token", "refresh_token", "id_token", "code", "code_verifier", "client_secret", "client_assertion", "device_code", "user_code"}
	inJSON    = regexp.MustCompile(`"(access_token|refresh_token|id_token|device_code|user_code|uploadUrl)"\s*:\s*"([^"]+)"`)
)

func (e *ears) note(where, secret string) {
	if len(secret) < 6 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all[secret] = where
}

func (e *ears) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, credential, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		e.note("Authorization", credential)
	}
	for _, name := range secretive {
		e.note("query", r.URL.Query().Get(name))
	}
	if r.Body != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		for _, name := range secretive {
			e.note("form", form.Get(name))
		}
	}
	resp, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, c := range resp.Cookies() {
		e.note("cookie", c.Value)
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && resp.ContentLength < 1<<20 {
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
		for _, m := range inJSON.FindAllSubmatch(body, -1) {
			var s string
			if json.Unmarshal([]byte(`"`+string(m[2])+`"`), &s) == nil {
				e.note(string(m[1]), s)
			}
		}
	}
	return resp, nil
}

// failing ends as the body did.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// spill is everything that a program could have shown or written down.
type spill struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (s *spill) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *spill) show(values ...any) {
	for _, v := range values {
		fmt.Fprintf(s, "%v %+v %#v %s %q\n", v, v, v, v, v)
		if j, err := json.Marshal(v); err == nil {
			fmt.Fprintf(s, "%s\n", j)
		}
		if err, ok := v.(error); ok {
			for ; err != nil; err = errors.Unwrap(err) {
				fmt.Fprintf(s, "%v\n", err)
			}
		}
	}
}

// Through a full run with every sort of trouble, as talkative as can be, no token,
// secret or code is in a log, an error, a report or a finding, and nobody's address
// but the mailbox's own.
func TestNothingLeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchange := graphtest.New(&graphtest.Options{RefreshReuse: graphtest.ReuseEnds})
		support := zendesktest.New(&zendesktest.Options{Agents: []string{"sam@acme.test"}})
		graphURL, graphHTTP, stopGraph := memnet.Serve(exchange)
		defer stopGraph()
		deskURL, deskHTTP, stopDesk := memnet.Serve(support)
		defer stopDesk()
		var mu sync.Mutex
		secrets := make(map[string]string)
		graphHTTP = &http.Client{Transport: &ears{graphHTTP.Transport, &mu, secrets}}
		deskHTTP = &http.Client{Transport: &ears{deskHTTP.Transport, &mu, secrets}}
		out := new(spill)
		log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
		ctx := t.Context()
		address := exchange.Mailbox()

		// Signing in, rightly and wrongly.
		graphID, graphSecret := exchange.Client()
		deskID, deskSecret := support.Client()
		secrets[graphSecret], secrets[deskSecret] = "client secret", "client secret"
		cloud := entra.Cloud{Login: graphURL, Graph: graphURL, Resource: entra.Global.Graph}
		app, err := entra.New("contoso.test", graphID, entra.Secret(graphSecret), &entra.Options{Cloud: cloud, HTTPClient: graphHTTP})
		require.NoError(t, err)
		client, err := zendesk.NewApp("acme", deskID, deskSecret, &zendesk.AppOptions{BaseURL: deskURL, HTTPClient: deskHTTP})
		require.NoError(t, err)
		in := entra.AuthRequest{Redirect: "http://localhost/cb", Mailbox: address}
		signIn := func() {
			verifier := oauth2.GenerateVerifier()
			secrets[verifier] = "verifier"
			back, err := exchange.Authorize(app.AuthCodeURL(in, "state-of-the-browser", verifier), graphtest.Answer{User: address})
			require.NoError(t, err)
			u, err := url.Parse(back)
			require.NoError(t, err)
			code, err := entra.Code(u.Query(), "state-of-the-browser")
			require.NoError(t, err)
			_, err = entra.Code(u.Query(), "another")
			out.show(err)
			_, err = app.Exchange(ctx, entra.AuthRequest{Redirect: "http://localhost/other"}, code, verifier)
			out.show(err)
			back, err = exchange.Authorize(app.AuthCodeURL(in, "state-of-the-browser", verifier), graphtest.Answer{User: address})
			require.NoError(t, err)
			u, err = url.Parse(back)
			require.NoError(t, err)
			token, err := app.Exchange(ctx, in, u.Query().Get("code"), verifier)
			require.NoError(t, err)
			_, err = app.Exchange(ctx, in, u.Query().Get("code"), verifier)
			out.show(err)
			keys, err := keeping.NewKeys(keeping.Key{ID: "k", Secret: bytes.Repeat([]byte("K3yK3yK3"), 4)})
			require.NoError(t, err)
			inner := new(keeping.Memory)
			store := &keeping.Sealed{Store: inner, Keeper: keys}
			signedIn := app.SignedIn(token, address)
			out.show(signedIn, keys, inner)
			require.NoError(t, keeping.Put(ctx, store, address, signedIn))
			sealed, _, err := inner.Load(ctx, address)
			require.NoError(t, err)
			_, _ = out.Write(sealed) // what is on the disk
			_, _, err = store.Load(ctx, "sales@contoso.test")
			out.show(err)
			source, err := app.Source(address, store)
			require.NoError(t, err)
			own, err := client.AppSource()
			require.NoError(t, err)
			out.show(app, client, source, own, entra.Secret(graphSecret))

			for id := range 8 {
				exchange.Deliver([]byte(fmt.Sprintf("From: Ann <ann%[1]d@customer.example>\r\nTo: %[2]s, eve@other.example\r\nCc: bob@other.example\r\nSubject: S3cretSubject %[1]d\r\n"+
					"Message-ID: <%[1]d.%[3]d@customer.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nS3cretText\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n",
					id, address, time.Now().UnixNano())))
			}
			mailbox, err := graph.New(address, source, &graph.Options{BaseURL: cloud.BaseURL(), HTTPClient: graphHTTP, OutOfReach: "boss@contoso.test"})
			require.NoError(t, err)
			desk, err := zendesk.New("acme", own, &zendesk.Options{BaseURL: deskURL, HTTPClient: deskHTTP, Logger: log})
			require.NoError(t, err)
			// A Step tells of the mail to the program itself; what it says to people is
			// its error.
			conn, err := exdesk.New(mailbox, desk, &exdesk.Options{Logger: log, OnStep: func(s exdesk.Step) { out.show(s.Err) }})
			require.NoError(t, err)

			echo := func() string { // a server that is careless, or means ill
				mu.Lock()
				defer mu.Unlock()
				var b strings.Builder
				for s := range secrets {
					if b.WriteString(s + " "); b.Len() > 2000 {
						break
					}
				}
				return b.String()
			}
			for _, f := range []graphtest.Fault{
				{}, {Status: 401, Times: -1}, {Status: 403, Code: "ErrorAccessDenied", Times: -1}, {Status: 500, Times: -1}, {Drop: true, Times: -1},
				{Status: 400, Body: fmt.Sprintf(`{"error":{"code":%q,"message":%[1]q},"error_description":%[1]q}`, echo()), Times: -1},
				{Status: 403, Body: fmt.Sprintf(`{"error":%q,"description":%[1]q,"details":{"base":[{"description":%[1]q}]}}`, echo()), Times: -1},
				{Status: 200, Body: "<html>" + echo(), Times: -1},
			} {
				for _, where := range []string{"", "token", "message", "ticket", "user"} {
					exchange.ClearFaults()
					support.ClearFaults()
					if f != (graphtest.Fault{}) {
						g, z := f, f
						switch where {
						case "":
							g.Path, z.Path = "/**", "/**"
						case "token":
							g.Path, z.Path = "/*/oauth2/**", "/oauth/**"
						case "message":
							g.Path, z.Path = "/v1.0/users/*/messages/**", "/api/v2/uploads"
						case "ticket":
							g.Path, z.Path = "/v1.0/$batch", "/api/v2/tickets/**"
						case "user":
							g.Path, z.Path = "/v1.0/me", "/api/v2/users/**"
						}
						require.NoError(t, exchange.Fault(g))
						require.NoError(t, support.Fault(z))
					}
					exchange.ExpireTokens()
					support.ExpireTokens()
					time.Sleep(2 * time.Minute)
					limited, cancel := context.WithTimeout(ctx, 3*time.Minute)
					report, err := conn.Ingest(limited)
					out.show(err)
					if report != nil {
						for _, r := range report.Results {
							out.show(r.Outcome, r.Err) // the rest is the mail itself, for the program
						}
					}
					findings, err := conn.Check(limited)
					out.show(findings, findings.String(), err)
					_, err = conn.Relay(limited, outbound(notice(fmt.Sprint("ann", time.Now().UnixNano()))))
					out.show(err)
					_, err = conn.Trace(limited, "nothing")
					out.show(err)
					out.show(conn.Status().LastError)
					state, err := source.Look(ctx)
					out.show(state, err)
					cancel()
				}
			}
			exchange.ClearFaults()
			support.ClearFaults()
		}
		signIn()
		exchange.RevokeSignIns(address)
		time.Sleep(2 * time.Hour)
		for number := range map[int]bool{50173: true, 53003: true, 7000222: true, 65001: true, 90055: true} {
			require.NoError(t, exchange.FailTokens(graphtest.TokenFault{Number: number, Text: "for ann@contoso.test with " + graphSecret}))
			source, err := app.AppSource()
			require.NoError(t, err)
			_, err = source.Token()
			out.show(err)
		}
		signIn()

		text := out.out.String()
		require.Greater(t, len(text), 100_000, "it was talkative")
		require.Greater(t, len(secrets), 50, "there was something to leak")
		for secret, where := range secrets {
			for _, form := range []string{secret, url.QueryEscape(secret)} {
				if i := strings.Index(text, form); i >= 0 {
					t.Fatalf("%s leaks: %s", where, text[max(0, i-300):min(len(text), i+100)])
				}
			}
		}
		for _, s := range []string{"@customer.example", "@other.example", "boss@", "ann@contoso.test", "sam@", "S3cret", "K3yK3y", "state-of-the-browser"} {
			if i := strings.Index(text, s); i >= 0 {
				t.Fatalf("%s leaks: %s", s, text[max(0, i-300):min(len(text), i+100)])
			}
		}
	})
}
