package exdesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// TestMain is also the process that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("EXDESK_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child ingests until nothing is left to do.
func child() error {
	token := func(name string) oauth2.TokenSource {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: os.Getenv(name)})
	}
	mailbox, err := graph.New("support@contoso.test", token("GRAPH_TOKEN"), &graph.Options{BaseURL: os.Getenv("GRAPH_URL") + "/v1.0"})
	if err != nil {
		return err
	}
	desk, err := zendesk.New("acme", token("ZENDESK_TOKEN"), &zendesk.Options{BaseURL: os.Getenv("ZENDESK_URL")})
	if err != nil {
		return err
	}
	conn, err := exdesk.New(mailbox, desk, nil)
	if err != nil {
		return err
	}
	for range 5 {
		report, err := conn.Ingest(context.Background())
		if err != nil {
			return err
		}
		if report.Count(exdesk.Waiting) == 0 {
			return nil
		}
	}
	return fmt.Errorf("mails keep waiting")
}

// trap lets requests pass until its turn, and then announces the moment to
// kill: before the service hears the request, or when it has acted and the
// answer is not out yet.
type trap struct {
	before  bool
	turn    atomic.Int64 // counts down
	sprung  chan string
	forever context.Context
}

func (tr *trap) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tr.turn.Add(-1) != 0 {
			h.ServeHTTP(w, r)
			return
		}
		if !tr.before {
			h.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		}
		tr.sprung <- r.Method + " " + r.URL.Path
		<-tr.forever.Done() // the answer never comes
		panic(http.ErrAbortHandler)
	})
}

// TestKilledAtEveryRequest kills a real process with SIGKILL at every boundary
// that it has with the world, starts it again, and counts the tickets.
func TestKilledAtEveryRequest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some sixty processes")
	}
	for _, before := range []bool{true, false} {
		name := map[bool]string{true: "before it is heard", false: "after the deed"}[before]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			boundaries := 0
			for turn := int64(1); ; turn++ {
				if !killedOnce(t, before, turn) {
					break
				}
				boundaries++
			}
			t.Logf("killed at %d boundaries", boundaries)
			require.Greater(t, boundaries, 10)
		})
	}
}

// killedOnce reports false when the process was done before its turn came.
func killedOnce(t *testing.T, before bool, turn int64) bool {
	exchange, support := graphtest.New(nil), zendesktest.New(nil)
	ann := plain("ann")
	ids := []string{
		exchange.Deliver(ann),
		exchange.Deliver(withFile("bob", 200_000)),
		exchange.Deliver(ann), // another copy
		exchange.Deliver([]byte("From: joe@customer.example\r\nSubject: no To\r\n\r\nhi\r\n")),
	}
	forever, release := context.WithCancel(t.Context())
	tr := &trap{before: before, sprung: make(chan string, 1), forever: forever}
	tr.turn.Store(turn)
	graphServer, deskServer := httptest.NewServer(tr.guard(exchange)), httptest.NewServer(tr.guard(support))
	defer graphServer.Close()
	defer deskServer.Close()
	defer release()

	process := func() (*exec.Cmd, *strings.Builder) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EXDESK_TEST_CHILD=1", "GRAPH_URL="+graphServer.URL, "ZENDESK_URL="+deskServer.URL,
			"GRAPH_TOKEN="+exchange.Token(), "ZENDESK_TOKEN="+support.Token())
		said := new(strings.Builder)
		cmd.Stderr = said
		return cmd, said
	}
	cmd, said := process()
	require.NoError(t, cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	where := ""
	select {
	case where = <-tr.sprung:
		require.NoError(t, cmd.Process.Kill())
		require.ErrorContains(t, <-exited, "killed")
		again, said := process()
		require.NoError(t, again.Run(), "%s, killed at %s", said, where)
	case err := <-exited:
		require.NoError(t, err, "%s", said)
	}

	var subjects []string
	for _, ticket := range support.Tickets() {
		subjects = append(subjects, ticket.Subject)
		require.Len(t, ticket.Comments, 1)
	}
	require.ElementsMatch(t, []string{"About ann", "About bob"}, subjects, "killed at %s", where)
	for i, id := range ids {
		m, _ := exchange.Message(id)
		want := []string{"Zendesk"}
		if i == 3 {
			want = append(want, "RejectedByZendesk")
		}
		require.Equal(t, want, m.Categories, "killed at %s", where)
		require.True(t, m.IsRead)
	}
	return where != ""
}
