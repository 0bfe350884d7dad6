package zendesktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
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

// addFile is a file that came otherwise than by an upload.
func (s *Server) addFile(name, kind string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{key: secretText()[:26], created: s.now(), Attachment: Attachment{
		ID: s.nextID(), Name: name, Type: fileType(kind, name), Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}}
	if len(content) <= kept {
		s.hold(f, bytes.Clone(content))
	}
	s.files[f.key] = f
	return f
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
	switch {
	case s.infected(f):
		scan = "malware_found"
	case s.now().Sub(f.created) >= s.opt.ScanTime:
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

// showAttachment tells of one file, which may still wait for its comment: an
// upload's Location leads here as well.
func (s *Server) showAttachment(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := strconv.ParseInt(c.vars["id"], 10, 64)
	if err != nil {
		return invalidAttribute("id", "an integer")
	}
	for _, f := range s.files {
		if f.ID == id {
			return reply(http.StatusOK, object{"attachment": s.attachment(c, f)})
		}
	}
	return notFound()
}

// infected tells whether the scan has found malware in a file.
func (s *Server) infected(f *file) bool {
	return slices.Contains(s.opt.Infected, f.Name) && s.now().Sub(f.created) >= s.opt.ScanTime
}

// showContent serves a content_url, whose path is its own credential unless
// files are private.
func (s *Server) showContent(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opt.PrivateFiles {
		if a := s.authenticate(c); a != nil {
			return a
		}
		if c.token == nil {
			return seeOther(c.url("/access/unauthenticated?return_to=%s", url.QueryEscape(c.url("%s", c.r.URL.Path))))
		}
	}
	f := s.files[c.vars["key"]]
	switch {
	case f == nil:
		return notFound()
	case s.infected(f):
		return forbidden()
	case s.opt.FileHost != "":
		return seeOther(fmt.Sprintf("%s/attachment/%d/%s?token=%s", strings.TrimSuffix(s.opt.FileHost, "/"), accountID, f.key, secretText()))
	}
	return s.content(f)
}

func seeOther(to string) *answer {
	return &answer{status: http.StatusFound, header: http.Header{"Location": {to}, "Content-Type": {"text/html; charset=utf-8"}},
		body: []byte("<html><body>You are being redirected.</body></html>")}
}

// showStored serves a file from the other host.
//
// QUIRK: that one refuses whoever brings credentials with him.
func (s *Server) showStored(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[c.vars["key"]]
	switch {
	case c.r.Header.Get("Authorization") != "":
		s.violation("%s carries credentials to another host", "GET "+c.r.URL.Path)
		return forbidden()
	case f == nil:
		return notFound()
	}
	return s.content(f)
}

// showSignIn is the page that whoever has no credentials is sent to.
//
// QUIRK: it is answered 200, so it may be taken for the file.
func (s *Server) showSignIn(*call) *answer {
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body: []byte("<html><body>Sign in to acme</body></html>")}
}

func (s *Server) content(f *file) *answer {
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
