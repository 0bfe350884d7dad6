package zendesk_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/memnet"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// sampleSecret is printed in Zendesk's documentation.
const sampleSecret = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="

// commentEvent is an event as Zendesk sends it, with what differs filled in:
// its id, the comment's, is_public, the author's id, is_staff.
const commentEvent = `{
  "account_id": 22129848,
  "detail": {
    "actor_id": "8447388090494",
    "description": "Cannot sign in",
    "external_id": null,
    "id": "5158",
    "is_public": true,
    "status": "OPEN",
    "tags": [],
    "via": {
      "channel": "web"
    }
  },
  "event": {
    "comment": {
      "author": {
        "id": "%d",
        "is_staff": %t,
        "name": "Säm"
      },
      "body": "Have you tried \u003con\u003e & off?\nYours",
      "id": "%d",
      "is_public": %t
    },
    "meta": {
      "sequence": {
        "id": "39313930383633353634323835",
        "position": 1,
        "total": 2
      }
    }
  },
  "id": "%s",
  "subject": "zen:ticket:5158",
  "time": "2025-01-08T14:25:30.123456789Z",
  "type": "zen:event-type:ticket.comment_added",
  "zendesk_event_version": "2022-11-06"
}`

func anEvent(id string, comment int) string {
	return fmt.Sprintf(commentEvent, 77, true, comment, true, id)
}

func signature(secret, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// signedRequest is a request as Zendesk makes it, at this moment.
func signedRequest(ctx context.Context, body string) *http.Request {
	return signedAt(ctx, stampOf(time.Now()), body)
}

func signedAt(ctx context.Context, stamp, body string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "POST", "http://exdesk.test/zendesk", strings.NewReader(body))
	r.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	r.Header.Set("X-Zendesk-Webhook-Signature", signature(sampleSecret, stamp, body))
	r.Header.Set("X-Zendesk-Webhook-Id", "01F1KRFQ6BG29CNWFR60NK5FNY")
	r.Header.Set("X-Zendesk-Webhook-Invocation-Id", "8350205582")
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// inbox is a Webhook that keeps what it is told.
type inbox struct {
	*zendesk.Webhook
	t    *testing.T
	logs *lines

	mu  sync.Mutex
	got []zendesk.CommentAdded
}

// lines is a log that may be written and read at once.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newInbox answers each comment as reply says; nil is success.
func newInbox(t *testing.T, reply func(context.Context, *zendesk.CommentAdded) error) *inbox {
	b := &inbox{t: t, logs: &lines{}}
	b.Webhook = &zendesk.Webhook{
		Secrets: []string{sampleSecret}, Self: []int64{42},
		Logger: slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Handle: func(ctx context.Context, e *zendesk.CommentAdded) error {
			b.mu.Lock()
			b.got = append(b.got, *e)
			b.mu.Unlock()
			if reply == nil {
				return nil
			}
			return reply(ctx, e)
		},
	}
	return b
}

func (b *inbox) calls() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.got)
}

// want sends a body, signed now, and requires the status.
func (b *inbox) want(status int, body string) *httptest.ResponseRecorder {
	b.t.Helper()
	w := answer(b, signedRequest(b.t.Context(), body))
	require.Equal(b.t, status, w.Code, "%s", b.logs)
	return w
}

// bubble is a test in virtual time, which begins at a full second.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestWebhookTellsOfAComment(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	w := b.want(200, anEvent("d4f5c389-8f4a-4c2e-a1b9-8e4f39c71d52", 9876543210))
	require.Empty(t, w.Body.String())
	require.Equal(t, []zendesk.CommentAdded{{
		Account: 22129848, Ticket: 5158, Comment: 9876543210, Author: zendesk.CommentAuthor{ID: 77, Staff: true, Name: "Säm"},
		Actor: 8447388090494, Public: true, Body: "Have you tried <on> & off?\nYours",
		At: time.Date(2025, 1, 8, 14, 25, 30, 123456789, time.UTC), EventID: "d4f5c389-8f4a-4c2e-a1b9-8e4f39c71d52",
	}}, b.got)
}

// The first two were computed by the present page's rule; the last is the
// older page's own vector, with the body first.
func TestWebhookVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		secret, stamp, body, signature string
		status                         int
	}{
		{sampleSecret, "2021-03-25T05:09:27Z", `{"say":"hello"}`, "wBdX7hmsSGAyH374HQHKkutrZr75lt2XToKC8DRbnpA=", 200},
		{sampleSecret, "2026-01-15T10:00:00Z", "", "128w6sU3+MeLQwFecNmdVNEaV/KLU7lLfxX2YxmQ9Io=", 400}, // authentic, and not JSON
		{"HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=", "2021-07-25T10:00:00Z", `{"say": "hello"}`, "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=", 401},
	} {
		b := newInbox(t, nil)
		b.Secrets, b.Tolerance = []string{v.secret}, 100*365*24*time.Hour
		r := signedAt(t.Context(), v.stamp, v.body)
		r.Header.Set("X-Zendesk-Webhook-Signature", v.signature)
		require.Equal(t, v.status, answer(b, r).Code, v.stamp)
		require.Zero(t, b.calls())
	}
}

func TestWebhookRefusesEveryChange(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	body, stamp := anEvent("e1", 1), stampOf(time.Now())
	refused := func(r *http.Request, what string, i int) {
		t.Helper()
		w := answer(b, r)
		require.Equal(t, 401, w.Code, "%s at %d", what, i)
		require.Equal(t, "Unauthorized\n", w.Body.String(), "nothing is said of what is wrong")
	}
	sent := func(stamp, sig, body string) *http.Request {
		r := signedAt(t.Context(), stamp, body)
		r.Header.Set("X-Zendesk-Webhook-Signature", sig)
		return r
	}
	good := signature(sampleSecret, stamp, body)
	flip := func(s string, i int, bit byte) string {
		c := []byte(s)
		c[i] ^= bit
		return string(c)
	}
	for i := range body {
		for _, bit := range []byte{1, 0x20, 0x80} {
			refused(sent(stamp, good, flip(body, i, bit)), "body", i)
		}
	}
	for i := range body {
		refused(sent(stamp, good, body[:i]), "shortened", i)
	}
	for i := range stamp {
		for bit := byte(1); bit != 0; bit <<= 1 {
			refused(sent(flip(stamp, i, bit), good, body), "stamp", i)
		}
	}
	// The last letter of base64 carries two bits that mean nothing.
	for i := range good {
		for bit := byte(1); bit != 0; bit <<= 1 {
			refused(sent(stamp, flip(good, i, bit), body), "signature", i)
		}
	}
	for i, sig := range []string{"", "=", good + "=", good[:43], strings.ToLower(good), good + "," + good, good + "\n", strings.TrimRight(good, "=")} {
		refused(sent(stamp, sig, body), "form", i)
	}
	// What stands at the border belongs to one side of it.
	refused(sent(stamp+body[:1], good, body[1:]), "border", 0)
	require.Zero(t, b.calls())
	require.Equal(t, 200, answer(b, sent(stamp, good, body)).Code)
	require.Equal(t, 1, b.calls())
}

func TestWebhookWantsEachHeaderOnce(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	for _, name := range []string{"X-Zendesk-Webhook-Signature", "X-Zendesk-Webhook-Signature-Timestamp"} {
		r := signedRequest(t.Context(), anEvent("e", 1))
		r.Header.Add(name, r.Header.Get(name))
		require.Equal(t, 401, answer(b, r).Code)
		r.Header.Del(name)
		require.Equal(t, 401, answer(b, r).Code)
	}
	r := signedRequest(t.Context(), anEvent("e", 1))
	for name := range r.Header {
		if !strings.Contains(name, "Signature") {
			r.Header.Del(name)
		}
	}
	require.Equal(t, 200, answer(b, r).Code, "the others are not needed")
}

func TestWebhookTolerance(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		for _, c := range []struct {
			tolerance, off time.Duration
			status         int
		}{
			{0, 5 * time.Minute, 200}, {0, -5 * time.Minute, 200}, {0, 5*time.Minute + time.Second, 401}, {0, -5*time.Minute - time.Second, 401},
			{time.Second, time.Second, 200}, {time.Second, 2 * time.Second, 401}, {time.Second, -2 * time.Second, 401},
			{-time.Second, 0, 401}, {0, 200 * 365 * 24 * time.Hour, 401},
		} {
			b := newInbox(t, nil)
			b.Tolerance = c.tolerance
			r := signedAt(t.Context(), stampOf(time.Now().Add(c.off)), anEvent("e", 1))
			require.Equal(t, c.status, answer(b, r).Code, "%v %v", c.tolerance, c.off)
		}
		b := newInbox(t, nil)
		for _, stamp := range []string{"", "now", "946684800", "2000-01-01 00:00:00", "2000-01-01T00:00:00", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
			require.Equal(t, 401, answer(b, signedAt(t.Context(), stamp, anEvent("e", 1))).Code, stamp)
		}
		for _, stamp := range []string{"2000-01-01T00:00:00.123Z", "2000-01-01T01:00:00+01:00"} { // it counts as it was sent
			require.Equal(t, 200, answer(b, signedAt(t.Context(), stamp, anEvent("e", 1))).Code, stamp)
		}
	})
}

func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	for _, c := range []struct {
		secrets []string
		by      string
		status  int
	}{
		{[]string{"new", "old"}, "old", 200},
		{[]string{"new", "old"}, "new", 200},
		{[]string{"same", "same"}, "same", 200},
		{[]string{"new", "old"}, "other", 401},
		{[]string{"new", ""}, "", 401},      // an empty one is none
		{[]string{"new\n"}, "new", 401},     // as it stands
		{[]string{"bmV3"}, "new", 401},      // not decoded
		{[]string{""}, "", 500},             // and none is a mistake
		{nil, "", 500},                      //
		{[]string{"new", "old"}, "ol", 401}, //
	} {
		b.Webhook = &zendesk.Webhook{Secrets: c.secrets, Handle: b.Handle}
		r := signedRequest(t.Context(), anEvent("e", 1))
		r.Header.Set("X-Zendesk-Webhook-Signature", signature(c.by, r.Header.Get("X-Zendesk-Webhook-Signature-Timestamp"), anEvent("e", 1)))
		require.Equal(t, c.status, answer(b, r).Code, "%q by %q", c.secrets, c.by)
	}
	require.Equal(t, 500, answer(&zendesk.Webhook{Secrets: []string{sampleSecret}}, signedRequest(t.Context(), anEvent("e", 1))).Code)
	require.Equal(t, 500, answer(new(zendesk.Webhook), signedRequest(t.Context(), "")).Code)
}

func TestWebhookTakesPOST(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		r := signedRequest(t.Context(), anEvent("e", 1))
		r.Method = method
		w := answer(b, r)
		require.Equal(t, 405, w.Code)
		require.Equal(t, "POST", w.Header().Get("Allow"))
	}
	require.Zero(t, b.calls())
}

func TestWebhookBoundsTheBody(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	pad := func(size int) string {
		body := anEvent("e", 1)
		return body + strings.Repeat(" ", size-len(body))
	}
	for _, length := range []bool{true, false} {
		r := signedRequest(t.Context(), pad(1<<20+1))
		if !length {
			r.ContentLength = -1
		}
		require.Equal(t, 413, answer(b, r).Code)
	}
	require.Zero(t, b.calls())
	b.want(200, pad(1<<20))
	require.Equal(t, 1, b.calls())

	// The longest comment there is, in the longest way to write it.
	var in map[string]any
	require.NoError(t, json.Unmarshal([]byte(anEvent("long", 2)), &in))
	long := strings.Repeat("\x01", 64<<10)
	in["event"].(map[string]any)["comment"].(map[string]any)["body"] = long
	in["detail"].(map[string]any)["description"] = long
	body, err := json.MarshalIndent(in, "", "  ")
	require.NoError(t, err)
	b.want(200, string(body))
	require.Equal(t, long, b.got[1].Body)

	// Nothing is read of what is not signed at all.
	r := signedRequest(t.Context(), "")
	r.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { t.Error("read"); return 0, io.EOF }))
	r.ContentLength = 5
	r.Header.Del("X-Zendesk-Webhook-Signature")
	require.Equal(t, 401, answer(b, r).Code)
	// A body that breaks off is nothing.
	r = signedRequest(t.Context(), anEvent("e3", 3))
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))
	require.Equal(t, 400, answer(b, r).Code)
	require.Equal(t, 2, b.calls())
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A body that drips is given up after Timeout, by the real net/http.
func TestWebhookSlowBody(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		b := newInbox(t, nil)
		_, client, stop := memnet.Serve(b)
		defer stop()
		conn, err := client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "localhost:80")
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		body, stamp := anEvent("e", 1), stampOf(time.Now())
		begin := time.Now()
		answered := make(chan int)
		go func() {
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				answered <- 0
				return
			}
			_ = res.Body.Close()
			answered <- res.StatusCode
		}()
		_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nX-Zendesk-Webhook-Signature-Timestamp: %s\r\nX-Zendesk-Webhook-Signature: %s\r\n\r\n",
			len(body), stamp, signature(sampleSecret, stamp, body))
		require.NoError(t, err)
		go func() {
			for i := range body {
				if _, err := conn.Write([]byte{body[i]}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		require.Equal(t, 408, <-answered)
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.Zero(t, b.calls())
	})
}

// A connection serves one request after another: reading deadlines end with
// the body.
func TestWebhookKeepsConnections(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error { time.Sleep(9 * time.Second); return nil })
		var conns atomic.Int32
		url, client, stop := memnet.Serve(b)
		defer stop()
		tr := client.Transport.(*http.Transport)
		dial := tr.DialContext
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conns.Add(1)
			return dial(ctx, network, addr)
		}
		for i := range 3 {
			r := signedRequest(t.Context(), anEvent(fmt.Sprint("e", i), 1+i))
			req, err := http.NewRequestWithContext(t.Context(), "POST", url, r.Body)
			require.NoError(t, err)
			req.Header = r.Header
			res, err := client.Do(req)
			require.NoError(t, err)
			_ = res.Body.Close()
			require.Equal(t, 200, res.StatusCode)
			time.Sleep(20 * time.Second)
		}
		require.EqualValues(t, 1, conns.Load())
	})
}

func TestWebhookPassesOver(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	for _, body := range []string{
		fmt.Sprintf(commentEvent, 77, true, 1, false, "private"),
		fmt.Sprintf(commentEvent, 77, false, 1, true, "by an end user"),
		fmt.Sprintf(commentEvent, 42, true, 1, true, "our own"),
		strings.Replace(anEvent("e", 1), "ticket.comment_added", "ticket.created", 1),
		strings.Replace(anEvent("e", 1), "ticket.comment_added", "ticket.comment_made_private", 1),
		strings.Replace(anEvent("e", 1), "ticket.comment_added", "messaging_ticket.message_added", 1),
		`{"type":"zen:event-type:user.active_changed","account_id":1,"id":"x","detail":{"id":"0"},"event":{"current":false}}`,
		// What triggers send is their author's.
		`{}`, `[]`, `null`, `"text"`, `5`, `{"type":5,"id":7}`, `{"type":null}`, `{"ticket":{"id":"{{ticket.id}}"}}`, `{"TYPE":["x"]}`,
	} {
		require.Empty(t, b.want(200, body).Body.String(), body)
	}
	require.Zero(t, b.calls())
	// Passing over is not handling: what is public now is told.
	b.want(200, anEvent("private", 1))
	require.Equal(t, 1, b.calls())
}

// An event that is not as it is documented is told of, not guessed at.
func TestWebhookDoesNotGuess(t *testing.T) {
	t.Parallel()
	good := anEvent("e", 31)
	for what, change := range map[string][2]string{
		"JSON":                          {"{\n", "{{"},
		"types":                         {`"5158"`, `"12a"`},
		"detail.id":                     {`"id": "5158"`, `"ident": "5158"`},
		"event.comment.id":              {`"id": "31"`, `"id": "0"`},
		"event.comment.is_public":       {`"is_public": true` + "\n    },", `"public": true` + "\n    },"},
		"event.comment.author.is_staff": {`"is_staff": true`, `"is_staff": null`},
		"event.comment.author.id":       {`"id": "77"`, `"id": ""`},
	} {
		b := newInbox(t, nil)
		require.Contains(t, good, change[0])
		b.want(400, strings.Replace(good, change[0], change[1], 1))
		require.Zero(t, b.calls(), what)
		require.Contains(t, b.logs.String(), "wrong="+what)
	}
	for _, body := range []string{
		"", " ", "{", good[:len(good)-1], good + good, "\xff", "{\"type\":\"zen:event-type:ticket.comment_added\"}",
		`{"type":"zen:event-type:ticket.comment_added","detail":[],"event":{}}`, `{"type":"zen:event-type:ticket.comment_added","detail":{"id":1.5}}`,
		strings.Replace(good, `"31"`, `"99999999999999999999"`, 1), strings.Replace(good, `"5158"`, `"-5"`, 1), strings.Replace(good, `"id": "31"`, `"id": {}`, 1),
	} {
		newInbox(t, nil).want(400, body)
	}
}

// Of a name that is there twice the last counts, in whatever capitals: it is
// told as one parser reads it, or not at all. And what nests without end is no
// event.
func TestWebhookOddJSON(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	good := anEvent("e", 31)
	for _, change := range [][2]string{
		{`"is_public": true` + "\n    },", `"is_public": true, "is_public": false` + "\n    },"},
		{`"is_public": true` + "\n    },", `"is_public": true, "IS_PUBLIC": false` + "\n    },"},
		{`"is_staff": true`, `"is_staff": true, "is_staff": false`},
		{`"id": "77"`, `"id": "77", "id": "42"`},
		{`"type": "zen:event-type:ticket.comment_added"`, `"type": "zen:event-type:ticket.comment_added", "type": "x"`},
	} {
		require.Contains(t, good, change[0])
		b.want(200, strings.Replace(good, change[0], change[1], 1))
		require.Zero(t, b.calls(), change[1])
	}
	for _, deep := range []string{strings.Repeat("[", 500_000), strings.Repeat(`{"a":`, 150_000), strings.Repeat("[", 400_000) + strings.Repeat("]", 400_000)} {
		b.want(400, deep)
		b.want(400, strings.Replace(good, `"tags": []`, `"tags": `+deep, 1))
	}
	require.Zero(t, b.calls())
}

// Both shapes that ids and authors have been seen in.
func TestWebhookIDs(t *testing.T) {
	t.Parallel()
	for _, change := range [][2]string{
		{`"31"`, `31`}, {`"77"`, `77`}, {`"5158"`, `5158`}, {`22129848`, `"22129848"`}, {`"8447388090494"`, `8447388090494`},
		{`"id": "77",`, ``}, // and author_id instead, below
		{`"39313930383633353634323835"`, `39313930383633353634323835`}, {`"tags": [],`, ``},
	} {
		b := newInbox(t, nil)
		body := strings.Replace(anEvent("e", 31), change[0], change[1], 1)
		if change[1] == "" {
			body = strings.Replace(body, `"body":`, `"author_id": "77", "body":`, 1)
		}
		b.want(200, body)
		e := b.got[0]
		require.Equal(t, []int64{22129848, 5158, 31, 77, 8447388090494}, []int64{e.Account, e.Ticket, e.Comment, e.Author.ID, e.Actor}, change[0])
	}
	// Triggers and automations speak as the system.
	b := newInbox(t, nil)
	b.want(200, fmt.Sprintf(commentEvent, -1, true, 1, true, "e"))
	require.EqualValues(t, -1, b.got[0].Author.ID)
	// A time that cannot be read is none; an actor need not be told.
	b.want(200, strings.NewReplacer("2025-01-08", "8 January", `"actor_id": "8447388090494",`, "").Replace(anEvent("f", 2)))
	require.Zero(t, b.got[1].At)
	require.Zero(t, b.got[1].Actor)
}

func TestWebhookKnowsEventsAgain(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		b := newInbox(t, nil)
		b.want(200, anEvent("e1", 1))
		b.want(200, anEvent("e1", 1))
		time.Sleep(59 * time.Minute)
		b.want(200, anEvent("e1", 1))
		require.Equal(t, 1, b.calls())
		b.want(200, anEvent("e2", 1))
		require.Equal(t, 1, b.calls(), "another event of the same comment, as a second webhook has it")
		b.want(200, anEvent("e3", 2))
		require.Equal(t, 2, b.calls())
		time.Sleep(62 * time.Minute)
		b.want(200, anEvent("e1", 1))
		require.Equal(t, 3, b.calls(), "the memory has an end")

		// Without an id of the event the invocation's has to do.
		anonymous := strings.Replace(anEvent("gone", 4), `"id": "gone",`, ``, 1)
		b.want(200, anonymous)
		b.want(200, anonymous)
		require.Equal(t, 4, b.calls())
	})
}

// The invocation's id is not signed: a request that is sent again under
// another's must not stop that one.
func TestWebhookInvocationsCannotBePoisoned(t *testing.T) {
	t.Parallel()
	b := newInbox(t, nil)
	for _, comment := range []int{1, 2} {
		r := signedRequest(t.Context(), anEvent(fmt.Sprint("e", comment), comment))
		r.Header.Set("X-Zendesk-Webhook-Invocation-Id", "8350205583")
		require.Equal(t, 200, answer(b, r).Code)
	}
	require.Equal(t, 2, b.calls())
}

func TestWebhookReplay(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		// A clock that is behind by all that is tolerated keeps a request good
		// for twice as long.
		b := newInbox(t, nil)
		b.Tolerance = 2 * time.Hour
		stamp := stampOf(time.Now().Add(2 * time.Hour))
		for range 24 {
			require.Equal(t, 200, answer(b, signedAt(t.Context(), stamp, anEvent("e", 1))).Code)
			time.Sleep(10 * time.Minute)
		}
		require.Equal(t, 200, answer(b, signedAt(t.Context(), stamp, anEvent("e", 1))).Code)
		require.Equal(t, 1, b.calls())
		time.Sleep(time.Second)
		require.Equal(t, 401, answer(b, signedAt(t.Context(), stamp, anEvent("e", 1))).Code)
	})
}

func TestWebhookConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err           error
		status, calls int
	}{{nil, 200, 1}, {exdesk.ErrRefused, 200, 1}, {errors.New("no"), 503, 2}} {
		bubble(t, func(t *testing.T) {
			b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error { time.Sleep(3 * time.Second); return c.err })
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					w := answer(b, signedRequest(t.Context(), anEvent("e", 1)))
					if w.Code != c.status {
						t.Errorf("%d, not %d", w.Code, c.status)
					}
				})
			}
			wg.Wait()
			require.Equal(t, 1, b.calls())
			b.want(c.status, anEvent("e", 1))
			require.Equal(t, c.calls, b.calls())
		})
	}
}

func TestWebhookAnswersErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err        error
		status     int
		retryAfter string
		again      bool
	}{
		{nil, 200, "", false},
		{errors.New("no"), 503, "30", true},
		{fmt.Errorf("draft: %w", exdesk.ErrAuth), 503, "30", true},
		{context.DeadlineExceeded, 503, "30", true},
		{fmt.Errorf("send: %w", exdesk.ErrRefused), 200, "", false},
		{errors.Join(exdesk.ErrSuspended, exdesk.ErrRefused), 200, "", false},
		{wish(0), 503, "1", true},
		{wish(-time.Hour), 503, "1", true},
		{wish(1500 * time.Millisecond), 503, "2", true},
		{wish(20 * time.Second), 503, "20", true},
		{wish(time.Hour), 503, "45", true}, // or Zendesk would not come back
		{wish(1<<63 - 1), 503, "45", true},
	} {
		b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error { return c.err })
		w := b.want(c.status, anEvent("e", 1))
		require.Equal(t, c.retryAfter, w.Header().Get("Retry-After"), "%v", c.err)
		b.want(c.status, anEvent("e", 1))
		require.Equal(t, c.again, b.calls() == 2, "%v", c.err)
	}
}

type wish time.Duration

func (wish) Error() string                       { return "busy" }
func (w wish) RetryAfter() (time.Duration, bool) { return time.Duration(w), true }

func TestWebhookTimeout(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, 3 * time.Second} {
		want := 10 * time.Second
		if timeout != 0 {
			want = timeout
		}
		bubble(t, func(t *testing.T) {
			b := newInbox(t, func(ctx context.Context, _ *zendesk.CommentAdded) error { <-ctx.Done(); return ctx.Err() })
			b.Timeout = timeout
			begin := time.Now()
			require.NotEmpty(t, b.want(503, anEvent("e", 1)).Header().Get("Retry-After"))
			require.Equal(t, want, time.Since(begin))
			synctest.Wait()
			b.want(503, anEvent("e", 1))
			require.Equal(t, 2, b.calls())
		})
		bubble(t, func(t *testing.T) {
			// It does not listen to its context: Zendesk is told to come back, and
			// nothing is begun twice.
			b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error { time.Sleep(25 * time.Second); return nil })
			b.Timeout = timeout
			begin := time.Now()
			b.want(503, anEvent("e", 1))
			require.Equal(t, want, time.Since(begin))
			b.want(503, anEvent("e", 1))
			require.Equal(t, 2*want, time.Since(begin))
			time.Sleep(25*time.Second - 2*want)
			synctest.Wait()
			b.want(200, anEvent("e", 1))
			require.Equal(t, 1, b.calls())
		})
	}
}

// Zendesk hangs up, as it does after 10 or 12 seconds, or a proxy does: what
// was begun is done when it comes back.
func TestWebhookHangup(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		b := newInbox(t, func(ctx context.Context, _ *zendesk.CommentAdded) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(8 * time.Second):
				return nil
			}
		})
		url, client, stop := memnet.Serve(b)
		defer stop()
		send := func(ctx context.Context) (int, error) {
			r := signedRequest(ctx, anEvent("e", 1))
			req, err := http.NewRequestWithContext(ctx, "POST", url, r.Body)
			require.NoError(t, err)
			req.Header = r.Header
			res, err := client.Do(req)
			if err != nil {
				return 0, err
			}
			_ = res.Body.Close()
			return res.StatusCode, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := send(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		begin := time.Now()
		status, err := send(t.Context())
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Equal(t, 7*time.Second, time.Since(begin))
		require.Equal(t, 1, b.calls())
	})
}

func TestWebhookPanics(t *testing.T) {
	t.Parallel()
	var list []int
	for what, f := range map[string]func(){
		"panic=string": func() { panic("Have you tried ann@customer.example") },
		`panic="runtime error: index out of range`: func() { _ = list[len(list)+3] },
		"panic=*errors.errorString":                func() { panic(http.ErrAbortHandler) },
	} {
		b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error { f(); return nil })
		b.want(500, anEvent("e", 1))
		require.Contains(t, b.logs.String(), what)
		require.Contains(t, b.logs.String(), "webhook_test.go", "the stack")
		require.NotContains(t, b.logs.String(), "customer.example")
		b.want(500, anEvent("e", 1))
		require.Equal(t, 2, b.calls(), "it may be tried again")
	}
}

func TestWebhookKeepsSilent(t *testing.T) {
	t.Parallel()
	b := newInbox(t, func(context.Context, *zendesk.CommentAdded) error {
		return fmt.Errorf("to <ann@customer.example>, \"bob@customer.example\": refused\r\nX: y")
	})
	var said strings.Builder
	for _, body := range []string{anEvent("e", 1), anEvent("e", 1)[:300], fmt.Sprintf(commentEvent, 77, true, 1, false, "e"), "{}"} {
		for _, secret := range []string{sampleSecret, "other"} {
			r := signedRequest(t.Context(), body)
			r.Header.Set("X-Zendesk-Webhook-Signature", signature(secret, r.Header.Get("X-Zendesk-Webhook-Signature-Timestamp"), body))
			r.RemoteAddr = "203.0.113.9:1"
			w := answer(b, r)
			said.WriteString(w.Body.String() + fmt.Sprint(w.Header()))
		}
	}
	text := b.logs.String() + said.String()
	require.Contains(t, text, "comment.ticket=5158 comment.comment=1")
	require.Contains(t, text, "(address)")
	for _, secret := range []string{sampleSecret, "Have you tried", "Säm", "Cannot sign in", "customer.example", "203.0.113.9", "X: y\n"} {
		require.NotContains(t, text, secret)
	}
}

// The whole of it, against an account that misbehaves in every way it can.
func TestWebhookAgainstAccount(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]zendesktest.WebhookOptions{
		"plain": {}, "same stamp": {SameStamp: true}, "numbers": {NumericIDs: true}, "flat": {FlatAuthor: true}, "quiet": {QuietCreate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				srv := zendesktest.New(&zendesktest.Options{Agents: []string{"sam@acme.test"}})
				fails := map[int64]int{}
				var mu sync.Mutex
				var done []int64
				b := newInbox(t, func(ctx context.Context, e *zendesk.CommentAdded) error {
					time.Sleep(9 * time.Second)
					mu.Lock()
					defer mu.Unlock()
					if fails[e.Comment]++; fails[e.Comment] <= 4 {
						return wish(time.Hour)
					}
					done = append(done, e.Comment)
					return nil
				})
				url, client, stop := memnet.Serve(b)
				defer stop()
				o.Client = client
				hooks := zendesktest.NewWebhooks(srv, &o)
				_, secret := hooks.Subscribe(url)
				_, second := hooks.Subscribe(url) // a second webhook, for its other secret
				account, desk, stopAccount := memnet.Serve(hooks)
				defer stopAccount()
				b.Secrets = []string{second, secret}
				c, err := zendesk.New("acme", token(srv.Token()), &zendesk.Options{BaseURL: account, HTTPClient: desk})
				require.NoError(t, err)
				made, err := c.Create(t.Context(), ticket())
				require.NoError(t, err)
				for i := range 8 {
					srv.Edit(made.ID, func(t *zendesktest.Ticket) {
						t.Comments = append(t.Comments,
							zendesktest.Comment{Body: fmt.Sprint("answer ", i), Public: true, Author: zendesktest.User{Email: "sam@acme.test"}},
							zendesktest.Comment{Body: "note", Author: zendesktest.User{Email: "sam@acme.test"}},
							zendesktest.Comment{Body: "thanks", Public: true, Author: zendesktest.User{Email: "ann@customer.example"}})
					})
				}
				hooks.Misbehave(zendesktest.Mischief{Duplicates: 2, Together: true, Shuffle: 7})
				for range 20 {
					hooks.Deliver(t.Context())
					time.Sleep(45 * time.Second)
				}
				require.Zero(t, hooks.Pending())
				var want []int64
				after, _ := srv.Ticket(made.ID)
				for _, m := range after.Comments {
					if m.Public && m.Author.Role == "agent" {
						want = append(want, m.ID)
					}
				}
				require.Len(t, want, 8)
				slices.Sort(done)
				require.Equal(t, want, done, "each once, whatever came how often")
				for _, d := range hooks.Deliveries() {
					require.Contains(t, []int{200, 503}, d.Status)
				}
			})
		})
	}
}

// members collects what a JSON object says, by its path, and reports whether nothing
// in it is said twice in whatever case.
func members(v *json.Decoder, path string, into map[string]any) bool {
	once := true
	for token, err := v.Token(); err == nil; token, err = v.Token() {
		switch name, _ := token.(string); token {
		case json.Delim('}'), json.Delim(']'):
			return once
		default:
			at := path + "." + strings.ToLower(name)
			if _, twice := into[at]; twice || name != strings.ToLower(name) {
				once = false
			}
			value, err := v.Token()
			if into[at] = value; err != nil {
				return false
			}
			switch value {
			case json.Delim('{'):
				once = members(v, at, into) && once
			case json.Delim('['):
				for depth := 1; depth > 0; {
					token, err := v.Token()
					if err != nil {
						return false
					}
					switch token {
					case json.Delim('['), json.Delim('{'):
						depth++
					case json.Delim(']'), json.Delim('}'):
						depth--
					}
				}
			}
		}
	}
	return once
}

// FuzzWebhook: nobody is told of a comment but by a body that is signed, now, and
// says by itself that staff has made it, in public, on that ticket; nor of our own,
// nor twice. With another signature, time or body it is refused.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(anEvent("e", 1)), byte(0), int16(0))
	f.Add([]byte(fmt.Sprintf(commentEvent, 42, true, 1, true, "e")), byte(1), int16(200))
	f.Add([]byte(fmt.Sprintf(commentEvent, 77, false, 1, true, "e")), byte(17), int16(-301))
	f.Add([]byte(fmt.Sprintf(commentEvent, 77, true, 1, false, "e")), byte(43), int16(301))
	f.Add([]byte(`{"type":"zen:event-type:ticket.comment_added","TYPE":5,"event":{"comment":{"id":1,"is_public":true,"IS_PUBLIC":false,"author":{"is_staff":true},"author_id":"3"}},"detail":{"id":"7"}}`), byte(2), int16(32767))
	f.Add([]byte(`{"type":"zen:event-type:ticket.comment_added","event":null,"detail":{"id":"\u0031"}}`), byte(3), int16(299))
	f.Add([]byte(``), byte(4), int16(0))
	f.Fuzz(func(t *testing.T, body []byte, at byte, off int16) {
		b := newInbox(t, nil)
		refused := func(r *http.Request) {
			t.Helper()
			require.Equal(t, 401, answer(b, r).Code)
			require.Zero(t, b.calls())
		}
		r := signedRequest(t.Context(), string(body))
		sign := []byte(r.Header.Get("X-Zendesk-Webhook-Signature"))
		sign[int(at)%len(sign)]++
		r.Header.Set("X-Zendesk-Webhook-Signature", string(sign))
		refused(r)
		r = signedRequest(t.Context(), string(body)+" ")
		r.Body = io.NopCloser(bytes.NewReader(body))
		refused(r)
		if off > 301 || off < -301 { // a second has gone by
			refused(signedAt(t.Context(), stampOf(time.Now().Add(time.Duration(off)*time.Second)), string(body)))
		}

		w := answer(b, signedRequest(t.Context(), string(body)))
		require.Contains(t, []int{200, 400, 413}, w.Code)
		require.True(t, w.Code != 200 || json.Valid(body))
		for _, e := range b.got {
			require.Equal(t, 200, w.Code)
			require.True(t, e.Public && e.Author.Staff && e.Ticket > 0 && e.Comment > 0)
			require.NotContains(t, []int64{0, 42}, e.Author.ID)
			_ = answer(b, signedRequest(t.Context(), string(body)))
			require.Equal(t, 1, b.calls())
			said := make(map[string]any)
			v := json.NewDecoder(bytes.NewReader(body))
			v.UseNumber()
			if _, err := v.Token(); err != nil || !members(v, "", said) {
				continue // another reader may take the one or the other
			}
			require.Equal(t, "zen:event-type:ticket.comment_added", said[".type"])
			require.Equal(t, true, said[".event.comment.is_public"])
			require.Equal(t, true, said[".event.comment.author.is_staff"])
			id, err := strconv.ParseInt(fmt.Sprint(said[".detail.id"]), 10, 64)
			require.NoError(t, err)
			require.Equal(t, id, e.Ticket)
			id, err = strconv.ParseInt(fmt.Sprint(said[".event.comment.id"]), 10, 64)
			require.NoError(t, err)
			require.Equal(t, id, e.Comment)
			require.True(t, said[".event.comment.body"] == any(e.Body) || e.Body == "")
		}
	})
}

func ExampleWebhook() {
	hook := &zendesk.Webhook{
		Self: []int64{8447388090001}, // the user that exdesk acts as
		Handle: func(_ context.Context, e *zendesk.CommentAdded) error {
			fmt.Printf("%s answered on ticket %d: %s\n", e.Author.Name, e.Ticket, e.Body)
			return nil
		},
	}
	web := httptest.NewServer(hook)
	defer web.Close()

	// An account on which an agent answers.
	srv := zendesktest.New(nil)
	hooks := zendesktest.NewWebhooks(srv, nil)
	_, secret := hooks.Subscribe(web.URL)
	hook.Secrets = []string{secret} // before the first request
	srv.AddUser(zendesktest.User{Name: "Sam", Email: "sam@acme.test", Role: "agent"})
	commentedTicket(hooks, srv)

	for _, d := range hooks.Deliver(context.Background()) {
		fmt.Println(d.Type, d.Status)
	}
	// Output:
	// Sam answered on ticket 1: It is out now.
	// zen:event-type:ticket.comment_added 200
	// zen:event-type:ticket.comment_added 200
}

// commentedTicket makes a ticket by a customer, and an agent's answer.
func commentedTicket(hooks http.Handler, srv *zendesktest.Server) {
	r := httptest.NewRequest("POST", "/api/v2/tickets", strings.NewReader(
		`{"ticket":{"subject":"Fire","comment":{"body":"It burns"},"requester":{"name":"Ann","email":"ann@customer.example"}}}`))
	r.Header.Set("Authorization", "Bearer "+srv.Token())
	r.Header.Set("Content-Type", "application/json")
	hooks.ServeHTTP(httptest.NewRecorder(), r)
	srv.Edit(1, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{Body: "It is out now.", Public: true, Author: zendesktest.User{Email: "sam@acme.test"}})
	})
}
