package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

const (
	// uploadPiece is how much of a file goes out at a time: below 4 MB in either
	// reading, and a multiple of 320 KiB, which OneDrive asks for.
	uploadPiece = 12 * 320 << 10
	// pieceTries is how often one piece is sent.
	pieceTries = 4
)

// uploadHosts are where upload sessions may be, besides Graph's own host: Outlook
// in the clouds that there are.
var uploadHosts = []string{
	"outlook.office.com", "outlook.office365.com", "outlook.office365.us", "outlook-dod.office365.us", "outlook.office.us", "partner.outlook.cn",
}

func uploadHost(host string) bool {
	for _, h := range uploadHosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	return false
}

// attach attaches the files.
func (d *composing) attach(ctx context.Context) error {
	for i := range d.plan.files {
		if err := d.attachFile(ctx, &d.plan.files[i]); err != nil {
			return err
		}
	}
	return nil
}

// errSession means that an upload session cannot be gone on with.
var errSession = errors.New("the upload session has ended")

func (d *composing) attachFile(ctx context.Context, f *file) error {
	if f.size <= maxPosted {
		return d.post(ctx, f)
	}
	err := d.upload(ctx, f)
	var e *Error
	if errors.As(err, &e) && strings.EqualFold(e.Code, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize") {
		return d.post(ctx, f) // where 3 MB are 3·2²⁰, and so are the 4 of a request
	}
	return err
}

// post attaches a small file by one request.
func (d *composing) post(ctx context.Context, f *file) error {
	item := map[string]any{"@odata.type": "#microsoft.graph.fileAttachment", "name": f.name, "contentType": f.kind, "isInline": f.inline}
	if f.contentID != "" {
		item["contentId"] = f.contentID
	}
	text, err := json.Marshal(item)
	if err != nil {
		return err
	}
	req := &rest.Request{Op: "attach file", Method: http.MethodPost, Type: "application/json",
		Path: d.c.path("messages", d.copy.ID, "attachments"), Header: immutable()}
	content := f.octets(d.l)
	content.base64(req, strings.TrimSuffix(string(text), "}")+`,"contentBytes":"`, `"}`)
	resp, err := d.c.rest.Do(ctx, req)
	if err != nil {
		return content.blame(err)
	}
	defer resp.Body.Close()
	return created(req, resp)
}

// created wants the answer of what has made something. After any other nobody
// knows.
func created(req *rest.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusCreated {
		return nil
	}
	return explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Doubt: true,
		Err: errors.New("the answer is not 201 Created")})
}

const opSession = "create upload session"

// upload attaches a large file by an upload session.
func (d *composing) upload(ctx context.Context, f *file) error {
	item := map[string]any{"attachmentType": "file", "name": f.name, "size": f.size, "contentType": f.kind, "isInline": f.inline}
	if f.contentID != "" {
		item["contentId"] = f.contentID
	}
	var session struct {
		URL string `json:"uploadUrl"`
	}
	_, err := d.c.rest.JSON(ctx, &rest.Request{Op: opSession, Method: http.MethodPost,
		Path:   d.c.path("messages", d.copy.ID, "attachments", "createUploadSession"),
		Header: immutable(), JSON: map[string]any{"AttachmentItem": item}, Repeatable: true}, &session)
	if err != nil {
		return err
	}
	content := f.octets(d.l)
	for at := int64(0); at < f.size; at += uploadPiece {
		if err := d.put(ctx, session.URL, content, at); err != nil {
			return content.blame(err)
		}
	}
	return nil
}

// put sends one piece of a file, as often as makes sense.
//
// What is answered to a piece that the server has already is not documented.
// Where it is refused after an answer that was lost, the piece is taken to be
// there: if it is not, the next one will not fit.
func (d *composing) put(ctx context.Context, url string, content *octets, at int64) error {
	doubt := false
	end := min(at+uploadPiece, content.size)
	for n := 1; ; n++ {
		err := d.putOnce(ctx, url, content, at, end)
		var e *Error
		switch {
		case err == nil:
			return nil
		case content.err != nil:
			return err
		case !errors.As(err, &e):
			return err
		case errors.Is(err, exdesk.ErrTooLarge), errors.Is(err, rest.ErrForeign):
			return err
		case e.Status == http.StatusTooManyRequests, errors.Is(err, exdesk.ErrDoubtful), e.Status == 0:
			doubt = doubt || errors.Is(err, exdesk.ErrDoubtful)
		case doubt && end < content.size && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestedRangeNotSatisfiable || e.Status == http.StatusConflict):
			return nil
		default:
			return fmt.Errorf("%w: %w", errSession, err)
		}
		if n == pieceTries {
			return fmt.Errorf("%w: %w", errSession, err)
		}
		wait := time.Second << n
		if e.wait >= 0 {
			wait = e.wait
		}
		if err2 := rest.Sleep(ctx, wait); err2 != nil {
			return err
		}
	}
}

func (d *composing) putOnce(ctx context.Context, url string, content *octets, at, end int64) error {
	req := &rest.Request{Op: "upload piece of file", Method: http.MethodPut, URL: url, Bare: true, Once: true,
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", at, end-1, content.size)}},
		Type:   "application/octet-stream"}
	content.body(req, at, end-at)
	resp, err := d.c.rest.Do(ctx, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if end == content.size {
		return created(req, resp) // without a body
	}
	// QUIRK: the names begin with a capital here, which Go's decoder passes over,
	// and the range is a bare number.
	var out struct{ NextExpectedRanges []string }
	head, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && json.Unmarshal(head, &out) == nil && len(out.NextExpectedRanges) > 0 {
		from, _, _ := strings.Cut(out.NextExpectedRanges[0], "-")
		if from == strconv.FormatInt(end, 10) {
			return nil
		}
		return fmt.Errorf("%w: it expects another piece next", errSession)
	}
	return explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Doubt: true,
		Err: errors.New("the answer does not say what is expected next")})
}
