package zendesktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Upload is what a token stands for.
type Upload struct {
	Token     string
	Files     []Attachment
	CreatedAt time.Time
	ExpiresAt time.Time
	// Used uploads belong to a comment.
	Used bool
	// Deleted uploads were taken back by the client.
	Deleted bool
}

type upload struct {
	token            string
	files            []*file
	created, expires time.Time
	used, deleted    bool
}

// Uploads returns all uploads in order of creation, unused ones included.
// Attempts that were cut off are counted by Aborted.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Upload
	for _, u := range s.ordered {
		v := Upload{Token: u.token, CreatedAt: u.created, ExpiresAt: u.expires, Used: u.used, Deleted: u.deleted}
		for _, f := range u.files {
			v.Files = append(v.Files, f.Attachment)
		}
		out = append(out, v)
	}
	return out
}

// Aborted counts the uploads whose body was cut off; they leave nothing.
func (s *Server) Aborted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aborted
}

// digest reads a file without keeping more of it than is worth it.
type digest struct {
	hash hash.Hash
	buf  bytes.Buffer
	keep bool
	n    int64
}

func (d *digest) Write(p []byte) (int, error) {
	d.n += int64(len(p))
	if d.keep = d.keep && d.n <= kept; d.keep {
		d.buf.Write(p)
	}
	return d.hash.Write(p)
}

// createUpload takes one file as raw octets.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket-attachments/
func (s *Server) createUpload(c *call) *answer {
	sum := &digest{hash: sha256.New(), keep: c.r.ContentLength <= kept}
	_, err := io.Copy(sum, io.LimitReader(c.r.Body, s.opt.AttachmentLimit+1))
	over := sum.n > s.opt.AttachmentLimit
	if err == nil && over {
		// The rest is heard out: a client that is still talking would not
		// hear the refusal.
		var n int64
		n, err = io.Copy(io.Discard, c.r.Body)
		sum.n += n
	}
	if err != nil || c.r.ContentLength >= 0 && sum.n != c.r.ContentLength {
		s.mu.Lock()
		s.aborted++
		s.mu.Unlock()
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := c.r.URL.Query()
	name := q.Get("filename")
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case strings.TrimSpace(name) == "":
		return invalidAttribute("filename", "present from uploads/create")
	case kind == "multipart/form-data":
		remember(&s.book.unknown, "uploads as multipart/form-data")
		return invalidAttribute("uploaded_data", "raw: this account takes files as raw octets only")
	case over:
		if s.opt.OversizeStatus == http.StatusUnprocessableEntity {
			return refused("attachment", "Attachment: is too big. The maximum size is "+strconv.FormatInt(s.opt.AttachmentLimit>>20, 10)+" MB", "AttachmentTooBig")
		}
		return plain(s.opt.OversizeStatus, "AttachmentTooBig", "The file is larger than the account's limit")
	case sum.n == 0 && s.opt.RefuseEmpty:
		return refused("size", "Size Size is not included in the list (1..1073741824)", "InvalidValue")
	case slices.ContainsFunc(s.opt.RefuseTypes, func(ext string) bool {
		return strings.EqualFold(strings.TrimPrefix(ext, "."), strings.TrimPrefix(path.Ext(name), "."))
	}):
		return refused("attachment", "Attachment: files of this type are not allowed", "InvalidFileType")
	}
	u := s.uploads[q.Get("token")]
	switch {
	case !q.Has("token"):
		u = &upload{token: secretText()[:26], created: s.now(), expires: s.now().Add(s.opt.UploadLife)}
		s.uploads[u.token] = u
		s.ordered = append(s.ordered, u)
	case !s.usable(u):
		return refused("token", "Token: is invalid or has expired", "InvalidValue")
	}
	f := &file{key: secretText()[:26], created: s.now(), Attachment: Attachment{
		ID: s.nextID(), Name: name, Type: fileType(kind, name), Size: sum.n, SHA256: hex.EncodeToString(sum.hash.Sum(nil)), Token: u.token,
	}}
	if sum.keep {
		s.hold(f, bytes.Clone(sum.buf.Bytes()))
	}
	u.files = append(u.files, f)
	s.files[f.key] = f
	all := []object{}
	for _, f := range u.files {
		all = append(all, s.attachment(c, f))
	}
	a := reply(http.StatusCreated, object{"upload": object{
		"token": u.token, "expires_at": stamp(u.expires), "attachment": s.attachment(c, f), "attachments": all,
	}}).with("Location", c.url("/api/v2/attachments/%d.json", f.ID))
	if s.opt.JSONUploads {
		return a
	}
	// QUIRK: the answer is JSON and says that it is text.
	return a.with("Content-Type", "text/plain; charset=utf-8")
}

// usable tells whether a token can still be used.
func (s *Server) usable(u *upload) bool {
	return u != nil && !u.used && !u.deleted && s.now().Before(u.expires)
}

func (s *Server) deleteUpload(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[c.vars["key"]]
	if !s.usable(u) {
		return notFound()
	}
	u.deleted = true
	for _, f := range u.files {
		delete(s.files, f.key)
	}
	return &answer{status: http.StatusNoContent, header: http.Header{}}
}
