package zendesk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

func token(s string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: s})
}

// inBubble runs f with a fake account in virtual time.
func inBubble(t *testing.T, z *zendesktest.Options, f func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := zendesktest.New(z)
		url, client, stop := memnet.Serve(srv)
		t.Cleanup(stop)
		c, err := zendesk.New("acme", token(srv.Token()), &zendesk.Options{BaseURL: url, HTTPClient: client})
		require.NoError(t, err)
		f(t, srv, c)
		require.Empty(t, srv.Unknown())
	})
}

func ticket() *exdesk.NewTicket {
	return &exdesk.NewTicket{
		Key: "key-1", ExternalID: "exdesk:1", Origin: exdesk.Origin{Digest: "d", Mail: "m"},
		Requester: exdesk.Address{Name: "Ann", Address: "ann@customer.example"}, Recipient: "support@contoso.test",
		CCs:     []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}, {Address: "eve@customer.example"}},
		Subject: "Hello", HTML: "<p>Hi</p>",
	}
}

func TestCreateAndFind(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		_, known := c.Now()
		require.False(t, known)
		up, err := c.Upload(t.Context(), &exdesk.File{Name: "päper & co.pdf", Type: "application/pdf", Size: 3, Body: strings.NewReader("pdf")})
		require.NoError(t, err)
		require.NotEmpty(t, up.URL)
		in := ticket()
		in.Uploads = []string{up.Token}
		made, err := c.Create(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, &exdesk.Ticket{ID: 1, ExternalID: "exdesk:1", Status: "new", Created: srv.Tickets()[0].CreatedAt, Origin: in.Origin}, made)
		got := srv.Tickets()[0]
		require.Equal(t, "ann@customer.example", got.Requester.Email)
		require.Equal(t, "Ann", got.Requester.Name)
		require.Equal(t, []string{"bob@customer.example", "eve@customer.example"}, got.EmailCCs)
		require.Equal(t, "support@contoso.test", got.Recipient)
		require.True(t, got.Comments[0].Public)
		require.Equal(t, "päper & co.pdf", got.Comments[0].Attachments[0].Name)

		again, err := c.Create(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, made.ID, again.ID, "the same request again is the same ticket")
		in.Subject = "Other"
		_, err = c.Create(t.Context(), in)
		require.ErrorIs(t, err, exdesk.ErrKeyUsed)
		require.Len(t, srv.Tickets(), 1)

		found, err := c.Find(t.Context(), "exdesk:1", time.Time{})
		require.NoError(t, err)
		require.Equal(t, []*exdesk.Ticket{made}, found)
		found, err = c.Find(t.Context(), "exdesk:2", time.Time{})
		require.NoError(t, err)
		require.Empty(t, found)
		one, err := c.Ticket(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, "exdesk:1", one.ExternalID)
		_, err = c.Ticket(t.Context(), 2)
		require.ErrorIs(t, err, exdesk.ErrNotFound)
		now, known := c.Now()
		require.True(t, known)
		require.WithinDuration(t, srv.Now(), now, 2*time.Second)
		require.Equal(t, "acme", c.Account())
	})
}

// Agents work on a ticket: its origin is still found, also behind a hundred
// audits.
func TestFindAfterManyUpdates(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		made, err := c.Create(t.Context(), ticket())
		require.NoError(t, err)
		for i := range 150 {
			srv.Edit(made.ID, func(t *zendesktest.Ticket) {
				t.Comments = append(t.Comments, zendesktest.Comment{HTML: fmt.Sprint(i), Public: true})
			})
		}
		found, err := c.Find(t.Context(), "exdesk:1", time.Time{})
		require.NoError(t, err)
		require.Equal(t, made.Origin, found[0].Origin)
	})
}

func TestUpload(t *testing.T) {
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 5 << 20} {
		for _, known := range []bool{true, false} {
			inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
				content := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
				f := &exdesk.File{Name: "x.bin", Type: "nonsense type", Size: -1, Body: bytes.NewReader(content)}
				if known {
					f.Size = int64(size)
				}
				up, err := c.Upload(t.Context(), f)
				require.NoError(t, err)
				in := ticket()
				in.Uploads = []string{up.Token}
				_, err = c.Create(t.Context(), in)
				require.NoError(t, err)
				a := srv.Tickets()[0].Comments[0].Attachments[0]
				require.EqualValues(t, size, a.Size)
				require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(content)), a.SHA256)
			})
		}
	}
}

func TestUploadTrouble(t *testing.T) {
	small := func() *exdesk.File {
		return &exdesk.File{Name: "x.bin", Size: 5, Body: strings.NewReader("12345")}
	}
	large := func() *exdesk.File {
		return &exdesk.File{Name: "x.bin", Size: -1, Body: io.LimitReader(zeros{}, 1<<20)}
	}
	for _, f := range []zendesktest.Fault{{Status: 429, RetryAfter: "3"}, {Status: 503}, {Drop: true}, {Commit: true, Drop: true}} {
		inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
			f.Path = "/api/v2/uploads"
			require.NoError(t, srv.Fault(f))
			_, err := c.Upload(t.Context(), small())
			require.NoError(t, err, "what fits into memory is sent again")
			srv.ClearFaults()
			require.NoError(t, srv.Fault(f))
			_, err = c.Upload(t.Context(), large())
			require.ErrorIs(t, err, exdesk.ErrTemporary, "what does not is the caller's to read again")
		})
	}
	inBubble(t, &zendesktest.Options{RefuseTypes: []string{".bin"}, AttachmentLimit: 1000}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		_, err := c.Upload(t.Context(), small())
		require.ErrorIs(t, err, exdesk.ErrRefused)
		f := large()
		f.Name = "x.txt"
		_, err = c.Upload(t.Context(), f)
		require.ErrorIs(t, err, exdesk.ErrRefused)
	})
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		broken := errors.New("broke off")
		_, err := c.Upload(t.Context(), &exdesk.File{Name: "x.bin", Size: -1, Body: io.MultiReader(io.LimitReader(zeros{}, 1<<20), failing{broken})})
		require.ErrorIs(t, err, broken)
		_, err = c.Upload(t.Context(), &exdesk.File{Name: "x.bin", Size: 10, Body: strings.NewReader("short")})
		require.Error(t, err)
		time.Sleep(time.Second)
		require.Empty(t, srv.Uploads(), "half a file is no file")
	})
}

func TestDoubt(t *testing.T) {
	for _, c := range []struct {
		fault zendesktest.Fault
		doubt bool
		made  int
	}{
		{zendesktest.Fault{Commit: true, Drop: true}, true, 1},
		{zendesktest.Fault{Commit: true, Status: 504}, true, 1},
		{zendesktest.Fault{Cut: 20}, true, 1},
		{zendesktest.Fault{Status: 503, RetryAfter: "1"}, true, 0},
		{zendesktest.Fault{Status: 201, Body: "{}"}, true, 0},
		{zendesktest.Fault{Status: 409}, true, 0},
		{zendesktest.Fault{Status: 403}, false, 0},
		{zendesktest.Fault{Status: 429, RetryAfter: "5000"}, false, 0},
	} {
		inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, client *zendesk.Client) {
			c.fault.Method, c.fault.Path = "POST", "/api/v2/tickets"
			require.NoError(t, srv.Fault(c.fault))
			_, err := client.Create(t.Context(), ticket())
			require.Error(t, err)
			require.Equal(t, c.doubt, errors.Is(err, exdesk.ErrDoubtful), "%v", err)
			require.Len(t, srv.Tickets(), c.made)
			require.Equal(t, 1, srv.Count(), "not sent again on a guess")
		})
	}
}

func TestErrorEnvelopes(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		class  error
		says   string
	}{
		{401, `{"error":"Couldn't authenticate you"}`, exdesk.ErrAuth, "401 Unauthorized: Couldn't authenticate you: connect the account again"},
		{422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"requester":[{"description":"Requester: Ann is suspended.","error":"UserSuspended"}],"base":[{"description":"And more"}]}}`,
			exdesk.ErrRefused, "422 RecordInvalid: base, requester"},
		{403, `{"error":{"title":"Forbidden","message":"You do not have access to this page."}}`, exdesk.ErrAccess, "403 Forbidden: You do not have access to this page."},
		{400, `{"errors":[{"code":"InvalidPaginationDepth","title":"Too deep","detail":"no more"}]}`, nil, "400 InvalidPaginationDepth: no more"},
		{400, `{"error":"IdempotentRequestError","description":"Request parameters don't match the given idempotency key"}`, exdesk.ErrKeyUsed, "IdempotentRequestError"},
		{404, `{"error":"RecordNotFound","description":"Not found"}`, exdesk.ErrNotFound, "404 RecordNotFound"},
		{404, `{"error":"InvalidEndpoint","description":"Not found"}`, exdesk.ErrAccess, "check the subdomain"},
		{413, `<html>too large</html>`, exdesk.ErrRefused, "413 Request Entity Too Large"},
		{503, `<html>` + strings.Repeat("x", 100_000), exdesk.ErrTemporary, "503 Service Unavailable"},
		{429, `Number of allowed API requests per minute exceeded`, exdesk.ErrTemporary, "429 Too Many Requests"},
		{422, `{"error":"X","description":"` + strings.Repeat("long\\n", 1000) + `"}`, exdesk.ErrRefused, "422 X"},
	} {
		inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, client *zendesk.Client) {
			require.NoError(t, srv.Fault(zendesktest.Fault{Status: c.status, Body: c.body, Times: -1}))
			_, err := client.Ticket(t.Context(), 1)
			require.ErrorContains(t, err, "zendesk: read ticket: ")
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 600)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "Ann", "names and addresses are for Reason")
			if len(c.body) > 100 && c.status == 422 {
				var e *zendesk.Error
				require.ErrorAs(t, err, &e)
				require.Regexp(t, "Ann is suspended|long.*…", e.Reason())
			}
			for _, class := range []error{exdesk.ErrAccess, exdesk.ErrAuth, exdesk.ErrRefused, exdesk.ErrTemporary, exdesk.ErrNotFound, exdesk.ErrKeyUsed} {
				require.Equal(t, class == c.class, errors.Is(err, class), "%v is %v", err, class)
			}
		})
	}
}

// answering serves one answer and counts.
func answering(t *testing.T, header map[string]string, status ...int) (*zendesk.Client, *int) {
	n := new(int)
	url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*n++
		if *n <= len(status) {
			for k, v := range header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(status[*n-1])
		}
		_, _ = io.WriteString(w, `{"ticket":{"id":1}}`)
	}))
	t.Cleanup(stop)
	c, err := zendesk.New("acme", token("x"), &zendesk.Options{BaseURL: url, HTTPClient: client})
	require.NoError(t, err)
	return c, n
}

func TestBothFamiliesOfLimitHeaders(t *testing.T) {
	for _, h := range []map[string]string{
		{"ratelimit-limit": "700", "ratelimit-remaining": "0", "ratelimit-reset": "40"},
		{"Rate-Limit-Remaining": "0", "Rate-Limit-Reset": "40"},
		{"Zendesk-RateLimit-tickets-index": "total=100; remaining=0; resets=40"},
		{"zendesk-rate-limit-tickets-index": "total=100; remaining=0; resets=40"},
	} {
		for _, status := range []int{429, 200} {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(t, h, status)
				begin := time.Now()
				_, err := c.Ticket(t.Context(), 1)
				require.NoError(t, err)
				_, err = c.Ticket(t.Context(), 1)
				require.NoError(t, err)
				require.InDelta(t, 40*time.Second, time.Since(begin), float64(time.Second), "%v", h)
			})
		}
	}
	for _, h := range []map[string]string{
		{"ratelimit-remaining": "3", "ratelimit-reset": "40"},
		{"ratelimit-remaining": "0", "ratelimit-reset": "-5"},
		{"ratelimit-remaining": "0", "ratelimit-reset": "99999999"},
		{"Zendesk-RateLimit-x": "remaining;;=;resets"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := answering(t, h, 200)
			begin := time.Now()
			for range 2 {
				_, err := c.Ticket(t.Context(), 1)
				require.NoError(t, err)
			}
			require.Less(t, time.Since(begin), time.Second, "%v", h)
		})
	}
}

func TestUnknownFieldsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		url, client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Zendesk-API-Warn", "{:unpermitted_keys=>[\"ticket.id\"]}")
			_, _ = io.WriteString(w, `{"ticket":{"id":1}}`)
		}))
		t.Cleanup(stop)
		c, err := zendesk.New("acme", token("x"), &zendesk.Options{BaseURL: url, HTTPClient: client, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		_, err = c.Ticket(t.Context(), 1)
		require.NoError(t, err)
		require.Contains(t, log.String(), "ticket.id")
	})
}

func TestWeSendNothingUnknown(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		_, err := c.Create(t.Context(), ticket())
		require.NoError(t, err)
		require.Empty(t, srv.Violations())
	})
}

// renewing is a token source that has a newer token from the second call on.
type renewing struct {
	tokens []string
}

func (r *renewing) Token() (*oauth2.Token, error) {
	t := &oauth2.Token{AccessToken: r.tokens[0]}
	if len(r.tokens) > 1 {
		r.tokens = r.tokens[1:]
	}
	return t, nil
}

func TestTokenRenewedDuringAnUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zendesktest.New(nil)
		url, client, stop := memnet.Serve(srv)
		t.Cleanup(stop)
		stale := srv.Token()
		srv.ExpireTokens()
		c, err := zendesk.New("acme", &renewing{[]string{stale, srv.Token()}}, &zendesk.Options{BaseURL: url, HTTPClient: client})
		require.NoError(t, err)
		_, err = c.Upload(t.Context(), &exdesk.File{Name: "x.bin", Size: -1, Body: io.LimitReader(zeros{}, 1<<20)})
		require.ErrorIs(t, err, exdesk.ErrTemporary, "a stream cannot be sent again, but nobody has to sign in")
		require.NotErrorIs(t, err, exdesk.ErrAuth)
	})
}

func TestRefusedRecipient(t *testing.T) {
	inBubble(t, &zendesktest.Options{RefuseRecipient: true}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		for range 2 {
			made, err := c.Create(t.Context(), ticket())
			require.NoError(t, err)
			require.EqualValues(t, 1, made.ID, "once, on this way too")
		}
		in := ticket()
		in.Key, in.Requester.Address = "key-2", "no address"
		_, err := c.Create(t.Context(), in)
		require.ErrorIs(t, err, exdesk.ErrRefused)
		var e *zendesk.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, []string{"requester"}, e.Fields)
	})
}

func TestAPIToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zendesktest.New(nil)
		url, client, stop := memnet.Serve(srv)
		t.Cleanup(stop)
		email, secret := srv.APIToken()
		c, err := zendesk.New("acme", zendesk.APIToken(email, secret), &zendesk.Options{BaseURL: url, HTTPClient: client})
		require.NoError(t, err)
		_, err = c.Create(t.Context(), ticket())
		require.NoError(t, err)
	})
}

func TestNewRefuses(t *testing.T) {
	for _, sub := range []string{"", "acme.zendesk.com", "a/b", "-a", "evil.example#", "a b"} {
		_, err := zendesk.New(sub, token("x"), nil)
		require.Error(t, err, sub)
	}
	_, err := zendesk.New("acme", nil, nil)
	require.Error(t, err)
	_, err = zendesk.New("acme", token("x"), &zendesk.Options{BaseURL: "http://acme.zendesk.com"})
	require.ErrorContains(t, err, "https")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func Example() {
	account := zendesktest.New(nil)
	server := httptest.NewServer(account)
	defer server.Close()
	desk, err := zendesk.New("acme", token(account.Token()), &zendesk.Options{BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	file, err := desk.Upload(ctx, &exdesk.File{Name: "note.txt", Type: "text/plain", Size: 5, Body: strings.NewReader("hello")})
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := desk.Create(ctx, &exdesk.NewTicket{
		Key: "once-4711", ExternalID: "mail-4711", Requester: exdesk.Address{Address: "ann@customer.example"},
		Subject: "Where is my order?", HTML: "<p>It should be here.</p>", Uploads: []string{file.Token},
	})
	fmt.Println(made.ID, made.Status, err)
	// Output: 1 new <nil>
}

func ExampleAPIToken() {
	account := zendesktest.New(nil)
	server := httptest.NewServer(account)
	defer server.Close()
	email, secret := account.APIToken()
	desk, err := zendesk.New("acme", zendesk.APIToken(email, secret), &zendesk.Options{BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = desk.Ticket(context.Background(), 4711)
	fmt.Println(errors.Is(err, exdesk.ErrNotFound))
	// Output: true
}

func TestFindReadsEveryPage(t *testing.T) {
	inBubble(t, &zendesktest.Options{RateLimit: -1, TokenLife: 100 * time.Hour}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		for i := range 150 {
			in := ticket()
			in.Key, in.Origin.Mail = fmt.Sprint("key", i), fmt.Sprint("mail", i)
			_, err := c.Create(t.Context(), in)
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		found, err := c.Find(t.Context(), "exdesk:1", time.Now().Add(-80*time.Minute))
		require.NoError(t, err)
		require.Len(t, found, 80)
		require.Equal(t, "mail149", found[79].Origin.Mail)
		_, err = c.Find(t.Context(), "exdesk:1", time.Time{})
		require.ErrorContains(t, err, "too many tickets", "not knowing is no answer")
	})
}

func TestTicketWithoutWhatIsRefused(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		in := ticket()
		in.CCs = append(in.CCs, exdesk.Address{Address: "not an address"})
		_, err := c.Create(t.Context(), in)
		require.NoError(t, err)
		require.Empty(t, srv.Tickets()[0].EmailCCs)
		require.Equal(t, "support@contoso.test", srv.Tickets()[0].Recipient)
	})
}

func TestNamesAreClipped(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		in := ticket()
		in.Requester.Name = strings.Repeat("ñ", 20_000)
		_, err := c.Create(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, []rune(srv.Tickets()[0].Requester.Name), 255)
	})
}

func TestCreateRefusals(t *testing.T) {
	for _, f := range []zendesktest.Fault{{Status: 400}, {Status: 415}, {Status: 414}} {
		inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
			f.Code = "BadRequest"
			require.NoError(t, srv.Fault(f))
			_, err := c.Create(t.Context(), ticket())
			require.ErrorIs(t, err, exdesk.ErrRefused)
			f.Body = "<html>a proxy</html>"
			require.NoError(t, srv.Fault(f))
			_, err = c.Create(t.Context(), ticket())
			require.NotErrorIs(t, err, exdesk.ErrRefused, "not in Zendesk's words")
		})
	}
}

// A mail that was cut off says so where the file ends.
func TestUploadOfWhatWasCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		cut := errors.New("the mail was cut off")
		_, err := c.Upload(t.Context(), &exdesk.File{Name: "x.txt", Size: 3, Body: io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cut))})
		require.ErrorIs(t, err, cut)
		require.Empty(t, srv.Uploads())
		long := strings.Repeat("x", 100_000)
		_, err = c.Upload(t.Context(), &exdesk.File{Name: "x.txt", Size: 3, Body: strings.NewReader(long)})
		require.NoError(t, err)
		require.EqualValues(t, len(long), srv.Uploads()[0].Files[0].Size, "a file that is larger than it said is stored as it is")
	})
}

func TestEncodedOfNothing(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, _ *zendesktest.Server, c *zendesk.Client) {
		_, err := c.Create(t.Context(), ticket())
		require.NoError(t, err)
		id, err := c.Encoded(t.Context(), nil, []string{"ann@customer.example"})
		require.NoError(t, err)
		require.Zero(t, id)
	})
}
