package zendesktest

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// Attachment is a file.
type Attachment struct {
	ID   int64
	Name string
	// Type is the media type as the service has it, which is not always the
	// one that was sent.
	Type string
	Size int64
	// SHA256 is of the content, in hex.
	SHA256 string
	// Token is of the upload that it came with.
	Token string
	// Inline attachments are shown in the comment's text only.
	Inline bool
	// Content is kept of files up to 1 MiB; it is nil for larger ones, and
	// for old ones once 64 MiB are kept.
	Content []byte
}

type file struct {
	Attachment
	key     string // of its content_url
	created time.Time
}

const (
	kept    = 1 << 20  // the largest content that is kept
	keptAll = 64 << 20 // how much is kept in all
)

// hold keeps the content of f, and forgets old ones so that a long run does
// not fill the memory.
func (s *Server) hold(f *file, content []byte) {
	if content == nil {
		content = []byte{} // known, and empty
	}
	f.Content = content
	s.held, s.holding = append(s.held, f), s.holding+f.Size
	for s.holding > keptAll {
		s.holding -= s.held[0].Size
		s.held[0].Content, s.held[0] = nil, nil
		s.held = s.held[1:]
	}
}

// copyFile is f for another comment.
func (s *Server) copyFile(f *file) *file {
	other := *f
	other.ID, other.key = s.nextID(), secretText()[:26]
	s.files[other.key] = &other
	return &other
}

func (s *Server) attachment(c *call, f *file) object {
	scan := "not_scanned"
	if s.now().Sub(f.created) >= s.opt.ScanTime {
		scan = "malware_not_found"
	}
	content := c.url("/attachments/token/%s/?name=%s", f.key, url.QueryEscape(f.Name))
	return object{
		"id": f.ID, "url": c.url("/api/v2/attachments/%d.json", f.ID), "file_name": f.Name,
		"content_url": content, "mapped_content_url": content, "content_type": f.Type, "size": f.Size,
		"width": nil, "height": nil, "inline": f.Inline, "deleted": false,
		"malware_access_override": false, "malware_scan_result": scan, "thumbnails": []object{},
	}
}

// showContent serves a content_url, whose path is its own credential.
func (s *Server) showContent(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[c.vars["key"]]
	if f == nil {
		return notFound()
	}
	if f.Content == nil {
		remember(&s.book.unknown, "content of a large or old file, which is not kept")
		return notFound()
	}
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {f.Type}}, body: f.Content}
}

// fileType is the type that the service files something under: the one that
// was sent, or if that says nothing, the extension's.
func fileType(sent, name string) string {
	switch sent {
	case "", "application/octet-stream", "application/binary", "binary/octet-stream":
	default:
		return sent
	}
	if t := types[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

var types = map[string]string{
	".md":  "application/x-genesis-rom", // QUIRK: seen on the real service
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
	".svg": "image/svg+xml", ".webp": "image/webp", ".txt": "text/plain", ".log": "text/plain", ".csv": "text/csv",
	".htm": "text/html", ".html": "text/html", ".json": "application/json", ".xml": "application/xml", ".zip": "application/zip",
	".eml": "message/rfc822", ".ics": "text/calendar", ".doc": "application/msword", ".xls": "application/vnd.ms-excel",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".p7s":  "application/pkcs7-signature", ".p7m": "application/pkcs7-mime", ".asc": "application/pgp-signature",
	".mp3": "audio/mpeg", ".mp4": "video/mp4", ".exe": "application/x-msdownload",
}
