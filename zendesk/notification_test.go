package zendesk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

var mailbox = exdesk.Address{Name: "Acme", Address: "support@contoso.test"}

// agents is an account with an agent, Sam.
func agents(z zendesktest.Options) *zendesktest.Options {
	z.Agents = append(z.Agents, "sam@acme.test")
	return &z
}

// told is an account in which Sam answers on ticket 1, which is Ann's.
type told struct {
	*testing.T
	srv *zendesktest.Server
	c   *zendesk.Client
}

func telling(t *testing.T, z zendesktest.Options, f func(w *told)) {
	t.Helper()
	inBubble(t, agents(z), func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		_, err := c.Create(t.Context(), ticket())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		f(&told{t, srv, c})
		for _, v := range srv.Violations() {
			t.Error(v)
		}
	})
}

// say makes a comment of Sam's unless it names somebody, and returns its event.
func (w *told) say(m zendesktest.Comment) *zendesk.CommentAdded {
	w.Helper()
	if m.Author.Email == "" {
		m.Author.Email = "sam@acme.test"
	}
	w.srv.Edit(1, func(t *zendesktest.Ticket) { t.Comments = append(t.Comments, m) })
	return w.event()
}

// event is that of the newest comment.
func (w *told) event() *zendesk.CommentAdded {
	w.Helper()
	t, ok := w.srv.Ticket(1)
	require.True(w, ok)
	m := t.Comments[len(t.Comments)-1]
	return &zendesk.CommentAdded{Account: 22129848, Ticket: 1, Comment: m.ID, Author: zendesk.CommentAuthor{ID: m.Author.ID, Staff: true, Name: "Sam"},
		Public: m.Public, Body: m.Body, At: m.CreatedAt}
}

// answer is a public comment with files that are told by URL in its HTML:
// "%s" is where each is.
func (w *told) answer(html string, files ...*exdesk.File) *zendesk.CommentAdded {
	w.Helper()
	n := &exdesk.NewComment{Public: true}
	var urls []any
	for _, f := range files {
		up, err := w.c.Upload(w.Context(), f)
		require.NoError(w, err)
		n.Uploads, urls = append(n.Uploads, up.Token), append(urls, up.URL)
	}
	n.HTML = fmt.Sprintf(html, urls[:strings.Count(html, "%s")]...)
	for _, u := range w.srv.Users() {
		if u.Email == "sam@acme.test" {
			n.Author = u.ID
		}
	}
	conv, err := w.c.Conversation(w.Context(), 1, time.Time{})
	require.NoError(w, err)
	_, err = w.c.Comment(w.Context(), conv, n)
	require.NoError(w, err)
	return w.event()
}

func file(name, kind, content string) *exdesk.File {
	return &exdesk.File{Name: name, Type: kind, Size: int64(len(content)), Body: strings.NewReader(content)}
}

// letter is a notification as a mailer reads it.
type letter struct {
	mail.Header
	raw   string
	parts []part
}

type part struct {
	kind, disposition, name, id, within string
	content                             string
}

func (l *letter) part(i int) part { return l.parts[i] }

// read reads what leaves.
func (w *told) read(out *exdesk.Outbound) *letter {
	w.Helper()
	raw, err := io.ReadAll(out.MIME)
	require.NoError(w, err)
	return readLetter(w.T, raw)
}

func readLetter(t *testing.T, raw []byte) *letter {
	t.Helper()
	require.NotContains(t, strings.ReplaceAll(string(raw), "\r\n", ""), "\n", "every line ends in CRLF")
	require.NotContains(t, strings.ReplaceAll(string(raw), "\r\n", ""), "\r")
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		require.LessOrEqual(t, len(line), 998)
		require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return r >= 0x80 || r < ' ' && r != '\t' }), "%q", line)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	l := &letter{Header: m.Header, raw: string(raw)}
	var walk func(h map[string][]string, body io.Reader, within string)
	walk = func(h map[string][]string, body io.Reader, within string) {
		head := mail.Header(h)
		kind, p, err := mime.ParseMediaType(head.Get("Content-Type"))
		require.NoError(t, err)
		if strings.HasPrefix(kind, "multipart/") {
			for r := multipart.NewReader(body, p["boundary"]); ; {
				one, err := r.NextRawPart()
				if err == io.EOF {
					return
				}
				require.NoError(t, err)
				walk(one.Header, one, strings.TrimPrefix(kind, "multipart/"))
			}
		}
		switch strings.ToLower(head.Get("Content-Transfer-Encoding")) {
		case "base64":
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\r\n") {
				require.LessOrEqual(t, len(line), 76)
			}
			body = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text))
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		content, err := io.ReadAll(body)
		require.NoError(t, err)
		one := part{kind: kind, id: head.Get("Content-Id"), within: within, content: strings.ReplaceAll(string(content), "\r\n", "\n")}
		if d := head.Get("Content-Disposition"); d != "" {
			var q map[string]string
			one.disposition, q, err = mime.ParseMediaType(d)
			require.NoError(t, err)
			one.name = q["filename"]
		}
		l.parts = append(l.parts, one)
	}
	walk(m.Header, m.Body, "")
	return l
}

// words decodes a field.
func (l *letter) words(name string) string {
	s, err := new(mime.WordDecoder).DecodeHeader(l.Get(name))
	if err != nil {
		return err.Error()
	}
	return s
}

// addresses are those of a field.
func (l *letter) addresses(name string) []string {
	var list []string
	if l.Get(name) == "" {
		return nil
	}
	all, err := l.AddressList(name)
	if err != nil {
		return []string{err.Error()}
	}
	for _, a := range all {
		list = append(list, a.Name+"|"+a.Address)
	}
	return list
}

func (w *told) notification(e *zendesk.CommentAdded) *letter {
	w.Helper()
	out, err := w.c.Notification(w.Context(), e, mailbox)
	require.NoError(w, err)
	require.Equal(w, e.Ticket, out.Ticket)
	return w.read(out)
}

func TestNotification(t *testing.T) {
	telling(t, zendesktest.Options{}, func(w *told) {
		w.srv.Edit(1, func(t *zendesktest.Ticket) {
			t.EmailCCs = append(t.EmailCCs, "support@acme.zendesk.com", "support+x@acme.zendesk.com", "support@contoso.test", "sam@acme.test", "kim@partner.example", "ANN@customer.example")
		})
		e := w.answer(`<p>It is <b>on its way</b>, Änn.</p><img alt="x" src='%s'><img src="https://elsewhere.example/a.png">`,
			file("way.png", "image/png", "png"), file("label.pdf", "application/pdf", strings.Repeat("pdf", 1000)), file("empty.txt", "text/plain", ""))
		out, err := w.c.Notification(w.Context(), e, mailbox)
		require.NoError(w, err)
		require.Equal(w, &exdesk.Outbound{MIME: out.MIME, Ticket: 1, Key: fmt.Sprintf("zendesk acme 1 %d", e.Comment)}, out)
		l := w.read(out)
		is, _ := w.srv.Ticket(1)
		encoded := strings.ReplaceAll(is.EncodedID, "-", "")

		require.Equal(w, []string{"Acme|support@contoso.test"}, l.addresses("From"))
		require.Equal(w, []string{"Ann|ann@customer.example"}, l.addresses("To"))
		require.Equal(w, []string{"Bob|bob@customer.example", "eve|eve@customer.example", "kim|kim@partner.example"}, l.addresses("Cc"))
		require.Equal(w, "Re: Hello", l.Get("Subject"))
		date, err := l.Date()
		require.NoError(w, err)
		require.True(w, date.Equal(e.At))
		require.Regexp(w, `^<`+encoded+`_[0-9a-f]{13}_[0-9a-f]{12}@contoso\.test>$`, l.Get("Message-Id"))
		require.Equal(w, "<"+encoded+"@zendesk.com>", l.Get("References"))
		require.Empty(w, l.Get("In-Reply-To"))
		require.Equal(w, []string{"auto-generated", "All", "exdesk", "151acb8"},
			[]string{l.Get("Auto-Submitted"), l.Get("X-Auto-Response-Suppress"), l.Get("X-Mailer"), l.Get("X-Zendesk-From-Account-Id")})
		require.Regexp(w, `^[0-7][0-9A-HJKMNP-TV-Z]{25}$`, l.Get("X-Zendesk-Email-Id"))

		require.Len(w, l.parts, 5)
		text, page, picture, pdf, empty := l.part(0), l.part(1), l.part(2), l.part(3), l.part(4)
		require.Equal(w, part{kind: "text/plain", within: "alternative", content: "It is on its way, Änn.\n\n[" + is.EncodedID + "]\n"}, text)
		require.Equal(w, "text/html", page.kind)
		require.Contains(w, page.content, `<p dir="auto">It is <b>on its way</b>, Änn.</p>`)
		require.Contains(w, page.content, `src="cid:`+strings.Trim(picture.id, "<>")+`"`)
		require.Contains(w, page.content, `src="https://elsewhere.example/a.png"`)
		require.Regexp(w, `<span style="color:#FFFFFF[^>]*>\[`+is.EncodedID+`\]</span>\s*</body></html>\s*$`, page.content)
		require.Equal(w, part{kind: "image/png", disposition: "inline", name: "way.png", id: picture.id, within: "related", content: "png"}, picture)
		require.Equal(w, part{kind: "application/pdf", disposition: "attachment", name: "label.pdf", within: "mixed", content: strings.Repeat("pdf", 1000)}, pdf)
		require.Equal(w, part{kind: "text/plain", disposition: "attachment", name: "empty.txt", within: "mixed"}, empty)
	})
}

// Whoever makes it again makes the same octets, so that a draft that was begun
// is gone on with.
func TestNotificationIsTheSameAgain(t *testing.T) {
	telling(t, zendesktest.Options{}, func(w *told) {
		e := w.answer(`<img src="%s">`, file("way.png", "image/png", "png"), file("label.pdf", "application/pdf", "pdf"))
		first := w.notification(e)
		time.Sleep(3 * time.Minute)
		e.EventID, e.Author.Name, e.At = "other", "Other", time.Time{}
		require.Equal(w, first.raw, w.notification(e).raw)
		second := w.notification(w.say(zendesktest.Comment{Body: "More.", Public: true}))
		for _, name := range []string{"Message-Id", "X-Zendesk-Email-Id"} {
			require.NotEqual(w, first.Get(name), second.Get(name))
		}
		require.Less(w, first.Get("X-Zendesk-Email-Id"), second.Get("X-Zendesk-Email-Id"), "they begin with the time")
	})
}

// A notification answers the mails of the customers that are known.
func TestNotificationThreads(t *testing.T) {
	note := func(w *told, id, by string, public bool) {
		conv, err := w.c.Conversation(w.Context(), 1, time.Time{})
		require.NoError(w, err)
		n := &exdesk.NewComment{Origin: exdesk.Origin{Digest: "d", MessageID: id}, Public: public, HTML: "more"}
		for _, u := range w.srv.Users() {
			if u.Email == by {
				n.Author = u.ID
			}
		}
		_, err = w.c.Comment(w.Context(), conv, n)
		require.NoError(w, err)
		time.Sleep(time.Minute)
	}
	for _, c := range []struct {
		name         string
		first        string
		do           func(w *told)
		reply, after string // In-Reply-To, and what References has after the root
	}{
		{"the first mail", "one@customer.example", func(*told) {}, "<one@customer.example>", " <one@customer.example>"},
		{"the last of a customer", "one@customer.example", func(w *told) {
			note(w, "two@customer.example", "bob@customer.example", true)
			note(w, "three@customer.example", "ann@customer.example", true)
			note(w, "bounce@customer.example", "ann@customer.example", false)
			note(w, "sam@acme.test", "sam@acme.test", true)
		}, "<three@customer.example>", " <one@customer.example> <three@customer.example>"},
		{"long ago", "one@customer.example", func(w *told) {
			note(w, "two@customer.example", "ann@customer.example", true)
			for range 120 {
				w.srv.Edit(1, func(t *zendesktest.Ticket) { t.Tags = append(t.Tags, fmt.Sprint("t", len(t.Tags))) })
				time.Sleep(time.Second)
			}
		}, "<two@customer.example>", " <one@customer.example> <two@customer.example>"},
		{"hostile", "a b@c>\r\nBcc: eve@evil.example", func(w *told) {
			note(w, "<x@y>, <z@w>", "ann@customer.example", true)
			note(w, strings.Repeat("x", 600)+"@y.example", "ann@customer.example", true)
		}, "", ""},
		{"none", "", func(*told) {}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, agents(zendesktest.Options{TokenLife: -1}), func(t *testing.T, srv *zendesktest.Server, client *zendesk.Client) {
				in := ticket()
				in.Origin.MessageID = c.first
				_, err := client.Create(t.Context(), in)
				require.NoError(t, err)
				time.Sleep(time.Minute)
				w := &told{t, srv, client}
				c.do(w)
				e := w.say(zendesktest.Comment{Body: "Answer", Public: true})
				note(w, "later@customer.example", "ann@customer.example", true)
				l := w.notification(e)
				require.Equal(t, c.reply, l.Get("In-Reply-To"))
				_, after, _ := strings.Cut(l.Get("References"), "@zendesk.com>")
				require.Equal(t, c.after, after)
			})
		})
	}
}

func TestNotificationRefuses(t *testing.T) {
	edit := func(f func(*zendesktest.Ticket)) func(*told, *zendesk.CommentAdded) {
		return func(w *told, _ *zendesk.CommentAdded) { w.srv.Edit(1, f) }
	}
	people := func(body string) func(*told, *zendesk.CommentAdded) {
		return func(w *told, _ *zendesk.CommentAdded) {
			is, _ := w.srv.Ticket(1)
			body = strings.ReplaceAll(body, "REQUESTER", fmt.Sprint(is.Requester.ID))
			require.NoError(w, w.srv.Fault(zendesktest.Fault{Path: "/api/v2/users/show_many", Status: 200, Body: body, Times: -1}))
		}
	}
	for _, c := range []struct {
		name, says string
		do         func(*told, *zendesk.CommentAdded)
	}{
		{"made private", "it is private", edit(func(t *zendesktest.Ticket) { t.Comments[1].Public = false })},
		{"redacted", "it was redacted", func(w *told, e *zendesk.CommentAdded) { w.srv.Redact(1, e.Comment, "secret") }},
		{"deleted ticket", "not there", edit(func(t *zendesktest.Ticket) { t.Deleted = true })},
		{"closed ticket", "the ticket is closed", edit(func(t *zendesktest.Ticket) { t.Status = "closed" })},
		{"no such comment", "the comment is not there", func(_ *told, e *zendesk.CommentAdded) { e.Comment = 7 }},
		{"no such ticket", "the ticket is not there", func(_ *told, e *zendesk.CommentAdded) { e.Ticket = 7 }},
		{"imported", "it was imported", func(_ *told, e *zendesk.CommentAdded) { e.At = e.At.Add(2 * time.Hour) }},
		{"no requester", "the requester has no address", people(`{"users":[]}`)},
		{"no address", "the requester has no address", people(`{"users":[{"id":REQUESTER,"email":null}]}`)},
		{"bad address", "the requester has no address", people(`{"users":[{"id":REQUESTER,"email":"ann@customer.example, eve@evil.example"}]}`)},
		{"requester is us", "nobody is on the ticket", people(`{"users":[{"id":REQUESTER,"email":"Support@contoso.test"}]}`)},
		{"requester is who wrote it", "nobody is on the ticket", func(w *told, e *zendesk.CommentAdded) {
			w.srv.Edit(1, func(t *zendesktest.Ticket) { t.EmailCCs = nil })
			*e = *w.say(zendesktest.Comment{Body: "I", Public: true, Author: zendesktest.User{Email: "ann@customer.example"}})
			time.Sleep(2 * time.Minute)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			telling(t, zendesktest.Options{}, func(w *told) {
				e := w.say(zendesktest.Comment{Body: "A secret answer", Public: true})
				time.Sleep(2 * time.Minute)
				c.do(w, e)
				out, err := w.c.Notification(w.Context(), e, mailbox)
				require.ErrorIs(w, err, exdesk.ErrRefused)
				require.ErrorContains(w, err, c.says)
				require.NotContains(w, err.Error(), "@")
				require.Nil(w, out)
			})
		})
	}
}

// What may come yet is no refusal.
func TestNotificationComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		opt zendesktest.Options
		do  func(*told, *zendesk.CommentAdded)
	}{
		"stale ticket":     {zendesktest.Options{ReadLag: 10 * time.Second}, nil},
		"comment not yet":  {do: func(_ *told, e *zendesk.CommentAdded) { e.Comment++ }},
		"ticket not yet":   {do: func(_ *told, e *zendesk.CommentAdded) { e.Ticket++ }},
		"nobody knows":     {do: func(_ *told, e *zendesk.CommentAdded) { e.Ticket++; e.At = time.Time{} }},
		"comments fail":    {do: breaking("/api/v2/tickets/1/comments")},
		"the ticket fails": {do: breaking("/api/v2/tickets/1")},
		"people fail":      {do: breaking("/api/v2/users/show_many")},
		"addresses fail":   {do: breaking("/api/v2/recipient_addresses")},
		"audits fail":      {do: breaking("/api/v2/tickets/1/audits")},
	} {
		t.Run(name, func(t *testing.T) {
			telling(t, c.opt, func(w *told) {
				e := w.say(zendesktest.Comment{Body: "Answer", Public: true})
				right := *e
				if c.do != nil {
					c.do(w, e)
				}
				_, err := w.c.Notification(w.Context(), e, mailbox)
				require.ErrorIs(w, err, exdesk.ErrTemporary)
				require.NotErrorIs(w, err, exdesk.ErrRefused)
				w.srv.ClearFaults()
				time.Sleep(20 * time.Second)
				w.notification(&right)
			})
		})
	}
}

func breaking(path string) func(*told, *zendesk.CommentAdded) {
	return func(w *told, _ *zendesk.CommentAdded) {
		require.NoError(w, w.srv.Fault(zendesktest.Fault{Path: path, Status: 503, Times: 4}))
	}
}

// A text that shows blocks of its own is not redacted, and a copy that was
// added with the comment gets it.
func TestNotificationKeepsBlocks(t *testing.T) {
	telling(t, zendesktest.Options{}, func(w *told) {
		w.srv.Edit(1, func(t *zendesktest.Ticket) {
			t.EmailCCs = append(t.EmailCCs, "new@customer.example")
			t.Comments = append(t.Comments, zendesktest.Comment{Body: "▇▇▇ 60 %", Public: true})
		})
		l := w.notification(w.event())
		require.Contains(w, l.part(0).content, "▇▇▇ 60 %")
		require.Contains(w, l.addresses("Cc"), "new|new@customer.example")
	})
}

// An agent's own ticket: those who are copied are told, without a To field.
func TestNotificationWithoutTo(t *testing.T) {
	telling(t, zendesktest.Options{}, func(w *told) {
		l := w.notification(w.say(zendesktest.Comment{Body: "Me again", Public: true, Author: zendesktest.User{Email: "ann@customer.example"}}))
		require.NotContains(w, l.Header, "To")
		require.Equal(w, []string{"Bob|bob@customer.example", "eve|eve@customer.example"}, l.addresses("Cc"))
	})
}

// A client that may not read all of it does with less.
func TestNotificationScopes(t *testing.T) {
	telling(t, zendesktest.Options{NoAudits: true, SettingsScope: true}, func(w *told) {
		e := w.say(zendesktest.Comment{Body: "Answer", Public: true})
		require.NoError(w, w.srv.Fault(zendesktest.Fault{Path: "/api/v2/tickets/1/audits", Status: 403, Times: -1}))
		require.NoError(w, w.srv.Fault(zendesktest.Fault{Path: "/api/v2/recipient_addresses", Status: 403, Times: -1}))
		require.Empty(w, w.notification(e).Get("In-Reply-To"))
	})
}

func TestNotificationFiles(t *testing.T) {
	for name, opt := range map[string]zendesktest.Options{
		"plain": {}, "elsewhere": {FileHost: "http://127.0.0.1"}, "private": {PrivateFiles: true}, "both": {FileHost: "http://127.0.0.1", PrivateFiles: true},
		"inline": {InlineImages: true},
	} {
		t.Run(name, func(t *testing.T) {
			telling(t, opt, func(w *told) {
				e := w.answer(`<img src="%s">`, file("way.png", "image/png", "png"), file("label.pdf", "application/pdf", strings.Repeat("x", 500_000)))
				l := w.notification(e)
				require.Equal(w, "png", l.part(2).content)
				require.Equal(w, strings.Repeat("x", 500_000), l.part(3).content)
			})
		})
	}
}

// What cannot be read to its end breaks the reading, and may be tried again.
func TestNotificationFilesBreak(t *testing.T) {
	const path = "/attachments/token/**"
	for name, c := range map[string]struct {
		fault zendesktest.Fault
		class error
	}{
		"dropped":       {zendesktest.Fault{Drop: true, Times: 8}, exdesk.ErrTemporary},
		"cut":           {zendesktest.Fault{Cut: 70_000}, exdesk.ErrTemporary},
		"cut at a line": {zendesktest.Fault{Cut: 57 * 1000}, exdesk.ErrTemporary},
		"503":           {zendesktest.Fault{Status: 503, Times: 4}, exdesk.ErrTemporary},
		"429":           {zendesktest.Fault{Status: 429, RetryAfter: "600"}, exdesk.ErrTemporary},
		"404":           {zendesktest.Fault{Status: 404}, exdesk.ErrNotFound},
		"401":           {zendesktest.Fault{Status: 401}, exdesk.ErrAuth},
		"other content": {zendesktest.Fault{Status: 200, Body: "<html>Sign in</html>"}, exdesk.ErrTemporary},
		"too much":      {zendesktest.Fault{Status: 200, Body: strings.Repeat("x", 100_001)}, exdesk.ErrTemporary},
		"empty":         {zendesktest.Fault{Status: 204}, exdesk.ErrTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			telling(t, zendesktest.Options{}, func(w *told) {
				e := w.answer("<p>See.</p>", file("label.pdf", "application/pdf", strings.Repeat("x", 100_000)))
				c.fault.Path = path
				require.NoError(w, w.srv.Fault(c.fault))
				out, err := w.c.Notification(w.Context(), e, mailbox)
				require.NoError(w, err)
				_, err = io.ReadAll(out.MIME)
				require.ErrorIs(w, err, c.class)
				_, again := out.MIME.Read(make([]byte, 1))
				require.Equal(w, err, again, "an error stays")
				require.NotErrorIs(w, err, exdesk.ErrRefused)
				require.NotContains(w, err.Error(), "token/", "the address opens the file")
				w.srv.ClearFaults()
				time.Sleep(10 * time.Minute)
				require.Len(w, w.notification(e).part(2).content, 100_000)
			})
		})
	}
	t.Run("its context ends", func(t *testing.T) {
		telling(t, zendesktest.Options{}, func(w *told) {
			e := w.answer("<p>See.</p>", file("label.pdf", "application/pdf", strings.Repeat("x", 100_000)))
			ctx, cancel := context.WithCancel(w.Context())
			out, err := w.c.Notification(ctx, e, mailbox)
			require.NoError(w, err)
			cancel()
			_, err = io.ReadAll(out.MIME)
			require.ErrorIs(w, err, context.Canceled)
		})
	})
}

// The token goes to the account's own host, and a file is taken from nowhere
// that is not safe.
func TestNotificationRedirects(t *testing.T) {
	for name, c := range map[string]struct {
		to    string
		class error // nil: by its text
		says  string
	}{
		"to a page to sign in": {"/access/unauthenticated?return_to=x", exdesk.ErrAccess, "sign in"},
		"to another scheme":    {"ftp://127.0.0.1/x", nil, "foreign"},
		"to plain text":        {"http://storage.example/x", nil, "foreign"},
		"to nowhere":           {"", nil, "302"},
		"in a circle":          {"SELF", nil, "always elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			telling(t, zendesktest.Options{}, func(w *told) {
				e := w.answer("<p>See.</p>", file("label.pdf", "application/pdf", "pdf"))
				client, err := zendesk.New("acme", token(w.srv.Token()), &zendesk.Options{BaseURL: "http://localhost", HTTPClient: &http.Client{Transport: handler(func(rw http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/attachments/") {
						rw.Header().Set("Location", strings.ReplaceAll(c.to, "SELF", r.URL.Path))
						rw.WriteHeader(302)
						return
					}
					w.srv.ServeHTTP(rw, r)
				})}})
				require.NoError(w, err)
				out, err := client.Notification(w.Context(), e, mailbox)
				require.NoError(w, err)
				_, err = io.ReadAll(out.MIME)
				require.ErrorContains(w, err, c.says)
				require.NotErrorIs(w, err, exdesk.ErrRefused)
				if c.class != nil {
					require.ErrorIs(w, err, c.class)
				}
			})
		})
	}
}

// handler is a transport to a handler.
type handler func(http.ResponseWriter, *http.Request)

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

func TestNotificationLeavesOut(t *testing.T) {
	telling(t, zendesktest.Options{Infected: []string{"virus.exe", "bad.png"}}, func(w *told) {
		e := w.answer(`<p>See.</p><img src="%s">`, file("bad.png", "image/png", "png"), file("virus.exe", "application/octet-stream", "boo"), file("label.pdf", "application/pdf", "pdf"))
		time.Sleep(2 * time.Minute)
		l := w.notification(e)
		require.Len(w, l.parts, 3)
		require.Equal(w, "label.pdf", l.part(2).name)
		for _, text := range []string{l.part(0).content, l.part(1).content} {
			require.Contains(w, text, "bad.png (not sent: malware was found in it)")
			require.Contains(w, text, "virus.exe (not sent: malware was found in it)")
		}
		w.srv.Redact(1, e.Comment, "")
		l = w.notification(e)
		require.Len(w, l.parts, 2)
		require.Equal(w, 3, strings.Count(l.part(0).content, "redacted.txt (not sent: it was redacted)"))
	})
}

// What does not fit is linked, and what fits is not.
func TestNotificationLinks(t *testing.T) {
	huge := func(name string, mb int) *exdesk.File {
		return &exdesk.File{Name: name, Type: "video/mp4", Size: -1, Body: io.LimitReader(zeros{}, int64(mb)<<20)}
	}
	telling(t, zendesktest.Options{}, func(w *told) {
		e := w.answer(`<p>See.</p><img src="%s">`, huge("huge.png", 30), huge(`film "one" <1>.mp4`, 30), file("label.pdf", "application/pdf", "pdf"))
		l := w.notification(e)
		require.Len(w, l.parts, 3)
		require.Equal(w, "label.pdf", l.part(2).name)
		require.Regexp(w, `(?m)^film "one" <1>\.mp4 \(31\.5 MB\): http://localhost/attachments/token/\S+$`, l.part(0).content)
		require.Regexp(w, `<a href="http://localhost/attachments/token/[^"]+">film &#34;one&#34; &lt;1&gt;\.mp4</a> \(31\.5 MB\)`, l.part(1).content)
		require.NotContains(w, l.part(0).content, "label.pdf")
		require.Regexp(w, `<img src="http://localhost/attachments/token/[^"]+">`, l.part(1).content, "shown from where it is")
		require.NotContains(w, l.part(0).content, "huge.png")
	})
	// The sum counts, as it is sent.
	telling(t, zendesktest.Options{}, func(w *told) {
		e := w.answer(`<p>See.</p>`, huge("a.mp4", 12), huge("b.mp4", 12), huge("c.mp4", 12))
		out, err := w.c.Notification(w.Context(), e, mailbox)
		require.NoError(w, err)
		head := make([]byte, 1200) // the fake does not keep such files
		_, err = io.ReadFull(out.MIME, head)
		require.NoError(w, err)
		require.Contains(w, string(head), "c.mp4 (12.6 MB)")
		require.NotContains(w, string(head), "b.mp4 (12.6 MB)")
	})
}

var hostile = []string{
	"", " ", "Eve\r\nBcc: eve@evil.example", "Eve\nBcc: eve@evil.example", "Eve\x00\x07\x1b[31m", `"Eve" <eve@evil.example>, <x@y.example>`, `\"`, `Eve\`, "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
	"Äna Müller", "田中さん", strings.Repeat("long ", 80), strings.Repeat("x", 3000), strings.Repeat("田", 3000), "\xff", "a\u2028b\u2029c", "🙂 (comment) [x]; group: a@b.example;",
	"Re:", "RE: twice", "re [2]: twice", "Fwd: x", "\u202egnp.exe",
}

func TestNotificationIsHostileProof(t *testing.T) {
	for _, name := range hostile {
		telling(t, zendesktest.Options{}, func(w *told) {
			is, _ := w.srv.Ticket(1)
			w.srv.AddUser(zendesktest.User{Email: "ann@customer.example", Name: name})
			w.srv.AddUser(zendesktest.User{Email: "bob@customer.example", Name: name})
			w.srv.Edit(1, func(t *zendesktest.Ticket) { t.Subject = name })
			e := w.say(zendesktest.Comment{Body: "See\r\n--=_exdesk\n.\nFrom me" + name, HTML: "", Public: true, Attachments: []zendesktest.Attachment{
				{Name: name + "a/b\\c.pdf", Type: strings.Map(func(r rune) rune { return max(r, ' ') }, name), Content: []byte("x")}, {Name: name, Type: "message/rfc822", Content: []byte("y")}, {Name: "..", Type: "multipart/mixed; boundary=x", Content: []byte("z")}}})
			l := w.notification(e)
			require.ElementsMatch(w, []string{"From", "To", "Cc", "Subject", "Date", "Message-Id", "References", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer",
				"X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id", "Mime-Version", "Content-Type"}, keys(l.Header), "%q", name)
			to, err := l.AddressList("To")
			require.NoError(w, err)
			require.Len(w, to, 1)
			require.Equal(w, "ann@customer.example", to[0].Address)
			cc, err := l.AddressList("Cc")
			require.NoError(w, err)
			require.Len(w, cc, 2)
			require.Equal(w, []string{"bob@customer.example", "eve@customer.example"}, []string{cc[0].Address, cc[1].Address})
			clean := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(name, "\uFFFD"), func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }), " ")
			if n := len([]rune(clean)); n > 0 && n < 100 {
				if strings.TrimSpace(name) != "" {
					require.Equal(w, clean, to[0].Name)
				}
				subject := l.words("Subject")
				if strings.HasPrefix(strings.ToLower(clean), "re") {
					require.Equal(w, clean, subject)
				} else {
					require.Equal(w, "Re: "+clean, subject)
				}
			}
			if strings.TrimSpace(name) == "" {
				require.Equal(w, "Re: #1", l.Get("Subject"))
			}
			require.Len(w, l.parts, 5)
			for i, content := range []string{"x", "y", "z"} {
				p := l.part(2 + i)
				require.Equal(w, content, p.content)
				require.NotContains(w, p.name, "/")
				require.NotContains(w, p.name, `\`)
				require.NotContains(w, p.name, "\u202e")
				require.NotEmpty(w, strings.Trim(p.name, ". "))
				require.Equal(w, "attachment", p.disposition)
			}
			require.Equal(w, "application/octet-stream", l.part(3).kind)
			require.Equal(w, "application/octet-stream", l.part(4).kind)
			require.Contains(w, l.part(0).content, "["+is.EncodedID+"]")
		})
	}
}

func keys(h mail.Header) []string {
	var list []string
	for k := range h {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

func TestNotificationNeedsAMailbox(t *testing.T) {
	c, err := zendesk.New("acme", token("x"), nil)
	require.NoError(t, err)
	for _, a := range []string{"", "support", "a@b\r\nBcc: x@y.example", "a b@c.example", "ä@b.example"} {
		_, err := c.Notification(t.Context(), &zendesk.CommentAdded{}, exdesk.Address{Address: a})
		require.ErrorContains(t, err, "the mailbox's address")
		require.False(t, errors.Is(err, exdesk.ErrRefused))
	}
}

func ExampleClient_Notification() {
	srv := zendesktest.New(&zendesktest.Options{Agents: []string{"sam@acme.test"}})
	hooks := zendesktest.NewWebhooks(srv, nil)
	account := httptest.NewServer(hooks)
	defer account.Close()
	desk, err := zendesk.New("acme", token(srv.Token()), &zendesk.Options{BaseURL: account.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	hook := &zendesk.Webhook{Handle: func(ctx context.Context, e *zendesk.CommentAdded) error {
		out, err := desk.Notification(ctx, e, exdesk.Address{Name: "Acme", Address: "support@contoso.test"})
		if err != nil {
			return err
		}
		// _, err = conn.Relay(ctx, out)
		m, err := mail.ReadMessage(out.MIME)
		if err != nil {
			return err
		}
		fmt.Println("To:", m.Header.Get("To"))
		fmt.Println("Subject:", m.Header.Get("Subject"))
		fmt.Println("Auto-Submitted:", m.Header.Get("Auto-Submitted"))
		return nil
	}}
	web := httptest.NewServer(hook)
	defer web.Close()
	_, secret := hooks.Subscribe(web.URL)
	hook.Secrets = []string{secret}
	commentedTicket(hooks, srv) // Ann writes, and Sam answers
	hooks.Deliver(context.Background())
	// Output:
	// To: "Ann" <ann@customer.example>
	// Subject: Re: Fire
	// Auto-Submitted: auto-generated
}
