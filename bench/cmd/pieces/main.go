// The pieces command measures the best that can be put together of the pieces
// that there are: net/http with buffers of 64 KiB, encoding/json and
// emersion/go-message, all streamed, with the reads of every file filled before
// they go on (base64.NewDecoder, which go-message ends in, returns 768 octets at a
// time, and net/http flushes each of them).
//
// It is what somebody writes who knows where the cost is. It reads correct mail
// only, repeats nothing, and makes a second ticket when it dies in between.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"

	"github.com/exdesk/exdesk/bench/internal/job"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

func main() { measure.Main(job.Measurements("tuned pieces", open)...) }

type worker struct {
	http    *http.Client
	at      *servers.Access
	mailbox string // URL of the mailbox
}

func open(at *servers.Access, dial job.Dial) (job.Worker, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ReadBufferSize, t.WriteBufferSize = 64<<10, 64<<10
	t.DialContext = dial
	return &worker{&http.Client{Transport: t}, at, at.Graph + "/users/" + url.PathEscape(at.Mailbox)}, nil
}

type item struct {
	ID         string   `json:"id"`
	MessageID  string   `json:"internetMessageId"`
	Subject    string   `json:"subject"`
	Received   string   `json:"receivedDateTime"`
	Sent       string   `json:"sentDateTime"`
	Thread     string   `json:"conversationId"`
	Categories []string `json:"categories"`
	IsRead     bool     `json:"isRead"`
	HasFiles   bool     `json:"hasAttachments"`
	From       struct {
		EmailAddress struct{ Name, Address string } `json:"emailAddress"`
	} `json:"from"`
}

const fields = "id,internetMessageId,subject,receivedDateTime,sentDateTime,conversationId,categories,isRead,hasAttachments,from"

func (w *worker) unread(ctx context.Context) ([]item, error) {
	query := url.Values{"$filter": {"isRead eq false"}, "$select": {fields}, "$top": {"100"}}
	var page struct {
		Value []item `json:"value"`
	}
	return page.Value, w.call(ctx, "GET", w.mailbox+"/mailFolders/inbox/messages?"+query.Encode(), w.at.GraphToken, "", nil, &page)
}

func (w *worker) List(ctx context.Context) (int, error) {
	items, err := w.unread(ctx)
	return len(items), err
}

// Ingest takes a page of the unread mail as long as there is one: what was
// marked read is not on it any more.
func (w *worker) Ingest(ctx context.Context) (n int, err error) {
	for {
		items, err := w.unread(ctx)
		if err != nil || len(items) == 0 {
			return n, err
		}
		for i := range items {
			if err := w.one(ctx, &items[i]); err != nil {
				return n, err
			}
			n++
		}
		if len(items) < 100 {
			return n, nil
		}
	}
}

func (w *worker) one(ctx context.Context, it *item) error {
	resp, err := w.send(ctx, "GET", w.mailbox+"/messages/"+url.PathEscape(it.ID)+"/$value", w.at.GraphToken, "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	t, err := w.read(ctx, resp.Body)
	if err != nil {
		return err
	}
	t.ExternalID = it.MessageID
	body, err := json.Marshal(map[string]any{"ticket": t})
	if err != nil {
		return err
	}
	if err := w.call(ctx, "POST", w.at.Zendesk+"/api/v2/tickets.json", w.at.ZendeskToken, "application/json", bytes.NewReader(body), nil); err != nil {
		return err
	}
	return w.label(ctx, it.ID, it.Categories)
}

type ticket struct {
	Subject    string `json:"subject"`
	ExternalID string `json:"external_id"`
	Requester  struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"requester"`
	Comment struct {
		Body    string   `json:"body,omitempty"`
		HTML    string   `json:"html_body,omitempty"`
		Uploads []string `json:"uploads,omitempty"`
	} `json:"comment"`
}

// read reads a mail, its files to Zendesk.
func (w *worker) read(ctx context.Context, r io.Reader) (*ticket, error) {
	root, err := message.Read(r)
	if err != nil {
		return nil, err
	}
	t := new(ticket)
	h := mail.Header{Header: root.Header}
	if t.Subject, err = h.Subject(); err != nil {
		return nil, err
	}
	from, err := h.AddressList("From")
	if err != nil || len(from) == 0 {
		return nil, fmt.Errorf("no From: %w", err)
	}
	t.Requester.Name, t.Requester.Email = from[0].Name, from[0].Address
	return t, w.part(ctx, root, t)
}

func (w *worker) part(ctx context.Context, e *message.Entity, t *ticket) error {
	if parts := e.MultipartReader(); parts != nil {
		for {
			part, err := parts.NextPart()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = w.part(ctx, part, t)
			}
			if err != nil {
				return err
			}
		}
	}
	kind, params, _ := e.Header.ContentType()
	disposition, more, _ := e.Header.ContentDisposition()
	if disposition == "" && strings.HasPrefix(kind, "text/") {
		text, err := io.ReadAll(e.Body)
		if kind == "text/html" {
			t.Comment.HTML = string(text)
		} else {
			t.Comment.Body = string(text)
		}
		return err
	}
	name := more["filename"]
	if name == "" {
		name = params["name"]
	}
	token, err := w.upload(ctx, name, kind, e.Body)
	t.Comment.Uploads = append(t.Comment.Uploads, token)
	return err
}

func (w *worker) upload(ctx context.Context, name, kind string, r io.Reader) (string, error) {
	var answer struct {
		Upload struct {
			Token string `json:"token"`
		} `json:"upload"`
	}
	err := w.call(ctx, "POST", w.at.Zendesk+"/api/v2/uploads.json?filename="+url.QueryEscape(name), w.at.ZendeskToken, mime.FormatMediaType(kind, nil), full{r}, &answer)
	return answer.Upload.Token, err
}

// full fills every Read.
type full struct{ r io.Reader }

func (f full) Read(p []byte) (int, error) {
	n, err := io.ReadFull(f.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

func (w *worker) Label(ctx context.Context, id string) error { return w.label(ctx, id, nil) }

func (w *worker) label(ctx context.Context, id string, categories []string) error {
	body, err := json.Marshal(map[string]any{"isRead": true, "categories": append(categories, job.Category)})
	if err != nil {
		return err
	}
	return w.call(ctx, "PATCH", w.mailbox+"/messages/"+url.PathEscape(id), w.at.GraphToken, "application/json", bytes.NewReader(body), nil)
}

func (w *worker) send(ctx context.Context, method, url, token, kind string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Prefer", `IdType="ImmutableId"`)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := w.http.Do(req)
	if err == nil && resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		_ = resp.Body.Close()
		err = fmt.Errorf("%s answered %s: %s", url, resp.Status, text)
	}
	return resp, err
}

// call sends a request and decodes the answer into out, or drops it.
func (w *worker) call(ctx context.Context, method, url, token, kind string, body io.Reader, out any) error {
	resp, err := w.send(ctx, method, url, token, kind, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
