package graphtest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// serveUpload answers the URL of an upload session: PUT of the next octets,
// DELETE to cancel. It authenticates itself, and nobody else may try to.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request, segs []string) {
	c := s.newCall(w, r, nil)
	c.setHeader(w)
	if r.Header.Get("Authorization") != "" {
		// "Do not specify an Authorization request header." This is how people
		// were answered who did (msgraph-sdk-java issue 409).
		s.log.violation("Authorization sent to an upload URL: %s", r.Method)
		c.refuse(&refusal{status: http.StatusUnauthorized, code: "InvalidAudienceForResource",
			message: "The audience claim value is invalid for current resource. Audience claim is 'https://graph.microsoft.com/', request url is 'https://outlook.office.com' and resource type is 'Exchange'."})
		return
	}
	u, no := s.findUpload(segs[len(segs)-1], r.URL.Query().Get("authtoken"))
	switch {
	case no != nil:
	case r.Method == http.MethodPut:
		no = c.put(u)
	case r.Method == http.MethodDelete:
		s.closeUpload(u)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && s.opts.UploadStatus:
		c.progress(u)
	default:
		no = &refusal{status: http.StatusMethodNotAllowed, code: "ErrorInvalidRequest", message: "The OData request is not supported."}
		s.log.miss(r.Method + " of an upload URL (see Options.UploadStatus)")
	}
	if no != nil {
		c.refuse(no)
	}
}

func (s *Server) findUpload(id, token string) (*upload, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	switch {
	case u == nil:
		return nil, itemNotFound()
	case u.token != token || !s.Now().Before(u.expires):
		return nil, unauthenticated(texts["InvalidAuthenticationToken"])
	}
	return u, nil
}

func (s *Server) closeUpload(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, u.id)
}

// fragment is what a Content-Range says.
type fragment struct{ start, end, total int64 }

func parseRange(text string) (f fragment, ok bool) {
	_, rest, ok := strings.Cut(text, "bytes ")
	span, total, ok2 := strings.Cut(rest, "/")
	start, end, ok3 := strings.Cut(span, "-")
	numbers := [3]int64{}
	for i, t := range []string{start, end, total} {
		n, err := strconv.ParseInt(t, 10, 64)
		if err != nil || n < 0 {
			return f, false
		}
		numbers[i] = n
	}
	f = fragment{numbers[0], numbers[1], numbers[2]}
	return f, ok && ok2 && ok3 && strings.HasPrefix(text, "bytes ") && f.end >= f.start && f.end < f.total
}

// put takes the next octets: in order, up to 4 MB at a time, as they say they
// are. Which codes Exchange has for those that are not is not documented; this
// is the sample of "Microsoft Graph error responses".
func (c *call) put(u *upload) *refusal {
	limit := c.s.opts.MaxRequest
	chunk, err := readUpTo(c.r.Body, int64(limit)+1)
	f, ok := parseRange(c.r.Header.Get("Content-Range"))
	wrong := func(message string) *refusal {
		return &refusal{status: http.StatusBadRequest, code: "badRequest", inner: "invalidRange", message: message}
	}
	switch {
	case err != nil:
		return badRequest("The request body could not be read.")
	case len(chunk) > limit:
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: texts["RequestEntityTooLarge"]}
	case c.mediaType() != "application/octet-stream":
		return badRequest("Content-Type must be application/octet-stream.")
	case !ok:
		return wrong("The Content-Range header is missing or malformed.")
	case f.end-f.start+1 != int64(len(chunk)):
		return wrong("The Content-Range header length does not match the provided number of bytes.")
	}
	location, no := c.s.take(u, f, chunk, wrong)
	switch {
	case no != nil:
		return no
	case location != "":
		c.w.Header().Set("Location", location)
		c.w.Header().Set("Content-Length", "0")
		c.w.WriteHeader(http.StatusCreated)
	default:
		c.progress(u)
	}
	return nil
}

// take adds octets to a session, and with the last of them the file to the
// message; then it returns where that is.
func (s *Server) take(u *upload, f fragment, chunk []byte, wrong func(string) *refusal) (string, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, have := u.item, int64(len(u.got))
	repeated := s.opts.UploadRepeat && f.end < have && bytes.Equal(chunk, u.got[f.start:f.end+1])
	switch {
	case s.uploads[u.id] != u || it.owner.byID[it.immutable] != it || !it.isDraft:
		return "", itemNotFound()
	case f.total != u.size:
		return "", wrong("The Content-Range header does not have the size of the file.")
	case f.start < have && !repeated:
		return "", wrong("Uploaded fragment overlaps with existing data.")
	case f.start > have:
		return "", wrong("The uploaded fragment is not contiguous with the last one.")
	}
	// QUIRK: a message that grows too large is refused here, in the middle of
	// the file, and not when the session is made.
	if no := s.oversized(it.size+f.end+1, false); no != nil {
		return "", no
	}
	if !repeated {
		u.got = append(u.got, chunk...)
	}
	if s.opts.UploadExtends {
		u.expires = s.Now().Add(s.opts.UploadLife)
	}
	if int64(len(u.got)) < u.size {
		return "", nil
	}
	delete(s.uploads, u.id)
	p := newAttachment(u.name, u.kind, u.contentID, u.inline, u.got)
	it.attach(p)
	s.touch(it)
	return u.base + "/Attachments('" + url.PathEscape(attachmentID(u.message, it, p.serial)) + "')", nil
}

// progress answers with what is expected next.
//
// QUIRK: names begin with a capital, and the one range is a bare number.
func (c *call) progress(u *upload) {
	c.s.mu.Lock()
	expiry, next := u.expiry(), len(u.got)
	c.s.mu.Unlock()
	c.write(http.StatusOK, object{
		{"@odata.context", u.base + "/AttachmentSessions/$entity"},
		{"ExpirationDateTime", expiry},
		{"NextExpectedRanges", []string{fmt.Sprint(next)}},
	})
}
