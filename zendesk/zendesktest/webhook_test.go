package zendesktest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// receiver is the other end of a webhook, in a bubble.
type receiver struct {
	t      *testing.T
	answer func(http.ResponseWriter, *http.Request)

	mu   sync.Mutex
	got  []*http.Request
	body []string
}

func (rc *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	rc.mu.Lock()
	rc.got, rc.body = append(rc.got, r), append(rc.body, string(b))
	rc.mu.Unlock()
	w := httptest.NewRecorder()
	if rc.answer != nil {
		rc.answer(w, r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (rc *receiver) json(i int) map[string]any {
	rc.t.Helper()
	var out map[string]any
	require.NoError(rc.t, json.Unmarshal([]byte(rc.body[i]), &out))
	return out
}

// hooked is an account with a ticket, whose events go to a receiver.
type hooked struct {
	*desk
	*zendesktest.Webhooks
	*receiver
	id, secret string
}

func withHook(t *testing.T, o zendesktest.WebhookOptions, f func(t *testing.T, h *hooked)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &hooked{receiver: &receiver{t: t}}
		o.Client = &http.Client{Transport: h.receiver}
		s := zendesktest.New(nil)
		h.Webhooks = zendesktest.NewWebhooks(s, &o)
		h.desk = &desk{Server: s, t: t, url: "http://acme.test", token: s.Token(), http: &http.Client{Transport: direct{h.Webhooks}}}
		h.create(hello)
		h.id, h.secret = h.Subscribe("https://hook.test/zendesk")
		f(t, h)
		require.Empty(t, s.Unknown())
	})
}

// direct calls a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func (h *hooked) say(body string, public bool) {
	h.Edit(1, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{Body: body, Public: public})
	})
}

func signed(secret string, r *http.Request, body string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(r.Header.Get("X-Zendesk-Webhook-Signature-Timestamp") + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == r.Header.Get("X-Zendesk-Webhook-Signature")
}

func TestWebhookRegistration(t *testing.T) {
	t.Parallel()
	s := zendesktest.New(nil)
	hooks := zendesktest.NewWebhooks(s, nil)
	web := httptest.NewServer(hooks)
	defer web.Close()
	d := &desk{Server: s, t: t, url: web.URL, token: s.Token(), http: http.DefaultClient}

	const good = `"name":"exdesk","endpoint":"https://hook.test/z","http_method":"POST","request_format":"json","status":"active","subscriptions":["zen:event-type:ticket.comment_added"]`
	res := d.want(201, "POST", "/api/v2/webhooks", `{"webhook":{`+good+`,"nonsense":1}}`)
	id := res.at("webhook.id").(string)
	require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{26}$`, id)
	require.Equal(t, "exdesk", res.at("webhook.name"))
	require.Equal(t, "zen:event-type:ticket.comment_added", res.at("webhook.subscriptions.0"))
	require.IsType(t, "", res.at("webhook.created_by"), "an id as text")
	require.Contains(t, res.Header.Get("X-Zendesk-API-Warn"), "webhook.nonsense")
	require.NotContains(t, string(res.body), hooks.Secret(id), "the secret has to be asked for")

	secret := d.want(200, "GET", "/api/v2/webhooks/"+id+"/signing_secret", nil)
	require.Equal(t, hooks.Secret(id), secret.at("signing_secret.secret"))
	require.Equal(t, "SHA256", secret.at("signing_secret.algorithm"))
	d.want(201, "POST", "/api/v2/webhooks/"+id+"/signing_secret.json", nil)
	require.NotEqual(t, hooks.Secret(id), secret.at("signing_secret.secret"))
	require.Empty(t, hooks.Secret("nobody"))
	d.want(404, "GET", "/api/v2/webhooks/nobody/signing_secret", nil)

	for _, bad := range [][2]string{
		{`"exdesk"`, `""`}, {`https://hook.test/z`, `hook`}, {`https`, `ftp`}, {`"POST"`, `"PUT"`}, {`"POST"`, `"TRACE"`}, {`"json"`, `"xml"`},
		{`"json"`, `"yaml"`}, {`"active"`, `"on"`}, {`zen:event-type:`, ``}, {`"]`, `","conditional_ticket_events"]`}, {`"exdesk"`, `5`},
	} {
		d.want(400, "POST", "/api/v2/webhooks", `{"webhook":{`+strings.Replace(good, bad[0], bad[1], 1)+`}}`)
	}
	d.want(400, "POST", "/api/v2/webhooks", `{}`)
	d.want(422, "POST", "/api/v2/webhooks", `{`)
	require.Empty(t, s.Unknown())
	// A trigger's may be anything.
	d.want(201, "POST", "/api/v2/webhooks", `{"webhook":{"name":"t","endpoint":"http://hook.test","http_method":"PUT","request_format":"xml","status":"active","subscriptions":["conditional_ticket_events"]}}`)
	d.want(201, "POST", "/api/v2/webhooks", `{"webhook":{`+strings.Replace(good, "comment_added", "tags_changed", 1)+`,"authentication":{}}}`)
	require.Len(t, s.Unknown(), 3, "what is not acted on: %v", s.Unknown())

	d.want(401, "POST", "/api/v2/webhooks", `{"webhook":{`+good+`}}`, "Authorization", "")
	d.want(403, "POST", "/api/v2/webhooks", `{"webhook":{`+good+`}}`, "Authorization", "Bearer "+s.TokenFor("webhooks:read", "tickets:write"))
	d.want(201, "POST", "/api/v2/webhooks", `{"webhook":{`+good+`}}`, "Authorization", "Bearer "+s.TokenFor("webhooks:write"))
	d.want(403, "GET", "/api/v2/webhooks/"+id+"/signing_secret", nil, "Authorization", "Bearer "+s.TokenFor("webhooks:write"))
	s.AddUser(zendesktest.User{Email: "sam@acme.test", Role: "agent"})
	_, token := s.APIToken()
	d.want(403, "GET", "/api/v2/webhooks/"+id+"/signing_secret", nil, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("sam@acme.test/token:"+token)))
	require.NoError(t, s.Fault(zendesktest.Fault{Path: "/api/v2/webhooks/**", Status: 503}))
	d.want(503, "GET", "/api/v2/webhooks/"+id+"/signing_secret", nil)
	d.want(404, "PATCH", "/api/v2/webhooks/"+id, `{}`)
	d.want(200, "GET", "/api/v2/users/me", nil)
	require.Equal(t, "/api/v2/users/me", s.Requests()[s.Count()-1].Path, "all is in one log")
	// Without the Webhooks before it the account says that it knows none.
	plain := setup(t, nil)
	plain.want(404, "POST", "/api/v2/webhooks", `{"webhook":{`+good+`}}`)
}

func TestWebhookRequests(t *testing.T) {
	t.Parallel()
	withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
		require.Zero(t, h.Pending(), "what was there before makes no events")
		h.AddUser(zendesktest.User{Name: "Sam & Co", Email: "sam@acme.test", Role: "agent"})
		h.Edit(1, func(t *zendesktest.Ticket) {
			t.Assignee.Email, t.GroupID, t.Priority = "sam@acme.test", 7, "high"
			t.Comments = append(t.Comments, zendesktest.Comment{HTML: "<p>Out & <b>over</b></p>", Public: true, Author: zendesktest.User{Email: "sam@acme.test"}})
		})
		require.Equal(t, 1, h.Pending())
		require.Empty(t, h.got, "nothing is sent by itself")
		out := h.Deliver(t.Context())
		require.Len(t, out, 1)
		require.Equal(t, out, h.Deliveries())
		require.Equal(t, 200, out[0].Status)
		require.Zero(t, out[0].RetryAt)
		require.Zero(t, h.Pending())

		r, body := h.got[0], h.body[0]
		require.Equal(t, "POST", r.Method)
		require.Equal(t, "https://hook.test/zendesk", r.URL.String())
		require.Equal(t, "application/json; charset=utf-8", r.Header.Get("Content-Type"))
		require.Equal(t, "Zendesk Webhook", r.UserAgent())
		require.Equal(t, h.id, r.Header.Get("X-Zendesk-Webhook-Id"))
		require.Equal(t, out[0].Invocation, r.Header.Get("X-Zendesk-Webhook-Invocation-Id"))
		require.Equal(t, "22129848", r.Header.Get("X-Zendesk-Account-Id"))
		require.Equal(t, "2000-01-01T00:00:00Z", r.Header.Get("X-Zendesk-Webhook-Signature-Timestamp"))
		require.True(t, signed(h.secret, r, body))
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, []byte(body)))
		require.False(t, signed(h.secret, r, compact.String()), "it is the octets that are signed")
		require.Contains(t, body, "\n  \"event\": {\n    \"comment\": {\n      \"author\": {\n")

		m := h.ticket(1).Comments[1]
		e := h.json(0)
		require.Equal(t, "zen:event-type:ticket.comment_added", e["type"])
		require.Equal(t, "zen:ticket:1", e["subject"])
		require.EqualValues(t, 22129848, e["account_id"])
		require.Equal(t, out[0].Event, e["id"])
		require.Equal(t, "2000-01-01T00:00:00.000000000Z", e["time"])
		require.Equal(t, "2022-11-06", e["zendesk_event_version"])
		require.Equal(t, map[string]any{"id": fmt.Sprint(m.ID), "body": m.Body, "is_public": true,
			"author": map[string]any{"id": fmt.Sprint(m.Author.ID), "is_staff": true, "name": "Sam & Co"}}, dig(e, "event.comment"))
		require.Equal(t, "1", dig(e, "detail.id"))
		require.Equal(t, "OPEN", dig(e, "detail.status"))
		require.Equal(t, "HIGH", dig(e, "detail.priority"))
		require.Equal(t, "7", dig(e, "detail.group_id"))
		require.Equal(t, fmt.Sprint(m.Author.ID), dig(e, "detail.assignee_id"))
		require.NotEqual(t, dig(e, "detail.assignee_id"), dig(e, "detail.actor_id"), "who edits need not be who speaks")
		require.Equal(t, fmt.Sprint(h.ticket(1).Requester.ID), dig(e, "detail.requester_id"))
		require.NotContains(t, body, "@", "no addresses, no HTML")
		require.NotContains(t, body, "<")
	})
}

func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	kinds := func(h *hooked) (out []string) {
		for _, d := range h.Deliver(h.desk.t.Context()) {
			_, kind, _ := strings.Cut(d.Type, "ticket.")
			out = append(out, fmt.Sprint(kind, " ", d.Ticket))
		}
		return out
	}
	for _, quiet := range []bool{false, true} {
		withHook(t, zendesktest.WebhookOptions{QuietCreate: quiet, QuietImport: quiet}, func(t *testing.T, h *hooked) {
			h.Subscribe("https://hook.test/created", "zen:event-type:ticket.created")
			h.create(hello)
			h.update(200, 2, `"comment":{"body":"More","public":false}`)
			h.update(200, 2, `"subject":"Other"`)
			h.Deliver(t.Context())
			require.Equal(t, false, dig(h.json(len(h.body)-1), "event.comment.is_public"))
			h.want(201, "POST", "/api/v2/imports/tickets", `{"ticket":{"subject":"Old","comments":[{"body":"a"},{"body":"b"}]}}`)
			h.update(200, 3, `"comment":{"body":"New"}`)
			h.Merge(1, 2)
			got := kinds(h)
			if quiet {
				require.Equal(t, []string{"comment_added 3", "comment_added 1", "comment_added 2"}, got)
				return
			}
			require.Equal(t, []string{"created 3", "comment_added 3", "comment_added 3", "comment_added 3", "comment_added 1", "comment_added 2"}, got)
		})
	}
	// Each event tells of the moment: what was public then was public.
	withHook(t, zendesktest.WebhookOptions{NumericIDs: true}, func(t *testing.T, h *hooked) {
		h.say("secret", true)
		h.Edit(1, func(t *zendesktest.Ticket) { t.Comments[1].Public = false })
		h.say("note", false)
		h.Deliver(t.Context())
		require.Equal(t, true, dig(h.json(0), "event.comment.is_public"))
		require.Equal(t, false, dig(h.json(1), "event.comment.is_public"))
		require.IsType(t, 0.5, dig(h.json(0), "event.comment.id"))
		require.IsType(t, 0.5, dig(h.json(0), "event.comment.author.id"))
	})
	withHook(t, zendesktest.WebhookOptions{FlatAuthor: true}, func(t *testing.T, h *hooked) {
		h.say("hi", true)
		h.Deliver(t.Context())
		require.IsType(t, "", dig(h.json(0), "event.comment.author_id"))
		require.Nil(t, dig(h.json(0), "event.comment.author.id"))
	})
}

func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, c := range []struct {
		status int
		after  string
		tries  int
		wait   time.Duration
	}{
		{200, "", 1, 0}, {204, "", 1, 0}, {302, "", 1, 0}, {400, "", 1, 0}, {401, "", 1, 0}, {500, "5", 1, 0}, {502, "", 1, 0}, {504, "5", 1, 0},
		{409, "", 4, 5 * time.Second}, {409, "50", 4, 5 * time.Second},
		{429, "", 1, 0}, {429, "59", 6, 59 * time.Second}, {429, "60", 1, 0},
		{503, "", 1, 0}, {503, "0", 6, 0}, {503, "30", 6, 30 * time.Second}, {503, "3600", 1, 0}, {503, "soon", 1, 0}, {503, "-1", 1, 0},
		{503, "Sat, 01 Jan 2000 00:00:40 GMT", 6, 40 * time.Second}, {0, "", 6, 5 * time.Second},
	} {
		withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
			h.answer = func(w http.ResponseWriter, r *http.Request) {
				if c.status == 0 {
					<-r.Context().Done()
					return
				}
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.status)
			}
			h.say("hi", true)
			begin := time.Now()
			first := h.Deliver(t.Context())[0]
			require.Equal(t, c.status, first.Status)
			if c.status == 0 {
				require.Equal(t, 12*time.Second, time.Since(begin))
			}
			if c.tries == 1 {
				require.Zero(t, first.RetryAt, "%d %s", c.status, c.after)
				require.Zero(t, h.Pending())
				return
			}
			require.Equal(t, c.wait, first.RetryAt.Sub(h.Now()), "%d %s", c.status, c.after)
			if c.wait > 0 {
				require.Empty(t, h.Deliver(t.Context()), "not before its time")
				h.Advance(c.wait - 1)
				require.Empty(t, h.Deliver(t.Context()))
			}
			for range 10 {
				h.Advance(minute)
				h.Deliver(t.Context())
			}
			require.Len(t, h.got, c.tries, "%d %s", c.status, c.after)
			for i, d := range h.Deliveries() {
				require.Equal(t, []any{i + 1, first.Invocation, first.Event}, []any{d.Attempt, d.Invocation, d.Event})
				require.Equal(t, h.body[0], h.body[i])
				require.True(t, signed(h.secret, h.got[i], h.body[i]))
			}
			require.NotEqual(t, h.got[0].Header.Get("X-Zendesk-Webhook-Signature-Timestamp"), h.got[c.tries-1].Header.Get("X-Zendesk-Webhook-Signature-Timestamp"))
			require.Zero(t, h.Pending())
		})
	}
	withHook(t, zendesktest.WebhookOptions{SameStamp: true, Timeout: time.Second, Backoff: 7 * time.Second}, func(t *testing.T, h *hooked) {
		h.answer = func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		h.say("hi", true)
		d := h.Deliver(t.Context())[0]
		require.Equal(t, 8*time.Second, d.RetryAt.Sub(d.At))
		h.Advance(time.Minute)
		h.Deliver(t.Context())
		require.Equal(t, h.got[0].Header.Get("X-Zendesk-Webhook-Signature"), h.got[1].Header.Get("X-Zendesk-Webhook-Signature"))
	})
	// A caller who gives up has tried nothing.
	withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
		h.answer = func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		h.say("hi", true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Empty(t, h.Deliver(ctx))
		h.answer = nil
		require.Equal(t, 1, h.Deliver(t.Context())[0].Attempt)
	})
}

func TestWebhookMischief(t *testing.T) {
	t.Parallel()
	withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
		for i := range 5 {
			h.say(fmt.Sprint(i), true)
		}
		h.Misbehave(zendesktest.Mischief{Duplicates: 2, Shuffle: 3})
		out := h.Deliver(t.Context())
		require.Len(t, out, 15)
		per, invocations := map[string]int{}, map[string]int{}
		var order []int64
		for _, d := range out {
			per[d.Event]++
			invocations[d.Invocation]++
			order = append(order, d.Comment)
		}
		require.Len(t, per, 5)
		require.Len(t, invocations, 15)
		require.False(t, slices.IsSorted(order))

		h.Misbehave(zendesktest.Mischief{Skew: -6 * time.Minute})
		h.say("late", true)
		h.Deliver(t.Context())
		require.Equal(t, "1999-12-31T23:54:00Z", h.got[15].Header.Get("X-Zendesk-Webhook-Signature-Timestamp"))
		require.True(t, signed(h.secret, h.got[15], h.body[15]))

		h.Misbehave(zendesktest.Mischief{BadSignature: true})
		h.say("forged", true)
		h.Deliver(t.Context())
		require.False(t, signed(h.secret, h.got[16], h.body[16]))

		h.Misbehave(zendesktest.Mischief{Tamper: func(b []byte) []byte { return bytes.Replace(b, []byte("false"), []byte("true"), 1) }})
		h.say("note", false)
		h.Deliver(t.Context())
		require.Equal(t, true, dig(h.json(17), "event.comment.is_public"))
		require.False(t, signed(h.secret, h.got[17], h.body[17]))

		h.Misbehave(zendesktest.Mischief{Together: true, Duplicates: 9})
		h.answer = func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }
		h.say("at once", true)
		begin := time.Now()
		require.Len(t, h.Deliver(t.Context()), 10)
		require.Equal(t, time.Second, time.Since(begin))
	})
}

func TestWebhookBreaker(t *testing.T) {
	t.Parallel()
	for _, failing := range []bool{true, false} {
		withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
			n := 0
			h.answer = func(w http.ResponseWriter, _ *http.Request) {
				if n++; failing || n%2 == 0 {
					w.WriteHeader(500)
				}
			}
			h.Misbehave(zendesktest.Mischief{Duplicates: 99})
			h.say("hi", true)
			h.Deliver(t.Context())
			require.Equal(t, failing, h.Broken(h.id))
			require.False(t, h.Broken("nobody"))
			h.Misbehave(zendesktest.Mischief{})
			h.say("held back", true)
			require.Equal(t, failing, len(h.Deliver(t.Context())) == 0)
			h.Advance(5 * time.Second)
			require.Equal(t, failing, len(h.Deliver(t.Context())) == 1)
			require.Zero(t, h.Pending())
		})
	}
}

func TestWebhookRun(t *testing.T) {
	t.Parallel()
	withHook(t, zendesktest.WebhookOptions{}, func(t *testing.T, h *hooked) {
		fails := 2
		h.answer = func(w http.ResponseWriter, _ *http.Request) {
			if fails--; fails >= 0 {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(503)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { h.Run(ctx); close(ended) }()
		h.say("hi", true)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, h.Deliveries(), 3)
		require.Zero(t, h.Pending())
		cancel()
		<-ended
	})
}

func ExampleWebhooks() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct {
			Type  string
			Event struct{ Comment struct{ Body string } }
		}
		_ = json.NewDecoder(r.Body).Decode(&e)
		fmt.Println(e.Type, e.Event.Comment.Body)
	}))
	defer receiver.Close()

	srv := zendesktest.New(nil)
	hooks := zendesktest.NewWebhooks(srv, nil)
	hooks.Subscribe(receiver.URL)
	web := httptest.NewServer(hooks) // instead of srv
	defer web.Close()

	req, _ := http.NewRequest("POST", web.URL+"/api/v2/tickets", strings.NewReader(`{"ticket":{"subject":"Fire","comment":{"body":"It burns"}}}`))
	req.Header.Set("Authorization", "Bearer "+srv.Token())
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = res.Body.Close()

	fmt.Println(hooks.Pending(), "pending")
	for _, d := range hooks.Deliver(context.Background()) {
		fmt.Println("ticket", d.Ticket, "try", d.Attempt, "status", d.Status)
	}
	// Output:
	// 1 pending
	// zen:event-type:ticket.comment_added It burns
	// ticket 1 try 1 status 200
}
