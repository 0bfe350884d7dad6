package zendesk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

const opUpload = "upload file"

// inMemory is up to what size a file is held, so that it can be sent again
// when Zendesk was busy. Larger ones are streamed, once.
const inMemory = 64 << 10

// Upload implements exdesk.Desk. A file that no ticket takes within the
// upload's life, an hour by the documentation, is deleted by Zendesk.
func (c *Client) Upload(ctx context.Context, f *exdesk.File) (*exdesk.Upload, error) {
	req := &rest.Request{
		Op: opUpload, Method: http.MethodPost, Path: []string{"uploads"},
		Query: "filename=" + strings.ReplaceAll(url.QueryEscape(f.Name), "+", "%20"),
		Type:  mediaType(f.Type),
		// Twice the same file is a file too many, which Zendesk deletes.
		Repeatable: true,
	}
	if f.Size >= 0 && f.Size <= inMemory {
		data := bytes.NewBuffer(make([]byte, 0, f.Size+bytes.MinRead)) // and room for the end
		// To the end, where a file that was cut off says so.
		_, err := data.ReadFrom(io.LimitReader(f.Body, inMemory+1))
		if err == nil && int64(data.Len()) < f.Size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, explain(&rest.Failure{Op: opUpload, Wait: -1, Err: err})
		}
		if req.Data = data.Bytes(); data.Len() > inMemory { // it is larger than it said
			req.Data, req.Stream = nil, io.MultiReader(data, f.Body)
		}
	} else {
		req.Stream = f.Body
	}
	// QUIRK: the answer is JSON under the name of text/plain.
	var out madeUpload
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.token == "" {
		return nil, explain(&rest.Failure{Op: opUpload, Status: http.StatusCreated, Wait: -1, Err: errors.New("the answer has no token")})
	}
	return &exdesk.Upload{Token: out.token, URL: out.url}, nil
}

// madeUpload is the answer to a file.
type madeUpload struct{ token, url string }

// Scan implements rest.Scanner.
func (a *madeUpload) Scan(r *scan.Reader) {
	for name := range r.Object {
		if string(name) != "upload" {
			continue
		}
		for name := range r.Object {
			switch string(name) {
			case "token":
				a.token = string(r.Text())
			case "attachment":
				for name := range r.Object {
					if string(name) == "content_url" {
						a.url = string(r.Text())
					}
				}
			}
		}
	}
}

// mediaType returns a media type that is safe to send; the mail's own word for
// it may be anything.
func mediaType(t string) string {
	if m, params, err := mime.ParseMediaType(t); err == nil && strings.Contains(m, "/") {
		if s := mime.FormatMediaType(m, params); s != "" {
			return s
		}
		return m
	}
	return "application/octet-stream"
}
