package exdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
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
	for range 20 {
		report, err := conn.Ingest(context.Background())
		if err != nil {
			return err
		}
		if report.Count(exdesk.Waiting) == 0 && !unlabelled(report) {
			return nil
		}
	}
	return errors.New("mails keep waiting")
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

var underRace bool

// TestKilledAtEveryRequest kills a real process with SIGKILL at every boundary
// that it has with the world, alone or while another works on the same mailbox,
// starts it again, and counts tickets and comments.
func TestKilledAtEveryRequest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some three hundred processes")
	}
	for _, c := range []struct {
		name           string
		before, beside bool
	}{
		{"before it is heard", true, false},
		{"after the deed", false, false},
		{"before it is heard, beside another", true, true},
		{"after the deed, beside another", false, true},
	} {
		if underRace && !c.beside {
			continue // processes under the race detector are slow to start
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// Most of a life is waiting, so many are lived at once.
			var lives errgroup
			lives.limit = make(chan struct{}, 6)
			var boundaries atomic.Int64
			var over atomic.Bool
			for turn := int64(1); !over.Load() && turn < 200; turn++ {
				lives.run(func() error {
					where, err := killedOnce(t.Context(), c.before, c.beside, turn)
					switch {
					case where == "":
						over.Store(true)
					default:
						boundaries.Add(1)
					}
					if err != nil {
						return fmt.Errorf("killed at %q: %w", where, err)
					}
					return nil
				})
			}
			require.NoError(t, lives.wait())
			t.Logf("killed at %d boundaries", boundaries.Load())
			require.Greater(t, boundaries.Load(), int64(20))
		})
	}
}

// errgroup runs functions at once, so many at a time, and joins their errors.
type errgroup struct {
	limit chan struct{}
	wg    sync.WaitGroup
	mu    sync.Mutex
	errs  []error
}

func (g *errgroup) run(f func() error) {
	g.limit <- struct{}{}
	g.wg.Go(func() {
		defer func() { <-g.limit }()
		if err := f(); err != nil {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.errs = append(g.errs, err)
		}
	})
}

func (g *errgroup) wait() error {
	g.wg.Wait()
	return errors.Join(g.errs...)
}

// killedOnce returns where the process was killed, or nothing if it was done
// before its turn came, and what is wrong afterwards.
func killedOnce(ctx context.Context, before, beside bool, turn int64) (where string, wrong error) {
	exchange, support := graphtest.New(&graphtest.Options{InFlight: -1}), zendesktest.New(nil)
	forever, release := context.WithCancel(ctx)
	tr := &trap{before: before, sprung: make(chan string, 1), forever: forever}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		context.AfterFunc(forever, s.Close)
		return s.URL
	}
	defer release()
	safe := [2]string{serve(exchange), serve(support)}
	process := func(urls [2]string) (*exec.Cmd, *strings.Builder) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EXDESK_TEST_CHILD=1", "GRAPH_URL="+urls[0], "ZENDESK_URL="+urls[1],
			"GRAPH_TOKEN="+exchange.Token(), "ZENDESK_TOKEN="+support.Token())
		said := new(strings.Builder)
		cmd.Stderr = said
		return cmd, said
	}
	run := func() error {
		cmd, said := process(safe)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	}

	asked := exchange.Deliver(question.bytes())
	if err := run(); err != nil {
		return "", err
	}
	ann, reply := plain("ann"), answer.bytes()
	ids := []string{
		asked,
		exchange.Deliver(ann),
		exchange.Deliver(reply),
		exchange.Deliver(withFile("bob", 200_000)),
		exchange.Deliver(ann), // other copies
		exchange.Deliver(reply),
		exchange.Deliver(bounce("q@customer.example")),
		exchange.Deliver([]byte("From: joe@customer.example\r\nSubject: no To\r\n\r\nhi\r\n")),
	}
	tr.turn.Store(turn)
	cmd, said := process([2]string{serve(tr.guard(exchange)), serve(tr.guard(support))})
	if err := cmd.Start(); err != nil {
		return "", err
	}
	exited, other := make(chan error, 1), make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if beside {
		go func() { other <- run() }()
	} else {
		other <- nil
	}
	select {
	case where = <-tr.sprung:
		if err := cmd.Process.Kill(); err != nil {
			return where, err
		}
		<-exited
		if err := run(); err != nil {
			return where, err
		}
	case err := <-exited:
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, said)
		}
	}
	if err := <-other; err != nil {
		return where, err
	}
	return where, check(exchange, support, ids)
}

// check says what is wrong with the two services when all is done.
func check(exchange *graphtest.Server, support *zendesktest.Server, ids []string) error {
	var got []string
	for _, ticket := range support.Tickets() {
		line := ticket.Subject
		for _, c := range ticket.Comments[1:] {
			line += fmt.Sprintf(", %v %.14s", c.Public, c.Body)
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := []string{"About ann", "About bob", "Where is it?, true It is order 12, false Automatic mail"}
	if !slices.Equal(got, want) {
		return fmt.Errorf("tickets are %q", got)
	}
	for i, id := range ids {
		m, _ := exchange.Message(id)
		want := []string{"Zendesk"}
		if i == len(ids)-1 {
			want = append(want, "RejectedByZendesk")
		}
		if !slices.Equal(want, m.Categories) || !m.IsRead {
			return fmt.Errorf("mail %d is labelled %q, read %t", i, m.Categories, m.IsRead)
		}
	}
	return nil
}
