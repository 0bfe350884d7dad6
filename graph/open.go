package graph

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-message/textproto"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Open implements exdesk.Mailbox. It asks once: the caller counts. The body
// takes one of the four requests that the mailbox allows until it is closed.
func (c *Client) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	req := &rest.Request{Op: "open message", Path: c.path("messages", id, "$value"), Header: immutable(), Once: true}
	resp, err := c.rest.Do(ctx, req)
	if errors.Is(err, exdesk.ErrRefused) {
		return c.rebuild(ctx, id, err) // the MIME is damaged, which the rest need not be
	}
	if err != nil {
		return nil, err
	}
	// The mail comes as text/plain ("Get MIME content of a message"). Anything
	// else is somebody else's answer, such as a proxy's page.
	switch t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); t {
	case "text/plain", "message/rfc822", "application/octet-stream", "":
		return resp.Body, nil
	default:
		_ = resp.Body.Close()
		return nil, explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Err: errors.New("the answer is not a mail")})
	}
}

// whole is a message in its JSON form.
type whole struct {
	Headers []struct{ Name, Value string } `json:"internetMessageHeaders"`
	Subject string                         `json:"subject"`
	ID      string                         `json:"internetMessageId"`
	Sent    time.Time                      `json:"sentDateTime"`
	From    *recipient                     `json:"from"`
	To      []recipient                    `json:"toRecipients"`
	CC      []recipient                    `json:"ccRecipients"`
	ReplyTo []recipient                    `json:"replyTo"`
	Body    struct {
		Type    string `json:"contentType"`
		Content string `json:"content"`
	} `json:"body"`
}

type recipient struct {
	EmailAddress struct{ Name, Address string } `json:"emailAddress"`
}

// attachment is one of a message's, as the list of them shows it.
type attachment struct {
	Kind      string `json:"@odata.type"`
	ID        string `json:"id"`
	Name      string `json:"name"`
	Type      string `json:"contentType"`
	Inline    bool   `json:"isInline"`
	ContentID string `json:"contentId"`
}

const (
	wholeSelect = "internetMessageHeaders,subject,internetMessageId,sentDateTime,from,toRecipients,ccRecipients,replyTo,body"
	// mostAttachments bounds what is fetched of a message that has to be rebuilt.
	mostAttachments = 1000
)

// rebuild makes MIME of the JSON form of a message and its attachments, for
// messages that Graph cannot turn into MIME itself. What it cannot have either
// is damaged for good: then the mail is refused for the cause.
func (c *Client) rebuild(ctx context.Context, id string, cause error) (io.ReadCloser, error) {
	var m whole
	req := &rest.Request{Op: "read damaged message", Path: c.path("messages", id), Query: query("$select", wholeSelect), Header: immutable()}
	if _, err := c.rest.JSON(ctx, req, &m); err != nil {
		if errors.Is(err, exdesk.ErrRefused) {
			err = cause
		}
		return nil, err
	}
	var files []attachment
	req = &rest.Request{Op: "list attachments of damaged message", Path: c.path("messages", id, "attachments"),
		Query: query("$select", "id,name,contentType,isInline,microsoft.graph.fileAttachment/contentId"), Header: immutable()}
	for req != nil {
		page, err := c.page(ctx, req)
		if errors.Is(err, exdesk.ErrRefused) {
			return nil, cause
		}
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Value {
			var a attachment
			if json.Unmarshal(raw, &a) == nil && a.ID != "" {
				files = append(files, a)
			}
		}
		if len(files) > mostAttachments {
			return nil, cause
		}
		if req = nil; page.Next != "" {
			req = &rest.Request{Op: "list attachments of damaged message", URL: page.Next, Header: immutable()}
		}
	}
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		w := bufio.NewWriterSize(in, 64<<10)
		err := c.compose(ctx, w, id, &m, files)
		if err == nil {
			err = w.Flush()
		}
		in.CloseWithError(err)
	}()
	return &composed{out, cancel}, nil
}

// composed is a rebuilt message on its way.
type composed struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (r *composed) Close() error {
	r.cancel()
	return r.PipeReader.Close()
}

// compose writes the message, its attachments as they come.
func (c *Client) compose(ctx context.Context, w io.Writer, id string, m *whole, files []attachment) error {
	mw := textproto.NewMultipartWriter(w)
	if _, err := io.WriteString(w, m.header()+"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="+mw.Boundary()+"\r\n\r\n"); err != nil {
		return err
	}
	kind := "text/plain"
	if strings.EqualFold(m.Body.Type, "html") {
		kind = "text/html"
	}
	if err := writePart(mw, kind+"; charset=utf-8", "", textproto.Header{}, strings.NewReader(m.Body.Content)); err != nil {
		return err
	}
	for i := range files {
		a := &files[i]
		if err := c.composeFile(ctx, mw, id, a); err != nil {
			return err
		}
	}
	return mw.Close()
}

func (c *Client) composeFile(ctx context.Context, mw *textproto.MultipartWriter, id string, a *attachment) error {
	kind := a.Type
	switch {
	case strings.HasSuffix(a.Kind, "itemAttachment"):
		kind = "message/rfc822"
	case strings.HasSuffix(a.Kind, "referenceAttachment"): // a link to a file elsewhere
		return writePart(mw, "text/plain; charset=utf-8", "", textproto.Header{}, strings.NewReader("(A link to "+a.Name+")"))
	}
	req := &rest.Request{Op: "open attachment of damaged message", Path: c.path("messages", id, "attachments", a.ID, "$value"), Header: immutable()}
	resp, err := c.rest.Do(ctx, req)
	if errors.Is(err, exdesk.ErrRefused) || errors.Is(err, exdesk.ErrNotFound) {
		return writePart(mw, "text/plain; charset=utf-8", "", textproto.Header{}, strings.NewReader("("+a.Name+" is damaged in the mailbox)"))
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	disposition := "attachment"
	if a.Inline {
		disposition = "inline"
	}
	var more textproto.Header
	if a.ContentID != "" {
		more.Set("Content-ID", "<"+oneLine(a.ContentID)+">")
	}
	if a.Name != "" {
		disposition = mime.FormatMediaType(disposition, map[string]string{"filename": a.Name})
	}
	return writePart(mw, kind, disposition, more, resp.Body)
}

func writePart(mw *textproto.MultipartWriter, kind, disposition string, h textproto.Header, body io.Reader) error {
	kind = oneLine(kind)
	if media, _, _ := strings.Cut(strings.ToLower(kind), ";"); media == "" || strings.Contains(media, "multipart") {
		kind = "application/octet-stream" // a file is no container, whatever it says
	}
	h.Set("Content-Type", kind)
	if disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	h.Set("Content-Transfer-Encoding", "base64")
	w, err := mw.CreatePart(h)
	if err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, &folder{w: w})
	if _, err := io.Copy(enc, body); err != nil {
		return err
	}
	return enc.Close()
}

// folder breaks base64 into lines (RFC 2045 §6.8).
type folder struct {
	w      io.Writer
	column int
}

func (f *folder) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), 76-f.column)
		if _, err := f.w.Write(rest[:n]); err != nil {
			return 0, err
		}
		if f.column += n; f.column == 76 {
			if _, err := io.WriteString(f.w, "\r\n"); err != nil {
				return 0, err
			}
			f.column = 0
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// header is the header that came with the message, as far as there is one, and
// what it lacks.
//
// QUIRK: some messages show a list of headers without From and To.
func (m *whole) header() string {
	var b strings.Builder
	seen := make(map[string]bool)
	for _, h := range m.Headers {
		name := strings.ToLower(h.Name)
		if strings.HasPrefix(name, "content-") || name == "mime-version" || !fieldName.MatchString(h.Name) {
			continue
		}
		seen[name] = true
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, oneLine(h.Value))
	}
	add := func(name, value string) {
		if value = oneLine(value); value != "" && !seen[strings.ToLower(name)] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if m.From != nil {
		add("From", addressList([]recipient{*m.From}))
	}
	if add("To", addressList(m.To)); len(m.To) == 0 {
		add("To", "undisclosed-recipients:;") // a copy that was sent blind is ordinary
	}
	add("Cc", addressList(m.CC))
	add("Reply-To", addressList(m.ReplyTo))
	add("Subject", mime.QEncoding.Encode("utf-8", m.Subject))
	add("Message-ID", m.ID)
	if !m.Sent.IsZero() {
		add("Date", m.Sent.Format(time.RFC1123Z))
	}
	return b.String()
}

// fieldName is a name that everybody takes for one that begins a field (RFC 5322
// §3.6.8): what begins with a tab, or a sign, could go on with the field before it.
var fieldName = regexp.MustCompile(`^[0-9A-Za-z][!-9;-~]{0,99}$`)

func addressList(list []recipient) string {
	var out []string
	for _, r := range list {
		// What is not plainly an address could be read as another one.
		if a := r.EmailAddress; strings.Count(a.Address, "@") == 1 && !strings.ContainsAny(a.Address, " <>,;:\"()[]\\") &&
			!strings.ContainsFunc(a.Address, unicode.IsControl) && !strings.HasSuffix(strings.TrimRight(a.Address, "."), "'") {
			out = append(out, (&mail.Address{Name: a.Name, Address: a.Address}).String())
		}
	}
	return strings.Join(out, ", ")
}

func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s))
}
