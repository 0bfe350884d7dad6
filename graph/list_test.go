package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// One damaged item, or a page that is too large, costs no other mail its turn.
func TestUnreadAroundDamage(t *testing.T) {
	for name, c := range map[string]struct {
		graph  graphtest.Options
		poison []int
	}{
		"nothing":                   {},
		"the first":                 {poison: []int{0}},
		"the last":                  {poison: []int{299}},
		"some":                      {poison: []int{7, 120, 121, 122, 250}},
		"a page, and empty ones":    {poison: []int{33}, graph: graphtest.Options{EmptyPages: 3, PageSize: 30}},
		"heavy pages":               {graph: graphtest.Options{HeavyPage: 30}},
		"pages of one":              {graph: graphtest.Options{HeavyPage: 1}},
		"heavy pages with a rotten": {poison: []int{40}, graph: graphtest.Options{HeavyPage: 25, EmptyPages: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.graph
			o.Budget = -1
			inBubble(t, &o, nil, func(t *testing.T, srv *graphtest.Server, client *graph.Client) {
				want := make(map[string]int)
				rotten := make(map[string]bool)
				for i := range 300 {
					id := srv.Deliver(mail(i))
					want[id]++
					time.Sleep(time.Second)
					for _, p := range c.poison {
						if p == i {
							srv.Poison(id)
							rotten[id] = true
						}
					}
				}
				for m, err := range client.Unread(t.Context()) {
					require.NoError(t, err)
					want[m.ID]--
					require.Equal(t, rotten[m.ID], m.Subject == "")
				}
				for id, n := range want {
					require.Zero(t, n, id)
				}
				n := 0
				var last time.Time
				for m, err := range client.Newest(t.Context()) {
					require.NoError(t, err)
					if n++; n > 1 {
						require.False(t, m.Received.After(last), "newest first")
					}
					last = m.Received
				}
				require.Equal(t, 300, n)
			})
		})
	}
}

// A service that is down is not mistaken for damaged mail.
func TestUnreadOfAServiceThatIsDown(t *testing.T) {
	for _, f := range []graphtest.Fault{{Status: 500, Times: -1}, {Status: 504, Times: -1}, {Status: 503, Times: -1}, {Drop: true, Times: -1}} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			srv.Deliver(mail(1))
			require.NoError(t, srv.Fault(f))
			n := 0
			for m, err := range c.Unread(t.Context()) {
				require.Nil(t, m)
				require.ErrorIs(t, err, exdesk.ErrTemporary)
				n++
			}
			require.Equal(t, 1, n)
			require.LessOrEqual(t, srv.Count(), 6)
		})
	}
}

func TestByMessageID(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		write := func(id, folder string) string {
			mail := strings.Replace(string(mail(1)), "<1@x.example>", "<"+id+">", 1)
			at, err := srv.DeliverTo(srv.Mailbox(), []byte(mail), &graphtest.Delivery{Folder: folder})
			require.NoError(t, err)
			return at
		}
		odd := "it's%41/#?&+=@x.example"
		for _, folder := range []string{"inbox", "sentitems", "deleteditems", "archive"} {
			for _, id := range []string{folder + "@x.example", odd} {
				at := write(id, folder)
				for _, err := range c.Label(t.Context(), []exdesk.Mark{{ID: at, Flag: exdesk.Keep, Record: exdesk.Record{Outcome: exdesk.Created, Ticket: 7}}}) {
					require.NoError(t, err)
				}
			}
			mails, err := c.ByMessageID(t.Context(), folder+"@x.example")
			require.NoError(t, err)
			require.Len(t, mails, 1)
			require.EqualValues(t, 7, mails[0].Record.Ticket)
		}
		mails, err := c.ByMessageID(t.Context(), odd)
		require.NoError(t, err)
		require.Len(t, mails, 4)
		mails, err = c.ByMessageID(t.Context(), "x' or isRead eq false or internetMessageId eq 'y")
		require.NoError(t, err)
		require.Empty(t, mails)
	})
}

func TestMarksLeaveTheReadFlag(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		for _, step := range []struct {
			flag exdesk.Flag
			read bool
		}{{exdesk.Keep, false}, {exdesk.Read, true}, {exdesk.Keep, true}, {exdesk.Unread, false}} {
			require.NoError(t, c.Label(t.Context(), []exdesk.Mark{{ID: id, Flag: step.flag, Record: exdesk.Record{Outcome: exdesk.Held}}})[0])
			m, _ := srv.Message(id)
			require.Equal(t, step.read, m.IsRead)
		}
	})
}

const rich = "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@customer.example>\r\nTo: support@contoso.test, Bob <bob@customer.example>\r\nCc: cy@customer.example\r\n" +
	"Reply-To: office@customer.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <rich@x.example>\r\nIn-Reply-To: <before@x.example>\r\nDate: Sat, 01 Jan 2000 00:00:00 +0000\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hübsch: <img src=\"cid:pic@x\"></p>\r\n" +
	"--r\r\nContent-Type: image/png; name=pic.png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline; filename=pic.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n" +
	"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"b\xc3\xbcro.pdf\"\r\n\r\n%PDF-1.4 not really\r\n" +
	"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nTo: z@y.example\r\nSubject: Inner\r\n\r\nInside.\r\n--b--\r\n"

// What Graph cannot turn into MIME is put together from its parts.
func TestOpenRebuildsDamagedMIME(t *testing.T) {
	for _, bare := range []bool{false, true} {
		inBubble(t, &graphtest.Options{BareHeaders: bare}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			id := srv.Deliver([]byte(rich))
			srv.BreakMIME(id, "")
			body, err := c.Open(t.Context(), id)
			require.NoError(t, err)
			mime, err := io.ReadAll(body)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			for _, want := range []string{"ann@customer.example", "bob@customer.example", "cy@customer.example", "office@customer.example", "<rich@x.example>",
				"In-Reply-To: <before@x.example>", "compauth=pass", "Content-Id: <pic@x>", "Content-Disposition: inline", "pic.png", "b%C3%BCro.pdf",
				"iVBORw0KGgo=", "JVBERi0xLjQgbm90IHJlYWxseQ==", "message/rfc822"} {
				require.Contains(t, string(mime), want)
			}
			if bare {
				require.Contains(t, string(mime), "=?utf-8?q?Ann_M=C3=BCller?= <ann@customer.example>")
			}
		})
	}
}

// What Graph's JSON says is a field's name, an address or a file's type makes no
// other field, author or container of it.
func TestRebuiltMailIsNothingElse(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch at := r.URL.Path; {
		case strings.HasSuffix(at, "/messages/1/$value"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"error":{"code":"ErrorMimeContentInvalid"}}`)
		case strings.HasSuffix(at, "/attachments"):
			_, _ = io.WriteString(w, `{"value":[{"id":"2","name":"a.bin","contentType":"multipart /mixed"},{"id":"2","name":"b.bin","contentType":"Multipart/Mixed; boundary=x"}]}`)
		case strings.HasSuffix(at, "/$value"):
			_, _ = io.WriteString(w, "octets")
		default:
			_, _ = io.WriteString(w, `{"internetMessageHeaders":[{"name":"X-First","value":"1"},{"name":"\tX","value":"2"},{"name":"!X","value":"3"},{"name":"\u0000X","value":"4"}],`+
				`"from":{"emailAddress":{"address":"an\u0000n@customer.example"}},"body":{"content":"Hello"}}`)
		}
	}))
	defer web.Close()
	c, err := graph.New("support@contoso.test", token("t"), &graph.Options{BaseURL: web.URL + "/v1.0"})
	require.NoError(t, err)
	body, err := c.Open(t.Context(), "1")
	require.NoError(t, err)
	defer body.Close()
	mime, err := io.ReadAll(body)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(mime), "X-First: 1\r\nTo: undisclosed-recipients:;\r\nMIME-Version: 1.0\r\n"), "%s", mime)
	require.Equal(t, 1, strings.Count(string(mime), "multipart"))
	require.Equal(t, 2, strings.Count(string(mime), "Content-Type: application/octet-stream\r\n\r\nb2N0ZXRz"))
}

// Nothing is left behind by a reader who has seen enough, and what cannot be
// had is said.
func TestOpenOfDamagedMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver([]byte(rich))
		srv.BreakMIME(id, "ErrorCorruptData")
		body, err := c.Open(t.Context(), id)
		require.NoError(t, err)
		_, err = io.ReadFull(body, make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, body.Close())

		require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/attachments/*/$value", Status: 503, Times: -1}))
		body, err = c.Open(t.Context(), id)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, body)
		require.ErrorIs(t, err, exdesk.ErrTemporary, "half a mail is no mail")
		require.NoError(t, body.Close())

		srv.ClearFaults()
		srv.Poison(id)
		_, err = c.Open(t.Context(), id)
		require.ErrorIs(t, err, exdesk.ErrRefused)
		var e *graph.Error
		require.True(t, errors.As(err, &e))
		require.Equal(t, "open message", e.Op)
	})
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver([]byte(rich))
		srv.BreakMIME(id, "")
		require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/attachments/*/$value", Hang: true, Times: -1}))
		ctx, cancel := context.WithCancel(t.Context())
		body, err := c.Open(ctx, id)
		require.NoError(t, err)
		cancel()
		_, err = io.Copy(io.Discard, body)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, body.Close())
	})
}

func ExampleClient_ByMessageID() {
	exchange := graphtest.New(nil)
	exchange.Deliver(mail(1))
	server, client := serve(exchange)
	defer server.Close()
	mails, err := client.ByMessageID(context.Background(), "1@x.example")
	fmt.Println(mails[0].Subject, err)
	// Output: No. 1 <nil>
}

func serve(exchange *graphtest.Server) (*httptest.Server, *graph.Client) {
	server := httptest.NewServer(exchange)
	client, err := graph.New(exchange.Mailbox(), token(exchange.Token()), &graph.Options{BaseURL: server.URL + "/v1.0"})
	if err != nil {
		panic(err)
	}
	return server, client
}
