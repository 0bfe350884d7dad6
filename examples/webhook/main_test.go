package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-demo"}, &out, &errs))
	require.Regexp(t, `^Ann's mail became ticket 1\.
Sam answered it in public, and Zendesk told the webhook: 200\.
This left the mailbox:

  From: "support" <support@contoso\.test>
  To: "Ann" <ann@customer\.example>
  Subject: Re: Where is my order\?
  In-Reply-To: <one@customer\.example>
  Auto-Submitted: auto-generated

  It is on its way\. Here is the label\.

  \[[0-9A-Z]{6}-[0-9A-Z]{5}\]
  \(attached: label\.pdf\)

Ann answered it: comment on ticket 1, which says now:

  Ann: It should have come on Monday\.
  Sam: It is on its way\. Here is the label\.
  Ann: Thank you!
$`, out.String())
	require.Empty(t, errs.String())
}

// room is both services and the program, over real HTTP on connections in
// memory.
type room struct {
	*testing.T
	exchange *graphtest.Server
	support  *zendesktest.Server
	hooks    *zendesktest.Webhooks
	sender   *sender
	logs     *lines
	relay    exdesk.RelayOptions
	self     []int64

	urls    [2]string
	clients [2]*http.Client
	secret  string
	handler http.Handler
	stop    func()
}

var (
	longMail = graphtest.Options{TokenLife: 1000 * time.Hour}
	longDesk = zendesktest.Options{TokenLife: -1, Agents: []string{"sam@acme.test"}}
)

// inRoom has ticket 1 made of a mail of Ann's, of which Bob has a copy.
func inRoom(t *testing.T, g graphtest.Options, z zendesktest.Options, f func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{T: t, exchange: graphtest.New(&g), support: zendesktest.New(&z), logs: &lines{}}
		url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.handler.ServeHTTP(w, q) }))
		defer stop()
		r.hooks = zendesktest.NewWebhooks(r.support, &zendesktest.WebhookOptions{Client: client})
		for i, h := range []http.Handler{r.exchange, r.hooks} {
			var end func()
			r.urls[i], r.clients[i], end = memnet.Serve(h)
			defer end()
		}
		_, r.secret = r.hooks.Subscribe(url + "/zendesk")
		r.start()
		r.exchange.Deliver(fmt.Appendf(nil, "From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nCc: Bob <bob@partner.example>\r\n"+
			"Subject: Where is =?utf-8?q?=C3=A4?=?\r\nMessage-ID: <one@customer.example>\r\nDate: %s\r\n\r\nWhere?\r\n", now()))
		require.Equal(t, exdesk.Created, r.ingest().Outcome)
		time.Sleep(5 * time.Minute)
		r.hooks.Deliver(t.Context()) // Ann's own comment
		require.Empty(t, r.exchange.Sent())
		f(t, r)
		r.stop()
		for _, v := range slices.Concat(r.exchange.Violations(), r.support.Violations(), r.exchange.Unknown(), r.support.Unknown()) {
			t.Error(v)
		}
	})
}

// start begins a process that knows nothing of an earlier one.
func (r *room) start() {
	c := &connection{relay: r.relay, secrets: []string{r.secret}, self: r.self, log: slog.New(slog.NewTextHandler(r.logs, nil))}
	var err error
	c.mailbox, err = graph.New(r.exchange.Mailbox(), static(r.exchange.Token()), &graph.Options{BaseURL: r.urls[0] + "/v1.0", HTTPClient: r.clients[0]})
	require.NoError(r, err)
	c.desk, err = zendesk.New("acme", static(r.support.Token()), &zendesk.Options{BaseURL: r.urls[1], HTTPClient: r.clients[1]})
	require.NoError(r, err)
	r.sender, err = newSender(c)
	require.NoError(r, err)
	r.handler = r.sender.handler("/zendesk")
	ctx, cancel := context.WithCancel(r.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.sender.queue.run(ctx) }()
	r.stop = func() { cancel(); <-ended }
}

func (r *room) ingest() *exdesk.Result {
	r.Helper()
	report, err := r.sender.conn.Ingest(r.Context())
	require.NoError(r, err)
	require.Len(r, report.Results, 1)
	require.NoError(r, report.Results[0].Err)
	return report.Results[0]
}

// say adds a comment of Sam's, unless it names somebody.
func (r *room) say(m zendesktest.Comment) int64 {
	if m.Author.Email == "" {
		m.Author.Email = "sam@acme.test"
	}
	r.support.Edit(1, func(t *zendesktest.Ticket) { t.Comments = append(t.Comments, m) })
	r.hooks.Collect()
	t, _ := r.support.Ticket(1)
	return t.Comments[len(t.Comments)-1].ID
}

// deliver has Zendesk deliver for some minutes, and returns the answers.
func (r *room) deliver() []int {
	var all []int
	for range 10 {
		for _, d := range r.hooks.Deliver(r.Context()) {
			all = append(all, d.Status)
		}
		time.Sleep(30 * time.Second)
	}
	return all
}

// text is a mail as it left, to look into.
func text(m graphtest.SentMail) string {
	var b strings.Builder
	head, err := printMail(&b, m.MIME)
	if err != nil {
		return err.Error()
	}
	subject, _ := head["Subject"]
	return strings.Join(subject, "") + "\n" + b.String()
}

func TestAnswerLeaves(t *testing.T) {
	for name, g := range map[string]graphtest.Options{
		"as reported": {}, "kept": {Headers: graphtest.Keeps}, "late": {SentLag: 40 * time.Second, PropertyLag: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			g.TokenLife = longMail.TokenLife
			inRoom(t, g, longDesk, func(t *testing.T, r *room) {
				r.say(zendesktest.Comment{HTML: "<p>On its <b>way</b>.</p>", Public: true, Attachments: []zendesktest.Attachment{{Name: "Überweisung.pdf", Content: bytes.Repeat([]byte("x"), 900_000)}}})
				require.Equal(t, []int{200}, r.deliver())
				sent := r.exchange.Sent()
				require.Len(t, sent, 1)
				require.Equal(t, []string{"ann@customer.example", "bob@partner.example"}, sent[0].EnvelopeRecipients)
				require.Contains(t, text(sent[0]), "On its way.")
				require.Contains(t, text(sent[0]), "(attached: Überweisung.pdf)")
				m, err := mail.ReadMessage(bytes.NewReader(sent[0].MIME))
				require.NoError(t, err)
				require.Equal(t, []string{"auto-generated", "All", "exdesk", "151acb8", "<one@customer.example>"}, []string{m.Header.Get("Auto-Submitted"),
					m.Header.Get("X-Auto-Response-Suppress"), m.Header.Get("X-Mailer"), m.Header.Get("X-Zendesk-From-Account-Id"), m.Header.Get("In-Reply-To")})
				for _, secret := range []string{"customer.example", "partner.example", "way", "Where", "Sam"} {
					require.NotContains(t, r.logs.String(), secret)
				}
			})
		})
	}
}

func TestWhatDoesNotLeave(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		us := r.support.AddUser(zendesktest.User{Name: "exdesk", Email: "exdesk@acme.test", Role: "agent"})
		r.stop()
		r.self = []int64{us.ID}
		r.start()
		r.say(zendesktest.Comment{Body: "note"})
		r.say(zendesktest.Comment{Body: "ours", Public: true, Author: zendesktest.User{Email: us.Email}})
		r.say(zendesktest.Comment{Body: "theirs", Public: true, Author: zendesktest.User{Email: "bob@partner.example"}})
		private := r.say(zendesktest.Comment{Body: "a mistake", Public: true})
		redacted := r.say(zendesktest.Comment{Body: "a secret", Public: true})
		r.support.Redact(1, redacted, "secret")
		r.support.Edit(1, func(t *zendesktest.Ticket) {
			for i := range t.Comments {
				if t.Comments[i].ID == private {
					t.Comments[i].Public = false
				}
			}
		})
		require.Equal(t, []int{200, 200, 200, 200, 200}, r.deliver())
		require.Empty(t, r.exchange.Sent())
		require.Contains(t, r.logs.String(), "it is private")
		require.Contains(t, r.logs.String(), "it was redacted")
	})
}

// However often and in whatever order Zendesk tells of comments, and whoever
// dies meanwhile: each leaves once.
func TestEachLeavesOnce(t *testing.T) {
	for name, g := range map[string]graphtest.Options{"": {}, "late": {SentLag: time.Minute, PropertyLag: time.Minute, FilterLag: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			g.TokenLife = longMail.TokenLife
			inRoom(t, g, longDesk, func(t *testing.T, r *room) {
				r.hooks.Misbehave(zendesktest.Mischief{Duplicates: 2, Together: true, Shuffle: 3})
				for i := range 4 {
					r.say(zendesktest.Comment{Body: fmt.Sprint("answer ", i), Public: true})
				}
				first := r.hooks.Deliver(t.Context())
				require.Len(t, first, 12)
				for range 3 {
					r.stop()
					r.start()
					r.deliver()
				}
				require.Zero(t, r.hooks.Pending())
				var got []string
				for _, m := range r.exchange.Sent() {
					got = append(got, regexp.MustCompile(`answer \d`).FindString(text(m)))
				}
				slices.Sort(got)
				require.Equal(t, []string{"answer 0", "answer 1", "answer 2", "answer 3"}, got)
			})
		})
	}
}

// A second process is told of what the first has sent.
func TestAnotherProcessDoesNotSendAgain(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		r.say(zendesktest.Comment{Body: "answer", Public: true})
		r.hooks.Misbehave(zendesktest.Mischief{Duplicates: 1})
		status := r.hooks.Deliver(t.Context())
		require.Equal(t, 200, status[0].Status)
		r.stop()
		r.start()
		r.say(zendesktest.Comment{Body: "more", Public: true})
		r.deliver()
		e := &zendesk.CommentAdded{Account: 22129848, Ticket: 1, Comment: status[0].Comment, Public: true}
		require.NoError(t, r.sender.send(t.Context(), e))
		require.Contains(t, r.logs.String(), "already=true")
		require.Len(t, r.exchange.Sent(), 2)
	})
}

func TestFileBreaks(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		for _, f := range []zendesktest.Fault{{Cut: 300_000, Times: 2}, {Status: 503, Times: 8}, {Drop: true, Times: 8}} {
			f.Path = "/attachments/token/**"
			require.NoError(t, r.support.Fault(f))
		}
		r.say(zendesktest.Comment{Body: "answer", Public: true, Attachments: []zendesktest.Attachment{{Name: "label.pdf", Content: make([]byte, 700_000)}}})
		require.Equal(t, []int{503}, r.statuses())
		time.Sleep(time.Second)
		require.Empty(t, r.exchange.Sent())
		require.Empty(t, r.drafts(), "nothing half was written")
		all := r.deliver()
		require.Equal(t, 200, all[len(all)-1])
		require.Len(t, r.exchange.Sent(), 1)
		require.Contains(t, text(r.exchange.Sent()[0]), "label.pdf")
	})
}

func (r *room) statuses() []int {
	var all []int
	for _, d := range r.hooks.Deliver(r.Context()) {
		all = append(all, d.Status)
	}
	return all
}

func (r *room) drafts() []string {
	var ids []string
	for _, m := range r.exchange.Messages() {
		if m.Folder == "drafts" {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// What the customers answer is added to the ticket, in their names.
func TestAnswersComeBack(t *testing.T) {
	for name, c := range map[string]struct {
		g      graphtest.Options
		refers bool // whether the answer names what it answers
	}{
		"by its id": {refers: true}, "by its text": {}, "ids are replaced": {graphtest.Options{MessageIDs: graphtest.ReplacedIDs}, true},
		"ids are replaced on the way": {graphtest.Options{MessageIDs: graphtest.ReplacedOnWire}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.g.TokenLife = longMail.TokenLife
			inRoom(t, c.g, longDesk, func(t *testing.T, r *room) {
				r.say(zendesktest.Comment{Body: "On its way", Public: true})
				r.deliver()
				sent := r.exchange.Sent()[0]
				m, err := mail.ReadMessage(bytes.NewReader(sent.MIME))
				require.NoError(t, err)
				for i, who := range []string{"Ann <ann@customer.example>", "Bob <bob@partner.example>"} {
					head := ""
					if c.refers {
						head = "In-Reply-To: " + m.Header.Get("Message-ID") + "\r\nReferences: " + m.Header.Get("References") + " " + m.Header.Get("Message-ID") + "\r\n"
					}
					r.exchange.Deliver(fmt.Appendf(nil, "From: %s\r\nTo: support@contoso.test\r\nCc: ann@customer.example\r\nSubject: %s\r\n%sMessage-ID: <r%d@customer.example>\r\nDate: %s\r\n\r\n"+
						"Thank you!\r\n\r\n> %s\r\n", who, m.Header.Get("Subject"), head, i, now(), strings.ReplaceAll(text(sent), "\n", "\r\n> ")))
					res := r.ingest()
					require.Equal(t, exdesk.Commented, res.Outcome, res.Reason)
					require.Equal(t, int64(1), res.Ticket)
					require.True(t, res.Public, res.Reason)
				}
				is, _ := r.support.Ticket(1)
				require.Len(t, r.support.Tickets(), 1)
				require.Len(t, is.Comments, 4)
				require.Equal(t, "ann@customer.example", is.Comments[2].Author.Email)
				require.Equal(t, "bob@partner.example", is.Comments[3].Author.Email)
				require.Equal(t, "ann@customer.example", is.Requester.Email)

				// And what leaves then is an answer to the last.
				r.deliver()
				r.say(zendesktest.Comment{Body: "Welcome", Public: true})
				r.deliver()
				sent = r.exchange.Sent()[1]
				m, err = mail.ReadMessage(bytes.NewReader(sent.MIME))
				require.NoError(t, err)
				require.Equal(t, "<r1@customer.example>", m.Header.Get("In-Reply-To"))
			})
		})
	}
}

// Whatever people are called and write about, the mailbox keeps it as it is,
// and nobody else gets the mail.
func TestHostileNamesLeave(t *testing.T) {
	for _, g := range []graphtest.Options{{}, {Headers: graphtest.Keeps}} {
		g.TokenLife = longMail.TokenLife
		inRoom(t, g, longDesk, func(t *testing.T, r *room) {
			for i, name := range []string{"Eve\r\nBcc: eve@evil.example", `"Eve" <eve@evil.example>, <x@y.example>`, `back\slash "quote"`, "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=", "Änä",
				"田中さん", strings.Repeat("long ", 60), strings.Repeat("x", 2000), strings.Repeat("田", 1000), "🙂 (comment) [x]; group: a@b.example;", " a  b\tc ", "…" + strings.Repeat(" word", 40)} {
				r.support.AddUser(zendesktest.User{Email: "ann@customer.example", Name: name})
				r.support.Edit(1, func(t *zendesktest.Ticket) { t.Subject = name })
				r.say(zendesktest.Comment{Body: name, Public: true, Attachments: []zendesktest.Attachment{{Name: name + ".pdf", Content: []byte("x")}}})
				require.Equal(t, []int{200}, r.deliver(), "%q: %s", name, r.logs)
				sent := r.exchange.Sent()
				require.Len(t, sent, i+1, "%q: %s", name, r.logs)
				require.Equal(t, []string{"ann@customer.example", "bob@partner.example"}, sent[i].EnvelopeRecipients)
				require.Contains(t, text(sent[i]), ".pdf)")
			}
		})
	}
}

// Our own mail that comes back, as from a customer's mailer that redirects to
// us, is no ticket.
func TestOurOwnMailComesBack(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		r.say(zendesktest.Comment{Body: "On its way", Public: true})
		r.deliver()
		r.exchange.Deliver(r.exchange.Sent()[0].MIME)
		res := r.ingest()
		require.Equal(t, exdesk.Held, res.Outcome)
		require.Equal(t, "own", res.Verdict)
	})
}

// More than the limits let through leaves later, in order, and Zendesk hears
// of the end.
func TestLimitsAreKept(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		var want []string
		for i := range 35 {
			r.say(zendesktest.Comment{Body: fmt.Sprintf("answer %d.", i), Public: true})
			want = append(want, fmt.Sprintf("answer %d.", i))
		}
		r.hooks.Misbehave(zendesktest.Mischief{Together: true})
		all := r.deliver()
		require.Contains(t, all, 503)
		require.Equal(t, 35, strings.Count(fmt.Sprint(all), "200"))
		var got []string
		for _, m := range r.exchange.Sent() {
			got = append(got, regexp.MustCompile(`answer \d+\.`).FindString(text(m)))
		}
		require.ElementsMatch(t, want, got)
		for i, m := range r.exchange.Accepted() {
			if i >= exdesk.RelayPerMinute {
				require.GreaterOrEqual(t, m.At.Sub(r.exchange.Accepted()[i-exdesk.RelayPerMinute].At), time.Minute)
			}
		}
	})
}

func TestBigFilesAreLinked(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		r.say(zendesktest.Comment{Body: "answer", Public: true, Attachments: []zendesktest.Attachment{
			{Name: "film.mp4", Content: make([]byte, 40<<20)}, {Name: "label.pdf", Content: []byte("pdf")}}})
		r.deliver()
		require.Len(t, r.exchange.Sent(), 1)
		got := text(r.exchange.Sent()[0])
		require.Contains(t, got, "film.mp4 (41.9 MB): http://localhost/attachments/token/")
		require.Contains(t, got, "(attached: label.pdf)")
		require.NotContains(t, got, "(attached: film.mp4)")
	})
}

func TestHealth(t *testing.T) {
	inRoom(t, longMail, longDesk, func(t *testing.T, r *room) {
		get := func() (int, string) {
			w := httptest.NewRecorder()
			r.handler.ServeHTTP(w, httptest.NewRequest("GET", health, nil))
			return w.Code, w.Body.String()
		}
		code, body := get()
		require.Equal(t, 200, code)
		require.Equal(t, "0 waiting, the oldest for 0s\n", body)
		r.sender.queue.close()
		code, _ = get()
		require.Equal(t, 503, code)
	})
}

// setEnvironment sets what is usual, for an application that opens the mailbox by
// itself.
func setEnvironment(t *testing.T, changed map[string]string) {
	t.Helper()
	usual := map[string]string{"EXDESK_MAILBOX": "support@contoso.test", "EXDESK_ACCESS": "application", "EXDESK_TENANT": "contoso.test",
		"EXDESK_CLIENT_ID": "id", "EXDESK_CLIENT_SECRET": "secret", "EXDESK_ZENDESK": "acme", "EXDESK_ZENDESK_CLIENT_ID": "id",
		"EXDESK_ZENDESK_CLIENT_SECRET": "secret", "EXDESK_WEBHOOK_SECRETS": " a, b,", "EXDESK_SELF": ""}
	maps.Copy(usual, changed)
	for name, v := range usual {
		t.Setenv(name, v)
	}
}

func TestSettings(t *testing.T) {
	setEnvironment(t, map[string]string{"EXDESK_SELF": "7, 8"})
	c, err := connect()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, c.secrets)
	require.Equal(t, []int64{7, 8}, c.self)
	require.Equal(t, "acme", c.desk.Account())
	for _, bad := range [][2]string{
		{"EXDESK_MAILBOX", ""}, {"EXDESK_CLIENT_SECRET", ""}, {"EXDESK_ZENDESK", ""}, {"EXDESK_ZENDESK_CLIENT_ID", ""},
		{"EXDESK_WEBHOOK_SECRETS", ", ,"}, {"EXDESK_WEBHOOK_SECRETS_FILE", "/does/not/exist"}, {"EXDESK_SELF", "sam"},
	} {
		t.Run(bad[0], func(t *testing.T) {
			t.Setenv(bad[0], bad[1])
			_, err := connect()
			require.ErrorContains(t, err, bad[0])
		})
	}
	for _, args := range [][]string{{"-cert", "x"}, {"-path", "zendesk"}, {"-path", health}, {"extra"}, {"-drain", "-1s"}, {"-nonsense"}} {
		require.Error(t, run(t.Context(), args, io.Discard, io.Discard), args)
	}
}

// The program as it is started, on loopback.
func TestRun(t *testing.T) {
	exchange, support := graphtest.New(nil), zendesktest.New(&longDesk)
	graphServer, deskServer := httptest.NewServer(exchange), httptest.NewServer(support)
	defer graphServer.Close()
	defer deskServer.Close()
	id, secret := exchange.Client()
	deskID, deskSecret := support.Client()
	setEnvironment(t, map[string]string{"EXDESK_MAILBOX": exchange.Mailbox(), "EXDESK_CLIENT_ID": id, "EXDESK_CLIENT_SECRET": secret, "EXDESK_GRAPH_URL": graphServer.URL,
		"EXDESK_LOGIN_URL": graphServer.URL, "EXDESK_ZENDESK_CLIENT_ID": deskID, "EXDESK_ZENDESK_CLIENT_SECRET": deskSecret, "EXDESK_ZENDESK_URL": deskServer.URL})
	logs := &lines{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	limits := filepath.Join(t.TempDir(), "limits")
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-limits", limits, "-may-lose", "X-Mailer"}, io.Discard, logs)
	}()
	addr := regexp.MustCompile(`msg=ready addr=(\S+)`)
	require.Eventually(t, func() bool { return addr.MatchString(logs.String()) }, 10*time.Second, 10*time.Millisecond, "%s", logs)
	base := "http://" + addr.FindStringSubmatch(logs.String())[1]
	res, err := http.Get(base + health)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 200, res.StatusCode)
	res, err = http.Post(base+"/zendesk", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 401, res.StatusCode)
	cancel()
	require.NoError(t, <-ended)
	require.FileExists(t, limits)
}
