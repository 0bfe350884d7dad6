package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

func token(s string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: s})
}

// inBubble runs f with a fake Exchange Online in virtual time.
func inBubble(t *testing.T, g *graphtest.Options, o *graph.Options, f func(t *testing.T, srv *graphtest.Server, c *graph.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := graphtest.New(g)
		url, client, stop := memnet.Serve(srv)
		t.Cleanup(stop)
		var opts graph.Options
		if o != nil {
			opts = *o
		}
		opts.BaseURL, opts.HTTPClient = url+"/v1.0", client
		c, err := graph.New(srv.Mailbox(), token(srv.Token()), &opts)
		require.NoError(t, err)
		f(t, srv, c)
		require.Empty(t, srv.Violations())
		require.Empty(t, srv.Unknown())
		require.LessOrEqual(t, srv.MaxInFlight(), 4)
	})
}

func mail(n int) []byte {
	return fmt.Appendf(nil, "From: Ann <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: No. %d\r\nMessage-ID: <%[1]d@x.example>\r\n"+
		"Date: Sat, 01 Jan 2000 00:00:00 +0000\r\n\r\nHello.\r\n", n)
}

func list(t *testing.T, c *graph.Client) []*exdesk.Mail {
	t.Helper()
	var mails []*exdesk.Mail
	for m, err := range c.Unread(t.Context()) {
		require.NoError(t, err)
		mails = append(mails, m)
	}
	return mails
}

func TestUnread(t *testing.T) {
	for _, user := range []string{"", "me"} {
		inBubble(t, nil, &graph.Options{User: user}, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			require.Empty(t, list(t, c))
			for i, d := range []graphtest.Delivery{{}, {Read: true}, {Folder: "junkemail"}, {Categories: []string{"Blue"}, Size: 4711}, {Received: time.Now().Add(-time.Hour)}} {
				_, err := srv.DeliverTo(srv.Mailbox(), mail(i), &d)
				require.NoError(t, err)
			}
			mails := list(t, c)
			require.Len(t, mails, 3)
			require.Equal(t, "No. 4", mails[0].Subject, "oldest first")
			m := mails[2]
			require.Equal(t, "No. 3", m.Subject)
			require.EqualValues(t, 4711, m.Size)
			require.Equal(t, []string{"Blue"}, m.Categories)
			require.True(t, m.HasCategory("blue"))
			require.Equal(t, "<3@x.example>", m.MessageID)
			require.Equal(t, exdesk.Address{Name: "Ann", Address: "ann@customer.example"}, m.From)
			require.WithinDuration(t, time.Now(), m.Received, time.Second)
			require.Nil(t, m.Record)
		})
	}
}

func TestUnreadWhileMailIsMarkedRead(t *testing.T) {
	inBubble(t, &graphtest.Options{PageSize: 30, EmptyPages: 4, Budget: -1}, &graph.Options{PageSize: 50}, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		const n = 2300
		for i := range n {
			srv.Deliver(mail(i))
			if i%7 == 0 {
				time.Sleep(time.Second)
			}
		}
		seen := make(map[string]bool)
		var pending []exdesk.Mark
		for m, err := range c.Unread(t.Context()) {
			require.NoError(t, err)
			require.False(t, seen[m.ID], "once each")
			seen[m.ID] = true
			if len(seen)%3 == 0 {
				continue // some stay unread
			}
			if pending = append(pending, exdesk.Mark{ID: m.ID, Categories: []string{"Zendesk"}}); len(pending) == 20 {
				for _, err := range c.Label(t.Context(), pending) {
					require.NoError(t, err)
				}
				pending = nil
			}
		}
		require.Len(t, seen, n)
	})
}

func TestUnreadInOneSecond(t *testing.T) {
	inBubble(t, &graphtest.Options{Budget: -1}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		for i := range 2500 { // all received in the same second
			srv.Deliver(mail(i))
		}
		require.Len(t, list(t, c), 2500)
	})
}

func TestUnreadCanBeLeft(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		for i := range 5 {
			srv.Deliver(mail(i))
		}
		for range c.Unread(t.Context()) {
			break
		}
		require.Len(t, list(t, c), 5)
	})
}

func TestOpen(t *testing.T) {
	inBubble(t, &graphtest.Options{Raw: true}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		body, err := c.Open(t.Context(), id)
		require.NoError(t, err)
		got, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, string(mail(1)), string(got))

		_, err = c.Open(t.Context(), "never/heard+of=")
		require.ErrorIs(t, err, exdesk.ErrNotFound)
		srv.Remove(id)
		_, err = c.Open(t.Context(), id)
		require.ErrorIs(t, err, exdesk.ErrNotFound)
		var e *graph.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "ErrorItemNotFound", e.Code)
		require.Equal(t, 404, e.Status)
		require.NotEmpty(t, e.RequestID)
		require.Contains(t, err.Error(), "graph: open message: 404 ErrorItemNotFound (request-id ")
		_, err = c.Open(t.Context(), "..")
		require.Error(t, err)
	})
}

func TestTruncatedBodyIsAnError(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/**", Cut: 100}))
		body, err := c.Open(t.Context(), id)
		require.NoError(t, err)
		defer body.Close()
		_, err = io.ReadAll(body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
}

func TestLabel(t *testing.T) {
	inBubble(t, &graphtest.Options{Seed: 7}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		var marks []exdesk.Mark
		for i := range 45 {
			id := srv.Deliver(mail(i))
			srv.Edit(id, func(m *graphtest.Message) { m.Categories = []string{"Blue", "zendesk"} })
			marks = append(marks, exdesk.Mark{ID: id, Categories: []string{"Zendesk", "RejectedByZendesk"},
				Record: exdesk.Record{Account: "acme", Outcome: exdesk.Rejected, Reason: fmt.Sprint("reason ", i)}})
		}
		gone := marks[21].ID
		srv.Remove(gone)
		srv.ResetRequests()
		errs := c.Label(t.Context(), marks)
		require.Len(t, errs, len(marks))
		for i, err := range errs {
			if i == 21 {
				require.ErrorIs(t, err, exdesk.ErrNotFound)
				continue
			}
			require.NoError(t, err)
			m, _ := srv.Message(marks[i].ID)
			require.True(t, m.IsRead)
			require.Equal(t, []string{"Blue", "zendesk", "RejectedByZendesk"}, m.Categories, "others are kept, and no case twice")
			srv.Edit(m.ID, func(m *graphtest.Message) { m.IsRead = false })
		}
		require.Equal(t, 6, srv.Count(), "two requests for each twenty")
		for _, m := range list(t, c) {
			require.Equal(t, "acme", m.Record.Account)
			require.Equal(t, "reason "+strings.TrimPrefix(m.Subject, "No. "), m.Record.Reason)
		}
		require.Empty(t, c.Label(t.Context(), nil))
	})
}

func TestLabelConflicts(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		inBubble(t, &graphtest.Options{IgnoreIfMatch: ignore}, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			a, b := srv.Deliver(mail(1)), srv.Deliver(mail(2))
			srv.Conflict(3)
			for _, err := range c.Label(t.Context(), []exdesk.Mark{{ID: a, Categories: []string{"Zendesk"}}, {ID: b, Categories: []string{"Zendesk"}}}) {
				require.NoError(t, err)
			}
			srv.Conflict(1000)
			errs := c.Label(t.Context(), []exdesk.Mark{{ID: a}})
			require.ErrorIs(t, errs[0], exdesk.ErrConflict)
		})
	}
}

// A person adds a category between the reading and the writing.
func TestLabelKeepsWhatAPersonAdds(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/$batch", Skip: 1, Delay: graphtest.Duration(10 * time.Second)}))
		time.AfterFunc(5*time.Second, func() { srv.Edit(id, func(m *graphtest.Message) { m.Categories = []string{"Urgent"} }) })
		require.NoError(t, c.Label(t.Context(), []exdesk.Mark{{ID: id, Categories: []string{"Zendesk"}}})[0])
		m, _ := srv.Message(id)
		require.Equal(t, []string{"Urgent", "Zendesk"}, m.Categories)
	})
}

func TestLabelItemTrouble(t *testing.T) {
	for _, f := range []graphtest.Fault{
		{Status: 429, RetryAfter: "7", Times: 3}, {Status: 503, Times: 3}, {Status: 504, Commit: true, Times: 2}, {Drop: true},
	} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			ids := []string{srv.Deliver(mail(1)), srv.Deliver(mail(2)), srv.Deliver(mail(3))}
			f.Method, f.Path = "PATCH", "/v1.0/users/*/messages/*"
			require.NoError(t, srv.Fault(f))
			var marks []exdesk.Mark
			for _, id := range ids {
				marks = append(marks, exdesk.Mark{ID: id, Categories: []string{"Zendesk"}})
			}
			for i, err := range c.Label(t.Context(), marks) {
				require.NoError(t, err)
				m, _ := srv.Message(ids[i])
				require.Equal(t, []string{"Zendesk"}, m.Categories)
			}
		})
	}
}

func TestLabelEndsWithContext(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/$batch", Hang: true}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Label(ctx, []exdesk.Mark{{ID: id}})[0], context.DeadlineExceeded)
	})
}

func TestRecordOfStrangersIsIgnored(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		require.NoError(t, c.Label(t.Context(), []exdesk.Mark{{ID: id, Record: exdesk.Record{Outcome: exdesk.Created, Ticket: 1}}})[0])
		for _, junk := range []string{"", "{", "[]", `{"ticket":"x"}`, strings.Repeat("x", 9<<10)} {
			srv.Edit(id, func(m *graphtest.Message) {
				m.IsRead = false
				for k := range m.Properties {
					if strings.HasPrefix(k, "String") {
						m.Properties[k] = junk
					}
				}
			})
			require.Nil(t, list(t, c)[0].Record, junk)
		}
	})
}

func TestFourInFlight(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		var ids []string
		for i := range 30 {
			ids = append(ids, srv.Deliver(mail(i)))
		}
		var wg sync.WaitGroup
		for i, id := range ids {
			wg.Go(func() {
				if i%6 == 0 {
					require.NoError(t, c.Label(t.Context(), []exdesk.Mark{{ID: id}, {ID: ids[i+1]}})[0])
					return
				}
				body, err := c.Open(t.Context(), id)
				require.NoError(t, err)
				time.Sleep(time.Second)
				require.NoError(t, body.Close())
			})
		}
		wg.Wait()
		for _, r := range srv.Requests() {
			require.NotEqual(t, 429, r.Status)
		}
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		fault graphtest.Fault
		class error
		says  string
	}{
		{graphtest.Fault{Status: 404, Code: "MailboxNotEnabledForRESTAPI"}, exdesk.ErrAccess, "authenticated SMTP connector"},
		{graphtest.Fault{Status: 404, Code: "Request_ResourceNotFound"}, exdesk.ErrAccess, "check the mailbox's address"},
		{graphtest.Fault{Status: 403, Code: "ErrorAccessDenied"}, exdesk.ErrAccess, "Mail.ReadWrite"},
		{graphtest.Fault{Status: 401, Code: "InvalidAuthenticationToken"}, exdesk.ErrAuth, "sign in again"},
		{graphtest.Fault{Status: 400, Code: "InefficientFilter"}, nil, "400 InefficientFilter"},
		{graphtest.Fault{Status: 500, Code: "ErrorCorruptData"}, exdesk.ErrRefused, "cannot read its own copy"},
		{graphtest.Fault{Status: 507, Code: "ErrorQuotaExceeded"}, exdesk.ErrTemporary, "full"},
		{graphtest.Fault{Status: 429, Code: "ApplicationThrottled", RetryAfter: "3600"}, exdesk.ErrTemporary, "429"},
		{graphtest.Fault{Status: 503, Body: "<html>" + strings.Repeat("proxy", 100_000)}, exdesk.ErrTemporary, "503 Service Unavailable"},
		{graphtest.Fault{Status: 302, Body: "x"}, nil, "foreign host"},
		{graphtest.Fault{Status: 418, Body: `{"error":{"code":"a\u0000\nb` + strings.Repeat("c", 500) + `"}}`}, nil, "418 I'm a teapot"},
	} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, client *graph.Client) {
			c.fault.Times = -1
			require.NoError(t, srv.Fault(c.fault))
			_, err := client.Open(t.Context(), "x")
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 500)
			for _, class := range []error{exdesk.ErrAccess, exdesk.ErrAuth, exdesk.ErrRefused, exdesk.ErrTemporary, exdesk.ErrNotFound, exdesk.ErrConflict} {
				require.Equal(t, class == c.class, errors.Is(err, class), "%v is %v", err, class)
			}
			if c.fault.RetryAfter != "" {
				d, ok := exdesk.RetryAfter(err)
				require.True(t, ok)
				require.InDelta(t, time.Hour, d, float64(time.Second))
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		address string
		tokens  oauth2.TokenSource
		opts    *graph.Options
	}{
		{"support", token("x"), nil},
		{"a@b@c", token("x"), nil},
		{"Support <a@b>", token("x"), nil},
		{"a@b.example", nil, nil},
		{"a@b.example", token("x"), &graph.Options{BaseURL: "http://graph.microsoft.com/v1.0"}},
		{"a@b.example", token("x"), &graph.Options{PageSize: 1001}},
	} {
		_, err := graph.New(c.address, c.tokens, c.opts)
		require.Error(t, err)
	}
	c, err := graph.New("a@b.example", token("x"), nil)
	require.NoError(t, err)
	require.Equal(t, "a@b.example", c.Address())
}

func Example() {
	exchange := httptest.NewServer(startExchange())
	defer exchange.Close()
	mailbox, err := graph.New("support@contoso.test", token(fake.Token()), &graph.Options{BaseURL: exchange.URL + "/v1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for mail, err := range mailbox.Unread(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := mailbox.Open(ctx, mail.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.Copy(io.Discard, body)
		_ = body.Close()
		fmt.Println(mail.Subject, mailbox.Label(ctx, []exdesk.Mark{{ID: mail.ID, Categories: []string{exdesk.LabelProcessed}}}))
	}
	// Output: No. 1 [<nil>]
}

var fake *graphtest.Server

func startExchange() *graphtest.Server {
	fake = graphtest.New(nil)
	fake.Deliver(mail(1))
	return fake
}

// raw answers one path with a body as JSON.
func raw(t *testing.T, srv *graphtest.Server, path, body string) *graph.Client {
	t.Helper()
	url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, path) {
			srv.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "HOST", "http://"+r.Host))
	}))
	t.Cleanup(stop)
	c, err := graph.New(srv.Mailbox(), token(srv.Token()), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
	require.NoError(t, err)
	return c
}

func TestOddItemsDoNotSpoilTheList(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
		c := raw(t, srv, "/inbox/messages", `{"error":null,"@microsoft.graph.tips":"x","value":[
			{"id":"A","sentDateTime":"","receivedDateTime":null,"from":null,"categories":null,"singleValueExtendedProperties":[{"id":"Integer 0xe08","value":4711}]},
			{"id":"B","categories":"none","subject":7}, {"id":"A"}, {"subject":"no id"}, 5,
			{"id":"C","subject":"good","receivedDateTime":"2026-01-02T03:04:05.1234567Z"}]}`)
		mails := list(t, c)
		require.Len(t, mails, 3)
		require.EqualValues(t, 4711, mails[0].Size)
		require.Equal(t, "B", mails[1].ID)
		require.Equal(t, 2026, mails[2].Received.Year())
	})
}

func TestEndlessEmptyPages(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
		c := raw(t, srv, "/inbox/messages", `{"value":[],"@odata.nextLink":"HOST/v1.0/users/x/mailFolders/inbox/messages?$skiptoken=x"}`)
		for _, err := range c.Unread(t.Context()) {
			require.ErrorIs(t, err, exdesk.ErrTemporary)
		}
	})
}

func TestWhatIsNoMail(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
		c := raw(t, srv, "/$value", `{"signed":"in?"}`)
		_, err := c.Open(t.Context(), "x")
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.ErrorContains(t, err, "not a mail")
	})
}

func TestUnknownCategoriesAreNotOverwritten(t *testing.T) {
	for _, body := range []string{`null`, `{}`, `{"id":"x"}`, `"bm90IEpTT04="`} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, _ *graph.Client) {
			id := srv.Deliver(mail(1))
			srv.Edit(id, func(m *graphtest.Message) { m.Categories = []string{"Blue"} })
			c := raw(t, srv, "/$batch", `{"responses":[{"id":"0","status":200,"body":`+body+`}]}`)
			require.ErrorIs(t, c.Label(t.Context(), []exdesk.Mark{{ID: id, Categories: []string{"Zendesk"}}})[0], exdesk.ErrTemporary)
			m, _ := srv.Message(id)
			require.Equal(t, []string{"Blue"}, m.Categories)
		})
	}
}

func TestLongPauseOfABatchItem(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		id := srv.Deliver(mail(1))
		require.NoError(t, srv.Fault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 429, RetryAfter: "86400"}))
		begin := time.Now()
		err := c.Label(t.Context(), []exdesk.Mark{{ID: id}})[0]
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.Less(t, time.Since(begin), time.Minute)
		_, err = c.Open(t.Context(), id)
		require.ErrorIs(t, err, exdesk.ErrTemporary, "the mailbox is left alone by all requests")
	})
}

// A note changes no category, so that it takes none away that another process
// writes while it is on its way, where If-Match is not heeded.
func TestNoteTakesNoLabelAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := graphtest.New(&graphtest.Options{IgnoreIfMatch: true})
		url, client, stop := memnet.Serve(srv)
		t.Cleanup(stop)
		id, batches := srv.Deliver(mail(1)), 0
		between := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if batches++; batches == 2 { // the first one reads
				srv.Edit(id, func(m *graphtest.Message) { m.Categories = append(m.Categories, "Zendesk") })
			}
			return client.Transport.RoundTrip(r)
		})}
		c, err := graph.New(srv.Mailbox(), token(srv.Token()), &graph.Options{BaseURL: url + "/v1.0", HTTPClient: between})
		require.NoError(t, err)
		note := exdesk.Mark{ID: id, Flag: exdesk.Keep, Unless: "Zendesk", Record: exdesk.Record{Outcome: exdesk.Waiting}}
		require.NoError(t, c.Label(t.Context(), []exdesk.Mark{note})[0])
		require.Equal(t, 2, batches)
		m, _ := srv.Message(id)
		require.Equal(t, []string{"Zendesk"}, m.Categories)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Exchange counts requests by mailbox, whatever they are for, and mails that are
// sent by another measure.
func TestPauseOfSending(t *testing.T) {
	for code, all := range map[string]bool{"": true, "ApplicationThrottled": true, "ErrorSubmissionQuotaExceeded": false, "ErrorExceededMessageLimit": false} {
		inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
			require.NoError(t, srv.Fault(graphtest.Fault{Path: "/v1.0/users/*/messages/*/send", Status: 429, Code: code, RetryAfter: "40"}))
			begin := time.Now()
			require.ErrorIs(t, c.Send(t.Context(), "a draft"), exdesk.ErrTemporary)
			require.Empty(t, list(t, c))
			require.Equal(t, all, time.Since(begin) >= 40*time.Second, "%q", code)
		})
	}
}

// An item of a batch is throttled as a request of its own would be.
func TestPauseOfABatchItem(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, srv *graphtest.Server, c *graph.Client) {
		require.NoError(t, srv.Fault(graphtest.Fault{Method: "GET", Path: "/v1.0/users/*/messages", Status: 429, RetryAfter: "40", Skip: 1}))
		begin := time.Now()
		_, err := c.Copies(t.Context(), &exdesk.Letter{Key: "k", MessageID: "<a@b>"}, "")
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.Empty(t, list(t, c))
		require.GreaterOrEqual(t, time.Since(begin), 40*time.Second)
	})
}
