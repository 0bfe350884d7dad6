package exdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
)

// Both sides are examined, and neither is changed.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, nil)
		w.deliver("ann")
		w.ingest()
		w.deliver("bob")
		mails, tickets, users := w.exchange.Messages(), w.support.Tickets(), w.support.Users()
		w.exchange.ResetRequests()
		w.support.ResetRequests()
		found, err := w.conn.Check(t.Context())
		require.NoError(t, err)
		require.False(t, found.Failed(), found)
		var subjects []string
		for _, f := range found {
			subjects = append(subjects, f.Subject)
		}
		require.Equal(t, []string{"Microsoft sign-in", "mailbox", "reading", "writing", "sending", "large files", "other connections", "categories",
			"role", "scopes", "address", "address", "Zendesk settings"}, subjects)
		require.Equal(t, mails, w.exchange.Messages())
		require.Equal(t, tickets, w.support.Tickets())
		require.Equal(t, users, w.support.Users())
		require.Empty(t, w.support.Uploads())
		require.Empty(t, w.exchange.Sent())
		require.LessOrEqual(t, w.exchange.Count()+w.support.Count(), 30)
		for _, r := range w.exchange.Requests() {
			require.True(t, r.Method == http.MethodGet || r.Status == 404, "%s %s: %d", r.Method, r.Path, r.Status)
		}
		for _, r := range w.support.Requests() {
			require.True(t, r.Method == http.MethodGet || r.Status == 404, "%s %s: %d", r.Method, r.Path, r.Status)
		}
		require.Equal(t, exdesk.Created, w.ingest().Results[0].Outcome, "and what waited is still taken")
	})
}

// Checking and ingesting at the same time disturb each other in nothing.
func TestCheckWhileIngesting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, nil)
		for i := range 20 {
			w.deliver(fmt.Sprintf("p%d", i))
		}
		results := make(chan exdesk.Findings)
		go func() {
			found, _ := w.conn.Check(t.Context())
			results <- found
		}()
		report := w.ingest()
		require.Equal(t, 20, report.Count(exdesk.Created))
		found := <-results
		require.NotEmpty(t, found)
		require.NotContains(t, []exdesk.Severity{exdesk.Unknown, exdesk.Warning, exdesk.Failure}, found.Worst(), found)
		require.Len(t, w.support.Tickets(), 20)
	})
}

// hides is a Mailbox and no more.
type hides struct{ exdesk.Mailbox }

// hidesDesk is a Desk and no more.
type hidesDesk struct{ exdesk.Desk }

// examined is a Checker that remembers what it was asked about.
type examined struct {
	exdesk.Mailbox
	exdesk.Outbox
	setup atomic.Pointer[exdesk.Setup]
	hang  chan struct{}
	took  time.Duration
}

func (a *examined) Check(ctx context.Context, s *exdesk.Setup) []exdesk.Finding {
	a.setup.Store(s)
	if a.hang != nil {
		<-a.hang // whatever ctx says
	}
	select {
	case <-time.After(a.took):
	case <-ctx.Done():
	}
	return []exdesk.Finding{{Subject: "asked", Severity: exdesk.Note, What: "it was asked"}}
}

func TestCheckKnowsWhatFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, nil)
		check := func(box exdesk.Mailbox, desk exdesk.Desk) (exdesk.Findings, error) {
			conn, err := exdesk.New(box, desk, &exdesk.Options{Aliases: []string{"help@contoso.test"}, Labels: exdesk.Labels{Held: "Later"}})
			require.NoError(t, err)
			return conn.Check(t.Context())
		}
		box := &examined{Mailbox: w.mailbox, Outbox: w.mailbox}
		found, err := check(box, w.desk)
		require.NoError(t, err)
		require.Equal(t, "asked", found[0].Subject)
		require.Equal(t, &exdesk.Setup{Address: w.exchange.Mailbox(), Aliases: []string{"help@contoso.test"}, Ingests: true, Relays: true,
			Categories: []string{"Zendesk", "RejectedByZendesk", "Later"}, MaxBytes: exdesk.MaxMessageBytes}, box.setup.Load())

		found, err = check(box, nil)
		require.NoError(t, err)
		require.Len(t, found, 1, "the mailbox alone")
		require.Equal(t, &exdesk.Setup{Address: w.exchange.Mailbox(), Aliases: []string{"help@contoso.test"}, Relays: true, MaxBytes: exdesk.MaxMessageBytes}, box.setup.Load())

		found, err = check(hides{w.mailbox}, w.desk)
		require.NoError(t, err)
		require.Equal(t, exdesk.Finding{Subject: "mailbox", Severity: exdesk.Unknown, What: "this mailbox cannot examine itself: it is no Checker"}, found[0])
		require.Equal(t, "role", found[1].Subject)
		found, err = check(box, hidesDesk{w.desk})
		require.NoError(t, err)
		require.Equal(t, "desk", found[1].Subject)
		require.Equal(t, exdesk.Unknown, found.Worst())
		_, err = check(hides{w.mailbox}, nil)
		require.ErrorContains(t, err, "Checker")
	})
}

// A side that does not come back does not keep what the other found.
func TestCheckEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, nil)
		box := &examined{Mailbox: w.mailbox, Outbox: w.mailbox, hang: make(chan struct{})}
		conn, err := exdesk.New(box, w.desk, nil)
		require.NoError(t, err)
		begun := time.Now()
		found, err := conn.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, "examining the mailbox did not end in time", found[0].What)
		require.Equal(t, "role", found[1].Subject)
		require.WithinRange(t, time.Now(), begun.Add(2*time.Minute), begun.Add(3*time.Minute))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = conn.Check(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(box.hang)

		conn, err = exdesk.New(&examined{Mailbox: w.mailbox, Outbox: w.mailbox, took: time.Hour}, w.desk, nil)
		require.NoError(t, err)
		found, err = conn.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, "asked", found[0].Subject, "who heeds the time has his say")

		w.graphFault(graphtest.Fault{Path: "/v1.0/users/*/mailFolders/inbox", Hang: true, Times: -1})
		found, err = w.conn.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, exdesk.Unknown, found[1].Severity)
		require.Equal(t, "role", found[2].Subject)
	})
}

func TestFindings(t *testing.T) {
	var none exdesk.Findings
	require.Equal(t, exdesk.Good, none.Worst())
	require.Empty(t, none.String())
	list := exdesk.Findings{
		{"sign-in", exdesk.Good, "somebody has signed in", ""},
		{"mailbox", exdesk.Note, "a\r\nb\tc", "do\nthis"},
	}
	for _, s := range []exdesk.Severity{exdesk.Note, exdesk.Unknown, exdesk.Warning, exdesk.Failure} {
		list[1].Severity = s
		require.Equal(t, s, list.Worst())
		require.Equal(t, s == exdesk.Failure, list.Failed())
	}
	require.Equal(t, "good     sign-in  somebody has signed in\nfailure  mailbox  a  b c\n                  -> do this\n", list.String())
	text, err := json.Marshal(list)
	require.NoError(t, err)
	require.JSONEq(t, `[{"subject":"sign-in","severity":"good","what":"somebody has signed in"},
		{"subject":"mailbox","severity":"failure","what":"a\r\nb\tc","do":"do\nthis"}]`, string(text))
}

// What a terminal would obey is not shown to it, and what nobody knows is no good.
func TestFindingsFromStrangers(t *testing.T) {
	list := exdesk.Findings{{"a\u009b31mb", exdesk.Note, "c\u202ed\u2028e\u0085f", "g\x1b]0;h\u2066i"}}
	require.Equal(t, "note  a 31mb  c d e f\n              -> g ]0;h i\n", list.String())
	list[0].Severity = "critical\x1b"
	require.Equal(t, exdesk.Unknown, list.Worst())
	require.NotContains(t, list.String(), "\x1b")
}

// A table fits a terminal, whatever the length of what is in it.
func TestFindingsLines(t *testing.T) {
	word := strings.Repeat("w", 100)
	list := exdesk.Findings{{"mailbox", exdesk.Warning, strings.Repeat("twelve bytes ", 12) + word, word + " " + strings.Repeat("x ", 40) + "y"}}
	require.Equal(t, ""+
		"warning  mailbox  twelve bytes twelve bytes twelve bytes twelve bytes twelve bytes twelve\n"+
		"                  bytes twelve bytes twelve bytes twelve bytes twelve bytes twelve bytes\n"+
		"                  twelve bytes\n"+
		"                  "+word+"\n"+
		"                  -> "+word+"\n"+
		"                     "+strings.Repeat("x ", 35)+"x\n"+
		"                     "+strings.Repeat("x ", 4)+"y\n", list.String())
	require.Equal(t, "good  a  \n", exdesk.Findings{{"a", exdesk.Good, "", ""}}.String())
	require.Equal(t, "good  a   "+word+"\n", exdesk.Findings{{"a", exdesk.Good, " " + word, ""}}.String())
}

// kind is a way to open a mailbox.
type kind struct {
	grant   graphtest.Grant
	address string
	options graph.Options
}

const sharedBox = "team@contoso.test"

func kinds() map[string]kind {
	return map[string]kind{
		"own":         {graphtest.Grant{Scopes: []string{"Mail.ReadWrite", "Mail.Send", "User.Read"}}, "support@contoso.test", graph.Options{User: "me"}},
		"shared":      {graphtest.Grant{Scopes: []string{"Mail.ReadWrite.Shared", "Mail.Send.Shared", "User.Read"}}, sharedBox, graph.Options{}},
		"application": {graphtest.Grant{AppOnly: true, Scopes: []string{"Mail.ReadWrite", "Mail.Send"}, Mailboxes: []string{sharedBox}}, sharedBox, graph.Options{OutOfReach: "boss@contoso.test"}},
	}
}

// open makes a Connector of a mailbox of that kind.
func (k kind) open(w *world, g *graphtest.Options, rights ...graphtest.Right) (*exdesk.Connector, *graphtest.Server) {
	w.Helper()
	exchange := graphtest.New(g)
	exchange.AddShared(sharedBox)
	exchange.AddMailbox("boss@contoso.test")
	exchange.Delegate(sharedBox, exchange.Mailbox(), rights...)
	url, client, stop := memnet.Serve(exchange)
	w.Cleanup(stop)
	k.options.BaseURL, k.options.HTTPClient = url+"/v1.0", client
	box, err := graph.New(k.address, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.TokenFor(k.grant)}), &k.options)
	require.NoError(w, err)
	conn, err := exdesk.New(box, w.desk, &exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1}})
	require.NoError(w, err)
	return conn, exchange
}

func noteFrom(address, rest string) *exdesk.Outbound {
	return &exdesk.Outbound{MIME: strings.NewReader(strings.ReplaceAll(order, "support@contoso.test", address) + rest), Ticket: 1}
}

// The own mailbox, a shared one and one that an application opens: mail comes in
// and goes out with the least permissions, and Check finds nothing wrong.
func TestMailboxKinds(t *testing.T) {
	for name, k := range kinds() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil, nil)
				conn, exchange := k.open(w, nil, graphtest.FullAccess, graphtest.SendAs)
				_, err := exchange.DeliverTo(k.address, plain("ann"), nil)
				require.NoError(t, err)
				found, err := conn.Check(t.Context())
				require.NoError(t, err)
				require.False(t, found.Failed(), found)

				report, err := conn.Ingest(t.Context())
				require.NoError(t, err)
				require.Equal(t, 1, report.Count(exdesk.Created))
				_, err = conn.Relay(t.Context(), noteFrom(k.address, ""))
				require.NoError(t, err)
				sent := exchange.Sent()
				require.Len(t, sent, 1)
				require.NotContains(t, string(sent[0].MIME), "\nSender:")
				at := slices.IndexFunc(exchange.Messages(), func(m graphtest.Message) bool { return m.Folder == "sentitems" })
				require.Equal(t, k.address, exchange.Messages()[at].Mailbox, "the copy is where it was sent from")
				require.Empty(t, exchange.Violations())
				require.Empty(t, exchange.Unknown())
			})
		})
	}
}

// What Exchange does not let who signed in do with a shared mailbox is told, where
// it is tried and where it is needed.
func TestSharedMailboxLacks(t *testing.T) {
	k := kinds()["shared"]
	big := "\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 1<<12)
	large := strings.Replace(order, "\r\n\r\n", "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n", 1) +
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=x.pdf\r\n" + strings.Repeat(big, 16) + "--b--\r\n"
	for name, c := range map[string]struct {
		exchange graphtest.Options
		rights   []graphtest.Right
		mime     string
		finding  string
		err      string
		sender   bool
	}{
		"nothing":          {finding: "Full Access in Exchange", err: "Mail.ReadWrite"},
		"send as":          {rights: []graphtest.Right{graphtest.FullAccess}, finding: "has Send As", err: "Send As"},
		"on behalf":        {rights: []graphtest.Right{graphtest.FullAccess, graphtest.SendOnBehalf}, finding: "Send on Behalf", sender: true},
		"large files":      {rights: []graphtest.Right{graphtest.FullAccess, graphtest.SendAs}, mime: large, finding: "no files of 3 MB", err: "an application's permissions"},
		"large files work": {exchange: graphtest.Options{SharedUploads: true}, rights: []graphtest.Right{graphtest.FullAccess, graphtest.SendAs}, mime: large, finding: "files of 3 MB and more can be sent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil, nil)
				conn, exchange := k.open(w, &c.exchange, c.rights...)
				_, err := exchange.DeliverTo(k.address, plain("ann"), nil)
				require.NoError(t, err)
				found, err := conn.Check(t.Context())
				require.NoError(t, err)
				require.Contains(t, found.String(), c.finding)
				note := noteFrom(k.address, "")
				if c.mime != "" {
					note.MIME = strings.NewReader(strings.ReplaceAll(c.mime, "support@contoso.test", k.address))
				}
				_, err = conn.Relay(t.Context(), note)
				if c.err != "" {
					require.ErrorIs(t, err, exdesk.ErrAccess)
					require.ErrorContains(t, err, c.err)
					require.Empty(t, exchange.Sent())
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.sender, strings.Contains(string(exchange.Sent()[0].MIME), "\nSender:"))
			})
		})
	}
}

func ExampleConnector_Check() {
	// Nobody gave the account that signed in more than reading.
	exchange := graphtest.New(nil)
	exchange.Deliver([]byte("From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: Help\r\n\r\nPlease.\r\n"))
	server := httptest.NewServer(exchange)
	defer server.Close()
	mailbox, err1 := graph.New("support@contoso.test", oauth2.StaticTokenSource(&oauth2.Token{
		AccessToken: exchange.TokenFor(graphtest.Grant{Scopes: []string{"User.Read", "Mail.Read"}})}), &graph.Options{BaseURL: server.URL + "/v1.0"})
	conn, err2 := exdesk.New(mailbox, nil, nil)
	if err := errors.Join(err1, err2); err != nil {
		fmt.Println(err)
		return
	}
	findings, err := conn.Check(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(findings)
	fmt.Println(findings.Failed())
	// Output:
	// good     Microsoft sign-in  the mailbox's own account has signed in
	// good     mailbox            the mailbox is in Exchange Online
	// good     reading            mail can be read
	// failure  writing            mail cannot be changed: the permission is missing
	//                             -> consent to Mail.ReadWrite and sign in again
	// failure  sending            mail cannot be sent: the permission is missing
	//                             -> consent to Mail.Send and sign in again
	// true
}
