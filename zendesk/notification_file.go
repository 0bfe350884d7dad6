package zendesk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/exdesk/exdesk/internal/rest"
)

// content is what is read of a file of a comment.
type content struct {
	ID      int64  `json:"id"`
	Name    string `json:"file_name"`
	URL     string `json:"content_url"`
	Mapped  string `json:"mapped_content_url"` // the same under the brand's own host
	Type    string `json:"content_type"`
	Size    int64  `json:"size"`
	Deleted bool   `json:"deleted"`
	Malware string `json:"malware_scan_result"`
}

// unwanted says why a file does not leave, or "". One that is not scanned yet
// does, as it does with Zendesk.
func (f *content) unwanted() string {
	switch {
	case f.Malware == "malware_found": // whether agents may open it or not
		return "malware was found in it"
	case f.Deleted, f.Name == "redacted.txt" && f.Size < 64:
		// An attachment that is redacted becomes such a file ("Redact Comment
		// Attachment").
		return "it was redacted"
	case f.URL == "":
		return "it cannot be read"
	}
	return ""
}

// maxFileName keeps a file's name on one line of a header, whatever characters
// it has (RFC 5322 §2.1.1).
const maxFileName = 80

// name is the file's name, which is no path, and reads from one end to the
// other.
func (f *content) name() string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case unicode.Is(unicode.Bidi_Control, r): // "\u202efdp.exe" looks like exe.pdf
			return -1
		}
		return r
	}, tidyText(f.Name, 1<<20))
	if r := []rune(s); len(r) > maxFileName {
		ext := []rune(path.Ext(s))
		if len(ext) > 10 {
			ext = nil
		}
		s = string(r[:maxFileName-len(ext)]) + string(ext)
	}
	if strings.Trim(s, ". ") == "" {
		return "file"
	}
	return s
}

// kind is the file's media type. One that would be read as a part of the mail
// itself is none (RFC 2046 §5).
func (f *content) kind() string {
	kind, _, _ := strings.Cut(mediaType(f.Type), ";")
	if strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") || len(kind) > maxWord {
		return "application/octet-stream"
	}
	return kind
}

// parameter writes a parameter that holds the file's name (RFC 2231).
func (f *content) parameter(name string) string {
	_, p, _ := strings.Cut(mime.FormatMediaType("x/x", map[string]string{name: f.name()}), " ")
	return p
}

// encodedSize is how many octets a file has in a mail.
func (f *content) encodedSize() int64 {
	return (max(f.Size, 0) + lineOctets - 1) / lineOctets * (76 + 2)
}

// download reads a file from where it is kept. It begins with the first Read,
// and ends in an error if the file is not of the size that it should have: a
// page that asks to sign in must not leave in its place.
type download struct {
	ctx  context.Context
	c    *Client
	f    *content
	body io.ReadCloser
	n    int64
	err  error
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.body == nil {
		if d.body, d.err = d.c.openFile(d.ctx, d.f.URL); d.err != nil {
			return 0, d.err
		}
	}
	n, err := d.body.Read(p)
	switch d.n += int64(n); {
	case d.n > d.f.Size, err == io.EOF && d.n < d.f.Size:
		err = explain(&rest.Failure{Op: opFile, Status: http.StatusOK, Wait: -1,
			Err: fmt.Errorf("attachment %d does not have the %d octets that it should have", d.f.ID, d.f.Size)})
	case err != nil && err != io.EOF:
		err = explain(&rest.Failure{Op: opFile, Wait: -1, Err: err})
	}
	if d.err = err; err != nil {
		_ = d.body.Close()
	}
	return n, err
}

const (
	opFile = "read attachment"
	// maxHops is how often a file may be said to be elsewhere.
	maxHops = 5
)

// openFile opens a content_url. The account's own host, which gets the token,
// answers with a redirect to a storage that would refuse it.
func (c *Client) openFile(ctx context.Context, at string) (io.ReadCloser, error) {
	from := c.rest.Base
	for hop := 0; hop <= maxHops; hop++ {
		u, err := from.Parse(at)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != c.rest.Base.Scheme {
			return nil, fileFailure(0, rest.ErrForeign)
		}
		own := u.Scheme == c.rest.Base.Scheme && strings.EqualFold(u.Host, c.rest.Base.Host)
		if own && hop > 0 && !strings.HasPrefix(u.Path, "/attachments/") {
			return nil, fileFailure(http.StatusForbidden, errors.New("it asks to sign in"))
		}
		base, err := rest.ParseBase((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
		if err != nil {
			return nil, fileFailure(0, rest.ErrForeign)
		}
		// A client for this host alone. That of the API has been used, so that its
		// own HTTP client is what it will stay.
		host := rest.Client{Base: base, HTTP: c.rest.HTTP, Token: c.rest.Token, Service: &rest.Service{UserAgent: c.rest.UserAgent, Explain: explainFile, Spent: spent}}
		resp, err := host.Do(ctx, &rest.Request{Op: opFile, URL: u.String(), Bare: !own})
		var elsewhere *redirect
		switch {
		case err == nil:
			return resp.Body, nil
		case !errors.As(err, &elsewhere):
			return nil, err
		}
		from, at = u, elsewhere.to
	}
	return nil, fileFailure(0, errors.New("it is always elsewhere"))
}

func fileFailure(status int, err error) error {
	return explain(&rest.Failure{Op: opFile, Status: status, Wait: -1, Err: err})
}

// redirect is an answer that leads elsewhere.
type redirect struct{ to string }

func (r *redirect) Error() string { return "zendesk: " + opFile + ": it is elsewhere" }

func explainFile(f *rest.Failure) error {
	if to := f.Header.Get("Location"); f.Status/100 == 3 && to != "" {
		return &redirect{to}
	}
	return explain(f)
}

// lineOctets is what a line of base64 holds: 76 characters (RFC 2045 §6.8).
const lineOctets = 57

// base64Lines encodes what it reads.
type base64Lines struct {
	r   io.Reader
	in  [64 * lineOctets]byte
	out []byte
	err error
}

// Read implements io.Reader.
func (b *base64Lines) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		n, err := io.ReadFull(b.r, b.in[:])
		if b.err = err; err == io.ErrUnexpectedEOF { // of ReadFull: a download has errors of its own
			b.err = io.EOF
		}
		if b.err != nil && b.err != io.EOF {
			return 0, b.err
		}
		for in := b.in[:n]; len(in) > 0; {
			k := min(lineOctets, len(in))
			b.out = base64.StdEncoding.AppendEncode(b.out, in[:k])
			b.out = append(b.out, "\r\n"...)
			in = in[k:]
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}
